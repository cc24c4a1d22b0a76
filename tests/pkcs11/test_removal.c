/*
 * The card is taken out before, during and after every command of every function, without pcscd: what
 * removal.c does with it, in seconds. Every third command, or with --all every one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pkcs11/plug.h"
#include "tests/pkcs11/uses.h"
#include "tests/reader/piv_stage.h"

#define COMMANDS_MAX 60u /* more than any function sends */

enum when { BEFORE, DURING, AFTER, WAYS };

struct scene {
	struct piv_stage *stage;
	struct uses uses;
	unsigned step, cuts;
	int64_t most_ms; /* from the removal to the error */
};

static struct scene scene = { .step = 3 };

static CK_RV session(struct scene *s)
{
	return C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s->uses.session);
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

static int up(void **state)
{
	struct scene *s = &scene;

	setenv("XDG_CACHE_HOME", "/dev/null", 1); /* no cache */
	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
	s->stage = piv_stage_new(&(struct piv_plan){ .policy = PIV_POLICY_PIN << 8 });
	assert_int_equal(piv_stage_open(s->stage), SJ_OK);
	piv_stage_fill(s->stage);
	piv_stage_close(s->stage);
	s->uses.pin = STAGE_PIN;
	s->uses.puk = STAGE_PUK;
	s->uses.admin = ADMIN_HEX;
	put_in(s);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	assert_int_equal(session(s), CKR_OK);
	assert_int_equal(uses_ready(&s->uses), CKR_OK);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	*state = s;
	return 0;
}

static int down(void **state)
{
	struct scene *s = *state;

	piv_stage_free(s->stage);
	print_message("# figure: removal.module.cuts %u\n# figure: removal.module.ms %lld\n",
		      s->cuts, (long long)s->most_ms);
	return 0;
}

static void use_again(struct scene *s, const struct use *f)
{
	put_in(s);
	(void)C_CloseAllSessions(0);
	assert_int_equal(session(s), CKR_OK);
	if (f->kept)
		assert_int_equal(f->kept(&s->uses), CKR_OK);
	if (f->last)
		return;
	assert_int_equal(uses_login(&s->uses, CKU_USER, s->uses.pin), CKR_OK);
	assert_int_equal(uses_sign(&s->uses, 0x9A), CKR_OK);
}

/* The module begins; nothing of the card is known. */
static void begin(struct scene *s, const struct use *f)
{
	put_in(s);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	if (!f->bare)
		assert_int_equal(session(s), CKR_OK);
	if (f->before)
		assert_int_equal(f->before(&s->uses), CKR_OK);
}

/* False: it ended before its command of that number; a fresh card has fewer tries to use up. */
static bool once(struct scene *s, const struct use *f, unsigned cut, enum when when)
{
	int64_t start;
	bool gone;
	CK_RV rv;

	begin(s, f);
	s->stage->pull_after = when != BEFORE;
	s->stage->pull_half = when == DURING;
	s->stage->pull_at = s->stage->sent + cut;
	start = sj_clock_ms();
	rv = f->run(&s->uses);
	if (sj_clock_ms() - start > s->most_ms)
		s->most_ms = sj_clock_ms() - start;
	gone = s->stage->gone;
	s->cuts += gone;
	use_again(s, f);
	if (gone ? !uses_is_right(f, &s->uses, rv, when == DURING) : !uses_is_done(f, &s->uses, rv))
		fail_msg("%s: out at command %u (%u): 0x%lX", f->name, cut, when, rv);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	return gone;
}

static unsigned commands_of(struct scene *s, const struct use *f)
{
	unsigned before;
	CK_RV rv;

	begin(s, f);
	before = s->stage->sent;
	rv = f->run(&s->uses);
	before = s->stage->sent - before;
	use_again(s, f);
	assert_true(uses_is_done(f, &s->uses, rv));
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	return before;
}

static void out_at_every_command_of_every_function(void **state)
{
	struct scene *s = *state;

	for (size_t i = 0; i < uses_count; i++) {
		const unsigned commands = commands_of(s, &uses[i]);

		if (commands == 0)
			print_message("# %s: no command\n", uses[i].name);
		else
			print_message("# %s: %u commands\n", uses[i].name, commands);
		for (unsigned cut = 1; cut <= commands; cut += s->step)
			for (enum when when = BEFORE; when < WAYS; when++)
				assert_true(once(s, &uses[i], cut, when) || uses[i].last);
	}
}

/* Which has no key yet that C_InitToken was given. */
static void a_card_taken_out_just_emptied_is_finished_by_the_same_again(void **state)
{
	const struct use *f = &uses[uses_count - 1];
	struct scene *s = *state;
	unsigned reset = 1;

	begin(s, f);
	s->stage->log[0] = '\0';
	assert_int_equal(f->run(&s->uses), CKR_OK);
	for (const char *at = s->stage->log; strncmp(at, "FB", 2) != 0; at += 3)
		reset++;
	use_again(s, f);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	assert_true(once(s, f, reset + 1, BEFORE));
}

/* " C_Sign" of "C_SignInit, C_Sign" and of "C_Sign, so or so", and nothing of "C_SignInit". */
static bool names(const char *list, const char *function)
{
	const size_t len = strlen(function);

	for (const char *at = list; (at = strstr(at, function)) != NULL; at += len)
		if (strchr(" ,", at[len]) != NULL) /* or its end */
			return true;
	return false;
}

static void every_function_is_in_a_use(void **state)
{
	static const char *const all[] = {
#define CK_PKCS11_FUNCTION_INFO(name) #name,
#include "pkcs11/oasis/pkcs11f.h"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		unsigned n = names(uses_without, all[i]);

		for (size_t u = 0; u < uses_count; u++)
			n += names(uses[u].name, all[i]);
		if (n == 0)
			fail_msg("no use of %s is known", all[i]);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_function_is_in_a_use),
		cmocka_unit_test(out_at_every_command_of_every_function),
		cmocka_unit_test(a_card_taken_out_just_emptied_is_finished_by_the_same_again),
	};

	if (argc > 1 && strcmp(argv[1], "--all") == 0)
		scene.step = 1;
	return cmocka_run_group_tests(tests, up, down);
}
