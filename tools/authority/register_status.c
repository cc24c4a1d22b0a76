/* register_status.c -- which indices of the status list are bad, and what was given out. */
#include <string.h>

#include "authority/register_private.h"

#define INDEX_SIZE 5u

int register_status_set(struct holder_register *r, int64_t document, enum register_status status)
{
	const struct db_value v[] = { db_integer(document), db_integer(status),
				      db_integer(CARD_SCRAPPED) };

	return db_run(r->db,
		      "UPDATE credentials SET status = $2 WHERE card IN"
		      " (SELECT id FROM cards WHERE document = $1 AND state <> $3)",
		      v, 3, NULL, NULL, NULL);
}

static bool take_index(struct sj_span *indices, struct register_credential *out)
{
	uint8_t place;

	if (!sj_take_u8(indices, &place) || !sj_take_be(indices, 4, &out->status.index))
		return false;
	out->sector = place >> 4;
	out->slot = place & 0x0F;
	return true;
}

/* --- bad ones ------------------------------------------------------------------------- */

struct revoked {
	int (*found)(void *user, struct sj_status_ref ref);
	void *user;
};

static int revoked_row(void *user, const struct db_value *columns, size_t n)
{
	struct revoked *v = user;
	struct register_credential c;
	struct sj_span indices = columns[1].bytes;
	int rc = 0;

	c.status.partition = (uint16_t)columns[0].integer;
	while (rc == 0 && n == 2 && take_index(&indices, &c))
		rc = v->found(v->user, c.status);
	return rc;
}

int register_revoked(struct holder_register *r, uint16_t from,
		     int (*found)(void *user, struct sj_status_ref ref), void *user)
{
	const struct db_value part = db_integer(from);
	struct revoked v = { found, user };

	return db_run(r->db,
		      "SELECT part, indices FROM credentials WHERE status <> 0 AND part >= $1"
		      " ORDER BY part",
		      &part, 1, revoked_row, &v, NULL);
}

struct certificates {
	int (*found)(void *user, const char *issuer, struct sj_span serial, int64_t when);
	void *user;
};

static int certificate_row(void *user, const struct db_value *columns, size_t n)
{
	struct certificates *c = user;
	char issuer[AUTHORITY_NAME_MAX];

	if (n != 3 || !db_copy_text(&columns[0], issuer, sizeof(issuer)))
		return 0;
	return c->found(c->user, issuer, columns[1].bytes, columns[2].integer);
}

int register_bad_certificates(struct holder_register *r, int64_t from,
			      int (*found)(void *user, const char *issuer, struct sj_span serial,
					   int64_t when),
			      void *user)
{
	const struct db_value v[] = { db_integer(from), db_integer(CARD_SCRAPPED) };
	struct certificates c = { found, user };

	return db_run(r->db,
		      "SELECT k.issuer, k.serial,"
		      " CASE WHEN x.state = $2 THEN x.changed ELSE d.changed END"
		      " FROM credentials b"
		      " JOIN cards x ON x.id = b.card JOIN documents d ON d.id = x.document"
		      " JOIN keys k ON k.card = b.card"
		      " WHERE b.status <> 0 AND b.expires >= $1 AND k.serial IS NOT NULL"
		      " ORDER BY k.card, k.name",
		      v, 2, certificate_row, &c, NULL);
}

/* --- counting ---------------------------------------------------------------------------- */

struct counting {
	int (*row)(void *user, uint16_t partition, uint64_t issued, uint64_t bad);
	void *user;
};

static int count_row(void *user, const struct db_value *columns, size_t n)
{
	struct counting *c = user;

	return n != 3 ? 0
		      : c->row(c->user, (uint16_t)columns[0].integer, (uint64_t)columns[1].integer,
			       (uint64_t)columns[2].integer / INDEX_SIZE);
}

int register_count(struct holder_register *r,
		   int (*row)(void *user, uint16_t partition, uint64_t issued, uint64_t bad),
		   void *user)
{
	struct counting c = { row, user };

	return db_run(r->db,
		      "SELECT e.part, CAST(SUM(e.next) AS BIGINT),"
		      " (SELECT COALESCE(SUM(LENGTH(c.indices)), 0) FROM credentials c"
		      "  WHERE c.part = e.part AND c.status <> 0)"
		      " FROM extents e GROUP BY e.part ORDER BY e.part",
		      NULL, 0, count_row, &c, NULL);
}

/* --- of one document ----------------------------------------------------------------------- */

struct listing {
	int (*found)(void *user, const struct register_credential *c, uint32_t expires, bool good);
	void *user;
};

static int credentials_row(void *user, const struct db_value *columns, size_t n)
{
	struct listing *l = user;
	struct sj_span indices = columns[3].bytes, points = columns[4].bytes;
	struct register_credential c;
	int rc = 0;

	c.status.partition = (uint16_t)columns[0].integer;
	while (rc == 0 && n == 5 && take_index(&indices, &c) &&
	       sj_take_copy(&points, SJ_CWT_KEY, c.key_x))
		rc = l->found(l->user, &c, (uint32_t)columns[1].integer, columns[2].integer == 0);
	return rc;
}

int register_credentials(struct holder_register *r, const char *number,
			 int (*found)(void *user, const struct register_credential *c,
				      uint32_t expires, bool good),
			 void *user)
{
	struct listing l = { found, user };
	struct register_document d;
	struct db_value id;
	bool there = false;
	int rc = register_find(r, number, &d, &there);

	if (rc != 0 || !there)
		return rc;
	id = db_integer(d.id);
	return db_run(r->db,
		      "SELECT c.part, c.expires, c.status, c.indices, c.points"
		      " FROM credentials c JOIN cards x ON x.id = c.card"
		      " WHERE x.document = $1 AND c.points IS NOT NULL ORDER BY c.card",
		      &id, 1, credentials_row, &l, NULL);
}
