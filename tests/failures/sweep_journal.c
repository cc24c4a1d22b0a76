/* Journals and evidence: a record is there, whole, or it is not. */
#include <stdlib.h>
#include <string.h>

#include "tests/failures/sweep.h"
#include "tests/unit/evidence_rig.h"

/* One record, exported. */
static int evidence_open(void **state)
{
	struct rig *r;

	assert_int_equal(rig_open(state), 0);
	r = *state;
	rig_verify(r);
	assert_int_equal(sj_journal_sign(r->journal, RIG_NOW), SJ_OK);
	assert_int_equal(rig_export(r, 1, true, true), SJ_OK);
	return 0;
}

/* Behind the first record there is none. */
static void journal_ready(void *room)
{
	struct rig *r = room;
	bool clean;

	sj_journal_close(r->journal);
	r->journal = NULL;
	r->kept.rows_n = 1;
	r->kept.heads_n = 1;
	assert_int_equal(sj_journal_open(&r->store, r->key, &r->journal, &clean), SJ_OK);
	rig_answer(r);
}

static bool chain_holds(void *room, unsigned long rc)
{
	struct rig *r = room;
	struct sj_journal_report report = { .size = sizeof(report) };

	return sj_journal_verify(&r->store, r->public_key, &report) == SJ_OK &&
	       (rc != SJ_OK || report.records == 2) && (rc == SJ_OK || report.records == 1);
}

static unsigned long add(void *room)
{
	struct rig *r = room;
	uint64_t number = 0;

	return sj_evidence_add(r->evidence, r->journal, r->answer, &r->options, &number);
}

static unsigned long add_plain(void *room)
{
	struct rig *r = room;
	struct sj_journal_record record = SJ_JOURNAL_RECORD_INIT;

	record.kind = SJ_JOURNAL_START;
	record.time = RIG_NOW;
	return sj_journal_add(r->journal, &record);
}

static unsigned long sign(void *room)
{
	struct rig *r = room;
	enum sj_rc rc = (enum sj_rc)add_plain(room);

	return rc == SJ_OK ? sj_journal_sign(r->journal, RIG_NOW + 1) : rc;
}

static bool chain_is_whole(void *room, unsigned long rc)
{
	struct rig *r = room;
	struct sj_journal_report report = { .size = sizeof(report) };

	return sj_journal_verify(&r->store, r->public_key, &report) == SJ_OK &&
	       (rc != SJ_OK || report.covered == 2);
}

static unsigned long open_journal(void *room)
{
	struct rig *r = room;
	struct sj_journal *j = NULL;
	bool clean = false;
	enum sj_rc rc = sj_journal_open(&r->store, r->key, &j, &clean);

	sj_journal_close(j);
	return rc;
}

static unsigned long verify(void *room)
{
	struct rig *r = room;
	struct sj_journal_report report = { .size = sizeof(report) };

	return sj_journal_verify(&r->store, r->public_key, &report);
}

static unsigned long read_kept(void *room)
{
	struct rig *r = room;
	struct sj_journal_record record = SJ_JOURNAL_RECORD_INIT;
	struct sj_evidence_info info = { .size = sizeof(info) };
	struct sj_kept *kept = NULL;
	enum sj_rc rc = sj_journal_read(&r->store, 0, &record);

	if (rc == SJ_OK)
		rc = sj_evidence_read(&record, &info);
	if (rc == SJ_OK)
		rc = sj_kept_open(&record, r->operator_key, &kept);
	sj_kept_free(kept);
	return rc;
}

static unsigned long export_one(void *room)
{
	struct rig *r = room;
	struct sj_export_options options = SJ_EXPORT_OPTIONS_INIT;
	uint8_t *file = NULL;
	size_t len = 0;
	enum sj_rc rc;

	options.operator_key = r->operator_key;
	options.data = true;
	rc = sj_evidence_export(&r->store, r->public_key, 1, &options, &file, &len, &r->why);
	sj_export_free(file, len);
	return rc;
}

static unsigned long prove(void *room)
{
	struct rig *r = room;

	return sj_evidence_verify(r->file, r->file_len, &r->believed, &r->report);
}

/* Card-signed, or nothing; or the store could not be read. */
static bool is_proved(void *room, unsigned long rc)
{
	struct rig *r = room;
	enum sj_evidence_strength strength = SJ_OPERATOR_ATTESTED;
	bool some = r->report != NULL && sj_evidence_report_strength(r->report, &strength);
	bool ok = rc == SJ_OK ? some : !some;

	if (some && strength != SJ_CARD_SIGNED)
		ok = rig_step(r, SJ_EVIDENCE_STEP_CARD).reason == SJ_TRUST_UNREADABLE;
	sj_evidence_report_free(r->report);
	r->report = NULL;
	return ok;
}

