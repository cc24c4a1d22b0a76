/*
 * monitor_changes.c -- what a command may change in the store, and when tries may rise: "What is
 * stored when" of the STATES.md pages.
 */
#include "applets/eid/state.h"
#include "applets/emrtd/state.h"
#include "applets/gate/state.h"
#include "applets/manager/state.h"
#include "applets/piv/state.h"
#include "tests/hostile/monitor.h"

static bool of(uint32_t id, uint32_t owner)
{
	return id >> 24 == owner >> 24;
}

/* Tries, and what failures cost; those of passwords grow less with time, too. */
static bool is_try(const struct monitor_case *c, uint32_t id)
{
	const uint8_t ins = c->apdu.ins;

	if (id >> 8 == PIV_STORE_PASSWORD >> 8)
		return c->at == AT_PIV &&
		       (ins == 0x20 || ins == 0x24 || ins == 0x2C || ins == 0xFA || ins == 0xFB);
	if (id == EMRTD_OBJECT_PIN || id == EMRTD_OBJECT_PUK)
		return c->at == AT_MF && (ins == 0x86 || ins == 0x2C || ins == 0x04 || ins == 0x44);
	if (id >> 8 == MANAGER_OBJECT_SEQUENCE >> 8)
		return c->at == AT_MANAGER && (ins == 0x50 || ins == 0x82);
	return id >> 4 == (CARD_OBJECT_HOST + 0x100u) >> 4;
}

static bool may_change_document(const struct monitor_case *c, uint32_t id)
{
	const bool trust = id >> 8 == EMRTD_OBJECT_ANCHOR >> 8 || id == CARD_OBJECT_HOST + 3;

	return c->apdu.ins == 0x2A && trust;
}

static bool may_change_group(const struct monitor *m, const struct monitor_case *c, uint32_t id)
{
	const uint32_t n = id - EID_OBJECT_GROUP;

	return c->apdu.ins == 0xD6 && id >= EID_OBJECT_GROUP && n >= 17 && n <= 22 &&
	       monitor_has_bit(&m->session, 54 - n);
}

static bool may_change_keys(const struct monitor_case *c, uint32_t id)
{
	switch (c->apdu.ins) {
	case 0xDB:
		return id == PIV_STORE_CONTENT || id >= PIV_STORE_DATA || id == PIV_STORE_POLICY;
	case 0x47:
	case 0xFE:
	case 0xF6:
		return id == PIV_STORE_CONTENT || id >> 8 == PIV_STORE_KEY >> 8 ||
		       id >> 8 == PIV_STORE_PUBLIC >> 8;
	case 0xFF:
		return id == PIV_STORE_ADMIN;
	default:
		return c->apdu.ins == 0xFB && of(id, CARD_OBJECT_PIV);
	}
}

bool monitor_may_change(const struct monitor *m, const struct monitor_case *c, uint32_t id)
{
	if (is_try(c, id) || id == GATE_OBJECT_EPHEMERAL)
		return true;
	if (id == GATE_OBJECT_TICKETS && c->apdu.ins == 0xA4 && !monitor_refused(c->sw))
		return true;
	if (c->at == AT_GATE && m->gate && c->apdu.ins == 0x87 && of(id, CARD_OBJECT_GATE))
		return id < GATE_OBJECT_CREDENTIAL && id != GATE_OBJECT_HOLDER;
	if (monitor_refused(c->sw))
		return false;
	switch (c->at) {
	case AT_MF:
	case AT_LDS:
		return may_change_document(c, id);
	case AT_EID:
		return of(id, CARD_OBJECT_EID) && may_change_group(m, c, id);
	case AT_PIV:
		return of(id, CARD_OBJECT_PIV) && may_change_keys(c, id);
	case AT_MANAGER:
		return c->in_channel;
	case AT_GATE:
		break;
	}
	return false;
}

bool monitor_may_rise(const struct monitor *m, const struct monitor_case *c,
		      enum monitor_counter which, unsigned from)
{
	const uint8_t ins = c->apdu.ins, p1 = c->apdu.p1;

	if (monitor_refused(c->sw))
		return false;
	if (c->at == AT_MANAGER)
		return c->in_channel;
	switch (which) {
	case OF_EID_PUK:
		return false;
	case OF_EID_PIN:
		if (c->at != AT_MF)
			return false;
		return ins == 0x2C ? p1 == 0x03 || from > 0 || m->session.in_force
				   : ins == 0x86 && from > 0 && m->honest;
	case OF_PIV_PIN:
		if (ins == 0x2C)
			return c->at == AT_PIV;
		break;
	case OF_PIV_GLOBAL:
	case OF_PUK:
		break;
	}
	if (c->at != AT_PIV)
		return false;
	if (ins == 0xFA || ins == 0xFB)
		return true;
	/* Right or changed; the PUK also by the reset of the PIN that it allowed. */
	return from > 0 && (ins == 0x20 || ins == 0x24 || (ins == 0x2C && which == OF_PUK));
}
