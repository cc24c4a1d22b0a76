#include <openssl/err.h>
#include <openssl/objects.h>

#include "crypt/ec.h"
#include "crypt/internal.h"
#include "crypt/memory.h"
#include "tests/vectors/hexbytes.h"
#include "wire/tlv.h"

static const enum sj_curve all_curves[] = { SJ_P224, SJ_BP224R1, SJ_P256,    SJ_BP256R1, SJ_BP320R1,
					    SJ_P384, SJ_BP384R1, SJ_BP512R1, SJ_P521 };

#define CURVES (sizeof(all_curves) / sizeof(all_curves[0]))

/* A fresh key pair. */
static struct sj_ec_secret key_pair(enum sj_curve curve, struct sj_ec_point *point)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_ec_secret k;

	assert_true(sj_ec_secret_random(curve, &rnd, &k));
	assert_true(sj_ec_multiply(curve, &k, NULL, point));
	return k;
}

static void check_agreement(enum sj_curve curve, const char *scalar, const char *peer,
			    const char *expected)
{
	struct sj_ec_secret k;
	struct sj_ec_point p;
	uint8_t shared[SJ_EC_FIELD_MAX];

	assert_true(sj_ec_secret_read(curve, hex(scalar), &k));
	assert_true(sj_ec_point_read(curve, hex(peer), &p));
	assert_true(sj_ec_agree(curve, &k, &p, shared));
	assert_hex(sj_span(shared, sj_curve_field_size(curve)), expected);
}

/* RFC 5903, 8.1. */
static void agreement_of_rfc5903(void **state)
{
	(void)state;
	check_agreement(SJ_P256, "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
			"04D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
			"56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB",
			"D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE");
}

/* RFC 7027, A.1. */
static void agreement_of_rfc7027(void **state)
{
	(void)state;
	check_agreement(SJ_BP256R1,
			"81DB1EE100150FF2EA338D708271BE38300CB54241D79950F77B063039804F1D",
			"048D2D688C6CF93E1160AD04CC4429117DC2C41825E1E9FCA0ADDD34E6F1B39F7B"
			"990C57520812BE512641E47034832106BC7D3E8DD0E4C7F1136D7006547CEC6A",
			"89AFC39D41D3B327814B80940B042590F96556EC91E6AE7939BCE31F3A18BF2B");
}

