#include "authority/sealed.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypt/wipe.h"

#define CHECK "passphrase.check"
#define CHECK_TEXT SJ_SPAN_STR("sojourn")
#define NEW ".new"
#define DECIDED "passphrase.decided" /* every NAME.new is whole: they are the files from now on */
#define PASSPHRASE_MIN 8u

void sealing_wipe(struct sealing *s)
{
	sj_wipe(s, sizeof(*s));
}

/* --- the passphrase ---------------------------------------------------------------------- */

/* One part, from the options or asked for; a new one is asked for twice. */
static int read_part(struct cli *cli, const char *option, unsigned i, unsigned n, bool new,
		     struct cli_secret *out)
{
	struct cli_secret again;
	char prompt[80];
	int rc;

	if (n > 1)
		snprintf(prompt, sizeof(prompt), "%s, custodian %u of %u",
			 new ? "New passphrase" : "Passphrase", i + 1, n);
	else
		snprintf(prompt, sizeof(prompt), "%s of the keys",
			 new ? "New passphrase" : "Passphrase");
	rc = cli_secret_read_at(cli, option, i, prompt, out);
	if (rc != 0 || !new || cli_secret_given(cli, option))
		return rc;
	snprintf(prompt, sizeof(prompt), "Again");
	rc = cli_secret_read_at(cli, option, i, prompt, &again);
	if (rc == 0 && !sj_equal_secret(sj_span((const uint8_t *)out->text, out->len),
					sj_span((const uint8_t *)again.text, again.len)))
		rc = cli_fail(cli, SJ_SECRET_MALFORMED, "they are not the same");
	cli_secret_wipe(&again);
	return rc;
}

/* Nobody's part is left over: an order that somebody got wrong is told at once. */
static bool too_many(const struct cli *cli, const char *option, unsigned n)
{
	char name[48];

	snprintf(name, sizeof(name), "%s-file", option);
	if (cli_value_at(cli, name, n) != NULL)
		return true;
	snprintf(name, sizeof(name), "%s-fd", option);
	return cli_value_at(cli, name, n) != NULL;
}

static int read_parts(struct cli *cli, const char *option, unsigned n, bool new, struct sealing *s)
{
	struct cli_secret part;
	size_t len = 0;
	int rc = 0;

	sealing_wipe(s);
	if (n == 0 || n > KEYSTORE_CUSTODIANS_MAX || too_many(cli, option, n))
		return cli_usage(cli, "--%s-file: the passphrase has %u part%s", option, n,
				 n == 1 ? "" : "s");
	for (unsigned i = 0; rc == 0 && i < n; i++) {
		rc = read_part(cli, option, i, n, new, &part);
		if (rc == 0) {
			memcpy(s->text + len, part.text, part.len);
			len += part.len;
		}
		cli_secret_wipe(&part);
	}
	if (rc == 0 && new &&len < PASSPHRASE_MIN)
		rc = cli_fail(cli, SJ_SECRET_MALFORMED, "a passphrase has %u characters at least",
			      PASSPHRASE_MIN);
	s->pass.passphrase = sj_span((const uint8_t *)s->text, rc == 0 ? len : 0);
	return rc;
}

/* --- sealing and opening --------------------------------------------------------------------- */

