/* op_document.c -- a document verified, three ways, and sent commands, before a liar. */
#include <sojourn/service.h>

#include "tests/hostile/issued.h"
#include "tests/hostile/liar.h"

#include "applets/emrtd/state.h"

#define TIMEOUT_MS 30000u /* of a verification, if its caller gives none */

struct document {
	struct issued *own, *other;
};

/* It opens with another CAN, so that nobody reads it by mistake when cards are changed. */
static void other_can(struct issued *d)
{
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span stored;
	uint8_t *can;

	assert_true(card_store_get(d->bench->store, EMRTD_OBJECT_ACCESS, &stored));
	sj_put(&w, stored);
	assert_false(w.failed);
	can = memmem(bytes, w.len, HOLDER_CAN, 6);
	assert_non_null(can);
	can[5] ^= 1;
	assert_true(card_store_set(d->bench->store, EMRTD_OBJECT_ACCESS, sj_written(&w)));
	assert_int_equal(card_store_commit(d->bench->store), CARD_STORE_OK);
}

static void *document_new(const struct plan *plan)
{
	struct document *r = calloc(1, sizeof(*r));
	struct sj_trust_counts counts = { .size = sizeof(counts) };
	struct plan other = *plan;

	assert_non_null(r);
	r->own = issued_new(plan);
	other.birth = "690806";
	r->other = issued_new(&other);
	other_can(r->other);
	/* The other document is as good as this one. */
	assert_int_equal(sj_trust_import_csca(r->own->trust, r->other->csca_der.ptr,
					      r->other->csca_der.len, &counts),
			 SJ_OK);
	return r;
}

static void *open_pace(void)
{
	struct plan plan = issued_plan();

	plan.face = 600;
	return document_new(&plan);
}

static void *open_bac(void)
{
	struct plan plan = issued_plan();

	plan.face = 600;
	plan.pace = false;
	plan.bac = true;
	plan.ca = SJ_CURVE_NONE;
	plan.aa = SJ_P256;
	plan.extended = false;
	return document_new(&plan);
}

static void *open_mapping(void)
{
	struct plan plan = issued_plan();

	plan.face = 600;
	plan.suite.mapping = SJ_PACE_CAM;
	plan.ca = SJ_CURVE_NONE;
	return document_new(&plan);
}

static void document_close(void *rig)
{
	struct document *r = rig;

	issued_free(r->own);
	issued_free(r->other);
	free(r);
}

/* Everything that a caller gets. */
static void take_report(const struct sj_report *report, struct outcome *o)
{
	struct sj_holder holder = { .size = sizeof(holder) };
	struct sj_statistics statistics = { .size = sizeof(statistics) };
	struct sj_check check = { .size = sizeof(check) };
	char name[8];
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	o->accepted = sj_report_verdict(report) == SJ_VERDICT_GENUINE;
	o->rc = sj_report_reason(report);
	if (sj_report_holder(report, &holder))
		outcome_put(o, "holder", &holder, sizeof(holder));
	if (sj_report_portrait(report, &bytes, &len, &mime))
		outcome_put(o, "portrait", bytes, len);
	for (unsigned dg = 1; dg <= 16; dg++) {
		snprintf(name, sizeof(name), "DG%u", dg);
		if (sj_report_file(report, name, &bytes, &len))
			outcome_put(o, name, bytes, len);
	}
	if (sj_report_statistics(report, &statistics))
		outcome_touch(&statistics, sizeof(statistics));
	for (int i = 0; i < SJ_CHECK_COUNT; i++)
		if (sj_report_check(report, (enum sj_check_id)i, &check))
			outcome_touch(check.detail, strlen(check.detail));
	if (sj_report_verdict(report) == SJ_VERDICT_NOT_GENUINE && o->handed_len > 0)
		o->wrong = "data of a document that is not genuine are handed out";
}

static void document_run(void *rig, struct liar *l, struct outcome *o)
{
	const struct document *r = rig;
	struct issued *d = r->own;
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_access *access = NULL;
	struct sj_report *report = NULL;
	struct sj_card *card = NULL;
	enum sj_rc rc;

	options.now = NOW;
	l->foreign = r->other->bench->store;
	liar_insert(l, d->bench->store, CARD_CONTACTLESS);
	if (d->plan.pace)
		rc = sj_access_can(HOLDER_CAN, 6, &access);
	else
		rc = sj_access_mrz(d->mrz, strlen(d->mrz), &access);
	assert_int_equal(rc, SJ_OK);
	rc = sj_card_over(d->ctx, &l->head, "liar", sj_deadline_after(liar_call(l, TIMEOUT_MS)),
			  &card);
	(void)liar_call(l, TIMEOUT_MS);
	if (rc == SJ_OK)
		rc = sj_document_verify(card, d->trust, access, &options, &report);
	o->rc = rc;
	if (rc == SJ_OK)
		take_report(report, o);
	sj_report_free(report);
	sj_card_close(card);
	sj_access_free(access);
}

