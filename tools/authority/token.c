#include "authority/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/signatures.h"
#include "crypt/wipe.h"

#define DAY 86400u
#define YEAR (366u * DAY)
#define MONTHS_3 (92u * DAY)

/* By role from AUTHORITY_GATE_CA: DIRECTORY.md, "Periods". */
static const struct {
	const char *name;
	enum sj_cwt_signer claim;
	uint32_t signs_for, holds_for;
} kinds[] = {
	{ "gate-ca", SJ_CWT_GATE_CA, 5 * YEAR, 15 * YEAR + MONTHS_3 },
	{ "status-signer", SJ_CWT_STATUS_SIGNER, YEAR, YEAR + MONTHS_3 },
	{ "bundle-signer", SJ_CWT_BUNDLE_SIGNER, 5 * YEAR, 10 * YEAR },
};

static bool is_kind(const json_t *row, const char *kind)
{
	const char *text = json_string_value(json_object_get(row, "kind"));

	return text != NULL && strcmp(text, kind) == 0;
}

/* --- reading --------------------------------------------------------------- */

int token_read(const struct authority *a, const char *name, struct token_signer *out)
{
	uint8_t *bytes = NULL;
	int rc = authority_file_read(a, name, ".cwt", sizeof(out->bytes), &bytes, &out->len);

	if (rc != 0)
		return rc;
	memcpy(out->bytes, bytes, out->len);
	free(bytes);
	out->name = name;
	if (!sj_cwt_parse(sj_span(out->bytes, out->len), &out->cwt) ||
	    out->cwt.kind != SJ_CWT_SIGNER)
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s/%s.cwt: not a signer's token",
			      a->directory, name);
	return rc;
}

/* Nobody could verify what a key signs that is not the token's. */
static int read_key(const struct authority *a, const char *name, struct token_signer *out)
{
	struct sj_ec_point point, named;
	enum sj_curve curve;
	int rc = authority_key_read(a, name, &out->key);

	if (rc == 0 && (!sj_key_get_point(out->key, &curve, &point) || curve != SJ_P256 ||
			!sj_cwt_signer_key(&out->cwt, &named) ||
			!sj_span_eq(sj_ec_point_span(&point), sj_ec_point_span(&named))))
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s/%s.cwt: not a token of %s.key",
			      a->directory, name, name);
	return rc;
}

/* `row`: of this name in the registry. */
static int signer_named(const struct authority *a, const char *name, const json_t *row,
			struct token_signer *out)
{
	int rc;

	if (json_integer_value(json_object_get(row, "private_until")) < (json_int_t)time(NULL))
		return cli_fail(a->cli, SJ_INPUT_REFUSED,
				"%s: its time to sign is over; make the next with `authority %s`",
				name,
				is_kind(row, "bundle-signer") ? "bundle-signer" : "gate renew");
	rc = token_read(a, name, out);
	return rc != 0 ? rc : read_key(a, name, out);
}

int token_signer_get(const struct authority *a, enum authority_role role, struct token_signer *out)
{
	const char *name = authority_current(a, role);
	const json_t *row = name == NULL ? NULL : authority_row(a, name);

	memset(out, 0, sizeof(*out));
	if (row == NULL && role == AUTHORITY_BUNDLE_SIGNER)
		return cli_fail(a->cli, SJ_INPUT_REFUSED,
				"%s: no bundle signer; make it with `authority bundle-signer`",
				a->directory);
	if (row == NULL)
		return cli_fail(a->cli, SJ_INPUT_REFUSED,
				"%s: no gate CA and status signer; make them with "
				"`authority gate init`",
				a->directory);
	return signer_named(a, name, row, out);
}

int token_gate_ca_get(const struct authority *a, unsigned long number, struct token_signer *out)
{
	char name[AUTHORITY_NAME_MAX];
	const json_t *row;

	memset(out, 0, sizeof(*out));
	snprintf(name, sizeof(name), "gate-ca-%lu", number);
	row = authority_row(a, name);
	if (row == NULL)
		return cli_fail(a->cli, SJ_INPUT_REFUSED, "%s: has no %s", a->directory, name);
	/* The registry's own copy of the name lasts as long as the registry. */
	return signer_named(a, json_string_value(json_object_get(row, "name")), row, out);
}

void token_signer_wipe(struct token_signer *s)
{
	sj_key_free(s->key);
	sj_wipe(s, sizeof(*s));
}

/* --- making ---------------------------------------------------------------- */

int token_put(const struct authority *a, const struct token_signer *signer, struct sj_cwt *cwt,
	      struct sj_writer *w)
{
	const char *country = authority_country(a);

	cwt->issuer = sj_span((const uint8_t *)country, strlen(country));
	if (!sj_cwt_put(w, cwt, signer->key))
		return cli_fail(a->cli, SJ_CRYPTO_FAILED, "%s: signature", signer->name);
	return 0;
}

/* The list of tokens, which old registries do not have. */
static json_t *tokens_of(struct authority *a)
{
	if (json_object_get(a->state, "tokens") == NULL)
		json_object_set_new(a->state, "tokens", json_array());
	return json_object_get(a->state, "tokens");
}

