/*
 * piv_stage.h -- our card with the key applet behind a transport that can do to a reader what
 * the world does: other processes, resets, a card pulled away, answers changed on the way.
 */
#ifndef TESTS_READER_PIV_STAGE_H
#define TESTS_READER_PIV_STAGE_H

#include <sojourn/piv.h>

#include "reader/card.h"
#include "tests/card/piv_rig.h"

#define STAGE_PIN "123456"
#define STAGE_GLOBAL "654321"
#define STAGE_PUK "12345678"
#define STAGE_PAIRING "82913746"

struct piv_stage {
	struct sj_transport head;
	struct bench *b;
	struct sj_context *ctx;
	struct sj_card *card;
	struct sj_piv *piv;
	struct sj_piv_options options;

	unsigned sent; /* commands so far */
	unsigned pull_at; /* the card is gone from this command on (1: the first); 0: never */
	bool pull_after; /* that one the card does answer, but nobody hears it */
	bool pull_half; /* with pull_after: half of the answer is heard */
	unsigned reset_at; /* another process resets the card before this one */
	unsigned foreign_at; /* and selects another application before this one */
	unsigned busy_at; /* a transaction of another stands in the way of this one */
	unsigned late_at; /* this one takes longer than its caller waits */
	unsigned change_at; /* this one's answer has a byte changed */
	size_t change_byte; /* counted from its end */
	bool changed; /* it was that long */
	bool gone, was_reset, in_transaction;
	unsigned transactions, connects;
	/* Commands with a password that no SELECT of this transaction came before. */
	unsigned careless;
	bool selected; /* since the transaction began */
	unsigned passwords; /* such commands at all */
	char log[8192]; /* "A4 CB 20 ..." */

	const char *answers[8]; /* to questions in order; NULL: gives up */
	unsigned questions;
	bool remember, again; /* said to the last question */
	enum sj_piv_secret asked;
	bool guid_told;
};

/* A personalised card of this plan, unopened. */
struct piv_stage *piv_stage_new(const struct piv_plan *plan);
void piv_stage_free(struct piv_stage *s);
/* Connects and opens. */
enum sj_rc piv_stage_open(struct piv_stage *s);
/* Closes the handle and the card; faults are taken back. */
void piv_stage_close(struct piv_stage *s);
/* The management key of the plan's card (AES-192), proved. */
void piv_stage_administer(struct piv_stage *s);
/* Writes a CHUID with PIV_GUID, and a certificate of 9A. */
void piv_stage_fill(struct piv_stage *s);
/* A self-made certificate of a key (signed by nobody that counts); returns its size. */
size_t piv_stage_certificate(struct sj_span spki, uint8_t *out, size_t cap);

/* A case with a contact card of no special plan, opened. */
int piv_stage_setup(void **state);
int piv_stage_teardown(void **state);
#define STAGE_CASE(name) cmocka_unit_test_setup_teardown(name, piv_stage_setup, piv_stage_teardown)

#endif
