#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sojourn/reader.h>

#include "lab/lab.h"

struct lab_path lab_reader(unsigned i)
{
	return lab_path("", LAB_READER_NAME " %u 00 %02u", i / 2 + 1, i % 2);
}

struct lab_path lab_card_mark(const char *dir, unsigned i)
{
	return lab_path(dir, "card-%02u.out", i + 1);
}

static int open_log(const struct lab *lab, unsigned i)
{
	return open(lab_path(lab->dir, "card-%02u.log", i + 1).text,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int make(struct lab *lab, const char *program, const char *file, unsigned i)
{
	struct cli_child child = CLI_CHILD_INIT;
	const char *const argv[] = { program, "card", "new", file, NULL };
	bool there;
	int rc = cli_file_there(lab->cli, file, &there);
	pid_t pid;

	if (rc != 0 || there)
		return rc;
	child.out = child.err = open_log(lab, i);
	pid = cli_child_start(&child, argv);
	if (child.err >= 0)
		close(child.err);
	if (pid < 0 || cli_child_end(pid) != 0)
		return cli_fail(lab->cli, SJ_INTERNAL, "%s: 'sojourn card new' failed", file);
	return 0;
}

static pid_t run(struct lab *lab, const char *program, const char *file, unsigned i)
{
	struct lab_path port = lab_path("", "%u", lab->port + i);
	const char *const argv[] = { program, "card", "run", file, "--port", port.text, NULL };
	struct cli_child child = CLI_CHILD_INIT;
	int fd = open_log(lab, i);
	pid_t keeper = getpid(), pid;

	if (fd < 0)
		return -1;
	child.out = child.err = fd;
	child.session = true;
	child.prepare = lab_follow;
	child.user = &keeper;
	pid = cli_child_start(&child, argv);
	close(fd);
	return pid;
}

int lab_card_start(struct lab *lab, unsigned i)
{
	struct lab_path file = lab_path(lab->dir, "card-%02u.card", i + 1);
	char *program = cli_program_path("card");
	int rc;

	if (program == NULL)
		return cli_fail(lab->cli, SJ_INTERNAL, "sojourn-card is not there");
	rc = make(lab, program, file.text, i);
	if (rc == 0) {
		lab->card[i] = run(lab, program, file.text, i);
		if (lab->card[i] <= 0)
			rc = cli_fail(lab->cli, SJ_INTERNAL, "%s: %s", program, strerror(errno));
	}
	free(program);
	return rc;
}

/* --- presence -------------------------------------------------------------------------- */

/* All cards are there; or one, of this reader, is or is not. */
struct awaited {
	unsigned cards;
	const char *reader;
	bool there;
};

static bool has_come(const struct awaited *a, const struct sj_readers *readers)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	unsigned n = 0;

	for (size_t i = 0; readers != NULL && sj_readers_get(readers, i, &info); i++) {
		bool there = info.card_present && !info.mute;

		if (a->reader != NULL && strcmp(info.name, a->reader) == 0)
			return there == a->there;
		n += there;
	}
	return a->reader == NULL && n >= a->cards;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* pcscd needs a moment to come up, and looks for cards every 400 ms. */
#define WAIT_MS 10000u

static int await(struct lab *lab, const struct awaited *a)
{
	struct sj_context *context = cli_context(lab->cli);
	struct sj_readers *known = NULL, *readers = NULL;
	uint64_t end = now_ms() + WAIT_MS, now;
	enum sj_rc rc = SJ_OK;

	if (context == NULL)
		return cli_exit_code(lab->cli);
	while (!has_come(a, known)) {
		now = now_ms();
		if (now >= end) {
			rc = SJ_TIMED_OUT;
			break;
		}
		rc = sj_readers_wait(context, known, (unsigned)(end - now), &readers);
		if (rc != SJ_OK)
			break;
		sj_readers_free(known);
		known = readers;
	}
	sj_readers_free(known);
	if (rc == SJ_OK)
		return 0;
	return cli_fail(lab->cli, rc, "waiting for the cards; see %s",
			lab_path(lab->dir, "pcscd.log").text);
}

int lab_cards_wait(struct lab *lab)
{
	const struct awaited all = { .cards = lab->cards };

	return await(lab, &all);
}

int lab_card_wait(struct lab *lab, unsigned i, bool there)
{
	struct lab_path reader = lab_reader(i);
	const struct awaited one = { .reader = reader.text, .there = there };

	return await(lab, &one);
}
