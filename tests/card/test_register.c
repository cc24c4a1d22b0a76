/*
 * The holder register: its rows, its history, its indices, in SQLite or, with
 * SOJOURN_TEST_REGISTER, on a server. tests/card/register.bats has the verbs.
 */
#include "tests/card/register_rig.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authority/register_private.h"

/* --- a document's life ------------------------------------------------------------------ */

/*
 * The table of REGISTER.md, from each state to: applied, approved, personalised, delivered,
 * active, suspended, revoked, expired. From a suspension back to what was before: here active.
 */
static const char *const life[] = {
	".x....x.", "..x...x.", ".x.x.xxx", "....xxxx",
	".....xxx", "....x.xx", "........", "........",
};

static void every_cell_of_a_documents_life(void **state)
{
	struct register_rig *rig = *state;
	char number[32];
	int64_t id;

	for (int from = DOCUMENT_APPLIED; from <= DOCUMENT_EXPIRED; from++) {
		for (int to = DOCUMENT_APPLIED; to <= DOCUMENT_EXPIRED; to++) {
			const bool allowed = life[from][to] == 'x';

			snprintf(number, sizeof(number), "SJ%d%d", from, to);
			id = register_rig_document(rig, number, (enum document_state)from);
			register_rig_begin(rig);
			assert_int_equal(register_move(rig->r, id, (enum document_state)to, NULL),
					 allowed ? 0 : RIG_REFUSED);
			if (allowed)
				register_rig_commit(rig);
			else
				register_rollback(rig->r);
			assert_int_equal(register_rig_state(rig, id), allowed ? to : from);
		}
	}
	assert_true(register_rig_told(rig, "SJ60: the document is revoked, which cannot become "
					   "applied"));
}

static void a_suspension_ends_where_it_began(void **state)
{
	struct register_rig *rig = *state;
	int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_DELIVERED);

	register_rig_move(rig, id, DOCUMENT_SUSPENDED);
	assert_int_equal(register_rig_revoked(rig), 2);
	register_rig_begin(rig);
	assert_int_equal(register_move(rig->r, id, DOCUMENT_ACTIVE, NULL), RIG_REFUSED);
	register_rollback(rig->r);
	register_rig_begin(rig);
	assert_int_equal(register_reinstate(rig->r, id), 0);
	register_rig_commit(rig);
	assert_int_equal(register_rig_state(rig, id), DOCUMENT_DELIVERED);
	assert_int_equal(register_rig_revoked(rig), 0);
	register_rig_begin(rig);
	assert_int_equal(register_reinstate(rig->r, id), RIG_REFUSED);
	register_rollback(rig->r);
}

static void what_is_not_committed_did_not_happen(void **state)
{
	struct register_rig *rig = *state;
	int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_ACTIVE);

	register_rig_begin(rig);
	assert_int_equal(register_move(rig->r, id, DOCUMENT_REVOKED, "lost"), 0);
	register_rollback(rig->r);
	register_rig_reopen(rig);
	assert_int_equal(register_rig_state(rig, id), DOCUMENT_ACTIVE);
	assert_int_equal(register_rig_revoked(rig), 0);
	register_rig_holds(rig);
}

/* SQLite takes the change back by itself then; that is no reason to doubt the register. */
static void a_full_disk_is_told_as_that_alone(void **state)
{
	struct register_rig *rig = *state;
	static const uint8_t face[60000];
	struct rlimit before, small;
	int64_t id;

	if (db_is_server(rig->r->db))
		skip();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){ .rlim_cur = 100000, .rlim_max = before.rlim_max };
	register_rig_begin(rig);
	assert_int_equal(
		register_apply(rig->r, SJ_SPAN_OF(face), SJ_SPAN_OF(face), "SJ1", 2000000000, &id),
		0);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_not_equal(register_commit(rig->r), 0);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_false(register_rig_told(rig, "rollback"));
	register_rig_reopen(rig);
	register_rig_holds(rig);
}

static void a_number_is_given_once(void **state)
{
	struct register_rig *rig = *state;
	struct register_document d;
	int64_t id;
	bool found;

	id = register_rig_document(rig, "SJ1", DOCUMENT_APPLIED);
	register_rig_begin(rig);
	assert_int_equal(
		register_apply(rig->r, SJ_SPAN_STR("{}"), SJ_SPAN_STR(""), "SJ1", RIG_EXPIRES, &id),
		RIG_REFUSED);
	register_rollback(rig->r);
	assert_int_equal(register_find(rig->r, "SJ1", &d, &found), 0);
	assert_true(found);
	assert_string_equal(d.number, "SJ1");
	assert_int_equal(d.expires, RIG_EXPIRES);
	assert_int_equal(register_find(rig->r, "SJ2", &d, &found), 0);
	assert_false(found);
}

