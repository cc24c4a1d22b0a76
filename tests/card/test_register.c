/* The holder register: its rows, its history, its indices. tests/card/register.bats has the verbs. */
#include "tests/card/register_rig.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- a document's life ------------------------------------------------------------------ */

/* The table of REGISTER.md, a row a state: to which others it may go. */
static const char *const life[] = {
	/* APDAS... : applied approved personalised delivered active suspended revoked expired */
	".x....x.", "..x...x.", ".x.x.xxx", "....xxxx",
	".....xxx", "....x.xx", "........", "........",
};

static void every_cell_of_a_documents_life(void **state)
{
	struct register_rig *rig = *state;
	char number[16];
	int64_t id;

	for (int from = DOCUMENT_APPLIED; from <= DOCUMENT_EXPIRED; from++) {
		for (int to = DOCUMENT_APPLIED; to <= DOCUMENT_EXPIRED; to++) {
			const bool allowed = life[from][to] == 'x';

			snprintf(number, sizeof(number), "SJ%d%d", from, to);
			id = register_rig_document(rig, number, (enum document_state)from);
			assert_int_equal(register_begin(rig->r), 0);
			assert_int_equal(register_move(rig->r, id, (enum document_state)to, NULL),
					 allowed ? 0 : 13);
			if (allowed)
				assert_int_equal(register_commit(rig->r), 0);
			else
				register_rollback(rig->r);
			assert_int_equal(register_rig_state(rig, id), allowed ? to : from);
		}
	}
	assert_true(register_rig_told(rig, "SJ60: the document is revoked, which cannot become "
					   "applied"));
}

static void its_history_holds(void **state)
{
	struct register_rig *rig = *state;
	int64_t broken = -1;

	register_rig_document(rig, "SJ0000001", DOCUMENT_REVOKED);
	register_rig_reopen(rig);
	assert_int_equal(register_check(rig->r, &broken), 0);
	assert_int_equal(broken, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, register_rig_setup, register_rig_teardown)
	const struct CMUnitTest tests[] = {
		CASE(every_cell_of_a_documents_life),
		CASE(its_history_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
