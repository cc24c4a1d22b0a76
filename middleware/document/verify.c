/* verify.c -- the order of a verification, and starting it again once. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypt/wipe.h"
#include "document/document.h"
#include "reader/card.h"
#include "reader/context.h"
#include "reader/memory.h"
#include "wire/std/icao9303.h"

#define TIMEOUT_MS 30000u
/* Fingers and iris stay closed without Terminal Authentication. */
#define GUARDED(dg) ((dg) == 3 || (dg) == 4)

void sj_document_options(struct sj_document *doc, const struct sj_verify_options *options)
{
	const struct sj_verify_options defaults = SJ_VERIFY_OPTIONS_INIT;

	doc->options = defaults;
	if (options)
		memcpy(&doc->options, options,
		       options->size < sizeof(defaults) ? options->size : sizeof(defaults));
	if (doc->options.timeout_ms == 0)
		doc->options.timeout_ms = TIMEOUT_MS;
	if (doc->options.now == 0)
		doc->options.now = (int64_t)time(NULL);
	doc->wanted =
		doc->options.without_portrait ? SJ_GROUPS_ALL & ~(1u << SJ_DG2) : SJ_GROUPS_ALL;
}

/* The time before anything is read: clock and store. */
static void begin_time(struct sj_document *doc)
{
	struct sj_statistics *statistics = &doc->report->statistics;
	bool behind = false;

	doc->now = doc->trust ? sj_trust_time(doc->trust, doc->options.now, &behind)
			      : doc->options.now;
	statistics->clock_behind = behind;
	statistics->time_used = doc->now;
}

/* New keys prove the chip only by an answer under them. */
static void require_proof(struct sj_document *doc)
{
	if (doc->chip_started && !doc->chip_proved)
		sj_check_set(&doc->report->checks[SJ_CHECK_CHIP], SJ_CHECK_FAILED, SJ_CA_FAILED,
			     "The chip does not know the key: no answer under the new keys.");
}

/*
 * All checks for which no more of the card is needed. SJ_NO_MEMORY: memory ran out on the way, and
 * what did not hold may be due to that. SJ_SIGNED_UNREAD: as it says.
 */
static enum sj_rc conclude(struct sj_document *doc)
{
	if (doc->sod_holds) {
		sj_check_groups(doc);
		sj_check_presence(doc);
		sj_check_access_file(doc);
		sj_check_expiry(doc);
		sj_check_state(doc);
		sj_check_status(doc);
		sj_check_mapping(doc);
	}
	require_proof(doc);
	sj_check_copy(doc);
	sj_document_judge(doc->report);
	if (doc->unread)
		return SJ_SIGNED_UNREAD;
	return sj_memory_rc(doc->mark, doc->report->reason) == SJ_NO_MEMORY ? SJ_NO_MEMORY : SJ_OK;
}

/* --- from a card --------------------------------------------------------------- */

static bool is_wanted(const struct sj_document *doc, unsigned dg)
{
	const uint32_t bit = 1u << dg;

	return (doc->object.groups & doc->wanted & bit) != 0 &&
	       (!GUARDED(dg) || (doc->opened & bit) != 0);
}

static enum sj_rc read_group(struct sj_document *doc, unsigned dg)
{
	struct sj_document_file *file = &doc->report->files[dg];
	enum sj_rc rc;

	if (!is_wanted(doc, dg)) {
		file->state = SJ_FILE_LEFT_OUT;
		return SJ_OK;
	}
	rc = sj_document_read(doc, (enum sj_lds_file)dg);
	/* What comes through secure messaging comes from who has its keys. */
	if (rc == SJ_OK && doc->chip_started)
		doc->chip_proved = true;
	return rc;
}

/* DG14 first: Chip Authentication protects what is read afterwards. */
static enum sj_rc read_groups(struct sj_document *doc)
{
	enum sj_rc rc = read_group(doc, SJ_DG14);
	unsigned dg;

	if (rc == SJ_OK)
		rc = sj_check_chip(doc);
	if (rc == SJ_OK && doc->guard)
		rc = doc->guard(doc);
	for (dg = 1; dg <= SJ_DG_COUNT && rc == SJ_OK; dg++)
		if (dg != SJ_DG14)
			rc = read_group(doc, dg);
	return rc;
}

