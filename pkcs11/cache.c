/* cache.c -- the files of kept.h: where they are, how they are replaced, how many stay. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kept.h"
#include "wire/hex.h"

#define FILE_MAX_BYTES (512u * 1024u)
#define NAME_SIZE (2 * SJ_PIV_GUID)

void p11_make_folders(char *path)
{
	for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(path, 0700);
		*at = '/';
	}
	(void)mkdir(path, 0700);
}

/* The folder, made if need be; -1: none. */
static int open_folder(const struct p11_config *c, bool make)
{
	const char *base = secure_getenv("XDG_CACHE_HOME"), *home = secure_getenv("HOME");
	char *path = NULL;
	int n, fd;

	if (c->cache_folder != NULL)
		n = asprintf(&path, "%s", c->cache_folder);
	else if (base != NULL && base[0] == '/')
		n = asprintf(&path, "%s/sojourn/pkcs11", base);
	else if (home != NULL && home[0] == '/')
		n = asprintf(&path, "%s/.cache/sojourn/pkcs11", home);
	else
		return -1;
	if (n < 0)
		return -1;
	if (make)
		p11_make_folders(path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(path);
	return fd;
}

static void file_name(const uint8_t guid[static SJ_PIV_GUID], char name[static NAME_SIZE + 1])
{
	sj_hex_text(sj_span(guid, SJ_PIV_GUID), SJ_HEX_LOWER, name, NAME_SIZE + 1);
}

/* --- reading --------------------------------------------------------------------------- */

static bool read_all(int fd, uint8_t *out, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, out, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		out += n;
		len -= (size_t)n;
	}
	return true;
}

/* Ours alone: what somebody else wrote, or could have, may be about another key. */
static bool is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	       (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* A plain file of a size that we would have written. */
static uint8_t *read_file(int folder, const char *name, size_t *len)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t *bytes = NULL;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && is_ours(&st) && st.st_size > 0 &&
	    st.st_size <= (off_t)FILE_MAX_BYTES) {
		*len = (size_t)st.st_size;
		bytes = malloc(*len);
		if (bytes != NULL && !read_all(fd, bytes, *len)) {
			free(bytes);
			bytes = NULL;
		}
	}
	close(fd);
	return bytes;
}

void p11_cache_load(const struct p11_config *c, const uint8_t guid[static SJ_PIV_GUID],
		    const uint8_t content[static SJ_PIV_CONTENT], struct p11_kept **list)
{
	int folder = c->no_cache ? -1 : open_folder(c, false);
	char name[NAME_SIZE + 1];
	uint8_t *bytes;
	size_t len = 0;

	if (folder < 0)
		return;
	file_name(guid, name);
	bytes = read_file(folder, name, &len);
	if (bytes != NULL && !p11_cache_read(sj_span(bytes, len), guid, content, list))
		p11_kept_free(list);
	free(bytes);
	close(folder);
}

/* --- writing --------------------------------------------------------------------------- */

static bool write_all(int fd, struct sj_span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes = sj_span(bytes.ptr + n, bytes.len - (size_t)n);
	}
	return true;
}

/* Readers see the old file or the new one. No fsync: a file that is not whole is not used. */
static bool replace_file(int folder, const char *name, struct sj_span bytes)
{
	char fresh[NAME_SIZE + 32];
	bool fine;
	int fd;

	snprintf(fresh, sizeof(fresh), ".%s.%ld", name, (long)getpid());
	fd = openat(folder, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	fine = write_all(fd, bytes);
	fine = close(fd) == 0 && fine;
	fine = fine && renameat(folder, fresh, folder, name) == 0;
	if (!fine)
		(void)unlinkat(folder, fresh, 0);
	return fine;
}

/* Counts the files and names the oldest. */
static size_t oldest(DIR *dir, char name[static NAME_SIZE + 1])
{
	const struct dirent *d;
	struct timespec age = { 0 };
	struct stat st;
	size_t n = 0;

	rewinddir(dir);
	while ((d = readdir(dir)) != NULL) {
		if (strlen(d->d_name) != NAME_SIZE ||
		    fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (n == 0 || st.st_mtim.tv_sec < age.tv_sec ||
		    (st.st_mtim.tv_sec == age.tv_sec && st.st_mtim.tv_nsec < age.tv_nsec)) {
			age = st.st_mtim;
			memcpy(name, d->d_name, NAME_SIZE + 1);
		}
		n++;
	}
	return n;
}

/* Takes the folder's descriptor. */
static void keep_few(int folder, size_t max)
{
	char name[NAME_SIZE + 1];
	DIR *dir = fdopendir(folder);

	if (dir == NULL) {
		close(folder);
		return;
	}
	while (oldest(dir, name) > max && unlinkat(folder, name, 0) == 0)
		;
	closedir(dir);
}

bool p11_cache_save(const struct p11_config *c, const uint8_t guid[static SJ_PIV_GUID],
		    const uint8_t content[static SJ_PIV_CONTENT], const struct p11_kept *list)
{
	int folder = c->no_cache ? -1 : open_folder(c, true);
	char name[NAME_SIZE + 1];
	struct sj_writer w;
	bool fine;

	if (folder < 0)
		return false;
	w = sj_writer(malloc(FILE_MAX_BYTES), FILE_MAX_BYTES);
	if (w.ptr == NULL) {
		close(folder);
		return false;
	}
	p11_cache_put(&w, guid, content, list);
	file_name(guid, name);
	fine = !w.failed && replace_file(folder, name, sj_written(&w));
	free(w.ptr);
	keep_few(folder, c->cache_max);
	return fine;
}
