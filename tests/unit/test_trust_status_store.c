/* Status lists in a trust directory: signatures, epochs, damage, power cuts. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/status_rig.h"

#define FOLDER "status/55544f"

static void path_of(const struct status_rig *r, const char *name, char out[static 128])
{
	snprintf(out, 128, "%s/" FOLDER "/%s", r->directory, name);
}

static struct rig_file read_slot(const struct status_rig *r, const char *name)
{
	char path[128];
	struct rig_file file = { malloc(1u << 20), 0 };
	FILE *in;

	path_of(r, name, path);
	in = fopen(path, "rb");
	assert_non_null(in);
	assert_non_null(file.bytes);
	file.len = fread(file.bytes, 1, 1u << 20, in);
	fclose(in);
	return file;
}

static void write_slot(const struct status_rig *r, const char *name, const uint8_t *bytes, size_t n)
{
	char path[128];
	FILE *out;

	path_of(r, name, path);
	unlink(path);
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(out);
}

static enum sj_rc try_open(const struct status_rig *r)
{
	struct sj_status *status = NULL;
	enum sj_rc rc = sj_status_open(r->directory, RIG_ISSUER, &status);

	sj_status_close(status);
	return rc;
}

static enum sj_rc note(const struct status_rig *r, uint32_t epoch)
{
	struct rig_file head = rig_head(r, epoch);
	enum sj_rc rc = sj_status_note_head(r->directory, head.bytes, head.len, NULL);

	rig_file_free(&head);
	return rc;
}

static uint32_t newest(const struct status_rig *r)
{
	struct sj_status_info info = { .size = sizeof(info) };
	struct sj_status *status;

	assert_int_equal(sj_status_open(r->directory, RIG_ISSUER, &status), SJ_OK);
	sj_status_describe(status, RIG_NOW, &info);
	sj_status_close(status);
	return info.newest_epoch;
}

/* --- lists and deltas ------------------------------------------------------------------ */

static void no_list_is_missing(void **state)
{
	struct status_rig *r = *state;

	assert_int_equal(try_open(r), SJ_TRUST_MISSING);
	assert_int_equal(sj_status_query(NULL, RIG_PARTITION, 0), SJ_STATUS_UNKNOWN);
}

static void a_list_then_deltas_are_imported(void **state)
{
	struct status_rig *r = *state;

	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	assert_int_equal(rig_epoch(r), 1);
	for (uint32_t epoch = 2; epoch < 7; epoch++) {
		assert_int_equal(rig_import(r, rig_delta(r, epoch)), SJ_OK);
		assert_int_equal(rig_epoch(r), epoch);
	}
	assert_int_equal(rig_import(r, rig_list(r, 9)), SJ_OK);
	assert_int_equal(rig_epoch(r), 9);
}

static void public_calls_write_the_same(void **state)
{
	struct status_rig *r = *state;
	struct rig_file list = rig_list(r, 4);
	const char *why = "";

	assert_int_equal(sj_status_import(r->directory, list.bytes, list.len, &why), SJ_OK);
	assert_null(why);
	assert_int_equal(rig_epoch(r), 4);
	rig_file_free(&list);
}

static void a_head_is_described(void **state)
{
	struct status_rig *r = *state;
	struct sj_status_info info = { .size = sizeof(info) };
	struct sj_status *status;

	assert_int_equal(rig_import(r, rig_list(r, 3)), SJ_OK);
	assert_int_equal(sj_status_open(r->directory, RIG_ISSUER, &status), SJ_OK);
	sj_status_describe(status, RIG_NOW + 3 * RIG_DAY + 60, &info);
	assert_string_equal(info.issuer, RIG_ISSUER);
	assert_int_equal(info.indices, RIG_SIZE);
	assert_int_equal(info.not_before, RIG_NOW + 3 * RIG_DAY);
	assert_int_equal(info.age, 60);
	assert_false(info.stale);
	sj_status_describe(status, RIG_NOW + 5 * RIG_DAY, &info);
	assert_true(info.stale);
	sj_status_close(status);
}

static void a_signed_head_fits_a_card(void **state)
{
	struct status_rig *r = *state;
	struct rig_file head = rig_head(r, UINT32_MAX);

	assert_int_equal(head.len, 171); /* as STATUS.md says */
	rig_file_free(&head);
}

static void the_same_again_changes_nothing(void **state)
{
	struct status_rig *r = *state;

	assert_int_equal(rig_import(r, rig_list(r, 2)), SJ_OK);
	r->calls = 0;
	assert_int_equal(rig_import(r, rig_list(r, 2)), SJ_OK);
	assert_int_equal(r->calls, 0);
}

