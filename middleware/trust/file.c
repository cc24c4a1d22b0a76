/* file.c -- files of the trust store: whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt/memory.h"
#include "trust/store.h"

enum sj_rc sj_trust_errno(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
	case EROFS:
		return SJ_FILE_PERMISSION;
	case ENOMEM:
		return SJ_NO_MEMORY;
	default:
		return SJ_OUTPUT_FAILED;
	}
}

enum sj_rc sj_trust_unopened(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return SJ_TRUST_MISSING;
	case EACCES:
		return SJ_FILE_PERMISSION;
	case ENOMEM:
		return SJ_NO_MEMORY;
	default:
		return SJ_TRUST_UNREADABLE;
	}
}

/* Below a folder that is there: what stands in a folder's place is not missing. */
static enum sj_rc unopened_below(int error)
{
	return error == ENOTDIR ? SJ_TRUST_UNREADABLE : sj_trust_unopened(error);
}

enum sj_rc sj_trust_folder(int dir, const char *path, int *out)
{
	*out = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out >= 0 || errno == ENOENT ? SJ_OK : unopened_below(errno);
}

enum sj_rc sj_trust_there(int dir, const char *path, bool *there)
{
	struct stat st;

	*there = fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	return *there || errno == ENOENT ? SJ_OK : unopened_below(errno);
}

DIR *sj_trust_entries(int dir, const char *folder)
{
	int fd = openat(dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (stream == NULL && fd >= 0)
		close(fd);
	return stream;
}

static enum sj_rc read_all(int fd, size_t size, struct sj_trust_file *out)
{
	uint8_t *bytes = malloc(size + 1);
	size_t got = 0;

	if (!bytes) {
		sj_memory_note();
		return SJ_NO_MEMORY;
	}
	while (got < size) {
		ssize_t n = read(fd, bytes + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			free(bytes);
			return SJ_TRUST_UNREADABLE;
		}
		got += (size_t)n;
	}
	bytes[size] = 0;
	*out = (struct sj_trust_file){ bytes, size };
	return SJ_OK;
}

enum sj_rc sj_trust_read(int dir, const char *path, size_t max, struct sj_trust_file *out)
{
	enum sj_rc rc = SJ_TRUST_UNREADABLE;
	struct stat st;
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return unopened_below(errno);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0 &&
	    (size_t)st.st_size <= max)
		rc = read_all(fd, (size_t)st.st_size, out);
	close(fd);
	return rc;
}

/* "csca/x.cer" becomes "csca/.tmp-PID-x.cer". */
static bool temporary_name(const char *path, char *out, size_t cap)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	int n = snprintf(out, cap, "%.*s.tmp-%ld-%s", (int)(base - path), path, (long)getpid(),
			 base);

	return n > 0 && (size_t)n < cap;
}

static ssize_t system_write(void *self, int fd, const void *bytes, size_t n)
{
	(void)self;
	return write(fd, bytes, n);
}

static int system_fsync(void *self, int fd)
{
	(void)self;
	return fsync(fd);
}

static int system_rename(void *self, int dir, const char *from, const char *to)
{
	(void)self;
	return renameat(dir, from, dir, to);
}

struct sj_trust_io sj_trust_io_system(void)
{
	return (struct sj_trust_io){ system_write, system_fsync, system_rename, NULL };
}

void sj_trust_sweep(int dir)
{
	DIR *stream = sj_trust_entries(dir, ".");
	const struct dirent *entry;

	if (stream == NULL)
		return;
	while ((entry = readdir(stream)) != NULL)
		if (strncmp(entry->d_name, ".tmp-", 5) == 0)
			unlinkat(dirfd(stream), entry->d_name, 0);
	closedir(stream);
}

static bool write_all(const struct sj_trust_io *io, int fd, struct sj_span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = io->write(io->self, fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes.ptr += n;
		bytes.len -= (size_t)n;
	}
	return true;
}

enum sj_rc sj_trust_write(const struct sj_trust_io *io, int dir, const char *path,
			  struct sj_span bytes)
{
	char temporary[96];
	enum sj_rc rc;
	bool written;
	int fd;

	if (!temporary_name(path, temporary, sizeof(temporary)))
		return SJ_INTERNAL;
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return sj_trust_errno(errno);
	written = write_all(io, fd, bytes) && io->fsync(io->self, fd) == 0;
	rc = written ? SJ_OK : sj_trust_errno(errno);
	if (close(fd) != 0 && rc == SJ_OK)
		rc = sj_trust_errno(errno);
	if (rc == SJ_OK && io->rename(io->self, dir, temporary, path) != 0)
		rc = sj_trust_errno(errno);
	if (rc != SJ_OK)
		unlinkat(dir, temporary, 0);
	return rc;
}

enum sj_rc sj_trust_sync(const struct sj_trust_io *io, int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum sj_rc rc = SJ_OK;

	if (fd < 0)
		return sj_trust_errno(errno);
	if (io->fsync(io->self, fd) != 0)
		rc = sj_trust_errno(errno);
	close(fd);
	return rc;
}

enum sj_rc sj_trust_replace(const struct sj_trust_io *io, int dir, const char *name,
			    struct sj_span bytes)
{
	enum sj_rc rc = sj_trust_write(io, dir, name, bytes);

	return rc == SJ_OK ? sj_trust_sync(io, dir, ".") : rc;
}

enum sj_rc sj_trust_lock(int dir, int *out)
{
	/* Whoever may open it, for reading even, could keep it for ever. */
	int fd = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return sj_trust_errno(errno);
	while (flock(fd, LOCK_EX) != 0) {
		if (errno != EINTR) {
			enum sj_rc rc = sj_trust_errno(errno);

			close(fd);
			return rc;
		}
	}
	*out = fd;
	return SJ_OK;
}

void sj_trust_file_free(struct sj_trust_file *file)
{
	free(file->bytes);
	*file = (struct sj_trust_file){ NULL, 0 };
}
