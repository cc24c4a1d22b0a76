/* cmd_keys.c -- authority keys-list, keys-protect, keys-store, signatures. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "authority/commands.h"
#include "authority/cv.h"
#include "authority/keystore.h"
#include "authority/signatures.h"
#include "crypt/pbes2.h"
#include "wire/hex.h"

static const struct cli_positional directory_only[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const enum sj_rc key_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED,
					   SJ_INPUT_REFUSED,    SJ_KEY_STORE,
					   SJ_OUTPUT_FAILED,    SJ_OK };

static const char *text_of(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

/* --- keys-list ------------------------------------------------------------------------------- */

/* A key, as it is shown. */
struct shown {
	const char *name, *role, *kind; /* kind NULL: not noted */
	const char *place; /* "file", "sealed", "token", "unreadable" or "missing" */
	const char *uri, *id; /* of a token, else NULL */
	json_int_t until; /* signs until then; 0: no end */
	bool present;
};

typedef int (*shown_fn)(void *user, const struct shown *key);

/* Whether DIR/<name><suffix> is there, and under a passphrase. Whom it is not for learns that it is. */
static int file_place(const struct authority *a, const char *name, const char *suffix,
		      const char **place)
{
	uint8_t *bytes = NULL;
	char *path = NULL;
	size_t len = 0;
	int rc = 0;

	*place = "missing";
	if (asprintf(&path, "%s/%s%s", a->directory, name, suffix) < 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	if (access(path, R_OK) == 0)
		rc = cli_file_read(a->cli, path, KEYSTORE_FILE_MAX, &bytes, &len);
	else if (errno == EACCES)
		*place = "unreadable";
	else if (errno != ENOENT)
		rc = cli_fail(a->cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(errno));
	if (bytes != NULL)
		*place = sj_pbes2_is(sj_span(bytes, len)) ? "sealed" : "file";
	if (bytes != NULL)
		explicit_bzero(bytes, len);
	free(bytes);
	free(path);
	return rc;
}

static const json_t *key_row(const struct authority *a, const char *name)
{
	const json_t *rows = json_object_get(a->state, "keys"), *row;

	for (size_t i = json_array_size(rows); i > 0; i--) {
		row = json_array_get(rows, i - 1);
		if (text_of(row, "name") != NULL && strcmp(text_of(row, "name"), name) == 0)
			return row;
	}
	return NULL;
}

static int show_one(const struct authority *a, const json_t *row, bool present, shown_fn fn,
		    void *user)
{
	const json_t *key = key_row(a, text_of(row, "name"));
	struct shown s = { .name = text_of(row, "name"), .role = text_of(row, "kind") };
	int rc = 0;

	s.kind = text_of(key != NULL ? key : row, key != NULL ? "kind" : "key");
	s.uri = text_of(key, "where");
	s.id = text_of(key, "id");
	s.until = json_integer_value(json_object_get(row, "private_until"));
	s.present = present;
	s.place = "token";
	if (s.uri == NULL)
		rc = file_place(a, s.name, ".key", &s.place);
	return rc == 0 ? fn(user, &s) : rc;
}

/* Certificates and tokens whose key is the authority's own; links have none. */
static int show_signers(const struct authority *a, const char *list, shown_fn fn, void *user)
{
	const json_t *rows = json_object_get(a->state, list), *row;
	const char *kind;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (row = json_array_get(rows, i)) != NULL; i++) {
		kind = text_of(row, "kind");
		if (text_of(row, "name") != NULL && kind != NULL && strstr(kind, "link") == NULL)
			rc = show_one(a, row, authority_is_current(a, text_of(row, "name")), fn,
				      user);
	}
	return rc;
}

/* CVCAs and document verifiers of our own. */
static int show_cv(const struct authority *a, shown_fn fn, void *user)
{
	const json_t *row;
	bool current;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (row = cv_row_at(a, i, &current)) != NULL; i++) {
		if (cv_has_key(row))
			rc = show_one(a, row, current, fn, user);
	}
	return rc;
}

/* What has no certificate: symmetric keys and those of other kinds of certificates. */
static int show_rest(const struct authority *a, shown_fn fn, void *user)
{
	const json_t *rows = json_object_get(a->state, "keys"), *row;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (row = json_array_get(rows, i)) != NULL; i++) {
		const char *name = text_of(row, "name"), *kind = text_of(row, "kind");
		struct shown s = { .name = name, .role = "other", .kind = kind };
		const bool aes = kind != NULL && strcmp(kind, "AES-256") == 0;

		if (name == NULL || authority_row(a, name) != NULL)
			continue;
		s.role = aes ? "secret" : "other";
		s.uri = text_of(row, "where");
		s.id = text_of(row, "id");
		s.place = "token";
		if (s.uri == NULL)
			rc = file_place(a, name, aes ? ".secret" : ".key", &s.place);
		if (rc == 0)
			rc = fn(user, &s);
	}
	return rc;
}

