/* tap.c -- one tap: GATE.md, "The tap", from SELECT to the decision. */
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "gate/tap.h"
#include "reader/memory.h"
#include "wire/apdu.h"
#include "wire/sw.h"
#include "wire/tlv.h"

#define INS_SELECT 0xA4u
#define INS_GENERAL_AUTHENTICATE 0x87u
#define TAG_FCI 0x6Fu
#define TAG_NAME 0x84u
#define TAG_PROPRIETARY 0xA5u
#define TAG_VERSION 0x80u
#define TAG_MESSAGE_1 0x81u
#define TAG_DYNAMIC 0x7Cu
#define KCWT 13 /* COSE header parameter */
#define DATA_MAX SJ_APDU_NC_SHORT
#define WEEK_MINUTES (7u * 1440u)

/* --- commands and responses --------------------------------------------------------------- */

static bool put_command(struct sj_tap *tap, uint8_t ins, uint8_t p1, struct sj_span data)
{
	const struct sj_apdu a = { .ins = ins, .p1 = p1, .data = data, .ne = SJ_APDU_NE_SHORT };
	struct sj_writer w = SJ_WRITER_OF(tap->command);

	if (data.len > DATA_MAX)
		return false;
	sj_apdu_put(&w, &a);
	tap->command_len = w.failed ? 0 : w.len;
	return !w.failed;
}

