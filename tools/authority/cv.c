#include "authority/cv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/cvrights.h"

#define SUFFIX ".cvcert"
#define DAY 86400
#define YEAR 366u /* days */

/* By enum cv_kind; in days: DIRECTORY.md, "Periods". */
static const struct {
	const char *name, *mnemonic;
	unsigned signs_for, holds_for;
} kinds[] = {
	{ "cvca", "CVCA", 2 * YEAR, 3 * YEAR },
	{ "cvca-link", NULL, 2 * YEAR, 3 * YEAR },
	{ "dv", "DV", 61, 92 },
	{ "foreign-dv", NULL, 61, 92 },
};

static const char *const types[] = { "?", "is", "at", "st" };

enum sj_cvc_terminal cv_type(const struct cli *cli)
{
	const char *text = cli_value(cli, "type");
	enum sj_cvc_terminal type = SJ_CVC_INSPECTION;

	if (text == NULL)
		return SJ_CVC_AUTHENTICATION;
	while (type < SJ_CVC_SIGNATURE && strcmp(types[type], text) != 0)
		type++;
	return type;
}

const char *cv_type_name(enum sj_cvc_terminal type)
{
	return types[type];
}

/* --- the registry's rows ----------------------------------------------------------- */

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text != NULL ? text : "";
}

static bool is_kind(const json_t *row, enum cv_kind kind)
{
	return strcmp(text_of(row, "kind"), kinds[kind].name) == 0;
}

static bool is_of(const json_t *row, enum cv_kind kind, enum sj_cvc_terminal type)
{
	return is_kind(row, kind) && strcmp(text_of(row, "terminals"), types[type]) == 0;
}

/* One that can be renewed; one that is over is as if it were not there. */
static const json_t *alive(const json_t *row)
{
	const json_int_t end = json_integer_value(json_object_get(row, "not_after"));

	return row != NULL && end >= (json_int_t)time(NULL) ? row : NULL;
}

/* The newest row of this kind and how many there are; NULL: none. */
static const json_t *newest(const struct authority *a, enum cv_kind kind, enum sj_cvc_terminal type,
			    unsigned *count)
{
	const json_t *rows = json_object_get(a->state, "cv"), *row, *found = NULL;

	*count = 0;
	for (size_t i = 0; (row = json_array_get(rows, i)) != NULL; i++) {
		if (is_of(row, kind, type)) {
			found = row;
			(*count)++;
		}
	}
	return found;
}

/* The row whose `key` has this text. */
static const json_t *row_with(const struct authority *a, const char *key, struct sj_span text)
{
	const json_t *rows = json_object_get(a->state, "cv"), *row;
	const char *value;

	for (size_t i = json_array_size(rows); i > 0; i--) {
		row = json_array_get(rows, i - 1);
		value = text_of(row, key);
		if (sj_span_eq(sj_span((const uint8_t *)value, strlen(value)), text))
			return row;
	}
	return NULL;
}

static const json_t *row_named(const struct authority *a, const char *name)
{
	return row_with(a, "name", sj_span((const uint8_t *)name, strlen(name)));
}

bool cv_has_key(const json_t *row)
{
	return is_kind(row, CV_CVCA) || is_kind(row, CV_DV);
}

const json_t *cv_row_at(const struct authority *a, size_t i, bool *current)
{
	const json_t *rows = json_object_get(a->state, "cv"), *row = json_array_get(rows, i),
		     *later;
	const char *kind = text_of(row, "kind");

	*current = cv_has_key(row);
	while (*current && (later = json_array_get(rows, ++i)) != NULL)
		*current = strcmp(text_of(later, "kind"), kind) != 0 ||
			   strcmp(text_of(later, "terminals"), text_of(row, "terminals")) != 0;
	return row;
}