/* --- what is refused ------------------------------------------------------------------------ */

static void an_older_list_is_refused(void **state)
{
	struct status_rig *r = *state;

	assert_int_equal(rig_import(r, rig_list(r, 5)), SJ_OK);
	assert_int_equal(rig_import(r, rig_list(r, 4)), SJ_INPUT_REFUSED);
	assert_int_equal(rig_import(r, rig_delta(r, 5)), SJ_OK); /* is present */
	assert_int_equal(rig_epoch(r), 5);
}

static void two_lists_of_one_epoch_are_refused(void **state)
{
	struct status_rig *r = *state;
	struct rig_file list = rig_list(r, 6);
	struct sj_status_head head = rig_head_of(r, &list);

	head.epoch = 5;
	assert_int_equal(rig_import(r, rig_list(r, 5)), SJ_OK);
	assert_int_equal(rig_import(r, rig_resign(&list, &head, &r->signer)), SJ_INPUT_REFUSED);
	assert_int_equal(rig_epoch(r), 5);
	rig_file_free(&list);
}

static void a_delta_to_another_list_is_refused(void **state)
{
	struct status_rig *r = *state;

	assert_int_equal(rig_import(r, rig_delta(r, 2)), SJ_INPUT_REFUSED);
	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	assert_int_equal(rig_import(r, rig_delta(r, 3)), SJ_INPUT_REFUSED);
	assert_int_equal(rig_epoch(r), 1);
}

static void a_stranger_cannot_sign(void **state)
{
	struct status_rig *r = *state;
	struct rig_file list = rig_list(r, 1);
	struct sj_status_head head = rig_head_of(r, &list);
	struct sj_ec_secret stranger;

	rig_new_key(&stranger);
	assert_int_equal(rig_import(r, rig_resign(&list, &head, &stranger)), SJ_INPUT_REFUSED);
	/* The gate CA signs credentials, not heads. */
	assert_int_equal(rig_import(r, rig_resign(&list, &head, &r->ca)), SJ_INPUT_REFUSED);
	/* The signer of one authority is none of another. */
	strcpy(head.issuer, "RUR");
	assert_int_equal(rig_import(r, rig_resign(&list, &head, &r->signer)), SJ_INPUT_REFUSED);
	rig_file_free(&list);
}

static void a_head_outside_the_signers_validity_is_refused(void **state)
{
	struct status_rig *r = *state;
	struct rig_file list = rig_list(r, 1);
	struct sj_status_head head = rig_head_of(r, &list);

	head.not_before = RIG_NOW + 101 * RIG_DAY;
	head.next_update = RIG_NOW + 102 * RIG_DAY;
	assert_int_equal(rig_import(r, rig_resign(&list, &head, &r->signer)), SJ_INPUT_REFUSED);
	rig_file_free(&list);
}

static void a_wrong_number_of_indices_is_refused(void **state)
{
	struct status_rig *r = *state;
	struct rig_file list = rig_list(r, 1);
	struct sj_status_head head = rig_head_of(r, &list);

	head.indices++;
	assert_int_equal(rig_import(r, rig_resign(&list, &head, &r->signer)), SJ_INPUT_REFUSED);
	rig_file_free(&list);
}

/* Signed and readable, but raw where Elias-Fano is shorter: a second root for one list. */
static void another_coding_is_refused(void **state)
{
	static const uint8_t raw[] = { 0, 1, 0, 80, 0, 0, 0, 64, 0x80, 0, 0, 0, 0, 0, 0, 0,
				       0, 0, 0, 0,  0, 0, 0, 8,  1,    0, 0, 0, 0, 0, 0, 0 };
	struct status_rig *r = *state;
	struct rig_file list = rig_list(r, 1);
	struct sj_status_head head = rig_head_of(r, &list);
	struct sj_status_list *open = malloc(sizeof(*open));

	assert_non_null(open);
	assert_true(sj_status_list_open(SJ_SPAN_OF(raw), open));
	assert_int_equal(sj_status_list_query(open, RIG_PARTITION, 0), SJ_STATUS_REVOKED);
	head.indices = 64;
	assert_true(sj_status_root(SJ_SPAN_OF(raw), head.root));
	assert_int_equal(
		rig_import(r, rig_seal(SJ_STATUS_FILE_LIST, &head, SJ_SPAN_OF(raw), &r->signer)),
		SJ_INPUT_REFUSED);
	free(open);
	rig_file_free(&list);
}

