/* Readers and connections: contexts, PC/SC (as this file answers for it), programs that are cards, PACE. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winscard.h>

#include <sojourn/piv.h>
#include <sojourn/reader.h>

#include "tests/failures/folder.h"
#include "tests/failures/sweep.h"
#include "tests/hostile/issued.h"

#define READER "Reader of this test 00 00"
#define WAIT_MS 20000

/* --- PC/SC: one reader with one card that says 9000 ------------------------------------------ */

static const uint8_t card_atr[] = { 0x3B, 0x80, 0x80, 0x01, 0x01 };

/* The linker knows them by these names (--wrap). */
__typeof__(SCardEstablishContext) __wrap_SCardEstablishContext;
__typeof__(SCardReleaseContext) __wrap_SCardReleaseContext;
__typeof__(SCardListReaders) __wrap_SCardListReaders;
__typeof__(SCardGetStatusChange) __wrap_SCardGetStatusChange;
__typeof__(SCardConnect) __wrap_SCardConnect;
__typeof__(SCardDisconnect) __wrap_SCardDisconnect;
__typeof__(SCardStatus) __wrap_SCardStatus;
__typeof__(SCardTransmit) __wrap_SCardTransmit;
__typeof__(SCardGetAttrib) __wrap_SCardGetAttrib;

