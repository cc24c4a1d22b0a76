#include "authority/eid.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/cv.h"
#include "authority/gate.h"
#include "authority/keys.h"
#include "crypt/wipe.h"
#include "wire/std/rfc5652.h"

#define DAY 86400

/* Of the LDS application. */
#define DGI_CA2_KEY 0x0016u
#define DGI_ANCHOR 0x0017u
#define DGI_KIND 0x0018u
#define KIND_TA1 1u
#define KIND_EID 2u
/* Of the eID application. */
#define DGI_BEGIN 0x0000u
#define DGI_GROUP 0x0001u
#define DGI_RI_KEY 0x0002u
#define DGI_COMPARED 0x0003u

#define GROUP_HEAD 5u /* number, sector, offset */
#define STATUS_VALUE 6u

/* --- whom the card believes -------------------------------------------------------- */

/* Of one kind of terminals the newest two: the older one's document verifiers go on for a while. */
struct newest {
	struct authority_certificate two[2];
	size_t n;
};

static int take_anchor(void *user, const char *name, struct sj_span certificate)
{
	struct newest *newest = user;
	uint8_t *copy = malloc(certificate.len);

	(void)name;
	if (copy == NULL)
		return 1;
	memcpy(copy, certificate.ptr, certificate.len);
	if (newest->n == 2) {
		authority_certificate_free(&newest->two[0]);
		newest->two[0] = newest->two[1];
		newest->n = 1;
	}
	newest->two[newest->n].bytes = copy;
	newest->two[newest->n++].len = certificate.len;
	return 0;
}

static int read_anchors(struct eid_data *e, const struct authority *a, enum sj_cvc_terminal type,
			bool needed)
{
	struct newest newest = { .n = 0 };
	int rc = cv_each(a, CV_CVCA, type, take_anchor, &newest);

	for (size_t i = 0; i < newest.n; i++)
		e->anchors[e->anchor_count++] = newest.two[i];
	if (rc == 0 && needed && newest.n == 0)
		rc = cli_fail(
			a->cli, SJ_INPUT_REFUSED,
			"%s: no cvca for terminals of type %s, whom an eID card would believe; "
			"make it with `authority cvca init --type %s`",
			a->directory, cv_type_name(type), cv_type_name(type));
	return rc;
}

int eid_open(struct eid_data *e, const struct authority *a, bool wanted)
{
	int rc = 0;

	e->wanted = wanted;
	if (wanted)
		rc = read_anchors(e, a, SJ_CVC_AUTHENTICATION, true);
	return rc != 0 ? rc : read_anchors(e, a, SJ_CVC_INSPECTION, wanted);
}

/* --- what the holder file says ------------------------------------------------------- */

static int read_secret(struct cli *cli, const char *option, const char *what, size_t digits,
		       char *out)
{
	struct cli_secret secret;
	int rc;

	if (!cli_secret_given(cli, option))
		return keys_random_digits(out, digits)
			       ? 0
			       : cli_fail(cli, SJ_CRYPTO_FAILED, "%s", what);
	rc = cli_secret_read(cli, option, what, &secret);
	if (rc != 0)
		return rc;
	if (secret.len != digits || strspn(secret.text, "0123456789") != digits)
		rc = cli_fail(cli, SJ_SECRET_MALFORMED, "a %s has %zu digits", what, digits);
	else
		memcpy(out, secret.text, digits + 1);
	cli_secret_wipe(&secret);
	return rc;
}

static int set_rows(struct eid_data *e, const struct authority *a, const struct holder *h)
{
	const int64_t end = holder_end_of(h->fields[HOLDER_EXPIRY_DATE]);
	uint16_t partition;

	if (end < (int64_t)time(NULL))
		return cli_fail(a->cli, SJ_INPUT_REFUSED, "/expiryDate has passed: no eID card");
	e->ends = (uint32_t)end;
	if (!register_partition(e->ends, &partition))
		return cli_fail(a->cli, SJ_INTERNAL, "partition");
	memset(e->rows, 0, sizeof(e->rows));
	for (uint8_t i = 0; i < SJ_GATE_SECTORS; i++) {
		e->rows[i].sector = (uint8_t)(i + 1);
		e->rows[i].slot = REGISTER_SLOT_EID;
		e->rows[i].status.partition = partition;
	}
	return 0;
}

