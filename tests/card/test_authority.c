/*
 * What an authority signs, read back by our own parsers and verified by
 * OpenSSL's command line, for every kind of key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "authority/cert.h"
#include "authority/der.h"
#include "authority/signed.h"
#include "crypt/x509.h"
#include "wire/cms.h"
#include "wire/lds.h"

#define DAY ((int64_t)86400)

/* A DER object that was made. */
struct object {
	uint8_t bytes[16384];
	size_t len;
};

/* A CSCA with a signer and a list signer under it. */
struct country {
	struct sj_key *csca_key, *signer_key;
	uint8_t csca_spki[SJ_EC_SPKI_MAX], signer_spki[SJ_EC_SPKI_MAX];
	struct sj_span csca_public, signer_public;
	uint8_t csca_name[SJ_ISSUED_NAME_MAX], signer_name[SJ_ISSUED_NAME_MAX];
	struct sj_span csca_subject, signer_subject;
	struct object csca, signer, list_signer, made, more;
	int64_t now;
	char directory[32];
};

static struct sj_span span(const struct object *o)
{
	return sj_span(o->bytes, o->len);
}

static struct sj_span name(uint8_t *buffer, const char *common_name)
{
	struct sj_writer w = sj_writer(buffer, SJ_ISSUED_NAME_MAX);

	assert_true(sj_name_put(&w, "UT", "Registry", common_name));
	return sj_written(&w);
}

static struct sj_span public_of(const struct sj_key *key, bool explicit_form, uint8_t *buffer)
{
	struct sj_writer w = sj_writer(buffer, SJ_EC_SPKI_MAX);

	assert_true(sj_key_put_public(key, explicit_form, &w));
	return sj_written(&w);
}

static void certify(struct country *c, enum sj_cert_kind kind, uint8_t serial, struct object *out)
{
	static const char *const types[] = { "I", "P", NULL };
	const uint8_t number[2] = { 0x80, serial };
	struct sj_writer w = SJ_WRITER_OF(out->bytes);
	bool self = kind == SJ_CERT_CSCA;
	struct sj_cert_plan plan = {
		.kind = kind,
		.serial = SJ_SPAN_OF(number),
		.issuer = c->csca_subject,
		.subject = self ? c->csca_subject : c->signer_subject,
		.issuer_spki = c->csca_public,
		.subject_spki = self ? c->csca_public : c->signer_public,
		.not_before = c->now - DAY,
		.not_after = c->now + 4000 * DAY,
		.private_until = c->now + 90 * DAY,
		.country = "UTO",
		.document_types = types,
	};

	assert_true(sj_cert_put(&w, &plan, c->csca_key));
	out->len = w.len;
}

static struct country *found(const char *csca_kind, const char *signer_kind, bool explicit_form)
{
	struct country *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->now = (int64_t)time(NULL);
	c->csca_key = sj_key_generate(csca_kind);
	c->signer_key = sj_key_generate(signer_kind);
	assert_non_null(c->csca_key);
	assert_non_null(c->signer_key);
	c->csca_public = public_of(c->csca_key, explicit_form, c->csca_spki);
	c->signer_public = public_of(c->signer_key, explicit_form, c->signer_spki);
	c->csca_subject = name(c->csca_name, "CSCA");
	c->signer_subject = name(c->signer_name, "Signer 1");
	certify(c, SJ_CERT_CSCA, 1, &c->csca);
	certify(c, SJ_CERT_SIGNER, 2, &c->signer);
	certify(c, SJ_CERT_LIST_SIGNER, 3, &c->list_signer);
	strcpy(c->directory, "/tmp/sojourn-authority-XXXXXX");
	assert_non_null(mkdtemp(c->directory));
	return c;
}

static void dissolve(struct country *c)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -r %s", c->directory);
	assert_int_equal(system(command), 0);
	sj_key_free(c->csca_key);
	sj_key_free(c->signer_key);
	free(c);
}

static void save(const struct country *c, const char *file, struct sj_span bytes)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", c->directory, file);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
}

