/* cmd_batch.c -- sojourn issue --batch and --worker: many cards, by one or many processes. */
#include "authority/commands.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "authority/enqueue.h"
#include "authority/worker.h"
#include "cli/child.h"

#define WORKERS_MAX 16u
#define WORDS_MAX 160u
#define LOOK_MS 200u
#define BATCH_SCHEMA 1

/* What the whole run was. */
struct batch_run {
	struct cli *cli;
	struct enqueue_counts file;
	struct worker_counts made;
	double seconds;
	FILE *report;
	unsigned long failed;
};

/* --- the report ------------------------------------------------------------------------ */

static int open_report(struct batch_run *run)
{
	const char *path = cli_value(run->cli, "report");

	if (path == NULL)
		return 0;
	run->report = fopen(path, "we");
	return run->report != NULL ? 0 : cli_output_failed(run->cli, path);
}

static int report_failure(void *user, const struct queue_job *job, int failure)
{
	struct batch_run *run = user;
	char what[64];

	snprintf(what, sizeof(what), "no card after %lld attempts", (long long)job->attempts);
	cli_note(run->cli, "document %lld (line %lld): %s; the last failure's exit code was %d",
		 (long long)job->document, (long long)job->line, what, failure);
	if (!enqueue_report(run->report, job->line, job->document, "", "", what))
		run->file.unreported = true;
	run->failed++;
	return 0;
}

static int close_report(struct batch_run *run)
{
	const char *path = cli_value(run->cli, "report");
	int rc = 0;

	if (run->report != NULL && (!cli_stream_close(run->report) || run->file.unreported))
		rc = cli_output_failed(run->cli, path);
	run->report = NULL;
	return rc;
}

/* --- the summary ------------------------------------------------------------------------ */

static json_t *summary_json(const struct batch_run *run)
{
	const double rate = run->seconds > 0 ? (double)run->made.issued / run->seconds : 0;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "lines",
			 (json_int_t)run->file.lines, "added", (json_int_t)run->file.added, "known",
			 (json_int_t)run->file.known, "bad", (json_int_t)run->file.bad, "issued",
			 (json_int_t)run->made.issued, "settled", (json_int_t)run->made.settled,
			 "givenBack", (json_int_t)run->made.given_back, "refusedCards",
			 (json_int_t)run->made.refused, "failed", (json_int_t)run->failed,
			 "seconds", run->seconds, "rate", rate);
}

static int tell_summary(struct batch_run *run)
{
	struct cli *cli = run->cli;

	if (cli_json(cli))
		return cli_json_print(cli, BATCH_SCHEMA, summary_json(run));
	if (run->file.lines > 0)
		cli_line(cli, run->file.bad == 0 ? CLI_MARK_GOOD : CLI_MARK_UNSURE, "read",
			 "%lu lines: %lu added, %lu known, %lu bad", run->file.lines,
			 run->file.added, run->file.known, run->file.bad);
	if (!cli_given(cli, "check"))
		cli_line(cli, run->failed == 0 ? CLI_MARK_GOOD : CLI_MARK_BAD, "issued",
			 "%lu cards in %.1f s (%.1f/s), %lu failed", run->made.issued, run->seconds,
			 run->seconds > 0 ? (double)run->made.issued / run->seconds : 0.0,
			 run->failed);
	return 0;
}

/* --- one worker, this process --------------------------------------------------------------- */

static int work_here(struct batch_run *run, struct worker *w)
{
	int rc;

	w->quiet = cli_given(run->cli, "supervised");
	rc = worker_run(w);
	run->made = w->counts;
	run->seconds = progress_seconds(&w->progress);
	return rc;
}

/* --- several, each a process --------------------------------------------------------------------- */

/* Words of a worker's command line; texts that were made are freed. */
struct words {
	const char *argv[WORDS_MAX + 1];
	char *made[WORDS_MAX];
	size_t n, made_n;
};

static void put_word(struct words *w, const char *text)
{
	if (w->n < WORDS_MAX)
		w->argv[w->n++] = text;
}