static void a_lost_one_is_replaced_for_the_same_holder(void **state)
{
	struct register_rig *rig = *state;
	const int64_t old = register_rig_document(rig, "SJ1", DOCUMENT_ACTIVE);
	uint8_t *json, *portrait;
	size_t json_len, portrait_len;
	struct register_document d;
	int64_t id;

	register_rig_begin(rig);
	assert_int_equal(register_replace(rig->r, old, "lost", sj_span(NULL, 0), sj_span(NULL, 0),
					  "SJ2", RIG_EXPIRES + 86400, &id),
			 0);
	register_rig_commit(rig);
	assert_int_equal(register_rig_state(rig, old), DOCUMENT_REVOKED);
	assert_int_equal(register_rig_revoked(rig), 2);
	assert_int_equal(register_document_get(rig->r, id, &d), 0);
	assert_int_equal(d.state, DOCUMENT_APPROVED);
	assert_int_equal(d.replaces, old);
	assert_int_equal(register_person(rig->r, id, &json, &json_len, &portrait, &portrait_len),
			 0);
	assert_non_null(strstr((char *)json, "\"documentNumber\": \"SJ2\""));
	assert_non_null(strstr((char *)json, "\"expiryDate\": \"2033-05-19\""));
	assert_non_null(strstr((char *)json, "\"surname\": \"Eriksson\""));
	free(json);
	free(portrait);
	register_rig_begin(rig);
	assert_int_equal(register_replace(rig->r, old, "lost", sj_span(NULL, 0), sj_span(NULL, 0),
					  "SJ3", RIG_EXPIRES, &id),
			 RIG_REFUSED);
	register_rollback(rig->r);
}

static void what_runs_out_expires(void **state)
{
	struct register_rig *rig = *state;
	const int64_t active = register_rig_document(rig, "SJ1", DOCUMENT_ACTIVE);
	const int64_t applied = register_rig_document(rig, "SJ2", DOCUMENT_APPLIED);
	size_t moved = 0;

	assert_int_equal(register_expire(rig->r, RIG_EXPIRES, &moved), 0);
	assert_int_equal(moved, 0);
	assert_int_equal(register_expire(rig->r, (int64_t)RIG_EXPIRES + 1, &moved), 0);
	assert_int_equal(moved, 1);
	assert_int_equal(register_rig_state(rig, active), DOCUMENT_EXPIRED);
	assert_int_equal(register_rig_state(rig, applied), DOCUMENT_APPLIED);
}

/* --- cards ---------------------------------------------------------------------------------- */

static const uint8_t serial_a[REGISTER_SERIAL] = { 1 }, serial_b[REGISTER_SERIAL] = { 2 };

static int64_t begin_card(struct register_rig *rig, int64_t document, const uint8_t *serial)
{
	struct register_credential c = { .sector = 1, .status.partition = RIG_PARTITION };
	int64_t card;

	register_rig_begin(rig);
	assert_int_equal(register_card_begin(rig->r, document, serial, &card), 0);
	assert_int_equal(register_card_credentials(rig->r, card, &c, 1, RIG_EXPIRES), 0);
	register_rig_commit(rig);
	return card;
}

static void a_card_that_was_not_finished_is_void(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_APPROVED);
	struct register_card card;
	bool found;

	begin_card(rig, id, serial_a);
	assert_int_equal(register_rig_revoked(rig), 0);
	begin_card(rig, id, serial_b);
	assert_int_equal(register_card_find(rig->r, serial_a, &card, &found), 0);
	assert_true(found);
	assert_int_equal(card.state, CARD_SCRAPPED);
	assert_int_equal(register_rig_revoked(rig), 1);
	/* The same card for another document. */
	begin_card(rig, register_rig_document(rig, "SJ2", DOCUMENT_APPROVED), serial_b);
	assert_int_equal(register_rig_revoked(rig), 2);
}

/* Begins a card, then goes on as if nobody else could have: what is refused is refused. */
static void race_to_a_card(struct register_rig *rig, int out)
{
	uint8_t serial[REGISTER_SERIAL] = { 0x53, 0x4A };
	struct register_credential c = { .sector = 1, .status.partition = RIG_PARTITION };
	int64_t card = 0;
	int rc;

	memcpy(serial + 2, &out, sizeof(out));
	serial[7] = (uint8_t)getpid();
	rc = register_begin(rig->r);
	rc = rc != 0 ? rc : register_card_begin(rig->r, 1, serial, &card);
	rc = rc != 0 ? rc : register_card_credentials(rig->r, card, &c, 1, RIG_EXPIRES);
	usleep(100000); /* the other one begins */
	rc = rc != 0 ? rc : register_commit(rig->r);
	usleep(100000);
	for (int to = CARD_FINISHING; rc == 0 && to <= CARD_ISSUED; to++) {
		rc = register_begin(rig->r);
		rc = rc != 0 ? rc : register_card_move(rig->r, card, (enum card_state)to, NULL);
		if (rc == 0)
			rc = register_commit(rig->r);
		else
			register_rollback(rig->r);
	}
}

