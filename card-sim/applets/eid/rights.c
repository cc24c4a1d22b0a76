/* rights.c -- which data groups and functions a terminal's rights open. */
#include "secure/gate.h"
#include "state.h"
#include "wire/std/tr03110.h"

/* EID.md: groups without a bit stand behind the authorization extension. */
static const uint32_t extension_bits[SJ_EID_GROUPS + 1] = {
	[SJ_EID_DOCUMENT_NUMBER] = SJ_RIGHT_DOCUMENT_NUMBER,
	[SJ_EID_CLASS] = SJ_RIGHT_CLASS,
	[SJ_EID_HOME_PASSPORT] = SJ_RIGHT_HOME_PASSPORT,
	[SJ_EID_PORTRAIT] = SJ_RIGHT_PORTRAIT,
	[SJ_EID_ENTRY_RECORDS] = SJ_RIGHT_ENTRY_RECORDS,
	[SJ_EID_EMERGENCY] = SJ_RIGHT_EMERGENCY,
	[SJ_EID_INSURANCE] = SJ_RIGHT_INSURANCE_NUMBER,
	[SJ_EID_STATUS] = SJ_RIGHT_VALID,
};

static bool has_bit(const struct card_terminal *t, unsigned bit)
{
	return (t->rights.bits >> bit & 1u) != 0;
}

const struct card_terminal *eid_terminal(const struct card_call *call)
{
	if (card_terminal_is(call->card, call->secured, SJ_CVC_AUTHENTICATION) ||
	    card_terminal_is(call->card, call->secured, SJ_CVC_INSPECTION))
		return card_terminal(call->card);
	return NULL;
}

const struct card_terminal *eid_terminal_with(const struct card_call *call, unsigned bit)
{
	const struct card_terminal *t = eid_terminal(call);

	return t != NULL && t->rights.terminal == SJ_CVC_AUTHENTICATION && has_bit(t, bit) ? t
											   : NULL;
}

/* TR-03110-4, 2.2.2: an inspection system reads all groups. */
bool eid_may_read(const struct card_terminal *t, unsigned group)
{
	if (t->rights.terminal == SJ_CVC_INSPECTION)
		return group >= 1 && group <= SJ_EID_GROUPS;
	if (group >= 1 && group <= SJ_EID_STANDARD)
		return has_bit(t, SJ_AT_READ_DG(group));
	return group <= SJ_EID_GROUPS &&
	       (t->rights.extra[SJ_CVC_SOJOURN] & extension_bits[group]) != 0;
}

bool eid_may_update(const struct card_terminal *t, unsigned group)
{
	return t->rights.terminal == SJ_CVC_AUTHENTICATION && group >= SJ_EID_ADDRESS &&
	       group <= SJ_EID_STANDARD && has_bit(t, SJ_AT_WRITE_DG(group));
}

/*
 * By the certificates alone: the holder agreed to be asked for an age with bit 0 of the CHAT, and
 * programs of others send no extensions in PACE.
 */
bool eid_may_ask_age(const struct card_terminal *t, size_t i)
{
	return (t->certified.extra[SJ_CVC_SOJOURN] & ((uint64_t)SJ_RIGHT_AGE_FIRST << i)) != 0;
}
