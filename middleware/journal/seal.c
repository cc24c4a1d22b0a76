/*
 * seal.c -- what identifies a holder, sealed to the operator's key.
 *
 * Sources: NIST SP 800-56A rev. 3, 6.2.2.2 (one ephemeral key), RFC 5869, NIST SP 800-38D.
 */
#include <stdlib.h>
#include <string.h>

#include "crypt/aead.h"
#include "crypt/hkdf.h"
#include "crypt/wipe.h"
#include "journal/evidence.h"

#define VERSION 1u
#define POINT SJ_OPERATOR_PUBLIC
#define TAG 16u

void sj_bytes_free(struct sj_bytes *b)
{
	if (b->ptr != NULL)
		sj_wipe(b->ptr, b->len);
	free(b->ptr);
	*b = (struct sj_bytes){ 0 };
}

bool sj_sealed_commit(enum sj_sealed_part part, struct sj_span plain,
		      uint8_t out[static SJ_JOURNAL_HASH])
{
	const struct sj_span parts[] = { part == SJ_SEALED_PROOF
						 ? SJ_SPAN_STR("sojourn evidence proof")
						 : SJ_SPAN_STR("sojourn evidence data"),
					 plain };
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, parts, 2, hash))
		return false;
	memcpy(out, hash, SJ_JOURNAL_HASH);
	return true;
}

bool sj_operator_id(const uint8_t operator_key[static SJ_OPERATOR_PUBLIC],
		    uint8_t out[static SJ_EVIDENCE_ID])
{
	const struct sj_span key = sj_span(operator_key, SJ_OPERATOR_PUBLIC);
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, &key, 1, hash))
		return false;
	memcpy(out, hash, SJ_EVIDENCE_ID);
	return true;
}

/* A key for each part, from what both ends agree on and the record's own key. */
static bool derive(const struct sj_ec_secret *own, const struct sj_ec_point *peer,
		   const uint8_t key[static SJ_JOURNAL_KEY], struct sj_span ephemeral,
		   struct sj_span operator_key, uint8_t out[static SJ_SEALED_PARTS][SJ_JOURNAL_KEY])
{
	static const char *const names[] = { "sojourn seal proof", "sojourn seal data" };
	uint8_t shared[SJ_EC_FIELD_MAX], prk[SJ_PRK_SIZE];
	struct sj_hmac *h = NULL;
	bool ok = sj_ec_agree(SJ_P256, own, peer, shared) &&
		  sj_hkdf_extract(sj_span(key, SJ_JOURNAL_KEY), sj_span(shared, 32), prk);

	if (ok)
		h = sj_hmac_new(SJ_SPAN_OF(prk));
	ok = ok && h != NULL;
	for (size_t i = 0; ok && i < SJ_SEALED_PARTS; i++) {
		const struct sj_span info[] = { sj_span((const uint8_t *)names[i],
							strlen(names[i])),
						ephemeral, operator_key };

		ok = sj_hkdf_expand(h, info, 3, out[i], SJ_JOURNAL_KEY);
	}
	sj_hmac_free(h);
	sj_wipe(shared, sizeof(shared));
	sj_wipe(prk, sizeof(prk));
	return ok;
}

/* A key seals one text and no other, so the nonce may be zeros. */
static const uint8_t nonce[12] = { 0 };

static bool seal_part(struct sj_writer *w, const uint8_t key[static SJ_JOURNAL_KEY],
		      const struct sj_bytes *part)
{
	size_t len = part->len != 0 ? part->len + TAG : 0;

	sj_put_be(w, 4, (uint32_t)len);
	return !w->failed &&
	       (part->len == 0 || sj_aead_seal(SJ_AES_256_GCM, key, nonce, sj_span(NULL, 0),
					       sj_span(part->ptr, part->len), w));
}

