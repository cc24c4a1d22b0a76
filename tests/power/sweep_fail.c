/*
 * sweep_fail.c -- a call of the store fails inside the card, at each call of every command.
 *
 * Before a command a process is split off that has card, session and terminal as they are, and a copy
 * of the card's file. A call fails in it, once or from then on, and what the card says and keeps is
 * judged there; then the disk works again, and so must the card.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/card_internal.h"
#include "host/store_internal.h"
#include "tests/power/sweep_taps.h"

#define TIMES_MAX 2u /* of a row that may be without calls at first */
#define SECONDS 120u /* a card that hangs is none that failed well */

__typeof__(card_transmit) __real_card_transmit;
__typeof__(card_settle) __real_card_settle;

static const struct disk_failure ways[] = {
	{ .error = EIO },
	{ .error = ENOSPC, .ever = true },
	{ .error = ENOSPC, .in_part = true },
	{ .error = EIO, .ever = true },
	{ .error = EINTR },
	{ .error = ENOSPC, .in_part = true, .ever = true },
	{ .error = ENOSPC },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* What a process that was split off tells. */
struct told {
	bool ended; /* as it had to */
	bool reached; /* the call that fails */
	bool met;
	bool good; /* the answer says that it was done */
	uint64_t changes; /* of what the card holds */
	unsigned long violations;
};

/* --- in the process that was split off ---------------------------------------------------------- */

/* The card's file is a copy from now on. */
static void go_aside(struct sweep *s)
{
	struct store_file *f = &s->b->store->file;
	const int fd = open(s->fail_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, s->disk.base, s->disk.base_len, 0), s->disk.base_len);
	assert_true(dup2(fd, f->fd) == f->fd);
	close(fd);
	f->path = strdup(s->fail_path);
	assert_non_null(f->path);
	snprintf(s->disk.path, sizeof(s->disk.path), "%s", s->fail_path);
}

/* What the file holds is what the card holds. */
static bool file_is_store(struct sweep *s)
{
	struct card_store *store = NULL;
	struct picture file, held;
	bool same;

	disk_settle(&s->disk);
	if (card_store_parse(sj_span(s->disk.base, s->disk.base_len), &store) != CARD_STORE_OK)
		return false;
	picture_take(&file, store);
	picture_take(&held, s->b->store);
	same = picture_same(&file, &held);
	picture_drop(&file);
	picture_drop(&held);
	card_store_close(store);
	return same;
}

/* The disk works again: so does the card, and nothing of the failure is left. */
static void go_on(struct sweep *s)
{
	struct card_store *store = s->b->store;

	s->disk.off = true;
	s->disk.failure = (struct disk_failure){ .at = 0 };
	if (!card_store_set(store, SWEEP_PROBE, SJ_SPAN_STR("on")) ||
	    card_store_commit(store) != CARD_STORE_OK)
		sweep_violated(s, s->disk.count, "the card does not go on after a failure");
	else if (!file_is_store(s))
		sweep_violated(s, s->disk.count, "the file is not what the card holds");
}

/* `sw` 0: nothing was answered, or nobody asked. */
static void judge(struct sweep *s, uint16_t sw, struct told *told)
{
	const struct picture *before = &s->states[0], *after;
	const bool refused = card_sw_is_error(sw) || (sw & 0xFF00) == SJ_SW_NO_INFORMATION;

	after = &s->states[sweep_state_now(s)];
	told->good = sw != 0 && !refused;
	told->changes = picture_changes(before, after);
	if (!told->met)
		return;
	if (refused && !picture_is_spent(before, after))
		sweep_violated(s, s->disk.count,
			       "refused, and more is changed than was to be spent");
	/* An error of the store says nothing of what is on the disk; every other answer does. */
	s->answered = sw != 0 && sw != SJ_SW_MEMORY_FAILURE && sw != SJ_SW_UNKNOWN;
	disk_cuts(&s->disk, s->disk.count, DISK_FEW, sweep_look, s);
	go_on(s);
}