static void every_altered_byte_is_refused(void **state)
{
	struct status_rig *r = *state;
	struct rig_file list = rig_list(r, 2), delta = rig_delta(r, 2);

	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	for (int kind = 0; kind < 2; kind++) {
		struct rig_file *file = kind == 0 ? &list : &delta;

		for (size_t i = 0; i < file->len; i += i < 250 ? 1 : 7) {
			file->bytes[i] ^= (uint8_t)(1u << i % 8);
			assert_int_not_equal(sj_status_import_with(&r->io, r->directory,
								   sj_span(file->bytes, file->len),
								   NULL),
					     SJ_OK);
			file->bytes[i] ^= (uint8_t)(1u << i % 8);
		}
	}
	assert_int_equal(rig_epoch(r), 1);
	rig_file_free(&list);
	rig_file_free(&delta);
}

static void every_truncation_is_refused(void **state)
{
	struct status_rig *r = *state;
	struct rig_file list = rig_list(r, 2), delta = rig_delta(r, 2);

	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	for (int kind = 0; kind < 2; kind++) {
		const struct rig_file *file = kind == 0 ? &list : &delta;

		for (size_t n = 0; n < file->len; n += n < 250 ? 1 : 7)
			assert_int_not_equal(sj_status_import_with(&r->io, r->directory,
								   sj_span(file->bytes, n), NULL),
					     SJ_OK);
	}
	assert_int_equal(rig_epoch(r), 1);
	rig_file_free(&list);
	rig_file_free(&delta);
}

static void every_refusal_says_why(void **state)
{
	struct status_rig *r = *state;
	struct rig_file list = rig_list(r, 1);
	const char *why = NULL;

	assert_int_equal(sj_status_import(r->directory, list.bytes, 5, &why), SJ_INPUT_MALFORMED);
	assert_non_null(why);
	why = NULL;
	assert_int_equal(sj_status_import("/tmp", list.bytes, list.len, &why), SJ_TRUST_MISSING);
	assert_non_null(why);
	rig_file_free(&list);
}

/* --- heads that cards bring -------------------------------------------------------------------- */

static void a_newer_head_makes_the_list_be_behind(void **state)
{
	struct status_rig *r = *state;

	assert_int_equal(rig_import(r, rig_list(r, 3)), SJ_OK);
	assert_int_equal(newest(r), 3);
	assert_int_equal(note(r, 5), SJ_OK);
	assert_int_equal(newest(r), 5);
	assert_int_equal(rig_epoch(r), 3);
	assert_int_equal(note(r, 4), SJ_OK); /* no news */
	assert_int_equal(newest(r), 5);
}

static void the_epoch_of_a_head_binds_lists(void **state)
{
	struct status_rig *r = *state;

	assert_int_equal(rig_import(r, rig_list(r, 3)), SJ_OK);
	assert_int_equal(note(r, 5), SJ_OK);
	assert_int_equal(rig_import(r, rig_list(r, 4)), SJ_INPUT_REFUSED);
	assert_int_equal(rig_import(r, rig_list(r, 5)), SJ_OK);
	assert_int_equal(newest(r), 5);
	assert_int_equal(rig_epoch(r), 5);
}

static void an_altered_head_is_not_noted(void **state)
{
	struct status_rig *r = *state;
	struct rig_file head = rig_head(r, 9);

	assert_int_equal(rig_import(r, rig_list(r, 3)), SJ_OK);
	for (size_t i = 0; i < head.len; i++) {
		head.bytes[i] ^= 1;
		assert_int_not_equal(sj_status_note_head(r->directory, head.bytes, head.len, NULL),
				     SJ_OK);
		head.bytes[i] ^= 1;
		assert_int_equal(sj_status_note_head(r->directory, head.bytes, i, NULL),
				 SJ_INPUT_MALFORMED);
	}
	assert_int_equal(newest(r), 3);
	rig_file_free(&head);
}

static void the_newest_head_is_at_hand_for_cards(void **state)
{
	struct status_rig *r = *state;
	struct rig_file head = rig_head(r, 8);
	struct sj_status *status;

	assert_int_equal(rig_import(r, rig_list(r, 3)), SJ_OK);
	assert_int_equal(sj_status_note_head(r->directory, head.bytes, head.len, NULL), SJ_OK);
	assert_int_equal(sj_status_open(r->directory, RIG_ISSUER, &status), SJ_OK);
	assert_true(sj_span_eq(sj_status_newest(status), sj_span(head.bytes, head.len)));
	sj_status_close(status);
	rig_file_free(&head);
}