/* Writes DIR/<name>.cvcert and its row. */
static int record(struct authority *a, enum cv_kind kind, const char *name, const char *issuer,
		  const struct sj_cvc *c)
{
	json_t *rows = json_object_get(a->state, "cv"), *row;
	int rc = authority_file_write(a, name, SUFFIX, c->element, 0644);

	if (rc != 0)
		return rc;
	if (rows == NULL) {
		rows = json_array();
		if (json_object_set_new(a->state, "cv", rows) != 0)
			return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	}
	row = json_pack("{s:s, s:s, s:s, s:s, s:s%, s:s, s:I, s:I, s:I}", "name", name, "kind",
			kinds[kind].name, "terminals", types[c->rights.terminal], "key",
			sj_curve_name(c->key.curve), "holder", (const char *)c->holder.ptr,
			c->holder.len, "issuer", issuer, "not_before", (json_int_t)c->from,
			"not_after", (json_int_t)c->until + DAY - 1, "private_until",
			(json_int_t)c->from + (json_int_t)kinds[kind].signs_for * DAY - 1);
	if (row == NULL || json_array_append_new(rows, row) != 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	return 0;
}

/* --- who signs ------------------------------------------------------------------------- */

static int read_certificate(const struct authority *a, const char *name,
			    struct authority_certificate *out)
{
	return authority_file_read(a, name, SUFFIX, SJ_CVC_MAX, &out->bytes, &out->len);
}

/* The chain up to the certificate of this row, which is a CVCA's or a DV's. */
static int read_chain(const struct authority *a, const json_t *row, struct cv_issuer *out)
{
	const char *name = text_of(row, "name"), *issuer = text_of(row, "issuer");
	const bool is_ca = strcmp(name, issuer) == 0;
	enum sj_cv_fault fault;
	int rc = read_certificate(a, name, &out->own);

	if (rc == 0 && !is_ca)
		rc = read_certificate(a, issuer, &out->ca);
	if (rc != 0)
		return rc;
	fault = sj_cv_begin(is_ca ? sj_span(out->own.bytes, out->own.len)
				  : sj_span(out->ca.bytes, out->ca.len),
			    &out->end);
	if (fault == SJ_CV_GOOD && !is_ca)
		fault = sj_cv_step(&out->end, sj_span(out->own.bytes, out->own.len));
	if (fault != SJ_CV_GOOD)
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s/%s" SUFFIX ": %s", a->directory, name,
			      sj_cv_fault_text(fault));
	return rc;
}

/* Nobody could verify what a key signs that is not the certificate's. */
static int read_key(const struct authority *a, struct cv_issuer *out)
{
	struct sj_ec_point point;
	struct sj_cvc_key key;
	int rc = authority_key_read(a, out->name, &out->key);

	if (rc == 0 &&
	    (!sj_cvc_key_of(out->key, &point, &key) || key.curve != out->end.cvc.key.curve ||
	     !sj_span_eq(key.point, out->end.cvc.key.point)))
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED,
			      "%s/%s" SUFFIX ": not a certificate of %s.key", a->directory,
			      out->name, out->name);
	return rc;
}

int cv_issuer_get(const struct authority *a, enum cv_kind kind, enum sj_cvc_terminal type,
		  struct cv_issuer *out)
{
	const char *noun = kinds[kind].name;
	const json_t *row;
	unsigned count;
	int rc;

	*out = (struct cv_issuer){ .key = NULL };
	row = newest(a, kind, type, &count);
	if (row == NULL)
		return cli_fail(a->cli, SJ_INPUT_REFUSED,
				"%s: no %s for terminals of type %s; make it with `authority %s "
				"init --type %s`",
				a->directory, noun, types[type], noun, types[type]);
	out->name = text_of(row, "name");
	if (json_integer_value(json_object_get(row, "private_until")) < (json_int_t)time(NULL))
		return cli_fail(a->cli, SJ_INPUT_REFUSED,
				"%s: its time to sign is over; make the next with `authority %s "
				"renew --type %s`",
				out->name, noun, types[type]);
	rc = read_chain(a, row, out);
	return rc != 0 ? rc : read_key(a, out);
}

int cv_chain_find(const struct authority *a, struct sj_span holder, struct cv_issuer *out)
{
	const json_t *row = row_with(a, "holder", holder);

	*out = (struct cv_issuer){ .name = text_of(row, "name") };
	if (row == NULL)
		return cli_fail(a->cli, SJ_INPUT_REFUSED, "%.*s: not a CVCA or DV of ours",
				(int)holder.len, (const char *)holder.ptr);
	return read_chain(a, row, out);
}

