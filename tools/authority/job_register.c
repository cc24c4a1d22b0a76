/* job_register.c -- a card in the making, and what the register knows of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/job.h"
#include "crypt/wipe.h"

#define ADMIN_SECRET "9B" /* the management key, among the card's secrets */
#define LIST_MAX 32u

/* Everything that has an index: gates, document, eID, and last the key application. */
static size_t gather(const struct job *job, struct register_credential out[REGISTER_CREDENTIALS])
{
	size_t n = 0;

	if (job->gate.wanted) {
		memcpy(out, job->gate.rows, sizeof(job->gate.rows));
		n = GATE_CREDENTIALS + 1;
	}
	if (job->eid.wanted) {
		memcpy(out + n, job->eid.rows, sizeof(job->eid.rows));
		n += SJ_GATE_SECTORS;
	}
	if (job->keys.wanted)
		out[n++] = job->keys.row;
	return n;
}

/* With the document, all of them. */
static uint32_t ends_of(const struct job *job)
{
	if (job->gate.wanted)
		return job->gate.expires;
	return job->eid.wanted ? job->eid.ends : job->keys.ends;
}

int job_draw(struct job *job, int64_t card)
{
	struct register_credential list[REGISTER_CREDENTIALS];
	const size_t n = gather(job, list);
	int rc = 0;

	_Static_assert(GATE_CREDENTIALS + 2 + SJ_GATE_SECTORS == REGISTER_CREDENTIALS,
		       "all of them");
	if (n > 0)
		rc = register_card_credentials(job->reg, card, list, n, ends_of(job));
	if (rc == 0 && job->gate.wanted)
		memcpy(job->gate.rows, list, sizeof(job->gate.rows));
	if (rc == 0 && job->eid.wanted)
		memcpy(job->eid.rows, list + (job->gate.wanted ? GATE_CREDENTIALS + 1 : 0),
		       sizeof(job->eid.rows));
	if (rc == 0 && job->keys.wanted)
		job->keys.row = list[n - 1];
	return rc;
}

/* --- what the card has made -------------------------------------------------------------- */

struct key_list {
	struct register_key keys[LIST_MAX];
	uint8_t serials[KEYS_CERTIFIED][SJ_SERIAL_SIZE];
	size_t n;
};

static struct register_key *add(struct key_list *l, const struct card_key *key,
				const char *algorithm)
{
	struct register_key *k = &l->keys[l->n];

	if (key->len == 0 || l->n == LIST_MAX)
		return NULL;
	*k = (struct register_key){ .spki = sj_span(key->bytes, key->len) };
	snprintf(k->algorithm, sizeof(k->algorithm), "%s", algorithm);
	l->n++;
	return k;
}

/* The document application's. */
static void add_document_keys(struct key_list *l, const struct profile *p,
			      const struct card_keys *keys)
{
	char rsa[16];
	struct register_key *k;

	for (size_t i = 0; i < p->ca_count; i++) {
		k = add(l, &keys->ca[i], sj_curve_name(p->ca[i].curve));
		if (k != NULL)
			snprintf(k->name, sizeof(k->name), "CA%u", (unsigned)(i + 1) % 100);
	}
	for (size_t i = 0; i < p->suite_count; i++) {
		k = add(l, &keys->cam[i], sj_curve_name(p->suites[i].curve));
		if (k != NULL)
			snprintf(k->name, sizeof(k->name), "CAM%u", (unsigned)(i + 1) % 100);
	}
	snprintf(rsa, sizeof(rsa), "RSA-%u", p->aa_bits);
	k = add(l, &keys->aa, p->aa == PROFILE_AA_EC ? sj_curve_name(p->aa_curve) : rsa);
	if (k != NULL)
		snprintf(k->name, sizeof(k->name), "AA");
}

/* Each sector's; that for pseudonyms is kept sealed. */
static void add_sector_keys(struct key_list *l, const struct profile *p, const struct eid_data *eid)
{
	for (size_t i = 0; eid->wanted && i < FILES_SECTORS; i++) {
		struct register_key *k = add(l, &eid->ca[i], sj_curve_name(p->ca[0].curve));

		if (k != NULL)
			snprintf(k->name, sizeof(k->name), "CA2.%u", (unsigned)i);
	}
}

/* The key application's, with their certificates. */
static void add_piv_keys(struct key_list *l, const struct key_data *data)
{
	for (size_t i = 0; data->wanted && i < KEYS_MADE; i++) {
		const bool certified = i < KEYS_CERTIFIED;
		struct register_key *k =
			add(l, &data->publics[i], keys_algorithm_name(data->algorithms[i]));

		if (k == NULL)
			continue;
		snprintf(k->name, sizeof(k->name), "%02X", keys_refs[i]);
		snprintf(k->issuer, sizeof(k->issuer), "%s",
			 certified ? data->ca.name : data->content.name);
		if (!certified)
			continue;
		keys_serial(&data->row, keys_refs[i], l->serials[i]);
		k->serial = SJ_SPAN_OF(l->serials[i]);
	}
}

static int record_admin(struct job *job, int64_t card)
{
	char text[KEYS_ADMIN_TEXT];
	int rc = keys_admin_text(&job->keys, text)
			 ? register_card_secret(job->reg, card, ADMIN_SECRET,
						sj_span((const uint8_t *)text, strlen(text)))
			 : cli_fail(job->cli, SJ_INTERNAL, "management key");

	sj_wipe(text, sizeof(text));
	return rc;
}