/* Everything but the last proof: as it will be if the chip has the key. */
static enum sj_rc make_challenge(struct sj_document *doc, uint8_t out[static SJ_AA_CHALLENGE])
{
	enum sj_rc rc;

	if (!doc->challenge)
		return sj_random_fill(&doc->random, out, SJ_AA_CHALLENGE) ? SJ_OK
									  : SJ_CRYPTO_FAILED;
	sj_check_set(&doc->report->checks[SJ_CHECK_ACTIVE], SJ_CHECK_PASSED, SJ_OK,
		     "Active Authentication with DG15's key.");
	rc = conclude(doc);
	if (rc == SJ_OK)
		rc = doc->challenge(doc, out);
	sj_check_set(&doc->report->checks[SJ_CHECK_ACTIVE], SJ_CHECK_FAILED, SJ_AA_FAILED,
		     "The chip did not answer.");
	return rc;
}

static enum sj_rc authenticate(struct sj_document *doc)
{
	uint8_t challenge[SJ_AA_CHALLENGE];
	enum sj_rc rc;

	if (!sj_active_possible(doc))
		return SJ_OK;
	rc = make_challenge(doc, challenge);
	return rc == SJ_OK ? sj_check_active(doc, challenge) : rc;
}

/* Some drivers pass on the half of an answer during which the card was pulled away. */
static enum sj_rc still_there(struct sj_document *doc)
{
	struct sj_response r;
	enum sj_rc rc = sj_session_select(doc->session, SJ_AID_LDS1, &r);

	return rc == SJ_CARD_LOST || rc == SJ_READER_LOST ? rc : SJ_OK;
}

static enum sj_rc read_document(struct sj_document *doc)
{
	enum sj_rc rc = sj_document_open(doc);

	if (rc == SJ_OK)
		rc = sj_document_read(doc, SJ_EF_COM);
	if (rc == SJ_OK)
		rc = sj_document_read(doc, SJ_EF_SOD);
	if (rc != SJ_OK)
		return rc;
	sj_check_security_object(doc);
	if (!doc->sod_holds)
		return SJ_OK;
	sj_check_signer(doc);
	rc = read_groups(doc);
	if (rc == SJ_OK)
		rc = authenticate(doc);
	if (rc != SJ_CARD_SM_BROKEN || !doc->chip_started || doc->chip_proved)
		return rc;
	/* A chip that failed in this way is judged, not excused; if it can be another's doing, the second time. */
	return doc->again || !sj_session_shared(doc->session) ? still_there(doc) : rc;
}

/* With what changed, if so. */
bool sj_document_may_restart(struct sj_document *doc, enum sj_rc rc)
{
	const bool extended = doc->report->files[SJ_EF_ATR_INFO].state == SJ_FILE_READ ||
			      sj_session_atr_extended(doc->session);

	if (rc == SJ_CARD_RESET) {
		sj_context_notice(doc->context, "Another program reset the card; beginning again.");
		return true;
	}
	if (rc != SJ_CARD_SM_BROKEN)
		return false;
	if (extended && !sj_session_extended(doc->session)) {
		doc->options.short_only = true;
		sj_context_notice(
			doc->context,
			"The card broke off at extended length; beginning again without.");
		return true;
	}
	if (doc->piece > 0)
		return true;
	if (sj_session_shared(doc->session))
		sj_context_notice(doc->context,
				  "The protected channel broke; beginning again, in case that was "
				  "another program's doing.");
	return sj_session_shared(doc->session);
}

static enum sj_rc read_twice(struct sj_document *doc)
{
	enum sj_rc rc = sj_session_begin(doc->session);
	size_t piece;

	if (rc != SJ_OK)
		return rc;
	rc = read_document(doc);
	if (sj_document_may_restart(doc, rc)) {
		piece = doc->piece;
		rc = sj_session_restart(doc->session, rc != SJ_CARD_RESET);
		if (rc == SJ_OK) {
			sj_document_reset(doc);
			begin_time(doc);
			doc->piece = piece;
			doc->again = true;
			rc = read_document(doc);
		}
	}
	sj_session_end(doc->session);
	return rc;
}

