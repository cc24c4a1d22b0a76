/*
 * parsers_reading.c -- whole readings of a document, of an eID card for a service, and of a card at
 * a gate, while answers of the card are changed: on their way, or before the card protects them.
 */
#include "tests/hostile/eid.h"

#include "gate/tap.h"
#include "host/card_internal.h"
#include "tests/fuzz/failures.h"
#include "tests/fuzz/snapshot.h"
#include "tests/reader/gate_stage.h"

/* --- edits --------------------------------------------------------------------------------- */

/*
 * An edit: what (1), of which answer (1, counted from 0), where (2), length (1), so many bytes.
 * Low three bits of what: enum edit; bit 3: before it is protected.
 */
enum edit { OVERWRITE, CUT, REPLACE, STATUS, XOR, EDITS };
#define EDIT_INSIDE 0x08u

struct editor {
	struct sj_span edits;
	unsigned sent[2]; /* answers so far: outside, inside */
};

static struct editor *editor(void)
{
	static struct editor e;

	return &e;
}

/* An answer's data of *len bytes in room for `cap`, and its status word. */
static void apply(enum edit what, size_t where, struct sj_span bytes, uint8_t *data, size_t *len,
		  size_t cap, uint16_t *sw)
{
	size_t at = *len > 0 ? where % *len : 0;

	switch (what) {
	case OVERWRITE:
	case XOR:
		for (size_t i = 0; i < bytes.len && at + i < *len; i++)
			data[at + i] = (uint8_t)(bytes.ptr[i] ^ (what == XOR ? data[at + i] : 0));
		break;
	case CUT:
		*len = at;
		break;
	case REPLACE:
		*len = bytes.len < cap ? bytes.len : cap;
		memcpy(data, bytes.ptr, *len);
		break;
	case STATUS:
		if (bytes.len >= 2)
			*sw = (uint16_t)(bytes.ptr[0] << 8 | bytes.ptr[1]);
		break;
	case EDITS:
	default:
		break;
	}
}

static void edit(bool inside, uint8_t *data, size_t *len, size_t cap, uint16_t *sw)
{
	struct editor *e = editor();
	struct sj_span in = e->edits, bytes;
	uint32_t what, which, where, n;

	while (sj_take_be(&in, 1, &what) && sj_take_be(&in, 1, &which) &&
	       sj_take_be(&in, 2, &where) && sj_take_be(&in, 1, &n) &&
	       sj_take(&in, n < in.len ? n : in.len, &bytes))
		if (((what & EDIT_INSIDE) != 0) == inside && which == e->sent[inside])
			apply((enum edit)(what & 7), where, bytes, data, len, cap, sw);
	e->sent[inside]++;
}

/* A whole response, data and status word. */
static size_t edit_response(uint8_t *response, size_t n)
{
	size_t len = n >= 2 ? n - 2 : 0;
	uint16_t sw = (uint16_t)(n >= 2 ? response[n - 2] << 8 | response[n - 1] : 0);
	struct sj_writer w = { .ptr = response, .cap = len + 2 };

	if (n < 2)
		return n;
	edit(false, response, &len, len, &sw);
	w.len = len;
	sj_put_be(&w, 2, sw);
	return w.len;
}

/* Cards of other harnesses are left alone. */
static void end_edits(void)
{
	*editor() = (struct editor){ .sent = { 0 } };
}

/* The linker knows them by these names (--wrap). */
__typeof__(card_sm_protect) __real_card_sm_protect, __wrap_card_sm_protect;

size_t __wrap_card_sm_protect(struct card *card, uint8_t ins, struct sj_span data, uint16_t sw)
{
	static uint8_t bytes[CARD_PLAIN_MAX];
	size_t len = data.len;

	if (len > 0)
		memcpy(bytes, data.ptr, len);
	edit(true, bytes, &len, 255, &sw);
	return __real_card_sm_protect(card, ins, sj_span(bytes, len), sw);
}

/* --- a card that is the same for each input --------------------------------------------------- */

struct kept {
	struct issued *d;
	struct eid_rig *eid; /* NULL: a document */
	struct card_store *store; /* what it was made of */
};

static void keep(struct kept *k, struct issued *d)
{
	k->d = d;
	k->store = stores_copy(d->bench->store);
	bench_insert(d->bench, CARD_CONTACTLESS);
	fuzz_stays();
}

static size_t edited(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	(void)d;
	(void)command;
	return edit_response(response, n);
}

/* As it was made, and unopened. */
static void renew(struct kept *k, struct sj_span edits)
{
	struct bench *b = k->d->bench;

	fuzz_calm_begin();
	sj_card_close(k->d->card);
	k->d->card = NULL;
	card_power_off(b->card);
	stores_become(b->store, k->store);
	b->now_ms = b->waited_ms = 0;
	k->d->meddle = edited;
	fuzz_calm_end();
	*editor() = (struct editor){ .edits = edits };
}

