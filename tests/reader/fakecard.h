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

#endif
