/*
 * piv.h -- the key application of a card: certificates, PINs, private keys.
 *
 * Sources: NIST SP 800-73-5, SP 800-78-5; the extensions of YubiKey 5.7 where a
 * card has them (ours does). Works with any PIV card; what a card lacks is SJ_KEY_ABSENT
 * or SJ_CARD_REFUSED, never a guess. The card's status word: sj_piv_status_word().
 *
 * PIN state is read from the card when it is needed, never remembered.
 */
#ifndef SOJOURN_PIV_H
#define SOJOURN_PIV_H

#include <sojourn/reader.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SJ_PIV_GUID 16u
#define SJ_PIV_CONTENT 32u
#define SJ_PIV_SPKI_MAX 600u
#define SJ_PIV_BLOCK_MAX 512u /* bytes of an RSA block or a signature */
#define SJ_PIV_OBJECT_MAX 32768u

/* Key references: 0x9A, 0x9C, 0x9D, 0x9E, 0x82 to 0x95, 0xF9 (attestation). */
#define SJ_PIV_KEY_AUTHENTICATION 0x9A
#define SJ_PIV_KEY_SIGNATURE 0x9C
#define SJ_PIV_KEY_MANAGEMENT 0x9D
#define SJ_PIV_KEY_CARD 0x9E

/* Algorithms, with the card's own numbers. */
enum sj_piv_algorithm {
	SJ_PIV_ALGORITHM_NONE = 0,
	SJ_PIV_3DES = 0x03,
	SJ_PIV_RSA_3072 = 0x05,
	SJ_PIV_RSA_2048 = 0x07,
	SJ_PIV_AES_128 = 0x08,
	SJ_PIV_AES_192 = 0x0A,
	SJ_PIV_AES_256 = 0x0C,
	SJ_PIV_P256 = 0x11,
	SJ_PIV_P384 = 0x14,
	SJ_PIV_RSA_4096 = 0x16,
	SJ_PIV_ED25519 = 0xE0,
	SJ_PIV_X25519 = 0xE1,
};
/* "P-256"; never NULL. */
SJ_API const char *sj_piv_algorithm_text(enum sj_piv_algorithm algorithm);
/* From that text, in any case; SJ_PIV_ALGORITHM_NONE: unknown. */
SJ_API enum sj_piv_algorithm sj_piv_algorithm_find(const char *text);
/* "PIV Authentication"; never NULL. */
SJ_API const char *sj_piv_key_text(uint8_t key);
/* The i-th key reference that has a certificate; 0 past the end. */
SJ_API uint8_t sj_piv_key_at(size_t i);
/* The data object of a key's certificate (0x5FC105); 0: none. */
SJ_API uint32_t sj_piv_key_certificate(uint8_t key);

/* --- opening -------------------------------------------------------------- */

enum sj_piv_secret { SJ_PIV_CAN, SJ_PIV_PAIRING_CODE };

/* How commands reach the application. */
enum sj_piv_channel {
	SJ_PIV_PLAIN, /* contact, or contactless with what needs no more */
	SJ_PIV_SECURE, /* PIV secure messaging, not paired */
	SJ_PIV_VCI, /* and paired: as on contact */
	SJ_PIV_PACE, /* inside PACE: as on contact */
};

struct sj_piv_question {
	size_t size;
	enum sj_piv_secret what;
	const char *reader;
	const uint8_t *guid; /* SJ_PIV_GUID bytes; NULL: the card does not tell before */
	bool again; /* the answer before was wrong */
};
/*
 * Asks the user, on the caller's thread: writes the digits and a NUL. *remember (false
 * at first): keep it in options->memory once the card has taken it. Anything but SJ_OK:
 * given up.
 */
typedef enum sj_rc (*sj_piv_ask_fn)(void *user, const struct sj_piv_question *question, char *out,
				    size_t cap, bool *remember);

