/* register_card.c -- cards, from the reader to the holder: credentials, keys, secrets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/register_private.h"
#include "crypt/wipe.h"
#include "wire/hex.h"

#define KEY_COLUMNS 6u
#define KEYS_MAX (DB_PARAMETERS_MAX / KEY_COLUMNS)
#define INDEX_SIZE 5u /* sector and slot, index */
#define LABEL_MAX 48u

static const char *const names[] = { "working", "finishing", "issued", "scrapped" };

const char *register_card_state_name(enum card_state state)
{
	return (size_t)state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

/* --- reading -------------------------------------------------------------------------- */

#define COLUMNS "SELECT id, document, state, serial, key_version, master FROM cards "

struct reading {
	struct holder_register *r;
	struct register_card *out;
	bool found;
	int (*each)(void *user, const struct register_card *c);
	void *user;
};

static int take_card(void *user, const struct db_value *c, size_t n)
{
	struct reading *reading = user;

	if (n != 6 || c[2].integer < 0 || c[2].integer > CARD_SCRAPPED ||
	    c[3].bytes.len != REGISTER_SERIAL)
		return cli_fail(reading->r->cli, SJ_REGISTER_BROKEN, "a row of cards");
	*reading->out = (struct register_card){
		.id = c[0].integer,
		.document = c[1].integer,
		.state = (enum card_state)c[2].integer,
		.key_version = (uint8_t)c[4].integer,
		.master = (unsigned)c[5].integer,
	};
	memcpy(reading->out->serial, c[3].bytes.ptr, REGISTER_SERIAL);
	reading->found = true;
	return reading->each == NULL ? 0 : reading->each(reading->user, reading->out);
}

static int get(struct holder_register *r, int64_t id, struct register_card *out)
{
	const struct db_value value = db_integer(id);
	struct reading reading = { .r = r, .out = out };
	int rc = db_run(r->db, COLUMNS "WHERE id = $1", &value, 1, take_card, &reading, NULL);

	if (rc == 0 && !reading.found)
		rc = cli_fail(r->cli, SJ_INPUT_REFUSED, "card %lld: not in the register",
			      (long long)id);
	return rc;
}

int register_card_find(struct holder_register *r, const uint8_t serial[static REGISTER_SERIAL],
		       struct register_card *out, bool *found)
{
	const struct db_value value = db_bytes(sj_span(serial, REGISTER_SERIAL));
	struct reading reading = { .r = r, .out = out };
	int rc = db_run(r->db, COLUMNS "WHERE serial = $1 ORDER BY id DESC LIMIT 1", &value, 1,
			take_card, &reading, NULL);

	*found = reading.found;
	return rc;
}

int register_cards(struct holder_register *r, int64_t document,
		   int (*found)(void *user, const struct register_card *c), void *user)
{
	const struct db_value value = db_integer(document);
	struct register_card card;
	struct reading reading = { .r = r, .out = &card, .each = found, .user = user };

	return db_run(r->db, COLUMNS "WHERE document = $1 ORDER BY id", &value, 1, take_card,
		      &reading, NULL);
}

/* --- beginning --------------------------------------------------------------------------- */

/* What another worker, or a power cut, left of this document, and what is void on this card. */
static int scrap_others(struct holder_register *r, int64_t document, struct sj_span serial)
{
	const struct db_value values[] = { db_integer(document), db_bytes(serial) };
	struct register_card card = { .id = 0 };
	struct reading reading;
	int rc;

	do {
		reading = (struct reading){ .r = r, .out = &card };
		rc = db_run(r->db,
			    COLUMNS "WHERE (document = $1 OR serial = $2) AND state IN (0, 1)"
				    " ORDER BY id LIMIT 1",
			    values, 2, take_card, &reading, NULL);
		if (rc == 0 && reading.found)
			rc = register_card_move(r, card.id, CARD_SCRAPPED, "begun again");
	} while (rc == 0 && reading.found);
	return rc;
}

static int take_id(void *user, const struct db_value *columns, size_t n)
{
	*(int64_t *)user = n == 1 ? columns[0].integer : 0;
	return 0;
}

int register_card_begin(struct holder_register *r, int64_t document,
			const uint8_t serial[static REGISTER_SERIAL], int64_t *card)
{
	const struct sj_span bytes = sj_span(serial, REGISTER_SERIAL);
	const struct db_value values[] = {
		db_integer(document),
		db_integer(CARD_WORKING),
		db_bytes(bytes),
		db_integer(register_now()),
	};
	char text[2 * REGISTER_SERIAL + 1];
	struct register_document d;
	/* Held: of two who begin, the second finds the first's card; so does who revokes. */
	int rc = register_document_hold(r, document, &d);

	if (rc == 0 && d.state != DOCUMENT_APPROVED)
		rc = cli_fail(r->cli, SJ_INPUT_REFUSED,
			      "%s: the document is %s; cards are made of approved ones", d.number,
			      register_state_name(d.state));
	if (rc == 0)
		rc = scrap_others(r, document, bytes);
	if (rc == 0)
		rc = db_run(r->db,
			    "INSERT INTO cards (document, state, serial, made, changed)"
			    " VALUES ($1, $2, $3, $4, $4) RETURNING id",
			    values, 4, take_id, card, NULL);
	sj_hex_text(bytes, SJ_HEX_LOWER, text, sizeof(text));
	return rc != 0 ? rc
		       : register_event(r, "card working", document, *card,
					json_pack("{s:s}", "serial", text));
}

int register_card_keyed(struct holder_register *r, int64_t card, uint8_t version, unsigned master)
{
	const struct db_value values[] = { db_integer(card), db_integer(version),
					   db_integer(master) };

	return db_run(r->db, "UPDATE cards SET key_version = $2, master = $3 WHERE id = $1", values,
		      3, NULL, NULL, NULL);
}

/* --- what it is given ------------------------------------------------------------------------ */

/* Draws, and puts what the column `indices` holds. */
static int draw(struct holder_register *r, struct register_credential *c, size_t n,
		struct sj_writer *indices)
{
	uint32_t drawn[REGISTER_CREDENTIALS];
	int rc = register_draw(r, c[0].status.partition, n, drawn);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		c[i].status.index = drawn[i];
		sj_put_u8(indices, (uint8_t)(c[i].sector << 4 | c[i].slot));
		sj_put_be(indices, 4, drawn[i]);
	}
	return rc;
}

