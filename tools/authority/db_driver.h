/* db_driver.h -- what db.c wants from SQLite and from PostgreSQL. For the db*.c files alone. */
#ifndef SJ_AUTHORITY_DB_DRIVER_H
#define SJ_AUTHORITY_DB_DRIVER_H

#include "authority/db.h"

#define DB_STATEMENTS 64u /* kept prepared */

struct db_driver {
	/* After a connection broke: another one; tries until timeout_ms. */
	int (*connect)(struct db *db);
	int (*begin)(struct db *db);
	int (*commit)(struct db *db);
	int (*script)(struct db *db, const char *sql);
	int (*run)(struct db *db, const char *sql, const struct db_value *params, size_t n,
		   db_row_fn row, void *user, size_t *changed);
	void (*close)(struct db *db); /* frees all */
	const char *identity; /* what "{ID}" stands for */
	bool server;
};

/* The first member of a driver's own struct. */
struct db {
	const struct db_driver *driver;
	struct cli *cli;
	char *name; /* for people: "DIR/register.db", "postgresql at HOST" */
	unsigned timeout_ms;
	bool lost; /* the connection broke */
	bool conflict; /* this change gave way to another */
	bool within; /* a change has begun */
	bool busy; /* a row function is at work */
};

/* Each makes and opens one; *out is closed by the caller, whatever this returned. */
CLI_MUST_CHECK int db_sqlite_open(struct cli *cli, const char *path, unsigned timeout_ms,
				  struct db **out);
CLI_MUST_CHECK int db_postgres_open(struct cli *cli, const char *where, unsigned timeout_ms,
				    struct db **out);

/* The place of a statement among those kept; `texts` are owned. *found: it is there. */
size_t db_statement_slot(char *texts[static DB_STATEMENTS], size_t *next, const char *sql,
			 bool *found);

#endif
