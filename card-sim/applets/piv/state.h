/*
 * state.h -- what the key applet's parts share: objects, keys, passwords, the
 * volatile state.
 */
#ifndef CARD_APPLETS_PIV_STATE_H
#define CARD_APPLETS_PIV_STATE_H

#include "crypt/cfrg.h"
#include "crypt/cipher.h"
#include "crypt/ec.h"
#include "crypt/rsa.h"
#include "host/applet.h"
#include "wire/piv.h"

/* --- objects in the store ------------------------------------------------ */

#define PIV_STORE_IDENTITY (CARD_OBJECT_PIV + 1u) /* GUID (16) || serial (4) */
#define PIV_STORE_POLICY (CARD_OBJECT_PIV + 2u) /* PIN usage policy (2) */
#define PIV_STORE_ADMIN (CARD_OBJECT_PIV + 3u) /* algorithm (1) || touch policy (1) || key */
#define PIV_STORE_PAIRING (CARD_OBJECT_PIV + 4u) /* digits (8) */
#define PIV_STORE_CVC (CARD_OBJECT_PIV + 5u) /* of key 04, whole 7F21 */
#define PIV_STORE_CONTENT (CARD_OBJECT_PIV + 6u) /* object 5FFF50 (32) */
#define PIV_STORE_PASSWORD (CARD_OBJECT_PIV + 0x100u) /* + reference: tries, left, value (8) */
#define PIV_STORE_KEY (CARD_OBJECT_PIV + 0x200u) /* + reference: struct piv_key */
#define PIV_STORE_PUBLIC (CARD_OBJECT_PIV + 0x300u) /* + reference: content of 7F49 */
#define PIV_STORE_DATA (CARD_OBJECT_PIV + 0x100000u) /* + the tag's last 16 bits */
#define PIV_STORE_END (CARD_OBJECT_PIV + 0x1000000u)

#define PIV_CONTENT_SIZE 32u

/* The card has something of this applet. */
bool piv_present(const struct card_store *store);
/* Removes all of it. False: the store failed. */
SJ_MUST_CHECK bool piv_forget(struct card_store *store);
/* An object or a key has changed: so does 5FFF50. False: the store or the random source failed. */
SJ_MUST_CHECK bool piv_content_change(struct card *card);

/* --- volatile state ------------------------------------------------------- */

/* What a GENERAL AUTHENTICATE with the management key waits for. */
enum piv_admin_step { PIV_ADMIN_IDLE, PIV_ADMIN_CHALLENGED, PIV_ADMIN_WITNESSED };

/* Security status (part 2, 2.4.2). All of it but the global PIN's ends with the selection. */
struct piv {
	bool global_pin, pin, pairing; /* verified */
	bool admin; /* the management key was proved */
	uint32_t verified_at; /* number of the command that verified a PIN; 0: none did */
	enum piv_admin_step step;
	uint8_t expected[SJ_CIPHER_BLOCK_MAX]; /* response, or decrypted witness */
};

/* --- conditions -------------------------------------------------------------- */

/* Over contact, or in PACE on a private card, which is the same: card management. */
bool piv_on_contact(const struct card_call *call);
/* In the secure messaging of part 2, 4. */
bool piv_in_messaging(const struct card_call *call);
/* On contact, or over the virtual contact interface (SP 800-73-5, part 1, 5.5). */
bool piv_on_vci(const struct card_call *call);
/* A PIN that satisfies the access rules is verified; `always`: by the command just before. */
bool piv_pin_verified(const struct card_call *call, bool always);
/* The management key was proved, and this command may use that. */
bool piv_is_admin(const struct card_call *call);
/* For commands that manage the card: 9000, 6A81 (not here), 6982 (management key not proved). */
uint16_t piv_need_admin(const struct card_call *call);

/* --- keys (keys.c) -------------------------------------------------------------- */

enum piv_origin { PIV_GENERATED = 1, PIV_IMPORTED = 2 }; /* as in metadata */

#define PIV_PRIVATE_MAX SJ_RSA_PRIVATE_MAX
/* Content of 7F49 with RSA-4096. */
#define PIV_PUBLIC_MAX (SJ_RSA_MAX + 16u)

/* A private key as it is stored; the span points into the store, until that changes. */
struct piv_key {
	uint8_t algorithm; /* PIV_ALG_*, YUBICO_ALG_*; CS2 and CS7 for key 04 */
	uint8_t pin_policy, touch_policy; /* YUBICO_*; never 0 */
	uint8_t origin; /* enum piv_origin */
	/* RSA: PKCS#8; EC: the scalar, order-size bytes; Ed25519, X25519: 32 bytes */
	struct sj_span secret;
};

