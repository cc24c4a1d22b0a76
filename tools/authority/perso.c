#include "authority/perso.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/public.h"
#include "crypt/rsa.h"
#include "crypt/wipe.h"
#include "wire/apdu.h"
#include "wire/std/icao9303.h"
#include "wire/std/iso7816.h"
#include "wire/sw.h"

#define CLA_GP CHANNEL_CLA
#define INS_INSTALL 0xE6u
#define INS_STORE_DATA 0xE2u
#define INS_SET_STATUS 0xF0u
#define P1_FOR_PERSONALISATION 0x20u
#define P1_DGI_FORMAT 0x08u
#define P1_LAST_BLOCK 0x80u
#define P1_CASE_4 0x01u
#define P1_ISD 0x80u /* SET STATUS of the issuer security domain: the card */
#define P2_SECURED 0x0Fu
#define BLOCK_LAST 0xFFu

#define DGI_BEGIN 0x0000u /* forgets what an unfinished attempt left */
#define DGI_ACCESS 0x0001u
#define DGI_PROFILE 0x0001u /* of the manager */
#define DGI_CA_KEY 0x0011u
#define DGI_AA_EC 0x0012u
#define DGI_AA_IMPORT 0x0013u
#define DGI_AA_RSA 0x0014u
#define DGI_CAM_KEY 0x0015u

#define DGI_HEAD_MAX 5u /* id, and the long form of the length */
#define KEY_HEAD 4u /* hash, offset */
#define TIMEOUT_MS 20000u
#define KEY_TIMEOUT_MS 120000u /* an RSA key may take a chip a minute */

const char *perso_state_text(enum perso_state state)
{
	switch (state) {
	case PERSO_UNTOUCHED:
		return "the card is as it was";
	case PERSO_BEGUN:
		return "the card is half-personalised and not issued; issue it again from the start";
	case PERSO_LOCKING:
		return "the lock was sent but not answered: the card may be issued; "
		       "issuing it again tells";
	case PERSO_ISSUED:
		return "the card is issued";
	}
	return "";
}

int perso_fail(struct perso *p, enum sj_rc rc, const char *format, ...)
{
	char what[192];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	p->told = true;
	return cli_fail(p->cli, rc, "%s; %s", what, perso_state_text(p->state));
}

/* The one function that sends: through the channel once it is open. */
static int transmit(struct perso *p, const struct sj_apdu *apdu, unsigned timeout_ms,
		    struct sj_response *out)
{
	enum sj_rc rc = channel_send(&p->channel, apdu, timeout_ms, out);

	return rc == SJ_OK ? 0 : perso_fail(p, rc, "command %u", perso_commands(p));
}

/* Tells a status word that is not 9000. */
static int refused(struct perso *p, const char *step, uint16_t sw)
{
	return perso_fail(p, SJ_CARD_REFUSED, "%s: %04X, %s", step, sw, sj_sw_text(sw));
}

/*
 * The most data bytes that the card takes: 9F65 in the manager's answer
 * (GlobalPlatform 2.3.1, 11.9.3.1); 255 where it does not say.
 */
static size_t data_max_of(struct sj_span answer)
{
	struct sj_span fci, proprietary, number;
	uint32_t max;

	if (sj_tlv_find(answer, SJ_TAG_FCI, &fci) != SJ_TLV_FOUND ||
	    sj_tlv_find(fci, 0xA5, &proprietary) != SJ_TLV_FOUND ||
	    sj_tlv_find(proprietary, 0x9F65, &number) != SJ_TLV_FOUND ||
	    !sj_take_be(&number, number.len, &max) || max < SJ_APDU_NC_SHORT)
		return SJ_APDU_NC_SHORT;
	return max;
}

static int select_name(struct perso *p, struct sj_span aid, struct sj_response *r)
{
	enum sj_rc rc = channel_select(&p->channel, aid, r);

	return rc == SJ_OK ? 0 : perso_fail(p, rc, "command %u", perso_commands(p));
}

static int issued_before(struct perso *p, const char *more)
{
	p->issued = true;
	return p->asking ? 0 : perso_fail(p, SJ_CARD_STATE, "the card was issued before%s", more);
}

