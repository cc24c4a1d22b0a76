/* turn.c -- a queue of processes: numbers from a shared counter, and a record lock on each. */
#include "reader/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/transport.h"

#define QUEUES 256u /* two readers that share one by chance only wait longer */
#define NUMBER_BITS 40 /* a thousand turns a second for 30 years */
#define STILL_MS 3000

/* --- the file ------------------------------------------------------------------------ */

static bool is_mine(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Where others may write, a file could be put there that is ours, and not for this. */
static int open_file(void)
{
	const char *base = secure_getenv("XDG_RUNTIME_DIR");
	int folder = base && base[0] == '/' ? open(base, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	int fd = -1;

	if (folder < 0)
		return -1;
	if (is_mine(folder, S_IFDIR))
		fd = openat(folder, "sojourn-turns",
			    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	close(folder);
	if (fd < 0)
		return -1;
	/* The memory is had now, or using it might end the program. */
	if (is_mine(fd, S_IFREG) &&
	    posix_fallocate(fd, 0, QUEUES * sizeof(struct sj_turn_queue)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Which queue is the reader's. */
static size_t find_queue(const char *service, const char *reader)
{
	uint64_t sum = SJ_FNV_BASIS;

	sum = sj_fnv(sum, sj_span((const uint8_t *)service, strlen(service) + 1));
	sum = sj_fnv(sum, sj_span((const uint8_t *)reader, strlen(reader)));
	return sum % QUEUES;
}

void sj_turn_open(struct sj_turn *t, const char *service, const char *reader)
{
	const size_t size = QUEUES * sizeof(*t->all);
	const size_t at = find_queue(service, reader);

	memset(t, 0, sizeof(*t));
	t->fd = open_file();
	if (t->fd < 0)
		return;
	t->all = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	if (t->all == MAP_FAILED) {
		close(t->fd);
		t->fd = -1;
		return;
	}
	t->queue = &t->all[at];
	t->base = (int64_t)at << NUMBER_BITS;
}

void sj_turn_close(struct sj_turn *t)
{
	sj_turn_end(t);
	if (t->fd < 0)
		return;
	munmap(t->all, QUEUES * sizeof(*t->all));
	close(t->fd);
	t->fd = -1;
}

/* --- the queue ------------------------------------------------------------------------ */

/*
 * Bytes `from` and up, `n` of them, 0: all, of the reader's part. The locks are the open file's:
 * a child of fork() keeps those that its parent had when it died.
 */
static bool lock(const struct sj_turn *t, short type, uint64_t from, uint64_t n)
{
	struct flock l = { .l_type = type,
			   .l_whence = SEEK_SET,
			   .l_start = t->base + (int64_t)from,
			   .l_len = n != 0 ? (int64_t)n : (int64_t)1 << NUMBER_BITS };

	return fcntl(t->fd, F_OFD_SETLK, &l) == 0;
}

static void draw(struct sj_turn *t)
{
	t->number = atomic_fetch_add(&t->queue->next, 1) & (((uint64_t)1 << NUMBER_BITS) - 1);
	t->drawn = true;
	t->seen = atomic_load(&t->queue->ended);
	t->since = sj_clock_ms();
}

/* One at a time: to the others of the queue, who passes by moves it. */
static bool stands_still(struct sj_turn *t)
{
	unsigned long long ended = atomic_load(&t->queue->ended);

	if (ended != t->seen) {
		t->seen = ended;
		t->since = sj_clock_ms();
		return false;
	}
	if (sj_clock_ms() - t->since <= STILL_MS ||
	    !atomic_compare_exchange_strong(&t->queue->ended, &ended, ended + 1))
		return false;
	t->seen = ended + 1;
	return true;
}

/* Those before do no more. */
static void pass_by(const struct sj_turn *t)
{
	unsigned long long first = atomic_load(&t->queue->first);

	if (first < t->number)
		(void)atomic_compare_exchange_strong(&t->queue->first, &first, t->number);
}

/* The own number and all before it that count; until then the own one, which those behind wait for. */
static bool lock_turn(struct sj_turn *t, short type, bool *passes)
{
	const uint64_t first = atomic_load(&t->queue->first);
	const uint64_t from = first < t->number ? first : t->number;
	bool own;

	*passes = false;
	if (lock(t, type, from, t->number - from + 1))
		return true;
	if (errno != EAGAIN && errno != EACCES) {
		sj_turn_close(t); /* there are no locks to be had */
		return false;
	}
	own = lock(t, type, t->number, 1);
	*passes = stands_still(t);
	if (*passes)
		pass_by(t);
	return *passes && own;
}

/* A turn was got: has anybody else had one, or may have one still, since the last one of this place? */
static bool others_between(struct sj_turn *t)
{
	const uint64_t last = t->last, ended = t->last_ended;

	t->last = t->number;
	t->last_ended = atomic_load(&t->queue->ended);
	return t->last != last + 1 || t->last_ended != ended + 1;
}

static bool over(const struct sj_turn *t)
{
	return sj_clock_ms() - t->since > SJ_TURN_MS;
}

bool sj_turn_is(struct sj_turn *t, bool alone)
{
	bool passes;

	if (t->fd < 0)
		return true;
	if (t->mine && (over(t) || (alone && !t->alone)))
		sj_turn_end(t);
	if (t->mine)
		return true;
	if (t->drawn && t->number < atomic_load(&t->queue->first))
		sj_turn_end(t); /* was passed by; who did that need not know of it any more */
	if (!t->drawn)
		draw(t);
	if (!lock_turn(t, alone ? F_WRLCK : F_RDLCK, &passes)) {
		t->others += passes;
		return passes || t->fd < 0; /* one behind has the turn, too, or there is no queue */
	}
	t->mine = true;
	t->others += others_between(t) || passes;
	t->alone = alone;
	t->since = sj_clock_ms();
	return true;
}

void sj_turn_end(struct sj_turn *t)
{
	if (t->fd < 0 || !t->drawn)
		return;
	/* Before the lock goes: who has the next turn counts it. */
	if (t->mine)
		atomic_fetch_add(&t->queue->ended, 1);
	(void)lock(t, F_UNLCK, 0, 0);
	t->drawn = t->mine = false;
}

unsigned sj_turn_idle(const struct sj_turn *t)
{
	if (!t->mine || over(t))
		return 0;
	return t->alone ? SJ_TURN_IDLE_MS : SJ_TURN_IDLE_SHARED_MS;
}
