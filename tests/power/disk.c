#include "tests/power/disk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SECTOR 512u
#define PENDING_MAX 8u

/* --- the calls ------------------------------------------------------------------------- */

/* The last one is overwritten by the next when nothing is written down. */
static struct disk_op *note(struct disk *d, enum disk_kind kind, unsigned file)
{
	struct disk_op *op = &d->ops[d->count];

	*op = (struct disk_op){ .kind = kind, .file = file };
	if (d->off)
		return op;
	d->count++;
	assert_true(d->count < DISK_OPS_MAX);
	if (kind == DISK_WRITE || kind == DISK_RENAME)
		op->state = d->state(d->self);
	return op;
}

/* Whether this call fails; *n: what a write takes of its bytes if it does not. */
static bool fails(struct disk *d, size_t *n)
{
	struct disk_failure *f = &d->failure;
	const unsigned call = ++f->calls;

	if (f->at == 0 || call < f->at || (call > f->at && !f->ever))
		return false;
	if (f->in_part && call == f->at) {
		f->met += n != NULL;
		if (n != NULL)
			*n /= 2;
		return n != NULL && *n == 0;
	}
	f->met++;
	errno = f->error;
	return true;
}

/* 0: the file that has the name now; 1: another one. */
static unsigned file_of(const struct disk *d, int fd)
{
	struct stat named, opened;

	assert_int_equal(fstat(fd, &opened), 0);
	return stat(d->path, &named) == 0 && named.st_ino == opened.st_ino ? 0 : 1;
}

static ssize_t disk_pwrite(void *self, int fd, const void *bytes, size_t n, off_t at)
{
	struct disk *d = self;
	struct disk_op *op;

	if (fails(d, &n))
		return -1;
	op = note(d, DISK_WRITE, file_of(d, fd));
	if (d->off)
		return pwrite(fd, bytes, n, at);
	op->at = (size_t)at;
	op->len = n;
	op->bytes = malloc(n + 1);
	assert_non_null(op->bytes);
	memcpy(op->bytes, bytes, n);
	return pwrite(fd, bytes, n, at);
}

static int disk_fdatasync(void *self, int fd)
{
	struct stat st;

	if (fails(self, NULL))
		return -1;
	assert_int_equal(fstat(fd, &st), 0);
	if (S_ISDIR(st.st_mode))
		note(self, DISK_SYNC_FOLDER, 0);
	else
		note(self, DISK_SYNC, file_of(self, fd));
	return 0;
}

static int disk_ftruncate(void *self, int fd, off_t length)
{
	if (fails(self, NULL))
		return -1;
	note(self, DISK_CUT, file_of(self, fd))->at = (size_t)length;
	return ftruncate(fd, length);
}

static int disk_rename(void *self, const char *from, const char *to)
{
	if (fails(self, NULL))
		return -1;
	note(self, DISK_RENAME, 0);
	return rename(from, to);
}

/* --- beginning and end -------------------------------------------------------------------- */

static void forget(struct disk *d)
{
	for (size_t i = 0; i < d->count; i++)
		free(d->ops[i].bytes);
	d->count = 0;
	free(d->base);
	d->base = NULL;
}

void disk_settle(struct disk *d)
{
	FILE *f = fopen(d->path, "rb");
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	forget(d);
	d->base_len = (size_t)st.st_size;
	d->base = malloc(d->base_len + 1);
	assert_non_null(d->base);
	assert_int_equal(fread(d->base, 1, d->base_len, f), d->base_len);
	fclose(f);
}

void disk_begin(struct disk *d, const char *path)
{
	snprintf(d->path, sizeof(d->path), "%s", path);
	d->io = (struct card_store_io){ disk_pwrite, disk_fdatasync, disk_ftruncate, disk_rename };
	disk_settle(d);
}

void disk_begin_absent(struct disk *d, const char *path)
{
	snprintf(d->path, sizeof(d->path), "%s", path);
	d->io = (struct card_store_io){ disk_pwrite, disk_fdatasync, disk_ftruncate, disk_rename };
	d->base = (uint8_t *)strdup(DISK_ABSENT);
	assert_non_null(d->base);
	d->base_len = strlen(DISK_ABSENT);
}

void disk_linked(struct disk *d)
{
	note(d, DISK_RENAME, 0);
}

void disk_end(struct disk *d)
{
	forget(d);
}

/* --- what is safe and what is not ------------------------------------------------------------ */

struct file {
	uint8_t *bytes; /* that cannot be lost; owned */
	size_t len;
	unsigned safe, begun; /* states */
	const struct disk_op *pending[PENDING_MAX];
	size_t count;
};

