/* SignedData that differ from an honest one in one thing each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority/cert.h"
#include "trust/signed.h"
#include "wire/std/icao9303.h"
#include "wire/std/rfc5652.h"

#define NOW INT64_C(1790000000)
#define CONTENT SJ_SPAN_STR("what is signed")
#define SHA256 SJ_SPAN_STR("\x30\x0B\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01")
#define SHA384 SJ_SPAN_STR("\x30\x0B\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02")

struct signer {
	struct sj_key *key;
	uint8_t der[2304], name[256];
	struct sj_span certificate;
	struct sj_cert cert;
};

/* What is done differently; all zero but `attributes`: an honest one. */
struct recipe {
	const char *attributes; /* letters of put_attributes() */
	unsigned more_signers;
	bool no_signer, other_serial, other_digest;
	const struct signer *before; /* its certificate stands first */
};

static void signer_make(struct signer *s)
{
	static const uint8_t serial[] = { 0x40, 7 };
	static const char *const types[] = { "P", NULL };
	uint8_t spki[128];
	struct sj_writer w = SJ_WRITER_OF(s->der), n = SJ_WRITER_OF(s->name),
			 k = SJ_WRITER_OF(spki);
	struct sj_cert_plan plan = { .kind = SJ_CERT_SIGNER,
				     .serial = SJ_SPAN_OF(serial),
				     .not_before = NOW,
				     .not_after = NOW + 1000,
				     .private_until = NOW + 1000,
				     .country = "UTO",
				     .document_types = types };

	s->key = sj_key_generate("P-256");
	assert_non_null(s->key);
	assert_true(sj_name_put(&n, "UT", NULL, "Signer"));
	assert_true(sj_key_put_public(s->key, false, &k));
	plan.issuer = plan.subject = sj_written(&n);
	plan.issuer_spki = plan.subject_spki = sj_written(&k);
	assert_true(sj_cert_put(&w, &plan, s->key));
	s->certificate = sj_written(&w);
	assert_true(sj_cert_read(s->certificate, &s->cert));
}

static void put_attribute(struct sj_writer *w, struct sj_span type, uint32_t tag,
			  struct sj_span value, unsigned values)
{
	size_t at = sj_tlv_open(w), set;

