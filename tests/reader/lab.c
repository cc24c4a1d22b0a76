#include "tests/reader/lab.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- the service -------------------------------------------------------------- */

static int listen_on(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 1) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Two neighbouring ports that nobody uses now. */
static uint16_t free_ports(void)
{
	for (unsigned tries = 0; tries < 100; tries++) {
		uint16_t port =
			(uint16_t)(20000 + (unsigned)(getpid() * 7 + (int)tries * 31) % 12000);
		int a = listen_on(port), b = listen_on((uint16_t)(port + 1));

		if (a >= 0)
			close(a);
		if (b >= 0)
			close(b);
		if (a >= 0 && b >= 0)
			return port;
	}
	return 0;
}

static bool write_conf(const struct lab *lab, bool with_readers)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/conf/vpcd", lab->dir);
	if (!with_readers)
		return unlink(path) == 0 || access(path, F_OK) != 0;
	f = fopen(path, "w");
	if (!f)
		return false;
	fprintf(f,
		"FRIENDLYNAME \"Test PCD\"\nDEVICENAME /dev/null:%u\n"
		"LIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so\nCHANNELID %u\n",
		lab->port, lab->port);
	return fclose(f) == 0;
}

/*
 * The driver listens and the cards dial. The other way round, with "host:port",
 * the driver of vsmartcard-vpcd 3.3 aborts pcscd when no card is there.
 */
bool lab_init(struct lab *lab)
{
	char conf[96];

	memset(lab, 0, sizeof(*lab));
	snprintf(lab->dir, sizeof(lab->dir), "/tmp/sojourn-test-XXXXXX");
	if (!mkdtemp(lab->dir))
		return false;
	snprintf(lab->socket, sizeof(lab->socket), "%s/pcscd.comm", lab->dir);
	snprintf(conf, sizeof(conf), "%s/conf", lab->dir);
	lab->port = free_ports();
	/* libpcsclite reads it once a process. */
	setenv("PCSCLITE_CSOCK_NAME", lab->socket, 1);
	return lab->port != 0 && mkdir(conf, 0755) == 0;
}

int lab_bind(const struct lab *lab)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path, lab->socket, strlen(lab->socket) + 1);
	unlink(lab->socket);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 16) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static _Noreturn void become_pcscd(const struct lab *lab, int fd, const char *auto_exit)
{
	const char *more = auto_exit ? "--auto-exit" : NULL;
	char conf[96], pid[16], log[96];
	int out;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* it does not outlive a test that is killed */
	snprintf(conf, sizeof(conf), "%s/conf", lab->dir);
	snprintf(log, sizeof(log), "%s/log", lab->dir);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	if (auto_exit)
		setenv("LD_PRELOAD", auto_exit, 1);
	out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(out, 1);
	dup2(out, 2);
	if (fd == 3)
		fcntl(3, F_SETFD, 0);
	else
		dup2(fd, 3);
	execlp("pcscd", "pcscd", "--foreground", "-c", conf, more, (char *)NULL);
	execl("/usr/sbin/pcscd", "pcscd", "--foreground", "-c", conf, more, (char *)NULL);
	_exit(127);
}

bool lab_up(struct lab *lab, bool with_readers)
{
	int fd;

	if (!write_conf(lab, with_readers))
		return false;
	fd = lab_bind(lab);
	if (fd < 0)
		return false;
	lab->pcscd = fork();
	if (lab->pcscd == 0)
		become_pcscd(lab, fd, NULL);
	close(fd);
	return lab->pcscd > 0;
}

void lab_down(struct lab *lab, int how)
{
	if (lab->pcscd <= 0)
		return;
	kill(lab->pcscd, how);
	waitpid(lab->pcscd, NULL, 0);
	lab->pcscd = 0;
	unlink(lab->socket);
}

void lab_free(struct lab *lab)
{
	static const char *const files[] = { "conf/vpcd", "conf", "log", "pcscd.comm", "" };
	char path[128];

	lab_down(lab, SIGTERM);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", lab->dir, files[i]);
		remove(path);
	}
}

/* --- the service, kept ------------------------------------------------------------ */

static void *keep(void *arg)
{
	struct lab_keeper *k = arg;
	struct pollfd p = { .fd = k->fd, .events = POLLIN };
	pid_t pid;

	while (!k->stop) {
		if (poll(&p, 1, 20) <= 0)
			continue;
		pid = fork();
		if (pid == 0)
			become_pcscd(k->lab, k->fd, k->auto_exit);
		k->starts++;
		k->pcscd = pid;
		waitpid(pid, NULL, 0);
		k->pcscd = 0;
	}
	return NULL;
}

