#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/frame.h"

/* Reads fd to its end; *len is max + 1 when there is more. NULL: errno says why. */
static uint8_t *read_all(int fd, size_t max, size_t *len)
{
	size_t cap = 4096, n = 0;
	uint8_t *bytes = malloc(cap + 1), *more;

	if (bytes == NULL)
		return NULL;
	while (n <= max) {
		ssize_t got;

		if (n == cap) {
			more = realloc(bytes, cap * 2 + 1);
			if (more == NULL)
				goto fail;
			bytes = more;
			cap *= 2;
		}
		got = read(fd, bytes + n, cap - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			goto fail;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	bytes[n] = '\0';
	*len = n;
	return bytes;
fail:
	free(bytes);
	return NULL;
}

int cli_file_read(struct cli *cli, const char *path, size_t max, uint8_t **bytes, size_t *len)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	uint8_t *all = NULL;
	size_t n = 0;
	int rc = 0;

	if (fd >= 0)
		all = read_all(fd, max, &n);
	if (all == NULL) {
		rc = cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(errno));
	} else if (n > max) {
		rc = cli_fail(cli, SJ_INPUT_REFUSED, "%s: larger than %zu bytes", path, max);
		free(all);
	} else {
		*bytes = all;
		*len = n;
	}
	if (fd >= 0 && !standard)
		close(fd);
	return rc;
}

int cli_file_there(struct cli *cli, const char *path, bool *there)
{
	struct stat st;

	*there = lstat(path, &st) == 0;
	if (*there || errno == ENOENT || errno == ENOTDIR)
		return 0;
	return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(errno));
}

bool cli_write_all(int fd, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	while (len > 0) {
		ssize_t put = write(fd, p, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		p += put;
		len -= (size_t)put;
	}
	return true;
}

int cli_output_failed(struct cli *cli, const char *path)
{
	enum sj_rc rc = errno == EACCES || errno == EPERM ? SJ_FILE_PERMISSION : SJ_OUTPUT_FAILED;

	return cli_fail(cli, rc, "%s: %s", path, strerror(errno));
}

/* What failed before the end has left no errno. */
bool cli_stream_close(FILE *f)
{
	const bool lost = ferror(f) != 0;

	if (fclose(f) != 0)
		return false;
	errno = EIO;
	return !lost;
}

static int write_standard(struct cli *cli, const void *bytes, size_t len)
{
	if (fwrite(bytes, 1, len, cli->out) != len || fflush(cli->out) != 0)
		return cli_fail(cli, SJ_OUTPUT_FAILED, "standard output");
	return 0;
}

void cli_sync_folder(const char *path)
{
	char *folder = strdup(path);
	char *slash = folder != NULL ? strrchr(folder, '/') : NULL;
	int fd;

	if (slash != NULL)
		slash[slash == folder ? 1 : 0] = '\0';
	fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

/* A device or pipe cannot be replaced: it gets the bytes. */
static int write_through(struct cli *cli, const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY), rc = 0;

	if (fd < 0 || !cli_write_all(fd, bytes, len))
		rc = cli_output_failed(cli, path);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int replace(struct cli *cli, const char *path, const void *bytes, size_t len, unsigned mode)
{
	char *temporary = NULL;
	int fd = -1, rc = 0;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0 || fchmod(fd, (mode_t)mode) != 0 || !cli_write_all(fd, bytes, len) ||
	    fsync(fd) != 0 || rename(temporary, path) != 0) {
		rc = cli_output_failed(cli, path);
		if (fd >= 0)
			unlink(temporary);
	} else {
		cli_sync_folder(path);
	}
	if (fd >= 0)
		close(fd);
	free(temporary);
	return rc;
}

int cli_file_write(struct cli *cli, const char *path, const void *bytes, size_t len, unsigned mode)
{
	struct stat st;
	char *target;
	int rc;

	if (strcmp(path, "-") == 0)
		return write_standard(cli, bytes, len);
	if (stat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
			return write_through(cli, path, bytes, len);
	} else if (errno != ENOENT) {
		return cli_output_failed(cli, path);
	}
	/* Not the link is replaced, but what it leads to. */
	target = realpath(path, NULL);
	if (target == NULL && errno != ENOENT)
		return cli_output_failed(cli, path);
	rc = replace(cli, target != NULL ? target : path, bytes, len, mode);
	free(target);
	return rc;
}

int cli_directory_make(struct cli *cli, const char *path, unsigned mode)
{
	char *copy = strdup(path);
	int rc = 0;

	if (copy == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	for (char *p = copy + 1; copy[0] != '\0' && rc == 0; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, (mode_t)mode) != 0 && errno != EEXIST)
			rc = cli_output_failed(cli, copy);
		*p = c;
		if (c == '\0')
			break;
	}
	free(copy);
	return rc;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

void cli_tree_remove(const char *dir)
{
	nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