static int seal_file(const struct authority *a, struct sealing *s, const char *name,
		     const char *suffix, struct sj_span secret)
{
	const struct sj_random rnd = sj_random_system();
	uint8_t bytes[KEYSTORE_FILE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	if (!sj_pbes2_seal(&s->pass, &rnd, secret, &w))
		return cli_fail(a->cli, SJ_CRYPTO_FAILED, "%s%s", name, suffix);
	return authority_file_write(a, name, suffix, sj_written(&w), 0600);
}

static int open_bytes(const struct authority *a, struct sealing *s, const char *what,
		      struct sj_span sealed, struct sj_writer *w)
{
	if (sj_pbes2_open(&s->pass, sealed, w))
		return 0;
	sealing_wipe(s);
	return cli_fail(a->cli, SJ_KEY_STORE, "%s/%s: the passphrase is wrong", a->directory, what);
}

/* The passphrase of this authority: asked for once, and held against passphrase.check. */
static int given(const struct authority *a, struct sealing **out)
{
	struct sealing *s = a->keys != NULL ? keystore_sealing(a->keys) : NULL;
	const unsigned custodians = keystore_custodians(a);
	uint8_t *bytes = NULL, text[KEYSTORE_FILE_MAX];
	struct sj_writer w = SJ_WRITER_OF(text);
	size_t len = 0;
	int rc = 0;

	*out = s;
	if (s == NULL)
		return cli_fail(a->cli, SJ_INTERNAL, "keys");
	if (s->pass.passphrase.len > 0)
		return 0;
	rc = read_parts(a->cli, "passphrase", custodians > 0 ? custodians : 1, false, s);
	if (rc == 0)
		rc = authority_file_read(a, CHECK, "", KEYSTORE_FILE_MAX, &bytes, &len);
	if (rc == 0)
		rc = open_bytes(a, s, CHECK, sj_span(bytes, len), &w);
	if (rc == 0 && !sj_span_eq(sj_written(&w), CHECK_TEXT)) {
		sealing_wipe(s);
		rc = cli_fail(a->cli, SJ_KEY_STORE, "%s: the passphrase is wrong", a->directory);
	}
	free(bytes);
	return rc;
}

int keystore_file_read(const struct authority *a, const char *name, const char *suffix,
		       uint8_t **bytes, size_t *len)
{
	uint8_t secret[KEYSTORE_FILE_MAX];
	struct sj_writer w = SJ_WRITER_OF(secret);
	struct sealing *s;
	int rc = authority_file_read(a, name, suffix, KEYSTORE_FILE_MAX, bytes, len);

	if (rc != 0 || !sj_pbes2_is(sj_span(*bytes, *len)))
		return rc;
	rc = given(a, &s);
	if (rc == 0)
		rc = open_bytes(a, s, name, sj_span(*bytes, *len), &w);
	if (rc == 0) {
		memcpy(*bytes, secret, w.len); /* what is sealed is longer */
		*len = w.len;
	} else {
		free(*bytes);
		*bytes = NULL;
	}
	sj_wipe(secret, sizeof(secret));
	return rc;
}

int keystore_file_write(const struct authority *a, const char *name, const char *suffix,
			struct sj_span secret)
{
	struct sealing *s;
	int rc;

	if (keystore_custodians(a) == 0)
		return authority_file_write(a, name, suffix, secret, 0600);
	rc = given(a, &s);
	return rc != 0 ? rc : seal_file(a, s, name, suffix, secret);
}

int keystore_passphrase_new(struct authority *a, const char *option, unsigned custodians,
			    const char *suffix)
{
	struct sealing *s = keystore_sealing(a->keys);
	int rc = read_parts(a->cli, option, custodians, true, s);

	if (rc == 0)
		rc = seal_file(a, s, CHECK, suffix, CHECK_TEXT);
	if (rc == 0 && json_object_set_new(a->state, "custodians", json_integer(custodians)) != 0)
		rc = cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	return rc;
}

/* --- a new passphrase for all files ------------------------------------------------------------ */

static bool ends_in(const char *name, const char *suffix)
{
	const size_t len = strlen(name), n = strlen(suffix);

	return len >= n && strcmp(name + len - n, suffix) == 0;
}

/* Calls `each` for every entry that ends in one of the suffixes. */
static int for_each(struct cli *cli, const char *directory, const char *const *suffixes,
		    int (*each)(void *user, const char *name), void *user)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	int rc = 0;

	if (dir == NULL)
		return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", directory, strerror(errno));
	while (rc == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		for (size_t i = 0; suffixes[i] != NULL; i++)
			if (rc == 0 && ends_in(entry->d_name, suffixes[i]))
				rc = each(user, entry->d_name);
	}
	if (rc == 0 && errno != 0)
		rc = cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", directory, strerror(errno));
	closedir(dir);
	return rc;
}

