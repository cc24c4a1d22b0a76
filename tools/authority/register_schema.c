/*
 * register_schema.c -- tables of the register, version by version. A script is never changed
 * once it was in use; what is new is the next version.
 */
#include <stdlib.h>

#include "authority/register_private.h"

#define LOCK_SCHEMA "SELECT pg_advisory_xact_lock(5308164)"

/* {ID}: a number that the database gives. The others run after it, on their database alone. */
struct migration {
	const char *script, *sqlite, *postgres;
};

static const char base[] =
	"CREATE TABLE schema (version INTEGER NOT NULL);"
	"INSERT INTO schema VALUES (0);"
	"CREATE TABLE holders ("
	"	id {ID},"
	"	wrapped BYTEA," /* the holder's key under the register's; NULL: erased */
	"	made BIGINT NOT NULL,"
	"	erased BIGINT);"
	"CREATE TABLE persons ("
	"	id {ID},"
	"	holder BIGINT NOT NULL REFERENCES holders (id),"
	"	details BYTEA," /* the holder file, sealed */
	"	portrait BYTEA,"
	"	made BIGINT NOT NULL);"
	"CREATE INDEX persons_holder ON persons (holder);"
	"CREATE TABLE documents ("
	"	id {ID},"
	"	holder BIGINT NOT NULL REFERENCES holders (id),"
	"	person BIGINT NOT NULL REFERENCES persons (id),"
	"	state INTEGER NOT NULL,"
	"	resumes INTEGER," /* the state before a suspension */
	"	number_index BYTEA NOT NULL UNIQUE,"
	"	number BYTEA," /* sealed */
	"	expires BIGINT NOT NULL,"
	"	replaces BIGINT REFERENCES documents (id),"
	"	reason TEXT,"
	"	made BIGINT NOT NULL,"
	"	changed BIGINT NOT NULL);"
	"CREATE INDEX documents_holder ON documents (holder);"
	"CREATE INDEX documents_state ON documents (state, id);"
	"CREATE TABLE cards ("
	"	id {ID},"
	"	document BIGINT NOT NULL REFERENCES documents (id),"
	"	state INTEGER NOT NULL,"
	"	serial BYTEA NOT NULL,"
	"	key_version INTEGER NOT NULL DEFAULT 0,"
	"	master INTEGER NOT NULL DEFAULT 0,"
	"	reason TEXT,"
	"	made BIGINT NOT NULL,"
	"	changed BIGINT NOT NULL);"
	"CREATE INDEX cards_document ON cards (document);"
	"CREATE INDEX cards_serial ON cards (serial, id);"
	"CREATE UNIQUE INDEX cards_issued ON cards (document) WHERE state = 2;"
	"CREATE TABLE credentials ("
	"	card BIGINT PRIMARY KEY REFERENCES cards (id),"
	"	part INTEGER NOT NULL,"
	"	expires BIGINT NOT NULL,"
	"	status INTEGER NOT NULL DEFAULT 0,"
	"	indices BYTEA NOT NULL,"
	"	points BYTEA);" /* their keys; NULL: the card has not finished */
	"CREATE INDEX credentials_bad ON credentials (part, indices) WHERE status <> 0;"
	"CREATE TABLE keys ("
	"	card BIGINT NOT NULL REFERENCES cards (id),"
	"	name TEXT NOT NULL,"
	"	algorithm TEXT NOT NULL,"
	"	spki BYTEA NOT NULL,"
	"	issuer TEXT," /* of its certificate, and its serial; NULL: it has none */
	"	serial BYTEA,"
	"	PRIMARY KEY (card, name));"
	"CREATE VIEW certificates AS"
	"	SELECT card, name, issuer, serial FROM keys WHERE serial IS NOT NULL;"
	"CREATE TABLE card_secrets ("
	"	card BIGINT NOT NULL REFERENCES cards (id),"
	"	name TEXT NOT NULL,"
	"	sealed BYTEA NOT NULL,"
	"	PRIMARY KEY (card, name));"
	"CREATE TABLE extents ("
	"	part INTEGER NOT NULL,"
	"	extent INTEGER NOT NULL,"
	"	first BIGINT NOT NULL,"
	"	size BIGINT NOT NULL,"
	"	next BIGINT NOT NULL,"
	"	PRIMARY KEY (part, extent));"
	"CREATE TABLE history ("
	"	number BIGINT PRIMARY KEY,"
	"	at BIGINT NOT NULL,"
	"	actor TEXT NOT NULL,"
	"	event TEXT NOT NULL,"
	"	document BIGINT NOT NULL," /* 0: none */
	"	card BIGINT NOT NULL,"
	"	detail TEXT NOT NULL,"
	"	hash BYTEA NOT NULL);"
	"CREATE INDEX history_document ON history (document, number) WHERE document <> 0;"
	"CREATE TABLE history_head ("
	"	number BIGINT NOT NULL,"
	"	hash BYTEA NOT NULL,"
	"	seal BYTEA NOT NULL);";

