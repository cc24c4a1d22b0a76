#include "authority/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypt/wipe.h"

#define DAY 86400

#define DGI_BEGIN 0x0000u
#define DGI_CONFIGURATION 0x0001u
#define DGI_ANCHOR 0x0002u
#define DGI_KEYS 0x0011u
#define DGI_CREDENTIAL 0x0012u

#define GROUPING_HEAD 3u /* id and length of one of at most 254 bytes */
#define BATCH_MAX (GATE_CREDENTIALS * (GROUPING_HEAD + 2u + 160u))

static const char *const classes[] = { "", "visitor", "resident", "permanent", "return" };

const char *gate_class_name(enum sj_gate_class class)
{
	return classes[class];
}

/* --- what stands in it ------------------------------------------------------- */

enum sj_gate_class gate_class_of(const struct holder *h)
{
	const char *name = h->fields[HOLDER_CLASS];

	for (int c = SJ_CLASS_VISITOR; name != NULL && c <= SJ_CLASS_RETURN; c++) {
		if (strcmp(name, classes[c]) == 0)
			return (enum sj_gate_class)c;
	}
	return SJ_CLASS_VISITOR;
}

/* YYYYMMDD, two digits a byte; what is unknown is zero from there on. */
static void set_birth(struct gate_data *g, const char *date)
{
	char digits[9];

	holder_date(date, digits);
	if (memcmp(digits + 4, "00", 2) == 0)
		memcpy(digits + 6, "00", 2);
	for (size_t i = 0; i < sizeof(g->birth); i++)
		g->birth[i] = (uint8_t)((digits[2 * i] - '0') << 4 | (digits[2 * i + 1] - '0'));
}

/*
 * Credentials begin with the day, so that the second of issue does not tell
 * cards apart, but not before the key that signs them.
 */
static int set_times(struct gate_data *g, const struct authority *a, const struct holder *h)
{
	const int64_t now = (int64_t)time(NULL), end = holder_end_of(h->fields[HOLDER_EXPIRY_DATE]);
	uint16_t partition;

	if (end < now) {
		cli_note(a->cli, "expired already: no credentials for gates");
		g->wanted = false;
		return 0;
	}
	if (end > (int64_t)g->ca.cwt.expires)
		return cli_fail(a->cli, SJ_INPUT_REFUSED, "/expiryDate lies after %s", g->ca.name);
	g->expires = (uint32_t)end;
	g->not_before = (uint32_t)(now / DAY * DAY);
	if (g->not_before < g->ca.cwt.not_before)
		g->not_before = g->ca.cwt.not_before;
	if (!register_partition(g->expires, &partition))
		return cli_fail(a->cli, SJ_INTERNAL, "partition");
	for (size_t i = 0; i <= GATE_CREDENTIALS; i++) {
		struct register_credential *r = &g->rows[i];
		const bool document = i == GATE_CREDENTIALS;

		r->sector = document ? 0 : (uint8_t)(i / SJ_GATE_SLOTS + 1);
		r->slot = document ? 0 : (uint8_t)(i % SJ_GATE_SLOTS);
		r->status.partition = partition;
	}
	return 0;
}

/* The gate CA before the present one: gates may still have credentials that it signed. */
static int read_older(struct gate_data *g, const struct authority *a)
{
	char name[AUTHORITY_NAME_MAX];
	const char *dash = strrchr(g->ca.name, '-');
	const unsigned long number = dash != NULL ? strtoul(dash + 1, NULL, 10) : 1;

	if (number < 2)
		return 0;
	snprintf(name, sizeof(name), "gate-ca-%lu", number - 1);
	return token_read(a, name, &g->older_ca);
}

int gate_open(struct gate_data *g, const struct authority *a)
{
	int rc = token_signer_get(a, AUTHORITY_GATE_CA, &g->ca);

	if (rc == 0)
		rc = read_older(g, a);
	return rc != 0 ? rc : token_signer_get(a, AUTHORITY_STATUS_SIGNER, &g->status);
}

int gate_set_holder(struct gate_data *g, const struct authority *a, const struct holder *h)
{
	g->wanted = true;
	g->class = gate_class_of(h);
	set_birth(g, h->fields[HOLDER_BIRTH_DATE]);
	memset(g->rows, 0, sizeof(g->rows));
	return set_times(g, a, h);
}

const struct sj_status_ref *gate_document_status(const struct gate_data *g)
{
	return g->wanted ? &g->rows[GATE_CREDENTIALS].status : NULL;
}

void gate_wipe(struct gate_data *g)
{
	token_signer_wipe(&g->ca);
	token_signer_wipe(&g->older_ca);
	token_signer_wipe(&g->status);
	sj_wipe(g, sizeof(*g));
}

