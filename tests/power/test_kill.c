/*
 * test_kill.c -- kill -9 of `sojourn card run` at random moments of
 * personalisation and use: the file opens, and shows the state before or
 * after the command under way.
 *
 * What a state is comes from two cards in this process that were given the
 * same commands: objects that differ between the two (keys made on the card)
 * are compared by size only.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/card.h"
#include "host/store.h"
#include "tests/card/rig_channel.h"
#include "wire/hex.h"

#define KILLS 200u
#define SEED 9303u
#define STEPS_MAX 40u
#define COMMAND_MAX 300u

/* --- what is sent ----------------------------------------------------------------- */

struct script {
	char lines[STEPS_MAX][2 * COMMAND_MAX];
	size_t count;
	unsigned block;
	uint8_t channels; /* opened so far: the card's challenges follow of their number */
	struct sj_scp03 channel;
};

static void add(struct script *s, const char *hex)
{
	assert_true(s->count < STEPS_MAX);
	snprintf(s->lines[s->count++], sizeof(s->lines[0]), "%s", hex);
}

/* One of the channel's; `plain` may be in its buffer. */
static void add_apdu(struct script *s, const struct sj_apdu *plain)
{
	uint8_t data[COMMAND_MAX], bytes[COMMAND_MAX];
	char text[2 * COMMAND_MAX];
	struct sj_writer w = SJ_WRITER_OF(data), out = SJ_WRITER_OF(bytes);
	struct sj_apdu wrapped;

	assert_true(sj_scp03_wrap(&s->channel, plain, &w, &wrapped));
	sj_apdu_put(&out, &wrapped);
	assert_true(!out.failed && sj_hex_text(sj_written(&out), SJ_HEX_UPPER, text, sizeof(text)));
	add(s, text);
}

static void add_secured(struct script *s, const char *hex)
{
	uint8_t bytes[COMMAND_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_apdu plain;

	assert_true(sj_hex_read(hex, strlen(hex), &w) && sj_apdu_parse(sj_written(&w), &plain));
	add_apdu(s, &plain);
}

/* Written before there is a card: with parameter i 70 what it will say can be foreseen. */
static void add_channel(struct script *s)
{
	static const uint8_t aid[] = { 0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00 };
	const struct sj_scp03_keys keys = rig_well_known();
	const struct sj_span host = rig_host_challenge();
	const uint8_t count[] = { 0, 0, ++s->channels };
	uint8_t challenge[SJ_SCP03_FULL], cryptogram[SJ_SCP03_FULL];
	const struct sj_span card = { challenge, host.len };
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0x82, .p1 = 0x03 };

	assert_true(sj_scp03_challenge(&keys, host.len, count, SJ_SPAN_OF(aid), challenge));
	assert_true(sj_scp03_begin(&s->channel, &keys, host.len, host, card));
	assert_true(sj_scp03_cryptogram(&s->channel, SJ_SCP03_HOST, host, card, cryptogram));
	add(s, "00A4040008A00000015100000000");
	add(s, "80503000081032547698BADCFE00");
	apdu.data = sj_span(cryptogram, host.len);
	add_apdu(s, &apdu);
	s->channel.level = apdu.p1;
}

/* STORE DATA with one data grouping (PERSO.md), short, with Le. */
static void add_grouping(struct script *s, const char *dgi, struct sj_span value)
{
	char line[2 * COMMAND_MAX], text[2 * 250 + 1];

	assert_true(sj_hex_text(value, SJ_HEX_UPPER, text, sizeof(text)));
	snprintf(line, sizeof(line), "80E209%02X%02zX%s%02zX%s00", s->block++, value.len + 3, dgi,
		 value.len, text);
	add_secured(s, line);
}

static void add_file(struct script *s, unsigned fid, const char *head_hex, size_t size)
{
	uint8_t value[240];

	for (size_t at = 0; at < size;) {
		struct sj_writer w = SJ_WRITER_OF(value);
		size_t n = size - at < 200 ? size - at : 200;

		sj_put_be(&w, 2, 0x0101);
		sj_put_be(&w, 2, fid);
		sj_put_be(&w, 3, (uint32_t)at);
		if (at == 0)
			assert_true(sj_hex_read(head_hex, strlen(head_hex), &w));
		while (w.len < n + 7)
			sj_put_u8(&w, (uint8_t)(fid + w.len));
		add_grouping(s, "0002", sj_written(&w));
		at += n;
	}
}

