/*
 * What an authority publishes, piece by piece: the status list's body from the register, and the
 * folder that is served. tests/card/publish.bats has the whole.
 */
#include "tests/card/register_rig.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "authority/outbox.h"
#include "authority/statusbody.h"
#include "trust/status_build.h"

#define MONTHS (REGISTER_MONTHS_AHEAD + 1u)

/* --- the body ---------------------------------------------------------------------------- */

static uint16_t this_month(void)
{
	uint16_t month;

	assert_true(register_partition((uint32_t)time(NULL), &month));
	return month;
}

/* A revoked card with one index. */
static void add(struct register_rig *rig, uint16_t partition, uint32_t index)
{
	const uint8_t bytes[] = { 0, (uint8_t)(index >> 24), (uint8_t)(index >> 16),
				  (uint8_t)(index >> 8), (uint8_t)index };
	struct db_value v[] = { db_integer(partition), db_bytes(SJ_SPAN_OF(bytes)), db_null() };
	int64_t number = 0;
	char name[16];

	assert_int_equal(db_number(register_db(rig->r), "SELECT COUNT(*) FROM credentials", NULL, 0,
				   &number),
			 0);
	snprintf(name, sizeof(name), "P%lld", (long long)number);
	v[2] = db_integer(
		register_rig_card(rig, register_rig_document(rig, name, DOCUMENT_APPROVED), 1));
	assert_int_equal(
		db_run(register_db(rig->r),
		       "UPDATE credentials SET part = $1, indices = $2, status = 2 WHERE card = $3",
		       v, 3, NULL, NULL, NULL),
		0);
}

/* What sj_status_build() makes of these, in this month and the last one that a list has. */
static struct sj_span expected(struct sj_status_draft *draft, const uint32_t *first, size_t n,
			       const uint32_t *last, size_t m)
{
	struct sj_status_revoked parts[MONTHS];
	struct sj_span body;

	for (unsigned i = 0; i < MONTHS; i++)
		parts[i] = (struct sj_status_revoked){ .partition = (uint16_t)(this_month() + i),
						       .size = RIG_INDICES };
	parts[0].list = first;
	parts[0].n = n;
	parts[MONTHS - 1].list = last;
	parts[MONTHS - 1].n = m;
	assert_int_equal(sj_status_build(parts, MONTHS, draft, &body), SJ_OK);
	return body;
}

static void assert_body(struct register_rig *rig, struct sj_span wanted, size_t count)
{
	struct sj_status_draft *draft = malloc(sizeof(*draft));
	struct sj_span body = { NULL, 0 };
	size_t revoked = 0;

	assert_non_null(draft);
	assert_int_equal(statusbody_code(&rig->cli, rig->r, draft, &body, &revoked), 0);
	assert_true(sj_span_eq(body, wanted));
	assert_int_equal(revoked, count);
	sj_status_draft_free(draft);
	free(draft);
}

static void a_body_is_the_coding_of_what_is_revoked(void **state)
{
	static const uint32_t first[] = { 0, 8, 699 }, last[] = { 5, 400 };
	struct sj_status_draft *draft = malloc(sizeof(*draft));
	struct register_rig *rig = *state;
	struct sj_span wanted;

	assert_non_null(draft);
	add(rig, (uint16_t)(this_month() + MONTHS - 1), 400);
	add(rig, this_month(), 699);
	add(rig, this_month(), 0);
	add(rig, (uint16_t)(this_month() + MONTHS - 1), 5);
	add(rig, this_month(), 8);
	add(rig, this_month(), 8); /* counted once */
	wanted = expected(draft, first, 3, last, 2);
	assert_body(rig, wanted, 5);
	sj_status_draft_free(draft);
	free(draft);
}

static void months_that_no_list_has_are_left_out(void **state)
{
	struct sj_status_draft *draft = malloc(sizeof(*draft));
	struct register_rig *rig = *state;
	struct sj_span wanted;

	assert_non_null(draft);
	add(rig, (uint16_t)(this_month() - 1), 1);
	add(rig, (uint16_t)(this_month() + MONTHS), 1);
	wanted = expected(draft, NULL, 0, NULL, 0);
	assert_body(rig, wanted, 0);
	sj_status_draft_free(draft);
	free(draft);
}