/* RFC 6979, A.2.5: P-256, SHA-256, "sample". */
static void signature_of_rfc6979(void **state)
{
	const struct sj_span message = SJ_SPAN_STR("sample");
	const struct sj_span signature =
		hex("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
		    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
	uint8_t digest[SJ_HASH_MAX];
	struct sj_ec_point key;

	(void)state;
	assert_true(sj_ec_point_read(
		SJ_P256,
		hex("0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
		    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"),
		&key));
	assert_true(sj_hash(SJ_SHA256, &message, 1, digest));
	assert_true(sj_ec_verify(SJ_P256, &key, sj_span(digest, 32), signature));
	digest[31] ^= 1;
	assert_false(sj_ec_verify(SJ_P256, &key, sj_span(digest, 32), signature));
}

static void both_ends_agree_on_every_curve(void **state)
{
	(void)state;
	for (size_t i = 0; i < CURVES; i++) {
		const enum sj_curve c = all_curves[i];
		struct sj_ec_point pa, pb;
		const struct sj_ec_secret a = key_pair(c, &pa), b = key_pair(c, &pb);
		uint8_t x[SJ_EC_FIELD_MAX], y[SJ_EC_FIELD_MAX];

		assert_int_equal(pa.len, 1 + 2 * sj_curve_field_size(c));
		assert_true(sj_ec_agree(c, &a, &pb, x));
		assert_true(sj_ec_agree(c, &b, &pa, y));
		assert_memory_equal(x, y, sj_curve_field_size(c));
	}
}

static void signs_and_verifies_on_every_curve(void **state)
{
	const struct sj_span digest = hex("00112233445566778899AABBCCDDEEFF00112233445566778899AABB"
					  "CCDDEEFF");
	uint8_t signature[SJ_EC_SIGNATURE_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < CURVES; i++) {
		const enum sj_curve c = all_curves[i];
		struct sj_ec_point p;
		const struct sj_ec_secret k = key_pair(c, &p);

		assert_true(sj_ec_sign(c, &k, digest, signature, &len));
		assert_int_equal(len, 2 * sj_curve_order_size(c));
		assert_true(sj_ec_verify(c, &p, digest, sj_span(signature, len)));
		assert_false(sj_ec_verify(c, &p, digest, sj_span(signature, len - 2)));
		signature[len - 1] ^= 1;
		assert_false(sj_ec_verify(c, &p, digest, sj_span(signature, len)));
	}
}

/* The program around the library left an error of its own in OpenSSL's queue. */
static void errors_of_before_are_no_want_of_memory(void **state)
{
	const uint8_t digest[32] = { 1 }, signature[64] = { [31] = 1, [63] = 1 };
	struct sj_ec_point point;
	unsigned mark;

	(void)state;
	(void)key_pair(SJ_P256, &point);
	ERR_raise(ERR_LIB_OSSL_DECODER, ERR_R_UNSUPPORTED);
	mark = sj_memory_mark();
	assert_false(sj_ec_verify(SJ_P256, &point, SJ_SPAN_OF(digest), SJ_SPAN_OF(signature)));
	assert_false(sj_memory_lacked(mark));
}

static void zero_signatures_are_refused(void **state)
{
	static const uint8_t zero[64];
	struct sj_ec_point p;

	(void)state;
	(void)key_pair(SJ_P256, &p);
	assert_false(sj_ec_verify(SJ_P256, &p, sj_span(zero, 32), SJ_SPAN_OF(zero)));
	assert_false(sj_ec_verify(SJ_CURVE_NONE, &p, sj_span(zero, 32), sj_span(NULL, 0)));
}

static void points_off_the_curve_are_refused(void **state)
{
	static const uint8_t infinity[1];
	struct sj_ec_point p, out;

	(void)state;
	(void)key_pair(SJ_P256, &p);
	assert_true(sj_ec_point_read(SJ_P256, sj_ec_point_span(&p), &out));
	assert_false(sj_ec_point_read(SJ_BP256R1, sj_ec_point_span(&p), &out));
	assert_false(sj_ec_point_read(SJ_P256, SJ_SPAN_OF(infinity), &out));
	for (size_t n = 0; n < p.len; n++)
		assert_false(sj_ec_point_read(SJ_P256, sj_span(p.bytes, n), &out));
	p.bytes[64] ^= 1;
	assert_false(sj_ec_point_read(SJ_P256, sj_ec_point_span(&p), &out));
	assert_false(sj_ec_agree(SJ_P256, &(struct sj_ec_secret){ { 1 }, 32 }, &p, out.bytes));
}

/* The point or its negative: the same x, and the same agreement. */
static void points_from_x_on_every_curve(void **state)
{
	(void)state;
	for (size_t i = 0; i < CURVES; i++) {
		const enum sj_curve c = all_curves[i];
		const size_t size = sj_curve_field_size(c);
		struct sj_ec_point pa, pb, out;
		const struct sj_ec_secret a = key_pair(c, &pa);
		uint8_t x[SJ_EC_FIELD_MAX], y[SJ_EC_FIELD_MAX];

		(void)key_pair(c, &pb);
		assert_true(sj_ec_point_from_x(c, sj_span(pb.bytes + 1, size), &out));
		assert_int_equal(out.len, pb.len);
		assert_memory_equal(out.bytes, pb.bytes, 1 + size);
		assert_int_equal(out.bytes[out.len - 1] & 1, 0);
		assert_true(sj_ec_agree(c, &a, &pb, x));
		assert_true(sj_ec_agree(c, &a, &out, y));
		assert_memory_equal(x, y, size);
		assert_false(sj_ec_point_from_x(c, sj_span(pb.bytes + 1, size - 1), &out));
		assert_false(sj_ec_point_from_x(c, sj_span(pb.bytes + 1, size + 1), &out));
	}
	assert_false(
		sj_ec_point_from_x(SJ_CURVE_NONE, sj_span(NULL, 0), &(struct sj_ec_point){ 0 }));
}

/* P-256: a key of RFC 9529; zero is on the curve, so the prime, which it equals, would be too. */
static void points_from_x_of_p256(void **state)
{
	struct sj_ec_point p;

	(void)state;
	assert_true(sj_ec_point_from_x(
		SJ_P256, hex("BBC34960526EA4D32E940CAD2A234148DDC21791A12AFBCBAC93622046DD44F0"),
		&p));
	assert_hex(sj_ec_point_span(&p),
		   "04BBC34960526EA4D32E940CAD2A234148DDC21791A12AFBCBAC93622046DD44F0"
		   "4519E257236B2A0CE2023F0931F1F386CA7AFDA64FCDE0108C224C51EABF6072");
	assert_true(sj_ec_point_from_x(
		SJ_P256, hex("0000000000000000000000000000000000000000000000000000000000000000"),
		&p));
	assert_false(sj_ec_point_from_x(
		SJ_P256, hex("FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"),
		&p));
	assert_false(sj_ec_point_from_x(
		SJ_P256, hex("0000000000000000000000000000000000000000000000000000000000000001"),
		&p));
}

static void scalars_outside_the_order_are_refused(void **state)
{
	const char *order = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
	struct sj_ec_secret k;

	(void)state;
	assert_false(sj_ec_secret_read(SJ_P256, hex(order), &k));
	assert_false(sj_ec_secret_read(SJ_P256, hex("0000"), &k));
	assert_false(sj_ec_secret_read(SJ_P256, sj_span(NULL, 0), &k));
	assert_true(sj_ec_secret_read(SJ_P256, hex("0001"), &k));
	assert_int_equal(k.len, 32);
	assert_int_equal(k.bytes[31], 1);
	assert_true(sj_ec_secret_read(
		SJ_P256, hex("00FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632550"),
		&k));
}

static bool fill_with(void *self, uint8_t *out, size_t n)
{
	memset(out, *(const uint8_t *)self, n);
	return true;
}

static bool fill_fails(void *self, uint8_t *out, size_t n)
{
	(void)self;
	(void)out;
	(void)n;
	return false;
}

/* All zeros and all ones are no scalars of P-256; the source is not trusted to change. */
static void a_broken_source_gives_no_scalar(void **state)
{
	uint8_t zeros = 0, ones = 0xFF;
	const struct sj_random sources[] = { { fill_with, &zeros },
					     { fill_with, &ones },
					     { fill_fails, NULL } };
	struct sj_ec_secret k;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_false(sj_ec_secret_random(SJ_P256, &sources[i], &k));
}

/* s * G + H is infinity when H = -s * G: for s = 1, the generator's mirror. */
static void mapping_to_infinity_is_refused(void **state)
{
	struct sj_ec_point h, out;

	(void)state;
	assert_true(sj_ec_point_read(
		SJ_P256,
		hex("046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
		    "B01CBD1C01E58065711814B583F061E9D431CCA994CEA1313449BF97C840AE0A"),
		&h));
	assert_false(sj_ec_map_generic(SJ_P256, hex("01"), &h, &out));
	assert_true(sj_ec_map_generic(SJ_P256, hex("02"), &h, &out));
}

static void key_file_round_trip(void **state)
{
	uint8_t buffer[SJ_EC_SPKI_MAX];
	struct sj_ec_point p, back;
	enum sj_curve curve;

	(void)state;
	for (size_t i = 0; i < CURVES; i++) {
		for (int form = 0; form < 2; form++) {
			struct sj_writer w = SJ_WRITER_OF(buffer);

			(void)key_pair(all_curves[i], &p);
			assert_true(sj_ec_spki_put(&w, all_curves[i], &p, form == 1));
			assert_true(sj_ec_spki_read(sj_written(&w), &curve, &back));
			assert_int_equal(curve, all_curves[i]);
			assert_memory_equal(back.bytes, p.bytes, p.len);
			for (size_t n = 0; n < w.len; n++)
				assert_false(sj_ec_spki_read(sj_span(w.ptr, n), &curve, &back));
		}
	}
}

/* One altered byte anywhere in the domain parameters is another curve, hence refused. */
static void explicit_parameters_must_be_exact(void **state)
{
	uint8_t buffer[SJ_EC_SPKI_MAX];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_ec_point p, back;
	enum sj_curve curve;
	size_t accepted = 0, parameters;

	(void)state;
	(void)key_pair(SJ_P256, &p);
	assert_true(sj_ec_spki_put(&w, SJ_P256, &p, true));
	parameters = w.len - p.len - 4;
	for (size_t i = 0; i < parameters; i++) {
		buffer[i] ^= 2;
		if (sj_ec_spki_read(sj_written(&w), &curve, &back))
			accepted++;
		buffer[i] ^= 2;
	}
	assert_int_equal(accepted, 1); /* version 1 read as 3 */
}

static void names_and_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < CURVES; i++) {
		assert_int_equal(sj_curve_from_name(sj_curve_name(all_curves[i])), all_curves[i]);
		assert_int_equal(sj_curve_from_id((uint32_t)all_curves[i]), all_curves[i]);
	}
	assert_int_equal(sj_curve_from_id(8), SJ_CURVE_NONE); /* P-192 */
	assert_int_equal(sj_curve_from_id(0), SJ_CURVE_NONE);
	assert_int_equal(sj_curve_from_name("P-192"), SJ_CURVE_NONE);
	assert_int_equal(sj_curve_field_size(SJ_P521), 66);
	assert_int_equal(sj_curve_field_size(SJ_CURVE_NONE), 0);
}

