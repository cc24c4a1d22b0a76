/* main.c -- noun lab: up, down, status; take and put are in tap.c. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <sojourn/reader.h>

#include "lab/lab.h"

#define CARDS_DEFAULT 1ul

static const struct cli_option dir_option[] = {
	{ .name = "dir",
	  .argument = "DIR",
	  .help = "where the lab lives; default $XDG_RUNTIME_DIR/sojourn-lab or /tmp/sojourn-lab-UID",
	  .complete = CLI_COMPLETE_DIRECTORY },
	{ 0 },
};

/* --- up -------------------------------------------------------------------------------- */

static void print_environment(struct lab *lab)
{
	const char *folder, *service;

	cli_print(lab->cli, "export PCSCLITE_CSOCK_NAME=%s SOJOURN_LAB=%s\n",
		  lab_path(lab->dir, "pcscd.comm").text, lab->dir);
	if (!lab->blank && !lab->eid)
		cli_print(lab->cli, "# sojourn verify --trust %s --can-file %s --reader '%s'\n",
			  lab_path(lab->dir, "trust").text, lab_path(lab->dir, "card-01.can").text,
			  lab_reader(0).text);
	for (unsigned i = 0; lab->eid && (folder = lab_terminal_at(i, &service)) != NULL; i++)
		cli_print(lab->cli, "# sojourn verify --service '%s' --terminal %s --trust %s\n",
			  service, lab_path(lab->dir, "%s", folder).text,
			  lab_path(lab->dir, "trust").text);
}

static bool ready_in_front(void *user)
{
	struct lab *lab = user;

	print_environment(lab);
	return fflush(stdout) == 0;
}

/* The keeper in the background tells by the pipe that all is ready, then lets go of the terminal. */
struct background {
	struct lab *lab;
	int pipe;
};

static bool ready_in_background(void *user)
{
	const struct background *b = user;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = open(lab_path(b->lab->dir, "lab.log").text,
		       O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	bool ok = null >= 0 && log >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
		  dup2(null, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0 &&
		  write(b->pipe, "", 1) == 1;

	close(null);
	close(log);
	close(b->pipe);
	return ok;
}

static int up_in_background(struct lab *lab)
{
	struct background b = { lab, -1 };
	int ends[2];
	pid_t pid;
	char byte;
	ssize_t got;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return cli_fail(lab->cli, SJ_INTERNAL, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		b.pipe = ends[1];
		setsid();
		return lab_keep(lab, ready_in_background, &b);
	}
	close(ends[1]);
	do {
		got = pid > 0 ? read(ends[0], &byte, 1) : 0;
	} while (got < 0 && errno == EINTR);
	close(ends[0]);
	if (got != 1) /* it has told why */
		return pid > 0 ? cli_child_end(pid) : cli_fail(lab->cli, SJ_NO_MEMORY, "fork");
	print_environment(lab);
	return 0;
}

static int run_up(struct cli *cli)
{
	struct lab lab = { .cli = cli, .lock = -1 };
	unsigned long cards = CARDS_DEFAULT;
	int rc = lab_directory(cli, lab.dir);

	if (rc == 0)
		rc = cli_number(cli, "cards", 1, LAB_CARDS_MAX, &cards);
	if (rc != 0)
		return rc;
	lab.cards = (unsigned)cards;
	lab.blank = cli_given(cli, "blank");
	lab.eid = cli_given(cli, "eid");
	if (lab.blank && lab.eid)
		return cli_usage(cli, "blank cards are not eID cards: give --blank or --eid");
	lab.open_ports = cli_given(cli, "open-ports");
	if (cli_given(cli, "foreground"))
		return lab_keep(&lab, ready_in_front, &lab);
	return up_in_background(&lab);
}

static const struct cli_option up_options[] = {
	{ .name = "cards",
	  .letter = 'n',
	  .argument = "N",
	  .help = "readers with a card, 1 (default) to 16" },
	{ .name = "blank", .help = "leave the cards blank" },
	{ .name = "eid", .help = "make eID cards, and terminals of services that ask them" },
	{ .name = "dir",
	  .argument = "DIR",
	  .help = "where the lab lives; default $XDG_RUNTIME_DIR/sojourn-lab or /tmp/sojourn-lab-UID",
	  .complete = CLI_COMPLETE_DIRECTORY },
	{ .name = "open-ports",
	  .help = "let other programs dial the readers too, on all addresses" },
	{ .name = "foreground", .letter = 'f', .help = "stay until Ctrl-C, then take it down" },
	{ 0 },
};
static const char *const up_examples[] = {
	"eval \"$(sojourn lab --cards 2)\" # two personalised cards, and this shell sees them",
	"sojourn verify --trust $SOJOURN_LAB/trust --can-file $SOJOURN_LAB/card-01.can # its first card",
	"sojourn lab --blank --dir /tmp/lab # a blank card to issue",
	"sojourn lab --eid # an eID card, and who may ask it for what",
	"sojourn lab down # nothing is left",
	NULL,
};
static const enum sj_rc up_failures[] = {
	SJ_NO_PCSCD, SJ_NO_READER, SJ_TIMED_OUT, SJ_INPUT_REFUSED, SJ_OK,
};
static const struct cli_command up_command = {
	.noun = "lab",
	.summary = "start a private pcscd with readers and running cards",
	.description =
		"Starts a pcscd on a socket of its own, with virtual readers and running cards,\n"
		"beside whatever runs on this machine, and prints the PCSCLITE_CSOCK_NAME to\n"
		"export, and its directory as SOJOURN_LAB. By default the cards are issued by a\n"
		"developer's authority: its trust store is DIR/trust, the CAN of card 1 stands\n"
		"in DIR/card-01.can. With --eid they are eID cards, the PIN of card 1 stands in\n"
		"DIR/card-01.pin, and DIR/hotel-check-in, DIR/pharmacy, DIR/rail and DIR/bank are\n"
		"terminals for 'sojourn verify --service'. No root is needed. Everything lives in\n"
		"one directory until 'sojourn lab down'.",
	.options = up_options,
	.examples = up_examples,
	.failures = up_failures,
	.run = run_up,
};

/* --- down ------------------------------------------------------------------------------ */

#define DOWN_MS 15000

static int end_keeper(struct cli *cli, const char *dir, pid_t keeper)
{
	struct pollfd end = { pidfd_open(keeper, 0), POLLIN, 0 };
	int rc = 0;

	if (kill(keeper, SIGTERM) != 0)
		rc = cli_fail(cli, SJ_FILE_PERMISSION, "process %d: %s", (int)keeper,
			      strerror(errno));
	else if (end.fd >= 0 && poll(&end, 1, DOWN_MS) == 0)
		rc = cli_fail(cli, SJ_TIMED_OUT, "%s: process %d does not end", dir, (int)keeper);
	if (end.fd >= 0)
		close(end.fd);
	return rc;
}

static int run_down(struct cli *cli)
{
	char dir[LAB_PATH_MAX];
	int rc = lab_directory(cli, dir);
	pid_t keeper;

	if (rc != 0)
		return rc;
	keeper = lab_directory_keeper(dir);
	if (keeper < 0) {
		cli_note(cli, "no lab in %s", dir);
		return 0;
	}
	if (keeper > 0)
		return end_keeper(cli, dir, keeper);
	cli_note(cli, "%s: left behind by a lab that was killed; removed", dir);
	cli_tree_remove(dir);
	return 0;
}

static const char *const down_examples[] = { "sojourn lab down", NULL };
static const struct cli_command down_command = {
	.noun = "lab",
	.verb = "down",
	.summary = "end the lab and remove all of it",
	.options = dir_option,
	.examples = down_examples,
	.run = run_down,
};

/* --- status ---------------------------------------------------------------------------- */

static int add_card(struct cli *cli, json_t *rows, const char *dir, unsigned i)
{
	struct lab_path can = lab_path(dir, "card-%02u.can", i + 1);
	bool there;
	int rc = cli_file_there(cli, can.text, &there);

	if (rc == 0)
		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:s*}", "reader", lab_reader(i).text,
						"card", lab_path(dir, "card-%02u.card", i + 1).text,
						"canFile", there ? can.text : NULL));
	return rc;
}

