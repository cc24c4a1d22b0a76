#include "authority/crl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "authority/register.h"
#include "authority/signatures.h"
#include "crypt/x509.h"
#include "trust/status_build.h"
#include "wire/hex.h"

#define OUT_MAX (1u << 20) /* what a trust store takes */

static bool is_kind(const json_t *row, const char *kind)
{
	const char *text = json_string_value(json_object_get(row, "kind"));

	return text != NULL && strcmp(text, kind) == 0;
}

static bool is_ca(const json_t *row)
{
	return is_kind(row, "csca") || is_kind(row, "link") || is_kind(row, "key-ca");
}

/* Under the CSCAs, or under the key CAs. */
static bool is_under(const json_t *row, enum authority_role ca)
{
	return (is_kind(row, "key-ca") || is_kind(row, "content-signer")) ==
	       (ca == AUTHORITY_KEY_CA);
}

/* --- revoking ---------------------------------------------------------------------- */

static json_t *find_serial(const struct authority *a, const char *serial)
{
	const json_t *rows = json_object_get(a->state, "certificates");
	const char *have;
	json_t *row;

	for (size_t i = 0; (row = json_array_get(rows, i)) != NULL; i++) {
		have = json_string_value(json_object_get(row, "serial"));
		if (have != NULL && strcasecmp(have, serial) == 0)
			return row;
	}
	return NULL;
}

int crl_mark(struct authority *a, enum authority_role ca)
{
	const char *serial;
	json_t *row;

	for (size_t i = 0; (serial = cli_value_at(a->cli, "revoke", i)) != NULL; i++) {
		row = find_serial(a, serial);
		if (row == NULL)
			return cli_fail(a->cli, SJ_INPUT_REFUSED,
					"%s: no certificate of this authority", serial);
		if (is_ca(row))
			return cli_fail(a->cli, SJ_INPUT_REFUSED,
					"%s: a CA is not revoked by itself", serial);
		if (!is_under(row, ca))
			return cli_fail(a->cli, SJ_INPUT_REFUSED, "%s: is for `authority %s`",
					serial, ca == AUTHORITY_KEY_CA ? "crl" : "key crl");
		if (json_is_integer(json_object_get(row, "revoked")))
			continue;
		if (json_object_set_new(row, "revoked", json_integer((json_int_t)time(NULL))) != 0)
			return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	}
	return 0;
}

/* --- what is on a list ---------------------------------------------------------------- */

struct entry {
	uint8_t serial[SJ_SERIAL_SIZE];
	size_t len;
	int64_t when;
};

struct gathering {
	const struct authority *a;
	enum authority_role role; /* of the CA */
	struct entry *list;
	size_t n, cap;
	const char *ca; /* its name */
	int64_t now;
};

static int add(struct gathering *g, struct sj_span serial, int64_t when)
{
	if (g->n == g->cap) {
		const size_t cap = g->cap > 0 ? 2 * g->cap : 64;
		struct entry *list = realloc(g->list, cap * sizeof(*list));

		if (list == NULL)
			return cli_fail(g->a->cli, SJ_NO_MEMORY, NULL);
		g->list = list;
		g->cap = cap;
	}
	memcpy(g->list[g->n].serial, serial.ptr, serial.len);
	g->list[g->n].len = serial.len;
	g->list[g->n++].when = when;
	return 0;
}

/* The authority's own certificates. */
static int gather_signers(struct gathering *g)
{
	const json_t *rows = json_object_get(g->a->state, "certificates");
	const char *serial;
	json_t *row, *when;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (row = json_array_get(rows, i)) != NULL; i++) {
		uint8_t bytes[SJ_SERIAL_SIZE];
		struct sj_writer w = SJ_WRITER_OF(bytes);

		when = json_object_get(row, "revoked");
		serial = json_string_value(json_object_get(row, "serial"));
		if (!json_is_integer(when) || !is_under(row, g->role))
			continue;
		if (serial == NULL || !sj_hex_read(serial, strlen(serial), &w))
			return cli_fail(g->a->cli, SJ_INPUT_MALFORMED, "registry.json: a serial");
		rc = add(g, sj_written(&w), json_integer_value(when));
	}
	return rc;
}

/* A certificate of a card that is revoked or suspended. */
static int gather_card(void *user, const char *issuer, struct sj_span serial, int64_t when)
{
	struct gathering *g = user;

	if (strcmp(issuer, g->ca) != 0 || serial.len > SJ_SERIAL_SIZE)
		return 0;
	return add(g, serial, when);
}

