/*
 * piv.h -- the reader's role with a key application, from inside.
 *
 * open.c selects and opens a channel (pace.c: a card that hides, secure.c: SP 800-73's
 * secure messaging and pairing), code.c asks for and remembers codes, stretch.c
 * keeps others away and recovers, the others are the calls of sojourn/piv.h by subject.
 */
#ifndef SJ_PIV_PIV_H
#define SJ_PIV_PIV_H

#include <sojourn/piv.h>

#include "crypt/random.h"
#include "reader/pace.h"
#include "wire/piv.h"
#include "wire/sw.h"

#define SJ_PIV_CODE_MAX 16u /* digits of a CAN or pairing code, with NUL */

enum sj_known { SJ_NOT_ASKED, SJ_YES, SJ_NO };

#define SJ_PIV_TYPING_MS 60000 /* for typing a PIN on a reader, which ends it earlier */
#define SJ_PIV_ASK_MAX 5u /* questions in one opening: an answer from a file would never end */

/* The code that opened the channel, to open it anew; wiped with the handle. */
struct sj_piv_code {
	char digits[SJ_PIV_CODE_MAX]; /* "": none */
	bool remember;
};

struct sj_piv {
	struct sj_card *card;
	struct sj_session *session;
	struct sj_context *context;
	struct sj_piv_options options; /* its texts are our copies */
	struct sj_random random;
	bool contactless;
	uint16_t sw;
	unsigned commands_before; /* the session's count when this was opened */
	unsigned depth; /* of stretches */

	enum sj_piv_channel channel;
	struct sj_pace_offer offer; /* PACE */
	uint8_t suite; /* PIV secure messaging; 0: none */
	struct sj_piv_code code;
	unsigned asked; /* questions so far */
	enum sj_rc cvc;
	bool has_cvc_guid;
	uint8_t cvc_guid[SJ_PIV_GUID], cvc_digest[32]; /* SHA-256 */

	/* What no command can change. */
	enum sj_known extensions;
	enum sj_known metadata; /* does it answer GET METADATA? Known without another command */
	uint8_t version[3];
	uint32_t serial;
	bool serial_asked;
};

/* sj_piv_open() with this source of random bytes: for tests with captured keys. */
SJ_MUST_CHECK enum sj_rc sj_piv_open_with(struct sj_card *card,
					  const struct sj_piv_options *options,
					  struct sj_random random, struct sj_piv **out);

/* --- commands (command.c) --------------------------------------------------- */

/* Sets the deadline of a call. */
void sj_piv_clock(struct sj_piv *piv);
/* Of a call that is made of others, which share it from here to sj_piv_apart() with what this returned. */
struct sj_piv_shared {
	int64_t before, set; /* the context's deadline: 0: none; from here */
};
struct sj_piv_shared sj_piv_together(struct sj_piv *piv);
void sj_piv_apart(struct sj_piv *piv, struct sj_piv_shared shared);
SJ_MUST_CHECK enum sj_rc sj_piv_send(struct sj_piv *piv, const struct sj_apdu *a,
				     struct sj_response *r);
/* The same without the application's secure messaging. */
SJ_MUST_CHECK enum sj_rc sj_piv_send_plain(struct sj_piv *piv, const struct sj_apdu *a,
					   struct sj_response *r);
/* What a status word means that is not a password's: SJ_OK, or why not. */
enum sj_rc sj_piv_meaning(uint16_t sw);
/* What the answer to SELECT tells of lengths and channels; an odd one tells nothing. */
void sj_piv_learn(struct sj_piv *piv, struct sj_span answer);
/* GENERAL AUTHENTICATE with what is in `send`; SJ_OK: *answer is what came (spans: until the next). */
SJ_MUST_CHECK enum sj_rc sj_piv_authenticate(struct sj_piv *piv, uint8_t algorithm, uint8_t key,
					     const struct sj_piv_auth *send,
					     struct sj_piv_auth *answer);
bool sj_piv_is_rsa(unsigned algorithm);
/* The answer to SELECT; `protect`: inside secure messaging. */
SJ_MUST_CHECK enum sj_rc sj_piv_select(struct sj_piv *piv, bool protect, struct sj_response *r);
/* Copies to the caller: *len is room before, size after (too small too: SJ_FILE_TOO_LARGE). */
SJ_MUST_CHECK enum sj_rc sj_piv_give(struct sj_span bytes, uint8_t *out, size_t *len);

/* --- stretches (stretch.c) --------------------------------------------------- */

typedef enum sj_rc (*sj_piv_step)(struct sj_piv *piv, void *arg);
/* A step in a stretch of its own: a transaction that begins with SELECT. */
SJ_MUST_CHECK enum sj_rc sj_piv_alone(struct sj_piv *piv, sj_piv_step step, void *arg);
/*
 * A step without a stretch that can be repeated; if it fails in a way that another process may
 * have caused, once more in a stretch. *again (may be NULL) is set for that.
 */