static const char base_sqlite[] =
	"CREATE TRIGGER history_update BEFORE UPDATE ON history BEGIN"
	"	SELECT RAISE(ABORT, 'the history is only ever added to'); END;"
	"CREATE TRIGGER history_delete BEFORE DELETE ON history BEGIN"
	"	SELECT RAISE(ABORT, 'the history is only ever added to'); END;";

static const char base_postgres[] =
	"CREATE FUNCTION history_refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
	"	BEGIN RAISE EXCEPTION 'the history is only ever added to'; END $$;"
	"CREATE TRIGGER history_change BEFORE UPDATE OR DELETE ON history"
	"	FOR EACH ROW EXECUTE FUNCTION history_refuse();"
	"CREATE TRIGGER history_truncate BEFORE TRUNCATE ON history"
	"	FOR EACH STATEMENT EXECUTE FUNCTION history_refuse();";

/* Documents that wait for a card: queue.h, QUEUE.md. */
static const char queue[] = "CREATE TABLE job ("
			    "	document BIGINT PRIMARY KEY REFERENCES documents (id),"
			    "	state INTEGER NOT NULL,"
			    "	attempts INTEGER NOT NULL,"
			    "	lease BIGINT NOT NULL,"
			    "	worker TEXT NOT NULL,"
			    "	failure INTEGER NOT NULL,"
			    "	line BIGINT NOT NULL);"
			    "CREATE INDEX job_open ON job (state, document);";

/* Keys that cards make pseudonyms with, for lists of revoked ones: of no holder's, since a list
 * outlives what is erased. */
static const char pseudonyms[] = "CREATE TABLE pseudonyms ("
				 "	card BIGINT PRIMARY KEY REFERENCES cards (id),"
				 "	sealed BYTEA NOT NULL);";

static const struct migration migrations[] = {
	{ base, base_sqlite, base_postgres },
	{ queue, NULL, NULL },
	{ pseudonyms, NULL, NULL },
};

_Static_assert(sizeof(migrations) / sizeof(migrations[0]) == REGISTER_SCHEMA, "newest version");

/* 0: a database without tables. */
static int version_of(struct holder_register *r, int64_t *version)
{
	const char *exists =
		db_is_server(r->db)
			? "SELECT COUNT(*) FROM information_schema.tables"
			  " WHERE table_schema = current_schema() AND table_name = 'schema'"
			: "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema'";
	int64_t there = 0;
	int rc = db_number(r->db, exists, NULL, 0, &there);

	*version = 0;
	if (rc == 0 && there > 0)
		rc = db_number(r->db, "SELECT version FROM schema", NULL, 0, version);
	return rc;
}

static int migrate_one(struct holder_register *r, int64_t version)
{
	const struct migration *m = &migrations[version];
	const char *own = db_is_server(r->db) ? m->postgres : m->sqlite;
	const struct db_value next = db_integer(version + 1);
	int rc = db_script(r->db, m->script);

	if (rc == 0 && own != NULL)
		rc = db_script(r->db, own);
	if (rc == 0 && version == 0)
		rc = register_head_make(r);
	if (rc == 0)
		rc = db_run(r->db, "UPDATE schema SET version = $1", &next, 1, NULL, NULL, NULL);
	return rc != 0 ? rc
		       : register_event(r, "schema", 0, 0,
					json_pack("{s:I}", "version", (json_int_t)version + 1));
}

/* In one change: a power cut leaves the old version. */
static int migrate(struct holder_register *r)
{
	int64_t version = 0;
	int rc = register_begin(r);

	if (rc == 0 && db_is_server(r->db))
		rc = db_script(r->db, LOCK_SCHEMA);
	if (rc == 0)
		rc = version_of(r, &version); /* another process may have done it */
	for (; rc == 0 && version < REGISTER_SCHEMA; version++)
		rc = migrate_one(r, version);
	if (rc == 0)
		return register_commit(r);
	register_rollback(r);
	return rc;
}

int register_migrate(struct holder_register *r)
{
	int64_t version = 0;
	int rc = version_of(r, &version);

	if (rc == 0 && version > REGISTER_SCHEMA)
		rc = cli_fail(r->cli, SJ_REGISTER_BROKEN,
			      "schema %d of the register is newer than this program (%d)",
			      (int)version, REGISTER_SCHEMA);
	return rc != 0 || version == REGISTER_SCHEMA ? rc : migrate(r);
}