/* The moment of a cut. */
struct moment {
	struct file named, fresh; /* what has the name, FILE.new */
	struct file former; /* had the name, if the rename may be lost */
	bool has_fresh, has_former;
};

static void apply(struct file *f, const struct disk_op *op)
{
	size_t end = op->at + op->len;

	if (op->kind == DISK_CUT || op->at > f->len)
		memset(f->bytes + (op->at < f->len ? op->at : f->len), 0,
		       op->at < f->len ? f->len - op->at : op->at - f->len);
	if (op->kind == DISK_CUT)
		f->len = op->at;
	if (op->len > 0)
		memcpy(f->bytes + op->at, op->bytes, op->len);
	if (op->kind == DISK_WRITE && end > f->len)
		f->len = end;
}

static void sync_one(struct file *f)
{
	for (size_t i = 0; i < f->count; i++)
		apply(f, f->pending[i]);
	f->count = 0;
	f->safe = f->begun;
}

static void change(struct file *f, const struct disk_op *op)
{
	assert_true(f->count < PENDING_MAX);
	f->pending[f->count++] = op;
	/* What is cut off goes back to what was safe. */
	f->begun = op->kind == DISK_WRITE ? op->state : f->safe;
}

static void take_name(struct moment *m)
{
	struct file spare = m->former;

	if (!m->has_former) /* else what is safe is still that */
		m->former = m->named;
	else
		spare = m->named;
	m->has_former = true;
	m->named = m->fresh;
	m->fresh = spare;
	m->has_fresh = false;
}

static void step(struct moment *m, const struct disk_op *op)
{
	struct file *f = op->file == 0 ? &m->named : &m->fresh;

	if (op->file != 0 && !m->has_fresh) {
		m->has_fresh = true;
		f->len = f->count = 0;
	}
	switch (op->kind) {
	case DISK_WRITE:
	case DISK_CUT:
		change(f, op);
		break;
	case DISK_SYNC:
		sync_one(f);
		break;
	case DISK_RENAME:
		take_name(m);
		break;
	case DISK_SYNC_FOLDER:
		m->has_former = false;
		break;
	}
}

/* No file here was ever longer. */
static uint8_t *new_image(const struct disk *d)
{
	size_t most = d->base_len;
	uint8_t *image;

	for (size_t i = 0; i < d->count; i++)
		if (d->ops[i].at + d->ops[i].len > most)
			most = d->ops[i].at + d->ops[i].len;
	image = malloc(most + 1);
	assert_non_null(image);
	return image;
}

static void moment_begin(struct moment *m, const struct disk *d, size_t position)
{
	*m = (struct moment){ .has_fresh = false };
	m->named.bytes = new_image(d);
	m->fresh.bytes = new_image(d);
	m->former.bytes = new_image(d);
	memcpy(m->named.bytes, d->base, d->base_len);
	m->named.len = d->base_len;
	for (size_t i = 0; i < position; i++)
		step(m, &d->ops[i]);
}

static void moment_end(struct moment *m)
{
	free(m->named.bytes);
	free(m->fresh.bytes);
	free(m->former.bytes);
}

bool disk_is_safe(const struct disk *d)
{
	struct moment m;
	bool safe;

	moment_begin(&m, d, d->count);
	safe = m.named.count == 0 && !m.has_former;
	moment_end(&m);
	return safe;
}

unsigned disk_safe_state(const struct disk *d)
{
	struct moment m;
	unsigned state;

	moment_begin(&m, d, d->count);
	state = m.has_former ? m.former.safe : m.named.safe;
	moment_end(&m);
	return state;
}

/* --- every outcome ---------------------------------------------------------------------------- */

struct cutting {
	const struct file *file;
	struct disk_outcome outcome;
	enum disk_care care;
	void (*take)(void *self, const struct disk_outcome *outcome);
	void *self;
	struct file cache; /* as the calls have left it so far */
	struct file made; /* as the disk has it */
};

/* Which sectors of a write are there, and how long the file became by it. */
struct tear {
	size_t from, to; /* sectors */
	bool without; /* all but these; else these alone */
	size_t grown; /* bytes of the write that count for the file's length */
};

static size_t sectors(const struct disk_op *op)
{
	return (op->at + op->len - 1) / SECTOR - op->at / SECTOR + 1;
}

/* Where sector i of the write begins in it; the last one's end is its length. */
static size_t sector_at(const struct disk_op *op, size_t i)
{
	size_t at = i == 0 ? 0 : (op->at / SECTOR + i) * SECTOR - op->at;

	return at < op->len ? at : op->len;
}

