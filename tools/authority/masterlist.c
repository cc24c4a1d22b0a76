#include "authority/masterlist.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/signed.h"
#include "crypt/x509.h"

#define OUT_MAX (1u << 20)
#define CERTIFICATES_MAX 1024u

static bool row_is(const json_t *row, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text != NULL && strcmp(text, value) == 0;
}

/* The certificates of a list in the making. */
struct collection {
	struct authority_certificate items[CERTIFICATES_MAX];
	struct sj_span spans[CERTIFICATES_MAX];
	size_t n;
};

static int collect(struct cli *cli, struct collection *c, const struct authority_certificate *item,
		   const char *name)
{
	struct sj_cert cert;

	if (c->n == CERTIFICATES_MAX)
		return cli_fail(cli, SJ_INPUT_REFUSED, "more than %u certificates",
				CERTIFICATES_MAX);
	c->items[c->n] = *item;
	c->spans[c->n] = sj_span(item->bytes, item->len);
	if (!sj_cert_read(c->spans[c->n++], &cert) || !cert.is_ca)
		return cli_fail(cli, SJ_INPUT_MALFORMED, "%s: not a CSCA certificate", name);
	return 0;
}

static int collect_own(const struct authority *a, struct collection *c)
{
	struct authority_certificate item;
	const char *name;
	json_t *row;
	size_t i;
	int rc = 0;

	for (i = 0; (row = json_array_get(json_object_get(a->state, "certificates"), i)) != NULL;
	     i++) {
		if (!row_is(row, "kind", "csca") && !row_is(row, "kind", "link"))
			continue;
		name = json_string_value(json_object_get(row, "name"));
		rc = authority_certificate_read(a, name, &item);
		if (rc == 0)
			rc = collect(a->cli, c, &item, name);
		if (rc != 0)
			break;
	}
	return rc;
}

static int collect_others(struct cli *cli, struct collection *c)
{
	struct authority_certificate item;
	const char *path;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (path = cli_value_at(cli, "add", i)) != NULL; i++) {
		rc = cli_file_read(cli, path, SJ_CERT_MAX, &item.bytes, &item.len);
		if (rc == 0)
			rc = collect(cli, c, &item, path);
	}
	return rc;
}

/* A list signer that may sign now: the present one or a new one. */
static int list_signer(struct authority *a, struct authority_signer *out)
{
	const char *name = authority_current(a, AUTHORITY_LIST_SIGNER);
	const json_t *row = name == NULL ? NULL : authority_row(a, name);
	json_int_t until = json_integer_value(json_object_get(row, "private_until"));
	int rc = 0;

	if (until < (json_int_t)time(NULL)) {
		rc = authority_enrol(a, AUTHORITY_LIST_SIGNER, "P-256");
		if (rc == 0)
			rc = authority_save(a);
	}
	return rc != 0 ? rc : authority_signer_get(a, AUTHORITY_LIST_SIGNER, out);
}

static int sign(struct authority *a, const struct collection *c, struct sj_writer *w)
{
	struct authority_signer signer = { NULL, NULL, { NULL, 0 } };
	struct authority_certificate csca = { NULL, 0 };
	struct sj_signed_by by;
	const char *issuer;
	int rc = list_signer(a, &signer);

	if (rc != 0)
		goto out;
	issuer = json_string_value(json_object_get(authority_row(a, signer.name), "issuer"));
	rc = authority_certificate_read(a, issuer, &csca);
	if (rc != 0)
		goto out;
	by = (struct sj_signed_by){ signer.key,
				    sj_span(signer.certificate.bytes, signer.certificate.len),
				    (int64_t)time(NULL) };
	if (!sj_signed_put_master_list(w, c->spans, c->n, sj_span(csca.bytes, csca.len), &by))
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "master list");
out:
	authority_signer_free(&signer);
	authority_certificate_free(&csca);
	return rc;
}

int masterlist_make(struct authority *a, uint8_t **bytes, size_t *len, size_t *n)
{
	struct collection *c = calloc(1, sizeof(*c));
	struct sj_writer w = sj_writer(malloc(OUT_MAX), OUT_MAX);
	int rc;

	if (c == NULL || w.ptr == NULL)
		rc = cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	else
		rc = collect_own(a, c);
	if (rc == 0 && c != NULL)
		rc = collect_others(a->cli, c);
	if (rc == 0 && c != NULL)
		rc = sign(a, c, &w);
	for (size_t i = 0; c != NULL && i < c->n; i++)
		authority_certificate_free(&c->items[i]);
	*n = c != NULL ? c->n : 0;
	*bytes = w.ptr;
	*len = w.len;
	free(c);
	return rc;
}