/* --- damage and cuts ---------------------------------------------------------------------------- */

/* A slot that was cut off or altered: the other one answers, and the epoch is remembered. */
static void a_damaged_slot_leaves_the_older_one(void **state)
{
	struct status_rig *r = *state;
	struct rig_file slot;

	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	assert_int_equal(rig_import(r, rig_list(r, 2)), SJ_OK);
	slot = read_slot(r, "b");
	for (size_t n = 0; n < slot.len; n += n < 250 ? 1 : 17) {
		write_slot(r, "b", slot.bytes, n);
		assert_int_equal(rig_epoch(r), 1);
		assert_int_equal(newest(r), 2);
		slot.bytes[n] ^= 0x10;
		write_slot(r, "b", slot.bytes, slot.len);
		slot.bytes[n] ^= 0x10;
		assert_int_equal(rig_epoch(r), 1);
		assert_int_equal(newest(r), 2);
	}
	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_INPUT_REFUSED);
	assert_int_equal(rig_import(r, rig_delta(r, 2)), SJ_OK); /* repairs it */
	assert_int_equal(rig_epoch(r), 2);
	rig_file_free(&slot);
}

static void two_damaged_slots_are_unreadable(void **state)
{
	struct status_rig *r = *state;
	const uint8_t junk[300] = { 1 };

	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	assert_int_equal(rig_import(r, rig_list(r, 2)), SJ_OK);
	write_slot(r, "a", junk, sizeof(junk));
	write_slot(r, "b", junk, sizeof(junk));
	assert_int_equal(try_open(r), SJ_TRUST_UNREADABLE);
	/* The head file still knows the epoch. */
	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_INPUT_REFUSED);
	assert_int_equal(rig_import(r, rig_list(r, 2)), SJ_OK);
	assert_int_equal(rig_epoch(r), 2);
}

/*
 * The power goes at the k-th system call, for every k: what opens is the list
 * before or the one after, and the import again succeeds.
 */
static void a_cut_leaves_the_old_list_or_the_new(void **state)
{
	struct status_rig *r = *state;
	bool done = false, old_seen = false, new_seen = false;

	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	for (unsigned k = 1; !done; k++) {
		uint32_t before = rig_epoch(r), after;

		r->calls = 0;
		r->fail_at = k;
		r->fail_on = true;
		done = rig_import(r, rig_delta(r, before + 1)) == SJ_OK;
		after = rig_epoch(r);
		assert_true(after == before || after == before + 1);
		old_seen |= after == before;
		new_seen |= after == before + 1 && !done;
		r->fail_at = 0;
		assert_int_equal(rig_import(r, rig_delta(r, before + 1)), SJ_OK);
		assert_int_equal(rig_epoch(r), before + 1);
	}
	assert_true(old_seen && new_seen);
}

/* A single error, not a cut: the same holds, and nothing temporary stays. */
static void an_error_leaves_the_old_list_or_the_new(void **state)
{
	struct status_rig *r = *state;
	bool done = false;
	char command[160];

	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	for (unsigned k = 1; !done; k++) {
		uint32_t before = rig_epoch(r), after;

		r->calls = 0;
		r->fail_at = k;
		done = rig_import(r, rig_delta(r, before + 1)) == SJ_OK;
		after = rig_epoch(r);
		assert_true(after == before || after == before + 1);
		r->fail_at = 0;
		assert_int_equal(rig_import(r, rig_delta(r, before + 1)), SJ_OK);
	}
	snprintf(command, sizeof(command), "test -z \"$(find %s -name '.tmp-*')\"", r->directory);
	assert_int_equal(system(command), 0);
}