static int show_keys(const struct authority *a, shown_fn fn, void *user)
{
	int rc = show_signers(a, "certificates", fn, user);

	if (rc == 0)
		rc = show_signers(a, "tokens", fn, user);
	if (rc == 0)
		rc = show_cv(a, fn, user);
	return rc != 0 ? rc : show_rest(a, fn, user);
}

static bool date_of(json_int_t seconds, const char *format, char *out, size_t cap)
{
	const time_t when = (time_t)seconds;
	struct tm tm;

	return seconds != 0 && gmtime_r(&when, &tm) != NULL && strftime(out, cap, format, &tm) > 0;
}

static int print_key(void *user, const struct shown *key)
{
	struct cli *cli = user;
	char until[16] = "";

	(void)date_of(key->until, "%Y-%m-%d", until, sizeof(until));
	cli_print(cli, "%-18s %-16s %-10s %-10s %s%s\n", key->name,
		  key->kind != NULL ? key->kind : "", until, key->place,
		  key->uri != NULL ? key->uri : "", key->present ? "  present" : "");
	return 0;
}

static int add_key(void *user, const struct shown *key)
{
	json_t *list = user, *row;
	char until[32];
	const bool ends = date_of(key->until, "%Y-%m-%dT%H:%M:%SZ", until, sizeof(until));

	row = json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s?, s:s?, s:b}", "name", key->name, "role",
			key->role, "key", key->kind, "place", key->place, "uri", key->uri, "id",
			key->id, "signsUntil", ends ? until : NULL, "present", (int)key->present);
	return json_array_append_new(list, row);
}

static int list_json(struct cli *cli, const struct authority *a)
{
	json_t *keys = json_array();

	if (keys == NULL || show_keys(a, add_key, keys) != 0) {
		json_decref(keys);
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	}
	return cli_json_print(cli, 1,
			      json_pack("{s:s?, s:I, s:o}", "keyStore", keystore_uri(a),
					"custodians", (json_int_t)keystore_custodians(a), "keys",
					keys));
}

static int list_run(struct cli *cli)
{
	struct authority a;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &a);

	if (rc == 0)
		rc = cli_json(cli) ? list_json(cli, &a) : show_keys(&a, print_key, cli);
	authority_close(&a);
	return rc;
}

static const char *const list_examples[] = { "sojourn authority keys list utopia", NULL };

const struct cli_command authority_keys_list_command = {
	.noun = "authority",
	.verb = "keys-list",
	.summary = "list an authority's keys: where each lies, and until when it signs",
	.description =
		"A key is a plain file, a file under a passphrase (sealed), or in a PKCS#11\n"
		"token. No passphrase and no PIN is asked for.",
	.features = CLI_JSON,
	.positionals = directory_only,
	.examples = list_examples,
	.failures = key_failures,
	.run = list_run,
};

/* --- keys-protect ------------------------------------------------------------------------------- */

