/* pcsc_told.c -- what the failures of PC/SC say of the service. */
#include "reader/pcsc_link.h"

bool sj_link_died(LONG scard)
{
	uint32_t code = (uint32_t)scard;

	return code == (uint32_t)SCARD_E_NO_SERVICE || code == (uint32_t)SCARD_E_SERVICE_STOPPED ||
	       code == (uint32_t)SCARD_E_INVALID_HANDLE || code == (uint32_t)SCARD_F_COMM_ERROR;
}

bool sj_link_hung_up(LONG scard)
{
	return (uint32_t)scard == (uint32_t)SCARD_W_SECURITY_VIOLATION;
}

/* What the service itself refuses leaves a context that works. */
LONG sj_link_told(const struct sj_link *l, LONG scard)
{
	DWORD len = 0;
	LONG rv;

	if (!l->has_context || !sj_link_hung_up(scard))
		return scard;
	rv = SCardListReaders(l->context, NULL, NULL, &len);
	return rv == SCARD_S_SUCCESS || (uint32_t)rv == (uint32_t)SCARD_E_NO_READERS_AVAILABLE
		       ? scard
		       : SCARD_E_NO_SERVICE;
}
