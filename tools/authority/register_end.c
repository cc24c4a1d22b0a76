/* register_end.c -- what runs out, and whom we forget. */
#include <stdlib.h>

#include <string.h>

#include "authority/register_private.h"

#define PORTION 200u

struct ids {
	int64_t list[PORTION];
	size_t n;
};

static int take_id(void *user, const struct db_value *columns, size_t n)
{
	struct ids *ids = user;

	if (n == 1 && ids->n < PORTION)
		ids->list[ids->n++] = columns[0].integer;
	return 0;
}

/* --- expiring ------------------------------------------------------------------------- */

static int expire_some(struct holder_register *r, int64_t now, struct ids *ids)
{
	const struct db_value v[] = { db_integer(now), db_integer(DOCUMENT_PERSONALISED),
				      db_integer(DOCUMENT_SUSPENDED), db_integer(PORTION) };
	int rc = register_begin(r);

	ids->n = 0;
	if (rc == 0)
		rc = db_run(r->db,
			    "SELECT id FROM documents WHERE state BETWEEN $2 AND $3"
			    " AND expires < $1 ORDER BY id LIMIT $4",
			    v, 4, take_id, ids, NULL);
	for (size_t i = 0; rc == 0 && i < ids->n; i++)
		rc = register_move(r, ids->list[i], DOCUMENT_EXPIRED, NULL);
	if (rc == 0)
		return register_commit(r);
	register_rollback(r);
	return rc;
}

int register_expire(struct holder_register *r, int64_t now, size_t *moved)
{
	struct ids ids;
	int rc;

	do {
		rc = expire_some(r, now, &ids);
		if (rc == 0)
			*moved += ids.n;
	} while (rc == 0 && ids.n == PORTION);
	return rc;
}

/* --- erasing ---------------------------------------------------------------------------- */

/* What is deleted; $1 is the holder. The key first: without it the rest says nothing. */
static const char *const deletions[] = {
	"UPDATE holders SET wrapped = NULL, erased = $2 WHERE id = $1 AND wrapped IS NOT NULL",
	"UPDATE persons SET details = NULL, portrait = NULL WHERE holder = $1",
	"UPDATE documents SET number = NULL WHERE holder = $1",
	("DELETE FROM card_secrets WHERE card IN (SELECT c.id FROM cards c"
	 " JOIN documents d ON d.id = c.document WHERE d.holder = $1)"),
	/* What no list has to say any more. */
	("DELETE FROM pseudonyms WHERE card IN (SELECT c.id FROM cards c"
	 " JOIN documents d ON d.id = c.document JOIN credentials b ON b.card = c.id"
	 " WHERE d.holder = $1 AND b.expires < $2)"),
};

static int take_busy(void *user, const struct db_value *columns, size_t n)
{
	*(int64_t *)user = n > 0 ? columns[0].integer : 1;
	return 0;
}

/* What the database keeps of the old rows: a log, dead rows. */
static int clean(struct holder_register *r)
{
	static const char *const dead[] = { "VACUUM holders", "VACUUM persons", "VACUUM documents",
					    "VACUUM card_secrets" };
	int64_t busy = 0;
	int rc = 0;

	if (!db_is_server(r->db))
		rc = db_run(r->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, 0, take_busy, &busy,
			    NULL);
	else
		for (size_t i = 0; rc == 0 && i < sizeof(dead) / sizeof(dead[0]); i++)
			rc = db_script(r->db, dead[i]);
	if (rc == 0 && busy != 0)
		rc = cli_fail(r->cli, SJ_REGISTER_UNREACHABLE,
			      "erased, but others read the register, and until they end its log "
			      "has the old rows; repeat it then");
	return rc;
}

static int check_erasable(struct holder_register *r, int64_t holder)
{
	const struct db_value v[] = { db_integer(holder), db_integer(DOCUMENT_REVOKED) };
	int64_t good = 0;
	int rc = db_number(r->db, "SELECT COUNT(*) FROM documents WHERE holder = $1 AND state < $2",
			   v, 2, &good);

	if (rc == 0 && good > 0)
		rc = cli_fail(r->cli, SJ_INPUT_REFUSED,
			      "the holder has a document that is neither revoked nor expired; "
			      "revoke it first");
	return rc;
}

static int erase(struct holder_register *r, const struct register_document *d)
{
	const struct db_value v[] = { db_integer(d->holder), db_integer(register_now()) };
	const size_t n = sizeof(deletions) / sizeof(deletions[0]);
	int rc = check_erasable(r, d->holder);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = db_run(r->db, deletions[i], v, strstr(deletions[i], "$2") != NULL ? 2 : 1,
			    NULL, NULL, NULL);
	return rc != 0 ? rc : register_event(r, "erased", d->id, 0, NULL);
}

int register_erase(struct holder_register *r, int64_t document)
{
	struct register_document d;
	int rc = register_begin(r);

	if (rc != 0)
		return rc;
	rc = register_document_get(r, document, &d);
	if (rc == 0)
		rc = erase(r, &d);
	if (rc != 0) {
		register_rollback(r);
		return rc;
	}
	rc = register_commit(r);
	return rc != 0 ? rc : clean(r);
}