/* Again after a commit that was not answered: what was drawn first stays unused. */
int register_card_credentials(struct holder_register *r, int64_t card,
			      struct register_credential *credentials, size_t n, uint32_t expires)
{
	uint8_t bytes[REGISTER_CREDENTIALS * INDEX_SIZE];
	struct sj_writer indices = SJ_WRITER_OF(bytes);
	struct db_value values[4];
	int rc;

	if (n == 0 || n > REGISTER_CREDENTIALS)
		return cli_fail(r->cli, SJ_INTERNAL, "credentials of a card");
	rc = draw(r, credentials, n, &indices);
	values[0] = db_integer(card);
	values[1] = db_integer(credentials[0].status.partition);
	values[2] = db_integer(expires);
	values[3] = db_bytes(sj_written(&indices));
	if (rc == 0)
		rc = db_run(r->db,
			    "INSERT INTO credentials (card, part, expires, indices)"
			    " VALUES ($1, $2, $3, $4) ON CONFLICT (card) DO UPDATE SET"
			    " part = excluded.part, indices = excluded.indices",
			    values, 4, NULL, NULL, NULL);
	return rc;
}

int register_card_points(struct holder_register *r, int64_t card,
			 const struct register_credential *credentials, size_t n)
{
	uint8_t bytes[REGISTER_CREDENTIALS * SJ_CWT_KEY];
	struct sj_writer points = SJ_WRITER_OF(bytes);
	struct db_value values[2];
	size_t changed = 0;
	int rc;

	for (size_t i = 0; i < n; i++)
		sj_put(&points, SJ_SPAN_OF(credentials[i].key_x));
	values[0] = db_integer(card);
	values[1] = db_bytes(sj_written(&points));
	rc = db_run(r->db, "UPDATE credentials SET points = $2 WHERE card = $1", values, 2, NULL,
		    NULL, &changed);
	if (rc == 0 && (points.failed || changed != 1))
		rc = cli_fail(r->cli, SJ_INTERNAL, "credentials of a card");
	return rc;
}

int register_card_keys(struct holder_register *r, int64_t card, const struct register_key *keys,
		       size_t n)
{
	struct db_value *v = r->values;

	if (n == 0)
		return 0;
	if (n > KEYS_MAX || !register_values(r->sql, sizeof(r->sql),
					     "INSERT INTO keys (card, name, algorithm, spki,"
					     " issuer, serial) VALUES ",
					     n, KEY_COLUMNS))
		return cli_fail(r->cli, SJ_INTERNAL, "keys of a card");
	for (size_t i = 0; i < n; i++) {
		*v++ = db_integer(card);
		*v++ = db_text(keys[i].name);
		*v++ = db_text(keys[i].algorithm);
		*v++ = db_bytes(keys[i].spki);
		*v++ = keys[i].issuer[0] != '\0' ? db_text(keys[i].issuer) : db_null();
		*v++ = keys[i].serial.len > 0 ? db_bytes(keys[i].serial) : db_null();
	}
	return db_run(r->db, r->sql, r->values, n * KEY_COLUMNS, NULL, NULL, NULL);
}

/* --- its state ---------------------------------------------------------------------------------- */

static bool may_move(enum card_state from, enum card_state to)
{
	return to == CARD_SCRAPPED ? from != CARD_SCRAPPED : to == from + 1u;
}

