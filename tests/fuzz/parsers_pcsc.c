/*
 * parsers_pcsc.c -- a PC/SC service that answers whatever it likes, to a program that lists readers,
 * waits, opens a card, and uses it. An input: an answer a call, its status (1, an index below; 0:
 * success), length (1), bytes. After the last one there is no service any more.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

#include "reader/cancel.h"
#include "reader/pcsc.h"
#include "tests/fuzz/failures.h"
#include "wire/apdu.h"

/* --- the service -------------------------------------------------------------------------------- */

struct service {
	struct sj_span script;
	atomic_uint contexts, cards; /* open */
};

/* The worker's thread calls while the caller waits for it. */
static struct service *service(void)
{
	static struct service s;

	return &s;
}

static LONG answer(struct sj_span *bytes)
{
	static const LONG codes[] = { SCARD_S_SUCCESS,
				      SCARD_E_NO_SERVICE,
				      SCARD_F_COMM_ERROR,
				      SCARD_E_INVALID_HANDLE,
				      SCARD_E_NO_READERS_AVAILABLE,
				      SCARD_E_UNKNOWN_READER,
				      SCARD_E_NO_SMARTCARD,
				      SCARD_W_REMOVED_CARD,
				      SCARD_W_RESET_CARD,
				      SCARD_W_UNPOWERED_CARD,
				      SCARD_E_PROTO_MISMATCH,
				      SCARD_E_SHARING_VIOLATION,
				      SCARD_E_INSUFFICIENT_BUFFER,
				      SCARD_E_TIMEOUT,
				      SCARD_E_NO_MEMORY,
				      0x12345678 };
	struct sj_span *in = &service()->script;
	uint32_t code, n;

	*bytes = sj_span(NULL, 0);
	if (!sj_take_be(in, 1, &code) || !sj_take_be(in, 1, &n) ||
	    !sj_take(in, n < in->len ? n : in->len, bytes))
		return SCARD_E_NO_SERVICE;
	return codes[code % (sizeof(codes) / sizeof(codes[0]))];
}

/* As a service should: not more than there is room for. */
static void give(struct sj_span bytes, void *out, LPDWORD len)
{
	if (*len > bytes.len)
		*len = bytes.len;
	if (*len > 0)
		memcpy(out, bytes.ptr, *len);
}

/* The linker knows them by these names (--wrap). */
__typeof__(SCardEstablishContext) __wrap_SCardEstablishContext;
__typeof__(SCardReleaseContext) __wrap_SCardReleaseContext;
__typeof__(SCardListReaders) __wrap_SCardListReaders;
__typeof__(SCardGetStatusChange) __wrap_SCardGetStatusChange;
__typeof__(SCardConnect) __wrap_SCardConnect;
__typeof__(SCardDisconnect) __wrap_SCardDisconnect;
__typeof__(SCardBeginTransaction) __wrap_SCardBeginTransaction;
__typeof__(SCardEndTransaction) __wrap_SCardEndTransaction;
__typeof__(SCardStatus) __wrap_SCardStatus;
__typeof__(SCardTransmit) __wrap_SCardTransmit;
__typeof__(SCardControl) __wrap_SCardControl;
__typeof__(SCardGetAttrib) __wrap_SCardGetAttrib;

LONG __wrap_SCardEstablishContext(DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT out)
{
	struct sj_span none;
	LONG rv = answer(&none);

	(void)scope;
	(void)a;
	(void)b;
	*out = 7;
	service()->contexts += rv == SCARD_S_SUCCESS;
	return rv;
}

LONG __wrap_SCardReleaseContext(SCARDCONTEXT context)
{
	if (context != 7 || service()->contexts-- == 0)
		abort();
	return SCARD_S_SUCCESS;
}

/* Names that end, and the list, too. */
LONG __wrap_SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR out, LPDWORD len)
{
	struct sj_span names;
	LONG rv = answer(&names);
	DWORD room = *len;

	(void)context;
	(void)groups;
	memset(out, 0, room);
	give(sj_span(names.ptr, names.len < room - 2 ? names.len : room - 2), out, len);
	return rv;
}