static int select_manager(struct perso *p)
{
	struct sj_response r = { { NULL, 0 }, 0 }, document = { { NULL, 0 }, 0 };
	int rc = select_name(p, CHANNEL_MANAGER, &r);

	/* An issued card may hide its manager; only an issued one has a document. */
	if (rc == 0 && r.sw == SJ_SW_NOT_FOUND)
		rc = select_name(p, SJ_AID_LDS1, &document);
	if (rc != 0)
		return rc;
	if (document.sw == SJ_SW_OK || r.sw == SJ_SW_FILE_DEACTIVATED)
		return issued_before(p, document.sw == SJ_SW_OK ? "" : ", and is locked");
	if (r.sw != SJ_SW_OK)
		return perso_fail(p, SJ_NOT_A_DOCUMENT, "no manager on the card (%04X)", r.sw);
	p->data_max = data_max_of(r.data);
	return 0;
}

/* Whoever knows the transport key must not read what follows. */
static int give_own_keys(struct perso *p, const struct authority *a)
{
	bool sent = false;
	int rc = cardkeys_replace(&p->channel, p->cli, a, cardkeys_next_version(p->channel.version),
				  &sent);

	if (sent)
		p->state = PERSO_BEGUN;
	if (rc == 0)
		p->master = cardkeys_newest(a);
	return rc;
}

/* Nothing to say of cards that are software: behind a program, of the lab, of vpcd as it comes. */
static void note_published(struct perso *p)
{
	const char *reader = sj_card_reader(p->channel.card);

	if (!cli_given(p->cli, "exec") && strstr(reader, "Sojourn Lab") == NULL &&
	    strstr(reader, "Virtual PCD") == NULL)
		cli_note(p->cli, "the card came with the transport key that everybody knows");
}

/* Keys that the card makes come in its answers. */
static int check_answers(struct perso *p)
{
	if (channel_is_mutual(&p->channel) || cli_given(p->cli, "plain-answers"))
		return 0;
	return perso_fail(
		p, SJ_CARD_CHANNEL,
		"the card says that its answers carry no MAC (i = %02X): keys in them could "
		"be anybody's; where nobody can be in between, --plain-answers takes it",
		p->channel.i);
}

/* Who had the card before, and its transport key, may have added keys, which open it for ever. */
static int check_key_sets(struct perso *p)
{
	uint8_t other;
	enum sj_rc rc = channel_other_keys(&p->channel, &other);

	if (rc != SJ_OK)
		return perso_fail(p, rc, "key information");
	return other == 0 ? 0
			  : perso_fail(p, SJ_CARD_CHANNEL,
				       "the card has keys of version %02X besides: somebody had it "
				       "before, and could open it for ever; destroy it",
				       other);
}

static int open_channel(struct perso *p, const struct authority *a)
{
	struct cardkeys_found found;
	int rc = cardkeys_open(&p->channel, p->cli, a, &found);

	if (rc == 0)
		rc = check_answers(p);
	if (rc != 0)
		return rc;
	if (found.published)
		note_published(p);
	p->master = found.master;
	memcpy(p->serial, cardkeys_serial(p->channel.diversification), sizeof(p->serial));
	if (a != NULL && found.master == 0)
		rc = give_own_keys(p, a);
	if (rc == 0)
		rc = check_answers(p); /* its i came anew */
	if (rc == 0 && a != NULL)
		rc = check_key_sets(p);
	p->key_version = p->master == 0 ? 0 : p->channel.version;
	p->data_max = channel_room(&p->channel, p->data_max);
	return rc;
}

/* INSTALL [for personalisation]. */
static int install(struct perso *p, uint16_t *sw)
{
	uint8_t data[24];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { CLA_GP, INS_INSTALL, P1_FOR_PERSONALISATION,
				0x00,   { NULL, 0 }, SJ_APDU_NE_SHORT,
				false };
	struct sj_response r = { { NULL, 0 }, 0 };
	int rc;

	sj_put_be(&w, 2, 0);
	sj_put_u8(&w, (uint8_t)p->target.len);
	sj_put(&w, p->target);
	sj_put_be(&w, 3, 0);
	apdu.data = sj_written(&w);
	rc = transmit(p, &apdu, TIMEOUT_MS, &r);
	*sw = r.sw;
	p->block = 0;
	return rc;
}

