#include "tests/fuzz/sod.h"

#include "authority/cert.h"

#define FROM INT64_C(1767225600) /* seconds since 1970 UTC */
#define DAY 86400

static bool put_certificate(struct sj_writer *out, const struct sj_key *key)
{
	static const char *const types[] = { "P", NULL };
	static const uint8_t serial[] = { 0x40, 1 };
	uint8_t name[SJ_ISSUED_NAME_MAX], spki[SJ_EC_SPKI_MAX];
	struct sj_writer n = SJ_WRITER_OF(name), s = SJ_WRITER_OF(spki);
	struct sj_cert_plan plan = { .kind = SJ_CERT_SIGNER,
				     .serial = SJ_SPAN_OF(serial),
				     .not_before = FROM,
				     .private_until = FROM + INT64_C(90) * DAY,
				     .not_after = FROM + INT64_C(3000) * DAY,
				     .country = "UTO",
				     .document_types = types };

	if (!sj_name_put(&n, "UT", NULL, "Signer 7") || !sj_key_put_public(key, false, &s))
		return false;
	plan.issuer = plan.subject = sj_written(&n);
	plan.issuer_spki = plan.subject_spki = sj_written(&s);
	return sj_cert_put(out, &plan, key);
}

bool fuzz_put_sod(struct sj_writer *out, const struct sj_sod_plan *plan)
{
	static const struct sj_ec_secret secret = { { 7 }, 32 };
	struct sj_key *key = sj_key_from_ec(SJ_P256, &secret);
	struct sj_signed_by signer = { .key = key, .when = FROM + DAY };
	uint8_t bytes[SJ_ISSUED_CERT_MAX];
	struct sj_writer certificate = SJ_WRITER_OF(bytes);
	bool ok = key != NULL && put_certificate(&certificate, key);

	signer.certificate = sj_written(&certificate);
	ok = ok && sj_signed_put_sod(out, plan, &signer);
	sj_key_free(key);
	return ok;
}