static int gather_cards(struct gathering *g)
{
	struct holder_register *r = NULL;
	int rc = register_open(g->a, &r);

	if (rc == 0)
		rc = register_bad_certificates(r, g->now, gather_card, g);
	register_close(r);
	return rc;
}

/* --- the list --------------------------------------------------------------------------- */

/* A key CA of this name, whatever its time to sign is: its list is needed to the end. */
static int read_key_ca(const struct authority *a, const char *name, struct authority_signer *out)
{
	int rc = authority_certificate_read(a, name, &out->certificate);

	out->name = name;
	return rc != 0 ? rc : authority_key_read(a, name, &out->key);
}

static int sign(const struct authority *a, const struct gathering *g, const char *ca,
		const struct sj_crl_plan *base, struct sj_writer *w)
{
	struct authority_signer signer = { NULL, NULL, { NULL, 0 } };
	struct sj_revoked *revoked = calloc(g->n + 1, sizeof(*revoked));
	struct sj_crl_plan plan = *base;
	struct sj_cert cert;
	int rc = revoked != NULL ? 0 : cli_fail(a->cli, SJ_NO_MEMORY, NULL);

	if (rc == 0)
		rc = g->role == AUTHORITY_KEY_CA ? read_key_ca(a, ca, &signer)
						 : authority_signer_get(a, g->role, &signer);
	if (rc == 0 &&
	    !sj_cert_read(sj_span(signer.certificate.bytes, signer.certificate.len), &cert))
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s.cer: not a certificate", ca);
	if (rc != 0 || revoked == NULL)
		goto out;
	for (size_t i = 0; i < g->n; i++)
		revoked[i] = (struct sj_revoked){ sj_span(g->list[i].serial, g->list[i].len),
						  g->list[i].when };
	plan.issuer = cert.subject;
	plan.issuer_spki = cert.spki;
	plan.revoked = revoked;
	plan.revoked_count = g->n;
	signatures_for(a, "CRL");
	if (!sj_crl_put(w, &plan, signer.key))
		rc = w->failed ? cli_fail(a->cli, SJ_INPUT_REFUSED,
					  "%zu revoked certificates are too many for a CRL", g->n)
			       : cli_fail(a->cli, SJ_CRYPTO_FAILED, "CRL");
out:
	signatures_for(a, NULL);
	authority_signer_free(&signer);
	free(revoked);
	return rc;
}

int crl_make(struct authority *a, const struct crl_wanted *wanted, uint8_t **bytes, size_t *len,
	     size_t *n)
{
	struct gathering g = {
		.a = a, .role = wanted->role, .ca = wanted->ca, .now = (int64_t)time(NULL)
	};
	const struct sj_crl_plan base = {
		.number = (uint32_t)json_integer_value(json_object_get(a->state, "crl_number")) + 1,
		.this_update = g.now,
		.next_update = g.now + (int64_t)wanted->days * 86400,
	};
	struct sj_writer w = sj_writer(malloc(OUT_MAX), OUT_MAX);
	int rc = w.ptr != NULL ? 0 : cli_fail(a->cli, SJ_NO_MEMORY, NULL);

	if (rc == 0)
		rc = gather_signers(&g);
	if (rc == 0 && wanted->role == AUTHORITY_KEY_CA && wanted->cards)
		rc = gather_cards(&g);
	if (rc == 0)
		rc = sign(a, &g, wanted->ca, &base, &w);
	if (rc == 0 &&
	    json_object_set_new(a->state, "crl_number", json_integer((json_int_t)base.number)) != 0)
		rc = cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	*bytes = w.ptr;
	*len = w.len;
	*n = g.n;
	free(g.list);
	return rc;
}

int crl_write(struct authority *a, enum authority_role role, const char *ca, unsigned long days)
{
	const struct crl_wanted wanted = { role, ca, days, true };
	const char *out = cli_value(a->cli, "out");
	uint8_t *bytes = NULL;
	size_t len = 0, n = 0;
	int rc = out != NULL ? 0 : cli_usage(a->cli, "--out FILE is needed");

	if (rc == 0)
		rc = crl_make(a, &wanted, &bytes, &len, &n);
	/* First the registry: a number may be lost, never given twice. */
	if (rc == 0)
		rc = authority_save(a);
	if (rc == 0)
		rc = cli_file_write(a->cli, out, bytes, len, 0644);
	if (rc == 0)
		cli_note(a->cli, "%s: %zu revoked", out, n);
	free(bytes);
	return rc;
}