int perso_target(struct perso *p, struct sj_span aid, const char *name, bool needed)
{
	uint16_t sw;
	int rc;

	p->target = aid;
	rc = install(p, &sw);
	p->target_found = rc == 0 && sw == SJ_SW_OK;
	if (rc != 0 || p->target_found || (!needed && sw == SJ_SW_REFERENCE_NOT_FOUND))
		return rc;
	if (sw == SJ_SW_CONDITIONS)
		return issued_before(p, "");
	if (sw == SJ_SW_REFERENCE_NOT_FOUND)
		return perso_fail(p, SJ_NOT_A_DOCUMENT,
				  "no %s application on the card (`authority card reset` installs "
				  "those that a card of ours lost)",
				  name);
	return refused(p, "INSTALL", sw);
}

int perso_target_identity(struct perso *p)
{
	return sj_span_eq(p->target, SJ_AID_LDS1) ? 0
						  : perso_target(p, SJ_AID_LDS1, "identity", true);
}

static int begin(struct perso *p, struct sj_card *card, const struct authority *a)
{
	int rc;

	if (!channel_begin(&p->channel, card))
		return cli_fail(p->cli, SJ_NO_MEMORY, NULL);
	rc = select_manager(p);
	if (rc == 0 && !p->issued)
		rc = open_channel(p, a);
	if (rc == 0 && !p->issued)
		rc = perso_target_identity(p);
	p->asking = false;
	return rc;
}

int perso_begin(struct perso *p, struct cli *cli, struct sj_card *card, const struct authority *a)
{
	*p = (struct perso){ .cli = cli };
	return begin(p, card, a);
}

int perso_ask(struct perso *p, struct cli *cli, struct sj_card *card, const struct authority *a)
{
	*p = (struct perso){ .cli = cli, .asking = true };
	return begin(p, card, a);
}

void perso_end(struct perso *p)
{
	channel_end(&p->channel);
}

unsigned perso_commands(const struct perso *p)
{
	return p->channel.commands;
}

/*
 * STORE DATA with whole groupings, of which so many answer. The block numbered
 * FF ends a sequence, and a new one begins.
 */
static int store_all(struct perso *p, const char *step, struct sj_span groupings, bool last,
		     unsigned answers, struct sj_span *answer)
{
	const enum perso_state before = p->state;
	const bool full = p->block == BLOCK_LAST;
	struct sj_apdu apdu = {
		.cla = CLA_GP, .ins = INS_STORE_DATA, .p1 = P1_DGI_FORMAT, .data = groupings
	};
	struct sj_response r = { { NULL, 0 }, 0 };
	int rc;

	apdu.p1 |= (uint8_t)((last || full ? P1_LAST_BLOCK : 0) | (answers > 0 ? P1_CASE_4 : 0));
	apdu.p2 = (uint8_t)p->block;
	apdu.extended = p->data_max > SJ_APDU_NC_SHORT && (answers > 0 || groupings.len > 0xFF);
	apdu.ne = answers == 0 ? 0 : apdu.extended ? SJ_APDU_NE_EXTENDED : SJ_APDU_NE_SHORT;
	p->state = PERSO_BEGUN;
	rc = transmit(p, &apdu, answers > 0 ? answers * KEY_TIMEOUT_MS : TIMEOUT_MS, &r);
	if (rc != 0)
		return rc;
	if (r.sw != SJ_SW_OK) {
		p->state = before;
		return refused(p, step, r.sw);
	}
	p->block++;
	if (answers > 0)
		*answer = r.data;
	return full && !last ? perso_target(p, p->target, step, true) : 0;
}

void perso_put_head(struct sj_writer *w, uint16_t dgi, size_t len)
{
	sj_put_be(w, 2, dgi);
	if (len >= 0xFF)
		sj_put_u8(w, 0xFF);
	sj_put_be(w, len < 0xFF ? 1 : 2, (uint32_t)len);
}

void perso_put_grouping(struct sj_writer *w, uint16_t dgi, struct sj_span value)
{
	perso_put_head(w, dgi, value.len);
	sj_put(w, value);
}

/* STORE DATA with one grouping. */
static int store(struct perso *p, const char *step, uint16_t dgi, struct sj_span value, bool last,
		 struct sj_span *answer)
{
	const size_t room = value.len + DGI_HEAD_MAX;
	uint8_t *data = malloc(room);
	struct sj_writer w = sj_writer(data, room);
	int rc;