void cv_issuer_free(struct cv_issuer *issuer)
{
	sj_key_free(issuer->key);
	authority_certificate_free(&issuer->ca);
	authority_certificate_free(&issuer->own);
	issuer->key = NULL;
}

int cv_each(const struct authority *a, enum cv_kind kind, enum sj_cvc_terminal type,
	    int (*found)(void *user, const char *name, struct sj_span certificate), void *user)
{
	const json_t *rows = json_object_get(a->state, "cv"), *row;
	struct authority_certificate c;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (row = json_array_get(rows, i)) != NULL; i++) {
		if (!is_of(row, kind, type) || alive(row) == NULL)
			continue;
		c.bytes = NULL;
		rc = read_certificate(a, text_of(row, "name"), &c);
		if (rc == 0)
			rc = found(user, text_of(row, "name"), sj_span(c.bytes, c.len));
		free(c.bytes);
	}
	return rc;
}

/* --- making ------------------------------------------------------------------------------ */

void cv_set_days(struct sj_cvc *plan, unsigned long days, const struct sj_cvc *issuer)
{
	plan->from = (int64_t)time(NULL) / DAY * DAY;
	plan->until = plan->from + ((int64_t)days - 1) * DAY;
	if (issuer != NULL && plan->until > issuer->until)
		plan->until = issuer->until;
}

