#include "secure/piv_spki.h"

#include "crypt/ec.h"
#include "wire/std/rfc5652.h"
#include "wire/tlv.h"

#define CFRG_KEY 32u

static bool put_ec(struct sj_writer *w, enum sj_curve curve, struct sj_span in)
{
	struct sj_ec_point point;

	return sj_ec_point_read(curve, in, &point) && sj_ec_spki_put(w, curve, &point, false);
}

/* id-X25519 and id-Ed25519, without parameters. */
static bool put_cfrg(struct sj_writer *w, struct sj_span oid, struct sj_span point)
{
	const size_t at = sj_tlv_open(w), algorithm = sj_tlv_open(w);
	size_t bits;

	if (point.len != CFRG_KEY)
		return false;
	sj_tlv_put(w, SJ_ASN1_OID, oid);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, algorithm);
	bits = sj_tlv_open(w);
	sj_put_u8(w, 0);
	sj_put(w, point);
	sj_tlv_close(w, SJ_ASN1_BIT_STRING, bits);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
	return !w->failed;
}

static void put_unsigned(struct sj_writer *w, struct sj_span n)
{
	const size_t at = sj_tlv_open(w);

	while (n.len > 1 && n.ptr[0] == 0)
		n = sj_span(n.ptr + 1, n.len - 1);
	if (n.ptr[0] & 0x80)
		sj_put_u8(w, 0);
	sj_put(w, n);
	sj_tlv_close(w, SJ_ASN1_INTEGER, at);
}

static bool put_rsa(struct sj_writer *w, size_t size, const struct sj_piv_public *key)
{
	static const uint8_t algorithm[] = { 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
					     0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00 };
	const size_t at = sj_tlv_open(w);
	size_t bits, numbers;

	if (key->modulus.len != size || !(key->modulus.ptr[0] & 0x80) || key->exponent.len == 0)
		return false;
	sj_put(w, SJ_SPAN_OF(algorithm));
	bits = sj_tlv_open(w);
	sj_put_u8(w, 0);
	numbers = sj_tlv_open(w);
	put_unsigned(w, key->modulus);
	put_unsigned(w, key->exponent);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, numbers);
	sj_tlv_close(w, SJ_ASN1_BIT_STRING, bits);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
	return !w->failed;
}

bool sj_piv_key_spki_put(struct sj_writer *w, uint8_t algorithm, const struct sj_piv_public *key)
{
	switch (algorithm) {
	case PIV_ALG_P256:
	case PIV_ALG_CS2:
		return put_ec(w, SJ_P256, key->point);
	case PIV_ALG_P384:
	case PIV_ALG_CS7:
		return put_ec(w, SJ_P384, key->point);
	case YUBICO_ALG_ED25519:
		return put_cfrg(w, SJ_SPAN_STR("\x2B\x65\x70"), key->point);
	case YUBICO_ALG_X25519:
		return put_cfrg(w, SJ_SPAN_STR("\x2B\x65\x6E"), key->point);
	case PIV_ALG_RSA_1024:
	case PIV_ALG_RSA_2048:
	case PIV_ALG_RSA_3072:
	case YUBICO_ALG_RSA_4096:
		return put_rsa(w, sj_piv_algorithm_size(algorithm), key);
	default:
		return false;
	}
}