static const struct sj_transport_ops **whole_ops(void)
{
	static const struct sj_transport_ops *ops;

	return &ops;
}

static enum sj_rc lossy_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				 struct sj_writer *response)
{
	const enum sj_rc rc = fuzz_channel();
	enum sj_rc answered;

	if (rc == SJ_CARD_RESET)
		return rc;
	answered = (*whole_ops())->transmit(t, command, deadline, response);
	return rc == SJ_OK ? answered : rc; /* what is lost is the answer */
}

/* A channel that the input makes fail. */
static struct sj_transport *lossy(struct sj_transport *t)
{
	static struct sj_transport_ops ops;

	if (t == NULL)
		return NULL;
	*whole_ops() = t->ops;
	ops = *t->ops;
	ops.transmit = lossy_transmit;
	t->ops = &ops;
	return t;
}

static enum sj_rc reconnect(struct issued *d)
{
	static const struct sj_direct_ops ops = { issued_power_on, issued_power_off,
						  issued_transmit };
	struct sj_transport *t = lossy(sj_transport_direct(&ops, d));

	return t == NULL ? SJ_NO_MEMORY
			 : sj_card_over(d->ctx, t, "direct", sj_deadline_after(0), &d->card);
}

/* --- a document: the first byte is which ---------------------------------------------------------- */

static struct kept *document_of(unsigned which)
{
	static struct kept kept[3];
	struct kept *k = &kept[which % 3];
	struct plan plan = issued_plan();

	if (k->d != NULL)
		return k;
	plan.face = 600;
	plan.details = plan.persons = which % 3 != 1;
	if (which % 3 == 0) {
		plan.bac = true;
		plan.pace = false;
		plan.ca = SJ_CURVE_NONE;
	} else if (which % 3 == 2) {
		plan.suite.mapping = SJ_PACE_CAM;
		plan.aa = SJ_P256;
		plan.ca = SJ_CURVE_NONE;
	}
	fuzz_calm_begin();
	keep(k, issued_new(&plan));
	fuzz_calm_end();
	return k;
}

static void walk_report(const struct sj_report *report)
{
	struct sj_holder holder = { .size = sizeof(holder) };
	struct sj_check check = { .size = sizeof(check) };

	(void)sj_report_holder(report, &holder);
	for (int id = 0; sj_report_check(report, (enum sj_check_id)id, &check); id++)
		fuzz_touch(sj_span((const uint8_t *)check.detail, strlen(check.detail)));
}

static bool document_run(struct sj_span in)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_access *access = NULL;
	struct sj_report *report = NULL;
	struct issued *d;
	struct kept *k;
	uint32_t which;
	bool genuine = false;
	enum sj_rc rc;

	if (!sj_take_be(&in, 1, &which))
		return false;
	k = document_of(which);
	renew(k, in);
	d = k->d;
	options.now = NOW;
	rc = d->plan.pace ? sj_access_can(HOLDER_CAN, 6, &access)
			  : sj_access_mrz(d->mrz, strlen(d->mrz), &access);
	if (rc == SJ_OK)
		rc = reconnect(d);
	if (rc == SJ_OK)
		rc = sj_document_verify(d->card, d->trust, access, &options, &report);
	if (rc == SJ_OK) {
		walk_report(report);
		genuine = sj_report_verdict(report) != SJ_VERDICT_NOT_GENUINE;
	}
	end_edits();
	sj_report_free(report);
	sj_access_free(access);
	return genuine;
}

static bool document_seed(size_t i, struct sj_writer *w)
{
	sj_put_u8(w, (uint8_t)i);
	return i < 3;
}

/* --- a service ------------------------------------------------------------------------------------ */

static struct kept *service_card(void)
{
	static struct kept k;
	struct eid_plan plan = eid_plan();

	plan.curve = SJ_P256; /* OpenSSL is five times as fast on it */
	if (k.d != NULL)
		return &k;
	fuzz_calm_begin();
	k.eid = eid_new(&plan);
	keep(&k, k.eid->d);
	fuzz_calm_end();
	return &k;
}

static bool service_run(struct sj_span in)
{
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	struct sj_datum datum = { .size = sizeof(datum) };
	struct sj_access *access = NULL;
	struct sj_answer *answer = NULL;
	struct kept *k = service_card();
	bool genuine = false;
	enum sj_rc rc;

	renew(k, in);
	options.now = NOW;
	rc = sj_access_can(CAN, 6, &access);
	if (rc == SJ_OK)
		rc = reconnect(k->d);
	if (rc == SJ_OK)
		rc = sj_service_verify(k->d->card, k->d->trust, k->eid->terminal, &k->eid->service,
				       access, &options, &answer);
	for (size_t i = 0; rc == SJ_OK && sj_answer_datum(answer, i, &datum); i++)
		fuzz_touch(sj_span((const uint8_t *)datum.value, strlen(datum.value)));
	genuine = rc == SJ_OK && sj_answer_verdict(answer) == SJ_VERDICT_GENUINE;
	end_edits();
	sj_answer_free(answer);
	sj_access_free(access);
	return genuine;
}

