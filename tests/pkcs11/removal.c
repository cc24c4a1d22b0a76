/*
 * removal.c -- the card is taken out at every command of every function: the right error, in
 * time, the card as it was or as it was to be, and the next use works. `removal [NAME]`: functions whose
 * name has that in it. Takes a quarter of an hour: pcscd looks for cards every 400 ms.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sojourn/reader.h>

#include "tests/bench/bench.h"
#include "tests/pkcs11/stage.h"
#include "tests/pkcs11/uses.h"

#define DEADLINE_MS 10000 /* of a card's being back */
#define CUTS_MAX 60 /* more commands than any function sends */

struct scene {
	struct stage stage;
	struct bench_relay *relay;
	pid_t through, card;
	struct sj_context *ctx;
	struct uses uses;
	const char *only; /* NULL: all */
	unsigned cuts, wrong;
	double most_ms; /* from the removal to the error */
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* --- with and without a card ----------------------------------------------------------- */

/* The reader says that a card is there, as long as nobody has asked that. */
static void await_card(struct scene *s)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	double end = now_ms() + DEADLINE_MS;
	struct sj_readers *list;

	s->relay->cut = 0;
	do {
		list = NULL;
		assert_int_equal(sj_readers_list(s->ctx, DEADLINE_MS, &list), SJ_OK);
		(void)sj_readers_get(list, 0, &info);
		sj_readers_free(list);
		usleep(20000);
	} while (!info.card_present && now_ms() < end);
	assert_true(info.card_present);
}

static CK_RV session(struct scene *s)
{
	return C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s->uses.session);
}

/* As after the card's being put in: the module starts anew, without copies. */
static void begin(struct scene *s, const struct use *f)
{
	await_card(s);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	if (!f->bare)
		assert_int_equal(session(s), CKR_OK);
	if (f->before)
		assert_int_equal(f->before(&s->uses), CKR_OK);
}

static CK_RV try_again(struct scene *s, const struct use *f)
{
	CK_RV rv;

	(void)C_CloseAllSessions(0); /* after half an answer nobody has been logged out yet */
	rv = session(s);
	if (rv == CKR_OK && f->kept)
		rv = f->kept(&s->uses);
	if (rv != CKR_OK || f->last)
		return rv;
	rv = uses_login(&s->uses, CKU_USER, STAGE_PIN);
	return rv == CKR_OK ? uses_sign(&s->uses, 0x9A) : rv;
}

/* The same module, the same card, back again: a session, and a signature. */
static void use_again(struct scene *s, const struct use *f)
{
	double end = now_ms() + DEADLINE_MS;
	CK_RV rv = try_again(s, f);

	while (uses_is_removal(rv) && now_ms() < end) {
		usleep(20000);
		rv = try_again(s, f);
	}
	assert_int_equal(rv, CKR_OK);
}

static void count(struct scene *s, const struct use *f, unsigned cut, enum bench_cut how, CK_RV rv,
		  double took)
{
	s->cuts++;
	if (took > s->most_ms)
		s->most_ms = took;
	if (!uses_is_right(f, &s->uses, rv, how == BENCH_CUT_DURING)) {
		print_message("%s: out at command %u (%u): 0x%lX after %.0f ms\n", f->name, cut,
			      how, rv, took);
		s->wrong++;
	}
}

/* False: the function ended before its command of that number. */
static bool once(struct scene *s, const struct use *f, unsigned cut, enum bench_cut how)
{
	double took;
	bool gone;
	CK_RV rv;

	begin(s, f);
	s->relay->count = 0;
	s->relay->how = how;
	s->relay->cut = cut;
	rv = f->run(&s->uses);
	took = now_ms() - (double)s->relay->cut_ns / 1e6;
	gone = s->relay->count >= cut;
	s->relay->cut = 0;
	use_again(s, f);
	if (gone)
		count(s, f, cut, how, rv, took);
	else
		assert_true(uses_is_done(f, &s->uses, rv));
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	return gone;
}

static void test_out_at_every_command(void **state)
{
	struct scene *s = *state;
	unsigned silent = 0;

	for (size_t i = 0; i < uses_count; i++) {
		unsigned cut = 1;

		if (s->only && !strstr(uses[i].name, s->only))
			continue;
		while (cut < CUTS_MAX && once(s, &uses[i], cut, BENCH_CUT_BEFORE) &&
		       once(s, &uses[i], cut, BENCH_CUT_DURING) &&
		       once(s, &uses[i], cut, BENCH_CUT_AFTER))
			cut++;
		assert_true(cut < CUTS_MAX);
		silent += cut == 1;
		if (cut == 1)
			print_message("%s: no command\n", uses[i].name);
		else
			print_message("%s: %u commands\n", uses[i].name, cut - 1);
	}
	print_message("figure: removal.pkcs11.uses %zu\nfigure: removal.pkcs11.cuts %u\n"
		      "figure: removal.pkcs11.wrong %u\nfigure: removal.pkcs11.ms %.0f\n",
		      uses_count - silent, s->cuts, s->wrong, s->most_ms);
	assert_int_equal(s->wrong, 0);
}

/* --- the stage ---------------------------------------------------------------------------- */

static struct scene scene;

static int up(void **state)
{
	struct scene *s = &scene;
	static const struct use first = { .name = "" };
	char program[256], path[512], port[8];
	const char *build = getenv("SOJOURN_BUILD");

	if (!stage_up(&s->stage))
		return -1;
	snprintf(program, sizeof(program), "%s/bin/sojourn", build ? build : "build");
	snprintf(path, sizeof(path), "%s/key.card", s->stage.lab.dir);
	snprintf(port, sizeof(port), "%u", s->stage.lab.port + 2u);
	s->card = fork();
	if (s->card == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execl(program, program, "card", "run", path, "-i", "contact", "-l", "listen", "-p",
		      port, (char *)NULL);
		_exit(127);
	}
	s->relay = bench_relay(s->stage.lab.port, s->stage.lab.port + 2u, &s->through);
	s->uses.pin = STAGE_PIN;
	s->uses.puk = STAGE_PUK;
	s->uses.admin = s->stage.admin;
	setenv("SOJOURN_PKCS11_CONF",
	       stage_write(&s->stage, "module.conf", "[pkcs11]\ncache = no\n", 0600), 1);
	*state = s;
	if (!s->relay || sj_context_new(&s->ctx) != SJ_OK)
		return -1;
	begin(s, &first);
	assert_int_equal(uses_ready(&s->uses), CKR_OK);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	return 0;
}

static int down(void **state)
{
	struct scene *s = *state;

	sj_context_free(s->ctx);
	bench_relay_end(s->relay, s->through);
	kill(s->card, SIGTERM);
	waitpid(s->card, NULL, 0);
	stage_down(&s->stage);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_out_at_every_command) };

	scene.only = argc > 1 ? argv[1] : NULL;
	return cmocka_run_group_tests(tests, up, down);
}
