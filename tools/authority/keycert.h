/*
 * keycert.h -- what stands in the certificates of card keys and their signers.
 *
 * Sources: FIPS 201-3, 4.2 and 5.2; SP 800-78-5; the worksheets of the PIV and PIV-I
 * certificate profiles (usages); RFC 5280. Curves are always named, so that any
 * program verifies them.
 */
#ifndef SJ_AUTHORITY_KEYCERT_H
#define SJ_AUTHORITY_KEYCERT_H

#include "authority/cert.h"
#include "wire/keystatus.h"
#include "wire/std/sp800-73.h"

#define SJ_UUID_TEXT 37u /* with NUL */
#define SJ_PERSON_NAME_MAX 64u /* ub-common-name */

/* A card's part of a plan (plan->card). */
struct sj_key_card {
	uint8_t ref; /* PIV_KEY_* or YUBICO_KEY_ATTESTATION */
	bool agrees; /* the key agrees on secrets: EC; else it decrypts */
	const uint8_t *guid; /* PIV_GUID_SIZE bytes */
	struct sj_key_status status;
};

/* The kinds from SJ_CERT_KEY_CA on: all that follows the public key, inside [3]. */
void sj_key_cert_put_extensions(struct sj_writer *w, const struct sj_cert_plan *plan);

/* "0c2d02ce-7ae2-403a-82d2-7330c0ee278e" */
void sj_uuid_text(const uint8_t guid[static PIV_GUID_SIZE], char out[static SJ_UUID_TEXT]);
/*
 * Subject of a card's key: C, O if not NULL, CN if not NULL (cut to what fits), serialNumber:
 * the card's UUID. A card's own key names nobody.
 */
SJ_MUST_CHECK bool sj_key_name_put(struct sj_writer *w, const char *alpha2,
				   const char *organization, const char *person,
				   const uint8_t guid[static PIV_GUID_SIZE]);

#endif