static void make_script(struct script *s)
{
	static const uint8_t access[] = "\x80\x01\x01\x82\x18L898902C<369080619406236";
	static const uint8_t ca[] = { 0x0C, 0x02, 0x00 }, aa[] = { 0x0C, 0x03 };

	add_channel(s);
	add_secured(s, "80E620000D000007A000000247100100000000");
	add_grouping(s, "0001", sj_span(access, sizeof(access) - 1));
	add_grouping(s, "0011", SJ_SPAN_OF(ca));
	add_grouping(s, "0012", SJ_SPAN_OF(aa));
	add_file(s, 0x011E, "60145F0104303130365F36063034303030305C026175", 22);
	add_file(s, 0x011D, "", 1000);
	add_file(s, 0x0101, "", 93);
	add_file(s, 0x0102, "", 1500);
	add_secured(s, "80F0800F"); /* inside a sequence: refused, changes nothing */
	add_channel(s);
	add_secured(s, "80F0800F");
	add(s, "00A4040C07A0000002471001");
	add(s, "0084000008");
	add(s, "0082000028"
	       "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
	       "28");
	add(s, "00B0000000");
}

/* --- what comes of it --------------------------------------------------------------- */

struct object {
	uint32_t id;
	size_t len;
	uint8_t *data;
};

#define OBJECTS_MAX 40u

/* A failure is stored before a guess is looked at, and is no state that a command leaves. */
#define FAILURES 0x100u
#define FAILURES_END 0x110u

/* The whole content of a store after some step. */
struct picture {
	struct object objects[OBJECTS_MAX];
	size_t count;
};

static void take_picture(const struct card_store *s, struct picture *p)
{
	uint32_t id = 0;
	struct sj_span value;

	for (p->count = 0; card_store_next(s, &id) && card_store_get(s, id, &value); id++) {
		struct object *o = &p->objects[p->count];

		if (id >= FAILURES && id < FAILURES_END)
			continue;
		p->count++;
		assert_true(p->count <= OBJECTS_MAX);
		*o = (struct object){ id, value.len, malloc(value.len + 1) };
		assert_non_null(o->data);
		if (value.len > 0)
			memcpy(o->data, value.ptr, value.len);
	}
}

static void drop_picture(struct picture *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->objects[i].data);
	p->count = 0;
}

/* The same, but for what differs between the two references. */
static bool agrees(const struct picture *p, const struct picture *one, const struct picture *two)
{
	if (p->count != one->count)
		return false;
	for (size_t i = 0; i < p->count; i++) {
		const struct object *a = &p->objects[i], *b = &one->objects[i],
				    *c = &two->objects[i];
		bool random = b->len == c->len && memcmp(b->data, c->data, b->len) != 0;

		if (a->id != b->id || a->len != b->len ||
		    (!random && memcmp(a->data, b->data, a->len) != 0))
			return false;
	}
	return true;
}

/* Pictures before the first command and after each. */
static void make_reference(const struct script *script, struct picture *pictures)
{
	static uint8_t response[SJ_APDU_RESPONSE_MAX];
	struct card_config config = { .interface = CARD_CONTACTLESS,
				      .clock = card_clock_system(),
				      .random = sj_random_system() };
	uint8_t bytes[COMMAND_MAX], atr[CARD_ATR_MAX];
	struct card *card;

	assert_int_equal(card_store_memory(&config.store), CARD_STORE_OK);
	card = card_new(&config);
	assert_non_null(card);
	assert_true(card_power_on(card, atr) > 0);
	take_picture(config.store, &pictures[0]);
	for (size_t i = 0; i < script->count; i++) {
		struct sj_writer w = SJ_WRITER_OF(bytes);

		assert_true(sj_hex_read(script->lines[i], strlen(script->lines[i]), &w));
		assert_true(card_transmit(card, sj_written(&w), response) >= 2);
		take_picture(config.store, &pictures[i + 1]);
	}
	assert_true(card_is_issued(card));
	card_free(card);
	card_store_close(config.store);
}

/* --- the card as a process -------------------------------------------------------------- */

struct run {
	pid_t pid;
	int in;
	FILE *out;
};