/* A reader: state (4), ATR (length 1). */
LONG __wrap_SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states,
				 DWORD n)
{
	struct sj_span in, atr;
	LONG rv = answer(&in);
	uint32_t state, len;

	(void)context;
	(void)timeout;
	for (DWORD i = 0; i < n && sj_take_be(&in, 4, &state) && sj_take_be(&in, 1, &len) &&
			  sj_take(&in, len < MAX_ATR_SIZE ? len : MAX_ATR_SIZE, &atr);
	     i++) {
		states[i].dwEventState = state;
		states[i].cbAtr = atr.len;
		if (atr.len > 0)
			memcpy(states[i].rgbAtr, atr.ptr, atr.len);
	}
	return rv;
}

LONG __wrap_SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols,
			 LPSCARDHANDLE card, LPDWORD protocol)
{
	struct sj_span which;
	LONG rv = answer(&which);

	(void)context;
	(void)reader;
	(void)share;
	(void)protocols;
	*card = 9;
	*protocol = which.len > 0 ? SCARD_PROTOCOL_T0 : SCARD_PROTOCOL_T1;
	service()->cards += rv == SCARD_S_SUCCESS;
	return rv;
}

LONG __wrap_SCardDisconnect(SCARDHANDLE card, DWORD disposition)
{
	(void)disposition;
	if (card != 9 || service()->cards-- == 0)
		abort();
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardBeginTransaction(SCARDHANDLE card)
{
	struct sj_span none;

	(void)card;
	return answer(&none);
}

LONG __wrap_SCardEndTransaction(SCARDHANDLE card, DWORD disposition)
{
	(void)card;
	(void)disposition;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardStatus(SCARDHANDLE card, LPSTR name, LPDWORD name_len, LPDWORD state,
			LPDWORD protocol, LPBYTE atr, LPDWORD atr_len)
{
	struct sj_span bytes;
	LONG rv = answer(&bytes);

	(void)card;
	(void)name;
	(void)name_len;
	*state = *protocol = 0;
	give(bytes, atr, atr_len);
	return rv;
}

LONG __wrap_SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, LPCBYTE command,
			  DWORD command_len, SCARD_IO_REQUEST *got, LPBYTE out, LPDWORD len)
{
	struct sj_span bytes;
	LONG rv = answer(&bytes);

	(void)card;
	(void)pci;
	(void)got;
	fuzz_touch(sj_span(command, command_len));
	give(bytes, out, len);
	return rv;
}

LONG __wrap_SCardControl(SCARDHANDLE card, DWORD code, LPCVOID in, DWORD in_len, LPVOID out,
			 DWORD cap, LPDWORD len)
{
	struct sj_span bytes;
	LONG rv = answer(&bytes);

	(void)card;
	(void)code;
	fuzz_touch(sj_span(in, in_len));
	*len = cap;
	give(bytes, out, len);
	return rv;
}

LONG __wrap_SCardGetAttrib(SCARDHANDLE card, DWORD id, LPBYTE out, LPDWORD len)
{
	struct sj_span bytes;
	LONG rv = answer(&bytes);

	(void)card;
	(void)id;
	give(bytes, out, len);
	return rv;
}

/* --- the program ----------------------------------------------------------------------------------- */

#define PATIENCE_MS 10000

static void use(struct sj_transport *t, int64_t deadline)
{
	uint8_t atr[SJ_ATR_MAX], *room = malloc(SJ_APDU_RESPONSE_MAX);
	struct sj_writer a = SJ_WRITER_OF(atr), w = sj_writer(room, SJ_APDU_RESPONSE_MAX);
	const struct sj_span command = SJ_SPAN_STR("\0\xA4\4\0\2\x3F\0\0");

	if (room != NULL && t->ops->connect(t, deadline, &a) == SJ_OK) {
		fuzz_touch(sj_written(&a));
		if (t->ops->begin != NULL && t->ops->begin(t, deadline) == SJ_OK) {
			for (int i = 0; i < 3; i++, w.len = 0)
				if (t->ops->transmit(t, command, deadline, &w) == SJ_OK)
					fuzz_touch(sj_written(&w));
			t->ops->end(t);
		}
		if (t->ops->keypad != NULL)
			(void)t->ops->keypad(
				t, SJ_SPAN_STR("\0\x20\0\x80\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
				deadline, &w);
		w.len = 0;
		if (t->ops->pace != NULL)
			(void)t->ops->pace(t, SJ_SPAN_STR("\0\2\0"), deadline, &w);
		t->ops->disconnect(t, true);
	}
	free(room);
}

/* Everything is given back, by the worker at its end at the latest. */
static void await_release(void)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; service()->contexts != 0 || service()->cards != 0; i++) {
		if (i == PATIENCE_MS)
			abort();
		nanosleep(&moment, NULL);
	}
}

