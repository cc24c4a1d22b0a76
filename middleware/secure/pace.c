#include "secure/pace.h"
#include "crypt/kdf.h"
#include "crypt/wipe.h"
#include "wire/tlv.h"

#include <string.h>

/* id-PACE 0.4.0.127.0.7.2.2.4, then the mapping's arc, then the cipher 1..4. */
#define OID_SIZE 10u
#define OID(mapping, cipher) \
	{ \
		0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x04, mapping, cipher \
	}
#define OIDS(mapping) \
	{ \
		OID(mapping, 1), OID(mapping, 2), OID(mapping, 3), OID(mapping, 4) \
	}

/* ICAO Doc 9303-11, 9.2.3. */
static const struct mapping_row {
	enum sj_pace_mapping mapping;
	bool ec;
	const char *name;
	uint8_t oids[4][OID_SIZE]; /* by cipher */
} mappings[] = {
	{ SJ_PACE_GM, false, "DH-GM", OIDS(1) },    { SJ_PACE_GM, true, "ECDH-GM", OIDS(2) },
	{ SJ_PACE_IM, false, "DH-IM", OIDS(3) },    { SJ_PACE_IM, true, "ECDH-IM", OIDS(4) },
	{ SJ_PACE_CAM, true, "ECDH-CAM", OIDS(6) },
};

#define MAPPINGS (sizeof(mappings) / sizeof(mappings[0]))

/* NULL: no such suite. */
static const struct mapping_row *find(const struct sj_pace_suite *suite)
{
	if ((suite->mapping == SJ_PACE_CAM && suite->cipher == SJ_CIPHER_3DES) ||
	    (suite->mapping == SJ_PACE_IM && suite->curve == SJ_P224))
		return NULL;
	for (size_t i = 0; i < MAPPINGS; i++)
		if (mappings[i].mapping == suite->mapping &&
		    mappings[i].ec == (suite->curve != SJ_CURVE_NONE))
			return &mappings[i];
	return NULL;
}

bool sj_pace_suite_eq(const struct sj_pace_suite *a, const struct sj_pace_suite *b)
{
	return a->mapping == b->mapping && a->cipher == b->cipher && a->curve == b->curve &&
	       (a->curve != SJ_CURVE_NONE || a->group == b->group);
}

const char *sj_pace_mapping_name(const struct sj_pace_suite *suite)
{
	const struct mapping_row *row = find(suite);

	return row != NULL ? row->name : "unknown mapping";
}

const char *sj_pace_domain_name(const struct sj_pace_suite *suite)
{
	return suite->curve != SJ_CURVE_NONE ? sj_curve_name(suite->curve)
					     : sj_dh_name(suite->group);
}

uint8_t sj_pace_parameter_id(const struct sj_pace_suite *suite)
{
	return suite->curve != SJ_CURVE_NONE ? (uint8_t)suite->curve : (uint8_t)suite->group;
}

struct sj_span sj_pace_oid(const struct sj_pace_suite *suite)
{
	const struct mapping_row *row = find(suite);

	return row != NULL ? sj_span(row->oids[suite->cipher], OID_SIZE) : sj_span(NULL, 0);
}

/* The curve or the group that the number means. */
static bool read_parameters(bool ec, uint32_t id, struct sj_pace_suite *out)
{
	if (ec) {
		out->curve = sj_curve_from_id(id);
		return out->curve != SJ_CURVE_NONE;
	}
	out->group = (enum sj_dh_group)id;
	return id <= SJ_DH_2048_256;
}

bool sj_pace_suite_read(struct sj_span oid, uint32_t parameter_id, struct sj_pace_suite *out)
{
	for (size_t i = 0; i < MAPPINGS; i++) {
		for (unsigned c = SJ_CIPHER_3DES; c <= SJ_CIPHER_AES256; c++) {
			struct sj_pace_suite suite = { .mapping = mappings[i].mapping,
						       .cipher = (enum sj_cipher)c };

			if (!sj_span_eq(oid, sj_span(mappings[i].oids[c], OID_SIZE)) ||
			    !read_parameters(mappings[i].ec, parameter_id, &suite) ||
			    find(&suite) == NULL)
				continue;
			*out = suite;
			return true;
		}
	}
	return false;
}

size_t sj_pace_nonce_size(const struct sj_pace_suite *suite)
{
	const size_t key = sj_cipher_key_size(suite->cipher);

	return suite->mapping == SJ_PACE_IM && key > 16 ? 32 : 16;
}

bool sj_pace_k_pi(enum sj_cipher c, enum sj_pace_password kind, struct sj_span password,
		  uint8_t k_pi[static SJ_CIPHER_KEY_MAX])
{
	uint8_t digest[SJ_HASH_MAX];
	bool ok = true;

	if (kind == SJ_PACE_MRZ) {
		ok = sj_hash(SJ_SHA1, &password, 1, digest);
		password = sj_span(digest, sj_hash_size(SJ_SHA1));
	}
	ok = ok && sj_kdf(c, password, SJ_KDF_PI, k_pi);
	sj_wipe(digest, sizeof(digest));
	return ok;
}

