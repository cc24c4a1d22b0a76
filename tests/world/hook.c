/* hook.c -- counts this process's transmissions, and does something at one of them. */
#include <stdatomic.h>
#include <winscard.h>

#include "tests/world/world.h"

/* The linker's wrapping leaves no other way to hand it over. */
static struct hook now;
static atomic_uint count;
static atomic_int transactions;

void world_hook(const struct hook *hook)
{
	count = 0;
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

__typeof__(SCardTransmit) __real_SCardTransmit, __wrap_SCardTransmit;
LONG __wrap_SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *send_pci, LPCBYTE send,
			  DWORD send_len, SCARD_IO_REQUEST *receive_pci, LPBYTE receive,
			  LPDWORD receive_len)
{
	const bool mine = ++count == now.at;
	LONG rv;

	if (mine && !now.after)
		now.fire(now.world);
	rv = __real_SCardTransmit(card, send_pci, send, send_len, receive_pci, receive,
				  receive_len);
	if (mine && now.after)
		now.fire(now.world);
	return rv;
}

__typeof__(SCardBeginTransaction) __real_SCardBeginTransaction, __wrap_SCardBeginTransaction;
LONG __wrap_SCardBeginTransaction(SCARDHANDLE card)
{
	LONG rv = __real_SCardBeginTransaction(card);

	transactions += rv == SCARD_S_SUCCESS;
	return rv;
}

__typeof__(SCardEndTransaction) __real_SCardEndTransaction, __wrap_SCardEndTransaction;
LONG __wrap_SCardEndTransaction(SCARDHANDLE card, DWORD how)
{
	LONG rv = __real_SCardEndTransaction(card, how);

	transactions = 0;
	return rv;
}
