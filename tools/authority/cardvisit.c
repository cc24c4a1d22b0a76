#include "authority/cardvisit.h"

#include <stdlib.h>

#include "crypt/wipe.h"
#include "wire/hex.h"
#include "wire/std/iso7816.h"
#include "wire/sw.h"
#include "wire/tlv.h"

#define INS_GET_DATA 0xCAu
#define INS_GET_STATUS 0xF2u
#define INS_SET_STATUS 0xF0u
#define P1_ISD 0x80u
#define P1_APPLICATIONS 0x40u
#define P1_MODULES 0x10u /* load files and their modules */
#define P2_FIRST 0x02u /* in templates E3 */
#define P2_NEXT 0x03u
#define SW_MORE 0x6310u
#define STATUS_ROUNDS 32u /* of GET STATUS, at most */

const enum sj_rc cardvisit_failures[] = { SJ_CARD_CHANNEL,
					  SJ_CARD_STATE,
					  SJ_NOT_A_DOCUMENT,
					  SJ_WRONG_CAN,
					  SJ_CARD_REFUSED,
					  SJ_INPUT_REFUSED,
					  SJ_REGISTER_UNREACHABLE,
					  SJ_REGISTER_BROKEN,
					  SJ_OK };

/* --- opening ------------------------------------------------------------------------------ */

static int open_hidden(struct cardvisit *v)
{
	struct cli_secret can;
	enum sj_rc opened;
	int rc = cli_secret_read(v->cli, "can", "CAN", &can);

	if (rc != 0)
		return rc;
	opened = sj_card_pace(v->card, can.text, CHANNEL_TIMEOUT_MS);
	cli_secret_wipe(&can);
	return opened == SJ_OK ? 0 : cli_fail(v->cli, opened, "%s", sj_card_reader(v->card));
}

static int select_manager(struct cardvisit *v)
{
	struct sj_response r;
	enum sj_rc rc = channel_select(&v->channel, CHANNEL_MANAGER, &r);
	int opened;

	if (rc == SJ_OK && r.sw == SJ_SW_NOT_FOUND) {
		opened = open_hidden(v);
		if (opened != 0)
			return opened;
		rc = channel_select(&v->channel, CHANNEL_MANAGER, &r);
	}
	if (rc != SJ_OK)
		return cli_fail(v->cli, rc, "SELECT of the manager");
	/* 6283: the card is locked, and its manager answers. */
	return r.sw == SJ_SW_OK || r.sw == SJ_SW_FILE_DEACTIVATED
		       ? 0
		       : cli_fail(v->cli, SJ_NOT_A_DOCUMENT, "no manager on the card (%04X)", r.sw);
}

/* Whoever is in between may have said it for the card, or did what it was told in its place. */
static int check_answers(const struct cardvisit *v, enum cardvisit_aim aim)
{
	if (channel_is_mutual(&v->channel))
		return 0;
	if (aim == CARDVISIT_CHANGES && !cli_given(v->cli, "plain-answers"))
		return cli_fail(v->cli, SJ_CARD_CHANNEL,
				"the card says that its answers carry no MAC (i = %02X): nobody "
				"could tell what it did; where nobody can be in between, "
				"--plain-answers takes it",
				v->channel.i);
	cli_warn(v->cli,
		 "the card says that its answers carry no MAC (i = %02X): what it "
		 "tells is not proved",
		 v->channel.i);
	return 0;
}

int cardvisit_run(struct cli *cli, enum cardvisit_aim aim, int (*work)(struct cardvisit *v))
{
	struct cardvisit *v = calloc(1, sizeof(*v));
	int rc;

	if (v == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	v->cli = cli;
	rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &v->authority);
	if (rc == 0)
		rc = connect_card(cli, 1, &v->card);
	if (rc == 0 && !channel_begin(&v->channel, v->card))
		rc = cli_fail(cli, SJ_NO_MEMORY, NULL);
	if (rc == 0)
		rc = select_manager(v);
	if (rc == 0)
		rc = cardkeys_open(&v->channel, cli, &v->authority, &v->found);
	if (rc == 0)
		rc = check_answers(v, aim);
	if (rc == 0) {
		sj_hex_text(sj_span(cardkeys_serial(v->channel.diversification), CARDKEYS_SERIAL),
			    SJ_HEX_UPPER, v->serial, sizeof(v->serial));
		rc = work(v);
	}
	channel_end(&v->channel);
	sj_card_close(v->card);
	register_close(v->reg);
	authority_close(&v->authority);
	free(v);
	return rc;
}

int cardvisit_register(struct cardvisit *v)
{
	bool found;
	int rc = register_open(&v->authority, &v->reg);

	return rc != 0 ? rc
		       : register_card_find(v->reg, cardkeys_serial(v->channel.diversification),
					    &v->row, &found);
}

int cardvisit_end(struct cardvisit *v, int rc)
{
	if (rc == 0)
		return register_commit(v->reg);
	register_rollback(v->reg);
	return rc;
}