	if (data == NULL)
		return cli_fail(p->cli, SJ_NO_MEMORY, NULL);
	perso_put_grouping(&w, dgi, value);
	rc = store_all(p, step, sj_written(&w), last, answer != NULL ? 1 : 0, answer);
	sj_wipe(data, room);
	free(data);
	return rc;
}

int perso_store(struct perso *p, const char *step, uint16_t dgi, struct sj_span value,
		struct sj_span *answer)
{
	return store(p, step, dgi, value, false, answer);
}

int perso_store_groupings(struct perso *p, const char *step, struct sj_span groupings,
			  unsigned answers, struct sj_span *answer)
{
	return store_all(p, step, groupings, false, answers, answer);
}

int perso_store_last(struct perso *p, const char *step, struct sj_span groupings)
{
	return store_all(p, step, groupings, true, 0, NULL);
}

int perso_set_access(struct perso *p, const struct perso_access *access)
{
	const struct profile *profile = access->profile;
	uint8_t value[160], all[sizeof(value) + 2 * DGI_HEAD_MAX];
	struct sj_writer w = SJ_WRITER_OF(value), groupings = SJ_WRITER_OF(all);
	int rc;

	sj_tlv_put_header(&w, 0x80, 1);
	sj_put_u8(&w, (uint8_t)((profile->bac ? 1 : 0) | (profile->pace ? 2 : 0)));
	if (access->can != NULL)
		sj_tlv_put(&w, 0x81, sj_span((const uint8_t *)access->can, strlen(access->can)));
	if (access->mrz_information.len > 0)
		sj_tlv_put(&w, 0x82, access->mrz_information);
	if (access->pin != NULL)
		sj_tlv_put(&w, 0x84, sj_span((const uint8_t *)access->pin, strlen(access->pin)));
	if (access->puk != NULL)
		sj_tlv_put(&w, 0x85, sj_span((const uint8_t *)access->puk, strlen(access->puk)));
	for (size_t i = 0; profile->pace && i < profile->suite_count; i++) {
		sj_tlv_put_header(&w, 0x83, 3);
		sj_put_u8(&w, (uint8_t)profile->suites[i].mapping);
		sj_put_u8(&w, (uint8_t)profile->suites[i].cipher);
		sj_put_u8(&w, sj_pace_parameter_id(&profile->suites[i]));
	}
	perso_put_grouping(&groupings, DGI_BEGIN, sj_span(NULL, 0));
	perso_put_grouping(&groupings, DGI_ACCESS, sj_written(&w));
	rc = perso_target_identity(p);
	if (rc == 0)
		rc = store_all(p, "access configuration", sj_written(&groupings), false, 0, NULL);
	sj_wipe(value, sizeof(value));
	sj_wipe(all, sizeof(all));
	return rc;
}

size_t perso_piece_max(const struct perso *p, size_t head)
{
	size_t most = p->data_max - head -
		      (p->data_max > SJ_APDU_NC_SHORT ? DGI_HEAD_MAX : DGI_HEAD_MAX - 2);

	return most < PERSO_PIECE_MAX ? most : PERSO_PIECE_MAX;
}

bool perso_key_is(struct sj_span spki, enum sj_curve curve)
{
	struct sj_public key;

	if (!sj_public_read(spki, &key))
		return false;
	return curve == SJ_CURVE_NONE ? key.kind == SJ_PUBLIC_RSA
				      : key.kind == SJ_PUBLIC_EC && key.curve == curve;
}

/* Has the card make or take a key, on this curve or (SJ_CURVE_NONE) of RSA; *out gets its public half. */
static int make_key(struct perso *p, const char *step, uint16_t dgi, struct sj_span value,
		    enum sj_curve curve, struct card_key *out)
{
	struct sj_span spki = { NULL, 0 };
	int rc = store(p, step, dgi, value, false, &spki);

	if (rc != 0)
		return rc;
	if (spki.ptr == NULL || spki.len > sizeof(out->bytes) || !perso_key_is(spki, curve))
		return perso_fail(p, SJ_CARD_ANSWER, "%s: no such public key", step);
	memcpy(out->bytes, spki.ptr, spki.len);
	out->len = spki.len;
	return 0;
}