LONG __wrap_SCardEstablishContext(DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT out)
{
	(void)scope;
	(void)a;
	(void)b;
	*out = 1;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardReleaseContext(SCARDCONTEXT context)
{
	(void)context;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR out, LPDWORD len)
{
	(void)context;
	(void)groups;
	memcpy(out, READER "\0", sizeof(READER) + 1);
	*len = sizeof(READER) + 1;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states,
				 DWORD n)
{
	(void)context;
	(void)timeout;
	for (DWORD i = 0; i < n; i++)
		if (strcmp(states[i].szReader, READER) == 0) {
			states[i].dwEventState =
				SCARD_STATE_PRESENT | SCARD_STATE_CHANGED | 1u << 16;
			states[i].cbAtr = sizeof(card_atr);
			memcpy(states[i].rgbAtr, card_atr, sizeof(card_atr));
		}
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols,
			 LPSCARDHANDLE out, LPDWORD protocol)
{
	(void)context;
	(void)reader;
	(void)share;
	(void)protocols;
	*out = 1;
	*protocol = SCARD_PROTOCOL_T1;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardDisconnect(SCARDHANDLE card, DWORD disposition)
{
	(void)card;
	(void)disposition;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardStatus(SCARDHANDLE card, LPSTR name, LPDWORD name_len, LPDWORD state,
			LPDWORD protocol, LPBYTE atr, LPDWORD atr_len)
{
	(void)card;
	(void)name;
	(void)name_len;
	*state = SCARD_PRESENT;
	*protocol = SCARD_PROTOCOL_T1;
	memcpy(atr, card_atr, sizeof(card_atr));
	*atr_len = sizeof(card_atr);
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, LPCBYTE command,
			  DWORD command_len, SCARD_IO_REQUEST *back, LPBYTE out, LPDWORD len)
{
	(void)card;
	(void)pci;
	(void)command;
	(void)command_len;
	(void)back;
	memcpy(out, "\x90\x00", 2);
	*len = 2;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardGetAttrib(SCARDHANDLE card, DWORD id, LPBYTE out, LPDWORD len)
{
	(void)card;
	(void)id;
	memcpy(out, "\x00\x01\x00\x00", 4);
	*len = 4;
	return SCARD_S_SUCCESS;
}

/* --- what the library does there; other rows have a card plugged in instead (plug.h) ------------ */

__typeof__(sj_readers_list) __real_sj_readers_list;
__typeof__(sj_readers_get) __real_sj_readers_get;
__typeof__(sj_readers_free) __real_sj_readers_free;
__typeof__(sj_card_wait) __real_sj_card_wait;

static void hear(void *user, const struct sj_event *event)
{
	(void)user;
	(void)event;
}

static unsigned long context(void *room)
{
	struct sj_context *ctx = NULL;
	enum sj_rc rc = sj_context_new(&ctx);

	(void)room;
	if (rc == SJ_OK) {
		sj_context_listen(ctx, hear, NULL);
		sj_context_cancel(ctx);
		sj_context_resume(ctx);
		sj_context_deadline(ctx, WAIT_MS);
	}
	sj_context_free(ctx);
	return rc;
}

static enum sj_rc look(struct sj_context *ctx)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	struct sj_readers *list = NULL, *again = NULL;
	size_t max = 0;
	enum sj_rc rc = __real_sj_readers_list(ctx, WAIT_MS, &list);

	if (rc == SJ_OK)
		rc = sj_readers_wait(ctx, NULL, WAIT_MS, &again);
	if (rc == SJ_OK)
		rc = sj_reader_apdu_max(ctx, READER, WAIT_MS, &max);
	if (rc == SJ_OK && (sj_readers_count(again) != 1 || max != 256 ||
			    !__real_sj_readers_get(list, 0, &info) || !info.card_present))
		rc = SJ_INTERNAL;
	__real_sj_readers_free(list);
	__real_sj_readers_free(again);
	return rc;
}

static unsigned long readers(void *room)
{
	struct sj_context *ctx = NULL;
	enum sj_rc rc = sj_context_new(&ctx);

	(void)room;
	if (rc == SJ_OK)
		rc = look(ctx);
	sj_context_free(ctx);
	return rc;
}

/* A command that this card answers with 9000, and what the card is. */
static enum sj_rc ask(struct sj_card *card)
{
	static const uint8_t command[] = { 0x00, 0xB0, 0x00, 0x00, 0x02 };
	uint8_t atr[SJ_ATR_MAX], out[8];
	size_t len = sizeof(out);
	uint16_t sw = 0;
	enum sj_rc rc = sj_card_transmit(card, command, sizeof(command), WAIT_MS, out, &len, &sw);

	if (rc == SJ_OK && (sw != 0x9000 || sj_card_atr(card, atr) != sizeof(card_atr) ||
			    sj_card_reader(card)[0] == '\0'))
		rc = SJ_INTERNAL;
	return rc;
}

static unsigned long card(void *room)
{
	struct sj_context *ctx = NULL;
	struct sj_card *there = NULL;
	enum sj_rc rc = sj_context_new(&ctx);

	(void)room;
	if (rc == SJ_OK)
		rc = __real_sj_card_wait(ctx, READER, WAIT_MS, &there);
	if (rc == SJ_OK)
		rc = ask(there);
	sj_card_close(there);
	sj_context_free(ctx);
	return rc;
}

/* A card as a shell script. */
static unsigned long program(void *room)
{
	static const char *const argv[] = {
		"sh", "-c",
		"while read line; do case $line in on) echo 3B80800101;; off) echo off;; "
		"*) echo 9000;; esac; done",
		NULL
	};
	struct sj_context *ctx = NULL;
	struct sj_card *there = NULL;
	enum sj_rc rc = sj_context_new(&ctx);

	(void)room;
	if (rc == SJ_OK)
		rc = sj_card_spawn(ctx, argv, WAIT_MS, &there);
	if (rc == SJ_OK)
		rc = ask(there);
	if (rc == SJ_OK)
		rc = sj_card_restart(there, WAIT_MS);
	if (rc == SJ_OK)
		rc = ask(there);
	sj_card_close(there);
	sj_context_free(ctx);
	return rc;
}

/* --- PACE for a card that hides --------------------------------------------------------------------- */

static int pace_open(void **state)
{
	struct plan plan = issued_plan();

	*state = issued_new(&plan);
	return 0;
}

static int pace_close(void **state)
{
	issued_free(*state);
	return 0;
}

static void pace_ready(void *room)
{
	struct issued *d = room;

	assert_int_equal(sj_card_restart(d->card, WAIT_MS), SJ_OK);
}

static unsigned long pace(void *room)
{
	static const uint8_t command[] = { 0x00, 0x84, 0x00, 0x00, 0x08 };
	struct issued *d = room;
	uint8_t out[16];
	size_t len = sizeof(out);
	uint16_t sw = 0;
	enum sj_rc rc = sj_card_pace(d->card, HOLDER_CAN, WAIT_MS);

	if (rc == SJ_OK)
		rc = sj_card_transmit(d->card, command, sizeof(command), WAIT_MS, out, &len, &sw);
	return rc;
}

/* --- codes that were remembered ---------------------------------------------------------------------- */

/* A folder with a code that was remembered. */
static int memory_open(void **state)
{
	char *folder = strdup("/tmp/sojourn-memory-XXXXXX");

	assert_non_null(folder);
	assert_non_null(mkdtemp(folder));
	*state = folder;
	return 0;
}

static int memory_close(void **state)
{
	folder_empty(*state, true);
	free(*state);
	return 0;
}

static void code_path(const char *folder, char path[static 96])
{
	snprintf(path, 96, "%s/00112233445566778899aabbccddeeff.can", folder);
}

static void memory_ready(void *room)
{
	char path[96];
	FILE *f;

	code_path(room, path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
}

static unsigned long forget(void *room)
{
	return sj_piv_forget(room, NULL);
}

static bool is_forgotten(void *room, unsigned long rc)
{
	char path[96];

	code_path(room, path);
	return rc != SJ_OK || access(path, F_OK) != 0;
}

const struct operation sweep_reader[] = {
	{ "reader: context", FAIL_ALL, .run = context, .bad = sweep_files },
	{ "reader: list", FAIL_MEMORY, .run = readers, .bad = sweep_memory },
	{ "reader: a card", FAIL_MEMORY, .run = card, .bad = sweep_memory },
	{ "reader: a program", FAIL_MEMORY, .run = program, .bad = sweep_memory },
	{ "reader: PACE", FAIL_MEMORY, pace_open, pace_close, pace_ready, pace,
	  .bad = sweep_memory },
	{ "keys: forget", FAIL_ALL, memory_open, memory_close, memory_ready, forget,
	  .bad = sweep_files, .holds = is_forgotten },
	OPERATIONS_END,
};
