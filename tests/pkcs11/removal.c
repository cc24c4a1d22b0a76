/*
 * removal.c -- the card is taken out at every command of every function: the right error, in
 * time, and the next use works. Takes minutes: pcscd looks for cards every 400 ms.
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

#include "tests/bench/bench.h"
#include "tests/pkcs11/stage.h"
#include "tests/pkcs11/uses.h"

#define DEADLINE_MS 10000 /* of a card's being back */
#define CUTS_MAX 60 /* more commands than any function sends */

struct scene {
	struct stage stage;
	struct bench_relay *relay;
	pid_t through, card;
	struct uses uses;
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

/* As after the card's being put in: the module starts anew, without copies. */
static void begin(struct scene *s)
{
	double end = now_ms() + DEADLINE_MS;
	CK_ULONG n = 0;
	CK_SLOT_ID slots[2];

	s->relay->cut = 0;
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	while (n == 0 && now_ms() < end) {
		n = 2;
		assert_int_equal(C_GetSlotList(CK_TRUE, slots, &n), CKR_OK);
		usleep(20000);
	}
	assert_int_equal(n, 1);
	assert_int_equal(
		C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s->uses.session),
		CKR_OK);
}

static CK_RV try_again(struct scene *s)
{
	CK_RV rv;

	(void)C_CloseAllSessions(0); /* after half an answer nobody has been logged out yet */
	rv = C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s->uses.session);
	if (rv == CKR_OK)
		rv = uses_login(&s->uses, CKU_USER, STAGE_PIN);
	return rv == CKR_OK ? uses_sign(&s->uses, 0x9A) : rv;
}

/* The same module, the same card, back again: a session, and a signature. */
static void use_again(struct scene *s)
{
	double end = now_ms() + DEADLINE_MS;
	CK_RV rv = try_again(s);

	while (uses_is_removal(rv) && now_ms() < end) {
		usleep(20000);
		rv = try_again(s);
	}
	assert_int_equal(rv, CKR_OK);
}

/* Half an answer, which the driver passes on, is that of a card that answers wrongly, or has no such key. */
static bool right(CK_RV rv, enum bench_cut how)
{
	return rv == CKR_OK || uses_is_removal(rv) ||
	       (how == BENCH_CUT_DURING &&
		(rv == CKR_DEVICE_ERROR || rv == CKR_OBJECT_HANDLE_INVALID));
}

static void count(struct scene *s, const struct use *f, unsigned cut, enum bench_cut how, CK_RV rv)
{
	const double took = now_ms() - (double)s->relay->cut_ns / 1e6;

	s->cuts++;
	if (took > s->most_ms)
		s->most_ms = took;
	if (!right(rv, how)) {
		print_message("%s: out at command %u (%u): 0x%lX after %.0f ms\n", f->name, cut,
			      how, rv, took);
		s->wrong++;
	}
}

/* False: the function ended before its command of that number. */
static bool once(struct scene *s, const struct use *f, unsigned cut, enum bench_cut how)
{
	bool gone;
	CK_RV rv;

	begin(s);
	if (f->before)
		assert_int_equal(f->before(&s->uses), CKR_OK);
	s->relay->count = 0;
	s->relay->how = how;
	s->relay->cut = cut;
	rv = f->run(&s->uses);
	gone = s->relay->count >= cut;
	s->relay->cut = 0;
	if (gone) {
		count(s, f, cut, how, rv);
		use_again(s);
	} else {
		assert_int_equal(rv, CKR_OK);
	}
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	return gone;
}

static void test_out_at_every_command(void **state)
{
	struct scene *s = *state;

	for (size_t i = 0; i < uses_count; i++) {
		unsigned cut = 1;

		while (cut < CUTS_MAX && once(s, &uses[i], cut, BENCH_CUT_BEFORE) &&
		       once(s, &uses[i], cut, BENCH_CUT_DURING) &&
		       once(s, &uses[i], cut, BENCH_CUT_AFTER))
			cut++;
		print_message("%s: %u commands\n", uses[i].name, cut - 1);
	}
	print_message("figure: removal.pkcs11.cuts %u\nfigure: removal.pkcs11.wrong %u\n"
		      "figure: removal.pkcs11.ms %.0f\n",
		      s->cuts, s->wrong, s->most_ms);
	assert_int_equal(s->wrong, 0);
}

/* --- the stage ---------------------------------------------------------------------------- */

static int up(void **state)
{
	static struct scene s;
	char program[256], path[160], port[8];
	const char *build = getenv("SOJOURN_BUILD");

	if (!stage_up(&s.stage))
		return -1;
	snprintf(program, sizeof(program), "%s/bin/sojourn", build ? build : "build");
	snprintf(path, sizeof(path), "%s/key.card", s.stage.lab.dir);
	snprintf(port, sizeof(port), "%u", s.stage.lab.port + 2u);
	s.card = fork();
	if (s.card == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execl(program, program, "card", "run", path, "-i", "contact", "-l", "listen", "-p",
		      port, (char *)NULL);
		_exit(127);
	}
	s.relay = bench_relay(s.stage.lab.port, s.stage.lab.port + 2u, &s.through);
	s.uses.pin = STAGE_PIN;
	s.uses.admin = s.stage.admin;
	setenv("SOJOURN_PKCS11_CONF",
	       stage_write(&s.stage, "module.conf", "[pkcs11]\ncache = no\n", 0600), 1);
	*state = &s;
	return s.relay ? 0 : -1;
}

static int down(void **state)
{
	struct scene *s = *state;

	bench_relay_end(s->relay, s->through);
	kill(s->card, SIGTERM);
	waitpid(s->card, NULL, 0);
	stage_down(&s->stage);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_out_at_every_command) };

	return cmocka_run_group_tests(tests, up, down);
}
