/*
 * piv.h -- the bytes of the PIV card application, for both ends.
 *
 * Source: NIST SP 800-73-5, part 1 (data objects, 3.3 and appendix A), part 2
 * (templates of the commands, 3). Spans point into what was read.
 */
#ifndef SJ_WIRE_PIV_H
#define SJ_WIRE_PIV_H

#include "wire/bytes.h"
#include "wire/std/sp800-73.h"

/* A000000308000010000100. */
struct sj_span sj_piv_aid(void);

/* --- keys and algorithms -------------------------------------------------- */

/* 82 to 95, 9A, 9C, 9D, 9E, F9: keys that have a certificate. */
bool sj_piv_key_is(uint8_t ref);
/* The data object with the key's certificate; 0: it has none. */
uint32_t sj_piv_key_object(uint8_t ref);
/* The key of a certificate's data object; 0: it is not one. */
uint8_t sj_piv_object_key(uint32_t tag);
/* "PIV Authentication", "Retired Key Management 1"; never NULL. */
const char *sj_piv_key_name(uint8_t ref);
/* "Card Holder Unique Identifier"; NULL: not one of the standard's or of ours. */
const char *sj_piv_object_name(uint32_t tag);
/* "RSA-2048", "P-256", "Ed25519"; never NULL. */
const char *sj_piv_algorithm_name(uint8_t algorithm);
/* Bytes of a block, a coordinate or a key for GENERAL AUTHENTICATE: 256, 32, ...; 0: unknown. */
size_t sj_piv_algorithm_size(uint8_t algorithm);

/* --- templates of commands ------------------------------------------------ */

/* The tag list 5C of GET and PUT DATA: a tag of one to three bytes. */
void sj_piv_tag_list_put(struct sj_writer *w, uint32_t tag);
/* Takes it from the front. False: malformed, unchanged. */
SJ_MUST_CHECK bool sj_piv_tag_list_take(struct sj_span *in, uint32_t *tag);

/* 7C: which objects are there, and what is in them (an empty one asks for it). */
struct sj_piv_auth {
	bool has_witness, has_challenge, has_response, has_exponentiation;
	struct sj_span witness, challenge, response, exponentiation;
};
/* False: malformed, an unknown object, or one twice. */
SJ_MUST_CHECK bool sj_piv_auth_read(struct sj_span in, struct sj_piv_auth *out);
/* In the order witness, challenge, exponentiation, response: an asked response comes last. */
void sj_piv_auth_put(struct sj_writer *w, const struct sj_piv_auth *auth);

/* AC of GENERATE: mechanism 80, parameter 81 (RSA exponent), policies AA and AB; 0: absent. */
struct sj_piv_generate {
	uint8_t algorithm, pin_policy, touch_policy;
	struct sj_span parameter;
};
SJ_MUST_CHECK bool sj_piv_generate_read(struct sj_span in, struct sj_piv_generate *out);
void sj_piv_generate_put(struct sj_writer *w, const struct sj_piv_generate *g);

/* 7F49: RSA has modulus and exponent, EC and the two of RFC 7748 and 8032 a point. */
struct sj_piv_public {
	struct sj_span modulus, exponent, point;
};
/* The content of 7F49 (in metadata: of tag 04, which has no 7F49 around it). */
SJ_MUST_CHECK bool sj_piv_public_read(struct sj_span content, struct sj_piv_public *out);
/* The whole of 7F49. */
void sj_piv_public_put(struct sj_writer *w, const struct sj_piv_public *key);

/* --- data objects ---------------------------------------------------------- */

/* The value of data object 53 (all but 7E and 7F61, which come as they are). */
SJ_MUST_CHECK bool sj_piv_data_read(struct sj_span in, struct sj_span *value);

/* A certificate's object: 70, 71, 72, 7F21, FE. */
struct sj_piv_certificate {
	struct sj_span certificate; /* DER, or gzip of it */
	bool gzip;
	struct sj_span intermediate_cvc; /* SM signer's object only; whole 7F21; empty: absent */
};
/* `value`: inside 53. Empty objects (53 00) are for the caller: nothing is stored. */
SJ_MUST_CHECK bool sj_piv_certificate_read(struct sj_span value, struct sj_piv_certificate *out);
void sj_piv_certificate_put(struct sj_writer *w, const struct sj_piv_certificate *c);

struct sj_piv_chuid {
	struct sj_span fasc_n; /* 25 bytes */
	struct sj_span guid; /* 16 bytes */
	struct sj_span expiration; /* YYYYMMDD, ASCII */
	struct sj_span cardholder_uuid; /* empty: absent */
	struct sj_span signature; /* CMS; may be empty */
};
SJ_MUST_CHECK bool sj_piv_chuid_read(struct sj_span value, struct sj_piv_chuid *out);
void sj_piv_chuid_put(struct sj_writer *w, const struct sj_piv_chuid *c);

/* 7E: the AID and the PIN usage policy (PIV_POLICY_*). */
struct sj_piv_discovery {
	struct sj_span aid;
	uint8_t policy, preference;
};
/* `in`: the whole object, 7E included. */
SJ_MUST_CHECK bool sj_piv_discovery_read(struct sj_span in, struct sj_piv_discovery *out);
void sj_piv_discovery_put(struct sj_writer *w, const struct sj_piv_discovery *d);

struct sj_piv_key_history {
	uint8_t on_card, off_card; /* retired keys with a certificate on the card, and elsewhere */
	struct sj_span url; /* empty: absent */
};
SJ_MUST_CHECK bool sj_piv_key_history_read(struct sj_span value, struct sj_piv_key_history *out);
void sj_piv_key_history_put(struct sj_writer *w, const struct sj_piv_key_history *h);

/* The answer to SELECT: 61 (part 2, table 3). */
struct sj_piv_application {
	struct sj_span aid; /* 4F: whole AID, or PIX and version alone in older cards */
	struct sj_span label; /* 50; empty: absent */
	uint8_t suite; /* PIV_ALG_CS2 or CS7; 0: no secure messaging */
	/* 7F66, behind or (when read) inside of 61: bytes of an extended APDU; 0: not told. */
	uint32_t command_max, response_max;
};
SJ_MUST_CHECK bool sj_piv_application_read(struct sj_span in, struct sj_piv_application *out);
void sj_piv_application_put(struct sj_writer *w, const struct sj_piv_application *a);

#endif
