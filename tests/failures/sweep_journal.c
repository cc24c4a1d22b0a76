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

const struct operation sweep_journal[] = {
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
	  .bad = sweep_memory, .most = 25 },
	OPERATIONS_END,
};