void sj_document_count(struct sj_document *doc, const struct sj_session_counts *before,
		       int64_t start)
{
	struct sj_session_counts after = sj_session_count(doc->session);
	struct sj_statistics *statistics = &doc->report->statistics;

	statistics->apdus = after.apdus - before->apdus;
	statistics->bytes_sent = after.bytes_sent - before->bytes_sent;
	statistics->bytes_received = after.bytes_received - before->bytes_received;
	statistics->card_ms = after.card_ms - before->card_ms;
	statistics->wall_ms = (unsigned)(sj_clock_ms() - start);
	statistics->extended_length = sj_session_extended(doc->session);
}

void sj_document_release(struct sj_document *doc)
{
	if (doc->report)
		sj_document_reset(doc);
	sj_report_free(doc->report);
	sj_wipe(doc, sizeof(*doc));
}

/* Hands the report out and forgets the rest. */
static void hand_out(struct sj_document *doc, struct sj_report **out)
{
	*out = doc->report;
	sj_signed_close(&doc->sod);
	sj_signed_close(&doc->security);
	sj_wipe(doc, sizeof(*doc));
}

enum sj_rc sj_document_run(struct sj_card *card, struct sj_document *doc)
{
	struct sj_session_counts before = sj_session_count(doc->session);
	int64_t start = sj_clock_ms();
	enum sj_rc rc;

	doc->report = sj_report_new();
	if (!doc->report)
		return SJ_NO_MEMORY;
	doc->mark = sj_memory_mark();
	begin_time(doc);
	rc = read_twice(doc);
	sj_session_sm_end(doc->session);
	if (rc == SJ_NOT_A_DOCUMENT)
		sj_card_refuse(card);
	rc = rc == SJ_OK ? conclude(doc) : sj_memory_rc(doc->mark, rc);
	if (rc == SJ_OK)
		sj_document_count(doc, &before, start);
	return rc;
}

enum sj_rc sj_document_verify(struct sj_card *card, struct sj_trust *trust,
			      const struct sj_access *access,
			      const struct sj_verify_options *options, struct sj_report **out)
{
	struct sj_document doc = { .session = sj_card_session(card),
				   .context = sj_card_context(card),
				   .trust = trust,
				   .access = access,
				   .random = sj_random_system() };
	enum sj_rc rc;

	if (!access)
		return SJ_SECRET_NEEDED;
	sj_document_options(&doc, options);
	sj_session_deadline(doc.session, sj_deadline_after(doc.options.timeout_ms));
	rc = sj_document_run(card, &doc);
	if (rc == SJ_OK)
		hand_out(&doc, out);
	else
		sj_document_release(&doc);
	return rc;
}

/* --- from files ---------------------------------------------------------------- */

static enum sj_rc take_file(struct sj_report *report, const struct sj_file *file)
{
	const struct sj_lds_entry *entry = sj_lds_by_name(file->name);
	struct sj_document_file *to;

	if (!entry)
		return SJ_INPUT_REFUSED;
	if (file->len > SJ_DOCUMENT_FILE_MAX)
		return SJ_FILE_TOO_LARGE;
	to = &report->files[entry->file];
	sj_document_file_clear(to);
	to->bytes = malloc(file->len + 1);
	if (!to->bytes)
		return SJ_NO_MEMORY;
	if (file->len > 0)
		memcpy(to->bytes, file->bytes, file->len);
	to->len = file->len;
	to->state = SJ_FILE_READ;
	return SJ_OK;
}

enum sj_rc sj_document_verify_files(const struct sj_file *files, size_t n, struct sj_trust *trust,
				    const struct sj_verify_options *options, struct sj_report **out)
{
	struct sj_document doc = { .trust = trust,
				   .random = sj_random_system(),
				   .mark = sj_memory_mark() };
	enum sj_rc rc = SJ_OK;
	size_t i;

	doc.report = sj_report_new();
	if (!doc.report)
		return SJ_NO_MEMORY;
	sj_document_options(&doc, options);
	begin_time(&doc);
	for (i = 0; i < n && rc == SJ_OK; i++)
		rc = take_file(doc.report, &files[i]);
	if (rc == SJ_OK)
		sj_check_security_object(&doc);
	if (doc.sod_holds) {
		sj_check_signer(&doc);
		/* Without a card these say why they are not possible. */
		rc = sj_check_chip(&doc);
		sj_active_possible(&doc);
	}
	if (rc == SJ_OK)
		rc = conclude(&doc);
	if (rc == SJ_OK)
		hand_out(&doc, out);
	else
		sj_document_release(&doc);
	return rc;
}
