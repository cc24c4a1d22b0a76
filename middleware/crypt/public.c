#include "crypt/public.h"
#include "crypt/internal.h"

#include <string.h>

/* RFC 8017, A.1; RFC 8410, 3. */
static const uint8_t rsa_encryption[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1 };
static const uint8_t id_ed25519[] = { 0x2B, 0x65, 0x70 };
static const uint8_t id_x25519[] = { 0x2B, 0x65, 0x6E };

static bool read_rsa(struct sj_span spki, struct sj_public *out)
{
	struct sj_rsa_key key;
	uint8_t first;

	if (!sj_rsa_spki_parse(spki, &key))
		return false;
	out->kind = SJ_PUBLIC_RSA;
	out->modulus = key.n;
	out->exponent = key.e;
	out->bits = 8 * key.n.len;
	for (first = key.n.ptr[0]; first < 0x80; first = (uint8_t)(first << 1))
		out->bits--;
	return true;
}

static bool read_ec(struct sj_span spki, struct sj_public *out)
{
	struct sj_span body, algorithm, oid;

	if (!sj_ec_spki_read(spki, &out->curve, &out->point) || !sj_der_take(&spki, 0x30, &body) ||
	    !sj_der_take(&body, 0x30, &algorithm) || !sj_der_take(&algorithm, 0x06, &oid))
		return false;
	out->kind = SJ_PUBLIC_EC;
	out->parameters = algorithm;
	out->bits = 8 * sj_curve_field_size(out->curve);
	if (out->curve == SJ_P521)
		out->bits = 521;
	return true;
}

static bool read_cfrg(struct sj_span spki, struct sj_public *out)
{
	struct sj_span body, algorithm, oid, bits;
	uint8_t unused;

	if (!sj_der_take(&spki, 0x30, &body) || spki.len != 0 ||
	    !sj_der_take(&body, 0x30, &algorithm) || !sj_der_take(&algorithm, 0x06, &oid) ||
	    algorithm.len != 0 || !sj_der_take(&body, 0x03, &bits) || body.len != 0 ||
	    !sj_take_u8(&bits, &unused) || unused != 0 || bits.len != SJ_CFRG_KEY)
		return false;
	if (sj_span_eq(oid, SJ_SPAN_OF(id_ed25519)))
		out->kind = SJ_PUBLIC_ED25519;
	else if (sj_span_eq(oid, SJ_SPAN_OF(id_x25519)))
		out->kind = SJ_PUBLIC_X25519;
	else
		return false;
	out->bits = 255;
	out->point.len = bits.len;
	memcpy(out->point.bytes, bits.ptr, bits.len);
	return true;
}

bool sj_public_read(struct sj_span spki, struct sj_public *out)
{
	struct sj_public got = { .kind = SJ_PUBLIC_NONE };

	if (!read_cfrg(spki, &got) && !read_ec(spki, &got) && !read_rsa(spki, &got))
		return false;
	*out = got;
	return true;
}

/* An unsigned INTEGER. */
static void put_number(struct sj_writer *w, struct sj_span n)
{
	const size_t at = sj_tlv_open(w);

	while (n.len > 1 && n.ptr[0] == 0)
		n = sj_span(n.ptr + 1, n.len - 1);
	if (n.len == 0 || n.ptr[0] >= 0x80)
		sj_put_u8(w, 0);
	sj_put(w, n);
	sj_tlv_close(w, 0x02, at);
}

void sj_public_put_rsa(struct sj_writer *w, struct sj_span modulus, struct sj_span exponent)
{
	const size_t at = sj_tlv_open(w);
	size_t inner = sj_tlv_open(w), key;

	sj_tlv_put(w, 0x06, SJ_SPAN_OF(rsa_encryption));
	sj_tlv_put_header(w, 0x05, 0);
	sj_tlv_close(w, 0x30, inner);
	inner = sj_tlv_open(w);
	sj_put_u8(w, 0); /* unused bits */
	key = sj_tlv_open(w);
	put_number(w, modulus);
	put_number(w, exponent);
	sj_tlv_close(w, 0x30, key);
	sj_tlv_close(w, 0x03, inner);
	sj_tlv_close(w, 0x30, at);
}

void sj_public_put_cfrg(struct sj_writer *w, enum sj_public_kind kind,
			const uint8_t key[static SJ_CFRG_KEY])
{
	const size_t at = sj_tlv_open(w);
	const size_t inner = sj_tlv_open(w);

	sj_tlv_put(w, 0x06,
		   kind == SJ_PUBLIC_ED25519 ? SJ_SPAN_OF(id_ed25519) : SJ_SPAN_OF(id_x25519));
	sj_tlv_close(w, 0x30, inner);
	sj_tlv_put_header(w, 0x03, SJ_CFRG_KEY + 1);
	sj_put_u8(w, 0); /* unused bits */
	sj_put(w, sj_span(key, SJ_CFRG_KEY));
	sj_tlv_close(w, 0x30, at);
}

enum sj_curve sj_curve_from_parameters(struct sj_span parameters)
{
	struct sj_span oid;

	if (!sj_der_take(&parameters, 0x06, &oid) || parameters.len != 0)
		return SJ_CURVE_NONE;
	return sj_curve_from_oid(oid);
}

void sj_curve_put_parameters(struct sj_writer *w, enum sj_curve curve)
{
	sj_tlv_put(w, 0x06, sj_curve_oid(curve));
}
