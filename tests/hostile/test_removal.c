/*
 * The card is taken out at every command of a reading, before the card has it and after it has
 * answered, and during its answer, of which half is passed on, with its status word, without, or
 * with what looks like another: the right error, nothing of it shown, and the next card works.
 * And another process resets it there.
 */
#include "tests/hostile/disturbed.h"
#include "tests/hostile/eid.h"

#define RESETS 3u /* each so many-th command sees one: test_eid_hostile.c has them all */
#define RARELY 9u /* after each so many-th command, the next card is read to its end */

struct conversation {
	void *rig;
	struct issued *d;
	enum sj_rc (*run)(void *rig);
	bool (*shows)(const void *rig); /* anything at all */
};

struct tally {
	unsigned cuts;
	int64_t most_ms; /* from a removal to its error */
};

/* cmocka hands it to each case. */
static int begin(void **state)
{
	static struct tally tally;

	*state = &tally;
	return 0;
}

static unsigned left_in(const struct conversation *c)
{
	struct disturbed_log log = { 0 };

	issued_pull(c->d, 0, DISTURBED_BEFORE, &log);
	assert_int_equal(c->run(c->rig), SJ_OK);
	assert_true(c->shows(c->rig));
	return log.commands;
}

/* Half an answer is that of a card that answers wrongly. */
static bool seems_wrong(enum sj_rc rc)
{
	return rc == SJ_CARD_ANSWER || rc == SJ_CARD_SM_BROKEN || rc == SJ_CARD_REFUSED;
}

static void taken_out(const struct conversation *c, unsigned at, enum disturbed_when when,
		      struct tally *tally)
{
	struct disturbed_log log = { 0 };
	enum sj_rc rc;
	int64_t took;

	issued_pull(c->d, at, when, &log);
	rc = c->run(c->rig);
	took = sj_clock_ms() - log.when;
	assert_true(log.when > 0);
	if (disturbed_half(when)) {
		if (rc != SJ_CARD_LOST && !seems_wrong(rc))
			fail_msg("half of answer %u (way %d): %s", at, (int)when, sj_strerror(rc));
	} else {
		assert_int_equal(rc, SJ_CARD_LOST);
		assert_int_equal(log.commands, at); /* nobody tries again */
	}
	assert_false(c->shows(c->rig));
	tally->cuts++;
	if (took > tally->most_ms)
		tally->most_ms = took;
}

/* Once it begins again, unheard of; twice is told. */
static void reset(const struct conversation *c, unsigned at)
{
	enum sj_rc rc;

	issued_disturb(c->d, SJ_CARD_RESET, at, 1);
	assert_int_equal(c->run(c->rig), SJ_OK);
	assert_true(c->shows(c->rig));
	issued_disturb(c->d, SJ_CARD_RESET, at, 2);
	rc = c->run(c->rig); /* a service that turns out to be a plain document's begins twice */
	assert_true(rc == SJ_CARD_RESET || rc == SJ_OK);
	assert_int_equal(c->shows(c->rig), rc == SJ_OK);
}

static void sweep(const struct conversation *c, struct tally *tally)
{
	const unsigned commands = left_in(c);

	for (unsigned at = 1; at <= commands; at++) {
		for (enum disturbed_when when = 0; when < DISTURBED_WAYS; when++)
			taken_out(c, at, when, tally);
		if (at % RESETS == 0)
			reset(c, at);
		if (at % RARELY == 0 || at == commands)
			assert_int_equal(left_in(c), commands);
	}
}

/* --- a document ---------------------------------------------------------------------------- */

struct reading {
	struct issued *d;
	bool short_only;
};

static enum sj_rc read_document(void *rig)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct reading *r = rig;

	options.now = NOW;
	options.short_only = r->short_only;
	return issued_verify(r->d, &options);
}

static bool document_shows(const void *rig)
{
	const struct reading *r = rig;
	struct sj_holder holder = { .size = sizeof(holder) };

	return r->d->report && sj_report_holder(r->d->report, &holder) &&
	       strcmp(holder.surname, "ERIKSSON") == 0;
}