struct protecting {
	struct authority *a;
	struct sealing *new;
	size_t n;
};

/* NAME to NAME.new, sealed anew. */
static int reseal(void *user, const char *name)
{
	struct protecting *p = user;
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc = keystore_file_read(p->a, name, "", &bytes, &len);

	if (rc == 0)
		rc = seal_file(p->a, p->new, name, NEW, sj_span(bytes, len));
	if (bytes != NULL)
		sj_wipe(bytes, len);
	free(bytes);
	p->n++;
	return rc;
}

struct renaming {
	struct cli *cli;
	const char *directory;
	bool keep; /* else they are removed */
};

static int rename_new(void *user, const char *name)
{
	const struct renaming *r = user;
	char *from = NULL, *to = NULL;
	int rc = 0;

	if (asprintf(&from, "%s/%s", r->directory, name) < 0 ||
	    asprintf(&to, "%s/%.*s", r->directory, (int)(strlen(name) - strlen(NEW)), name) < 0)
		rc = cli_fail(r->cli, SJ_NO_MEMORY, NULL);
	else if ((r->keep ? rename(from, to) : unlink(from)) != 0 && errno != ENOENT)
		rc = cli_output_failed(r->cli, from);
	free(from);
	free(to);
	return rc;
}

/* registry.json goes last but one: who is interrupted before it does all of this again. */
static int settle(struct cli *cli, const char *directory, bool keep)
{
	static const char *const new[] = { ".key" NEW, ".secret" NEW, CHECK NEW, ".json" NEW,
					   NULL };
	struct renaming r = { cli, directory, keep };
	char *decided = NULL;
	int rc = for_each(cli, directory, new, rename_new, &r);

	if (rc == 0 && asprintf(&decided, "%s/" DECIDED, directory) < 0)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	if (rc == 0)
		cli_sync_folder(decided);
	if (rc == 0 && unlink(decided) != 0 && errno != ENOENT)
		rc = cli_output_failed(cli, decided);
	free(decided);
	return rc;
}

int keystore_recover(struct cli *cli, const char *directory)
{
	char *decided = NULL;
	bool is;
	int rc;

	if (asprintf(&decided, "%s/" DECIDED, directory) < 0)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = cli_file_there(cli, decided, &is);
	if (rc == 0 && is)
		rc = settle(cli, directory, true);
	free(decided);
	return rc;
}

static int write_registry_new(const struct authority *a)
{
	char *text = json_dumps(a->state, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	int rc;

	if (text == NULL)
		return cli_fail(a->cli, SJ_NO_MEMORY, "registry");
	rc = authority_file_write(a, "registry.json", NEW,
				  sj_span((const uint8_t *)text, strlen(text)), 0600);
	free(text);
	return rc;
}

int keystore_protect(struct authority *a, const char *option, unsigned custodians, size_t *n)
{
	static const char *const secrets[] = { ".key", ".secret", NULL };
	struct sealing *present = keystore_sealing(a->keys), *new = calloc(1, sizeof(*new));
	struct protecting p = { a, new, 0 };
	int rc = 0;

	if (new == NULL)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	/* The present one first, as people expect to be asked. */
	if (keystore_custodians(a) > 0)
		rc = given(a, &present);
	if (rc == 0)
		rc = read_parts(a->cli, option, custodians, true, new);
	if (rc == 0)
		rc = for_each(a->cli, a->directory, secrets, reseal, &p);
	if (rc == 0)
		rc = seal_file(a, new, CHECK, NEW, CHECK_TEXT);
	if (rc == 0 && json_object_set_new(a->state, "custodians", json_integer(custodians)) != 0)
		rc = cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	if (rc == 0)
		rc = write_registry_new(a);
	if (rc == 0)
		rc = authority_file_write(a, DECIDED, "", sj_span(NULL, 0), 0600);
	if (rc == 0)
		rc = settle(a->cli, a->directory, true);
	else
		(void)settle(a->cli, a->directory, false);
	sealing_wipe(new);
	free(new);
	*n = p.n;
	return rc;
}