static void start(struct run *r, const char *file)
{
	const char *build = getenv("SOJOURN_BUILD");
	char program[512];
	int to[2], from[2];

	snprintf(program, sizeof(program), "%s/libexec/sojourn/sojourn-card",
		 build != NULL ? build : "build");
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (r->pid == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		execl(program, "sojourn", "card", "run", file, "--link", "stdio", NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	r->in = to[1];
	r->out = fdopen(from[0], "r");
	assert_non_null(r->out);
}

static void send_line(struct run *r, const char *line)
{
	assert_int_equal(write(r->in, line, strlen(line)), strlen(line));
	assert_int_equal(write(r->in, "\n", 1), 1);
}

static void await_line(struct run *r)
{
	static char line[4096];

	assert_non_null(fgets(line, sizeof(line), r->out));
	assert_true(line[0] != 'e' && line[0] != 'o');
}

static int end(struct run *r, int signal)
{
	int status;

	kill(r->pid, signal);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	close(r->in);
	fclose(r->out);
	return status;
}

static void pause_us(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

/* --- the cases ---------------------------------------------------------------------------- */

struct room {
	char folder[64], file[96];
	struct script script;
	struct picture one[STEPS_MAX + 1], two[STEPS_MAX + 1];
};

static int setup(void **state)
{
	struct room *room = calloc(1, sizeof(*room));
	const char *tmp = getenv("TMPDIR");

	assert_non_null(room);
	snprintf(room->folder, sizeof(room->folder), "%s/sj-kill-XXXXXX",
		 tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(room->folder));
	snprintf(room->file, sizeof(room->file), "%s/card", room->folder);
	make_script(&room->script);
	make_reference(&room->script, room->one);
	make_reference(&room->script, room->two);
	signal(SIGPIPE, SIG_IGN);
	*state = room;
	return 0;
}

static int teardown(void **state)
{
	struct room *room = *state;

	for (size_t i = 0; i <= room->script.count; i++) {
		drop_picture(&room->one[i]);
		drop_picture(&room->two[i]);
	}
	unlink(room->file);
	rmdir(room->folder);
	free(room);
	return 0;
}

static void make_blank(const struct room *room)
{
	struct card_store *s;

	unlink(room->file);
	assert_int_equal(card_store_create(room->file, &s), CARD_STORE_OK);
	card_store_close(s);
}

enum found { NEITHER, BEFORE, AFTER };

/* Whether the file shows the state after `done` commands, or after one more. */
static enum found look(const struct room *room, size_t done)
{
	struct picture p;
	struct card_store *s;
	enum found found = NEITHER;

	assert_int_equal(card_store_open(room->file, &s), CARD_STORE_OK);
	take_picture(s, &p);
	if (agrees(&p, &room->one[done], &room->two[done]))
		found = BEFORE;
	else if (agrees(&p, &room->one[done + 1], &room->two[done + 1]))
		found = AFTER;
	drop_picture(&p);
	/* And it goes on. */
	assert_true(card_store_set(s, 0x7F000000u, SJ_SPAN_STR("on")));
	assert_int_equal(card_store_commit(s), CARD_STORE_OK);
	card_store_close(s);
	return found;
}

/* Kills up to `us` microseconds after command number `at` was sent. */
static enum found kill_at(const struct room *room, size_t at, long us)
{
	enum found found;
	struct run r;

	make_blank(room);
	start(&r, room->file);
	send_line(&r, "on");
	await_line(&r);
	for (size_t i = 0; i < at; i++) {
		send_line(&r, room->script.lines[i]);
		await_line(&r);
	}
	send_line(&r, room->script.lines[at]);
	pause_us(us);
	assert_true(WIFSIGNALED(end(&r, SIGKILL)));
	found = look(room, at);
	if (found == NEITHER)
		fail_msg("command %zu, %ld us: neither the state before nor after", at, us);
	return found;
}

static void killed_at_random_moments(void **state)
{
	const struct room *room = *state;
	unsigned seed = SEED, after = 0;

	printf("# seed %u, %u kills, %zu commands\n", seed, KILLS, room->script.count);
	for (unsigned i = 0; i < KILLS; i++) {
		size_t at = (size_t)rand_r(&seed) % room->script.count;

		after += kill_at(room, at, rand_r(&seed) % 3000) == AFTER;
	}
	printf("# %u had stored what they were killed at\n", after);
	assert_true(after > 0 && after < KILLS);
}

static void asked_to_end_it_ends_with_a_whole_file(void **state)
{
	const struct room *room = *state;
	struct run r;
	int status;

	make_blank(room);
	start(&r, room->file);
	send_line(&r, "on");
	await_line(&r);
	for (size_t i = 0; i < room->script.count; i++) {
		send_line(&r, room->script.lines[i]);
		await_line(&r);
	}
	status = end(&r, SIGTERM);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_not_equal(look(room, room->script.count - 1), NEITHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(killed_at_random_moments, setup, teardown),
		cmocka_unit_test_setup_teardown(asked_to_end_it_ends_with_a_whole_file, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
