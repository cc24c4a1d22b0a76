/*
 * keys.h -- what a card in the making gets for its key application.
 *
 * Sources: card-sim/applets/piv/PERSO.md; keycert.h and keyobjects.h say what stands in the
 * certificates and objects. Functions that return int return 0 or the exit code of what
 * they told.
 */
#ifndef SJ_AUTHORITY_KEYS_H
#define SJ_AUTHORITY_KEYS_H

#include "authority/holder.h"
#include "authority/keycert.h"
#include "authority/perso.h"
#include "authority/register.h"

/* The keys that a card makes: 9A, 9C, 9D, 9E, F9 and 04; all but the last have certificates. */
#define KEYS_MADE 6u
#define KEYS_CERTIFIED 5u
#define KEYS_DIGITS 8u /* of PUK and pairing code; the most of a PIN */
#define KEYS_ADMIN_MAX 32u

extern const uint8_t keys_refs[KEYS_MADE];

/* Starts zeroed; wiped with keys_wipe(). */
struct key_data {
	bool wanted;
	struct authority_signer ca, content;
	/*
	 * What the register knows: key_x is the GUID (16 bytes), then what the serials of the
	 * certificates begin with (keys_serial()).
	 */
	struct register_credential row;
	uint32_t ends; /* with the document; seconds since 1970 UTC */
	int64_t not_before, signed_at; /* of certificates; of signed objects */
	char expires[9]; /* YYYYMMDD */
	char person[2 * SJ_PERSON_NAME_MAX]; /* given names, surname */
	uint8_t algorithms[KEYS_MADE]; /* PIV_ALG_*, in the order of keys_refs */
	char pin[KEYS_DIGITS + 1], puk[KEYS_DIGITS + 1], pairing[KEYS_DIGITS + 1];
	uint8_t admin_algorithm, admin[KEYS_ADMIN_MAX]; /* the management key, 9B */
	struct card_key publics[KEYS_MADE];
};

/* What is the same for every card: algorithms of the options, and who signs. */
CLI_MUST_CHECK int keys_open(struct key_data *k, const struct authority *a);
/*
 * Then everything that the holder file says, for one card after the other; draws secrets that
 * are not given. A document that has expired already gets nothing.
 */
CLI_MUST_CHECK int keys_set_holder(struct key_data *k, const struct authority *a,
				   const struct holder *h);
/* Wipes what belongs to that one card. */
void keys_clear_holder(struct key_data *k);
/*
 * The key applet's part: secrets, keys, certificates and objects; its index was drawn. Not
 * wanted: makes the card forget an earlier attempt's.
 */
CLI_MUST_CHECK int keys_personalise(struct key_data *k, const struct authority *a, struct perso *p);
void keys_wipe(struct key_data *k);

#define KEYS_ADMIN_TEXT 80u
/* "AES-192 0123...": the management key as the register keeps it; wipe it. */
SJ_MUST_CHECK bool keys_admin_text(const struct key_data *k, char out[static KEYS_ADMIN_TEXT]);
/* "P-256", "CS2". */
const char *keys_algorithm_name(uint8_t algorithm);
/* n digits, each as likely as the others, and a NUL. */
SJ_MUST_CHECK bool keys_random_digits(char *out, size_t n);
/* The serial of the certificate of key `ref` of a card with this row. */
void keys_serial(const struct register_credential *row, uint8_t ref,
		 uint8_t out[static SJ_SERIAL_SIZE]);

/* Table rows for the options. */
#define KEYS_OPTIONS \
	{ \
		"no-keys",         0,    NULL, "leave out the key application (PIV)", \
		CLI_COMPLETE_NONE, NULL, false \
	}, \
		{ "key-algorithm", \
		  0, \
		  "KEY:ALGORITHM", \
		  "of 9A, 9C, 9D, 9E, F9, 04 or 9B, may be repeated (9D:RSA-2048, 04:CS7)", \
		  CLI_COMPLETE_NONE, \
		  NULL, \
		  false }, \
		CLI_SECRET_OPTIONS("pin", "PIN of the key application"), \
		CLI_SECRET_OPTIONS("puk", "PUK of the key application")

#endif