static void two_at_work_on_one_document_make_one_good_card(void **state)
{
	struct register_rig *rig = *state;

	assert_int_equal(register_rig_document(rig, "SJ0000001", DOCUMENT_APPROVED), 1);
	close(register_rig_two(rig, race_to_a_card));
	assert_int_equal(register_rig_state(rig, 1), DOCUMENT_PERSONALISED);
	assert_int_equal(register_rig_revoked(rig), 1);
}

/* Revokes what another process is just beginning a card for. */
static void a_revocation_finds_the_card_that_begins(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ0000001", DOCUMENT_APPROVED);
	struct register_credential c = { .sector = 1, .status.partition = RIG_PARTITION };
	uint8_t serial[REGISTER_SERIAL] = { 0x53, 0x4A };
	int64_t card = 0;
	int begun[2];
	pid_t pid;

	assert_int_equal(pipe(begun), 0);
	register_close(rig->r);
	pid = fork();
	if (pid == 0) {
		if (read(begun[0], serial, 1) != 1 || register_open(&rig->authority, &rig->r) != 0)
			_exit(1);
		register_rig_move(rig, id, DOCUMENT_REVOKED);
		_exit(0);
	}
	assert_int_equal(register_open(&rig->authority, &rig->r), 0);
	register_rig_begin(rig);
	assert_int_equal(register_card_begin(rig->r, id, serial, &card), 0);
	assert_int_equal(register_card_credentials(rig->r, card, &c, 1, RIG_EXPIRES), 0);
	assert_int_equal(write(begun[1], "", 1), 1);
	usleep(200000);
	register_rig_commit(rig);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(begun[0]);
	close(begun[1]);
	assert_int_equal(register_rig_state(rig, id), DOCUMENT_REVOKED);
	assert_int_equal(register_rig_revoked(rig), 1);
}

static void a_card_is_made_of_an_approved_document_alone(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_APPLIED);
	int64_t card;

	register_rig_begin(rig);
	assert_int_equal(register_card_begin(rig->r, id, serial_a, &card), RIG_REFUSED);
	register_rollback(rig->r);
	assert_true(register_rig_told(rig, "SJ1: the document is applied"));
}

static void a_cards_life(void **state)
{
	static const char *const cells[] = { ".x.x", "..xx", "...x", "...." };
	struct register_rig *rig = *state;
	char number[32];

	for (int from = CARD_WORKING; from <= CARD_SCRAPPED; from++) {
		for (int to = CARD_WORKING; to <= CARD_SCRAPPED; to++) {
			int64_t id, card;

			snprintf(number, sizeof(number), "SJ%d%d", from, to);
			id = register_rig_document(rig, number, DOCUMENT_APPROVED);
			card = begin_card(rig, id, serial_a);
			register_rig_begin(rig);
			for (int s = CARD_FINISHING; s <= from && from != CARD_SCRAPPED; s++)
				assert_int_equal(
					register_card_move(rig->r, card, (enum card_state)s, NULL),
					0);
			if (from == CARD_SCRAPPED)
				assert_int_equal(
					register_card_move(rig->r, card, CARD_SCRAPPED, NULL), 0);
			assert_int_equal(
				register_card_move(rig->r, card, (enum card_state)to, NULL),
				cells[from][to] == 'x' ? 0 : RIG_REFUSED);
			register_rollback(rig->r);
		}
	}
}

static void a_bad_card_gives_its_document_back(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_APPROVED);
	const int64_t card = register_rig_card(rig, id, 3);

	assert_int_equal(register_rig_state(rig, id), DOCUMENT_PERSONALISED);
	register_rig_begin(rig);
	assert_int_equal(register_card_move(rig->r, card, CARD_SCRAPPED, "misprint"), 0);
	register_rig_commit(rig);
	assert_int_equal(register_rig_state(rig, id), DOCUMENT_APPROVED);
	assert_int_equal(register_rig_revoked(rig), 3);
}

