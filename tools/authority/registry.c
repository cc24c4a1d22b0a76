#include "authority/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "authority/cardkeys.h"
#include "authority/ceremony.h"
#include "authority/keystore.h"
#include "authority/register.h"
#include "authority/signatures.h"
#include "authority/token.h"
#include "crypt/x509.h"

#define REGISTRY "registry.json"
#define REGISTRY_MAX (4u << 20)
#define SPKI_MAX 1024u /* RSA-4096, or a curve of 521 bits spelled out */

static const char *const role_keys[] = { "csca",          "signer",         "list_signer",
					 "key_ca",        "content_signer", "gate_ca",
					 "status_signer", "bundle_signer" };

/* DIR/NAME, to be freed; NULL: no memory, told. */
static char *path_of(const struct authority *a, const char *name, const char *suffix)
{
	char *path;

	if (asprintf(&path, "%s/%s%s", a->directory, name, suffix) < 0) {
		cli_fail(a->cli, SJ_NO_MEMORY, NULL);
		return NULL;
	}
	return path;
}

int authority_file_write(const struct authority *a, const char *name, const char *suffix,
			 struct sj_span bytes, unsigned mode)
{
	char *path = path_of(a, name, suffix);
	int rc;

	if (path == NULL)
		return cli_exit_code(a->cli);
	rc = signatures_flush(a);
	if (rc == 0)
		rc = cli_file_write(a->cli, path, bytes.ptr, bytes.len, mode);
	free(path);
	return rc;
}

int authority_file_read(const struct authority *a, const char *name, const char *suffix, size_t max,
			uint8_t **bytes, size_t *len)
{
	char *path = path_of(a, name, suffix);
	int rc;

	if (path == NULL)
		return cli_exit_code(a->cli);
	rc = cli_file_read(a->cli, path, max, bytes, len);
	free(path);
	return rc;
}

