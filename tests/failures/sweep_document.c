/* Identity documents: opened, read, judged, with memory that ends. */
#include <sojourn/reader.h>

#include "tests/failures/sweep.h"
#include "tests/hostile/issued.h"
#include "trust/signed.h"

static struct plan full_plan(void)
{
	struct plan plan = issued_plan();

	plan.aa = SJ_P256;
	plan.details = plan.persons = true;
	return plan;
}

static int genuine_open(void **state)
{
	struct plan plan = full_plan();

	*state = issued_new(&plan);
	return 0;
}

static int copy_open(void **state)
{
	struct plan plan = full_plan();

	plan.other_keys = true;
	*state = issued_new(&plan);
	return 0;
}

static int altered_open(void **state)
{
	struct plan plan = full_plan();

	plan.altered = SJ_DG2;
	plan.altered_at = FACE_SIZE / 2;
	*state = issued_new(&plan);
	return 0;
}

static int unknown_open(void **state)
{
	struct plan plan = full_plan();

	plan.no_trust = true;
	*state = issued_new(&plan);
	return 0;
}

static int bac_open(void **state)
{
	struct plan plan = full_plan();

	plan.pace = false;
	plan.bac = true;
	plan.csca_kind = "RSA-2048";
	*state = issued_new(&plan);
	return 0;
}

static int cam_open(void **state)
{
	struct plan plan = issued_plan();

	plan.suite.mapping = SJ_PACE_CAM;
	*state = issued_new(&plan);
	return 0;
}

/* As the process that takes signed data apart would answer, if there is memory for it. */
static bool find(void *user, const uint8_t *bytes, size_t len, uint8_t **answer, size_t *answer_len)
{
	struct sj_writer w = sj_writer(malloc(SJ_SIGNED_PLACES_MAX), SJ_SIGNED_PLACES_MAX);
	struct sj_signed found;
	enum sj_signed_rc rc;

	(void)user;
	if (w.ptr == NULL)
		return false;
	rc = sj_signed_find(sj_span(bytes, len), &found);
	sj_signed_put(&w, rc, &found);
	sj_signed_close(&found);
	*answer = w.ptr;
	*answer_len = w.len;
	return !w.failed;
}

static int document_close(void **state)
{
	issued_free(*state);
	return 0;
}

static unsigned long verify(void *room)
{
	struct issued *d = room;
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_access *access = NULL;
	enum sj_rc rc;

	options.now = NOW;
	rc = d->plan.pace ? sj_access_can(HOLDER_CAN, 6, &access)
			  : sj_access_mrz(d->mrz, strlen(d->mrz), &access);
	if (rc == SJ_OK)
		rc = sj_document_verify(d->card, d->trust, access, &options, &d->report);
	sj_access_free(access);
	return rc;
}

static unsigned long verify_elsewhere(void *room)
{
	struct issued *d = room;

	sj_context_find_signed(d->ctx, find, NULL);
	return verify(room);
}

static unsigned long verify_files(void *room)
{
	static const char *const names[FILES] = {
		[SJ_EF_COM] = "EF.COM", [SJ_EF_SOD] = "EF.SOD", [SJ_DG1] = "DG1",
		[SJ_DG2] = "DG2",       [SJ_DG11] = "DG11",     [SJ_DG12] = "DG12",
		[SJ_DG14] = "DG14",     [SJ_DG15] = "DG15",     [SJ_DG16] = "DG16"
	};
	struct issued *d = room;
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_file files[FILES];
	size_t n = 0;

	options.now = NOW;
	for (size_t f = 0; f < FILES; f++)
		if (names[f] != NULL && d->len[f] > 0)
			files[n++] = (struct sj_file){ names[f], d->bytes[f], d->len[f] };
	return sj_document_verify_files(files, n, d->trust, &options, &d->report);
}

/* Frees the report; whether its verdict was this one, or there was none. */
static bool judged(struct issued *d, unsigned long rc, enum sj_verdict verdict)
{
	bool ok = (rc == SJ_OK) == (d->report != NULL);

	if (d->report != NULL && sj_report_verdict(d->report) != verdict) {
		struct sj_check check = { .size = sizeof(check) };

		for (int i = 0; i < SJ_CHECK_COUNT; i++)
			if (sj_report_check(d->report, (enum sj_check_id)i, &check) &&
			    check.state > SJ_CHECK_PASSED)
				fprintf(stderr, "# %s: %s\n", sj_check_name(check.id),
					check.detail);
		ok = false;
	}
	sj_report_free(d->report);
	d->report = NULL;
	return ok;
}

/* Or nobody knows, because a file of the trust store could not be read. */
static bool is_genuine(void *room, unsigned long rc)
{
	struct issued *d = room;

	if (d->report != NULL && sj_report_reason(d->report) == SJ_TRUST_UNREADABLE)
		return judged(d, rc, SJ_VERDICT_UNDECIDED);
	return judged(d, rc, SJ_VERDICT_GENUINE);
}

static bool is_without_proof(void *room, unsigned long rc)
{
	struct issued *d = room;

	if (d->report != NULL && sj_report_reason(d->report) == SJ_TRUST_UNREADABLE)
		return judged(d, rc, SJ_VERDICT_UNDECIDED);
	return judged(room, rc, SJ_VERDICT_COPY_NOT_EXCLUDED);
}

static bool is_not_genuine(void *room, unsigned long rc)
{
	return judged(room, rc, SJ_VERDICT_NOT_GENUINE);
}

static bool is_undecided(void *room, unsigned long rc)
{
	return judged(room, rc, SJ_VERDICT_UNDECIDED);
}