static void a_cards_keys_and_secrets_are_kept(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_APPROVED);
	const int64_t card = register_rig_card(rig, id, 1);
	const struct register_key keys[] = {
		{ "9A", "P-256", SJ_SPAN_STR("spki"), "key-ca-1", SJ_SPAN_STR("serial") },
		{ "AA", "P-256", SJ_SPAN_STR("spki"), "", { NULL, 0 } },
	};
	uint8_t *secret;
	int64_t n;
	size_t len;

	register_rig_begin(rig);
	assert_int_equal(register_card_keys(rig->r, card, keys, 2), 0);
	assert_int_equal(register_card_secret(rig->r, card, "9B", SJ_SPAN_STR("first")), 0);
	assert_int_equal(register_card_secret(rig->r, card, "9B", SJ_SPAN_STR("second")), 0);
	register_rig_commit(rig);
	assert_int_equal(
		db_number(register_db(rig->r), "SELECT COUNT(*) FROM certificates", NULL, 0, &n),
		0);
	assert_int_equal(n, 1);
	assert_int_equal(register_card_secret_read(rig->r, card, "9B", &secret, &len), 0);
	assert_int_equal(len, 6);
	assert_memory_equal(secret, "second", 6);
	free(secret);
	assert_int_equal(register_card_secret_read(rig->r, card, "9C", &secret, &len), RIG_REFUSED);
}

/* --- indices --------------------------------------------------------------------------------- */

/* Draws by sevens until the partition is full; writes what it got. */
static void draw_all(struct register_rig *rig, int out)
{
	uint32_t drawn[7];
	size_t n = 7;
	int rc;

	while (n > 0) {
		if (register_begin(rig->r) != 0)
			_exit(1);
		rc = register_draw(rig->r, RIG_PARTITION, n, drawn);
		if (rc == 0)
			rc = register_commit(rig->r);
		else
			register_rollback(rig->r);
		if (rc != 0)
			n--; /* the last ones */
		else if (write(out, drawn, n * sizeof(*drawn)) != (ssize_t)(n * sizeof(*drawn)))
			_exit(1);
	}
}

static void every_index_once_by_two_processes(void **state)
{
	struct register_rig *rig = *state;
	const int out = register_rig_two(rig, draw_all);
	bool seen[RIG_INDICES] = { false };
	uint32_t index, last = 0;
	size_t n = 0, neighbours = 0;

	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
	for (; read(out, &index, sizeof(index)) == sizeof(index); n++) {
		assert_true(index < RIG_INDICES);
		assert_false(seen[index]);
		seen[index] = true;
		neighbours += index == last + 1;
		last = index;
	}
	close(out);
	assert_int_equal(n, RIG_INDICES);
	assert_true(neighbours < RIG_INDICES / 16); /* 1 expected */
}

static void a_full_partition_grows(void **state)
{
	struct register_rig *rig = *state;
	uint32_t drawn[RIG_INDICES], more[8];
	json_t *status = json_object_get(rig->authority.state, "status");

	register_rig_begin(rig);
	assert_int_equal(register_draw(rig->r, RIG_PARTITION, RIG_INDICES, drawn), 0);
	register_rig_commit(rig);
	register_rig_begin(rig);
	assert_int_equal(register_draw(rig->r, RIG_PARTITION, 1, more), RIG_REFUSED);
	register_rollback(rig->r);
	assert_true(register_rig_told(rig, "partition 00a0 of the status list is full; enlarge"));
	json_object_set_new(status, "indices", json_integer(RIG_INDICES + 8));
	register_rig_reopen(rig);
	register_rig_begin(rig);
	assert_int_equal(register_draw(rig->r, RIG_PARTITION, 8, more), 0);
	register_rig_commit(rig);
	for (size_t i = 0; i < 8; i++)
		assert_true(more[i] >= RIG_INDICES && more[i] < RIG_INDICES + 8);
	/* A machine whose registry.json is behind knows it, too. */
	json_object_set_new(status, "indices", json_integer(RIG_INDICES));
	register_rig_reopen(rig);
	assert_int_equal(register_indices(rig->r), RIG_INDICES + 8);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, register_rig_setup, register_rig_teardown)
	const struct CMUnitTest tests[] = {
		CASE(every_cell_of_a_documents_life),
		CASE(a_suspension_ends_where_it_began),
		CASE(what_is_not_committed_did_not_happen),
		CASE(a_full_disk_is_told_as_that_alone),
		CASE(a_number_is_given_once),
		CASE(a_lost_one_is_replaced_for_the_same_holder),
		CASE(what_runs_out_expires),
		CASE(a_card_that_was_not_finished_is_void),
		CASE(two_at_work_on_one_document_make_one_good_card),
		CASE(a_revocation_finds_the_card_that_begins),
		CASE(a_card_is_made_of_an_approved_document_alone),
		CASE(a_cards_life),
		CASE(a_bad_card_gives_its_document_back),
		CASE(a_cards_keys_and_secrets_are_kept),
		CASE(every_index_once_by_two_processes),
		CASE(a_full_partition_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