/* A Chip Authentication key as Doc 9303-11, 9.5.1 has it: the curve is a number. */
static void keys_on_standardised_parameters(void **state)
{
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_ec_point p, back;
	enum sj_curve curve;
	const size_t id = 2 + 2 + 9 + 2; /* behind two headers, the OID, its own tag and length */
	size_t outer, inner;

	(void)state;
	(void)key_pair(SJ_BP256R1, &p);
	outer = sj_tlv_open(&w);
	inner = sj_tlv_open(&w);
	sj_tlv_put(&w, 0x06, SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x01\x02"));
	sj_tlv_put(&w, 0x02, SJ_SPAN_STR("\x0D"));
	sj_tlv_close(&w, 0x30, inner);
	inner = sj_tlv_open(&w);
	sj_put_u8(&w, 0);
	sj_put(&w, sj_ec_point_span(&p));
	sj_tlv_close(&w, 0x03, inner);
	sj_tlv_close(&w, 0x30, outer);
	assert_true(sj_ec_spki_read(sj_written(&w), &curve, &back));
	assert_int_equal(curve, SJ_BP256R1);
	assert_memory_equal(back.bytes, p.bytes, p.len);
	bytes[id] = 0x0C; /* the point is not on P-256 */
	assert_false(sj_ec_spki_read(sj_written(&w), &curve, &back));
	bytes[id] = 0x1F; /* no curve has this number */
	assert_false(sj_ec_spki_read(sj_written(&w), &curve, &back));
}

/* Making one costs as much as a multiplication: each is made once. */
static void groups_are_made_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < CURVES; i++) {
		const EC_GROUP *group = sj_ec_group(all_curves[i]);

		assert_non_null(group);
		assert_ptr_equal(sj_ec_group(all_curves[i]), group);
		assert_int_equal(EC_GROUP_get_curve_name(group),
				 OBJ_sn2nid(sj_curve_openssl_name(all_curves[i])));
	}
	assert_null(sj_ec_group(SJ_CURVE_NONE));
}