int eid_set_holder(struct eid_data *e, const struct authority *a, const struct holder *h,
		   struct sj_span portrait)
{
	unsigned group;
	int rc = set_rows(e, a, h);

	if (rc == 0)
		rc = read_secret(a->cli, "eid-pin", "PIN", EID_PIN_DIGITS, e->pin);
	if (rc == 0)
		rc = read_secret(a->cli, "eid-puk", "PUK", EID_PUK_DIGITS, e->puk);
	if (rc != 0)
		return rc;
	group = eid_groups_make(&e->groups, h, authority_country(a), gate_class_of(h), portrait);
	return group == 0 ? 0
			  : cli_fail(a->cli, SJ_INPUT_REFUSED,
				     "%s: data group %u of an eID card cannot hold it",
				     eid_group_member(group), group);
}

void eid_clear_holder(struct eid_data *e)
{
	eid_groups_free(&e->groups);
	sj_wipe(e->pin, sizeof(e->pin));
	sj_wipe(e->puk, sizeof(e->puk));
	sj_wipe(&e->ri, sizeof(e->ri));
}

void eid_wipe(struct eid_data *e)
{
	eid_clear_holder(e);
	for (size_t i = 0; i < e->anchor_count; i++)
		authority_certificate_free(&e->anchors[i]);
	sj_wipe(e, sizeof(*e));
}

/* --- to the LDS application ------------------------------------------------------------ */

static int store_kind(struct perso *p, bool eid)
{
	uint8_t value[5];
	struct sj_writer w = SJ_WRITER_OF(value);

	sj_put_u8(&w, eid ? KIND_EID : KIND_TA1);
	sj_put_be(&w, 4, (uint32_t)((int64_t)time(NULL) / DAY * DAY));
	return perso_store(p, "kind of card", DGI_KIND, sj_written(&w), NULL);
}

/* Keys in the making. */
struct making {
	struct eid_data *e;
	struct perso *p;
	enum sj_curve curve;
};

/* A SubjectPublicKeyInfo off the front of an answer. */
static int take_key(void *user, size_t i, struct sj_span *answer)
{
	const struct making *m = user;
	struct card_key *key = &m->e->ca[i];
	const struct sj_span all = *answer;
	struct sj_span content;

	if (sj_tlv_take(answer, SJ_ASN1_SEQUENCE, &content) != SJ_TLV_FOUND ||
	    all.len - answer->len > sizeof(key->bytes) ||
	    !perso_key_is(sj_span(all.ptr, all.len - answer->len), m->curve))
		return perso_fail(m->p, SJ_CARD_ANSWER, "key of sector %zu: no such public key", i);
	key->len = all.len - answer->len;
	memcpy(key->bytes, all.ptr, key->len);
	return 0;
}

/* On the curve, and with the ciphers, of the profile's first key; 3DES is version 1's. */
static int make_ca_keys(struct eid_data *e, struct perso *p, const struct profile_ca *ca)
{
	uint8_t values[FILES_SECTORS][4];
	struct making making = { e, p, ca->curve };

	for (uint8_t i = 0; i < FILES_SECTORS; i++) {
		values[i][0] = i;
		values[i][1] = (uint8_t)ca->curve;
		values[i][2] = ca->ciphers;
		values[i][3] = FILES_CA2_KEY_ID;
	}
	return perso_store_each(
		p,
		&(struct perso_each){ "keys of sectors", DGI_CA2_KEY, values[0], 4, FILES_SECTORS },
		take_key, &making);
}

int eid_make_keys(struct eid_data *e, struct perso *p, const struct profile *profile)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < e->anchor_count; i++)
		rc = perso_store(p, "trust anchor", DGI_ANCHOR,
				 sj_span(e->anchors[i].bytes, e->anchors[i].len), NULL);
	if (rc == 0 && e->anchor_count > 0)
		rc = store_kind(p, e->wanted);
	return rc != 0 || !e->wanted ? rc : make_ca_keys(e, p, &profile->ca[0]);
}

/* --- to the eID application -------------------------------------------------------------- */