static bool run(struct sj_span in)
{
	const int64_t deadline = sj_clock_ms() + PATIENCE_MS;
	struct sj_pcsc_readers *known = calloc(1, sizeof(*known));
	struct sj_cancel *cancel = sj_cancel_new();
	struct sj_pcsc *p = NULL;
	struct sj_transport *t = NULL;
	size_t most = 0;
	bool listed = false;

	*service() = (struct service){ .script = in };
	setenv("PCSCLITE_CSOCK_NAME", "/dev/null", 1);
	if (known != NULL && cancel != NULL)
		p = sj_pcsc_new(cancel);
	if (p != NULL)
		listed = sj_pcsc_status(&p, deadline, known) == SJ_OK;
	if (listed)
		listed = sj_pcsc_wait(&p, known, sj_clock_ms(), known) != SJ_INTERNAL;
	if (p != NULL)
		listed &= sj_pcsc_apdu_max(&p, "Reader 0", deadline, &most) != SJ_INTERNAL;
	if (p != NULL)
		t = sj_transport_pcsc(cancel, "Reader 0", &p);
	if (t != NULL) {
		use(t, deadline);
		t->ops->close(t);
	}
	sj_pcsc_release(p);
	sj_cancel_free(cancel);
	free(known);
	await_release();
	return listed;
}

static void put(struct sj_writer *w, uint8_t status, struct sj_span bytes)
{
	sj_put_u8(w, status);
	sj_put_u8(w, (uint8_t)bytes.len);
	sj_put(w, bytes);
}

/* A reader with a card, a keypad and PACE; or a card that another process resets. */
static bool seed(size_t i, struct sj_writer *w)
{
	const struct sj_span names = SJ_SPAN_STR("Reader 0\0Reader 1\0"),
			     states = SJ_SPAN_STR("\0\1\0\x22\2\x3B\0\0\1\0\x12\0"),
			     features = SJ_SPAN_STR("\6\4\x42\0\0\6\x20\4\x42\0\0\x20");
	const struct sj_span none = { NULL, 0 };

	if (i > 1)
		return false;
	put(w, 0, none); /* context */
	for (int turn = 0; turn < 2; turn++) {
		put(w, 0, names);
		put(w, 0, states);
	}
	put(w, 0, none); /* direct connection */
	put(w, 0, SJ_SPAN_STR("\x00\x01\0\0"));
	put(w, 0, none); /* connection to the card */
	put(w, 0, SJ_SPAN_STR("\x3B\0"));
	put(w, 0, none); /* transaction */
	put(w, i == 0 ? 0 : 8, SJ_SPAN_STR("\x90\0"));
	put(w, 0, SJ_SPAN_STR("abc\x90\0"));
	put(w, 0, SJ_SPAN_STR("\x6A\x82"));
	put(w, 0, features);
	put(w, 0, SJ_SPAN_STR("\x63\xC2"));
	put(w, 0, features);
	put(w, 0, SJ_SPAN_STR("\0\0\0\0\0\0"));
	return !w->failed;
}

struct fuzz_room fuzz_pcsc(void)
{
	static const struct fuzz_parser parsers[] = { { "pcsc", seed, run } };

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
