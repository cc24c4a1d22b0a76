#include "tests/reader/pcsc_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>

#include <cmocka.h>

struct lab pcsc_lab;

void pcsc_rest(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

int pcsc_begin(void **state)
{
	(void)state;
	return lab_init(&pcsc_lab) ? 0 : -1;
}

int pcsc_end(void **state)
{
	(void)state;
	lab_free(&pcsc_lab);
	return 0;
}

int pcsc_setup(void **state)
{
	struct pcsc_stage *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(sj_context_new(&f->ctx), SJ_OK);
	*state = f;
	return 0;
}

int pcsc_setup_readers(void **state)
{
	if (pcsc_lab.pcscd == 0)
		assert_true(lab_up(&pcsc_lab, true));
	return pcsc_setup(state);
}

int pcsc_setup_card(void **state)
{
	struct pcsc_stage *f;

	pcsc_setup_readers(state);
	f = *state;
	assert_true(lab_insert(&pcsc_lab, &f->card, 0));
	f->inserted = true;
	return 0;
}

/*
 * pcscd believes in a card for some time after it has gone, and one that goes
 * while it is being reset leaves the slot dead until the next look at it: the
 * next test must not see that.
 */
#define TWO_LOOKS_MS 900

bool pcsc_empty(struct sj_context *ctx)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	struct sj_readers *list = NULL;
	bool empty = true;

	if (sj_readers_list(ctx, 5000, &list) != SJ_OK)
		return true;
	for (size_t i = 0; sj_readers_get(list, i, &info); i++)
		empty = empty && !info.card_present;
	sj_readers_free(list);
	return empty;
}

int pcsc_teardown(void **state)
{
	struct pcsc_stage *f = *state;

	if (f->inserted) {
		pcsc_rest(TWO_LOOKS_MS / 2);
		lab_remove(&f->card);
		pcsc_rest(TWO_LOOKS_MS);
	}
	sj_context_resume(f->ctx);
	while (pcsc_lab.pcscd != 0 && !pcsc_empty(f->ctx))
		pcsc_rest(50);
	sj_context_free(f->ctx);
	free(f);
	return 0;
}

struct sj_card *pcsc_open(struct pcsc_stage *f)
{
	struct sj_card *card = NULL;

	assert_int_equal(sj_card_wait(f->ctx, FIRST, PRESENCE_MS, &card), SJ_OK);
	return card;
}

enum sj_rc pcsc_ping(struct sj_card *card, unsigned timeout_ms)
{
	static const uint8_t command[] = { 0x00, 0xA4, 0x00, 0x0C };
	uint8_t out[16];
	size_t len = sizeof(out);
	uint16_t sw = 0;
	enum sj_rc rc =
		sj_card_transmit(card, command, sizeof(command), timeout_ms, out, &len, &sw);

	if (rc == SJ_OK)
		assert_int_equal(sw, 0x9000);
	return rc;
}

pid_t pcsc_other(enum other_does what, int *until)
{
	int ready[2], go[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		SCARDCONTEXT ctx;
		SCARDHANDLE card;
		DWORD protocol;
		LONG rv;

		close(go[1]);
		rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx);
		if (rv == SCARD_S_SUCCESS)
			rv = SCardConnect(ctx, FIRST,
					  what == HAS_IT_ALONE ? SCARD_SHARE_EXCLUSIVE
							       : SCARD_SHARE_SHARED,
					  SCARD_PROTOCOL_T1, &card, &protocol);
		if (rv == SCARD_S_SUCCESS && what == HOLDS_TRANSACTION)
			rv = SCardBeginTransaction(card);
		if (rv == SCARD_S_SUCCESS && what == RESETS_CARD)
			rv = SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1,
					    SCARD_RESET_CARD, &protocol);
		byte = rv == SCARD_S_SUCCESS ? 'y' : 'n';
		if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 0)
			_exit(1);
		/* Who dies has pcscd reset the card, at a time of its own. */
		SCardEndTransaction(card, SCARD_LEAVE_CARD);
		SCardDisconnect(card, SCARD_LEAVE_CARD);
		_exit(0);
	}
	close(ready[1]);
	close(go[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(byte, 'y');
	*until = go[1];
	return pid;
}

void pcsc_other_end(pid_t pid, int until)
{
	int status;

	close(until);
	waitpid(pid, &status, 0);
}
