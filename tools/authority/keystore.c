#include "authority/keystore.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/sealed.h"
#include "authority/signatures.h"
#include "crypt/wipe.h"
#include "wire/hex.h"

#define TOKENS_MAX 4u
#define UNSETTLED_MAX 32u

struct keystore {
	unsigned users; /* the authority, and keys that were read */
	struct cli *cli;
	struct sealing sealing;
	struct hsm *tokens[TOKENS_MAX];
	char *uris[TOKENS_MAX];
	struct signatures *signatures;
	/* Made in tokens since registry.json was written. */
	struct unsettled {
		struct hsm *hsm;
		uint8_t id[HSM_ID_SIZE];
	} unsettled[UNSETTLED_MAX];
	size_t unsettled_n;
};

struct keystore *keystore_new(struct cli *cli)
{
	struct keystore *ks = calloc(1, sizeof(*ks));

	if (ks == NULL)
		return NULL;
	*ks = (struct keystore){ .users = 1, .cli = cli, .signatures = signatures_new() };
	if (ks->signatures != NULL)
		return ks;
	free(ks);
	return NULL;
}

static void unuse(struct keystore *ks)
{
	if (--ks->users > 0)
		return;
	for (size_t i = 0; i < TOKENS_MAX; i++) {
		hsm_release(ks->tokens[i]);
		free(ks->uris[i]);
	}
	signatures_free(ks->signatures);
	sealing_wipe(&ks->sealing);
	free(ks);
}

void keystore_release(struct keystore *ks)
{
	if (ks == NULL)
		return;
	for (size_t i = 0; i < ks->unsettled_n; i++)
		hsm_forget(ks->unsettled[i].hsm, ks->unsettled[i].id);
	ks->unsettled_n = 0;
	unuse(ks);
}

void keystore_settled(struct keystore *ks)
{
	if (ks != NULL)
		ks->unsettled_n = 0;
}

struct signatures *keystore_signatures(const struct keystore *ks)
{
	return ks != NULL ? ks->signatures : NULL;
}

struct sealing *keystore_sealing(struct keystore *ks)
{
	return &ks->sealing;
}

const char *keystore_uri(const struct authority *a)
{
	return json_string_value(json_object_get(a->state, "key_store"));
}

unsigned keystore_custodians(const struct authority *a)
{
	return (unsigned)json_integer_value(json_object_get(a->state, "custodians"));
}

/* --- rows -------------------------------------------------------------------------------- */

static const json_t *row_of(const struct authority *a, const char *name)
{
	const json_t *rows = json_object_get(a->state, "keys"), *row;
	const char *text;

	for (size_t i = json_array_size(rows); i > 0; i--) {
		row = json_array_get(rows, i - 1);
		text = json_string_value(json_object_get(row, "name"));
		if (text != NULL && strcmp(text, name) == 0)
			return row;
	}
	return NULL;
}

