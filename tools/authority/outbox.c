#include "authority/outbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt/hash.h"
#include "wire/hex.h"

#define NAME_SIZE (2u * OUTBOX_HASH + 1u)

/* DIR/files/HH/HH..HH, to be freed; NULL: no memory, told. */
static char *path_of(const struct outbox *o, const uint8_t hash[static OUTBOX_HASH])
{
	char name[NAME_SIZE], *path;

	sj_hex_text(sj_span(hash, OUTBOX_HASH), SJ_HEX_LOWER, name, sizeof(name));
	if (asprintf(&path, "%s/files/%.2s/%s", o->dir, name, name) < 0) {
		cli_fail(o->cli, SJ_NO_MEMORY, NULL);
		return NULL;
	}
	return path;
}

int outbox_open(struct cli *cli, const char *dir, struct outbox *out)
{
	char *files;
	int rc;

	*out = (struct outbox){ .cli = cli, .dir = dir };
	if (asprintf(&files, "%s/files", dir) < 0)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = cli_directory_make(cli, files, 0755);
	free(files);
	return rc;
}

static bool hash_of(struct sj_span bytes, uint8_t hash[static OUTBOX_HASH])
{
	uint8_t full[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, &bytes, 1, full))
		return false;
	memcpy(hash, full, OUTBOX_HASH);
	return true;
}

int outbox_get(const struct outbox *o, const uint8_t hash[static OUTBOX_HASH], size_t max,
	       uint8_t **bytes, size_t *len)
{
	char *path = path_of(o, hash);
	uint8_t is[OUTBOX_HASH];
	bool there;
	int rc;

	*bytes = NULL;
	if (path == NULL)
		return cli_exit_code(o->cli);
	rc = cli_file_there(o->cli, path, &there);
	if (rc == 0 && there)
		rc = cli_file_read(o->cli, path, max, bytes, len);
	free(path);
	if (rc != 0 || *bytes == NULL)
		return rc;
	if (!hash_of(sj_span(*bytes, *len), is) || memcmp(is, hash, OUTBOX_HASH) != 0) {
		free(*bytes);
		*bytes = NULL;
	}
	return 0;
}

/* Its folder, then the file. */
static int write_file(struct outbox *o, const char *path, struct sj_span bytes)
{
	char *folder = strndup(path, strlen(path) - NAME_SIZE);
	int rc = folder == NULL ? cli_fail(o->cli, SJ_NO_MEMORY, NULL)
				: cli_directory_make(o->cli, folder, 0755);

	free(folder);
	return rc != 0 ? rc : cli_file_write(o->cli, path, bytes.ptr, bytes.len, 0644);
}

int outbox_put(struct outbox *o, struct sj_span bytes, uint8_t hash[static OUTBOX_HASH])
{
	uint8_t *have = NULL;
	char *path = NULL;
	size_t len = 0;
	int rc = hash_of(bytes, hash) ? 0 : cli_fail(o->cli, SJ_CRYPTO_FAILED, "hash");

	if (rc == 0)
		rc = outbox_get(o, hash, SIZE_MAX - 1, &have, &len);
	if (rc == 0 && have == NULL) {
		path = path_of(o, hash);
		rc = path == NULL ? cli_exit_code(o->cli) : write_file(o, path, bytes);
		o->added += bytes.len;
	}
	free(path);
	free(have);
	return rc;
}

int outbox_switch(struct outbox *o, struct sj_span manifest)
{
	char *path;
	int rc;

	if (asprintf(&path, "%s/latest", o->dir) < 0)
		return cli_fail(o->cli, SJ_NO_MEMORY, NULL);
	rc = cli_file_write(o->cli, path, manifest.ptr, manifest.len, 0644);
	free(path);
	return rc;
}

/* --- sweeping ------------------------------------------------------------------------ */

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, OUTBOX_HASH);
}

struct sweep {
	const uint8_t *kept;
	size_t n;
	int64_t before;
};

static bool is_kept(const struct sweep *s, const char *name)
{
	uint8_t hash[OUTBOX_HASH];
	struct sj_writer w = SJ_WRITER_OF(hash);

	return strlen(name) == NAME_SIZE - 1 && sj_hex_read(name, NAME_SIZE - 1, &w) &&
	       bsearch(hash, s->kept, s->n, OUTBOX_HASH, by_bytes) != NULL;
}

static void sweep_folder(const struct sweep *s, int parent, const char *name)
{
	const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (is_kept(s, entry->d_name))
			continue;
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_mtime < s->before)
			unlinkat(fd, entry->d_name, 0);
	}
	if (dir != NULL)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

void outbox_sweep(const struct outbox *o, uint8_t *kept, size_t n, int64_t before)
{
	const struct sweep s = { kept, n, before };
	DIR *files = NULL;
	struct dirent *entry;
	char *path;

	if (asprintf(&path, "%s/files", o->dir) < 0)
		return;
	qsort(kept, n, OUTBOX_HASH, by_bytes);
	files = opendir(path);
	while (files != NULL && (entry = readdir(files)) != NULL)
		if (strlen(entry->d_name) == 2 && entry->d_name[0] != '.')
			sweep_folder(&s, dirfd(files), entry->d_name);
	if (files != NULL)
		closedir(files);
	free(path);
}