/* Signs, writes and records a signer's token. */
static int certify(struct authority *a, const char *name, const char *kind, struct sj_cwt *cwt,
		   const struct token_signer *issuer, json_int_t private_until)
{
	uint8_t bytes[SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	json_t *row;
	int rc;

	signatures_for(a, "token");
	rc = token_put(a, issuer, cwt, &w);
	signatures_for(a, NULL);
	if (rc == 0)
		rc = authority_file_write(a, name, ".cwt", sj_written(&w), 0644);
	if (rc != 0)
		return rc;
	row = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "name", name, "kind", kind, "issuer",
			issuer->name, "not_before", (json_int_t)cwt->not_before, "not_after",
			(json_int_t)cwt->expires, "private_until", private_until);
	if (row == NULL || json_array_append_new(tokens_of(a), row) != 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	return 0;
}

static unsigned next_number(struct authority *a, const char *kind)
{
	const json_t *row;
	unsigned n = 1;

	for (size_t i = 0; (row = json_array_get(tokens_of(a), i)) != NULL; i++)
		n += is_kind(row, kind);
	return n;
}

/* Now, but later than the present holder's token: cards take rising ones only. */
static uint32_t begin_of(const struct authority *a, enum authority_role role)
{
	const char *name = authority_current(a, role);
	const json_t *row = name == NULL ? NULL : authority_row(a, name);
	const json_int_t now = (json_int_t)time(NULL),
			 last = json_integer_value(json_object_get(row, "not_before"));

	return (uint32_t)(last < now ? now : last + 1);
}

/* Key and claims of a new signer; the spans of the claims point into `point`. */
static int prepare(struct authority *a, enum authority_role role, const char *name,
		   struct sj_ec_point *point, struct token_signer *self)
{
	const size_t kind = (size_t)role - AUTHORITY_GATE_CA;
	const uint32_t begin = begin_of(a, role);
	enum sj_curve curve;
	int rc = authority_key_make(a, name, "P-256", &self->key);

	self->name = name;
	self->cwt = (struct sj_cwt){ .kind = SJ_CWT_SIGNER,
				     .signer = (uint8_t)kinds[kind].claim,
				     .not_before = begin,
				     .expires = begin + kinds[kind].holds_for };
	if (rc == 0 && !sj_key_get_point(self->key, &curve, point))
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "new key");
	self->cwt.key_x = sj_span(point->bytes + 1, SJ_CWT_KEY);
	self->cwt.key_y = sj_span(point->bytes + 1 + SJ_CWT_KEY, SJ_CWT_KEY);
	return rc;
}

/* The new gate CA's key under the old one: whoever has the old anchor believes it. */
static int certify_link(struct authority *a, unsigned number, const struct token_signer *self)
{
	struct sj_cwt cwt = self->cwt;
	char name[AUTHORITY_NAME_MAX];
	struct token_signer old;
	int rc = token_signer_get(a, AUTHORITY_GATE_CA, &old);

	snprintf(name, sizeof(name), "gate-link-%u", number);
	if (rc == 0) {
		cwt.expires = old.cwt.expires;
		rc = certify(a, name, "gate-link", &cwt, &old, (json_int_t)old.cwt.expires);
	}
	token_signer_wipe(&old);
	return rc;
}

/* Who signs the token: the gate CA, the bundle signer before, or (name NULL) itself. */
static int issuer_get(const struct authority *a, enum authority_role role, unsigned number,
		      struct token_signer *out)
{
	if (role == AUTHORITY_STATUS_SIGNER)
		return token_signer_get(a, AUTHORITY_GATE_CA, out);
	if (role == AUTHORITY_BUNDLE_SIGNER && number > 1)
		return token_signer_get(a, AUTHORITY_BUNDLE_SIGNER, out);
	return 0;
}

int token_enrol(struct authority *a, enum authority_role role)
{
	const size_t kind = (size_t)role - AUTHORITY_GATE_CA;
	const unsigned number = next_number(a, kinds[kind].name);
	struct token_signer self = { .name = NULL }, issuer = { .name = NULL };
	struct sj_ec_point point = { .len = 0 };
	char name[AUTHORITY_NAME_MAX];
	int rc;

	snprintf(name, sizeof(name), "%s-%u", kinds[kind].name, number);
	rc = prepare(a, role, name, &point, &self);
	if (rc == 0)
		rc = issuer_get(a, role, number, &issuer);
	if (rc == 0 && role == AUTHORITY_STATUS_SIGNER && self.cwt.expires > issuer.cwt.expires)
		self.cwt.expires = issuer.cwt.expires;
	if (rc == 0)
		rc = certify(a, name, kinds[kind].name, &self.cwt,
			     issuer.name != NULL ? &issuer : &self,
			     (json_int_t)self.cwt.not_before + kinds[kind].signs_for);
	if (rc == 0 && role == AUTHORITY_GATE_CA && number > 1)
		rc = certify_link(a, number, &self);
	if (rc == 0)
		rc = authority_set_current(a, role, name);
	token_signer_wipe(&self);
	token_signer_wipe(&issuer);
	return rc;
}

int token_found(struct authority *a, unsigned long indices)
{
	json_t *status = json_pack("{s:I, s:i}", "indices", (json_int_t)indices, "epoch", 0);
	int rc;

	if (status == NULL || json_object_set_new(a->state, "status", status) != 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	rc = token_enrol(a, AUTHORITY_GATE_CA);
	if (rc == 0)
		rc = token_enrol(a, AUTHORITY_STATUS_SIGNER);
	if (rc == 0 && authority_current(a, AUTHORITY_BUNDLE_SIGNER) == NULL)
		rc = token_enrol(a, AUTHORITY_BUNDLE_SIGNER);
	return rc;
}
