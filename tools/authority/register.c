#include "authority/register_private.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "authority/secrets.h"
#include "authority/token.h"
#include "crypt/wipe.h"

#define TIMEOUT_MS 15000u
#define OLD_LEDGER "issued.txt"

int64_t register_now(void)
{
	return (int64_t)time(NULL);
}

struct db *register_db(struct holder_register *r)
{
	return r->db;
}

bool register_partition(uint32_t expires, uint16_t *out)
{
	const time_t when = (time_t)expires;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || tm.tm_year < 120)
		return false;
	*out = (uint16_t)((tm.tm_year - 120) * 12 + tm.tm_mon);
	return true;
}

/* --- where it is ------------------------------------------------------------------- */

static bool has_key(const struct authority *a)
{
	const json_t *rows = json_object_get(a->state, "keys");
	const char *name;
	size_t i;
	const json_t *row;

	for (i = 0; (row = json_array_get(rows, i)) != NULL; i++) {
		name = json_string_value(json_object_get(row, "name"));
		if (name != NULL && strcmp(name, REGISTER_KEY) == 0)
			return true;
	}
	return false;
}

int register_place(struct authority *a, const char *where)
{
	int rc = where != NULL ? db_refuse_password(a->cli, where) : 0;

	if (rc != 0)
		return rc;
	if (where != NULL && json_object_set_new(a->state, "register", json_string(where)) != 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	return has_key(a) ? 0 : secrets_make(a, REGISTER_KEY);
}

/* An authority of before the register: what it has issued must not be forgotten. */
static int refuse_old(const struct authority *a)
{
	struct stat st;
	char *path;
	bool there;
	int rc;

	if (asprintf(&path, "%s/" OLD_LEDGER, a->directory) < 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	rc = cli_file_there(a->cli, path, &there);
	if (rc == 0 && there && (stat(path, &st) != 0 || st.st_size > 0))
		rc = cli_fail(a->cli, SJ_INPUT_REFUSED,
			      "%s: cards of before the holder register; issue from a new authority "
			      "and publish this one's lists with the program that wrote it",
			      path);
	free(path);
	return rc;
}

static int open_database(struct holder_register *r)
{
	const char *where = json_string_value(json_object_get(r->a->state, "register"));
	const unsigned timeout = cli_timeout_ms(r->cli) != 0 ? cli_timeout_ms(r->cli) : TIMEOUT_MS;
	char *file = NULL;
	int rc;

	if (where == NULL && asprintf(&file, "sqlite:%s/register.db", r->a->directory) < 0)
		return cli_fail(r->cli, SJ_NO_MEMORY, NULL);
	rc = db_open(r->cli, where != NULL ? where : file, timeout, &r->db);
	free(file);
	return rc;
}

/* --- keys ---------------------------------------------------------------------------- */

static int derive(struct holder_register *r, const char *context, uint8_t key[static SECRETS_SIZE])
{
	return secrets_derive(r->a, REGISTER_KEY,
			      sj_span((const uint8_t *)context, strlen(context)), key);
}

static int derive_mac(struct holder_register *r, const char *context, struct sj_hmac **out)
{
	uint8_t key[SECRETS_SIZE];
	int rc = derive(r, context, key);

	if (rc == 0) {
		*out = sj_hmac_new(SJ_SPAN_OF(key));
		if (*out == NULL)
			rc = cli_fail(r->cli, SJ_NO_MEMORY, NULL);
	}
	sj_wipe(key, sizeof(key));
	return rc;
}

static int derive_keys(struct holder_register *r)
{
	int rc = derive(r, "wrap", r->wrap);

	if (rc == 0)
		rc = derive(r, "index", r->index);
	if (rc == 0)
		rc = derive_mac(r, "number", &r->number);
	return rc != 0 ? rc : derive_mac(r, "head", &r->head);
}

/* --- opening -------------------------------------------------------------------------- */

static void default_actor(struct holder_register *r)
{
	const struct passwd *user = getpwuid(geteuid()); /* NOLINT(concurrency-mt-unsafe) */
	char host[32] = "";

	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	snprintf(r->actor, sizeof(r->actor), "%.31s@%s", user != NULL ? user->pw_name : "?", host);
}

int register_actor(struct holder_register *r, const char *actor)
{
	const size_t len = strlen(actor);

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)actor[i] < ' ')
			return cli_fail(r->cli, SJ_INPUT_REFUSED, "actor: control characters");
	}
	if (len == 0 || len >= sizeof(r->actor))
		return cli_fail(r->cli, SJ_INPUT_REFUSED, "actor: 1 to %u bytes",
				REGISTER_ACTOR_MAX - 1);
	memcpy(r->actor, actor, len + 1);
	return 0;
}

/* What registry.json says, or more: another machine's copy may be ahead of ours. */
static int read_indices(struct holder_register *r)
{
	const json_int_t n = json_integer_value(
		json_object_get(json_object_get(r->a->state, "status"), "indices"));
	int64_t drawn = 0;
	int rc = db_number(r->db, "SELECT COALESCE(MAX(first + size), 0) FROM extents", NULL, 0,
			   &drawn);

	r->indices =
		n > 0 && n <= (json_int_t)TOKEN_INDICES_MAX ? (uint32_t)n : (uint32_t)TOKEN_INDICES;
	if (drawn > (int64_t)r->indices)
		r->indices = (uint32_t)drawn;
	return rc;
}

uint32_t register_indices(const struct holder_register *r)
{
	return r->indices;
}

int register_open(const struct authority *a, struct holder_register **out)
{
	struct holder_register *r = calloc(1, sizeof(*r));
	int rc;

	*out = r;
	if (r == NULL)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	r->a = a;
	r->cli = a->cli;
	default_actor(r);
	rc = refuse_old(a);
	if (rc == 0 && !has_key(a))
		rc = cli_fail(a->cli, SJ_INPUT_REFUSED,
			      "%s: no holder register; make it with `register init`", a->directory);
	if (rc == 0)
		rc = derive_keys(r);
	if (rc == 0)
		rc = open_database(r);
	if (rc == 0)
		rc = register_migrate(r);
	if (rc == 0)
		rc = register_head_check(r);
	if (rc == 0)
		rc = read_indices(r);
	if (rc != 0) {
		register_close(r);
		*out = NULL;
	}
	return rc;
}

void register_close(struct holder_register *r)
{
	if (r == NULL)
		return;
	register_forget(r);
	db_close(r->db);
	sj_hmac_free(r->number);
	sj_hmac_free(r->head);
	sj_wipe(r, sizeof(*r));
	free(r);
}

/* --- changes --------------------------------------------------------------------------- */

int register_begin(struct holder_register *r)
{
	int rc = db_begin(r->db);

	r->within = rc == 0;
	return rc;
}

int register_commit(struct holder_register *r)
{
	int rc = register_flush(r);

	if (rc != 0)
		db_rollback(r->db);
	else
		rc = db_commit(r->db);
	register_forget(r);
	r->within = false;
	return rc;
}

void register_rollback(struct holder_register *r)
{
	register_forget(r);
	db_rollback(r->db);
	r->within = false;
}
