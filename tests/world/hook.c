/* hook.c -- knows what this process asks of PC/SC, and does something at one of its transmissions. */
#include <stdatomic.h>
#include <winscard.h>

#include "tests/world/world.h"

/* The linker's wrapping leaves no other way to hand it over. */
static struct hook now;
static atomic_uint count, calls;
static atomic_int transactions;
static const char *_Atomic under_way;

void world_hook(const struct hook *hook)
{
	count = 0;
	calls = 0;
	now = *hook;
}

unsigned world_hook_count(void)
{
	return count;
}

bool world_in_transaction(void)
{
	return transactions > 0;
}

struct moment world_moment(void)
{
	return (struct moment){ under_way, calls };
}

static void enter(const char *name)
{
	calls++;
	under_way = name;
}

static LONG leave(LONG rv)
{
	under_way = NULL;
	return rv;
}

#define WRAP(name, parameters, arguments) \
	__typeof__(name) __real_##name, __wrap_##name; \
	LONG __wrap_##name parameters \
	{ \
		enter(#name); \
		return leave(__real_##name arguments); \
	}

/* clang-format off: one a line */
WRAP(SCardEstablishContext, (DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT ctx),
     (scope, a, b, ctx))
WRAP(SCardReleaseContext, (SCARDCONTEXT ctx), (ctx))
WRAP(SCardListReaders, (SCARDCONTEXT ctx, LPCSTR groups, LPSTR names, LPDWORD len),
     (ctx, groups, names, len))
WRAP(SCardGetStatusChange, (SCARDCONTEXT ctx, DWORD ms, SCARD_READERSTATE *states, DWORD n),
     (ctx, ms, states, n))
WRAP(SCardConnect,
     (SCARDCONTEXT ctx, LPCSTR reader, DWORD share, DWORD wanted, LPSCARDHANDLE card, LPDWORD got),
     (ctx, reader, share, wanted, card, got))
WRAP(SCardDisconnect, (SCARDHANDLE card, DWORD how), (card, how))
WRAP(SCardStatus,
     (SCARDHANDLE card, LPSTR name, LPDWORD len, LPDWORD state, LPDWORD protocol, LPBYTE atr,
      LPDWORD atr_len),
     (card, name, len, state, protocol, atr, atr_len))
WRAP(SCardGetAttrib, (SCARDHANDLE card, DWORD id, LPBYTE value, LPDWORD len),
     (card, id, value, len))
WRAP(SCardControl,
     (SCARDHANDLE card, DWORD code, LPCVOID in, DWORD in_len, LPVOID out, DWORD room, LPDWORD len),
     (card, code, in, in_len, out, room, len))
/* clang-format on */

__typeof__(SCardTransmit) __real_SCardTransmit, __wrap_SCardTransmit;
LONG __wrap_SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *send_pci, LPCBYTE send,
			  DWORD send_len, SCARD_IO_REQUEST *receive_pci, LPBYTE receive,
			  LPDWORD receive_len)
{
	const bool mine = ++count == now.at;
	LONG rv;

	if (mine && !now.after)
		now.fire(now.world);
	enter("SCardTransmit");
	rv = leave(__real_SCardTransmit(card, send_pci, send, send_len, receive_pci, receive,
					receive_len));
	if (mine && now.after)
		now.fire(now.world);
	return rv;
}

__typeof__(SCardBeginTransaction) __real_SCardBeginTransaction, __wrap_SCardBeginTransaction;
LONG __wrap_SCardBeginTransaction(SCARDHANDLE card)
{
	LONG rv;

	enter("SCardBeginTransaction");
	rv = leave(__real_SCardBeginTransaction(card));
	transactions += rv == SCARD_S_SUCCESS;
	return rv;
}

__typeof__(SCardEndTransaction) __real_SCardEndTransaction, __wrap_SCardEndTransaction;
LONG __wrap_SCardEndTransaction(SCARDHANDLE card, DWORD how)
{
	LONG rv;

	enter("SCardEndTransaction");
	rv = leave(__real_SCardEndTransaction(card, how));
	transactions = 0;
	return rv;
}