enum sj_rc sj_seal(const uint8_t operator_key[static SJ_OPERATOR_PUBLIC],
		   const struct sj_bytes parts[static SJ_SEALED_PARTS],
		   uint8_t key[static SJ_JOURNAL_KEY], struct sj_bytes *out)
{
	const struct sj_random random = sj_random_system();
	uint8_t keys[SJ_SEALED_PARTS][SJ_JOURNAL_KEY];
	struct sj_ec_secret own = { .len = 0 };
	struct sj_ec_point peer, ephemeral;
	struct sj_writer w;
	enum sj_rc rc = SJ_CRYPTO_FAILED;

	*out = (struct sj_bytes){ 0 };
	if (!sj_ec_point_read(SJ_P256, sj_span(operator_key, SJ_OPERATOR_PUBLIC), &peer))
		return SJ_INPUT_MALFORMED;
	if (!sj_random_fill(&random, key, SJ_JOURNAL_KEY) ||
	    !sj_ec_secret_random(SJ_P256, &random, &own) ||
	    !sj_ec_multiply(SJ_P256, &own, NULL, &ephemeral) ||
	    !derive(&own, &peer, key, sj_ec_point_span(&ephemeral), sj_ec_point_span(&peer), keys))
		goto out;
	out->len = 1 + POINT + SJ_SEALED_PARTS * (4 + TAG) + parts[0].len + parts[1].len;
	out->ptr = malloc(out->len);
	rc = out->ptr != NULL ? SJ_OK : SJ_NO_MEMORY;
	if (rc != SJ_OK)
		goto out;
	w = sj_writer(out->ptr, out->len);
	sj_put_u8(&w, VERSION);
	sj_put(&w, sj_ec_point_span(&ephemeral));
	for (size_t i = 0; rc == SJ_OK && i < SJ_SEALED_PARTS; i++)
		rc = seal_part(&w, keys[i], &parts[i]) ? SJ_OK : SJ_CRYPTO_FAILED;
	out->len = w.len;
out:
	sj_wipe(&own, sizeof(own));
	sj_wipe(keys, sizeof(keys));
	if (rc != SJ_OK)
		sj_bytes_free(out);
	return rc;
}

static enum sj_rc unseal_part(struct sj_span *in, const uint8_t key[static SJ_JOURNAL_KEY],
			      struct sj_bytes *out)
{
	struct sj_span sealed;
	struct sj_writer w;
	uint32_t len;

	if (!sj_take_be(in, 4, &len) || !sj_take(in, len, &sealed) || (len != 0 && len <= TAG))
		return SJ_EVIDENCE_BROKEN;
	if (len == 0)
		return SJ_OK;
	out->len = len - TAG;
	out->ptr = malloc(out->len);
	if (out->ptr == NULL)
		return SJ_NO_MEMORY;
	w = sj_writer(out->ptr, out->len);
	return sj_aead_open(SJ_AES_256_GCM, key, nonce, sj_span(NULL, 0), sealed, &w)
		       ? SJ_OK
		       : SJ_INPUT_REFUSED;
}

enum sj_rc sj_unseal(const uint8_t operator_key[static SJ_OPERATOR_KEY],
		     const uint8_t key[static SJ_JOURNAL_KEY], struct sj_span sealed,
		     struct sj_bytes parts[static SJ_SEALED_PARTS])
{
	uint8_t keys[SJ_SEALED_PARTS][SJ_JOURNAL_KEY], version;
	struct sj_ec_secret own = { .len = 0 };
	struct sj_ec_point own_public, peer;
	struct sj_span point;
	enum sj_rc rc = SJ_OK;

	memset(parts, 0, SJ_SEALED_PARTS * sizeof(parts[0]));
	if (!sj_take_u8(&sealed, &version) || version != VERSION ||
	    !sj_take(&sealed, POINT, &point) || !sj_ec_point_read(SJ_P256, point, &peer))
		return SJ_EVIDENCE_BROKEN;
	if (!sj_ec_secret_read(SJ_P256, sj_span(operator_key, SJ_OPERATOR_KEY), &own) ||
	    !sj_ec_multiply(SJ_P256, &own, NULL, &own_public))
		rc = SJ_INPUT_MALFORMED;
	else if (!derive(&own, &peer, key, point, sj_ec_point_span(&own_public), keys))
		rc = SJ_CRYPTO_FAILED;
	for (size_t i = 0; rc == SJ_OK && i < SJ_SEALED_PARTS; i++)
		rc = unseal_part(&sealed, keys[i], &parts[i]);
	if (rc == SJ_OK && sealed.len != 0)
		rc = SJ_EVIDENCE_BROKEN;
	sj_wipe(&own, sizeof(own));
	sj_wipe(keys, sizeof(keys));
	for (size_t i = 0; rc != SJ_OK && i < SJ_SEALED_PARTS; i++)
		sj_bytes_free(&parts[i]);
	return rc;
}