static bool service_seed(size_t i, struct sj_writer *w)
{
	sj_put(w, SJ_SPAN_STR("\x00\xFF\x00\x00\x00")); /* of an answer that does not come */
	return i == 0;
}

/* --- a gate: mood of the card, bits of the gate's policy, edits ------------------------------------ */

/* A gate, as it was before it met a card; and cards, as they were made. */
struct door {
	struct stage *s;
	struct sj_gate gate;
	struct test_card card, revoked;
	uint8_t head[256]; /* a newer one than the gate's */
	size_t head_len;
};

static struct door *door_made(void)
{
	static struct door d;
	void *state = NULL;

	if (d.s != NULL)
		return &d;
	if (stage_open(&state) != 0)
		abort();
	d.s = state;
	d.gate = *d.s->gate;
	card_make(d.s, &d.card, 7);
	card_make(d.s, &d.revoked, STAGE_REVOKED);
	d.head_len = stage_head(d.s, 6, STAGE_NOW, d.head);
	fuzz_stays();
	return &d;
}

/* The gate remembers cards in rings, from their beginning. */
static struct door *door_renewed(void)
{
	struct door *d = door_made();
	struct sj_gate *gate = d->s->gate;

	memset(gate->used, 0, gate->used_next * sizeof(*gate->used));
	memset(gate->passed, 0, gate->passed_next * sizeof(*gate->passed));
	free(gate->staples);
	*gate = d->gate;
	return d;
}

static void meddle(struct test_card *card, unsigned step, uint8_t *response, size_t *len)
{
	(void)card;
	(void)step;
	*len = edit_response(response, *len);
}

/* True: the gate opened. */
static bool tap(struct sj_gate *gate, struct test_card *card, int64_t after)
{
	struct sj_gate_verdict verdict = { .size = sizeof(verdict) };
	struct sj_tap *t = NULL;
	const uint8_t *command;
	uint8_t response[300];
	size_t len;

	if (sj_tap_new(gate, STAGE_NOW + after, 600, &t) != SJ_OK)
		return false;
	for (unsigned i = 0; i < 16 && sj_tap_command(t, &command, &len); i++) {
		fuzz_calm_begin();
		len = card_answer(card, sj_span(command, len), response);
		fuzz_calm_end();
		sj_tap_feed(t, response, fuzz_channel() == SJ_OK ? len : 0);
	}
	(void)sj_tap_verdict(t, &verdict);
	sj_tap_free(t);
	card_end(card);
	return verdict.decision == SJ_GATE_OPEN;
}

/* Twice: the second time with the ticket of the first. */
static bool gate_run(struct sj_span in)
{
	struct test_card card;
	uint32_t mood, policy;
	struct door *d;
	struct stage *s;
	bool opened;

	if (!sj_take_be(&in, 1, &mood) || !sj_take_be(&in, 1, &policy))
		return false;
	fuzz_calm_begin();
	d = door_renewed();
	s = d->s;
	s->policy = (struct sj_gate_policy)SJ_GATE_POLICY_INIT;
	s->policy.tickets = (policy & 1) != 0;
	s->policy.fail_safe = (policy & 2) != 0;
	stage_policy(s);
	stage_ticket_keys(s, (policy & 1) != 0 ? 1 : 0, 0);
	card = (policy & 4) != 0 ? d->revoked : d->card;
	card.head_len = (policy & 8) != 0 ? d->head_len : 0;
	memcpy(card.head, d->head, card.head_len);
	card.mood = (enum mood)(mood % (DENIES_HEAD + 1u));
	card.meddle = meddle;
	fuzz_calm_end();
	*editor() = (struct editor){ .edits = in };
	opened = tap(s->gate, &card, 0);
	(void)tap(s->gate, &card, 60);
	end_edits();
	return opened;
}

static bool gate_seed(size_t i, struct sj_writer *w)
{
	const struct sj_span seeds[] = { SJ_SPAN_STR("\0\0"), SJ_SPAN_STR("\0\1"),
					 SJ_SPAN_STR("\0\x09") };

	if (i < 3)
		sj_put(w, seeds[i]);
	return i < 3;
}

struct fuzz_room fuzz_reading(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "document-reading", document_seed, document_run },
		{ "service-reading", service_seed, service_run },
		{ "gate-tap", gate_seed, gate_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