/* Signs the plan by `by` (a CVCA: itself), keeps and records it. */
static int certify(struct authority *a, enum cv_kind kind, const char *name,
		   const struct sj_cvc *plan, const struct sj_key *key, const char *issuer)
{
	uint8_t bytes[SJ_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_cvc made;

	if (!sj_cvc_put(&w, plan, key) || !sj_cvc_read(sj_written(&w), &made))
		return cli_fail(a->cli, SJ_CRYPTO_FAILED, "%s: certificate", name);
	made.key.curve = plan->key.curve;
	return record(a, kind, name, issuer, &made);
}

/* The key of the new CVCA under the one before, whose certificate must still hold. */
static int certify_link(struct authority *a, const json_t *before, unsigned number,
			const struct sj_cvc *self)
{
	struct cv_issuer old = { .name = text_of(before, "name") };
	struct sj_cvc plan = *self;
	char name[AUTHORITY_NAME_MAX];
	int rc = read_chain(a, before, &old);

	snprintf(name, sizeof(name), "cvca-link-%s-%u", types[self->rights.terminal], number);
	if (rc == 0 && !sj_cvc_valid_at(&old.end.cvc, plan.from))
		rc = cli_fail(a->cli, SJ_INPUT_REFUSED,
			      "%s: its time is over, no link can be made from it; begin anew "
			      "with `authority cvca init`",
			      old.name);
	if (rc == 0)
		rc = read_key(a, &old);
	plan.authority = old.end.cvc.holder;
	if (rc == 0)
		rc = certify(a, CV_LINK, name, &plan, old.key, old.name);
	cv_issuer_free(&old);
	return rc;
}

/* A CVCA with all rights, or a DV with those that rows can be given. */
static struct sj_cvc_rights rights_of(enum cv_kind kind, enum sj_cvc_terminal type)
{
	struct sj_cvc_rights rights = kind == CV_CVCA ? sj_cvc_all_rights(type, SJ_CVC_CVCA)
						      : cv_rights_of_all_rows(type);

	sj_cvc_set_role(&rights, kind == CV_CVCA ? SJ_CVC_CVCA : SJ_CVC_DV_DOMESTIC);
	return rights;
}

/* "UTCVCAAT00002" */
static bool reference_put(const struct authority *a, enum cv_kind kind, enum sj_cvc_terminal type,
			  unsigned number, char out[static SJ_CVC_REFERENCE_MAX + 1])
{
	static const char *const capitals[] = { "", "IS", "AT", "ST" };
	const int n =
		snprintf(out, SJ_CVC_REFERENCE_MAX + 1, "%s%s%s%05u", text_of(a->state, "alpha2"),
			 kinds[kind].mnemonic, capitals[type], number);

	return n > 0 && sj_cvc_is_reference(sj_span((const uint8_t *)out, (size_t)n));
}

static int check_first(const struct authority *a, enum cv_kind kind, enum sj_cvc_terminal type,
		       bool first, const json_t *present)
{
	const char *noun = kinds[kind].name;

	/* A DV that is over has a successor all the same. */
	if (first && present != NULL && (kind == CV_DV || alive(present) != NULL))
		return cli_fail(a->cli, SJ_INPUT_REFUSED,
				"%s: has a %s of type %s; the next one: `authority %s renew`",
				a->directory, noun, types[type], noun);
	if (!first && present == NULL)
		return cli_fail(a->cli, SJ_INPUT_REFUSED,
				"%s: has no %s of type %s; the first one: `authority %s init`",
				a->directory, noun, types[type], noun);
	return 0;
}

/* What a new CVCA or DV is made from. */
struct enrolment {
	enum cv_kind kind;
	enum sj_cvc_terminal type;
	unsigned number;
	char name[AUTHORITY_NAME_MAX], reference[SJ_CVC_REFERENCE_MAX + 1];
	struct cv_issuer issuer; /* of a DV */
	struct sj_key *key;
	struct sj_ec_point point;
	struct sj_cvc plan;
};

static int prepare(struct authority *a, struct enrolment *e, const char *key_kind)
{
	int rc = 0;

	snprintf(e->name, sizeof(e->name), "%s-%s-%u", kinds[e->kind].name, types[e->type],
		 e->number);
	if (!reference_put(a, e->kind, e->type, e->number, e->reference))
		return cli_fail(a->cli, SJ_INPUT_REFUSED, "%s: makes no holder reference", e->name);
	if (e->kind == CV_DV) {
		rc = cv_issuer_get(a, CV_CVCA, e->type, &e->issuer);
		key_kind = sj_curve_name(e->issuer.end.cvc.key.curve);
	}
	if (rc == 0)
		rc = authority_key_make(a, e->name, key_kind, &e->key);
	if (rc == 0 && !sj_cvc_key_of(e->key, &e->point, &e->plan.key))
		rc = cli_usage(a->cli, "%s: not a key on an elliptic curve", key_kind);
	e->plan.holder = sj_span((const uint8_t *)e->reference, strlen(e->reference));
	e->plan.authority = e->kind == CV_DV ? e->issuer.end.cvc.holder : e->plan.holder;
	e->plan.rights = rights_of(e->kind, e->type);
	cv_set_days(&e->plan, kinds[e->kind].holds_for,
		    e->kind == CV_DV ? &e->issuer.end.cvc : NULL);
	return rc;
}

int cv_enrol(struct authority *a, enum cv_kind kind, enum sj_cvc_terminal type, bool first,
	     const char *key_kind, const char **name)
{
	struct enrolment e = { .kind = kind, .type = type };
	const json_t *present = newest(a, kind, type, &e.number);
	int rc = check_first(a, kind, type, first, present);

	e.number++;
	if (key_kind == NULL)
		key_kind = present != NULL ? text_of(present, "key") : "P-256";
	if (rc == 0)
		rc = prepare(a, &e, key_kind);
	if (rc == 0)
		rc = certify(a, kind, e.name, &e.plan, kind == CV_DV ? e.issuer.key : e.key,
			     kind == CV_DV ? e.issuer.name : e.name);
	if (rc == 0 && kind == CV_CVCA && !first)
		rc = certify_link(a, present, e.number, &e.plan);
	if (rc == 0)
		*name = text_of(row_named(a, e.name), "name");
	cv_issuer_free(&e.issuer);
	sj_key_free(e.key);
	return rc;
}

int cv_keep_foreign(struct authority *a, const struct cv_issuer *issuer, struct sj_span certificate)
{
	char name[AUTHORITY_NAME_MAX];
	struct sj_cvc c;
	unsigned count;

	if (!sj_cvc_read(certificate, &c))
		return cli_fail(a->cli, SJ_INTERNAL, "certificate");
	c.key.curve = issuer->end.cvc.key.curve;
	newest(a, CV_FOREIGN_DV, c.rights.terminal, &count);
	snprintf(name, sizeof(name), "foreign-dv-%s-%u", types[c.rights.terminal], count + 1);
	return record(a, CV_FOREIGN_DV, name, issuer->name, &c);
}