int authority_save(struct authority *a)
{
	char *text = json_dumps(a->state, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	int rc;

	if (text == NULL)
		return cli_fail(a->cli, SJ_NO_MEMORY, "registry");
	rc = authority_file_write(a, REGISTRY, "", sj_span((const uint8_t *)text, strlen(text)),
				  0600);
	if (rc == 0)
		keystore_settled(a->keys);
	free(text);
	return rc;
}

static int load_state(struct authority *a)
{
	char *path = path_of(a, REGISTRY, "");
	uint8_t *text = NULL;
	size_t len;
	int rc;

	if (path == NULL)
		return cli_exit_code(a->cli);
	rc = cli_file_read(a->cli, path, REGISTRY_MAX, &text, &len);
	if (rc != 0)
		goto out;
	rc = cli_json_of_file(a->cli, path, (const char *)text, len, &a->state);
	if (rc != 0)
		goto out;
	if (json_integer_value(json_object_get(a->state, "schema")) != 1 ||
	    !json_is_string(json_object_get(a->state, "country")) ||
	    !json_is_string(json_object_get(a->state, "alpha2")) ||
	    !json_is_array(json_object_get(a->state, "certificates")))
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s: not a registry of schema 1", path);
out:
	free(text);
	free(path);
	return rc;
}

static int lock_directory(struct authority *a, enum authority_use use)
{
	a->lock = open(a->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->lock < 0)
		return cli_fail(a->cli, errno == EACCES ? SJ_FILE_PERMISSION : SJ_INPUT_UNREADABLE,
				"%s: %s", a->directory, strerror(errno));
	if (flock(a->lock, (use == AUTHORITY_CHANGE ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0)
		return cli_fail(a->cli, SJ_INPUT_REFUSED, "%s: another process works with it",
				a->directory);
	return 0;
}

int authority_open(struct cli *cli, const char *directory, enum authority_use use,
		   struct authority *out)
{
	int rc;

	*out = (struct authority){
		.cli = cli, .lock = -1, .directory = strdup(directory), .keys = keystore_new(cli)
	};
	if (out->directory == NULL || out->keys == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = lock_directory(out, use);
	if (rc == 0)
		rc = keystore_recover(cli, directory);
	return rc != 0 ? rc : load_state(out);
}

void authority_close(struct authority *a)
{
	/* Of a card that failed, too. */
	if (signatures_flush(a) != 0)
		cli_debug(a->cli, "signatures without a record");
	keystore_release(a->keys);
	json_decref(a->state);
	if (a->lock >= 0)
		close(a->lock);
	free(a->directory);
	*a = (struct authority){ .lock = -1 };
}

const char *authority_country(const struct authority *a)
{
	return json_string_value(json_object_get(a->state, "country"));
}

const char *authority_current(const struct authority *a, enum authority_role role)
{
	return json_string_value(json_object_get(a->state, role_keys[role]));
}

bool authority_is_current(const struct authority *a, const char *name)
{
	const char *current;

	for (int role = AUTHORITY_CSCA; role <= AUTHORITY_BUNDLE_SIGNER; role++) {
		current = authority_current(a, (enum authority_role)role);
		if (current != NULL && strcmp(current, name) == 0)
			return true;
	}
	return false;
}

int authority_set_current(struct authority *a, enum authority_role role, const char *name)
{
	if (json_object_set_new(a->state, role_keys[role], json_string(name)) != 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	return 0;
}

static json_t *row_of(const json_t *rows, const char *name)
{
	const char *row_name;
	json_t *row;
	size_t i;

	for (i = 0; (row = json_array_get(rows, i)) != NULL; i++) {
		row_name = json_string_value(json_object_get(row, "name"));
		if (row_name != NULL && strcmp(row_name, name) == 0)
			return row;
	}
	return NULL;
}

json_t *authority_row(const struct authority *a, const char *name)
{
	json_t *row = row_of(json_object_get(a->state, "certificates"), name);

	if (row == NULL)
		row = row_of(json_object_get(a->state, "tokens"), name);
	return row != NULL ? row : row_of(json_object_get(a->state, "cv"), name);
}

int authority_certificate_read(const struct authority *a, const char *name,
			       struct authority_certificate *out)
{
	return authority_file_read(a, name, ".cer", SJ_ISSUED_CERT_MAX, &out->bytes, &out->len);
}

void authority_certificate_free(struct authority_certificate *c)
{
	free(c->bytes);
	*c = (struct authority_certificate){ NULL, 0 };
}

/* Is the certificate one of this key, whatever form its curve has there? */
static bool fits(const struct sj_key *key, const struct authority_certificate *c)
{
	uint8_t named[SPKI_MAX], spelled[SPKI_MAX];
	struct sj_writer n = SJ_WRITER_OF(named), s = SJ_WRITER_OF(spelled);
	struct sj_cert cert;

	if (!sj_cert_read(sj_span(c->bytes, c->len), &cert))
		return false;
	return (sj_key_put_public(key, false, &n) && sj_span_eq(cert.spki, sj_written(&n))) ||
	       (sj_key_put_public(key, true, &s) && sj_span_eq(cert.spki, sj_written(&s)));
}

static const char *next_verb(enum authority_role role)
{
	if (role == AUTHORITY_KEY_CA || role == AUTHORITY_CONTENT_SIGNER)
		return role == AUTHORITY_KEY_CA ? "key renew" : "key renew --signer";
	return role == AUTHORITY_CSCA ? "link" : "signer";
}

int authority_signer_get(const struct authority *a, enum authority_role role,
			 struct authority_signer *out)
{
	json_t *row;
	int rc;

	*out = (struct authority_signer){ .name = authority_current(a, role) };
	row = out->name == NULL ? NULL : authority_row(a, out->name);
	if (row == NULL)
		return role >= AUTHORITY_KEY_CA
			       ? cli_fail(
					 a->cli, SJ_INPUT_REFUSED,
					 "%s: no CA for card keys; make it with `authority key init`",
					 a->directory)
			       : cli_fail(a->cli, SJ_INPUT_MALFORMED,
					  "%s: no certificate for the role %s", a->directory,
					  role_keys[role]);
	if (json_integer_value(json_object_get(row, "private_until")) < (json_int_t)time(NULL))
		return cli_fail(a->cli, SJ_INPUT_REFUSED,
				"%s: its time to sign is over; make the next with `authority %s`",
				out->name, next_verb(role));
	rc = authority_certificate_read(a, out->name, &out->certificate);
	if (rc == 0)
		rc = authority_key_read(a, out->name, &out->key);
	/* Nobody could verify what it would sign. */
	if (rc == 0 && !fits(out->key, &out->certificate))
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s/%s.cer: not a certificate of %s.key",
			      a->directory, out->name, out->name);
	return rc;
}

void authority_signer_free(struct authority_signer *s)
{
	sj_key_free(s->key);
	authority_certificate_free(&s->certificate);
	*s = (struct authority_signer){ NULL, NULL, { NULL, 0 } };
}

static json_t *new_state(const struct authority_plan *plan)
{
	return json_pack("{s:i, s:s, s:s, s:s?, s:b, s:n, s:n, s:n, s:i, s:s?, s:[]}", "schema", 1,
			 "country", plan->country, "alpha2", plan->alpha2, "organization",
			 plan->organization, "explicit_parameters", (int)plan->explicit_parameters,
			 "csca", "signer", "list_signer", "crl_number", 0, "key_store",
			 plan->key_store, "certificates");
}

/* Removes a directory that holds files only. */
static void remove_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
	rmdir(path);
}

static int stop_if_interrupted(const struct authority *a)
{
	return cli_interrupted(a->cli) ? cli_fail(a->cli, SJ_CANCELLED, NULL) : 0;
}

static int fill_new(struct authority *a, const struct authority_plan *plan)
{
	struct ceremony before;
	int rc;

	a->state = new_state(plan);
	if (a->state == NULL)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	before = ceremony_begin(a);
	rc = plan->custodians > 0 ? keystore_passphrase_new(a, "passphrase", plan->custodians, "")
				  : 0;
	if (rc == 0)
		rc = authority_enrol(a, AUTHORITY_CSCA, plan->csca_key);
	if (rc == 0)
		rc = stop_if_interrupted(a);
	if (rc == 0)
		rc = authority_enrol(a, AUTHORITY_SIGNER, plan->signer_key);
	if (rc == 0)
		rc = stop_if_interrupted(a);
	if (rc == 0)
		rc = authority_enrol(a, AUTHORITY_KEY_CA, plan->key_ca_key);
	if (rc == 0)
		rc = authority_enrol(a, AUTHORITY_CONTENT_SIGNER, plan->content_key);
	if (rc == 0)
		rc = token_found(a, plan->indices);
	if (rc == 0)
		rc = cardkeys_make_master(a);
	if (rc == 0)
		rc = register_place(a, NULL);
	if (rc == 0)
		rc = ceremony_end(a, &before);
	if (rc == 0)
		rc = stop_if_interrupted(a);
	return rc != 0 ? rc : authority_save(a);
}

int authority_create(struct cli *cli, const char *directory, const struct authority_plan *plan)
{
	struct authority a = { .cli = cli, .lock = -1 };
	bool there;
	int rc = cli_file_there(cli, directory, &there);

	if (rc != 0)
		return rc;
	if (there)
		return cli_fail(cli, SJ_INPUT_REFUSED, "%s: exists already", directory);
	if (cli_interrupt_fd(cli) < 0) /* from here on Ctrl-C is heard between the keys */
		return cli_exit_code(cli);
	a.keys = keystore_new(cli);
	if (a.keys == NULL || asprintf(&a.directory, "%s.new-XXXXXX", directory) < 0) {
		a.directory = NULL;
		rc = cli_fail(cli, SJ_NO_MEMORY, NULL);
		goto out;
	}
	if (mkdtemp(a.directory) == NULL) {
		rc = cli_fail(cli, errno == EACCES ? SJ_FILE_PERMISSION : SJ_OUTPUT_FAILED,
			      "%s: %s", a.directory, strerror(errno));
		goto out;
	}
	rc = fill_new(&a, plan);
	if (rc == 0 && rename(a.directory, directory) != 0)
		rc = cli_fail(cli, SJ_OUTPUT_FAILED, "%s: %s", directory, strerror(errno));
	if (rc != 0)
		remove_directory(a.directory);
	else
		cli_sync_folder(directory);
out:
	authority_close(&a);
	return rc;
}
