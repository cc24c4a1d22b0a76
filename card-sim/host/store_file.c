/* store_file.c -- the card file: locking, appending, compaction. */
#include "host/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define GARBAGE_MIN 0x40000u /* 256 KiB: smaller files are not worth a new one */
#define NEW_SUFFIX ".new"

static ssize_t system_pwrite(void *self, int fd, const void *bytes, size_t n, off_t at)
{
	(void)self;
	return pwrite(fd, bytes, n, at);
}

static int system_fdatasync(void *self, int fd)
{
	(void)self;
	return fdatasync(fd);
}

static int system_ftruncate(void *self, int fd, off_t length)
{
	(void)self;
	return ftruncate(fd, length);
}

static int system_rename(void *self, const char *from, const char *to)
{
	(void)self;
	return rename(from, to);
}

static const struct card_store_io system_io = {
	.pwrite = system_pwrite,
	.fdatasync = system_fdatasync,
	.ftruncate = system_ftruncate,
	.rename = system_rename,
};

/* --- pieces --------------------------------------------------------------- */

static bool write_all(const struct store_file *f, int fd, struct sj_span bytes, uint64_t at)
{
	while (bytes.len > 0) {
		ssize_t n = f->io->pwrite(f->io_self, fd, bytes.ptr, bytes.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = EIO;
			return false;
		}
		bytes = sj_span(bytes.ptr + n, bytes.len - (size_t)n);
		at += (uint64_t)n;
	}
	return true;
}

static bool sync_file(const struct store_file *f, int fd)
{
	int rc;

	do
		rc = f->io->fdatasync(f->io_self, fd);
	while (rc != 0 && errno == EINTR);
	return rc == 0;
}

/* Makes the names in the file's directory durable. */
static bool sync_directory(const struct store_file *f)
{
	char *copy = strdup(f->path);
	int fd = -1;
	bool ok = false;

	if (copy != NULL)
		fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		ok = sync_file(f, fd);
	if (fd >= 0)
		close(fd);
	free(copy);
	return ok;
}

/* Locks what is open; the lock goes with the descriptor, also at kill -9. */
static enum card_store_rc lock(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return CARD_STORE_OK;
	return errno == EWOULDBLOCK ? CARD_STORE_BUSY : CARD_STORE_IO;
}

/* Is the name still this file's? It is not if it was written anew meanwhile. errno 0: only that. */
static bool is_current(const char *path, int fd)
{
	struct stat named, opened;

	errno = 0;
	return stat(path, &named) == 0 && fstat(fd, &opened) == 0 &&
	       named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

static char *new_path(const char *path)
{
	size_t size = strlen(path) + sizeof(NEW_SUFFIX);
	char *name = malloc(size);

	if (name != NULL)
		snprintf(name, size, "%s%s", path, NEW_SUFFIX);
	return name;
}

/*
 * Writes all objects to a locked file of that name (whoever left one there is
 * gone) and syncs it. The descriptor, or -1 with *rc and errno.
 */
static int write_image(const struct card_store *s, const char *name, uint64_t sequence,
		       struct store_log *log, enum card_store_rc *rc)
{
	const struct store_file *f = &s->file;
	size_t bound = store_image_bound(&s->table);
	uint8_t *image = malloc(bound);
	struct sj_writer w = sj_writer(image, bound);
	int fd = -1;

	*rc = CARD_STORE_NO_MEMORY;
	if (image == NULL || !store_put_image(&w, &s->table, sequence, log))
		goto out;
	*rc = CARD_STORE_IO;
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		goto out;
	*rc = lock(fd);
	if (*rc == CARD_STORE_OK &&
	    (fchmod(fd, 0600) != 0 || f->io->ftruncate(f->io_self, fd, 0) != 0 ||
	     !write_all(f, fd, sj_written(&w), 0) || !sync_file(f, fd)))
		*rc = CARD_STORE_IO;
	if (*rc != CARD_STORE_OK) {
		int error = errno;

		if (*rc != CARD_STORE_BUSY)
			unlink(name);
		close(fd);
		errno = error;
		fd = -1;
	}
out:
	store_free_bytes(image, w.len);
	return fd;
}

/* --- changing ------------------------------------------------------------- */

/*
 * Brings the file back to its last commit, for sure: else a cut could bring what was cut off back
 * behind what is written in its place.
 */
static void cut_tail(struct store_file *f)
{
	int error = errno;

	f->tail_dirty = f->io->ftruncate(f->io_self, f->fd, (off_t)f->log.length) != 0 ||
			!sync_file(f, f->fd);
	errno = error;
}

/*
 * At once: the kernel takes less only if it could not take the rest either, and after a cut between
 * two writes in one sector nobody could tell that from damage.
 */
static bool write_once(const struct store_file *f, struct sj_span bytes, uint64_t at)
{
	ssize_t n;

	do
		n = f->io->pwrite(f->io_self, f->fd, bytes.ptr, bytes.len, (off_t)at);
	while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n < bytes.len)
		errno = ENOSPC;
	return n >= 0 && (size_t)n == bytes.len;
}