/* With a card that fails by itself. */
static bool is_freed(void *room, unsigned long rc)
{
	struct issued *d = room;
	const bool some = d->report != NULL;

	sj_report_free(d->report);
	d->report = NULL;
	return (rc == SJ_OK) == some;
}

static bool is_never_genuine(void *room, unsigned long rc)
{
	struct issued *d = room;

	if (d->report != NULL && sj_report_verdict(d->report) == SJ_VERDICT_GENUINE)
		return false;
	return is_freed(room, rc);
}

static unsigned long accesses(void *room)
{
	static const char mrz[] = "L898902C<369080619406236";
	struct sj_access *a = NULL;
	enum sj_rc rc = sj_access_mrz(mrz, sizeof(mrz) - 1, &a);

	(void)room;
	sj_access_free(a);
	return rc;
}

static const unsigned long unread[] = { SJ_NO_MEMORY, SJ_SIGNED_UNREAD, 0 };

static int reported_open(void **state)
{
	struct issued *d;

	assert_int_equal(genuine_open(state), 0);
	d = *state;
	assert_int_equal(issued_verify(d, NULL), SJ_OK);
	return 0;
}

/* All that a report tells; names come from tables. */
static unsigned long tell(void *room)
{
	const struct issued *d = room;
	struct sj_check check = { .size = sizeof(check) };
	struct sj_holder holder = { .size = sizeof(holder) };
	struct sj_statistics statistics = { .size = sizeof(statistics) };
	const uint8_t *bytes;
	const char *mime;
	size_t len;
	bool ok = sj_report_verdict(d->report) == SJ_VERDICT_GENUINE &&
		  sj_report_reason(d->report) == SJ_OK &&
		  sj_report_check(d->report, SJ_CHECK_ACCESS, &check) &&
		  sj_report_group(d->report, 1, &check) && sj_report_holder(d->report, &holder) &&
		  sj_report_portrait(d->report, &bytes, &len, &mime) &&
		  sj_report_file(d->report, "DG1", &bytes, &len) &&
		  sj_report_statistics(d->report, &statistics);

	return ok && sj_verdict_name(SJ_VERDICT_GENUINE) != NULL &&
			       sj_check_name(check.id) != NULL &&
			       sj_check_state_name(check.state) != NULL
		       ? 0
		       : 1;
}

static unsigned long read_and_free(void *room)
{
	struct issued *d = room;
	unsigned long rc = verify(room);

	sj_report_free(d->report);
	d->report = NULL;
	return rc;
}

static unsigned long typed_mrz(void *room)
{
	static const char mrz[] = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
				  "L898902C36UTO7408122F1204159ZE184226B<<<<<10";
	struct sj_holder holder = { .size = sizeof(holder) };
	const char *problem = NULL;

	(void)room;
	return sj_mrz_holder(mrz, sizeof(mrz) - 1, NOW, &holder, &problem);
}

/* Texts about failures, from tables. */
static unsigned long failures(void *room)
{
	const struct sj_failure *first = sj_failure_at(0);
	bool ok = first != NULL && sj_failure_find(SJ_NO_MEMORY) != NULL &&
		  sj_strerror(SJ_NO_MEMORY) != NULL && sj_exit_code(SJ_NO_CARD) == 4 &&
		  sj_status_word_text(0x9000) != NULL && strcmp(sj_version(), SJ_VERSION) == 0;

	(void)room;
	return ok ? 0 : 1;
}

#define EVERYWHERE (FAIL_MEMORY | FAIL_READ)

const struct operation sweep_document[] = {
	{ "document: access by MRZ", FAIL_MEMORY, .run = accesses, .bad = sweep_memory },
	{ "document: verify, PACE", EVERYWHERE, genuine_open, document_close, .run = verify,
	  .bad = sweep_files, .holds = is_genuine },
	{ "document: verify, BAC", EVERYWHERE, bac_open, document_close, .run = verify,
	  .bad = sweep_files, .holds = is_genuine },
	{ "document: verify, PACE-CAM", EVERYWHERE, cam_open, document_close, .run = verify,
	  .bad = sweep_files, .holds = is_genuine },
	{ "document: verify, signed data taken apart elsewhere", FAIL_MEMORY, cam_open,
	  document_close, .run = verify_elsewhere, .bad = unread, .holds = is_genuine },
	{ "document: verify, a copy", EVERYWHERE, copy_open, document_close, .run = verify,
	  .bad = sweep_files, .holds = is_not_genuine },
	{ "document: verify, altered", EVERYWHERE, altered_open, document_close, .run = verify,
	  .bad = sweep_files, .holds = is_not_genuine },
	{ "document: verify, unknown issuer", EVERYWHERE, unknown_open, document_close,
	  .run = verify, .bad = sweep_files, .holds = is_undecided },
	{ "document: judge files", EVERYWHERE, genuine_open, document_close, .run = verify_files,
	  .bad = sweep_files, .holds = is_without_proof },
	{ "document: what a report tells", EVERYWHERE, reported_open, document_close, .run = tell },
	{ "document: verify and forget", FAIL_MEMORY, genuine_open, document_close,
	  .run = read_and_free, .bad = sweep_memory },
	{ "document: a typed MRZ", FAIL_MEMORY, .run = typed_mrz, .bad = sweep_memory },
	{ "document: texts", EVERYWHERE, .run = failures },
	{ "document, inside too: verify, PACE-CAM", FAIL_MEMORY, cam_open, document_close,
	  .run = verify, .holds = is_freed, .card = true },
	{ "document, inside too: verify a copy", FAIL_MEMORY, copy_open, document_close,
	  .run = verify, .holds = is_never_genuine, .card = true },
	{ "document, inside too: verify, BAC", FAIL_MEMORY, bac_open, document_close, .run = verify,
	  .holds = is_freed, .card = true },
	OPERATIONS_END,
};