/* --- asking --------------------------------------------------------------------------------- */

int cardvisit_data(struct cardvisit *v, uint16_t tag, struct sj_span *value)
{
	const struct sj_apdu a = { .cla = CHANNEL_CLA,
				   .ins = INS_GET_DATA,
				   .p1 = (uint8_t)(tag >> 8),
				   .p2 = (uint8_t)tag,
				   .ne = SJ_APDU_NE_SHORT };
	struct sj_response r;
	enum sj_rc rc = channel_send(&v->channel, &a, CHANNEL_TIMEOUT_MS, &r);

	if (rc != SJ_OK)
		return cli_fail(v->cli, rc, "GET DATA %04X", tag);
	if (r.sw != SJ_SW_OK)
		return cli_fail(v->cli, SJ_CARD_REFUSED, "GET DATA %04X: %04X, %s", tag, r.sw,
				sj_sw_text(r.sw));
	return sj_tlv_take(&r.data, tag, value) == SJ_TLV_FOUND && r.data.len == 0
		       ? 0
		       : cli_fail(v->cli, SJ_CARD_ANSWER, "GET DATA %04X", tag);
}

static int add_entries(struct cardvisit *v, uint8_t p1, struct sj_span in)
{
	struct cardstatus_entry entry;

	while (in.len > 0) {
		if (!cardstatus_take_entry(&in, &entry))
			return cli_fail(v->cli, SJ_CARD_ANSWER, "GET STATUS");
		if (p1 == P1_ISD)
			v->state = entry.state;
		else if (v->application_count < CARDVISIT_APPLICATIONS)
			v->applications[v->application_count++] = entry;
	}
	return 0;
}

/* 11.4. `none`: an answer, too. */
static int ask_status(struct cardvisit *v, uint8_t p1, uint8_t p2, bool none, struct sj_response *r)
{
	const struct sj_apdu a = { .cla = CHANNEL_CLA,
				   .ins = INS_GET_STATUS,
				   .p1 = p1,
				   .p2 = p2,
				   .data = SJ_SPAN_STR("\x4F\x00"),
				   .ne = SJ_APDU_NE_SHORT };
	enum sj_rc rc = channel_send(&v->channel, &a, CHANNEL_TIMEOUT_MS, r);

	if (rc != SJ_OK)
		return cli_fail(v->cli, rc, "GET STATUS");
	if (r->sw == SJ_SW_OK || r->sw == SW_MORE || (none && r->sw == SJ_SW_REFERENCE_NOT_FOUND))
		return 0;
	return cli_fail(v->cli, SJ_CARD_REFUSED, "GET STATUS: %04X, %s", r->sw, sj_sw_text(r->sw));
}

/* All entries of a kind, in as many answers as the card likes. */
static int ask_entries(struct cardvisit *v, uint8_t p1)
{
	struct sj_response r = { { NULL, 0 }, SW_MORE };
	int rc = 0;

	for (unsigned i = 0; rc == 0 && r.sw == SW_MORE && i < STATUS_ROUNDS; i++) {
		/* None of this kind. Errors are not protected: this hides no card, and none behind 6310. */
		rc = ask_status(v, p1, i == 0 ? P2_FIRST : P2_NEXT, i == 0 && p1 == P1_APPLICATIONS,
				&r);
		if (rc == 0 && r.sw != SJ_SW_REFERENCE_NOT_FOUND)
			rc = add_entries(v, p1, r.data);
	}
	return rc;
}

int cardvisit_status(struct cardvisit *v)
{
	int rc = ask_entries(v, P1_ISD);

	v->application_count = 0;
	return rc != 0 ? rc : ask_entries(v, P1_APPLICATIONS);
}

int cardvisit_modules(struct cardvisit *v, struct sj_span load_file, struct cardvisit_modules *out)
{
	struct sj_writer w = SJ_WRITER_OF(out->bytes);
	struct sj_response r;
	int rc = ask_status(v, P1_MODULES, P2_FIRST, false, &r);

	if (rc != 0)
		return rc;
	sj_put(&w, r.data);
	if (r.sw != SJ_SW_OK || w.failed ||
	    !cardstatus_read_modules(sj_written(&w), load_file, &out->list))
		rc = cli_fail(v->cli, SJ_CARD_ANSWER,
			      "GET STATUS: the card has other modules than ours");
	return rc;
}

int cardvisit_set_state(struct cardvisit *v, enum cardstatus_state state, uint16_t *sw)
{
	const struct sj_apdu a = {
		.cla = CHANNEL_CLA, .ins = INS_SET_STATUS, .p1 = P1_ISD, .p2 = (uint8_t)state
	};
	struct sj_response r;
	enum sj_rc rc = channel_send(&v->channel, &a, CHANNEL_TIMEOUT_MS, &r);

	*sw = r.sw;
	return rc == SJ_OK ? 0 : cli_fail(v->cli, rc, "SET STATUS");
}
