/* pcsc_stage.h -- a pcscd with a reader and a card, and another process that uses them. */
#ifndef TESTS_READER_PCSC_STAGE_H
#define TESTS_READER_PCSC_STAGE_H

#include "reader/card.h"
#include "tests/reader/lab.h"

#define FIRST "Test PCD 00 00"
#define SECOND "Test PCD 00 01"
#define PRESENCE_MS 15000 /* pcscd looks every 400 ms; machines are slow at times */

extern struct lab pcsc_lab;

struct pcsc_stage {
	struct sj_context *ctx;
	struct lab_card card;
	bool inserted;
};

/* For cmocka's group: the lab. */
int pcsc_begin(void **state);
int pcsc_end(void **state);
/* For cmocka: a context; with the service; with a card in FIRST. */
int pcsc_setup(void **state);
int pcsc_setup_readers(void **state);
int pcsc_setup_card(void **state);
int pcsc_teardown(void **state);
#define CASE(name, setup) cmocka_unit_test_setup_teardown(name, setup, pcsc_teardown)

void pcsc_rest(long ms);
/* No card in any reader, or no service. */
bool pcsc_empty(struct sj_context *ctx);
/* The card in FIRST; asserts that it opens. */
struct sj_card *pcsc_open(struct pcsc_stage *f);
/* A command that the card answers with 9000. */
enum sj_rc pcsc_ping(struct sj_card *card, unsigned timeout_ms);

enum other_does { HOLDS_TRANSACTION, RESETS_CARD, HAS_IT_ALONE };
/* Another process at the same card; ready when it returns. `until` ends it when closed. */
pid_t pcsc_other(enum other_does what, int *until);
void pcsc_other_end(pid_t pid, int until);

#endif
