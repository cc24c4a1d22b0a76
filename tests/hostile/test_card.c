/*
 * A card that lies, by every script, to every operation of a reader and of the module.
 *
 * As it stands: one script in eight of those that are for all operations, and one in two or all of
 * the others, each once, at a place of its own. With --all: every script once. With --everywhere:
 * at each answer that it fits (`make campaign`). With --run NAME: the scripts whose names begin so,
 * talked about; names are operation/wrongness. Linked with --wrap: the clock and the card's own secure messaging are this
 * program's.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/hostile/liar.h"

struct counts {
	unsigned scripts, runs, wrong;
};

struct runner {
	const struct operation *operation;
	void *rig;
	struct liar *liar;
	struct outcome *honest, *o;
	uint8_t *record;
	bool everywhere, talks; /* every script at each answer that it fits; each run is told */
	unsigned share; /* 1: every script runs; 0: some */
	unsigned answers, inner; /* of the honest card */
	const char *only;
	struct counts counts;
};

/* What runs now, for who must be told that it crashed. */
static char present[160]; /* of this program */

static void crashed(int signal_number)
{
	static const char text[] = "\nlast script: ";
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	n += write(STDERR_FILENO, present, strlen(present));
	n += write(STDERR_FILENO, "\n", 1);
	signal(signal_number, SIG_DFL);
	(void)n;
	raise(signal_number);
}

/* --- judging ------------------------------------------------------------------------------ */

/* Failures that speak of us and not of the card. */
static bool is_ours(long rc)
{
	return rc == SJ_INTERNAL || rc == SJ_NO_MEMORY || rc == SJ_USAGE || rc == SJ_CANCELLED;
}

static bool take_piece(struct sj_span *in, struct sj_span *piece)
{
	uint32_t n;

	return sj_take_be(in, 4, &n) && sj_take(in, n, piece);
}

/* The piece is one that the honest card's reader got, too: never another value under its name. */
static bool is_honest(const struct outcome *honest, struct sj_span piece)
{
	struct sj_span in = sj_span(honest->handed, honest->handed_len), one;

	while (take_piece(&in, &one))
		if (sj_span_eq(one, piece))
			return true;
	return false;
}

static bool is_optional(const struct runner *r, struct sj_span piece)
{
	const char *name = r->operation->optional;

	return name != NULL && strcmp((const char *)piece.ptr, name) == 0;
}

/* A piece that is missing in `o` and may not be; NULL: none. */
static const char *missing(const struct runner *r)
{
	struct sj_span in = sj_span(r->honest->handed, r->honest->handed_len), one;

	while (take_piece(&in, &one))
		if (!is_honest(r->o, one) && !is_optional(r, one))
			return (const char *)one.ptr;
	return NULL;
}

/* Why this run is no good; NULL: it is. */
static const char *judge(const struct runner *r, const struct wrong *w)
{
	const struct outcome *o = r->o;
	const bool believed = r->operation->card_is_believed && w->where != WRONG_WIRE;
	struct sj_span in = sj_span(o->handed, o->handed_len), piece;

	if (r->liar->endless)
		return "it went on for ever";
	if (r->liar->late)
		return "it went on past its deadline";
	if (o->wrong != NULL)
		return o->wrong;
	if (is_ours(o->rc))
		return "the failure blames the reader's side";
	if (w->rc != SJ_OK && r->liar->struck != 0 && o->rc != w->rc)
		return "it is another failure";
	if (o->accepted && (w->flags & NEVER) && r->liar->struck != 0)
		return "it was accepted";
	while (take_piece(&in, &piece))
		if (!is_honest(r->honest, piece) && (!believed || is_optional(r, piece)))
			return "what was handed out is not what the honest card has";
	return o->accepted && !believed ? missing(r) : NULL;
}

/* --- running -------------------------------------------------------------------------------- */

static void run_once(struct runner *r, const struct wrong *w, unsigned at)
{
	const char *why;

	memset(r->o, 0, offsetof(struct outcome, handed));
	liar_begin(r->liar, w, at);
	alarm(300);
	r->operation->run(r->rig, r->liar, r->o);
	alarm(0);
	liar_end(r->liar);
	r->counts.runs++;
	if (r->liar->struck == 0)
		return;
	why = judge(r, w);
	if (why != NULL) {
		r->counts.wrong++;
		print_error("WRONG: %s at %u: %s (%ld)\n", present, r->liar->struck, why, r->o->rc);
	} else if (r->talks) {
		print_message("%s at %u of %u: %s %ld, %zu bytes\n", present, r->liar->struck,
			      r->liar->answers, r->o->accepted ? "accepted" : "refused", r->o->rc,
			      r->o->handed_len);
	}
}

/* The honest card must be believed, or nothing that follows says anything. */
static void run_honest(struct runner *r)
{
	struct sj_writer record = sj_writer(r->record, 1u << 20);

	snprintf(present, sizeof(present), "%s/honest", r->operation->name);
	memset(r->honest, 0, offsetof(struct outcome, handed));
	liar_begin(r->liar, NULL, 0);
	r->liar->record = &record;
	r->liar->recorded = sj_span(NULL, 0);
	r->operation->run(r->rig, r->liar, r->honest);
	liar_end(r->liar);
	if (r->honest->wrong != NULL || !r->honest->accepted)
		print_error("%s: %ld, %s\n", present, r->honest->rc,
			    r->honest->wrong != NULL ? r->honest->wrong : "not accepted");
	assert_true(r->honest->accepted && r->honest->wrong == NULL && !record.failed);
	assert_false(r->liar->late); /* no deadline is renewed within a call */
	r->liar->recorded = sj_written(&record);
}