enum card_store_rc store_append(struct card_store *s, struct sj_span record,
				const struct store_log *after)
{
	struct store_file *f = &s->file;

	if (after->length > STORE_FILE_MAX) {
		errno = EFBIG;
		return CARD_STORE_IO;
	}
	if (f->directory_dirty) {
		if (!sync_directory(f))
			return CARD_STORE_IO;
		f->directory_dirty = false;
	}
	if (f->tail_dirty)
		cut_tail(f);
	if (f->tail_dirty)
		return CARD_STORE_IO;
	if (!write_once(f, record, f->log.length) || !sync_file(f, f->fd)) {
		cut_tail(f);
		return CARD_STORE_IO;
	}
	f->log = *after;
	return CARD_STORE_OK;
}

/*
 * The new file is complete, durable and locked before it takes the name; a
 * crash leaves the one or the other.
 */
enum card_store_rc store_write_anew(struct card_store *s)
{
	struct store_file *f = &s->file;
	enum card_store_rc rc = CARD_STORE_NO_MEMORY;
	char *name = new_path(f->path);
	struct store_log log;
	int fd = -1, error;

	if (name != NULL)
		fd = write_image(s, name, f->log.sequence, &log, &rc);
	error = errno;
	if (fd >= 0 && f->io->rename(f->io_self, name, f->path) != 0) {
		error = errno;
		rc = CARD_STORE_IO;
		unlink(name);
		close(fd);
	} else if (fd >= 0) {
		close(f->fd);
		f->fd = fd;
		f->log = log;
		f->tail_dirty = false;
		f->directory_dirty = !sync_directory(f);
	}
	free(name);
	errno = error;
	return rc;
}

/* If it fails, the old file does. */
void store_compact_if_due(struct card_store *s)
{
	const uint64_t length = s->file.log.length;

	if (length >= GARBAGE_MIN && length / 2 >= store_image_bound(&s->table) &&
	    store_write_anew(s) != CARD_STORE_OK)
		return;
}

/* --- opening -------------------------------------------------------------- */

static struct card_store *file_store_new(const char *path, const struct card_store_io *io,
					 void *self)
{
	struct card_store *s = store_new();

	if (s == NULL)
		return NULL;
	s->file.io = io;
	s->file.io_self = self;
	s->file.path = strdup(path);
	if (s->file.path == NULL) {
		card_store_close(s);
		return NULL;
	}
	return s;
}

/* The file gets its name only when it is complete: link() never replaces one. */
static enum card_store_rc create_file(struct card_store *s)
{
	struct store_file *f = &s->file;
	char *name = new_path(f->path);
	enum card_store_rc rc = CARD_STORE_NO_MEMORY;
	int error;

	if (name == NULL)
		return rc;
	f->fd = write_image(s, name, 0, &f->log, &rc);
	if (f->fd < 0)
		goto out;
	rc = CARD_STORE_OK;
	if (link(name, f->path) != 0)
		rc = errno == EEXIST ? CARD_STORE_EXISTS : CARD_STORE_IO;
	error = errno;
	unlink(name);
	errno = error;
	if (rc == CARD_STORE_OK && !sync_directory(f)) {
		rc = CARD_STORE_IO;
		unlink(f->path);
	}
out:
	free(name);
	return rc;
}