/* --- to the card --------------------------------------------------------------- */

static int put_configuration(const struct gate_data *g, struct perso_packet *packet)
{
	uint8_t value[9];
	struct sj_writer w = SJ_WRITER_OF(value);

	sj_put_u8(&w, (uint8_t)g->class);
	sj_put(&w, SJ_SPAN_OF(g->birth));
	sj_put_be(&w, 4, (uint32_t)time(NULL));
	return perso_packet_put(packet, DGI_CONFIGURATION, sj_written(&w));
}

static int put_anchor(const struct token_signer *s, struct perso_packet *packet)
{
	uint8_t value[1 + SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(value);

	if (s->len == 0)
		return 0;
	sj_put_u8(&w, s->cwt.signer);
	sj_put(&w, sj_span(s->bytes, s->len));
	return perso_packet_put(packet, DGI_ANCHOR, sj_written(&w));
}

/* What is known before there are keys. */
static int store_anchors(const struct gate_data *g, struct perso_packet *packet)
{
	int rc = perso_packet_put(packet, DGI_BEGIN, sj_span(NULL, 0));

	if (rc == 0)
		rc = put_configuration(g, packet);
	if (rc == 0)
		rc = put_anchor(&g->older_ca, packet);
	if (rc == 0)
		rc = put_anchor(&g->ca, packet);
	if (rc == 0)
		rc = put_anchor(&g->status, packet);
	return rc != 0 ? rc : perso_packet_send(packet);
}

/* Public keys and whose they are. */
struct made {
	struct gate_data *g;
	struct perso *p;
};

/* A sector's keys go to its rows. */
static int take_keys(void *user, size_t i, struct sj_span *keys)
{
	const struct made *made = user;
	struct register_credential *row = &made->g->rows[i * SJ_GATE_SLOTS];

	for (size_t slot = 0; slot < SJ_GATE_SLOTS; slot++) {
		if (!sj_take_copy(keys, SJ_CWT_KEY, row[slot].key_x))
			return perso_fail(made->p, SJ_CARD_ANSWER, "gate keys: too short");
	}
	return 0;
}

/* The card makes its keys; their public halves go to the rows. */
static int make_keys(struct gate_data *g, struct perso *p)
{
	static const uint8_t sectors[SJ_GATE_SECTORS] = { 1, 2, 3, 4, 5, 6, 7 };
	struct made made = { g, p };

	return perso_store_each(
		p, &(struct perso_each){ "gate keys", DGI_KEYS, sectors, 1, SJ_GATE_SECTORS },
		take_keys, &made);
}

static int put_credential(const struct gate_data *g, const struct authority *a,
			  const struct register_credential *row, struct sj_writer *w)
{
	struct sj_cwt cwt = { .kind = SJ_CWT_CARD,
			      .not_before = g->not_before,
			      .expires = g->expires,
			      .key_x = SJ_SPAN_OF(row->key_x),
			      .status = row->status };

	sj_put_u8(w, row->sector);
	sj_put_u8(w, row->slot);
	return token_put(a, &g->ca, &cwt, w);
}

static int store_credentials(const struct gate_data *g, const struct authority *a,
			     struct perso_packet *packet)
{
	uint8_t value[2 + SJ_CWT_MAX];
	struct sj_writer v;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < GATE_CREDENTIALS; i++) {
		v = sj_writer(value, sizeof(value));
		rc = put_credential(g, a, &g->rows[i], &v);
		if (rc == 0)
			rc = perso_packet_put(packet, DGI_CREDENTIAL, sj_written(&v));
	}
	return rc != 0 ? rc : perso_packet_send(packet);
}

int gate_personalise_card(struct gate_data *g, const struct authority *a, struct perso *p)
{
	struct perso_packet packet = { .p = p, .step = "gate credentials" };
	int rc = perso_target(p, sj_gate_aid(), "gate", g->wanted);

	if (rc == 0 && p->target_found && !g->wanted)
		rc = perso_store(p, "gate begin", DGI_BEGIN, sj_span(NULL, 0), NULL);
	if (rc != 0 || !g->wanted)
		return rc;
	packet.w = sj_writer(malloc(BATCH_MAX), BATCH_MAX);
	if (packet.w.ptr == NULL)
		return cli_fail(p->cli, SJ_NO_MEMORY, NULL);
	rc = store_anchors(g, &packet);
	if (rc == 0)
		rc = make_keys(g, p);
	if (rc == 0)
		rc = store_credentials(g, a, &packet);
	free(packet.w.ptr);
	return rc;
}