static void leftovers_of_a_killed_import_are_swept(void **state)
{
	struct status_rig *r = *state;
	char path[128];

	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	write_slot(r, ".tmp-1-a", (const uint8_t *)"half", 4);
	assert_int_equal(rig_import(r, rig_list(r, 2)), SJ_OK);
	path_of(r, ".tmp-1-a", path);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void an_open_list_stays_what_it_was(void **state)
{
	struct status_rig *r = *state;
	struct sj_status *status;

	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	assert_int_equal(sj_status_open(r->directory, RIG_ISSUER, &status), SJ_OK);
	for (uint32_t epoch = 2; epoch < 6; epoch++)
		assert_int_equal(rig_import(r, rig_delta(r, epoch)), SJ_OK);
	assert_int_equal(sj_status_query(status, RIG_PARTITION, 0), SJ_STATUS_REVOKED);
	assert_int_equal(sj_status_query(status, RIG_PARTITION, 1), SJ_STATUS_VALID);
	sj_status_close(status);
}

static void an_open_list_outlives_its_file(void **state)
{
	struct status_rig *r = *state;
	struct sj_status *status;
	char path[128];

	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	assert_int_equal(sj_status_open(r->directory, RIG_ISSUER, &status), SJ_OK);
	path_of(r, "a", path);
	assert_int_equal(truncate(path, 2), 0); /* in place, as cp does it */
	assert_int_equal(sj_status_query(status, RIG_PARTITION, 1000), SJ_STATUS_REVOKED);
	assert_int_equal(sj_status_query(status, RIG_PARTITION, RIG_SIZE - 1), SJ_STATUS_VALID);
	sj_status_close(status);
}

static void reading_needs_no_right_to_write(void **state)
{
	struct status_rig *r = *state;
	char folder[128];

	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	path_of(r, ".", folder);
	assert_int_equal(chmod(folder, 0555), 0);
	assert_int_equal(rig_epoch(r), 1);
	assert_int_equal(chmod(folder, 0755), 0);
}

static void *ask_all(void *status)
{
	uintptr_t revoked = 0;

	for (uint32_t i = 0; i < RIG_SIZE; i++)
		revoked += sj_status_query(status, RIG_PARTITION, i) == SJ_STATUS_REVOKED;
	return (void *)revoked;
}

static void many_threads_may_ask(void **state)
{
	struct status_rig *r = *state;
	struct sj_status *status;
	pthread_t threads[4];
	void *revoked;

	assert_int_equal(rig_import(r, rig_list(r, 20)), SJ_OK);
	assert_int_equal(sj_status_open(r->directory, RIG_ISSUER, &status), SJ_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_all, status), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &revoked), 0);
		assert_int_equal((uintptr_t)revoked, RIG_SIZE / 1000 * 20);
	}
	sj_status_close(status);
}

static void without_a_gate_ca_nothing_opens(void **state)
{
	struct status_rig *r = *state;
	char command[128];

	assert_int_equal(rig_import(r, rig_list(r, 1)), SJ_OK);
	snprintf(command, sizeof(command), "rm -r %s/gate", r->directory);
	assert_int_equal(system(command), 0);
	assert_int_equal(try_open(r), SJ_TRUST_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATUS_CASE(no_list_is_missing),
		STATUS_CASE(a_list_then_deltas_are_imported),
		STATUS_CASE(public_calls_write_the_same),
		STATUS_CASE(a_head_is_described),
		STATUS_CASE(a_signed_head_fits_a_card),
		STATUS_CASE(the_same_again_changes_nothing),
		STATUS_CASE(an_older_list_is_refused),
		STATUS_CASE(two_lists_of_one_epoch_are_refused),
		STATUS_CASE(a_delta_to_another_list_is_refused),
		STATUS_CASE(a_stranger_cannot_sign),
		STATUS_CASE(a_head_outside_the_signers_validity_is_refused),
		STATUS_CASE(a_wrong_number_of_indices_is_refused),
		STATUS_CASE(another_coding_is_refused),
		STATUS_CASE(every_altered_byte_is_refused),
		STATUS_CASE(every_truncation_is_refused),
		STATUS_CASE(every_refusal_says_why),
		STATUS_CASE(a_newer_head_makes_the_list_be_behind),
		STATUS_CASE(the_epoch_of_a_head_binds_lists),
		STATUS_CASE(an_altered_head_is_not_noted),
		STATUS_CASE(the_newest_head_is_at_hand_for_cards),
		STATUS_CASE(a_damaged_slot_leaves_the_older_one),
		STATUS_CASE(two_damaged_slots_are_unreadable),
		STATUS_CASE(a_cut_leaves_the_old_list_or_the_new),
		STATUS_CASE(an_error_leaves_the_old_list_or_the_new),
		STATUS_CASE(leftovers_of_a_killed_import_are_swept),
		STATUS_CASE(an_open_list_stays_what_it_was),
		STATUS_CASE(an_open_list_outlives_its_file),
		STATUS_CASE(reading_needs_no_right_to_write),
		STATUS_CASE(many_threads_may_ask),
		STATUS_CASE(without_a_gate_ca_nothing_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