	sj_tlv_put(w, SJ_ASN1_OID, type);
	set = sj_tlv_open(w);
	while (values-- > 0)
		sj_tlv_put(w, tag, value);
	sj_tlv_close(w, SJ_ASN1_SET, set);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

/* c content type, x another, d digest, y another, 2 the digest twice in one attribute. */
static void put_attributes(struct sj_writer *w, const char *letters)
{
	const struct sj_span content = CONTENT;
	uint8_t digest[SJ_HASH_MAX];
	size_t at = sj_tlv_open(w);

	assert_true(sj_hash(SJ_SHA256, &content, 1, digest));
	for (; *letters; letters++) {
		if (*letters == 'y')
			digest[31] ^= 1;
		if (*letters == 'c' || *letters == 'x')
			put_attribute(w, SJ_OID_ATTR_CONTENT_TYPE, SJ_ASN1_OID,
				      *letters == 'c' ? SJ_OID_ICAO_LDS_SECURITY_OBJECT
						      : SJ_OID_ICAO_MASTER_LIST,
				      1);
		else
			put_attribute(w, SJ_OID_ATTR_MESSAGE_DIGEST, SJ_ASN1_OCTET_STRING,
				      sj_span(digest, 32), *letters == '2' ? 2 : 1);
	}
	sj_tlv_close(w, SJ_ASN1_SET, at);
}

static void put_signer(struct sj_writer *w, const struct recipe *r, const struct signer *s)
{
	uint8_t attributes[512], algorithm[32], signature[128];
	struct sj_writer a = SJ_WRITER_OF(attributes), g = SJ_WRITER_OF(algorithm),
			 v = SJ_WRITER_OF(signature);
	size_t at = sj_tlv_open(w), id;

	put_attributes(&a, r->attributes);
	assert_true(sj_key_sign(s->key, sj_written(&a), &g, &v));
	sj_der_put_small(w, 1);
	id = sj_tlv_open(w);
	sj_put(w, s->cert.issuer);
	sj_tlv_put(w, SJ_ASN1_INTEGER, r->other_serial ? SJ_SPAN_STR("\x41") : s->cert.serial);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, id);
	sj_put(w, r->other_digest ? SHA384 : SHA256);
	if (r->attributes[0]) {
		attributes[0] = SJ_ASN1_CONTEXT(0);
		sj_put(w, sj_written(&a));
	}
	sj_put(w, sj_written(&g));
	sj_tlv_put(w, SJ_ASN1_OCTET_STRING, sj_written(&v));
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

static void put_content(struct sj_writer *w)
{
	size_t at = sj_tlv_open(w), inner;

	sj_tlv_put(w, SJ_ASN1_OID, SJ_OID_ICAO_LDS_SECURITY_OBJECT);
	inner = sj_tlv_open(w);
	sj_tlv_put(w, SJ_ASN1_OCTET_STRING, CONTENT);
	sj_tlv_close(w, SJ_ASN1_CONTEXT(0), inner);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

static enum sj_signed_rc open_it(const struct recipe *r, const struct signer *s)
{
	uint8_t *bytes = malloc(8192);
	struct sj_writer w = sj_writer(bytes, 8192);
	size_t info = sj_tlv_open(&w), outer, data, set;
	struct sj_signed out;
	enum sj_signed_rc rc;

	assert_non_null(bytes);
	sj_tlv_put(&w, SJ_ASN1_OID, SJ_OID_SIGNED_DATA);
	outer = sj_tlv_open(&w);
	data = sj_tlv_open(&w);
	sj_der_put_small(&w, 3);
	sj_tlv_put(&w, SJ_ASN1_SET, SHA256);
	put_content(&w);
	set = sj_tlv_open(&w);
	if (r->before)
		sj_put(&w, r->before->certificate);
	sj_put(&w, s->certificate);
	sj_tlv_close(&w, SJ_ASN1_CONTEXT(0), set);
	set = sj_tlv_open(&w);
	for (unsigned i = 0; i < r->more_signers + !r->no_signer; i++)
		put_signer(&w, r, s);
	sj_tlv_close(&w, SJ_ASN1_SET, set);
	sj_tlv_close(&w, SJ_ASN1_SEQUENCE, data);
	sj_tlv_close(&w, SJ_ASN1_CONTEXT(0), outer);
	sj_tlv_close(&w, SJ_ASN1_SEQUENCE, info);
	assert_false(w.failed);
	rc = sj_signed_open(sj_written(&w), SJ_OID_ICAO_LDS_SECURITY_OBJECT, &out);
	sj_signed_close(&out);
	free(bytes);
	return rc;
}

static void assert_opens(const struct recipe *r, const struct signer *s, enum sj_signed_rc expected)
{
	assert_string_equal(sj_signed_text(open_it(r, s)), sj_signed_text(expected));
}

static void attributes(void **state)
{
	static const struct {
		const char *letters;
		enum sj_signed_rc rc;
	} rows[] = {
		{ "cd", SJ_SIGNED_OK },         { "dc", SJ_SIGNED_OK },
		{ "c", SJ_SIGNED_MALFORMED },   { "d", SJ_SIGNED_MALFORMED },
		{ "", SJ_SIGNED_MALFORMED },    { "ccd", SJ_SIGNED_MALFORMED },
		{ "cdd", SJ_SIGNED_MALFORMED }, { "cyd", SJ_SIGNED_MALFORMED },
		{ "c2", SJ_SIGNED_MALFORMED },  { "xd", SJ_SIGNED_TYPE },
		{ "xcd", SJ_SIGNED_MALFORMED }, { "cy", SJ_SIGNED_DIGEST },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_opens(&(struct recipe){ .attributes = rows[i].letters }, *state, rows[i].rc);
}

static void signers(void **state)
{
	assert_opens(&(struct recipe){ .attributes = "cd", .no_signer = true }, *state,
		     SJ_SIGNED_MALFORMED);
	assert_opens(&(struct recipe){ .attributes = "cd", .more_signers = 1 }, *state,
		     SJ_SIGNED_MALFORMED);
	assert_opens(&(struct recipe){ .attributes = "cd", .other_serial = true }, *state,
		     SJ_SIGNED_NO_CERTIFICATE);
}

/* The digest must be one of the algorithm that the signer names. */
static void digest_of_another_algorithm(void **state)
{
	assert_opens(&(struct recipe){ .attributes = "cd", .other_digest = true }, *state,
		     SJ_SIGNED_DIGEST);
}

/* Two certificates that the signer identifier fits: the one that is judged is the one used. */
static void a_namesake(void **state)
{
	struct signer *other = calloc(1, sizeof(*other));

	assert_non_null(other);
	signer_make(other);
	assert_opens(&(struct recipe){ .attributes = "cd", .before = other }, *state,
		     SJ_SIGNED_SIGNATURE);
	sj_key_free(other->key);
	free(other);
}

static int make(void **state)
{
	struct signer *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	signer_make(s);
	*state = s;
	return 0;
}

static int unmake(void **state)
{
	sj_key_free(((struct signer *)*state)->key);
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes),
		cmocka_unit_test(signers),
		cmocka_unit_test(digest_of_another_algorithm),
		cmocka_unit_test(a_namesake),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
