/*
 * The card is taken out at every command of every function, without pcscd: what removal.c does
 * with it, in a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pkcs11/plug.h"
#include "tests/pkcs11/uses.h"
#include "tests/reader/piv_stage.h"

#define COMMANDS_MAX 60u /* more than any function sends */

struct scene {
	struct piv_stage *stage;
	struct uses uses;
	unsigned cuts;
	int64_t most_ms; /* from the removal to the error */
};

static int up(void **state)
{
	static char folder[] = "/tmp/sojourn-removal-XXXXXX";
	static struct scene s;

	assert_non_null(mkdtemp(folder));
	setenv("XDG_CACHE_HOME", folder, 1);
	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
	s.stage = piv_stage_new(&(struct piv_plan){ .policy = 0 });
	assert_int_equal(piv_stage_open(s.stage), SJ_OK);
	piv_stage_fill(s.stage);
	piv_stage_close(s.stage);
	s.uses.pin = STAGE_GLOBAL;
	s.uses.admin = ADMIN_HEX;
	*state = &s;
	return 0;
}

static int down(void **state)
{
	struct scene *s = *state;
	char command[128];

	piv_stage_free(s->stage);
	print_message("# figure: removal.module.cuts %u\n# figure: removal.module.ms %lld\n",
		      s->cuts, (long long)s->most_ms);
	snprintf(command, sizeof(command), "rm -r %s", getenv("XDG_CACHE_HOME"));
	return system(command);
}

/* Another card is put in; as good as new. */
static void put_in(struct scene *s)
{
	s->stage->pull_at = 0;
	s->stage->gone = false;
	s->stage->was_reset = true;
	s->stage->log[0] = '\0';
	plug.card = &s->stage->head;
	plug.events++;
}

static CK_RV session(struct scene *s)
{
	return C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s->uses.session);
}

static void use_again(struct scene *s)
{
	put_in(s);
	assert_int_equal(session(s), CKR_OK);
	assert_int_equal(uses_login(&s->uses, CKU_USER, STAGE_GLOBAL), CKR_OK);
	assert_int_equal(uses_sign(&s->uses, 0x9A), CKR_OK);
}

/* False: the function ended before its command of that number. */
static bool once(struct scene *s, const struct use *f, unsigned cut, bool after)
{
	int64_t start;
	bool gone;
	CK_RV rv;

	put_in(s);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	assert_int_equal(session(s), CKR_OK);
	if (f->before)
		assert_int_equal(f->before(&s->uses), CKR_OK);
	s->stage->pull_after = after;
	s->stage->pull_at = s->stage->sent + cut;
	start = sj_clock_ms();
	rv = f->run(&s->uses);
	gone = s->stage->gone;
	if (gone && rv != CKR_OK && !uses_is_removal(rv))
		fail_msg("%s: out at command %u: 0x%lX", f->name, cut, rv);
	if (gone) {
		s->cuts++;
		if (sj_clock_ms() - start > s->most_ms)
			s->most_ms = sj_clock_ms() - start;
		use_again(s);
	} else {
		assert_int_equal(rv, CKR_OK);
	}
	s->stage->pull_at = 0;
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	return gone;
}

static void out_at_every_command_of_every_function(void **state)
{
	struct scene *s = *state;

	for (size_t i = 0; i < uses_count; i++) {
		unsigned cut = 1;

		while (cut < COMMANDS_MAX && once(s, &uses[i], cut, false) &&
		       once(s, &uses[i], cut, true))
			cut++;
		assert_true(cut < COMMANDS_MAX);
		print_message("# %s: %u commands\n", uses[i].name, cut - 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_at_every_command_of_every_function),
	};

	return cmocka_run_group_tests(tests, up, down);
}