SJ_MUST_CHECK enum sj_rc sj_piv_attempt(struct sj_piv *piv, sj_piv_step step, void *arg,
					bool *again);
/* A transaction alone; connects again after another's reset, with *anew set (nothing is selected). */
SJ_MUST_CHECK enum sj_rc sj_piv_transaction(struct sj_piv *piv, bool *anew);

/* --- channels (pace.c, secure.c, trusted.c) ------------------------------------- */

/* A card that does not answer SELECT: PACE if it offers that, else it is not ours. */
SJ_MUST_CHECK enum sj_rc sj_piv_open_hidden(struct sj_piv *piv);
/* PACE with the code that is known, and SELECT inside. */
SJ_MUST_CHECK enum sj_rc sj_piv_pace_again(struct sj_piv *piv);
/* PIV secure messaging, and pairing where the card wants that. */
SJ_MUST_CHECK enum sj_rc sj_piv_open_secure(struct sj_piv *piv);
/* The same with the code that is known. */
SJ_MUST_CHECK enum sj_rc sj_piv_secure_again(struct sj_piv *piv);
/* The card's CVC against the trust directory: SJ_OK, SJ_UNDECIDED or why not. */
enum sj_rc sj_piv_judge_cvc(struct sj_piv *piv, struct sj_span cvc);

/* --- codes (code.c) ---------------------------------------------------------- */

/* Asks: SJ_OK, or given up. The deadline is set anew afterwards. */
SJ_MUST_CHECK enum sj_rc sj_piv_ask(struct sj_piv *piv, enum sj_piv_secret what, bool again);
/* The remembered code for this card, or (CAN) of the card used last: MEMORY.md. */
SJ_MUST_CHECK bool sj_piv_recall(struct sj_piv *piv, enum sj_piv_secret what);
/* Keeps piv->code for the card with this GUID, if the user wants it. */
void sj_piv_keep(struct sj_piv *piv, enum sj_piv_secret what, const uint8_t *guid);
/* The remembered code turned out wrong. */
void sj_piv_unlearn(struct sj_piv *piv, enum sj_piv_secret what, const uint8_t *guid);
/* Digits, as many as this secret has. */
bool sj_piv_code_well_formed(enum sj_piv_secret what, const char *digits);

/* --- shared by the calls -------------------------------------------------------- */

/* GET DATA: *value is inside 53 (7E, 7F61: all), valid until the next command. */
SJ_MUST_CHECK enum sj_rc sj_piv_get(struct sj_piv *piv, uint32_t tag, struct sj_span *value);
/* The certificate in an object's value, decompressed; *owned (may be set) is freed by the caller. */
SJ_MUST_CHECK enum sj_rc sj_piv_certificate_open(struct sj_span value, struct sj_span *der,
						 uint8_t **owned);
/* The GUID of the CHUID. */
SJ_MUST_CHECK enum sj_rc sj_piv_get_guid(struct sj_piv *piv, uint8_t out[static SJ_PIV_GUID]);
/* GET METADATA: SJ_KEY_ABSENT also for a card without extensions. */
SJ_MUST_CHECK enum sj_rc sj_piv_metadata(struct sj_piv *piv, uint8_t ref, struct sj_span *out);
/* The PIN's state by VERIFY without data. */
SJ_MUST_CHECK enum sj_rc sj_piv_ask_pin(struct sj_piv *piv, enum sj_piv_pin pin,
					struct sj_piv_pin_state *out);
/* The algorithm of a SubjectPublicKeyInfo. */
enum sj_piv_algorithm sj_piv_spki_algorithm(struct sj_span spki);
/* The objects of IMPORT from PKCS#8. False: not a key that cards take. Wipe what was written. */
#define SJ_PIV_IMPORT_MAX (5u * (SJ_PIV_BLOCK_MAX / 2u + 4u) + 8u)
SJ_MUST_CHECK bool sj_piv_import_put(struct sj_span pkcs8, enum sj_piv_algorithm *algorithm,
				     struct sj_writer *w);
/* One VERIFY; in a stretch. */
SJ_MUST_CHECK enum sj_rc sj_piv_try_pin(struct sj_piv *piv, enum sj_piv_pin pin, const char *value,
					size_t len, int *tries_left);

/* One signature or agreement. */
struct sj_piv_use {
	uint8_t key;
	enum sj_piv_algorithm algorithm;
	bool exchange;
	struct sj_span in;
	uint8_t *out;
	size_t *out_len;
	bool again; /* after another process came between */
	bool needs_pin; /* the key is no use without one, as far as is known */
};
SJ_MUST_CHECK enum sj_rc sj_piv_use(struct sj_piv *piv, void *use);

#endif