static void put_option(struct words *w, const char *name, const char *value)
{
	char *text = NULL;

	if (w->made_n == WORDS_MAX)
		return;
	if (asprintf(&text, value[0] != '\0' ? "--%s=%s" : "--%s", name, value) < 0)
		return;
	w->made[w->made_n++] = text;
	put_word(w, text);
}

/* All values of an option. */
static void put_values(struct words *w, const struct cli *cli, const char *name)
{
	const char *value;

	for (size_t i = 0; (value = cli_value_at(cli, name, i)) != NULL; i++)
		put_option(w, name, value);
}

/* The options of this command, but for those that are the supervisor's; and where the keys' secrets lie. */
static void put_options(struct words *w, const struct cli *cli)
{
	static const char *const ours[] = { "batch", "worker", "workers", "report", "json" };

	for (const struct cli_option *o = issue_command.options; o->name != NULL; o++) {
		bool skip = false;

		for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
			skip = skip || strcmp(o->name, ours[i]) == 0;
		if (!skip)
			put_values(w, cli, o->name);
	}
	put_values(w, cli, "passphrase-file");
	put_values(w, cli, "hsm-pin-file");
}

static pid_t start_worker(struct cli *cli, const char *program, size_t i)
{
	struct cli_child child = CLI_CHILD_INIT;
	const char *reader = cli_value_at(cli, "reader", i);
	struct words *w = calloc(1, sizeof(*w));
	pid_t pid;

	child.session = true; /* Ctrl-C is the parent's */
	if (w == NULL)
		return -1;
	put_word(w, program);
	put_word(w, "issue");
	put_word(w, "--worker");
	put_word(w, "--supervised");
	put_options(w, cli);
	if (reader != NULL)
		put_option(w, "reader", reader);
	if (cli_argument_count(cli) > 0)
		put_word(w, "--");
	for (size_t k = 0; k < cli_argument_count(cli); k++)
		put_word(w, cli_argument(cli, k));
	pid = cli_child_start(&child, w->argv);
	for (size_t k = 0; k < w->made_n; k++)
		free(w->made[k]);
	free(w);
	return pid;
}

struct crew {
	struct batch_run *run;
	char *program;
	pid_t pids[WORKERS_MAX]; /* 0: ended */
	size_t n;
	bool stopping;
	int rc;
};

static void idle(unsigned ms)
{
	const struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&pause, NULL);
}

static size_t alive(const struct crew *crew)
{
	size_t n = 0;

	for (size_t i = 0; i < crew->n; i++)
		n += crew->pids[i] > 0;
	return n;
}

/* Collects those that ended; one that was killed is followed by another. */
static void collect(struct crew *crew)
{
	struct cli *cli = crew->run->cli;
	int status;

	for (size_t i = 0; i < crew->n; i++) {
		if (crew->pids[i] <= 0 || waitpid(crew->pids[i], &status, WNOHANG) == 0)
			continue;
		crew->pids[i] = 0;
		if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
			crew->rc = WEXITSTATUS(status);
		if (!WIFSIGNALED(status) || crew->stopping)
			continue;
		cli_warn(cli, "worker %zu was killed (signal %d); another takes its place", i + 1,
			 WTERMSIG(status));
		crew->pids[i] = start_worker(cli, crew->program, i);
	}
}

/* Each finishes its card, and ends. */
static void stop(struct crew *crew)
{
	crew->stopping = true;
	for (size_t i = 0; i < crew->n; i++) {
		if (crew->pids[i] > 0)
			kill(crew->pids[i], SIGTERM);
	}
}

/* The parent touches no card: it shows how far the queue is. */
static int watch(struct crew *crew, struct holder_register *reg)
{
	struct batch_run *run = crew->run;
	struct queue_counts c, first;
	struct progress progress;
	int rc = queue_count(reg, &first);

	progress_begin(&progress, run->cli, "cards", rc == 0 ? (uint64_t)first.done : 0);
	while (alive(crew) > 0) {
		collect(crew);
		if (cli_interrupted(run->cli) && !crew->stopping)
			stop(crew);
		if (rc == 0 && (rc = queue_count(reg, &c)) == 0)
			progress_show(&progress, (uint64_t)c.done,
				      (uint64_t)(c.waiting + c.taken + c.done), (uint64_t)c.failed);
		idle(LOOK_MS);
	}
	progress_clear(&progress);
	run->seconds = progress_seconds(&progress);
	rc = queue_count(reg, &c);
	if (rc == 0)
		run->made.issued = (unsigned long)(c.done - first.done);
	return rc;
}