/* In pieces; the last one is answered. */
static int import_aa_key(struct perso *p, const struct profile *profile, struct card_key *out)
{
	struct sj_span rest = sj_span(profile->aa_key, profile->aa_key_len), piece;
	size_t most = perso_piece_max(p, KEY_HEAD);
	uint8_t value[KEY_HEAD + SJ_RSA_PRIVATE_MAX];
	struct sj_writer w;
	int rc = 0;

	while (rc == 0 && rest.len > 0) {
		w = sj_writer(value, sizeof(value));
		sj_put_u8(&w, SJ_SHA256);
		sj_put_be(&w, 3, (uint32_t)(profile->aa_key_len - rest.len));
		if (!sj_take(&rest, rest.len < most ? rest.len : most, &piece))
			break;
		sj_put(&w, piece);
		rc = rest.len > 0 ? store(p, "AA key", DGI_AA_IMPORT, sj_written(&w), false, NULL)
				  : make_key(p, "AA key", DGI_AA_IMPORT, sj_written(&w),
					     SJ_CURVE_NONE, out);
	}
	sj_wipe(value, sizeof(value));
	return rc;
}

static int make_aa_key(struct perso *p, const struct profile *profile, struct card_key *out)
{
	uint8_t value[3];
	struct sj_writer w = SJ_WRITER_OF(value);

	if (profile->aa == PROFILE_AA_EC) {
		sj_put_u8(&w, (uint8_t)profile->aa_curve);
		sj_put_u8(&w, (uint8_t)profile_aa_hash(profile->aa_curve));
		return make_key(p, "AA key", DGI_AA_EC, sj_written(&w), profile->aa_curve, out);
	}
	if (profile->aa == PROFILE_AA_IMPORT)
		return import_aa_key(p, profile, out);
	sj_put_be(&w, 2, profile->aa_bits);
	sj_put_u8(&w, SJ_SHA256);
	return make_key(p, "AA key", DGI_AA_RSA, sj_written(&w), SJ_CURVE_NONE, out);
}

/* An earlier suite has the same static key: one a curve. */
static bool has_cam_key(const struct profile *profile, const struct card_keys *keys, size_t suite)
{
	for (size_t i = 0; i < suite; i++) {
		if (keys->cam[i].len > 0 &&
		    profile->suites[i].curve == profile->suites[suite].curve)
			return true;
	}
	return false;
}

int perso_make_cam_keys(struct perso *p, const struct profile *profile, struct card_keys *out)
{
	uint8_t curve;
	int rc = 0;

	for (size_t i = 0; rc == 0 && profile->pace && i < profile->suite_count; i++) {
		if (profile->suites[i].mapping != SJ_PACE_CAM || has_cam_key(profile, out, i))
			continue;
		curve = (uint8_t)profile->suites[i].curve;
		rc = make_key(p, "PACE-CAM key", DGI_CAM_KEY, sj_span(&curve, 1),
			      profile->suites[i].curve, &out->cam[i]);
	}
	return rc;
}

int perso_make_keys(struct perso *p, const struct profile *profile, struct card_keys *out)
{
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; rc == 0 && i < profile->ca_count; i++) {
		const uint8_t value[3] = { (uint8_t)profile->ca[i].curve, profile->ca[i].ciphers,
					   (uint8_t)(i + 1) };

		rc = make_key(p, "CA key", DGI_CA_KEY, SJ_SPAN_OF(value), profile->ca[i].curve,
			      &out->ca[i]);
	}
	if (rc == 0 && profile->aa != PROFILE_AA_NONE)
		rc = make_aa_key(p, profile, &out->aa);
	return rc != 0 ? rc : perso_make_cam_keys(p, profile, out);
}

int perso_set_profile(struct perso *p, bool open)
{
	const uint8_t profile = open ? 1 : 0;
	int rc = perso_target(p, CHANNEL_MANAGER, "manager", true);

	return rc != 0 ? rc : store(p, "profile", DGI_PROFILE, sj_span(&profile, 1), true, NULL);
}

int perso_lock(struct perso *p)
{
	const struct sj_apdu lock = { CLA_GP, INS_SET_STATUS, P1_ISD, P2_SECURED, { NULL, 0 },
				      0,      false };
	struct sj_response r = { { NULL, 0 }, 0 };
	int rc;

	p->state = PERSO_LOCKING;
	rc = transmit(p, &lock, TIMEOUT_MS, &r);
	if (rc != 0)
		return rc;
	if (r.sw != SJ_SW_OK) {
		p->state = PERSO_BEGUN;
		return refused(p, "lock", r.sw);
	}
	p->state = PERSO_ISSUED;
	return 0;
}