static void run(struct sweep *s, struct card *card, struct sj_span command,
		const struct disk_failure *failure, struct told *told)
{
	static uint8_t response[SJ_APDU_RESPONSE_MAX];
	struct sj_response r = { .sw = 0 };
	size_t n = 0;

	(void)setenv("CMOCKA_TEST_ABORT", "1", 1);
	alarm(SECONDS);
	s->care = DISK_FEW;
	s->failing = FAIL_NONE;
	s->count->cuts = s->count->violations = 0;
	go_aside(s);
	s->disk.failure = *failure;
	s->open = true;
	s->answered = false;
	s->inner = 0;
	if (command.len > 0)
		n = __real_card_transmit(card, command, response);
	else
		__real_card_settle(card);
	s->open = false;
	s->failed = told->met = s->disk.failure.met > 0;
	told->reached = s->disk.failure.calls >= failure->at;
	s->disk.failure.at = 0;
	assert_true(n == 0 || sj_response_parse(sj_span(response, n), &r));
	if (s->guessing && !s->paid)
		sweep_violated(s, s->disk.count, "secrets were compared before a try was spent");
	if (n > 0)
		taps_note(s, r.data);
	judge(s, s->inner != 0 ? s->inner : r.sw, told);
	told->violations = s->count->violations;
	told->ended = true;
}

/* --- in the test ------------------------------------------------------------------------------------ */

static struct told split(struct sweep *s, struct card *card, struct sj_span command,
			 const struct disk_failure *failure)
{
	struct told *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct told told;
	pid_t pid;

	assert_true(shared != MAP_FAILED);
	fflush(stdout);
	fflush(stderr);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		run(s, card, command, failure, shared);
		fflush(stdout);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	told = *shared;
	munmap(shared, sizeof(*shared));
	return told;
}

/* One call fails; whether there was such a call. */
static bool try(struct sweep *s, struct card *card, struct sj_span command,
		const struct disk_failure *failure)
{
	const struct told told = split(s, card, command, failure);

	s->count->failures += told.met;
	s->count->violations += told.violations;
	if (!told.ended)
		sweep_violated(s, failure->at, "a failure ended the program");
	/* What says that it was done has done what it does without a failure. */
	if (told.met && told.good &&
	    split(s, card, command, &(struct disk_failure){ .at = 0 }).changes != told.changes)
		sweep_violated(s, failure->at,
			       "a failure, a good answer, and not all of it is there");
	if (told.violations > 0 || !told.ended)
		printf("#   call %u fails: %s%s%s\n", failure->at, strerror(failure->error),
		       failure->in_part ? ", in part" : "", failure->ever ? ", for ever" : "");
	return told.ended && told.reached;
}

/* Of this row: whether it has not been tried often enough; NULL: not worth it. */
static struct sweep_tried *tried_of(struct sweep *s, const struct card *card,
				    struct sj_span command)
{
	struct sweep_count *n = s->count;
	const struct card_command *row = command.len > 0 ? s->row : NULL;
	const bool is_select = command.len > 0 && s->is_select;
	size_t i = 0;

	for (size_t k = 0; row != NULL && k < card->applet_count; k++) {
		const struct card_applet *a = card->applets[k];

		if (row >= a->commands && row < a->commands + a->command_count &&
		    sweep_is_reader(a->name, row))
			return NULL;
	}
	while (i < n->tried_count && (n->tried[i].row != row || n->tried[i].is_select != is_select))
		i++;
	assert_true(i < SWEEP_ROWS);
	if (i == n->tried_count)
		n->tried[n->tried_count++] =
			(struct sweep_tried){ .row = row, .is_select = is_select };
	return &n->tried[i];
}

static void fail_each(struct sweep *s, struct card *card, struct sj_span command)
{
	for (size_t i = 0; i < WAYS; i++) {
		struct disk_failure failure = ways[i];

		for (failure.at = 1; try(s, card, command, &failure);)
			failure.at++;
	}
}

/* Of each row one of the first calls, in one way. */
static void fail_one(struct sweep *s, struct card *card, struct sj_span command)
{
	struct sweep_tried *tried = tried_of(s, card, command);
	struct disk_failure failure;

	if (tried == NULL || tried->done || tried->times++ >= TIMES_MAX)
		return;
	failure = ways[s->count->turn % WAYS];
	failure.at = 1 + s->count->turn++ % 2;
	tried->done = try(s, card, command, &failure);
}

void sweep_fail(struct sweep *s, struct card *card, struct sj_span command)
{
	if (s->failing == FAIL_ALL)
		fail_each(s, card, command);
	if (s->failing == FAIL_FEW)
		fail_one(s, card, command);
}