/* Whoever has the private key can make R infinite: r = -e / d, here with d = 1 and e = 1. */
static void a_signature_that_leads_to_infinity_is_none(void **state)
{
	static const uint8_t minus_one[] = { 0xFF, 0xFF, 0xFF, 0xFF, 0,    0,    0,    0,
					     0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
					     0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84,
					     0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x50 };
	uint8_t signature[64] = { 0 }, one[32] = { 0 };
	const unsigned mark = sj_memory_mark();
	struct sj_ec_secret d;
	struct sj_ec_point key;

	(void)state;
	one[31] = signature[63] = 1;
	memcpy(signature, minus_one, sizeof(minus_one));
	assert_true(sj_ec_secret_read(SJ_P256, sj_span(one, 32), &d));
	assert_true(sj_ec_multiply(SJ_P256, &d, NULL, &key));
	assert_false(sj_ec_verify(SJ_P256, &key, sj_span(one, 32), sj_span(signature, 64)));
	assert_false(sj_memory_lacked(mark)); /* it was judged */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_that_leads_to_infinity_is_none),
		cmocka_unit_test(groups_are_made_once),
		cmocka_unit_test(agreement_of_rfc5903),
		cmocka_unit_test(agreement_of_rfc7027),
		cmocka_unit_test(signature_of_rfc6979),
		cmocka_unit_test(both_ends_agree_on_every_curve),
		cmocka_unit_test(signs_and_verifies_on_every_curve),
		cmocka_unit_test(zero_signatures_are_refused),
		cmocka_unit_test(points_off_the_curve_are_refused),
		cmocka_unit_test(points_from_x_on_every_curve),
		cmocka_unit_test(points_from_x_of_p256),
		cmocka_unit_test(scalars_outside_the_order_are_refused),
		cmocka_unit_test(a_broken_source_gives_no_scalar),
		cmocka_unit_test(mapping_to_infinity_is_refused),
		cmocka_unit_test(key_file_round_trip),
		cmocka_unit_test(explicit_parameters_must_be_exact),
		cmocka_unit_test(names_and_numbers),
		cmocka_unit_test(errors_of_before_are_no_want_of_memory),
		cmocka_unit_test(keys_on_standardised_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