enum card_store_rc card_store_keep_with(struct card_store *s, const char *path,
					const struct card_store_io *io, void *self)
{
	struct store_file f = { .io = io, .io_self = self, .fd = -1, .path = strdup(path) };
	enum card_store_rc rc = CARD_STORE_NO_MEMORY;
	int error;

	if (f.path == NULL)
		return rc;
	s->file = f;
	rc = access(path, F_OK) == 0 ? CARD_STORE_EXISTS : create_file(s);
	if (rc == CARD_STORE_OK)
		return rc;
	error = errno;
	store_file_close(&s->file);
	s->file = (struct store_file){ .fd = -1 };
	errno = error;
	return rc;
}

enum card_store_rc card_store_create_with(const char *path, const struct card_store_io *io,
					  void *self, struct card_store **out)
{
	struct card_store *s = store_new();
	enum card_store_rc rc;
	int error;

	if (s == NULL)
		return CARD_STORE_NO_MEMORY;
	rc = card_store_keep_with(s, path, io, self);
	if (rc == CARD_STORE_OK) {
		*out = s;
		return rc;
	}
	error = errno;
	card_store_close(s);
	errno = error;
	return rc;
}

/* Opens and locks the file that has the name now. */
static enum card_store_rc open_locked(struct store_file *f)
{
	enum card_store_rc rc;

	for (;;) {
		f->fd = open(f->path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (f->fd < 0)
			return CARD_STORE_IO;
		rc = lock(f->fd);
		if (rc != CARD_STORE_OK || is_current(f->path, f->fd))
			return rc;
		if (errno != 0 && errno != ENOENT)
			return CARD_STORE_IO;
		close(f->fd);
		f->fd = -1;
	}
}

static bool read_all(int fd, uint8_t *bytes, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = pread(fd, bytes + got, size - got, (off_t)got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = EIO;
			return false;
		}
		got += (size_t)n;
	}
	return true;
}

static enum card_store_rc load_file(struct card_store *s)
{
	enum card_store_rc rc = CARD_STORE_IO;
	uint8_t *image = NULL;
	size_t size = 0;
	struct stat st;

	if (fstat(s->file.fd, &st) != 0)
		return CARD_STORE_IO;
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)STORE_FILE_MAX)
		return CARD_STORE_NOT_A_CARD;
	size = (size_t)st.st_size;
	image = malloc(size == 0 ? 1 : size);
	if (image == NULL)
		return CARD_STORE_NO_MEMORY;
	if (read_all(s->file.fd, image, size))
		rc = store_load(s, sj_span(image, size));
	if (rc == CARD_STORE_OK)
		s->file.tail_dirty = s->file.log.length < size;
	store_free_bytes(image, size);
	return rc;
}

enum card_store_rc card_store_open_with(const char *path, const struct card_store_io *io,
					void *self, struct card_store **out)
{
	struct card_store *s = file_store_new(path, io, self);
	enum card_store_rc rc;
	int error;

	if (s == NULL)
		return CARD_STORE_NO_MEMORY;
	rc = open_locked(&s->file);
	if (rc == CARD_STORE_OK)
		rc = load_file(s);
	if (rc == CARD_STORE_OK) {
		*out = s;
		return rc;
	}
	error = errno;
	card_store_close(s);
	errno = error;
	return rc;
}

enum card_store_rc card_store_create(const char *path, struct card_store **out)
{
	return card_store_create_with(path, &system_io, NULL, out);
}

enum card_store_rc card_store_keep(struct card_store *s, const char *path)
{
	return card_store_keep_with(s, path, &system_io, NULL);
}

enum card_store_rc card_store_open(const char *path, struct card_store **out)
{
	return card_store_open_with(path, &system_io, NULL, out);
}

void store_file_close(struct store_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
}