/* A byte of the file is another; it is put back after. */
static unsigned long prove_altered(void *room)
{
	struct rig *r = room;
	unsigned long rc;

	r->file[r->file_len / 2] ^= 1;
	rc = prove(room);
	r->file[r->file_len / 2] ^= 1;
	return rc;
}

static bool is_unproved(void *room, unsigned long rc)
{
	struct rig *r = room;
	enum sj_evidence_strength strength;
	bool some = r->report != NULL && sj_evidence_report_strength(r->report, &strength);

	sj_evidence_report_free(r->report);
	r->report = NULL;
	return rc != SJ_OK && !some;
}

static unsigned long operator_key(void *room)
{
	struct rig *r = room;
	uint8_t file[SJ_OPERATOR_FILE_MAX], key[SJ_OPERATOR_KEY];
	size_t len = 0;
	enum sj_rc rc = sj_operator_key_write(r->operator_key, "correct horse", 13, file, &len);

	if (rc == SJ_OK)
		rc = sj_operator_key_read(file, len, "correct horse", 13, key);
	return rc;
}

/* --- the proof's parts --------------------------------------------------------------------- */

static int proved_open(void **state)
{
	assert_int_equal(evidence_open(state), 0);
	assert_int_equal(rig_prove(*state), SJ_OK);
	return 0;
}

/* All that a report tells. */
static unsigned long tell(void *room)
{
	const struct rig *r = room;
	struct sj_evidence_info info = { .size = sizeof(info) };
	struct sj_check check = { .size = sizeof(check) };
	struct sj_datum datum = { .size = sizeof(datum) };
	enum sj_evidence_strength strength = SJ_OPERATOR_ATTESTED;
	const struct sj_kept *kept = sj_evidence_report_kept(r->report);
	const uint8_t *bytes;
	const char *mime;
	size_t len;
	bool ok = kept != NULL && sj_kept_datum(kept, 0, &datum) &&
		  sj_kept_portrait(kept, &bytes, &len, &mime) &&
		  sj_evidence_report_info(r->report, &info) &&
		  sj_evidence_report_step(r->report, SJ_EVIDENCE_STEP_CARD, &check) &&
		  sj_evidence_report_strength(r->report, &strength);

	ok = ok && sj_evidence_report_limit(r->report, 0) != NULL &&
	     sj_evidence_step_name(SJ_EVIDENCE_STEP_CARD) != NULL &&
	     sj_evidence_strength_name(strength) != NULL &&
	     sj_journal_kind_name(SJ_JOURNAL_TAP) != NULL;
	return ok ? 0 : 1;
}

static unsigned long prove_and_forget(void *room)
{
	struct rig *r = room;
	unsigned long rc = prove(room);

	sj_evidence_report_free(r->report);
	r->report = NULL;
	return rc;
}

static unsigned long begin(void *room)
{
	struct rig *r = room;
	struct sj_evidence *evidence = NULL;
	uint8_t challenge[8];
	enum sj_rc rc = sj_evidence_begin(&r->service, r->terminal, &evidence);

	if (rc == SJ_OK && !sj_evidence_challenge(evidence, r->answer, challenge))
		rc = SJ_NO_MEMORY;
	sj_evidence_free(evidence);
	return rc;
}

/* --- trimming and erasing -------------------------------------------------------------------- */

/* Two records with something personal, signed; the first is an hour older. */
static void two_ready(void *room)
{
	struct rig *r = room;

	journal_ready(room);
	(void)rig_verify(r);
	assert_int_equal(sj_journal_sign(r->journal, RIG_NOW), SJ_OK);
}

static unsigned long trim(void *room)
{
	struct rig *r = room;
	uint64_t n = 0;

	sj_journal_sign_every(r->journal, 1);
	return sj_journal_trim(r->journal, sj_journal_time(r->journal), RIG_NOW + 1, &n);
}

/* What is left holds: all of it, or the last record alone. */
static bool is_trimmed(void *room, unsigned long rc)
{
	struct rig *r = room;
	struct sj_journal_report report = { .size = sizeof(report) };

	return sj_journal_verify(&r->store, r->public_key, &report) == SJ_OK &&
	       (report.records == 1 || (rc != SJ_OK && report.records == 2));
}

static unsigned long erase(void *room)
{
	struct rig *r = room;
	uint64_t n = 0;

	return sj_journal_erase(&r->store, RIG_NOW + 1, &n);
}