bool lab_keep(struct lab *lab, struct lab_keeper *keeper, const char *auto_exit)
{
	*keeper = (struct lab_keeper){ .lab = lab, .auto_exit = auto_exit };
	if (!write_conf(lab, true))
		return false;
	keeper->fd = lab_bind(lab);
	return keeper->fd >= 0 && pthread_create(&keeper->thread, NULL, keep, keeper) == 0;
}

void lab_keeper_kill(struct lab_keeper *keeper, int how)
{
	const struct timespec wait = { .tv_nsec = 1000000 };
	const pid_t pid = keeper->pcscd;

	if (pid <= 0)
		return;
	kill(pid, how);
	while (keeper->pcscd == pid)
		nanosleep(&wait, NULL);
}

void lab_keeper_end(struct lab_keeper *keeper)
{
	keeper->stop = true;
	lab_keeper_kill(keeper, SIGKILL);
	pthread_join(keeper->thread, NULL);
	close(keeper->fd);
	unlink(keeper->lab->socket);
}

/* --- cards ---------------------------------------------------------------------- */

enum { VPCD_OFF = 0, VPCD_ON = 1, VPCD_RESET = 2, VPCD_ATR = 4 };

/* Waits for `n` bytes; false: stopped or gone. */
static bool get(struct lab_card *c, uint8_t *to, size_t n)
{
	int one = 1;

	while (n > 0) {
		struct pollfd p = { .fd = c->connection, .events = POLLIN };
		ssize_t got;

		if (atomic_load(&c->stop))
			return false;
		if (poll(&p, 1, 20) <= 0)
			continue;
		got = recv(c->connection, to, n, 0);
		if (got <= 0)
			return false;
		/* Not sticky; without it each message costs 40 ms. */
		setsockopt(c->connection, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
		to += got;
		n -= (size_t)got;
	}
	return true;
}

static bool put(const struct lab_card *c, const uint8_t *bytes, size_t n)
{
	uint8_t message[80] = { (uint8_t)(n >> 8), (uint8_t)n };

	memcpy(message + 2, bytes, n);
	return send(c->connection, message, n + 2, MSG_NOSIGNAL) == (ssize_t)(n + 2);
}

static bool answer(struct lab_card *c, const uint8_t *command, size_t n)
{
	static const uint8_t atr[] = { 0x3B, 0x80, 0x80, 0x01, 0x01 };
	static const uint8_t noise[] = { 0xFF, 0xFF };
	static const uint8_t ok[] = { 0x90, 0x00 };
	unsigned delay = atomic_load(&c->delay_ms);

	if (n == 1 && command[0] == VPCD_ATR)
		return put(c, c->mute ? noise : atr, c->mute ? sizeof(noise) : sizeof(atr));
	if (n == 1)
		return true;
	atomic_fetch_add(&c->commands, 1);
	for (unsigned waited = 0; waited < delay && !atomic_load(&c->stop); waited += 10)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	return put(c, ok, sizeof(ok));
}

static void serve(struct lab_card *c)
{
	uint8_t head[2], command[600];

	while (get(c, head, 2)) {
		size_t n = (size_t)head[0] << 8 | head[1];

		if (n > sizeof(command) || !get(c, command, n) || !answer(c, command, n))
			return;
	}
}

static bool dial(struct lab_card *c)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(c->port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };

	c->connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(c->connection, (struct sockaddr *)&at, sizeof(at)) == 0)
		return true;
	close(c->connection);
	return false;
}

static void *card_thread(void *arg)
{
	struct lab_card *c = arg;

	while (!atomic_load(&c->stop)) {
		if (dial(c)) {
			serve(c);
			close(c->connection);
		}
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	return NULL;
}

bool lab_insert(const struct lab *lab, struct lab_card *card, unsigned slot)
{
	bool mute = card->mute;

	memset(card, 0, sizeof(*card));
	card->mute = mute;
	card->port = (uint16_t)(lab->port + slot);
	return pthread_create(&card->thread, NULL, card_thread, card) == 0;
}

void lab_remove(struct lab_card *card)
{
	atomic_store(&card->stop, true);
	pthread_join(card->thread, NULL);
}