struct sj_piv_options {
	size_t size;
	unsigned timeout_ms; /* of every call that talks to the card, asking not counted; 0: 10 s */
	sj_piv_ask_fn ask; /* NULL: nobody can be asked */
	void *user;
	const char *memory; /* folder with remembered codes, 0700; NULL: none */
	const char *trust; /* trust directory for the card's CVC; NULL: it is not judged */
	bool only_plain; /* open no channel: what the card tells without one */
	bool only_trusted; /* a CVC that the trust directory does not vouch for gets no code either */
};
#define SJ_PIV_OPTIONS_INIT \
	{ \
		sizeof(struct sj_piv_options), 0, NULL, NULL, NULL, NULL, false, false \
	}

struct sj_piv;

/*
 * Selects the application and, on a contactless reader where the card wants one, opens
 * a channel: PACE with the CAN (a card that hides), or secure messaging and
 * pairing (SP 800-73). Two commands at most tell that a card is not ours:
 * SJ_NO_KEY_APPLICATION. SJ_CARD_REFUSED: it answered twice as cards do that cannot at this
 * moment. SJ_SECRET_NEEDED: nobody to ask. SJ_WRONG_CAN and
 * SJ_WRONG_PAIRING_CODE after the user gave up, who is asked five times at most.
 * SJ_CARD_CVC_PROOF, and with a trust directory SJ_CARD_CVC, SJ_CHAIN_SIGNATURE,
 * SJ_SIGNER_INVALID, SJ_SIGNER_REVOKED, or why its CVC cannot be judged: such a card gets no
 * code. An unknown issuer, an expired signer, a stale CRL and a missing store are told in
 * sj_piv_info only. The card stays the caller's and must be closed after; nothing else may use
 * it meanwhile.
 */
SJ_API enum sj_rc sj_piv_open(struct sj_card *card, const struct sj_piv_options *options,
			      struct sj_piv **out);
SJ_API void sj_piv_close(struct sj_piv *piv);
/*
 * Forgets what is remembered for a card (guid NULL: everything). SJ_INPUT_UNREADABLE: the folder;
 * SJ_FILE_PERMISSION, SJ_OUTPUT_FAILED: a file of it stays; SJ_NO_MEMORY. What could be forgotten is.
 */
SJ_API enum sj_rc sj_piv_forget(const char *memory, const uint8_t *guid);

struct sj_piv_info {
	size_t size;
	bool contactless;
	enum sj_piv_channel channel;
	bool has_guid;
	uint8_t guid[SJ_PIV_GUID]; /* of the CHUID */
	bool pin, global_pin, prefers_global; /* discovery object; without one: pin */
	bool extensions; /* GET VERSION answered; then: */
	uint8_t version[3];
	uint32_t serial; /* 0: none */
	bool has_content;
	uint8_t content[SJ_PIV_CONTENT]; /* changes when any object or key does */
	enum sj_rc cvc; /* SJ_OK: judged good; SJ_UNDECIDED: not judged or no CVC; else why not */
};
/* What is not known yet is asked from the card: CHUID, discovery, content, version, serial. */
SJ_API enum sj_rc sj_piv_get_info(struct sj_piv *piv, struct sj_piv_info *out);
/* GUID and content alone: two commands at most, for programs that keep copies. */
SJ_API enum sj_rc sj_piv_identify(struct sj_piv *piv, uint8_t guid[SJ_PIV_GUID], bool *has_guid,
				  uint8_t content[SJ_PIV_CONTENT], bool *has_content);
/* The last command's status word; 0: there was none. */
SJ_API uint16_t sj_piv_status_word(const struct sj_piv *piv);
/* Commands sent to the card through this handle so far. */
SJ_API unsigned sj_piv_commands(const struct sj_piv *piv);

/*
 * A stretch without other processes; the application is selected anew at its beginning,
 * the channel opened anew if it was lost. Calls that can lower a counter or need two commands together
 * do this by themselves. Nests.
 */
SJ_API enum sj_rc sj_piv_begin(struct sj_piv *piv);
SJ_API void sj_piv_end(struct sj_piv *piv);

/* --- data objects ---------------------------------------------------------- */