int job_record(struct job *job, const struct card_keys *keys, int64_t card)
{
	struct register_credential credentials[REGISTER_CREDENTIALS];
	const size_t n = gather(job, credentials);
	struct key_list *list = calloc(1, sizeof(*list));
	int rc = 0;

	if (list == NULL)
		return cli_fail(job->cli, SJ_NO_MEMORY, NULL);
	if (n > 0)
		rc = register_card_points(job->reg, card, credentials, n);
	if (rc == 0) {
		add_document_keys(list, &job->profile, keys);
		add_sector_keys(list, &job->profile, &job->eid);
		add_piv_keys(list, &job->keys);
		rc = register_card_keys(job->reg, card, list->keys, list->n);
	}
	if (rc == 0 && job->eid.wanted)
		rc = register_card_pseudonym(job->reg, card,
					     sj_span(job->eid.ri.bytes, job->eid.ri.len));
	if (rc == 0 && job->keys.wanted)
		rc = record_admin(job, card);
	free(list);
	return rc;
}

/* --- a single card ------------------------------------------------------------------------ */

/* Ends a change that `rc` tells of. */
static int end(struct job *job, int rc)
{
	if (rc == 0)
		return register_commit(job->reg);
	register_rollback(job->reg);
	return rc;
}

static int apply(struct job *job, const char *number)
{
	char *json = json_dumps(job->holder.root, JSON_COMPACT);
	const int64_t expires = holder_end_of(job->holder.fields[HOLDER_EXPIRY_DATE]);
	int rc;

	if (json == NULL)
		return cli_fail(job->cli, SJ_NO_MEMORY, NULL);
	rc = register_apply(job->reg, sj_span((const uint8_t *)json, strlen(json)),
			    sj_span(job->portrait, job->portrait_len), number, (uint32_t)expires,
			    &job->document);
	sj_wipe(json, strlen(json));
	free(json);
	return rc;
}

static int find_issued(void *user, const struct register_card *c)
{
	if (c->state == CARD_ISSUED)
		*(int64_t *)user = c->id;
	return 0;
}

/* --again: its card turned out bad before it was handed over. */
static int scrap_issued(struct job *job)
{
	int64_t card = 0;
	int rc = register_cards(job->reg, job->document, find_issued, &card);

	return rc != 0 || card == 0
		       ? rc
		       : register_card_move(job->reg, card, CARD_SCRAPPED, "issued again");
}

/* Approved, whatever it takes; only what is approved becomes a card. */
static int claim(struct job *job)
{
	const char *number = job->holder.fields[HOLDER_DOCUMENT_NUMBER];
	struct register_document d = { .state = DOCUMENT_APPLIED };
	bool found;
	int rc = register_find(job->reg, number, &d, &found);

	job->document = d.id;
	if (rc == 0 && !found)
		rc = apply(job, number);
	if (rc == 0 && d.state == DOCUMENT_APPLIED)
		rc = register_move(job->reg, job->document, DOCUMENT_APPROVED, NULL);
	if (rc == 0 && d.state == DOCUMENT_PERSONALISED && cli_given(job->cli, "again"))
		rc = scrap_issued(job);
	return rc;
}

int job_check_number(struct job *job)
{
	const char *number = job->holder.fields[HOLDER_DOCUMENT_NUMBER];
	struct register_document d;
	bool found;
	int rc = register_find(job->reg, number, &d, &found);

	if (rc != 0 || !found || d.state <= DOCUMENT_APPROVED ||
	    (d.state == DOCUMENT_PERSONALISED && cli_given(job->cli, "again")))
		return rc;
	return cli_fail(job->cli, SJ_INPUT_REFUSED,
			"%s: the document is %s; a new one needs another number%s", number,
			register_state_name(d.state),
			d.state == DOCUMENT_PERSONALISED
				? ", and a card that turned out bad is made again with --again"
				: " (`register replace`)");
}

int job_begin_card(struct job *job, const uint8_t serial[static REGISTER_SERIAL])
{
	int rc;

	if (job->reg == NULL)
		return 0;
	rc = register_begin(job->reg);
	if (rc != 0)
		return rc;
	rc = claim(job);
	if (rc == 0)
		rc = register_card_begin(job->reg, job->document, serial, &job->card);
	if (rc == 0)
		rc = job_draw(job, job->card);
	return end(job, rc);
}

int job_finish_card(struct job *job, const struct card_keys *keys, uint8_t key_version,
		    unsigned master)
{
	int rc;

	if (job->reg == NULL)
		return 0;
	rc = register_begin(job->reg);
	if (rc != 0)
		return rc;
	rc = job_record(job, keys, job->card);
	if (rc == 0 && key_version != 0)
		rc = register_card_keyed(job->reg, job->card, key_version, master);
	if (rc == 0)
		rc = register_card_move(job->reg, job->card, CARD_FINISHING, NULL);
	return end(job, rc);
}

int job_end_card(struct job *job, enum card_state state, const char *reason)
{
	int rc;

	if (job->reg == NULL || job->card == 0)
		return 0;
	rc = register_begin(job->reg);
	return rc != 0 ? rc : end(job, register_card_move(job->reg, job->card, state, reason));
}

int job_settle_card(struct job *job, const uint8_t serial[static REGISTER_SERIAL])
{
	struct register_card c;
	bool found;
	int rc;

	if (job->reg == NULL)
		return 0;
	rc = register_card_find(job->reg, serial, &c, &found);
	if (rc != 0 || !found || c.state != CARD_FINISHING)
		return rc;
	job->card = c.id;
	rc = job_end_card(job, CARD_ISSUED, NULL);
	if (rc == 0)
		cli_note(job->cli, "this card was complete: the register has it as issued now");
	return rc;
}