static void an_index_beyond_its_month_is_told(void **state)
{
	struct sj_status_draft *draft = malloc(sizeof(*draft));
	struct register_rig *rig = *state;
	struct sj_span body;
	size_t revoked;

	assert_non_null(draft);
	add(rig, this_month(), RIG_INDICES);
	assert_int_equal(statusbody_code(&rig->cli, rig->r, draft, &body, &revoked), 13);
	assert_true(register_rig_told(rig, "/700"));
	sj_status_draft_free(draft);
	free(draft);
}

/* --- the folder ----------------------------------------------------------------------------- */

static const struct sj_span text = { (const uint8_t *)"some bytes", 10 };

static void open_folder(struct register_rig *rig, struct outbox *o, char path[static 64])
{
	snprintf(path, 64, "%s/site", rig->directory);
	assert_int_equal(outbox_open(&rig->cli, path, o), 0);
}

/* The path of a file. */
static const char *path_of(const struct outbox *o, const uint8_t hash[static OUTBOX_HASH],
			   char path[static 160])
{
	char name[2 * OUTBOX_HASH + 1];

	for (size_t i = 0; i < OUTBOX_HASH; i++)
		snprintf(name + 2 * i, 3, "%02x", hash[i]);
	snprintf(path, 160, "%s/files/%.2s/%s", o->dir, name, name);
	return path;
}

static void a_file_is_written_once(void **state)
{
	uint8_t hash[OUTBOX_HASH], *bytes = NULL;
	char dir[64], path[160];
	struct outbox o;
	size_t len = 0;

	open_folder(*state, &o, dir);
	assert_int_equal(outbox_put(&o, text, hash), 0);
	assert_int_equal(outbox_put(&o, text, hash), 0);
	assert_int_equal(o.added, text.len);
	assert_int_equal(access(path_of(&o, hash, path), R_OK), 0);
	assert_int_equal(outbox_get(&o, hash, 100, &bytes, &len), 0);
	assert_true(sj_span_eq(sj_span(bytes, len), text));
	free(bytes);
}

static void a_damaged_file_is_none_and_is_written_again(void **state)
{
	uint8_t hash[OUTBOX_HASH], *bytes = NULL;
	char dir[64], path[160];
	struct outbox o;
	size_t len;

	open_folder(*state, &o, dir);
	assert_int_equal(outbox_put(&o, text, hash), 0);
	assert_int_equal(truncate(path_of(&o, hash, path), 3), 0);
	assert_int_equal(outbox_get(&o, hash, 100, &bytes, &len), 0);
	assert_null(bytes);
	assert_int_equal(outbox_put(&o, text, hash), 0);
	assert_int_equal(o.added, 2 * text.len);
	assert_int_equal(outbox_get(&o, hash, 100, &bytes, &len), 0);
	assert_non_null(bytes);
	free(bytes);
}

static void sweeping_deletes_what_is_old_and_not_kept(void **state)
{
	static const struct sj_span other = { (const uint8_t *)"other bytes", 11 };
	uint8_t hash[OUTBOX_HASH], kept[OUTBOX_HASH];
	char dir[64], path[160];
	struct outbox o;

	open_folder(*state, &o, dir);
	assert_int_equal(outbox_put(&o, text, hash), 0);
	assert_int_equal(outbox_put(&o, other, kept), 0);
	outbox_sweep(&o, kept, 1, 1000); /* neither is that old */
	assert_int_equal(access(path_of(&o, hash, path), F_OK), 0);
	outbox_sweep(&o, kept, 1, (int64_t)time(NULL) + 100);
	assert_int_not_equal(access(path_of(&o, hash, path), F_OK), 0);
	assert_int_equal(access(path_of(&o, kept, path), F_OK), 0);
}

static void latest_is_replaced(void **state)
{
	struct register_rig *rig = *state;
	char dir[64], path[80];
	struct outbox o;
	struct stat st;

	open_folder(rig, &o, dir);
	assert_int_equal(outbox_switch(&o, SJ_SPAN_STR("one")), 0);
	assert_int_equal(outbox_switch(&o, text), 0);
	snprintf(path, sizeof(path), "%s/latest", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, text.len);
	assert_int_equal(st.st_mode & 0777, 0644);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, register_rig_setup, register_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_body_is_the_coding_of_what_is_revoked),
		CASE(months_that_no_list_has_are_left_out),
		CASE(an_index_beyond_its_month_is_told),
		CASE(a_file_is_written_once),
		CASE(a_damaged_file_is_none_and_is_written_again),
		CASE(sweeping_deletes_what_is_old_and_not_kept),
		CASE(latest_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