/*
 * A data object by its tag, without 53 (7E and 7F61: whole). *len: room before, size after
 * (also when it was too small: SJ_FILE_TOO_LARGE). SJ_KEY_ABSENT: not there or empty;
 * SJ_PIN_NEEDED: it wants the PIN.
 */
SJ_API enum sj_rc sj_piv_read(struct sj_piv *piv, uint32_t tag, uint8_t *out, size_t *len);
/* Needs sj_piv_administer(), and no stretch begun since. len 0 empties it. SJ_FILE_TOO_LARGE. */
SJ_API enum sj_rc sj_piv_write(struct sj_piv *piv, uint32_t tag, const uint8_t *data, size_t len);
/* The DER certificate of a key, decompressed. */
SJ_API enum sj_rc sj_piv_read_certificate(struct sj_piv *piv, uint8_t key, uint8_t *out,
					  size_t *len);
/* Needs sj_piv_administer(). Compressed if it does not fit otherwise. */
SJ_API enum sj_rc sj_piv_write_certificate(struct sj_piv *piv, uint8_t key, const uint8_t *der,
					   size_t len);

/* --- PINs -------------------------------------------------------------------- */

/* Which password; the numbers are the card's. */
enum sj_piv_pin { SJ_PIV_GLOBAL_PIN = 0x00, SJ_PIV_PIN = 0x80, SJ_PIV_PUK = 0x81 };

struct sj_piv_pin_state {
	size_t size;
	bool verified; /* now */
	bool blocked;
	int tries_left; /* -1: the card does not tell without a try (a verified PIN, the PUK) */
	int tries; /* in all; -1: not told */
	bool is_default; /* told by cards with extensions */
};
/* Read from the card. SJ_KEY_ABSENT: the card has no such PIN. */
SJ_API enum sj_rc sj_piv_pin_state(struct sj_piv *piv, enum sj_piv_pin pin,
				   struct sj_piv_pin_state *out);
/* The PIN that this card wants from its user (discovery object). */
SJ_API enum sj_rc sj_piv_user_pin(struct sj_piv *piv, enum sj_piv_pin *out);
/*
 * SJ_WRONG_PIN, SJ_PIN_BLOCKED; *tries_left (may be NULL) is then what is left. SJ_SECRET_MALFORMED
 * without asking the card: not 6 to 8 characters. Runs in a transaction that begins with SELECT.
 */
SJ_API enum sj_rc sj_piv_verify(struct sj_piv *piv, enum sj_piv_pin pin, const char *value,
				size_t len, int *tries_left);
/* On the reader's own keypad, where it has one (FEATURE_VERIFY_PIN_DIRECT). SJ_ACCESS_UNSUPPORTED: not. */
SJ_API enum sj_rc sj_piv_verify_on_reader(struct sj_piv *piv, enum sj_piv_pin pin, int *tries_left);
SJ_API bool sj_piv_reader_has_keypad(struct sj_piv *piv);
/* Forgets a verification (VERIFY with P1 = FF). */
SJ_API enum sj_rc sj_piv_logout(struct sj_piv *piv, enum sj_piv_pin pin);
SJ_API enum sj_rc sj_piv_change(struct sj_piv *piv, enum sj_piv_pin pin, const char *old_value,
				size_t old_len, const char *new_value, size_t new_len,
				int *tries_left);
/* A new PIN by the PUK: SJ_WRONG_PUK, SJ_PUK_BLOCKED. */
SJ_API enum sj_rc sj_piv_unblock(struct sj_piv *piv, const char *puk, size_t puk_len,
				 const char *new_pin, size_t new_len, int *tries_left);

/* --- private keys -------------------------------------------------------------- */