static int write_state(struct holder_register *r, const struct register_card *c, enum card_state to,
		       const char *reason)
{
	const struct db_value v[] = { db_integer(c->id), db_integer(c->state), db_integer(to),
				      db_text(reason), db_integer(register_now()) };
	size_t changed = 0;
	int rc = db_run(r->db,
			"UPDATE cards SET state = $3, reason = $4, changed = $5"
			" WHERE id = $1 AND state = $2",
			v, 5, NULL, NULL, &changed);

	if (rc == 0 && changed != 1)
		rc = cli_fail(r->cli, SJ_INPUT_REFUSED,
			      "card %lld: somebody else has just changed it", (long long)c->id);
	return rc;
}

static int revoke_credentials(struct holder_register *r, int64_t card)
{
	const struct db_value v[] = { db_integer(card), db_integer(REGISTER_REVOKED) };

	return db_run(r->db, "UPDATE credentials SET status = $2 WHERE card = $1", v, 2, NULL, NULL,
		      NULL);
}

int register_card_move(struct holder_register *r, int64_t card, enum card_state to,
		       const char *reason)
{
	struct register_card c;
	char event[24];
	int rc = get(r, card, &c);

	if (rc != 0)
		return rc;
	if (!may_move(c.state, to))
		return cli_fail(r->cli, SJ_INPUT_REFUSED, "card %lld is %s, which cannot become %s",
				(long long)card, names[c.state], names[to]);
	rc = write_state(r, &c, to, reason);
	if (rc == 0 && to == CARD_SCRAPPED)
		rc = revoke_credentials(r, card);
	snprintf(event, sizeof(event), "card %s", names[to]);
	if (rc == 0)
		rc = register_event(r, event, c.document, card,
				    reason != NULL ? json_pack("{s:s}", "reason", reason) : NULL);
	if (rc == 0 && to == CARD_ISSUED)
		rc = register_move(r, c.document, DOCUMENT_PERSONALISED, NULL);
	if (rc == 0 && to == CARD_SCRAPPED && c.state == CARD_ISSUED)
		rc = register_move(r, c.document, DOCUMENT_APPROVED, reason);
	return rc;
}

/* --- secrets ------------------------------------------------------------------------------------- */

static int holder_key_of(struct holder_register *r, int64_t card, uint8_t *key)
{
	struct register_document d;
	struct register_card c;
	int rc = get(r, card, &c);

	if (rc == 0)
		rc = register_document_get(r, c.document, &d);
	return rc != 0 ? rc : register_holder_key(r, d.holder, key);
}

int register_card_secret(struct holder_register *r, int64_t card, const char *name,
			 struct sj_span secret)
{
	uint8_t key[REGISTER_KEY_SIZE];
	struct sj_span sealed = { NULL, 0 };
	struct db_value values[3];
	char label[LABEL_MAX];
	int rc = holder_key_of(r, card, key);

	snprintf(label, sizeof(label), "secret %lld %s", (long long)card, name);
	if (rc == 0)
		rc = register_seal(r, key, label, secret, &sealed);
	values[0] = db_integer(card);
	values[1] = db_text(name);
	values[2] = db_bytes(sealed);
	if (rc == 0)
		rc = db_run(r->db,
			    "INSERT INTO card_secrets (card, name, sealed) VALUES ($1, $2, $3)"
			    " ON CONFLICT (card, name) DO UPDATE SET sealed = excluded.sealed",
			    values, 3, NULL, NULL, NULL);
	register_wipe(&sealed);
	sj_wipe(key, sizeof(key));
	return rc;
}

struct opening {
	struct holder_register *r;
	const uint8_t *key;
	const char *label;
	struct sj_span plain;
};

static int take_secret(void *user, const struct db_value *columns, size_t n)
{
	struct opening *o = user;

	return n == 1 ? register_unseal(o->r, o->key, o->label, columns[0].bytes, &o->plain) : 0;
}

int register_card_secret_read(struct holder_register *r, int64_t card, const char *name,
			      uint8_t **out, size_t *len)
{
	const struct db_value values[] = { db_integer(card), db_text(name) };
	uint8_t key[REGISTER_KEY_SIZE];
	char label[LABEL_MAX];
	struct opening o = { .r = r, .key = key, .label = label };
	int rc = holder_key_of(r, card, key);

	snprintf(label, sizeof(label), "secret %lld %s", (long long)card, name);
	if (rc == 0)
		rc = db_run(r->db, "SELECT sealed FROM card_secrets WHERE card = $1 AND name = $2",
			    values, 2, take_secret, &o, NULL);
	if (rc == 0 && o.plain.ptr == NULL)
		rc = cli_fail(r->cli, SJ_INPUT_REFUSED, "the register keeps no %s of this card",
			      name);
	if (rc == 0) {
		memcpy(out, &o.plain.ptr, sizeof(*out));
		*len = o.plain.len;
	}
	sj_wipe(key, sizeof(key));
	return rc;
}
