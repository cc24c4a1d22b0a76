#include "tests/power/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "tests/power/folder.h"

/* --- looking --------------------------------------------------------------------------- */

static struct tree_file *file_of(struct tree *t, ino_t ino)
{
	for (size_t i = 0; i < t->file_count; i++)
		if (t->files[i].ino == ino)
			return &t->files[i];
	return NULL;
}

static void meet(struct tree *t, ino_t ino, const char *path)
{
	struct tree_file *f;

	if (file_of(t, ino) != NULL)
		return;
	assert_true(t->file_count < TREE_FILES);
	f = &t->files[t->file_count++];
	*f = (struct tree_file){ .ino = ino, .fd = open(path, O_RDONLY | O_CLOEXEC) };
	assert_true(f->fd >= 0);
}

/* Folders stand before what is in them. */
static void scan(struct tree *t, const char *below)
{
	char path[2 * TREE_PATH], full[4 * TREE_PATH];
	const struct dirent *e;
	struct stat st;
	DIR *d;

	snprintf(full, sizeof(full), "%s/%s", t->root, below);
	d = opendir(full);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		struct tree_name *n = &t->now.list[t->now.n];

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s%s%.90s", below, below[0] != '\0' ? "/" : "",
			 e->d_name);
		snprintf(full, sizeof(full), "%s/%s", t->root, path);
		assert_true(strlen(path) < TREE_PATH && t->now.n < TREE_NAMES);
		assert_int_equal(stat(full, &st), 0);
		memcpy(n->path, path, strlen(path) + 1);
		n->ino = st.st_ino;
		n->folder = S_ISDIR(st.st_mode);
		t->now.n++;
		if (n->folder)
			scan(t, n->path);
		else
			meet(t, st.st_ino, full);
	}
	closedir(d);
}

static void look_around(struct tree *t)
{
	t->now.n = 0;
	scan(t, "");
}

static void read_file(struct tree_file *f, uint8_t **bytes, size_t *len)
{
	struct stat st;

	assert_int_equal(fstat(f->fd, &st), 0);
	*len = (size_t)st.st_size;
	*bytes = malloc(*len + 1);
	assert_non_null(*bytes);
	assert_int_equal(pread(f->fd, *bytes, *len, 0), *len);
}

/* --- what a sync makes safe -------------------------------------------------------------- */

static void file_is_safe(struct tree_file *f)
{
	free(f->bytes);
	read_file(f, &f->bytes, &f->len);
	f->synced = true;
}

/* Its length without the last part; 0: below the root. */
static size_t parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? (size_t)(slash - path) : 0;
}

static bool is_in(const char *path, const char *folder)
{
	return parent(path) == strlen(folder) && strncmp(path, folder, parent(path)) == 0;
}

static struct tree_name *find(struct tree_names *names, const char *path)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->list[i].path, path) == 0)
			return &names->list[i];
	return NULL;
}

/* The names in this folder are on the disk as they are. */
static void folder_is_safe(struct tree *t, const char *folder)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->safe.n; i++)
		if (!is_in(t->safe.list[i].path, folder))
			t->safe.list[kept++] = t->safe.list[i];
	t->safe.n = kept;
	for (size_t i = 0; i < t->now.n; i++)
		if (is_in(t->now.list[i].path, folder)) {
			assert_true(t->safe.n < TREE_NAMES);
			t->safe.list[t->safe.n++] = t->now.list[i];
		}
}