static int work_by_crew(struct batch_run *run, struct holder_register *reg, unsigned long n)
{
	struct crew *crew = calloc(1, sizeof(*crew));
	int rc = 0;

	if (crew == NULL)
		return cli_fail(run->cli, SJ_NO_MEMORY, NULL);
	crew->run = run;
	crew->program = cli_program_path("authority");
	if (crew->program == NULL)
		rc = cli_fail(run->cli, SJ_NO_MEMORY, NULL);
	for (; rc == 0 && crew->n < n; crew->n++) {
		crew->pids[crew->n] = start_worker(run->cli, crew->program, crew->n);
		if (crew->pids[crew->n] < 0)
			rc = cli_fail(run->cli, SJ_NO_MEMORY, "%s", strerror(errno));
	}
	if (crew->n > 0)
		rc = watch(crew, reg);
	if (rc == 0)
		rc = crew->rc;
	free(crew->program);
	free(crew);
	return rc;
}

/* --- the command ----------------------------------------------------------------------------------- */

static int check_only(struct batch_run *run)
{
	int rc =
		enqueue_file(run->cli, NULL, cli_value(run->cli, "batch"), run->report, &run->file);

	if (rc == 0)
		rc = tell_summary(run);
	return rc != 0 || run->file.bad == 0 ? rc : sj_exit_code(SJ_INPUT_REFUSED);
}

static int work(struct batch_run *run, struct worker *w, unsigned long workers)
{
	const char *path = cli_value(run->cli, "batch");
	int rc = 0;

	if (path != NULL)
		rc = enqueue_file(run->cli, w->reg, path, run->report, &run->file);
	if (rc == 0)
		rc = workers == 0   ? 0
		     : workers == 1 ? work_here(run, w)
				    : work_by_crew(run, w->reg, workers);
	if (rc == 0 && !cli_given(run->cli, "supervised"))
		rc = queue_failures(w->reg, report_failure, run);
	if (rc == 0 && !cli_given(run->cli, "supervised"))
		rc = tell_summary(run);
	if (rc == 0 && cli_interrupted(run->cli))
		rc = cli_fail(run->cli, SJ_CANCELLED, "stopped; the rest waits in the queue");
	return rc != 0 || run->file.bad + run->failed == 0 ? rc : sj_exit_code(SJ_INPUT_REFUSED);
}

/* Options that would give every card the same secret, or belong to a single card. */
static int check_options(struct cli *cli)
{
	static const char *const single[] = {
		"holder",       "portrait",   "letter-out",   "files-out",  "clone-files", "defect",
		"can-file",     "can-fd",     "pin-file",     "pin-fd",     "puk-file",    "puk-fd",
		"eid-pin-file", "eid-pin-fd", "eid-puk-file", "eid-puk-fd", "dg3"
	};

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		if (cli_given(cli, single[i]))
			return cli_usage(cli, "--%s is for one card, not with --batch or --worker",
					 single[i]);
	}
	return 0;
}

int batch_command(struct cli *cli)
{
	struct batch_run run = { .cli = cli };
	unsigned long workers = 1;
	struct worker *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = check_options(cli);
	if (rc == 0)
		rc = cli_number(cli, "workers", 0, WORKERS_MAX, &workers);
	if (rc == 0)
		rc = open_report(&run);
	if (rc == 0 && cli_given(cli, "check")) {
		rc = check_only(&run);
	} else if (rc == 0) {
		rc = worker_open(w, cli);
		if (rc == 0)
			rc = work(&run, w, workers);
		worker_close(w);
	}
	if (close_report(&run) != 0 && rc == 0)
		rc = cli_exit_code(cli);
	free(w);
	return rc;
}