static int status_json(struct cli *cli, const char *dir, pid_t keeper, unsigned cards)
{
	json_t *rows = json_array();
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < cards; i++)
		rc = add_card(cli, rows, dir, i);
	if (rc != 0) {
		json_decref(rows);
		return rc;
	}
	return cli_json_print(cli, 1,
			      json_pack("{s:s, s:b, s:i, s:s, s:o}", "directory", dir, "running",
					keeper > 0, "pid", (int)keeper, "socket",
					lab_path(dir, "pcscd.comm").text, "cards", rows));
}

static int run_status(struct cli *cli)
{
	char dir[LAB_PATH_MAX];
	int rc = lab_directory(cli, dir);
	unsigned cards = 0;
	pid_t keeper;

	if (rc != 0)
		return rc;
	keeper = lab_directory_keeper(dir);
	if (keeper < 0)
		keeper = 0;
	for (bool there = keeper > 0; there && cards < LAB_CARDS_MAX; cards += there) {
		rc = cli_file_there(cli, lab_path(dir, "card-%02u.card", cards + 1).text, &there);
		if (rc != 0)
			return rc;
	}
	if (cli_json(cli))
		return status_json(cli, dir, keeper, cards);
	if (keeper == 0) {
		cli_line(cli, CLI_MARK_PLAIN, "stopped", "no lab runs in %s", dir);
		return 0;
	}
	cli_line(cli, CLI_MARK_GOOD, "running", "%s, process %d", dir, (int)keeper);
	for (unsigned i = 0; i < cards; i++)
		cli_line(cli, CLI_MARK_PLAIN, "card", "%s: %s", lab_reader(i).text,
			 lab_path(dir, "card-%02u.card", i + 1).text);
	return 0;
}

static const char *const status_examples[] = { "sojourn lab status --json", NULL };
static const struct cli_command status_command = {
	.noun = "lab",
	.verb = "status",
	.summary = "show whether a lab runs, and its cards",
	.features = CLI_JSON,
	.options = dir_option,
	.examples = status_examples,
	.run = run_status,
};

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = {
		&up_command,       &down_command,    &status_command,
		&lab_take_command, &lab_put_command, NULL,
	};
	static const struct cli_program program = { "lab", commands };

	return cli_main(&program, argc, argv);
}
