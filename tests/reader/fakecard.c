#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/reader/fakecard.h"
#include "wire/hex.h"

static void put_hex(struct sj_writer *w, const char *hex)
{
	assert_true(sj_hex_read(hex, strlen(hex), w));
}

static enum sj_rc fake_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	struct fake_card *f = (struct fake_card *)t;

	(void)deadline;
	f->connects++;
	if (f->connect_rc == SJ_OK)
		put_hex(atr, f->atr);
	return f->connect_rc;
}

static bool matches(const char *hex, struct sj_span command)
{
	uint8_t bytes[1024];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	put_hex(&w, hex);
	return sj_span_eq(sj_written(&w), command);
}

static enum sj_rc fake_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				struct sj_writer *response)
{
	struct fake_card *f = (struct fake_card *)t;
	const struct fake_step *step;

	if (f->delay_ms != 0) {
		struct timespec wait = { f->delay_ms / 1000, f->delay_ms % 1000 * 1000000L };

		nanosleep(&wait, NULL);
	}
	if (sj_clock_ms() >= deadline)
		return SJ_TIMED_OUT;
	if (f->at == f->n)
		return SJ_CARD_LOST;
	step = &f->steps[f->at];
	if (!f->forever || f->at + 1 < f->n)
		f->at++;
	if (step->command && !matches(step->command, command))
		f->mismatches++;
	if (step->response)
		put_hex(response, step->response);
	return step->rc;
}

static enum sj_rc fake_begin(struct sj_transport *t, int64_t deadline)
{
	struct fake_card *f = (struct fake_card *)t;

	(void)deadline;
	f->begins++;
	return f->begin_rc;
}

static void fake_end(struct sj_transport *t)
{
	((struct fake_card *)t)->ends++;
}

static void fake_disconnect(struct sj_transport *t, bool reset)
{
	struct fake_card *f = (struct fake_card *)t;

	f->disconnects++;
	f->resets += reset;
}

static void fake_close(struct sj_transport *t)
{
	(void)t;
}

static const struct sj_transport_ops fake_ops = {
	.connect = fake_connect,
	.transmit = fake_transmit,
	.begin = fake_begin,
	.end = fake_end,
	.disconnect = fake_disconnect,
	.close = fake_close,
};

void fake_card_init(struct fake_card *f, const struct fake_step *steps, size_t n)
{
	*f = (struct fake_card){
		.head = { .ops = &fake_ops },
		.steps = steps,
		.n = n,
		.atr = "3B80800101",
	};
}

struct sj_session *fake_session(struct fake_card *f, struct sj_context *ctx)
{
	struct sj_session *s = NULL;

	assert_int_equal(sj_session_open(ctx, &f->head, sj_clock_ms() + 10000, &s), SJ_OK);
	return s;
}

/* --- a session under test ------------------------------------------------------ */

static void hear(void *user, const struct sj_event *e)
{
	static const char *const names[] = { "on", "cmd", "rsp", "pcmd", "prsp", "notice" };
	struct heard *h = user;
	size_t used = strlen(h->log);
	char hex[600] = "";

	if (e->bytes)
		(void)sj_hex_text(sj_span(e->bytes, e->len), SJ_HEX_UPPER, hex, sizeof(hex));
	snprintf(h->log + used, sizeof(h->log) - used, "%s %s\n", names[e->kind],
		 e->text ? e->text : hex);
}

void fixture_start(struct fixture *f, const struct fake_step *steps, size_t n)
{
	fake_card_init(&f->card, steps, n);
	f->s = fake_session(&f->card, f->ctx);
}

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(sj_context_new(&f->ctx), SJ_OK);
	sj_context_listen(f->ctx, hear, &f->heard);
	for (size_t i = 0; i < sizeof(f->big); i++)
		f->big[i] = (uint8_t)i;
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->card.mismatches, 0);
	sj_session_close(f->s);
	sj_context_free(f->ctx);
	free(f);
	return 0;
}

enum sj_rc fixture_send(struct fixture *f, uint8_t ins, struct sj_span data, uint32_t ne)
{
	struct sj_apdu a = { .ins = ins, .data = data, .ne = ne };

	return sj_session_command(f->s, &a, &f->r);
}