static const struct cli_option protect_options[] = {
	CLI_SECRET_OPTIONS("new-passphrase", "new passphrase (each custodian's part)"),
	{ "custodians", 0, "N", "how many people share the new one (default 1)", CLI_COMPLETE_NONE,
	  NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int protect_run(struct cli *cli)
{
	struct authority a = { .lock = -1 };
	unsigned long custodians = 1;
	size_t n = 0;
	int rc = cli_number(cli, "custodians", 1, KEYSTORE_CUSTODIANS_MAX, &custodians);

	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);
	if (rc == 0)
		rc = keystore_protect(&a, "new-passphrase", (unsigned)custodians, &n);
	if (rc == 0)
		cli_note(
			cli,
			"%zu key files are under the new passphrase; older copies, in backups too, are "
			"not: destroy them",
			n);
	authority_close(&a);
	return rc;
}

static const char *const protect_examples[] = {
	"sojourn authority keys protect utopia # asks for the passphrase",
	"sojourn authority keys protect utopia --custodians 2 # both are needed from now on",
	NULL,
};

const struct cli_command authority_keys_protect_command = {
	.noun = "authority",
	.verb = "keys-protect",
	.summary = "put an authority's key files under a new passphrase",
	.description =
		"Encrypts plain files, or those under a passphrase under another: all of them or\n"
		"none, whenever it is interrupted. With several custodians the passphrase is\n"
		"their parts, one after the other. A key file is a passphrase, too: a file with\n"
		"a random line, on a stick that is pulled.",
	.features = CLI_KEYS,
	.options = protect_options,
	.positionals = directory_only,
	.examples = protect_examples,
	.failures = key_failures,
	.run = protect_run,
};

/* --- keys-store ------------------------------------------------------------------------------------ */

static const struct cli_option store_options[] = {
	{ "keys", 0, "URI", "a PKCS#11 token: pkcs11:token=LABEL", CLI_COMPLETE_NONE, NULL, false },
	{ "files", 0, NULL, "files of the directory", CLI_COMPLETE_NONE, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int store_run(struct cli *cli)
{
	const char *uri = cli_value(cli, "keys");
	struct authority a = { .lock = -1 };
	int rc = 0;

	if ((uri != NULL) == cli_given(cli, "files"))
		return cli_usage(cli, "give one of --keys URI and --files");
	if (uri != NULL)
		rc = hsm_check_uri(cli, uri);
	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);
	if (rc == 0 && json_object_set_new(a.state, "key_store",
					   uri != NULL ? json_string(uri) : json_null()) != 0)
		rc = cli_fail(cli, SJ_NO_MEMORY, NULL);
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		cli_note(cli, "new keys go there; go on with link, signer, key renew, gate renew "
			      "and bundle-signer");
	authority_close(&a);
	return rc;
}

static const char *const store_examples[] = {
	"sojourn authority keys store utopia --keys 'pkcs11:token=utopia'",
	NULL,
};

const struct cli_command authority_keys_store_command = {
	.noun = "authority",
	.verb = "keys-store",
	.summary = "say where an authority's new keys are made",
	.description = "Keys that exist stay where they are: a key that was in a file is not made\n"
		       "safer by a token. Roll the roles over instead.",
	.options = store_options,
	.positionals = directory_only,
	.examples = store_examples,
	.failures = key_failures,
	.run = store_run,
};

/* --- signatures --------------------------------------------------------------------------------------- */

#define SUMS_MAX 256u

/* Of one key and purpose. */
struct sum {
	char key[AUTHORITY_NAME_MAX], purpose[32];
	size_t count;
	int64_t first, last;
};

struct sums {
	struct sum list[SUMS_MAX];
	size_t n;
	size_t total;
};

static void add_signature(void *user, const struct signature_row *row)
{
	struct sums *s = user;
	size_t i = 0;

	s->total += row->count;
	while (i < s->n && (strcmp(s->list[i].key, row->key) != 0 ||
			    strcmp(s->list[i].purpose, row->purpose) != 0))
		i++;
	if (i == SUMS_MAX)
		return; /* they are in the total */
	if (i == s->n) {
		s->list[s->n++] = (struct sum){ .first = row->when };
		snprintf(s->list[i].key, sizeof(s->list[i].key), "%s", row->key);
		snprintf(s->list[i].purpose, sizeof(s->list[i].purpose), "%s", row->purpose);
	}
	s->list[i].count += row->count;
	s->list[i].last = row->when;
}

static int print_signatures(struct cli *cli, const struct sums *s, size_t records,
			    const char *chain)
{
	char first[32], last[32];
	json_t *list = json_array();

	for (size_t i = 0; i < s->n; i++) {
		const struct sum *sum = &s->list[i];

		if (!date_of(sum->first, "%Y-%m-%dT%H:%M:%SZ", first, sizeof(first)) ||
		    !date_of(sum->last, "%Y-%m-%dT%H:%M:%SZ", last, sizeof(last)))
			continue;
		cli_print(cli, "%-18s %-14s %8zu  %s  %s\n", sum->key, sum->purpose, sum->count,
			  first, last);
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s, s:s}", "key", sum->key,
						      "purpose", sum->purpose, "count",
						      (json_int_t)sum->count, "first", first,
						      "last", last));
	}
	cli_print(cli, "%zu signatures in %zu records; the chain holds, its end is\n%s\n", s->total,
		  records, chain);
	if (!cli_json(cli)) {
		json_decref(list);
		return 0;
	}
	return cli_json_print(cli, 1,
			      json_pack("{s:I, s:I, s:s, s:o}", "signatures", (json_int_t)s->total,
					"records", (json_int_t)records, "chain", chain, "keys",
					list));
}

static int signatures_run(struct cli *cli)
{
	struct sums *s = calloc(1, sizeof(*s));
	uint8_t chain[SIGNATURES_CHAIN];
	char hex[2 * SIGNATURES_CHAIN + 1] = "";
	struct authority a;
	size_t records = 0;
	int rc;

	if (s == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &a);
	if (rc == 0)
		rc = signatures_check(&a, add_signature, s, &records, chain);
	if (rc == 0 && !sj_hex_text(SJ_SPAN_OF(chain), SJ_HEX_LOWER, hex, sizeof(hex)))
		rc = cli_fail(cli, SJ_INTERNAL, NULL);
	if (rc == 0)
		rc = print_signatures(cli, s, records, hex);
	authority_close(&a);
	free(s);
	return rc;
}

static const char *const signatures_examples[] = { "sojourn authority signatures utopia", NULL };

const struct cli_command authority_signatures_command = {
	.noun = "authority",
	.verb = "signatures",
	.summary = "check the record of all signatures, and count them by key",
	.description =
		"Every use of a private key stands in DIR/signatures.log, chained by hashes.\n"
		"Whoever writes the chain's end down elsewhere, as on the protocol of a\n"
		"ceremony, will see it when anything before was changed.",
	.features = CLI_JSON,
	.positionals = directory_only,
	.examples = signatures_examples,
	.failures = key_failures,
	.run = signatures_run,
};
