/*
 * operator_key.c -- the key of the operator's office, to which is sealed what identifies holders.
 *
 * Sources: RFC 5958, RFC 5915; PBES2 with scrypt (RFC 8018, RFC 7914). `openssl pkey` reads it.
 */
#include <string.h>

#include "crypt/pbes2.h"
#include "crypt/sign.h"
#include "crypt/wipe.h"
#include "journal/evidence.h"
#include "reader/memory.h"
#include "wire/tlv.h"

static enum sj_rc put_plain(const uint8_t key[static SJ_OPERATOR_KEY], struct sj_writer *w)
{
	struct sj_ec_secret secret;
	struct sj_key *k = NULL;
	enum sj_rc rc = SJ_INPUT_MALFORMED;

	if (sj_ec_secret_read(SJ_P256, sj_span(key, SJ_OPERATOR_KEY), &secret))
		k = sj_key_from_ec(SJ_P256, &secret);
	if (k != NULL)
		rc = sj_key_put(k, w) ? SJ_OK : SJ_CRYPTO_FAILED;
	sj_key_free(k);
	sj_wipe(&secret, sizeof(secret));
	return rc;
}

enum sj_rc sj_operator_key_write(const uint8_t key[SJ_OPERATOR_KEY], const char *passphrase,
				 size_t passphrase_len, uint8_t out[SJ_OPERATOR_FILE_MAX],
				 size_t *len)
{
	const unsigned mark = sj_memory_mark();
	const struct sj_random random = sj_random_system();
	struct sj_pbes2 p = { .passphrase = sj_span((const uint8_t *)passphrase, passphrase_len) };
	uint8_t plain[SJ_OPERATOR_FILE_MAX - SJ_PBES2_MORE];
	struct sj_writer w = SJ_WRITER_OF(plain), sealed = sj_writer(out, SJ_OPERATOR_FILE_MAX);
	enum sj_rc rc = put_plain(key, &w);

	if (rc == SJ_OK && passphrase == NULL)
		sj_put(&sealed, sj_written(&w));
	else if (rc == SJ_OK && !sj_pbes2_seal(&p, &random, sj_written(&w), &sealed))
		rc = SJ_CRYPTO_FAILED;
	if (rc == SJ_OK && sealed.failed)
		rc = SJ_INTERNAL;
	*len = sealed.len;
	sj_wipe(plain, sizeof(plain));
	sj_wipe(&p, sizeof(p));
	return sj_memory_rc(mark, rc);
}

/* PrivateKeyInfo { version, algorithm, OCTET STRING { ECPrivateKey { version, scalar, ... } } }. */
static bool take_scalar(struct sj_span in, struct sj_ec_secret *out)
{
	struct sj_span info, octets, ec, value;

	return sj_tlv_take(&in, 0x30, &info) == SJ_TLV_FOUND && in.len == 0 &&
	       sj_tlv_take(&info, 0x02, &value) == SJ_TLV_FOUND &&
	       sj_tlv_take(&info, 0x30, &value) == SJ_TLV_FOUND &&
	       sj_tlv_take(&info, 0x04, &octets) == SJ_TLV_FOUND &&
	       sj_tlv_take(&octets, 0x30, &ec) == SJ_TLV_FOUND &&
	       sj_tlv_take(&ec, 0x02, &value) == SJ_TLV_FOUND &&
	       sj_tlv_take(&ec, 0x04, &value) == SJ_TLV_FOUND &&
	       sj_ec_secret_read(SJ_P256, value, out);
}

static bool is_p256(struct sj_span pkcs8)
{
	struct sj_key *k = sj_key_read(pkcs8);
	uint8_t spki[SJ_EC_SPKI_MAX];
	struct sj_writer w = SJ_WRITER_OF(spki);
	struct sj_ec_point point;
	enum sj_curve curve = SJ_CURVE_NONE;
	bool ok = k != NULL && sj_key_put_public(k, false, &w) &&
		  sj_ec_spki_read(sj_written(&w), &curve, &point) && curve == SJ_P256;

	sj_key_free(k);
	return ok;
}

enum sj_rc sj_operator_key_read(const uint8_t *file, size_t len, const char *passphrase,
				size_t passphrase_len, uint8_t key[SJ_OPERATOR_KEY])
{
	const unsigned mark = sj_memory_mark();
	struct sj_pbes2 p = { .passphrase = sj_span((const uint8_t *)passphrase, passphrase_len) };
	uint8_t plain[SJ_OPERATOR_FILE_MAX];
	struct sj_writer w = SJ_WRITER_OF(plain);
	struct sj_span in = sj_span(file, len);
	struct sj_ec_secret secret = { .len = 0 };
	bool sealed = sj_pbes2_is(in);
	enum sj_rc rc = SJ_OK;

	if (sealed && passphrase == NULL)
		return SJ_SECRET_NEEDED;
	if (sealed && (len > sizeof(plain) || !sj_pbes2_open(&p, in, &w)))
		rc = SJ_KEY_STORE;
	if (sealed)
		in = sj_written(&w);
	if (rc == SJ_OK && (!is_p256(in) || !take_scalar(in, &secret)))
		rc = sealed ? SJ_KEY_STORE : SJ_INPUT_MALFORMED;
	if (rc == SJ_OK)
		memcpy(key, secret.bytes, SJ_OPERATOR_KEY);
	sj_wipe(plain, sizeof(plain));
	sj_wipe(&secret, sizeof(secret));
	sj_wipe(&p, sizeof(p));
	return sj_memory_rc(mark, rc);
}
