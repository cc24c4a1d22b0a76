/* service.c -- doctor's look at the PC/SC service, the readers and who uses them. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/child.h"
#include "reader/reader.h"

#define DEFAULT_SOCKET "/run/pcscd/pcscd.comm"
#define LIST_TIMEOUT_MS 5000
#define USERS_MAX 1200

/* --- the service ------------------------------------------------------------------- */

static const char *socket_path(void)
{
	const char *path = getenv("PCSCLITE_CSOCK_NAME");

	return path ? path : DEFAULT_SOCKET;
}

/* 0, or the errno that says why the socket does not answer. */
static int knock(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd, why = 0;

	if (strlen(path) >= sizeof(at.sun_path))
		return ENAMETOOLONG;
	memcpy(at.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0)
		why = errno;
	close(fd);
	return why;
}

static void find_version(struct doctor *d)
{
	static const char *const paths[] = { "/usr/sbin/pcscd", "/usr/bin/pcscd", NULL };
	const struct cli_child child = CLI_CHILD_INIT;
	char *text = NULL;
	size_t len, i = 0;

	while (paths[i] && access(paths[i], X_OK) != 0)
		i++;
	if (paths[i]) {
		const char *const argv[] = { paths[i], "--version", NULL };

		(void)cli_child_capture(&child, argv, &text, &len);
	}
	if (text && text[0] != '\0') {
		text[strcspn(text, "\n")] = '\0';
		doctor_find(d, "service program", DOCTOR_OK, SJ_OK, "%s", text);
	} else {
		doctor_find(d, "service program", DOCTOR_WARN, SJ_NO_PCSCD,
			    "pcscd is not where it is looked for");
	}
	free(text);
}

bool doctor_service(struct doctor *d)
{
	const char *path = socket_path();
	int why = knock(path);

	find_version(d);
	if (why == 0) {
		doctor_find(d, "service", DOCTOR_OK, SJ_OK, "%s answers", path);
		return true;
	}
	doctor_find(d, "service", DOCTOR_FAIL,
		    why == EACCES || why == EPERM ? SJ_NOT_ALLOWED : SJ_NO_PCSCD, "%s: %s", path,
		    strerror(why));
	return false;
}

/* --- who else ------------------------------------------------------------------------ */

static bool maps_pcsclite(const char *pid)
{
	char path[64], line[512];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/maps", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, "/libpcsclite.so") != NULL;
	fclose(f);
	return found;
}

static void add_user(const char *pid, char *users, size_t size)
{
	char path[64], name[32] = "";
	size_t used = strlen(users);
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(name, sizeof(name), f) && name[0] != '\0') {
		name[strcspn(name, "\n")] = '\0';
		snprintf(users + used, size - used, "%s%s (%.20s)", used ? ", " : "", name, pid);
	}
	fclose(f);
}

/* Names of the processes, but this one, that use PC/SC; those of others may not be seen. */
static void list_users(char *users, size_t size)
{
	DIR *proc = opendir("/proc");
	const struct dirent *e;

	users[0] = '\0';
	while (proc && (e = readdir(proc)) != NULL) {
		if (isdigit((unsigned char)e->d_name[0]) &&
		    strtol(e->d_name, NULL, 10) != (long)getpid() && maps_pcsclite(e->d_name))
			add_user(e->d_name, users, size);
	}
	if (proc)
		closedir(proc);
}

/* --- readers ---------------------------------------------------------------------------- */

/*
 * ", APDUs of at most N bytes", if the driver tells. Ctrl-C gives up a driver
 * that hangs, and the look goes on; another one ends the program.
 */
static void apdu_text(struct sj_context *ctx, const char *reader, char *out, size_t size)
{
	size_t bytes = 0;
	enum sj_rc rc = sj_reader_apdu_max(ctx, reader, LIST_TIMEOUT_MS, &bytes);

	out[0] = '\0';
	if (rc == SJ_CANCELLED)
		sj_context_resume(ctx);
	else if (rc == SJ_OK && bytes > 0)
		snprintf(out, size, ", APDUs of at most %zu bytes", bytes);
	else if (rc == SJ_OK)
		snprintf(out, size, ", the driver tells no maximum APDU");
}

static void find_reader(struct doctor *d, struct sj_context *ctx, const struct sj_reader_info *info,
			const char *users)
{
	const char *who = users[0] != '\0' ? users : "a program of another user";
	char apdu[64];

	apdu_text(ctx, info->name, apdu, sizeof(apdu));

	if (info->exclusive)
		doctor_find(d, info->name, DOCTOR_WARN, SJ_READER_BUSY,
			    "a card that one program has alone: %s", who);
	else if (info->mute)
		doctor_find(d, info->name, DOCTOR_WARN, SJ_CARD_MUTE,
			    "a card that does not answer");
	else if (!info->card_present)
		doctor_find(d, info->name, DOCTOR_OK, SJ_OK, "no card%s", apdu);
	else if (info->in_use)
		doctor_find(d, info->name, DOCTOR_OK, SJ_OK, "a card, in use by: %s%s", who, apdu);
	else
		doctor_find(d, info->name, DOCTOR_OK, SJ_OK, "a card%s", apdu);
}

void doctor_readers(struct doctor *d, struct sj_context *ctx)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	struct sj_readers *list = NULL;
	char users[USERS_MAX];
	enum sj_rc rc = sj_readers_list(ctx, LIST_TIMEOUT_MS, &list);

	if (rc != SJ_OK) {
		doctor_find(d, "permission", DOCTOR_FAIL, rc, "%s", sj_strerror(rc));
		return;
	}
	doctor_find(d, "permission", DOCTOR_OK, SJ_OK, "this user may use readers");
	if (sj_readers_count(list) == 0)
		doctor_find(d, "readers", DOCTOR_FAIL, SJ_NO_READER, "none");
	list_users(users, sizeof(users));
	for (size_t i = 0; sj_readers_get(list, i, &info); i++)
		find_reader(d, ctx, &info, users);
	sj_readers_free(list);
}
