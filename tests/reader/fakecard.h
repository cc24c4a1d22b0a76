/* fakecard.h -- a card that follows a script, for the reader's tests. */
#ifndef TESTS_READER_FAKECARD_H
#define TESTS_READER_FAKECARD_H

#include "reader/card.h"

/* One exchange: the command due (hex; NULL: any) and what happens. */
struct fake_step {
	const char *command;
	const char *response; /* hex; NULL: nothing */
	enum sj_rc rc; /* what transmit returns */
};

struct fake_card {
	struct sj_transport head;
	const struct fake_step *steps;
	size_t n, at;
	bool forever; /* the last step repeats */
	unsigned connects, disconnects, resets, begins, ends;
	unsigned mismatches; /* commands that the script did not expect */
	enum sj_rc connect_rc;
	enum sj_rc begin_rc;
	unsigned delay_ms; /* each answer takes this long */
	const char *atr; /* hex */
};

/* Sets it up to follow n steps; the struct must outlive the session. */
void fake_card_init(struct fake_card *f, const struct fake_step *steps, size_t n);
/* A session over it; asserts that it opens. */
struct sj_session *fake_session(struct fake_card *f, struct sj_context *ctx);

/* --- a session under test ------------------------------------------------------ */

struct heard {
	char log[4096]; /* one line an event: "cmd 00B0000002" */
};

struct fixture {
	struct sj_context *ctx;
	struct fake_card card;
	struct sj_session *s;
	struct sj_response r;
	struct heard heard;
	uint8_t big[70000]; /* 00 01 02 ... */
};

/* For cmocka: a fixture with a listening context; at the end no command was unexpected. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Opens f->s over a card that follows the steps. */
void fixture_start(struct fixture *f, const struct fake_step *steps, size_t n);
#define START(f, steps) fixture_start(f, steps, sizeof(steps) / sizeof((steps)[0]))
/* 00 INS 00 00 with data and Ne; the answer is in f->r. */
enum sj_rc fixture_send(struct fixture *f, uint8_t ins, struct sj_span data, uint32_t ne);
#define NOTHING ((struct sj_span){ NULL, 0 })

#endif