struct sj_piv_key_info {
	size_t size;
	enum sj_piv_algorithm algorithm;
	uint8_t spki[SJ_PIV_SPKI_MAX]; /* SubjectPublicKeyInfo */
	size_t spki_len;
	bool pin_always, pin_never; /* neither: once. Standard cards: 9C always, 9E never */
	bool generated; /* on this card, says the card (extension); false: imported or not told */
};
/* From metadata where the card has them, else from the certificate. SJ_KEY_ABSENT. */
SJ_API enum sj_rc sj_piv_key_info(struct sj_piv *piv, uint8_t key, struct sj_piv_key_info *out);

/*
 * What GENERAL AUTHENTICATE does: RSA: one block of the modulus' size, raw; ECDSA: a digest,
 * cut to the order's size -> r || s; Ed25519: the message -> 64 bytes. One command, no transaction;
 * when another process changed the card's state, the application is selected again, the PIN
 * state looked up and the command repeated, once. SJ_PIN_NEEDED: the card wants a PIN
 * (again): nothing was spent.
 */
SJ_API enum sj_rc sj_piv_sign(struct sj_piv *piv, uint8_t key, enum sj_piv_algorithm algorithm,
			      const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len);
/* The same after VERIFY, in one transaction: for keys that want the PIN each time. */
SJ_API enum sj_rc sj_piv_verify_and_sign(struct sj_piv *piv, enum sj_piv_pin pin, const char *value,
					 size_t len, uint8_t key, enum sj_piv_algorithm algorithm,
					 const uint8_t *in, size_t in_len, uint8_t *out,
					 size_t *out_len, int *tries_left);
/* ECDH: the other's point (04 || x || y), X25519: 32 bytes -> the shared secret. */
SJ_API enum sj_rc sj_piv_agree(struct sj_piv *piv, uint8_t key, enum sj_piv_algorithm algorithm,
			       const uint8_t *peer, size_t peer_len, uint8_t *out, size_t *out_len);
/* Random bytes of the card. SJ_ACCESS_UNSUPPORTED, also for none: it gives none over this channel. */
SJ_API enum sj_rc sj_piv_random(struct sj_piv *piv, uint8_t *out, size_t len);

/* --- administration --------------------------------------------------------------- */

/* Proves the management key (mutually). SJ_WRONG_ADMIN_KEY. It holds until the application is selected anew. */
SJ_API enum sj_rc sj_piv_administer(struct sj_piv *piv, enum sj_piv_algorithm algorithm,
				    const uint8_t *key, size_t len);
/* The management key's algorithm, as the card tells it (extension) or AES-192/3DES tried in 2 commands. */
SJ_API enum sj_rc sj_piv_admin_algorithm(struct sj_piv *piv, enum sj_piv_algorithm *out);
SJ_API enum sj_rc sj_piv_set_admin_key(struct sj_piv *piv, enum sj_piv_algorithm algorithm,
				       const uint8_t *key, size_t len);

enum sj_piv_policy { SJ_PIV_POLICY_DEFAULT, SJ_PIV_PIN_NEVER, SJ_PIV_PIN_ONCE, SJ_PIV_PIN_ALWAYS };
/* Makes a key on the card; spki gets its public half (*spki_len: room before, size after). */
SJ_API enum sj_rc sj_piv_generate(struct sj_piv *piv, uint8_t key, enum sj_piv_algorithm algorithm,
				  enum sj_piv_policy policy, uint8_t *spki, size_t *spki_len);
/* A PKCS#8 private key into the card (extension). */
SJ_API enum sj_rc sj_piv_import(struct sj_piv *piv, uint8_t key, const uint8_t *pkcs8, size_t len,
				enum sj_piv_policy policy);
/* The card's statement that it made this key (X.509, extension); and its attestation certificate is object 5FFF01. */
SJ_API enum sj_rc sj_piv_attest(struct sj_piv *piv, uint8_t key, uint8_t *out, size_t *len);
/* Deletes a key (extension). */
SJ_API enum sj_rc sj_piv_delete_key(struct sj_piv *piv, uint8_t key);
/* Empties the application, when PIN and PUK are blocked, as only contact allows (extension). */
SJ_API enum sj_rc sj_piv_reset(struct sj_piv *piv);

#ifdef __cplusplus
}
#endif

#endif