/* 04, and what sj_piv_key_is() says. */
bool piv_key_ref_is(uint8_t ref);
/* A key of this algorithm may stand there. */
bool piv_key_fits(uint8_t ref, uint8_t algorithm);
/* 9D and 82 to 95: part 2, 3.2.4 allows no key agreement with the others. */
bool piv_key_may_agree(uint8_t ref);
/* False: no such key. */
SJ_MUST_CHECK bool piv_key_find(const struct card_store *store, uint8_t ref, struct piv_key *out);
/* Content of 7F49. False: no such key. */
SJ_MUST_CHECK bool piv_key_public(const struct card_store *store, uint8_t ref,
				  struct sj_span *content);
/*
 * Stores a key in place of the one there, with the standard's policy for its reference where
 * a policy is 0; works out the public half and changes 5FFF50. 9000, 6A80 (not a key of this
 * algorithm, or this reference has none such), 6581. `key->secret` is not in the store.
 */
uint16_t piv_key_set(struct card *card, uint8_t ref, const struct piv_key *key);
/* Deletes it; 9000, 6A88, 6581. */
uint16_t piv_key_delete(struct card *card, uint8_t ref);
/* Copies it to another reference, with public half and policies, and deletes the first. */
uint16_t piv_key_move(struct card *card, uint8_t from, uint8_t to);
/* Makes one (generate.c). Writes the whole 7F49. As piv_key_set(). */
uint16_t piv_key_generate(struct card_call *call, uint8_t ref, uint8_t algorithm,
			  uint8_t pin_policy, uint8_t touch_policy);

/* --- passwords (pin.c) ------------------------------------------------------------ */

/* As it is: whoever reads the store has the private keys beside it, and six digits hide in no hash. */
struct piv_password {
	uint8_t tries, left;
	uint8_t value[PIV_PIN_SIZE]; /* wipe it */
};
/* 80, 81 or 00. False: the card has none such. */
SJ_MUST_CHECK bool piv_password_get(const struct card_store *store, uint8_t ref,
				    struct piv_password *out);
SJ_MUST_CHECK bool piv_password_set(struct card_store *store, uint8_t ref,
				    const struct piv_password *password);
/* The PIN's or PUK's form (part 2, 2.4.3). */
bool piv_password_well_formed(uint8_t ref, struct sj_span value);
/* Tries that this interface leaves: over the air never the last one (part 2, 3.2.1). */
uint8_t piv_password_left(const struct card *card, const struct piv_password *password);

/* --- the management key (auth.c) ------------------------------------------------- */

/* 03, 08, 0A, 0C: bytes of the key; else 0. */
size_t piv_admin_key_size(uint8_t algorithm);
/* 9000, 6A80 (size or algorithm), 6581. */
uint16_t piv_admin_key_set(struct card_store *store, uint8_t algorithm, uint8_t touch_policy,
			   struct sj_span key);
/* False: none. */
SJ_MUST_CHECK bool piv_admin_key_get(const struct card_store *store, uint8_t *algorithm,
				     uint8_t *touch_policy, struct sj_span *key);

/* One block; in and out have the algorithm's block size. False: failed. */
SJ_MUST_CHECK bool piv_admin_encrypt(const struct card_store *store, const uint8_t *in,
				     uint8_t *out);

/* --- data objects (data.c) -------------------------------------------------------- */

/* What is stored under a tag (inside 53, or inside 7F61). False: nothing. */
SJ_MUST_CHECK bool piv_data_find(const struct card_store *store, uint32_t tag,
				 struct sj_span *value);
/* Stores it (empty: deletes it) and changes 5FFF50. 9000, 6A80 (no object to write), 6581, 6A84. */
uint16_t piv_data_set(struct card *card, uint32_t tag, struct sj_span value);

/* --- handlers -------------------------------------------------------------------- */

uint16_t piv_get_data(struct card_call *call);
uint16_t piv_put_data(struct card_call *call);
uint16_t piv_verify(struct card_call *call);
uint16_t piv_change_reference_data(struct card_call *call);
uint16_t piv_reset_retry_counter(struct card_call *call);
uint16_t piv_general_authenticate(struct card_call *call);
uint16_t piv_generate(struct card_call *call);

uint16_t piv_personalise(struct card_call *call, uint16_t dgi, struct sj_span data);
uint16_t piv_lock(struct card_call *call);

/* A session of secure messaging by key 04 (sm.c): what is in 7C is written to `out`. */
uint16_t piv_establish(struct card_call *call, const struct sj_piv_auth *in);

/* The two bytes of the PIN usage policy. False: the card has none, nor a discovery object. */
SJ_MUST_CHECK bool piv_policy(const struct card_store *store, uint8_t *policy, uint8_t *preference);
/* 9000, 6A80 (a value that table 1 lacks, or that this card cannot keep), 6581. */
uint16_t piv_policy_set(struct card *card, uint8_t policy, uint8_t preference);

/*
 * What a private key does with a command's data (keys.c): RSA raw, ECDSA (DER), Ed25519;
 * agreement for `exchange`. 9000, 6A80, 6F00.
 */
uint16_t piv_key_use(const struct piv_key *key, bool exchange, struct sj_span in,
		     struct sj_writer *out);

#endif
