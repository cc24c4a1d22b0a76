/* register_pseudonym.c -- the public keys of cards' pseudonyms, for lists of revoked ones. */
#include <stdio.h>

#include "authority/register_private.h"

#define LABEL_MAX 32u

static void label_of(int64_t card, char out[static LABEL_MAX])
{
	snprintf(out, LABEL_MAX, "pseudonym %lld", (long long)card);
}

int register_card_pseudonym(struct holder_register *r, int64_t card, struct sj_span spki)
{
	struct sj_span sealed = { NULL, 0 };
	struct db_value values[2];
	char label[LABEL_MAX];
	int rc;

	label_of(card, label);
	rc = register_seal(r, r->wrap, label, spki, &sealed);
	values[0] = db_integer(card);
	values[1] = db_bytes(sealed);
	if (rc == 0)
		rc = db_run(r->db,
			    "INSERT INTO pseudonyms (card, sealed) VALUES ($1, $2)"
			    " ON CONFLICT (card) DO UPDATE SET sealed = excluded.sealed",
			    values, 2, NULL, NULL, NULL);
	register_wipe(&sealed);
	return rc;
}

struct finding {
	struct holder_register *r;
	int (*found)(void *user, struct sj_span spki);
	void *user;
};

static int pseudonym_row(void *user, const struct db_value *columns, size_t n)
{
	const struct finding *f = user;
	struct sj_span spki = { NULL, 0 };
	char label[LABEL_MAX];
	int rc;

	if (n != 2)
		return 0;
	label_of(columns[0].integer, label);
	rc = register_unseal(f->r, f->r->wrap, label, columns[1].bytes, &spki);
	if (rc == 0)
		rc = f->found(f->user, spki);
	register_wipe(&spki);
	return rc;
}

int register_bad_pseudonyms(struct holder_register *r, int64_t from,
			    int (*found)(void *user, struct sj_span spki), void *user)
{
	const struct db_value v[] = { db_integer(from) };
	struct finding f = { r, found, user };

	return db_run(r->db,
		      "SELECT p.card, p.sealed FROM pseudonyms p"
		      " JOIN credentials c ON c.card = p.card"
		      " WHERE c.status <> 0 AND c.expires >= $1",
		      v, 1, pseudonym_row, &f, NULL);
}
