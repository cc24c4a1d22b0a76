#include "tests/card/attest_rig.h"

#include "tests/unit/rsa_parts.h"
#include "tools/authority/cert.h"

void attester_make(struct attester *a, const char *kind)
{
	struct sj_writer k = SJ_WRITER_OF(a->private_key), p = SJ_WRITER_OF(a->spki),
			 c = SJ_WRITER_OF(a->certificate);
	uint8_t name[SJ_ISSUED_NAME_MAX];
	struct sj_writer n = SJ_WRITER_OF(name);
	struct sj_key *key = sj_key_generate(kind);
	struct sj_cert_plan plan = { .kind = SJ_CERT_CSCA,
				     .serial = SJ_SPAN_STR("\1"),
				     .not_before = 1800000000,
				     .not_after = 1900000000,
				     .private_until = 1900000000,
				     .country = "UTO" };

	assert_non_null(key);
	assert_true(sj_key_put(key, &k) && sj_key_put_public(key, false, &p));
	assert_true(sj_name_put(&n, "UT", "Visitors' Office", "Attestation"));
	a->pkcs8 = sj_written(&k);
	a->public_key = sj_written(&p);
	plan.issuer = plan.subject = sj_written(&n);
	plan.issuer_spki = plan.subject_spki = a->public_key;
	assert_true(sj_cert_put(&c, &plan, key));
	a->der = sj_written(&c);
	sj_key_free(key);
}

/* IMPORT's objects; the algorithm. */
static uint8_t put_private(struct sj_writer *w, const struct attester *a)
{
	struct sj_key *key = sj_key_read(a->pkcs8);
	struct sj_span part[SJ_RSA_CRT];
	struct sj_ec_secret secret;
	struct sj_ec_point point;
	enum sj_curve curve;

	assert_non_null(key);
	if (sj_key_get_ec(key, &curve, &secret, &point)) {
		sj_tlv_put(w, 0x06, sj_span(secret.bytes, secret.len));
		sj_key_free(key);
		return curve == SJ_P256 ? PIV_ALG_P256 : PIV_ALG_P384;
	}
	sj_key_free(key);
	rsa_parts(a->pkcs8, part);
	for (size_t i = 0; i < SJ_RSA_CRT; i++)
		sj_tlv_put(w, (uint32_t)i + 1, part[i]);
	return sj_rsa_private_size(a->pkcs8) == 256 ? PIV_ALG_RSA_2048 : PIV_ALG_RSA_3072;
}

void attester_give(struct bench *b, const struct attester *a)
{
	static uint8_t objects[2048];
	struct sj_writer w = SJ_WRITER_OF(objects);
	struct sj_apdu apdu = { .ins = 0xFE, .p2 = 0xF9 };

	apdu.p1 = put_private(&w, a);
	apdu.data = sj_written(&w);
	piv_administer(b);
	assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
	assert_int_equal(attester_write(b, a->der, false), SJ_SW_OK);
}

uint16_t attester_write(struct bench *b, struct sj_span der, bool gzip)
{
	const struct sj_piv_certificate c = { .certificate = der, .gzip = gzip };
	static uint8_t value[2400];
	struct sj_writer w = SJ_WRITER_OF(value);

	sj_piv_certificate_put(&w, &c);
	return piv_put(b, YUBICO_OBJECT_ATTESTATION_CERTIFICATE, sj_written(&w));
}