bool sj_pace_nonce_encrypt(enum sj_cipher c, const uint8_t *k_pi, struct sj_span s,
			   uint8_t z[static SJ_PACE_NONCE_MAX])
{
	return s.len > 0 && s.len <= SJ_PACE_NONCE_MAX && sj_cbc_encrypt(c, k_pi, NULL, s, z);
}

bool sj_pace_nonce_decrypt(enum sj_cipher c, const uint8_t *k_pi, struct sj_span z,
			   uint8_t s[static SJ_PACE_NONCE_MAX])
{
	return z.len > 0 && z.len <= SJ_PACE_NONCE_MAX && sj_cbc_decrypt(c, k_pi, NULL, z, s);
}

bool sj_pace_session(enum sj_cipher c, struct sj_span shared, struct sj_sm_keys *keys)
{
	memset(keys, 0, sizeof(*keys));
	keys->cipher = c;
	return sj_kdf(c, shared, SJ_KDF_ENC, keys->enc) && sj_kdf(c, shared, SJ_KDF_MAC, keys->mac);
}

/* 4.4.3.4; the public key data object is that of 9.4.5 with the key alone. */
bool sj_pace_token_over(const struct sj_sm_keys *keys, struct sj_span oid, uint32_t tag,
			struct sj_span key, uint8_t token[static SJ_MAC_SIZE])
{
	uint8_t object[SJ_PACE_PUBLIC_MAX + 40];
	struct sj_writer w = SJ_WRITER_OF(object);
	struct sj_span input;
	size_t at = sj_tlv_open(&w);

	sj_tlv_put(&w, 0x06, oid);
	sj_tlv_put(&w, tag, key);
	sj_tlv_close(&w, 0x7F49, at);
	if (keys->cipher == SJ_CIPHER_3DES) /* CMAC pads by itself */
		sj_pad(&w, 0, sj_cipher_block_size(keys->cipher));
	input = sj_written(&w);
	return !w.failed && sj_mac(keys->cipher, keys->mac, &input, 1, token);
}

bool sj_pace_token(const struct sj_sm_keys *keys, const struct sj_pace_suite *suite,
		   const struct sj_pace_public *peer, uint8_t token[static SJ_MAC_SIZE])
{
	return sj_pace_token_over(keys, sj_pace_oid(suite),
				  suite->curve != SJ_CURVE_NONE ? 0x86 : 0x84,
				  sj_pace_public_span(peer), token);
}

static bool cam_iv(const struct sj_sm_keys *keys, uint8_t iv[static SJ_CIPHER_BLOCK_MAX])
{
	uint8_t minus_one[SJ_CIPHER_BLOCK_MAX];

	memset(minus_one, 0xFF, sizeof(minus_one));
	return sj_cbc_encrypt(keys->cipher, keys->enc, NULL,
			      sj_span(minus_one, sj_cipher_block_size(keys->cipher)), iv);
}

bool sj_pace_cam_seal(const struct sj_sm_keys *keys, const struct sj_ec_secret *ca_data,
		      struct sj_writer *a_ic)
{
	uint8_t iv[SJ_CIPHER_BLOCK_MAX], padded[SJ_PACE_CAM_MAX];
	struct sj_writer w = SJ_WRITER_OF(padded);
	uint8_t *to;
	bool ok;

	sj_put(&w, sj_span(ca_data->bytes, ca_data->len));
	sj_pad(&w, 0, sj_cipher_block_size(keys->cipher));
	to = w.failed ? NULL : sj_put_space(a_ic, w.len);
	ok = to != NULL && cam_iv(keys, iv) &&
	     sj_cbc_encrypt(keys->cipher, keys->enc, iv, sj_written(&w), to);
	sj_wipe(padded, sizeof(padded));
	return ok;
}

bool sj_pace_cam_open(const struct sj_sm_keys *keys, enum sj_curve curve, struct sj_span a_ic,
		      struct sj_ec_secret *ca_data)
{
	uint8_t iv[SJ_CIPHER_BLOCK_MAX], padded[SJ_PACE_CAM_MAX];
	size_t len;
	bool ok;

	ok = a_ic.len <= sizeof(padded) && cam_iv(keys, iv) &&
	     sj_cbc_decrypt(keys->cipher, keys->enc, iv, a_ic, padded) &&
	     sj_unpad(sj_span(padded, a_ic.len), sj_cipher_block_size(keys->cipher), &len) &&
	     sj_ec_secret_read(curve, sj_span(padded, len), ca_data);
	sj_wipe(padded, sizeof(padded));
	return ok;
}