/* Runs a shell command in the country's directory; returns its exit code. */
static int shell(const struct country *c, const char *command)
{
	char line[600];
	int status;

	snprintf(line, sizeof(line), "cd %s && (%s) >log 2>&1 || { cat log; exit 1; }",
		 c->directory, command);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct sj_signed_by signer_of(const struct country *c, const struct object *certificate)
{
	return (struct sj_signed_by){ c->signer_key, span(certificate), c->now };
}

/* --- certificates ------------------------------------------------------------- */

static void certificates_read_back_as_planned(void **state)
{
	struct country *c;
	struct sj_cert csca, signer;

	(void)state;
	c = found("P-384", "P-256", true);
	assert_true(sj_cert_read(span(&c->csca), &csca));
	assert_true(csca.is_ca);
	assert_int_equal(csca.key_usage, SJ_USAGE_CERT_SIGN | SJ_USAGE_CRL_SIGN);
	assert_true(csca.explicit_parameters);
	assert_false(csca.unknown_critical);
	assert_true(sj_cert_signed_by(&csca, csca.spki));
	assert_true(sj_cert_read(span(&c->signer), &signer));
	assert_false(signer.is_ca);
	assert_int_equal(signer.key_usage, SJ_USAGE_SIGNATURE);
	assert_true(sj_cert_signed_by(&signer, csca.spki));
	assert_false(sj_cert_signed_by(&signer, signer.spki));
	assert_true(sj_name_eq(signer.issuer, csca.subject));
	assert_true(sj_span_eq(signer.authority_key_id, csca.subject_key_id));
	assert_int_equal(signer.not_before, c->now - DAY);
	assert_int_equal(signer.private_until, c->now + 90 * DAY);
	/* A serial with its highest bit set is still positive: a zero byte in front. */
	assert_memory_equal(signer.serial.ptr, "\x00\x80\x02", 3);
	dissolve(c);
}

static void list_signer_is_marked_as_one(void **state)
{
	static const uint8_t usage[] = { 0x06, 0x06, 0x67, 0x81, 0x08, 0x01, 0x01, 0x03 };
	struct country *c;
	struct sj_cert cert;

	(void)state;
	c = found("P-256", "P-256", false);
	assert_true(sj_cert_read(span(&c->list_signer), &cert));
	assert_true(sj_span_eq(cert.extended_key_usage, SJ_SPAN_OF(usage)));
	assert_false(cert.unknown_critical);
	dissolve(c);
}

static void names_need_a_country_in_capitals(void **state)
{
	uint8_t buffer[SJ_ISSUED_NAME_MAX];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	char text[64];

	(void)state;
	assert_false(sj_name_put(&w, "ut", NULL, "CSCA"));
	assert_false(sj_name_put(&w, "UTO", NULL, "CSCA"));
	assert_false(sj_name_put(&w, "UT", NULL, ""));
	w.len = 0;
	assert_true(sj_name_put(&w, "UT", NULL, "CSCA"));
	sj_name_text(sj_written(&w), text, sizeof(text));
	assert_string_equal(text, "C=UT,CN=CSCA");
}

static void a_certificate_that_does_not_fit_fails(void **state)
{
	struct country *c;
	struct sj_writer w;
	struct sj_cert_plan plan;

	(void)state;
	c = found("P-256", "P-256", false);
	w = SJ_WRITER_OF(c->made.bytes);
	plan = (struct sj_cert_plan){ SJ_CERT_CSCA,
				      SJ_SPAN_STR("\x01"),
				      c->csca_subject,
				      c->csca_subject,
				      c->csca_public,
				      c->csca_public,
				      c->now,
				      c->now + DAY,
				      c->now + DAY,
				      "UTO",
				      NULL,
				      NULL };
	for (size_t room = 0; room < c->csca.len - 100; room += 7) {
		w = sj_writer(c->made.bytes, room);
		assert_false(sj_cert_put(&w, &plan, c->csca_key));
	}
	dissolve(c);
}

/* --- what openssl says ---------------------------------------------------------- */

struct kinds {
	const char *csca, *signer;
};

/* Stock tools refuse explicit parameters, so these countries use named curves. */
static void openssl_accepts(const struct kinds *kinds)
{
	struct country *c;
	struct sj_writer w, s;
	struct sj_sod_plan plan = { .version = 1 };
	struct sj_signed_by by;

	c = found(kinds->csca, kinds->signer, false);
	w = SJ_WRITER_OF(c->made.bytes);
	s = SJ_WRITER_OF(c->more.bytes);
	by = signer_of(c, &c->signer);
	plan.groups[1] = SJ_SPAN_STR("\x61\x03"
				     "DG1");
	plan.groups[14] = SJ_SPAN_STR("\x6E\x04"
				      "DG14");
	assert_true(sj_signed_put_sod(&w, &plan, &by));
	assert_true(sj_signed_put_card_security(&s, SJ_SPAN_STR("\x31\x00"), &by));
	save(c, "csca.cer", span(&c->csca));
	save(c, "signer.cer", span(&c->signer));
	save(c, "security.p7", sj_written(&s));
	/* Without the outer tag 77 and its four-byte header EF.SOD is a ContentInfo. */
	assert_memory_equal(c->made.bytes, "\x77\x82", 2);
	save(c, "sod.p7", sj_span(c->made.bytes + 4, w.len - 4));
	assert_int_equal(shell(c, "openssl x509 -inform DER -in csca.cer -out csca.pem"), 0);
	assert_int_equal(shell(c, "openssl x509 -inform DER -in signer.cer -out signer.pem"), 0);
	assert_int_equal(shell(c, "openssl verify -x509_strict -CAfile csca.pem signer.pem"), 0);
	assert_int_equal(shell(c, "openssl cms -verify -inform DER -in sod.p7 -CAfile csca.pem "
				  "-purpose any -binary -out object"),
			 0);
	assert_int_equal(shell(c, "openssl cms -verify -inform DER -in security.p7 "
				  "-CAfile csca.pem -purpose any -binary -out infos"),
			 0);
	dissolve(c);
}

static void openssl_accepts_p384_p256(void **state)
{
	(void)state;
	openssl_accepts(&(struct kinds){ "P-384", "P-256" });
}

static void openssl_accepts_p521(void **state)
{
	(void)state;
	openssl_accepts(&(struct kinds){ "P-521", "P-521" });
}

static void openssl_accepts_brainpool(void **state)
{
	(void)state;
	openssl_accepts(&(struct kinds){ "brainpoolP384r1", "brainpoolP256r1" });
}

static void openssl_accepts_rsa(void **state)
{
	(void)state;
	openssl_accepts(&(struct kinds){ "RSA-3072", "RSA-2048" });
}

static void openssl_accepts_rsa_pss(void **state)
{
	(void)state;
	openssl_accepts(&(struct kinds){ "RSA-PSS-3072", "RSA-PSS-2048" });
}

static void openssl_reads_our_crl(void **state)
{
	const struct sj_revoked revoked = { SJ_SPAN_STR("\x80\x02"), 1700000000 };
	struct country *c;
	struct sj_writer w;
	struct sj_crl_plan plan;
	struct sj_crl read;
	int64_t when;

	(void)state;
	c = found("P-384", "P-256", false);
	w = SJ_WRITER_OF(c->made.bytes);
	plan = (struct sj_crl_plan){ c->csca_subject,   c->csca_public, 7, c->now,
				     c->now + 90 * DAY, &revoked,       1 };
	assert_true(sj_crl_put(&w, &plan, c->csca_key));
	assert_true(sj_crl_read(sj_written(&w), &read));
	assert_true(sj_crl_signed_by(&read, c->csca_public));
	assert_true(sj_crl_lists(&read, SJ_SPAN_STR("\x00\x80\x02"), &when));
	assert_int_equal(when, 1700000000);
	save(c, "csca.cer", span(&c->csca));
	save(c, "list.crl", sj_written(&w));
	assert_int_equal(shell(c, "openssl x509 -inform DER -in csca.cer -out csca.pem"), 0);
	assert_int_equal(shell(c, "openssl crl -inform DER -in list.crl -CAfile csca.pem "
				  "-text -out text && grep -q 'Serial Number: 8002' text && "
				  "grep -A1 'CRL Number' text | grep -qw 7"),
			 0);
	dissolve(c);
}

static void an_empty_crl_has_no_list(void **state)
{
	struct country *c;
	struct sj_writer w;
	struct sj_crl_plan plan;
	struct sj_crl read;

	(void)state;
	c = found("P-256", "P-256", false);
	w = SJ_WRITER_OF(c->made.bytes);
	plan = (struct sj_crl_plan){ c->csca_subject, c->csca_public, 1, c->now,
				     c->now + DAY,    NULL,           0 };
	assert_true(sj_crl_put(&w, &plan, c->csca_key));
	assert_true(sj_crl_read(sj_written(&w), &read));
	assert_int_equal(read.revoked.len, 0);
	assert_int_equal(read.next_update, c->now + DAY);
	dissolve(c);
}

/* --- signed objects ---------------------------------------------------------------- */

static void sod_lists_the_groups_given(void **state)
{
	struct country *c;
	struct sj_writer w;
	struct sj_sod_plan plan = { .version = 0 };
	struct sj_security_object so;
	struct sj_signed_by by;
	struct sj_span content;
	uint8_t hash[SJ_HASH_MAX];
	struct sj_cms cms;

	(void)state;
	c = found("P-256", "P-384", true);
	w = SJ_WRITER_OF(c->made.bytes);
	by = signer_of(c, &c->signer);
	plan.groups[2] = SJ_SPAN_STR("face");
	plan.groups[15] = SJ_SPAN_STR("key");
	assert_true(sj_signed_put_sod(&w, &plan, &by));
	assert_true(sj_lds_open(sj_written(&w), 0x77, &content));
	assert_true(sj_cms_parse(content, &cms));
	assert_true(sj_security_object_parse(cms.content, &so));
	assert_int_equal(so.version, 0);
	assert_int_equal(so.groups, 1u << 2 | 1u << 15);
	/* The hash of a P-384 signer. */
	assert_true(sj_hash(SJ_SHA384, &plan.groups[15], 1, hash));
	assert_true(sj_span_eq(so.hashes[15], sj_span(hash, 48)));
	plan.version = 2;
	assert_false(sj_signed_put_sod(&w, &plan, &by));
	dissolve(c);
}

static void master_list_holds_its_certificates(void **state)
{
	struct country *c;
	struct sj_writer w;
	struct sj_masterlist parsed;
	struct sj_signed_by by;
	struct sj_span certificates[2], der;
	struct sj_cms cms;
	size_t n = 0;

	(void)state;
	c = found("P-384", "P-256", true);
	w = SJ_WRITER_OF(c->made.bytes);
	by = signer_of(c, &c->list_signer);
	certificates[0] = span(&c->csca);
	certificates[1] = span(&c->csca);
	assert_true(sj_signed_put_master_list(&w, certificates, 2, span(&c->csca), &by));
	assert_true(sj_cms_parse(sj_written(&w), &cms));
	assert_true(sj_masterlist_parse(cms.content, &parsed));
	while (sj_cms_certificate(&parsed.certificates, &der) == SJ_TLV_FOUND)
		n += sj_span_eq(der, span(&c->csca));
	assert_int_equal(n, 2);
	dissolve(c);
}

/* --- DER ----------------------------------------------------------------------------- */

static void times_change_their_form_in_2050(void **state)
{
	uint8_t buffer[64];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	(void)state;
	sj_der_put_time(&w, 2524607999);
	assert_memory_equal(buffer,
			    "\x17\x0D"
			    "491231235959Z",
			    15);
	w.len = 0;
	sj_der_put_time(&w, 2524608000);
	assert_memory_equal(buffer,
			    "\x18\x0F"
			    "20500101000000Z",
			    17);
	w.len = 0;
	sj_der_put_generalized(&w, 0x80, 0);
	assert_memory_equal(buffer,
			    "\x80\x0F"
			    "19700101000000Z",
			    17);
}

static void unsigned_numbers_are_shortest_and_positive(void **state)
{
	uint8_t buffer[16];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	(void)state;
	sj_der_put_unsigned(&w, SJ_SPAN_STR("\x00\x00\x7F"));
	assert_memory_equal(buffer, "\x02\x01\x7F", 3);
	w.len = 0;
	sj_der_put_unsigned(&w, SJ_SPAN_STR("\xFF"));
	assert_memory_equal(buffer, "\x02\x02\x00\xFF", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_read_back_as_planned),
		cmocka_unit_test(list_signer_is_marked_as_one),
		cmocka_unit_test(names_need_a_country_in_capitals),
		cmocka_unit_test(a_certificate_that_does_not_fit_fails),
		cmocka_unit_test(openssl_accepts_p384_p256),
		cmocka_unit_test(openssl_accepts_p521),
		cmocka_unit_test(openssl_accepts_brainpool),
		cmocka_unit_test(openssl_accepts_rsa),
		cmocka_unit_test(openssl_accepts_rsa_pss),
		cmocka_unit_test(openssl_reads_our_crl),
		cmocka_unit_test(an_empty_crl_has_no_list),
		cmocka_unit_test(sod_lists_the_groups_given),
		cmocka_unit_test(master_list_holds_its_certificates),
		cmocka_unit_test(times_change_their_form_in_2050),
		cmocka_unit_test(unsigned_numbers_are_shortest_and_positive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