/* --- commands of the caller's own, through PACE and without ------------------------------------- */

/* SJ_OK: 9000; what came with it is told if nobody can have changed it on the way. */
static enum sj_rc send(struct sj_card *card, struct liar *l, const char *text, const char *told,
		       struct outcome *o)
{
	static uint8_t answer[SJ_APDU_NE_EXTENDED]; /* of this function */
	uint8_t command[512];
	const struct sj_span c = hex(text, command, sizeof(command));
	size_t len = c.len == 5 ? SJ_APDU_NE_SHORT : sizeof(answer);
	uint16_t sw = 0;
	const enum sj_rc rc =
		sj_card_transmit(card, c.ptr, c.len, liar_call(l, TIMEOUT_MS), answer, &len, &sw);

	if (rc != SJ_OK)
		return rc;
	outcome_touch(answer, len);
	if (sw == SJ_SW_OK && told != NULL)
		outcome_put(o, told, answer, len);
	return sw == SJ_SW_OK ? SJ_OK : SJ_CARD_REFUSED;
}

/* 300 bytes of data: chained, or in a command of extended length. */
static void send_much(struct sj_card *card, struct liar *l, struct outcome *o)
{
	char text[2 * 307 + 1];
	const int n = snprintf(text, sizeof(text), "00CB3FFF00012C%0600d", 0);

	assert_int_equal(n, 2 * 307);
	(void)send(card, l, text, NULL, o);
}

static enum sj_rc send_all(struct sj_card *card, struct liar *l, struct outcome *o)
{
	uint8_t atr[SJ_ATR_MAX];
	enum sj_rc rc = send(card, l, "00B09C0000", NULL, o);

	outcome_touch(atr, sj_card_atr(card, atr));
	outcome_touch(sj_card_reader(card), strlen(sj_card_reader(card)));
	if (sj_card_takes_pin(card, liar_call(l, TIMEOUT_MS)))
		o->wrong = "the reader has no keypad";
	send_much(card, l, o);
	if (rc == SJ_OK)
		rc = sj_card_restart(card, liar_call(l, TIMEOUT_MS));
	if (rc == SJ_OK)
		rc = sj_card_pace(card, HOLDER_CAN, liar_call(l, TIMEOUT_MS));
	if (rc == SJ_OK)
		rc = send(card, l, "00A4040C07A0000002471001", NULL, o);
	if (rc == SJ_OK)
		rc = send(card, l, "00B09E0000", "com", o);
	return rc == SJ_OK ? send(card, l, "00B08100000000", "dg1", o) : rc;
}

static void commands_run(void *rig, struct liar *l, struct outcome *o)
{
	const struct document *r = rig;
	struct sj_card *card = NULL;

	l->foreign = r->other->bench->store;
	liar_insert(l, r->own->bench->store, CARD_CONTACTLESS);
	o->rc = sj_card_over(r->own->ctx, &l->head, "liar",
			     sj_deadline_after(liar_call(l, TIMEOUT_MS)), &card);
	if (o->rc == SJ_OK)
		o->rc = send_all(card, l, o);
	o->accepted = o->rc == SJ_OK;
	sj_card_close(card);
}

const struct operation *const *operations_document(void)
{
	static const unsigned kind = ON_DOCUMENT | ON_SM | ON_IDENTITY;
	static const struct operation pace = {
		"document-pace-ca", kind | ON_PACE | ON_BOUND, false, NULL, open_pace, document_run,
		document_close
	};
	static const struct operation bac = {
		"document-bac-aa", kind | ON_BOUND, false,         NULL,
		open_bac,          document_run,    document_close
	};
	static const struct operation mapping = {
		"document-pace-cam", kind | ON_PACE, false,         NULL,
		open_mapping,        document_run,   document_close
	};
	static const struct operation commands = {
		"document-commands", kind | ON_PACE, true,          NULL,
		open_pace,           commands_run,   document_close
	};
	static const struct operation *const all[] = { &pace, &bac, &mapping, &commands, NULL };

	return all;
}
