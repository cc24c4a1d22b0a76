/* enrol.c -- new keys and their certificates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/registry.h"
#include "crypt/random.h"
#include "crypt/x509.h"

#define DAY ((int64_t)86400)
#define MONTHS_3 (92 * DAY)
#define YEAR (366 * DAY)

const char *const authority_document_types[] = { "I", "P", "ID", NULL };

/* By role; how long keys sign and certificates hold: DIRECTORY.md, "Periods". */
static const struct {
	const char *name, *title;
	enum sj_cert_kind kind;
	int64_t signs_for, holds_for;
} roles[] = {
	{ "csca", "CSCA", SJ_CERT_CSCA, 5 * YEAR, 15 * YEAR + MONTHS_3 },
	{ "signer", "Document Signer", SJ_CERT_SIGNER, MONTHS_3, 10 * YEAR + MONTHS_3 },
	{ "list-signer", "Master List Signer", SJ_CERT_LIST_SIGNER, YEAR, YEAR + MONTHS_3 },
	{ "key-ca", "Card Key CA", SJ_CERT_KEY_CA, 5 * YEAR, 16 * YEAR + MONTHS_3 },
	{ "content-signer", "Card Content Signer", SJ_CERT_CONTENT_SIGNER, YEAR, 11 * YEAR },
};

/* One certificate in the making; everything that its parts point to. */
struct enrolment {
	enum authority_role role;
	const char *key_kind;
	char name[AUTHORITY_NAME_MAX];
	unsigned number;
	struct sj_key *key;
	struct authority_signer issuer; /* empty for a self-signed CSCA */
	struct sj_cert issuer_cert; /* points into issuer.certificate */
	uint8_t serial[SJ_SERIAL_SIZE];
	uint8_t spki[SJ_EC_SPKI_MAX], subject[SJ_ISSUED_NAME_MAX];
	struct sj_cert_plan plan;
};

/* Certificates of this role so far, plus one. */
static unsigned next_number(const struct authority *a, enum authority_role role)
{
	const json_t *rows = json_object_get(a->state, "certificates");
	unsigned n = 1;
	const char *kind;
	json_t *row;
	size_t i;

	for (i = 0; (row = json_array_get(rows, i)) != NULL; i++) {
		kind = json_string_value(json_object_get(row, "kind"));
		if (kind != NULL && strcmp(kind, roles[role].name) == 0)
			n++;
	}
	return n;
}

/* A random serial: positive, 127 bits, without a leading zero byte. */
static bool make_serial(uint8_t serial[static SJ_SERIAL_SIZE])
{
	struct sj_random rnd = sj_random_system();

	if (!sj_random_fill(&rnd, serial, SJ_SERIAL_SIZE))
		return false;
	serial[0] = (uint8_t)((serial[0] & 0x7F) | 0x40);
	return true;
}

/* The subject's Name: a CSCA's stays the same through its keys. */
static bool make_subject(const struct authority *a, struct enrolment *e)
{
	struct sj_writer w = SJ_WRITER_OF(e->subject);
	char title[64];

	if (e->role == AUTHORITY_CSCA)
		snprintf(title, sizeof(title), "CSCA %s", authority_country(a));
	else
		snprintf(title, sizeof(title), "%s %s %u", roles[e->role].title,
			 authority_country(a), e->number);
	if (!sj_name_put(&w, json_string_value(json_object_get(a->state, "alpha2")),
			 json_string_value(json_object_get(a->state, "organization")), title))
		return false;
	e->plan.subject = sj_written(&w);
	return true;
}

/* Key, serial, subject and periods. */
static int prepare(struct authority *a, struct enrolment *e)
{
	struct sj_writer spki = SJ_WRITER_OF(e->spki);
	/* Everybody's programs verify the keys of cards. */
	bool explicit_form = e->role < AUTHORITY_KEY_CA &&
			     json_is_true(json_object_get(a->state, "explicit_parameters"));
	int64_t now = (int64_t)time(NULL);
	int rc = authority_key_make(a, e->name, e->key_kind, &e->key);

	if (rc != 0)
		return rc;
	if (!sj_key_put_public(e->key, explicit_form, &spki) || !make_serial(e->serial))
		return cli_fail(a->cli, SJ_CRYPTO_FAILED, "new key");
	if (!make_subject(a, e))
		return cli_fail(a->cli, SJ_INPUT_REFUSED,
				"country or organization does not make a name");
	e->plan.kind = roles[e->role].kind;
	e->plan.serial = SJ_SPAN_OF(e->serial);
	e->plan.subject_spki = sj_written(&spki);
	e->plan.not_before = now;
	e->plan.not_after = now + roles[e->role].holds_for;
	e->plan.private_until = now + roles[e->role].signs_for;
	e->plan.country = authority_country(a);
	e->plan.document_types = authority_document_types;
	return 0;
}

