#include "tests/pkcs11/stage.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pkcs11/state.h"

#define PATIENCE_MS 15000 /* a disk that others keep busy holds the service up for seconds */

static const char *build(void)
{
	const char *dir = getenv("SOJOURN_BUILD");

	return dir != NULL ? dir : "build";
}

static void run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static void read_line(const struct stage *s, const char *name, char *out, int cap)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->lab.dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(out, cap, f));
	fclose(f);
	out[strcspn(out, "\n")] = '\0';
}

bool stage_up(struct stage *s)
{
	memset(s->cards, 0, sizeof(s->cards));
	if (!lab_init(&s->lab) || !lab_up(&s->lab, true))
		return false;
	run("b=$(realpath %s) && SOJOURN_CONFIG=/dev/null STAGE=%s PIN=" STAGE_PIN " PUK=" STAGE_PUK
	    " PATH=$b/bin:$PATH bash -c '. tests/programs/stage.sh; "
	    "stage_issue '$b'/share/sojourn; echo $ADMIN > $STAGE/admin' > /dev/null 2>&1",
	    build(), s->lab.dir);
	run("cd %s && mv visitor.card key.card && sed -n 's/.*(CAN): //p' letter > can",
	    s->lab.dir);
	read_line(s, "admin", s->admin, sizeof(s->admin));
	read_line(s, "can", s->can, sizeof(s->can));
	run("%s/bin/sojourn card new %s/blank.card > /dev/null 2>&1", build(), s->lab.dir);
	setenv("XDG_CACHE_HOME", s->lab.dir, 1);
	setenv("XDG_STATE_HOME", s->lab.dir, 1);
	return setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1) == 0;
}

void stage_down(struct stage *s)
{
	stage_remove(s, 0);
	stage_remove(s, 1);
	lab_down(&s->lab, SIGKILL);
	run("rm -r %s", s->lab.dir);
}

const char *stage_write(struct stage *s, const char *name, const char *text, int mode)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->lab.dir, name);
	f = fopen(path, "w");
	if (f == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, (mode_t)mode), 0);
	return path;
}

/* pcscd asks the reader for its card now and then. */
static void await(unsigned reader, bool present)
{
	struct sj_context *ctx;
	struct sj_readers *list;
	struct sj_reader_info info = { .size = sizeof(info) };
	bool seen = !present;

	assert_int_equal(sj_context_new(&ctx), SJ_OK);
	for (int i = 0; i < 400 && seen != present; i++) {
		assert_int_equal(sj_readers_list(ctx, PATIENCE_MS, &list), SJ_OK);
		if (sj_readers_get(list, reader, &info))
			seen = info.card_present;
		sj_readers_free(list);
		usleep(10000);
	}
	sj_context_free(ctx);
	assert_int_equal(seen, present);
}

void stage_insert_again(struct stage *s, unsigned reader, const char *interface)
{
	char program[256], path[128], port[8];
	pid_t pid;

	snprintf(program, sizeof(program), "%s/bin/sojourn", build());
	snprintf(path, sizeof(path), "%s/%u.card", s->lab.dir, reader);
	snprintf(port, sizeof(port), "%u", s->lab.port + reader);
	pid = fork();
	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(127);
		execl(program, program, "card", "run", path, "-i", interface, "-p", port,
		      (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	s->cards[reader] = pid;
	await(reader, true);
}

void stage_insert(struct stage *s, unsigned reader, const char *interface, bool blank)
{
	run("cp %s/%s.card %s/%u.card", s->lab.dir, blank ? "blank" : "key", s->lab.dir, reader);
	stage_insert_again(s, reader, interface);
}

void stage_remove(struct stage *s, unsigned reader)
{
	if (s->cards[reader] == 0)
		return;
	kill(s->cards[reader], SIGTERM);
	waitpid(s->cards[reader], NULL, 0);
	s->cards[reader] = 0;
	await(reader, false);
}

unsigned stage_commands(CK_SLOT_ID id)
{
	struct p11_module *m;
	struct p11_slot *slot;
	unsigned n;

	assert_int_equal(p11_enter(&m), CKR_OK);
	slot = p11_slot_find(m, id);
	assert_non_null(slot);
	assert_non_null(slot->token);
	n = sj_piv_commands(p11_card_piv(slot->token));
	p11_leave(m);
	return n;
}