static void sweep_document(const struct plan *plan, bool short_only, struct tally *tally)
{
	struct reading r = { issued_new(plan), short_only };

	sweep(&(struct conversation){ &r, r.d, read_document, document_shows }, tally);
	issued_free(r.d);
}

static void a_document_with_pace_and_chip_authentication(void **state)
{
	struct plan plan = issued_plan();

	sweep_document(&plan, false, *state);
}

static void a_document_with_bac_and_3des_in_short_pieces(void **state)
{
	struct plan plan = issued_plan();

	plan.bac = plan.details = true;
	plan.pace = plan.extended = false;
	plan.ca_cipher = SJ_CIPHER_3DES;
	plan.aa = SJ_P256;
	plan.face = 3000;
	sweep_document(&plan, true, *state);
}

static void a_document_with_chip_authentication_mapping(void **state)
{
	struct plan plan = issued_plan();

	plan.suite.mapping = SJ_PACE_CAM;
	plan.ca = SJ_CURVE_NONE;
	plan.persons = true;
	sweep_document(&plan, false, *state);
}

/* --- an eID card and a plain document, asked for a service ----------------------------------- */

static enum sj_rc ask_service(void *rig)
{
	return eid_ask(rig, NULL);
}

static bool answer_shows(const void *rig)
{
	const struct eid_rig *r = rig;

	return r->answer && eid_said(r, "surname")[0] != '\0';
}

static void an_eid_card_asked_for_a_service(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	plan.rights |= SJ_RIGHT_PSEUDONYM | SJ_RIGHT_AGE_FIRST << 3;
	r = eid_new(&plan);
	sweep(&(struct conversation){ r, r->d, ask_service, answer_shows }, *state);
	eid_free(r);
}

/* A border asks for more than others: the finger as well, of a document that shows it to no other. */
static void a_plain_document_asked_by_an_inspection_system(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	plan.kind = SJ_CVC_INSPECTION;
	plan.plain = true;
	plan.rights = EID_HOTEL | SJ_RIGHT_FINGERPRINT;
	r = eid_new(&plan);
	sweep(&(struct conversation){ r, r->d, ask_service, answer_shows }, *state);
	eid_free(r);
}

struct asked {
	struct issued *d;
	struct sj_answer *answer;
};

static enum sj_rc ask_plain(void *rig)
{
	struct sj_service row = { .size = sizeof(row),
				  .id = EID_SERVICE,
				  .sector = EID_SECTOR,
				  .access = SJ_SERVICE_CAN,
				  .stale = UINT32_MAX,
				  .rights = EID_HOTEL };
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	struct sj_access *access;
	struct asked *a = rig;
	enum sj_rc rc;

	options.now = NOW;
	assert_int_equal(sj_access_can(HOLDER_CAN, 6, &access), SJ_OK);
	sj_answer_free(a->answer);
	a->answer = NULL;
	rc = sj_service_verify(a->d->card, a->d->trust, NULL, &row, access, &options, &a->answer);
	sj_access_free(access);
	return rc;
}

static bool plain_shows(const void *rig)
{
	const struct asked *a = rig;
	struct sj_datum datum = { .size = sizeof(datum) };

	return a->answer && sj_answer_datum(a->answer, 0, &datum);
}

static void a_plain_document_asked_for_a_service(void **state)
{
	struct plan plan = issued_plan();
	struct asked a = { issued_new(&plan), NULL };

	sweep(&(struct conversation){ &a, a.d, ask_plain, plain_shows }, *state);
	sj_answer_free(a.answer);
	issued_free(a.d);
}

/* --- figures ------------------------------------------------------------------------------------ */

static int end(void **state)
{
	const struct tally *tally = *state;

	print_message("# figure: removal.cuts %u\n# figure: removal.ms %lld\n", tally->cuts,
		      (long long)tally->most_ms);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_with_pace_and_chip_authentication),
		cmocka_unit_test(a_document_with_bac_and_3des_in_short_pieces),
		cmocka_unit_test(a_document_with_chip_authentication_mapping),
		cmocka_unit_test(an_eid_card_asked_for_a_service),
		cmocka_unit_test(a_plain_document_asked_by_an_inspection_system),
		cmocka_unit_test(a_plain_document_asked_for_a_service),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