/* A sector reaches the disk as it stands in the cache, with what other writes have left in it. */
static void put_sector(struct cutting *c, size_t at)
{
	const size_t end = at + SECTOR < c->made.len ? at + SECTOR : c->made.len;

	if (at >= end)
		return;
	memset(c->made.bytes + at, 0, end - at);
	if (at < c->cache.len)
		memcpy(c->made.bytes + at, c->cache.bytes + at,
		       (end < c->cache.len ? end : c->cache.len) - at);
}

/* What of the call, which the cache has, the disk has too. */
static void lay(struct cutting *c, const struct disk_op *op, const struct tear *t)
{
	const size_t end = op->at + t->grown;

	if (op->kind == DISK_CUT) {
		apply(&c->made, op);
		return;
	}
	if (end > c->made.len) {
		memset(c->made.bytes + c->made.len, 0, end - c->made.len);
		c->made.len = end;
	}
	for (size_t i = 0; i < sectors(op); i++)
		if ((i >= t->from && i < t->to) != t->without)
			put_sector(c, (op->at / SECTOR + i) * SECTOR);
}

static void start(struct file *f, const struct file *from)
{
	memcpy(f->bytes, from->bytes, from->len);
	f->len = from->len;
}

/* Those of the pending calls whose bit is set in `kept`; number `which` is this one, so torn. */
static void give(struct cutting *c, unsigned kept, size_t which, const struct disk_op *changed,
		 const struct tear *t)
{
	const struct file *f = c->file;

	start(&c->cache, f);
	start(&c->made, f);
	for (size_t i = 0; i < f->count; i++) {
		const struct disk_op *op = i == which ? changed : f->pending[i];
		const struct tear whole = { 0, 0, true, op->len };

		apply(&c->cache, op);
		if ((kept >> i & 1) != 0)
			lay(c, op, i == which ? t : &whole);
	}
	c->outcome.image = sj_span(c->made.bytes, c->made.len);
	c->take(c->self, &c->outcome);
}

static void torn(struct cutting *c, unsigned kept, size_t which, struct tear t)
{
	give(c, kept, which, c->file->pending[which], &t);
}

/* It stopped after n bytes, and that is all there was of it. */
static void stopped(struct cutting *c, unsigned kept, size_t which, size_t n)
{
	struct disk_op part = *c->file->pending[which];

	if (which != c->file->count - 1 || n == 0)
		return;
	part.len = n;
	give(c, kept, which, &part, &(struct tear){ 0, 0, true, n });
}

static void tear(struct cutting *c, unsigned kept, size_t which)
{
	const struct disk_op *op = c->file->pending[which];
	const size_t n = sectors(op), step = c->care == DISK_ALL || n < 4 ? 1 : n / 2;

	stopped(c, kept, which, op->len / 2);
	torn(c, kept, which, (struct tear){ 0, n, true, op->len });
	for (size_t i = 1; i < n; i += step) {
		torn(c, kept, which, (struct tear){ 0, i, false, op->len });
		torn(c, kept, which, (struct tear){ i, n, false, op->len });
		torn(c, kept, which, (struct tear){ 0, i, false, sector_at(op, i) });
		if (c->care == DISK_FEW || i == n - 1)
			continue;
		torn(c, kept, which, (struct tear){ i, i + 1, true, op->len });
		torn(c, kept, which, (struct tear){ i, i + 1, false, op->len });
	}
	if (c->care == DISK_FEW)
		return;
	stopped(c, kept, which, 1);
	stopped(c, kept, which, op->len - 1);
}

/* Each subset of what is pending, and each write of it torn. */
static void cut_file(struct cutting *c, const struct file *f)
{
	c->file = f;
	c->outcome.last = f->begun;
	for (size_t i = 0; i < f->count; i++)
		if (f->pending[i]->state > c->outcome.last)
			c->outcome.last = f->pending[i]->state;
	for (unsigned kept = 0; kept < 1u << f->count; kept++) {
		give(c, kept, f->count, NULL, NULL);
		for (size_t i = 0; i < f->count; i++)
			if ((kept >> i & 1) != 0 && f->pending[i]->kind == DISK_WRITE)
				tear(c, kept, i);
	}
}

void disk_cuts(const struct disk *d, size_t position, enum disk_care care,
	       void (*take)(void *self, const struct disk_outcome *outcome), void *self)
{
	struct moment m;
	struct cutting c = { .care = care, .take = take, .self = self };

	c.cache.bytes = new_image(d);
	c.made.bytes = new_image(d);
	moment_begin(&m, d, position);
	c.outcome.position = position;
	c.outcome.left_new = m.has_fresh;
	c.outcome.first = m.has_former ? m.former.safe : m.named.safe;
	cut_file(&c, &m.named);
	if (m.has_former)
		cut_file(&c, &m.former);
	moment_end(&m);
	free(c.cache.bytes);
	free(c.made.bytes);
}