/* Of a name: the same in every run. */
static unsigned number_of(const char *name)
{
	unsigned sum = 2166136261u;

	while (*name != 0)
		sum = (sum ^ (uint8_t)*name++) * 16777619u;
	return sum >> 4;
}

static void run_script(struct runner *r, const struct wrong *w, unsigned places)
{
	unsigned at = 1;

	if (r->only != NULL && strncmp(present, r->only, strlen(r->only)) != 0)
		return;
	if (!r->everywhere) {
		at = 1 + number_of(present) % (places > 0 ? places : 1);
		run_once(r, w, at);
		if (r->liar->struck == 0 && at > 1)
			run_once(r, w, 1);
		r->counts.scripts += r->liar->struck != 0;
		return;
	}
	do {
		run_once(r, w, at);
		r->counts.scripts += at == 1 && r->liar->struck != 0;
		at = r->liar->struck + 1;
	} while (r->liar->struck != 0 && w->where != WRONG_CARD && w->where != WRONG_ATR);
}

static bool is_for(const struct wrong *w, unsigned kind)
{
	return w->any_of ? (w->on & kind) != 0 : (w->on & kind) == w->on;
}

/* Of a table that is for all operations, one script in `share` runs when not all do. */
static void run_table(struct runner *r, struct wrongs table, unsigned share)
{
	for (size_t i = 0; i < table.n; i++) {
		const struct wrong *w = &table.rows[i];
		const unsigned places = w->where == WRONG_WIRE    ? r->answers
					: w->where == WRONG_INNER ? r->inner
								  : 1;

		snprintf(present, sizeof(present), "%s/%s", r->operation->name, w->name);
		if (is_for(w, r->operation->kind) &&
		    (r->share == 1 || r->only != NULL || number_of(present) % share == 0))
			run_script(r, w, places);
	}
}

static void run_operation(struct runner *r)
{
	struct counts before = r->counts;

	if (r->only != NULL && strncmp(r->only, r->operation->name, strcspn(r->only, "/")) != 0)
		return;
	r->rig = r->operation->open();
	run_honest(r);
	r->answers = r->liar->answers;
	r->inner = r->liar->inner;
	run_table(r, wrongs_wire(), 14);
	run_table(r, wrongs_inner(), 10);
	run_table(r, wrongs_key_agreement(), 6);
	run_table(r, wrongs_files(), 4);
	run_table(r, wrongs_piv(), 3);
	run_table(r, wrongs_gate(), 2);
	run_table(r, wrongs_manager(), 2);
	r->operation->close(r->rig);
	print_message("# %s: %u scripts, %u runs, %u wrong; the honest card answers %u times\n",
		      r->operation->name, r->counts.scripts - before.scripts,
		      r->counts.runs - before.runs, r->counts.wrong - before.wrong, r->answers);
}

static struct runner *runner; /* of this program */

static void run_all(const struct operation *const *list)
{
	const unsigned wrong = runner->counts.wrong;

	for (; *list != NULL; list++) {
		runner->operation = *list;
		run_operation(runner);
	}
	assert_int_equal(runner->counts.wrong, wrong);
}

static void documents_are_not_taken_in(void **state)
{
	(void)state;
	run_all(operations_document());
}

static void eid_cards_are_not_taken_in(void **state)
{
	(void)state;
	run_all(operations_eid());
}

static void key_applications_are_not_believed_more_than_due(void **state)
{
	(void)state;
	run_all(operations_piv());
}

static void the_module_gives_no_bad_signature(void **state)
{
	(void)state;
	run_all(operations_module());
}

static void no_gate_opens(void **state)
{
	(void)state;
	run_all(operations_gate());
}

static void nothing_is_issued_in_a_lie(void **state)
{
	(void)state;
	run_all(operations_issue());
}

static void read_arguments(struct runner *r, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		r->everywhere = r->everywhere || strcmp(argv[i], "--everywhere") == 0;
		if (strcmp(argv[i], "--all") == 0 || r->everywhere)
			r->share = 1;
		if (strcmp(argv[i], "--run") == 0 && i + 1 < argc) {
			r->only = argv[++i];
			r->talks = true;
		}
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_not_taken_in),
		cmocka_unit_test(eid_cards_are_not_taken_in),
		cmocka_unit_test(key_applications_are_not_believed_more_than_due),
		cmocka_unit_test(the_module_gives_no_bad_signature),
		cmocka_unit_test(no_gate_opens),
		cmocka_unit_test(nothing_is_issued_in_a_lie),
	};
	struct runner r = { .liar = calloc(1, sizeof(struct liar)),
			    .honest = calloc(1, sizeof(struct outcome)),
			    .o = calloc(1, sizeof(struct outcome)),
			    .record = malloc(1u << 20) };
	int failed;

	if (r.liar == NULL || r.honest == NULL || r.o == NULL || r.record == NULL)
		return 1;
	runner = &r;
	read_arguments(&r, argc, argv);
	signal(SIGABRT, crashed);
	signal(SIGALRM, crashed);
	failed = cmocka_run_group_tests_name("hostile card", tests, NULL, NULL);
	printf("# figure: hostile.scripts %u\n# figure: hostile.runs %u\n# figure: hostile.wrong %u\n",
	       r.counts.scripts, r.counts.runs, r.counts.wrong);
	free(r.liar);
	free(r.honest);
	free(r.o);
	free(r.record);
	return failed;
}