static unsigned long erase_due(void *room)
{
	struct rig *r = room;
	uint64_t n = 0;

	return sj_journal_erase_due(&r->store, RIG_NOW + 86400, &n);
}

static unsigned long erase_record(void *room)
{
	struct rig *r = room;
	uint64_t n = 0;

	return sj_journal_erase_record(&r->store, 2, &n);
}

static unsigned long erase_pseudonym(void *room)
{
	static const uint8_t nobody[16] = { 1 };
	struct rig *r = room;
	uint64_t n = 0;

	return sj_journal_erase_pseudonym(&r->store, nobody, &n);
}

/* How many records keep something personal; the chain must hold. */
static uint64_t personal(struct rig *r)
{
	struct sj_journal_report report = { .size = sizeof(report) };

	return sj_journal_verify(&r->store, r->public_key, &report) == SJ_OK ? report.personal
									     : UINT64_MAX;
}

static bool nothing_is_left(void *room, unsigned long rc)
{
	const uint64_t n = personal(room);

	return n == 0 || (rc != SJ_OK && n <= 2);
}

static bool one_is_left(void *room, unsigned long rc)
{
	const uint64_t n = personal(room);

	return n == 1 || (rc != SJ_OK && n == 2);
}

static bool both_are_left(void *room, unsigned long rc)
{
	(void)rc;
	return personal(room) == 2;
}

static unsigned long public_key(void *room)
{
	const struct rig *r = room;
	uint8_t out[SJ_JOURNAL_PUBLIC];

	return sj_journal_public(r->key, out);
}

const struct operation sweep_journal[] = {
	{ "journal: public key", FAIL_MEMORY, evidence_open, rig_close, .run = public_key,
	  .bad = sweep_memory },
	{ "journal: trim", FAIL_MEMORY, evidence_open, rig_close, two_ready, trim,
	  .bad = sweep_memory, .holds = is_trimmed },
	{ "journal: erase", FAIL_MEMORY, evidence_open, rig_close, two_ready, erase,
	  .bad = sweep_memory, .holds = nothing_is_left },
	{ "journal: erase what is due", FAIL_MEMORY, evidence_open, rig_close, two_ready, erase_due,
	  .bad = sweep_memory, .holds = nothing_is_left },
	{ "journal: erase a record", FAIL_MEMORY, evidence_open, rig_close, two_ready, erase_record,
	  .bad = sweep_memory, .holds = one_is_left },
	{ "journal: erase a pseudonym", FAIL_MEMORY, evidence_open, rig_close, two_ready,
	  erase_pseudonym, .bad = sweep_memory, .holds = both_are_left },
	{ "evidence: begin", FAIL_MEMORY, evidence_open, rig_close, .run = begin,
	  .bad = sweep_memory },
	{ "evidence: what a proof tells", FAIL_MEMORY, proved_open, rig_close, .run = tell },
	{ "evidence: forget a proof", FAIL_MEMORY, evidence_open, rig_close,
	  .run = prove_and_forget, .bad = sweep_memory },
	{ "journal: open", FAIL_MEMORY, evidence_open, rig_close, .run = open_journal,
	  .bad = sweep_memory },
	{ "journal: add", FAIL_MEMORY, evidence_open, rig_close, journal_ready, add_plain,
	  .bad = sweep_memory, .holds = chain_holds },
	{ "journal: sign", FAIL_MEMORY, evidence_open, rig_close, journal_ready, sign,
	  .bad = sweep_memory, .holds = chain_is_whole },
	{ "journal: verify", FAIL_MEMORY, evidence_open, rig_close, .run = verify,
	  .bad = sweep_memory },
	{ "evidence: add", FAIL_MEMORY, evidence_open, rig_close, journal_ready, add,
	  .bad = sweep_memory, .holds = chain_holds },
	{ "evidence: read what is kept", FAIL_MEMORY, evidence_open, rig_close, .run = read_kept,
	  .bad = sweep_memory },
	{ "evidence: export", FAIL_MEMORY, evidence_open, rig_close, .run = export_one,
	  .bad = sweep_memory },
	{ "evidence: prove", FAIL_MEMORY | FAIL_READ, evidence_open, rig_close, .run = prove,
	  .bad = sweep_files, .holds = is_proved },
	{ "evidence: prove an altered one", FAIL_MEMORY | FAIL_READ, evidence_open, rig_close,
	  .run = prove_altered, .good = SJ_EVIDENCE_BROKEN, .bad = sweep_files,
	  .holds = is_unproved },
	{ "evidence: operator's key", FAIL_MEMORY, evidence_open, rig_close, .run = operator_key,
	  .bad = sweep_memory, .most = 100 },
	OPERATIONS_END,
};