static void synced(struct tree *t, int fd)
{
	char link[40], path[2 * TREE_PATH] = "";
	struct stat st;
	ssize_t n;

	look_around(t);
	assert_int_equal(fstat(fd, &st), 0);
	if (!S_ISDIR(st.st_mode)) {
		assert_non_null(file_of(t, st.st_ino));
		file_is_safe(file_of(t, st.st_ino));
		return;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	assert_true(n > 0 && strncmp(path, t->root, strlen(t->root)) == 0);
	path[n] = '\0';
	folder_is_safe(t, path[strlen(t->root)] == '/' ? path + strlen(t->root) + 1 : "");
}

#define TREE_RANDOM 8u /* outcomes at random of each cut, with t->all */

/* --- outcomes ---------------------------------------------------------------------------- */

/* A name that may be as it was or as it is. */
struct change {
	const struct tree_name *before, *after; /* NULL: none */
	bool kept; /* it has reached the disk */
	unsigned part; /* halves of the file that have, if it was not synced */
};

struct outcome {
	struct change changes[2 * TREE_NAMES];
	size_t n;
	bool unsynced; /* a file is, so that `part` matters */
};

static void put(struct tree *t, const struct tree_name *n, unsigned part)
{
	char path[4 * TREE_PATH];
	struct tree_file *f = n->folder ? NULL : file_of(t, n->ino);
	uint8_t *now = NULL;
	struct sj_span bytes;
	size_t len = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", t->cut, n->path);
	if (n->folder) {
		(void)mkdir(path, 0755); /* if the folder above is there */
		return;
	}
	assert_non_null(f);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	bytes = sj_span(f->bytes, f->len);
	if (!f->synced) {
		read_file(f, &now, &len);
		bytes = sj_span(now, len * part / 2);
	}
	assert_int_equal(write(fd, bytes.ptr, bytes.len), bytes.len);
	close(fd);
	free(now);
}

/* Changes that are kept have reached the disk, and of unsynced files their part. */
static void try(struct tree *t, const struct outcome *o, bool done)
{
	(void)cli_tree_remove(t->cut);
	assert_int_equal(mkdir(t->cut, 0755), 0);
	for (size_t pass = 0; pass < 2; pass++) /* folders first */
		for (size_t i = 0; i < o->n; i++) {
			const struct change *c = &o->changes[i];
			const struct tree_name *n = c->kept ? c->after : c->before;

			if (n != NULL && n->folder == (pass == 0))
				put(t, n, c->part);
		}
	t->cuts++;
	t->look(t->self, done);
}

/* All changes or none, but for one (o->n: no exception), every file so far. */
static void try_alike(struct tree *t, struct outcome *o, bool kept, size_t one, unsigned part,
		      bool done)
{
	for (size_t i = 0; i < o->n; i++) {
		o->changes[i].kept = (i == one) != kept;
		o->changes[i].part = part;
	}
	try(t, o, done);
}

static unsigned draw(struct tree *t, unsigned below)
{
	t->seed = t->seed * 1664525u + 1013904223u;
	return (t->seed >> 8) % below;
}

/* Any of the changes, any part of each file. */
static void try_random(struct tree *t, struct outcome *o, bool done)
{
	for (size_t i = 0; i < o->n; i++) {
		o->changes[i].kept = draw(t, 2) == 0;
		o->changes[i].part = draw(t, 3);
	}
	try(t, o, done);
}

static bool differs(const struct change *c)
{
	return c->before == NULL || c->after == NULL || c->before->ino != c->after->ino;
}

static bool is_unsynced(struct tree *t, const struct tree_name *n)
{
	return n != NULL && !n->folder && !file_of(t, n->ino)->synced;
}

static void collect(struct tree *t, struct outcome *o)
{
	o->n = 0;
	o->unsynced = false;
	for (size_t i = 0; i < t->now.n; i++)
		o->changes[o->n++] = (struct change){ .before = find(&t->safe, t->now.list[i].path),
						      .after = &t->now.list[i] };
	for (size_t i = 0; i < t->safe.n; i++)
		if (find(&t->now, t->safe.list[i].path) == NULL)
			o->changes[o->n++] = (struct change){ .before = &t->safe.list[i] };
	for (size_t i = 0; i < o->n; i++)
		o->unsynced |= is_unsynced(t, o->changes[i].after);
}

void tree_cut(struct tree *t, bool done)
{
	static struct outcome o;
	size_t changed = 0;

	look_around(t);
	collect(t, &o);
	for (size_t i = 0; i < o.n; i++)
		changed += differs(&o.changes[i]);
	for (unsigned part = o.unsynced ? 0 : 2; part <= 2; part++) {
		try_alike(t, &o, true, o.n, part, done);
		try_alike(t, &o, false, o.n, part, done);
		for (size_t i = 0; t->all && i < o.n; i++) {
			if (!differs(&o.changes[i]))
				continue;
			try_alike(t, &o, true, i, part, done);
			try_alike(t, &o, false, i, part, done);
		}
	}
	for (size_t i = 0; t->all && (changed > 1 || o.unsynced) && i < TREE_RANDOM; i++)
		try_random(t, &o, done);
}

/* --- the calls ------------------------------------------------------------------------------ */

static ssize_t tree_write(void *self, int fd, const void *bytes, size_t n)
{
	struct tree *t = self;
	const size_t half = n / 2;

	tree_cut(t, false);
	if (half > 0 && write(fd, bytes, half) == (ssize_t)half) {
		tree_cut(t, false);
		return (ssize_t)half + write(fd, (const uint8_t *)bytes + half, n - half);
	}
	return write(fd, bytes, n);
}

static int tree_fsync(void *self, int fd)
{
	tree_cut(self, false);
	synced(self, fd);
	return 0;
}

static int tree_rename(void *self, int dir, const char *from, const char *to)
{
	tree_cut(self, false);
	return renameat(dir, from, dir, to);
}

void tree_begin(struct tree *t, const char *root)
{
	snprintf(t->root, sizeof(t->root), "%s", root);
	folder_make(t->cut);
	assert_true(t->cut[0] != '\0');
	t->io = (struct sj_trust_io){ tree_write, tree_fsync, tree_rename, t };
	look_around(t);
	t->safe = t->now;
	for (size_t i = 0; i < t->file_count; i++)
		file_is_safe(&t->files[i]);
}

void tree_end(struct tree *t)
{
	for (size_t i = 0; i < t->file_count; i++) {
		close(t->files[i].fd);
		free(t->files[i].bytes);
	}
	t->file_count = 0;
	(void)cli_tree_remove(t->cut);
}
