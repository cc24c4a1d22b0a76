#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lab/lab.h"

#define SOCKET_NAME "pcscd.comm"
#define CONFIGURATION "reader.conf.d"
#define DRIVER_MAX (1u << 20)

static const char *const drivers[] = {
	"/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
	"/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so",
};
static const char *const daemons[] = { "/usr/sbin/pcscd", "/sbin/pcscd", "/usr/local/sbin/pcscd" };

static const char *first_of(const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (access(paths[i], R_OK) == 0)
			return paths[i];
	}
	return NULL;
}

/*
 * One device with two slots a driver: it keeps its slots in variables of its
 * own, so that every device needs a copy of it.
 */
static int copy_driver(struct lab *lab, unsigned device, const uint8_t *driver, size_t len)
{
	return cli_file_write(lab->cli, lab_path(lab->dir, "vpcd-%u.so", device).text, driver, len,
			      0700);
}

static int copy_drivers(struct lab *lab)
{
	const char *path = first_of(drivers, sizeof(drivers) / sizeof(drivers[0]));
	uint8_t *driver = NULL;
	size_t len = 0;
	int rc;

	if (path == NULL)
		return cli_fail(lab->cli, SJ_NO_READER,
				"the virtual reader is not installed (package vsmartcard-vpcd)");
	rc = cli_file_read(lab->cli, path, DRIVER_MAX, &driver, &len);
	for (unsigned i = 0; rc == 0 && i < (lab->cards + 1) / 2; i++)
		rc = copy_driver(lab, i + 1, driver, len);
	free(driver);
	return rc;
}

/*
 * The driver listens and the card dials. The other way round (DEVICENAME
 * host:port) loses nothing in speed, but pcscd is aborted by the driver as
 * soon as one of the two slots has no card.
 */
static int write_configuration(struct lab *lab)
{
	struct lab_path folder = lab_path(lab->dir, CONFIGURATION);
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int rc;

	if (f == NULL)
		return cli_fail(lab->cli, SJ_NO_MEMORY, NULL);
	for (unsigned i = 0; i < (lab->cards + 1) / 2; i++)
		fprintf(f,
			"FRIENDLYNAME \"%s %u\"\nDEVICENAME /dev/null:%u\nLIBPATH %s\n"
			"CHANNELID %u\n\n",
			LAB_READER_NAME, i + 1, lab->port + 2 * i,
			lab_path(lab->dir, "vpcd-%u.so", i + 1).text, lab->port + 2 * i);
	if (fclose(f) != 0)
		rc = cli_fail(lab->cli, SJ_NO_MEMORY, NULL);
	else
		rc = cli_directory_make(lab->cli, folder.text, 0700);
	if (rc == 0)
		rc = cli_file_write(lab->cli, lab_path(folder.text, "vpcd").text, text, size, 0600);
	free(text);
	return rc;
}

/* --- starting -------------------------------------------------------------------------- */

/* pcscd takes its socket from whoever starts it: sd_listen_fds(3). */
#define LISTEN_FD 3

struct handover {
	int fd;
	pid_t keeper;
};

static bool hand_over(void *user)
{
	struct handover *h = user;
	const int *fd = &h->fd;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (!lab_follow(&h->keeper))
		return false;
	/* dup2() onto itself would leave it to be closed by exec. */
	if (*fd == LISTEN_FD && fcntl(LISTEN_FD, F_SETFD, 0) != 0)
		return false;
	if (*fd != LISTEN_FD && dup2(*fd, LISTEN_FD) < 0)
		return false;
	return setenv("LISTEN_PID", pid, 1) == 0 && setenv("LISTEN_FDS", "1", 1) == 0;
}

static int listen_on(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd;

	if (len >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	close(fd);
	return -1;
}

int lab_pcscd_start(struct lab *lab)
{
	const char *path = first_of(daemons, sizeof(daemons) / sizeof(daemons[0]));
	struct lab_path folder = lab_path(lab->dir, CONFIGURATION);
	const char *const argv[] = { path, "--foreground", "--config", folder.text, NULL };
	struct cli_child child = CLI_CHILD_INIT;
	struct handover h = { -1, getpid() };
	int log = -1, rc = 0;

	if (path == NULL)
		return cli_fail(lab->cli, SJ_NO_PCSCD, "pcscd is not installed (package pcscd)");
	if ((rc = copy_drivers(lab)) != 0 || (rc = write_configuration(lab)) != 0)
		return rc;
	log = open(lab_path(lab->dir, "pcscd.log").text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
		   0600);
	h.fd = listen_on(lab_path(lab->dir, SOCKET_NAME).text);
	if (h.fd >= 0 && log >= 0) {
		child.out = child.err = log;
		child.session = true;
		child.prepare = hand_over;
		child.user = &h;
		lab->pcscd = cli_child_start(&child, argv);
	}
	if (lab->pcscd <= 0)
		rc = cli_fail(lab->cli, SJ_NO_PCSCD, "%s: %s", path, strerror(errno));
	if (h.fd >= 0)
		close(h.fd);
	if (log >= 0)
		close(log);
	return rc;
}

void lab_pcscd_use(const char *dir)
{
	setenv("PCSCLITE_CSOCK_NAME", lab_path(dir, SOCKET_NAME).text, 1);
}