/* Who signs: the CA of its kind; a CA itself. */
static int set_issuer(const struct authority *a, struct enrolment *e)
{
	const enum authority_role ca =
		e->role < AUTHORITY_KEY_CA ? AUTHORITY_CSCA : AUTHORITY_KEY_CA;
	int rc;

	if (e->role == ca) {
		e->plan.issuer = e->plan.subject;
		e->plan.issuer_spki = e->plan.subject_spki;
		return 0;
	}
	rc = authority_signer_get(a, ca, &e->issuer);
	if (rc != 0)
		return rc;
	if (!sj_cert_read(sj_span(e->issuer.certificate.bytes, e->issuer.certificate.len),
			  &e->issuer_cert))
		return cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s.cer: not a certificate",
				e->issuer.name);
	e->plan.issuer = e->issuer_cert.subject;
	e->plan.issuer_spki = e->issuer_cert.spki;
	if (e->plan.not_after > e->issuer_cert.not_after)
		e->plan.not_after = e->issuer_cert.not_after;
	return 0;
}

static int add_row(struct authority *a, const struct enrolment *e, const char *name,
		   const char *kind, const char *issuer)
{
	char serial[2 * SJ_SERIAL_SIZE + 1];
	json_t *row;

	for (size_t i = 0; i < SJ_SERIAL_SIZE; i++)
		snprintf(serial + 2 * i, 3, "%02x", e->serial[i]);
	row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:n}", "name", name, "kind", kind,
			"serial", serial, "key", e->key_kind, "issuer", issuer, "not_before",
			(json_int_t)e->plan.not_before, "not_after", (json_int_t)e->plan.not_after,
			"private_until", (json_int_t)e->plan.private_until, "revoked");
	if (row == NULL ||
	    json_array_append_new(json_object_get(a->state, "certificates"), row) != 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	return 0;
}

/* Signs, writes and records the certificate that e->plan describes. */
static int certify(struct authority *a, const struct enrolment *e, const char *name,
		   const char *kind)
{
	const struct sj_key *key = e->issuer.key != NULL ? e->issuer.key : e->key;
	uint8_t der[SJ_ISSUED_CERT_MAX];
	struct sj_writer w = SJ_WRITER_OF(der);
	int rc;

	if (!sj_cert_put(&w, &e->plan, key))
		return cli_fail(a->cli, SJ_CRYPTO_FAILED, "%s: certificate", name);
	rc = authority_file_write(a, name, ".cer", sj_written(&w), 0644);
	if (rc != 0)
		return rc;
	return add_row(a, e, name, kind, e->issuer.name != NULL ? e->issuer.name : name);
}

/* The new CSCA's key under the old one (Doc 9303-12, 7.1, link certificates). */
static int certify_link(struct authority *a, struct enrolment *e)
{
	char name[AUTHORITY_NAME_MAX];
	struct sj_cert old;
	int rc;

	rc = authority_signer_get(a, AUTHORITY_CSCA, &e->issuer);
	if (rc != 0)
		return rc;
	if (!sj_cert_read(sj_span(e->issuer.certificate.bytes, e->issuer.certificate.len), &old) ||
	    !make_serial(e->serial))
		return cli_fail(a->cli, SJ_CRYPTO_FAILED, "link certificate");
	e->plan.kind = SJ_CERT_LINK;
	e->plan.issuer = old.subject;
	e->plan.issuer_spki = old.spki;
	e->plan.not_after = old.not_after;
	snprintf(name, sizeof(name), "link-%u", e->number);
	return certify(a, e, name, "link");
}

int authority_enrol(struct authority *a, enum authority_role role, const char *kind)
{
	struct enrolment e = { .role = role, .key_kind = kind };
	int rc;

	e.number = next_number(a, role);
	snprintf(e.name, sizeof(e.name), "%s-%u", roles[role].name, e.number);
	rc = prepare(a, &e);
	if (rc == 0)
		rc = set_issuer(a, &e);
	if (rc == 0)
		rc = certify(a, &e, e.name, roles[role].name);
	if (rc == 0 && role == AUTHORITY_CSCA && e.number > 1)
		rc = certify_link(a, &e);
	if (rc == 0)
		rc = authority_set_current(a, role, e.name);
	authority_signer_free(&e.issuer);
	sj_key_free(e.key);
	return rc;
}