static int add_row(struct authority *a, const char *name, const char *kind, const char *where,
		   const char *id)
{
	json_t *rows = json_object_get(a->state, "keys"), *row;

	if (rows == NULL) {
		rows = json_array();
		if (json_object_set_new(a->state, "keys", rows) != 0)
			return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	}
	row = json_pack("{s:s, s:s, s:s?, s:s?, s:I}", "name", name, "kind", kind, "where", where,
			"id", id, "made", (json_int_t)time(NULL));
	if (row == NULL || json_array_append_new(rows, row) != 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	return 0;
}

int keystore_note(struct authority *a, const char *name, const char *kind)
{
	return add_row(a, name, kind, NULL, NULL);
}

/* --- tokens ------------------------------------------------------------------------------ */

/* The open token of that URI; it stays the keystore's. */
static int token_of(const struct authority *a, const char *uri, struct hsm **out)
{
	struct keystore *ks = a->keys;
	size_t i = 0;

	*out = NULL;
	if (ks == NULL)
		return cli_fail(a->cli, SJ_INTERNAL, "keys");
	while (i < TOKENS_MAX && ks->uris[i] != NULL && strcmp(ks->uris[i], uri) != 0)
		i++;
	if (i == TOKENS_MAX)
		return cli_fail(a->cli, SJ_KEY_STORE, "registry.json: more than %u tokens",
				TOKENS_MAX);
	if (ks->uris[i] == NULL) {
		ks->uris[i] = strdup(uri);
		ks->tokens[i] = ks->uris[i] != NULL ? hsm_new(a->cli, uri) : NULL;
		if (ks->tokens[i] == NULL) {
			free(ks->uris[i]);
			ks->uris[i] = NULL;
			return cli_fail(a->cli, SJ_KEY_STORE, "%s: not the URI of a token", uri);
		}
	}
	*out = ks->tokens[i];
	return 0;
}

int keystore_find(const struct authority *a, const char *name, struct hsm **hsm, const char **kind,
		  uint8_t id[static HSM_ID_SIZE])
{
	const json_t *row = row_of(a, name);
	const char *where = json_string_value(json_object_get(row, "where"));
	const char *hex = json_string_value(json_object_get(row, "id"));
	struct sj_writer w = sj_writer(id, HSM_ID_SIZE);

	*hsm = NULL;
	*kind = json_string_value(json_object_get(row, "kind"));
	if (where == NULL)
		return 0;
	if (*kind == NULL || hex == NULL || !sj_hex_read(hex, strlen(hex), &w) ||
	    w.len != HSM_ID_SIZE)
		return cli_fail(a->cli, SJ_INPUT_MALFORMED, "registry.json: key %s", name);
	return token_of(a, where, hsm);
}

int keystore_make(struct authority *a, const char *name, const char *kind)
{
	const char *uri = keystore_uri(a);
	char hex[2 * HSM_ID_SIZE + 1], label[AUTHORITY_NAME_MAX + 8];
	struct keystore *ks = a->keys;
	struct unsettled u;
	int rc = token_of(a, uri, &u.hsm);

	snprintf(label, sizeof(label), "%s %s", authority_country(a), name);
	if (rc == 0 && ks->unsettled_n == UNSETTLED_MAX)
		rc = cli_fail(a->cli, SJ_INTERNAL, "keys");
	if (rc == 0)
		rc = hsm_make(u.hsm, kind, label, u.id);
	if (rc != 0)
		return rc;
	ks->unsettled[ks->unsettled_n++] = u;
	if (!sj_hex_text(SJ_SPAN_OF(u.id), SJ_HEX_LOWER, hex, sizeof(hex)))
		return cli_fail(a->cli, SJ_INTERNAL, "keys");
	return add_row(a, name, kind, uri, hex);
}

/* --- keys that leave a record --------------------------------------------------------------- */

/* Stands before a key: whoever signs with it leaves a record first. */
struct used {
	struct keystore *ks;
	struct sj_key *key;
	char name[AUTHORITY_NAME_MAX];
};

static bool used_sign(void *user, enum sj_hash hash, struct sj_span digest, struct sj_writer *out)
{
	const struct used *u = user;

	(void)hash;
	return signatures_add(u->ks->signatures, u->name, digest) &&
	       sj_key_sign_digest(u->key, digest, out);
}

static void used_done(void *user)
{
	struct used *u = user;

	sj_key_free(u->key);
	unuse(u->ks);
	free(u);
}

/* Takes over *key, also on failure. */
static int put_before(const struct authority *a, const char *name, struct sj_key **key)
{
	struct sj_key_elsewhere how = { used_sign, used_done, NULL };
	uint8_t bytes[SJ_EC_SPKI_MAX];
	struct sj_writer spki = SJ_WRITER_OF(bytes);
	struct sj_key *outer = NULL;
	struct used *u;

	if (a->keys == NULL)
		return 0;
	u = calloc(1, sizeof(*u));
	if (u != NULL) {
		*u = (struct used){ .ks = a->keys, .key = *key };
		snprintf(u->name, sizeof(u->name), "%s", name);
		how.user = u;
		if (sj_key_put_public(*key, false, &spki))
			outer = sj_key_elsewhere(sj_written(&spki), &how);
	}
	if (outer == NULL) {
		free(u);
		sj_key_free(*key);
		*key = NULL;
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	}
	a->keys->users++;
	*key = outer;
	return 0;
}

static int read_file_key(const struct authority *a, const char *name, struct sj_key **out)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc = keystore_file_read(a, name, ".key", &bytes, &len);

	if (rc != 0)
		return rc;
	*out = sj_key_read(sj_span(bytes, len));
	if (*out == NULL)
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s/%s.key: not a private key",
			      a->directory, name);
	sj_wipe(bytes, len);
	free(bytes);
	return rc;
}

int authority_key_read(const struct authority *a, const char *name, struct sj_key **out)
{
	uint8_t id[HSM_ID_SIZE];
	const char *kind;
	struct hsm *hsm;
	int rc = keystore_find(a, name, &hsm, &kind, id);

	*out = NULL;
	if (rc == 0)
		rc = hsm != NULL ? hsm_key(hsm, kind, name, id, out) : read_file_key(a, name, out);
	return rc != 0 ? rc : put_before(a, name, out);
}

static int make_file_key(struct authority *a, const char *name, const char *kind,
			 struct sj_key **out)
{
	uint8_t *pkcs8 = malloc(SJ_KEY_MAX);
	struct sj_writer w = sj_writer(pkcs8, SJ_KEY_MAX);
	int rc;

	if (pkcs8 == NULL)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	*out = sj_key_generate(kind);
	if (*out == NULL)
		rc = cli_usage(a->cli, "%s: not a kind of key that can be made", kind);
	else if (!sj_key_put(*out, &w))
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "new key");
	else
		rc = keystore_file_write(a, name, ".key", sj_written(&w));
	if (rc == 0)
		rc = keystore_note(a, name, kind);
	sj_wipe(pkcs8, SJ_KEY_MAX);
	free(pkcs8);
	return rc != 0 ? rc : put_before(a, name, out);
}

int authority_key_make(struct authority *a, const char *name, const char *kind, struct sj_key **out)
{
	int rc;

	*out = NULL;
	if (keystore_uri(a) == NULL)
		return make_file_key(a, name, kind, out);
	rc = keystore_make(a, name, kind);
	return rc != 0 ? rc : authority_key_read(a, name, out);
}