static int make_ri_key(struct eid_data *e, struct perso *p)
{
	const uint8_t value[2] = { SECTOR_CURVE, FILES_RI_KEY_ID };
	struct sj_span answer = { NULL, 0 };
	int rc = perso_store(p, "key for pseudonyms", DGI_RI_KEY, SJ_SPAN_OF(value), &answer);

	if (rc != 0)
		return rc;
	if (answer.len > sizeof(e->ri.bytes) || !perso_key_is(answer, SECTOR_CURVE))
		return perso_fail(p, SJ_CARD_ANSWER, "key for pseudonyms: no such public key");
	memcpy(e->ri.bytes, answer.ptr, answer.len);
	e->ri.len = answer.len;
	return 0;
}

static int put_group(struct perso_packet *packet, unsigned group, uint8_t sector,
		     struct sj_span bytes)
{
	const size_t most = perso_piece_max(packet->p, GROUP_HEAD);
	uint8_t *value = malloc(GROUP_HEAD + PERSO_PIECE_MAX);
	struct sj_span rest = bytes, piece;
	struct sj_writer w;
	int rc = value != NULL ? 0 : cli_fail(packet->p->cli, SJ_NO_MEMORY, NULL);

	while (rc == 0 && rest.len > 0) {
		w = sj_writer(value, GROUP_HEAD + PERSO_PIECE_MAX);
		sj_put_u8(&w, (uint8_t)group);
		sj_put_u8(&w, sector);
		sj_put_be(&w, 3, (uint32_t)(bytes.len - rest.len));
		if (!sj_take(&rest, rest.len < most ? rest.len : most, &piece))
			break;
		sj_put(&w, piece);
		rc = perso_packet_put(packet, DGI_GROUP, sj_written(&w));
	}
	if (value != NULL)
		sj_wipe(value, GROUP_HEAD + PERSO_PIECE_MAX);
	free(value);
	return rc;
}

static int put_status(const struct eid_data *e, struct perso_packet *packet, uint8_t sector)
{
	const struct sj_status_ref *ref = &e->rows[sector - 1].status;
	uint8_t place[STATUS_VALUE], bytes[32];
	struct sj_writer v = SJ_WRITER_OF(place), w = SJ_WRITER_OF(bytes);
	struct sj_eid_value value = { .count = 1 };

	sj_put_be(&v, 2, ref->partition);
	sj_put_be(&v, 4, ref->index);
	value.parts[0] = sj_written(&v);
	sj_eid_put(&w, SJ_EID_STATUS, &value);
	return w.failed ? perso_fail(packet->p, SJ_INTERNAL, "status value")
			: put_group(packet, SJ_EID_STATUS, sector, sj_written(&w));
}

/* Data groups, status values, and what ages are told from. */
static int put_data(const struct eid_data *e, struct perso_packet *packet)
{
	int rc = perso_packet_put(packet, DGI_COMPARED,
				  sj_span(e->groups.compared, e->groups.compared_len));

	for (unsigned i = 1; rc == 0 && i < SJ_EID_GROUPS; i++) {
		const struct eid_group *g = &e->groups.groups[i];

		rc = put_group(packet, i, 0, sj_span(g->bytes, g->len));
	}
	for (uint8_t sector = 1; rc == 0 && sector <= SJ_GATE_SECTORS; sector++)
		rc = put_status(e, packet, sector);
	return rc != 0 ? rc : perso_packet_send(packet);
}

static int store_data(const struct eid_data *e, struct perso *p)
{
	struct perso_packet packet = { p, "data groups",
				       sj_writer(malloc(PERSO_PACKET), PERSO_PACKET) };
	int rc = packet.w.ptr != NULL ? put_data(e, &packet) : cli_fail(p->cli, SJ_NO_MEMORY, NULL);

	if (packet.w.ptr != NULL)
		sj_wipe(packet.w.ptr, PERSO_PACKET);
	free(packet.w.ptr);
	return rc;
}

int eid_personalise_card(struct eid_data *e, struct perso *p)
{
	int rc = perso_target(p, sj_eid_aid(), "eID", e->wanted);

	if (rc == 0 && p->target_found)
		rc = perso_store(p, "eID begin", DGI_BEGIN, sj_span(NULL, 0), NULL);
	if (rc != 0 || !e->wanted)
		return rc;
	rc = make_ri_key(e, p);
	return rc != 0 ? rc : store_data(e, p);
}