bool sj_tap_put(struct sj_tap *tap, struct sj_span credential, uint8_t tag, struct sj_span value)
{
	uint8_t bytes[DATA_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	const size_t at = sj_tlv_open(&w);

	if (credential.len > 0)
		sj_tlv_put(&w, SJ_GATE_TAG_CREDENTIAL, credential);
	sj_tlv_put(&w, tag, value);
	sj_tlv_close(&w, TAG_DYNAMIC, at);
	return !w.failed && put_command(tap, INS_GENERAL_AUTHENTICATE, 0, sj_written(&w));
}

bool sj_tap_take(struct sj_span data, uint8_t tag, struct sj_span *value, bool *error)
{
	struct sj_span template;
	uint32_t found;

	if (sj_tlv_take(&data, TAG_DYNAMIC, &template) != SJ_TLV_FOUND || data.len != 0 ||
	    sj_tlv_next(&template, &found, value) != SJ_TLV_FOUND || template.len != 0)
		return false;
	*error = found == SJ_GATE_TAG_ERROR;
	return *error || found == tag;
}

/* 6F { 84 AID, A5 { 80 01, 81 message_1 } } */
static bool take_fci(struct sj_span data, struct sj_span *message_1)
{
	struct sj_span fci, name, own, version;

	return sj_tlv_take(&data, TAG_FCI, &fci) == SJ_TLV_FOUND && data.len == 0 &&
	       sj_tlv_take(&fci, TAG_NAME, &name) == SJ_TLV_FOUND &&
	       sj_span_eq(name, sj_gate_aid()) &&
	       sj_tlv_take(&fci, TAG_PROPRIETARY, &own) == SJ_TLV_FOUND && fci.len == 0 &&
	       sj_tlv_take(&own, TAG_VERSION, &version) == SJ_TLV_FOUND && version.len == 1 &&
	       version.ptr[0] == SJ_GATE_VERSION &&
	       sj_tlv_take(&own, TAG_MESSAGE_1, message_1) == SJ_TLV_FOUND && own.len == 0;
}

/* --- turns that a tap takes ------------------------------------------------------------------ */

/* A run of EDHOC with a fresh key, and SELECT as the next command. */
static bool begin(struct sj_tap *tap, bool with_operator)
{
	static const uint8_t suites[] = { SJ_GATE_SUITE };
	const struct sj_random rnd = sj_random_system();
	const unsigned methods = 1u << SJ_EDHOC_DH_DH | (with_operator ? 1u << SJ_EDHOC_PSK : 0);
	uint8_t bytes[32];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	tap->step = with_operator ? SJ_TAP_SELECT_OPERATOR : SJ_TAP_SELECT;
	sj_responder_begin(&tap->r, methods, suites, sizeof(suites));
	sj_put(&w, sj_gate_aid());
	if (with_operator)
		sj_put_be(&w, SJ_GATE_OPERATOR, tap->gate->cwt.reader.operator_id);
	return sj_responder_prepare(&tap->r, sj_edhoc_suite(SJ_GATE_SUITE), &rnd) &&
	       put_command(tap, INS_SELECT, 4, sj_written(&w));
}

static void decide(struct sj_tap *tap, enum sj_rc card)
{
	tap->facts.card = sj_memory_rc(tap->mark, card);
	sj_gate_decide(tap->gate, &tap->policy, &tap->facts, &tap->verdict);
	tap->decided = true;
}

/* The end without proof: no gate application, or gone. */
static void give_up(struct sj_tap *tap, enum sj_rc card)
{
	tap->step = SJ_TAP_END;
	if (!tap->decided)
		decide(tap, card);
}

static bool put_error(struct sj_tap *tap)
{
	uint8_t bytes[16];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	sj_responder_error(&tap->r, &w);
	return sj_tap_put(tap, sj_span(NULL, 0), SJ_GATE_TAG_ERROR, sj_written(&w));
}

/* The end without proof, told to the card. */
static void refuse(struct sj_tap *tap, enum sj_rc card)
{
	give_up(tap, card);
	if (put_error(tap))
		tap->step = SJ_TAP_REFUSE;
}

/* The ticket is of no use: once more, without it. */
static void restart(struct sj_tap *tap)
{
	if (tap->restarted || !put_error(tap)) {
		refuse(tap, SJ_GATE_PROOF);
		return;
	}
	tap->restarted = true;
	tap->step = SJ_TAP_RESTART;
}

/* --- SELECT: message_1 -------------------------------------------------------------------------- */

/* message_2, with our credential beside it in method 3. */
static bool authenticate(struct sj_tap *tap)
{
	const struct sj_gate *gate = tap->gate;
	const struct sj_span credential = { gate->credential, gate->credential_len };
	const struct sj_responder_own own = { gate->key, SJ_SPAN_STR("\xA1\x04\x41\x02"),
					      credential };
	const bool psk = tap->r.method == SJ_EDHOC_PSK;
	const struct sj_random rnd = sj_random_system();
	uint8_t bytes[DATA_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	tap->step = SJ_TAP_AUTHENTICATE;
	return sj_responder_message_2(&tap->r, psk ? NULL : &own, sj_gate_c_r(), sj_span(NULL, 0),
				      &rnd, &w) &&
	       sj_tap_put(tap, psk ? sj_span(NULL, 0) : credential, SJ_GATE_TAG_MESSAGE_2,
			  sj_written(&w));
}

static void on_select(struct sj_tap *tap, const struct sj_response *r)
{
	struct sj_edhoc_message_1 m;
	struct sj_span message_1;

	if (r->sw == SJ_SW_NOT_FOUND && tap->step == SJ_TAP_SELECT_OPERATOR) {
		if (!begin(tap, false))
			give_up(tap, SJ_CRYPTO_FAILED);
		return;
	}
	if (r->sw != SJ_SW_OK)
		give_up(tap, SJ_NO_GATE_APPLICATION);
	else if (!take_fci(r->data, &message_1))
		give_up(tap, SJ_CARD_ANSWER);
	else if (!sj_responder_message_1(&tap->r, message_1, &m) || m.ead.len > 0 ||
		 !authenticate(tap))
		refuse(tap, SJ_CARD_ANSWER);
}

/* --- message_3 ------------------------------------------------------------------------------------ */

/* What is known about the card, as far as our own rights go; then the status list. */
static void gather(struct sj_tap *tap, const struct sj_gate_list *list)
{
	const struct sj_ticket *t = &tap->ticket;
	struct sj_gate_facts *f = &tap->facts;
	struct sj_gate_head head;

	f->rights = t->rights & tap->gate->cwt.reader.rights;
	f->class = (f->rights & SJ_RIGHT_CLASS) != 0 ? t->class : 0;
	f->ages = t->ages & (uint8_t)(f->rights / SJ_RIGHT_AGE_FIRST & 0x7F);
	if ((f->rights & SJ_RIGHT_PSEUDONYM) != 0)
		memcpy(f->pseudonym, t->pseudonym, sizeof(f->pseudonym));
	f->expires = t->expires;
	f->list = list->status != NULL;
	f->status = sj_status_query(list->status, t->status.partition, t->status.index);
	f->list_time = list->info.not_before;
	f->list_epoch = list->info.epoch;
	f->newest_epoch = list->info.newest_epoch;
	tap->ours = list == sj_gate_list_of(tap->trust, tap->gate->cwt.issuer);
	if (tap->ours) {
		/* It may have come with another card since. */
		sj_gate_head_get(tap->gate, &head);
		f->newest_epoch = head.epoch;
	}
}

static void set_time(struct sj_tap *tap)
{
	struct sj_gate_facts *f = &tap->facts;

	f->now = sj_gate_time(tap->gate, tap->clock, &f->clock_behind);
	f->minute_of_week = (unsigned)((tap->minute + (f->now - tap->clock) / 60) % WEEK_MINUTES);
	f->gate_expired = tap->gate->cwt.expires < f->now;
}

/* The decision, and message_4 to follow it. */
static void conclude(struct sj_tap *tap)
{
	decide(tap, SJ_OK);
	tap->step = sj_tap_confirm(tap) ? SJ_TAP_CONFIRM : SJ_TAP_END;
}

/* { 13 : CWT } of a card. */
static bool take_credential(struct sj_span id_cred, struct sj_span *cred, struct sj_cwt *out)
{
	struct sj_cbor_map map;
	struct sj_span key;
	int64_t number;

	return sj_cbor_take_map(&id_cred, &map) && id_cred.len == 0 &&
	       sj_cbor_next(&map, &key, cred) && map.pairs.len == 0 &&
	       sj_cbor_take_int(&key, &number) && number == KCWT && sj_cwt_parse(*cred, out) &&
	       out->kind == SJ_CWT_CARD;
}

static void fill_ticket(struct sj_tap *tap, const struct sj_gate_ead_3 *ead,
			const struct sj_gate_list *list)
{
	const struct sj_cwt_reader *own = &tap->gate->cwt.reader;

	tap->ticket = (struct sj_ticket){
		.issued = (uint32_t)tap->facts.now,
		.operator_id = own->operator_id,
		.sector = own->sector,
		.rights = own->rights,
		.class = ead->class,
		.ages = ead->ages,
		.expires = tap->card.expires,
		.status = tap->card.status,
	};
	memcpy(tap->ticket.pseudonym, ead->pseudonym, SJ_GATE_PSEUDONYM);
	memcpy(tap->ticket.issuer, list->hash, SJ_TICKET_ISSUER);
}

/* Method 3. First the proof, then everything else: RFC 9528, 5.4.3. */
static void on_credential(struct sj_tap *tap, struct sj_span id_cred, struct sj_span ead)
{
	struct sj_gate_facts *f = &tap->facts;
	struct sj_gate_ead_3 told;
	struct sj_span cred;
	enum sj_rc rc;

	if (!take_credential(id_cred, &cred, &tap->card) || !sj_gate_ead_3_parse(ead, &told)) {
		refuse(tap, SJ_CARD_ANSWER);
		return;
	}
	if (!sj_responder_check_3(&tap->r, cred, tap->card.key_x)) {
		refuse(tap, SJ_GATE_PROOF);
		return;
	}
	rc = sj_gate_signed(tap->trust, &tap->card, f->now);
	f->signer_expired = rc == SJ_SIGNER_EXPIRED;
	if (rc != SJ_OK && !f->signer_expired) {
		refuse(tap, rc);
		return;
	}
	/* Only a signer that is valid now tells the time. */
	f->early = tap->card.not_before > f->now + SJ_GATE_CLOCK_STEP ||
		   (rc == SJ_OK && !sj_gate_learn(tap->gate, tap->card.not_before, f->now));
	set_time(tap);
	f->not_before = tap->card.not_before;
	f->card_epoch = told.epoch;
	fill_ticket(tap, &told, sj_gate_list_of(tap->trust, tap->card.issuer));
	gather(tap, sj_gate_list_of(tap->trust, tap->card.issuer));
	conclude(tap);
}

/* Ours, of our sector, young, and not lacking what we could have learnt without it. */
static bool ticket_good(const struct sj_tap *tap)
{
	const struct sj_cwt_reader *own = &tap->gate->cwt.reader;
	const struct sj_ticket *t = &tap->ticket;
	const int64_t age = tap->facts.now - t->issued;

	return t->operator_id == own->operator_id && t->sector == own->sector && age >= 0 &&
	       age <= SJ_TICKET_LIFE &&
	       (sj_gate_rights_wanted(&tap->policy) & own->rights & ~t->rights) == 0 &&
	       sj_gate_list_hashed(tap->trust, t->issuer) != NULL;
}

/* The PSK draft's proof: whoever has the ticket's PSK is the card that got it. */
static bool ticket_proved(struct sj_tap *tap, struct sj_span sealed)
{
	uint8_t cred_i[SJ_GATE_PSK_CRED], cred_r[SJ_GATE_PSK_CRED];
	struct sj_span ead;

	return sj_gate_psk_cred('I', sealed, cred_i) && sj_gate_psk_cred('R', sealed, cred_r) &&
	       sj_responder_check_psk(&tap->r, SJ_SPAN_OF(tap->ticket.psk), SJ_SPAN_OF(cred_i),
				      SJ_SPAN_OF(cred_r), &ead) &&
	       ead.len == 0 && sj_gate_ticket_use(tap->gate, sealed, tap->facts.now);
}

/* Method 4. */
static void on_ticket(struct sj_tap *tap, struct sj_span id_cred)
{
	struct sj_span sealed;

	if (!sj_edhoc_take_id(&id_cred, &sealed) || id_cred.len != 0 ||
	    !sj_gate_ticket_open(tap->gate, sealed, &tap->ticket) || !ticket_good(tap) ||
	    !ticket_proved(tap, sealed)) {
		restart(tap);
		return;
	}
	tap->facts.resumed = true;
	gather(tap, sj_gate_list_hashed(tap->trust, tap->ticket.issuer));
	conclude(tap);
}

static void on_authenticate(struct sj_tap *tap, const struct sj_response *r)
{
	const bool psk = tap->r.method == SJ_EDHOC_PSK;
	struct sj_span message_3, id_cred, ead;
	bool error = false;

	if (r->sw != SJ_SW_OK)
		give_up(tap, SJ_CARD_REFUSED);
	else if (!sj_tap_take(r->data, SJ_GATE_TAG_MESSAGE_3, &message_3, &error))
		give_up(tap, SJ_CARD_ANSWER);
	else if (error)
		give_up(tap, SJ_GATE_REFUSED);
	else if (!sj_responder_open_3(&tap->r, message_3, &id_cred, &ead)) {
		if (psk)
			restart(tap);
		else
			refuse(tap, SJ_GATE_PROOF);
	} else if (psk)
		on_ticket(tap, id_cred);
	else
		on_credential(tap, id_cred, ead);
}

/* --- the public engine -------------------------------------------------------------------------------- */

static bool offers_tickets(struct sj_tap *tap)
{
	const struct sj_gate_list *list = sj_gate_list_of(tap->trust, tap->gate->cwt.issuer);
	struct sj_gate_facts f = tap->facts;

	if (list == NULL || !sj_gate_has_tickets(tap->gate))
		return false;
	/* Where a fresh credential makes up for the list, it must be seen. */
	f.list = list->status != NULL;
	f.list_time = list->info.not_before;
	return tap->policy.when_stale != SJ_GATE_STALE_STAPLE || !sj_gate_stale(&tap->policy, &f);
}

enum sj_rc sj_tap_new(struct sj_gate *gate, int64_t now, unsigned minute_of_week,
		      struct sj_tap **out)
{
	const unsigned mark = sj_memory_mark();
	struct sj_tap *tap;

	if (minute_of_week >= WEEK_MINUTES || now < 0 || now > UINT32_MAX)
		return SJ_USAGE;
	tap = calloc(1, sizeof(*tap));
	if (tap == NULL)
		return SJ_NO_MEMORY;
	tap->gate = gate;
	tap->trust = sj_gate_trust_hold(gate);
	if (tap->trust == NULL) {
		free(tap);
		return sj_memory_rc(mark, SJ_TRUST_MISSING);
	}
	pthread_mutex_lock(&gate->lock);
	tap->policy = gate->policy;
	pthread_mutex_unlock(&gate->lock);
	tap->clock = now;
	tap->minute = minute_of_week;
	set_time(tap);
	tap->tickets = offers_tickets(tap);
	if (!begin(tap, tap->tickets)) {
		sj_tap_free(tap);
		return sj_memory_rc(mark, SJ_CRYPTO_FAILED);
	}
	*out = tap;
	return SJ_OK;
}

void sj_tap_free(struct sj_tap *tap)
{
	if (tap == NULL)
		return;
	sj_responder_end(&tap->r);
	sj_gate_trust_release(tap->gate, tap->trust);
	sj_wipe(tap, sizeof(*tap));
	free(tap);
}

bool sj_tap_command(struct sj_tap *tap, const uint8_t **command, size_t *len)
{
	if (tap->step == SJ_TAP_END || tap->command_len == 0)
		return false;
	*command = tap->command;
	*len = tap->command_len;
	return true;
}

static void take_response(struct sj_tap *tap, const struct sj_response *r)
{
	switch (tap->step) {
	case SJ_TAP_SELECT_OPERATOR:
	case SJ_TAP_SELECT:
		on_select(tap, r);
		break;
	case SJ_TAP_AUTHENTICATE:
		on_authenticate(tap, r);
		break;
	case SJ_TAP_RESTART:
		if (!begin(tap, false))
			give_up(tap, SJ_CRYPTO_FAILED);
		break;
	case SJ_TAP_CONFIRM:
		tap->step = SJ_TAP_END;
		if (r->sw == SJ_SW_OK && r->data.len == 0)
			sj_tap_after_confirm(tap);
		break;
	case SJ_TAP_OBJECT:
		tap->step = SJ_TAP_END;
		if (r->sw == SJ_SW_OK)
			sj_tap_after_object(tap, r->data);
		break;
	case SJ_TAP_REFUSE:
	case SJ_TAP_END:
		tap->step = SJ_TAP_END;
		break;
	}
}

void sj_tap_feed(struct sj_tap *tap, const uint8_t *response, size_t len)
{
	struct sj_response r;

	tap->mark = sj_memory_mark();
	tap->command_len = 0;
	if (len == 0)
		give_up(tap, SJ_CARD_LOST);
	else if (!sj_response_parse(sj_span(response, len), &r))
		give_up(tap, SJ_CARD_ANSWER);
	else
		take_response(tap, &r);
}

bool sj_tap_verdict(const struct sj_tap *tap, struct sj_gate_verdict *out)
{
	const size_t size = out->size < sizeof(tap->verdict) ? out->size : sizeof(tap->verdict);

	if (!tap->decided)
		return false;
	memcpy(out, &tap->verdict, size);
	out->size = size;
	return true;
}

bool sj_tap_brought_head(const struct sj_tap *tap)
{
	return tap->brought_head;
}
