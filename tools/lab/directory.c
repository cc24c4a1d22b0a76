#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/lab.h"

#define LOCK_NAME "lab.lock"

struct lab_path lab_path(const char *dir, const char *format, ...)
{
	struct lab_path path;
	va_list args;
	int n;

	n = snprintf(path.text, sizeof(path.text), "%s%s", dir, dir[0] != '\0' ? "/" : "");
	va_start(args, format);
	vsnprintf(path.text + n, sizeof(path.text) - (size_t)n, format, args);
	va_end(args);
	return path;
}

int lab_directory(struct cli *cli, char dir[static LAB_PATH_MAX])
{
	const char *asked = cli_value(cli, "dir"), *base = getenv("XDG_RUNTIME_DIR");
	char *cwd;
	int n;

	if (asked != NULL && asked[0] == '/') {
		n = snprintf(dir, LAB_PATH_MAX, "%s", asked);
	} else if (asked != NULL) {
		cwd = realpath(".", NULL);
		n = snprintf(dir, LAB_PATH_MAX, "%s/%s", cwd != NULL ? cwd : "", asked);
		free(cwd);
	} else if (base != NULL && base[0] == '/') {
		n = snprintf(dir, LAB_PATH_MAX, "%s/sojourn-lab", base);
	} else {
		n = snprintf(dir, LAB_PATH_MAX, "/tmp/sojourn-lab-%u", (unsigned)getuid());
	}
	if (n < 0 || n >= LAB_PATH_MAX)
		return cli_usage(cli, "%s...: the path must be shorter than %d bytes", dir,
				 LAB_PATH_MAX);
	if (strpbrk(dir, " \t\n\"#") != NULL)
		return cli_usage(cli, "%s: pcscd's configuration takes no blanks, quotes or '#'",
				 dir);
	return 0;
}

static bool is_empty(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	if (d == NULL)
		return false;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n <= 2;
}

/* Ours: a real directory of this user that nobody else can write. */
static bool is_own(const char *dir)
{
	struct stat st;

	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 022) == 0;
}

/* Removes all but the lock. */
static void clean(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    strcmp(e->d_name, LOCK_NAME) != 0)
			cli_tree_remove(lab_path(dir, "%s", e->d_name).text);
	}
	if (d != NULL)
		closedir(d);
}

pid_t lab_directory_keeper(const char *dir)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd, rc;

	if (!is_own(dir))
		return -1;
	fd = open(lab_path(dir, LOCK_NAME).text, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	rc = fcntl(fd, F_GETLK, &lock);
	close(fd);
	return rc == 0 && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

int lab_directory_take(struct lab *lab)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const char *dir = lab->dir;
	struct lab_path path = lab_path(dir, LOCK_NAME);
	bool there;
	int rc;

	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return cli_fail(lab->cli, SJ_OUTPUT_FAILED, "%s: %s", dir, strerror(errno));
	if (!is_own(dir))
		return cli_fail(lab->cli, SJ_INPUT_REFUSED, "%s is not a directory of yours alone",
				dir);
	rc = cli_file_there(lab->cli, path.text, &there);
	if (rc != 0)
		return rc;
	if (!there && !is_empty(dir))
		return cli_fail(lab->cli, SJ_INPUT_REFUSED,
				"%s is not empty and not a lab: it is left alone", dir);
	lab->lock = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lab->lock < 0)
		return cli_fail(lab->cli, SJ_OUTPUT_FAILED, "%s: %s", path.text, strerror(errno));
	if (fcntl(lab->lock, F_SETLK, &lock) != 0)
		return cli_fail(lab->cli, SJ_INPUT_REFUSED,
				"%s: a lab runs there; 'sojourn lab down' ends it", dir);
	clean(dir);
	return 0;
}
