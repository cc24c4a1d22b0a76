/*
 * monitor_rules.c -- who may what, as the pages say it: card-sim/applets/<name>/STATES.md and
 * PERSO.md, card-sim/host/STATES.md, card-sim/applets/eid/EID.md.
 */
#include "tests/hostile/monitor.h"

#include "applets/eid/state.h"
#include "applets/emrtd/state.h"
#include "applets/gate/state.h"
#include "applets/manager/state.h"
#include "applets/piv/state.h"
#include "secure/gate.h"

#define AT_BIT_RI 2u
#define AT_BIT_PIN 5u

bool monitor_refused(uint16_t sw)
{
	return sw >> 12 == 6 && sw >> 8 != 0x61 && sw >> 8 != 0x62;
}

bool monitor_has_bit(const struct monitor_session *s, unsigned bit)
{
	return (s->rights.bits >> bit & 1u) != 0;
}

/* A terminal of this kind whose rights are in force, in its own session. */
static bool in_force(const struct monitor *m, bool secured, enum sj_cvc_terminal kind)
{
	return secured && m->session.in_force && m->session.rights.terminal == kind;
}

/* BAC, PACE, or what came after them. */
static bool in_session(const struct monitor *m, bool secured)
{
	return secured && m->session.kind != IN_NONE && m->session.kind != IN_PIV;
}

static bool is_blank(const struct monitor *m)
{
	return card_life(m->b->card) < CARD_SECURED;
}

/* --- where a command to the keys comes from (piv/STATES.md) ------------------------------------- */

enum way { BY_CONTACT, BY_PACE, BY_VCI, BY_MESSAGING, BY_AIR };

/* A bit of the first byte of the PIN usage policy (SP 800-73-5, part 1, 3.3.2). */
static bool policy_has(const struct monitor *m, uint8_t bit)
{
	struct sj_span policy;

	return card_store_get(m->b->store, PIV_STORE_POLICY, &policy) && policy.len > 0 &&
	       (policy.ptr[0] & bit) != 0;
}

static enum way way_of(const struct monitor *m, bool secured)
{
	if (m->interface == CARD_CONTACT)
		return BY_CONTACT;
	if (secured && m->session.kind == IN_PIV)
		return policy_has(m, 0x08) && (m->pairing || policy_has(m, 0x04)) ? BY_VCI
										  : BY_MESSAGING;
	return in_session(m, secured) && m->session.password != 0 && !m->is_open ? BY_PACE : BY_AIR;
}

static bool is_near(enum way way)
{
	return way == BY_CONTACT || way == BY_PACE || way == BY_VCI;
}

static bool is_wired(enum way way)
{
	return way == BY_CONTACT || way == BY_PACE;
}

static bool has_pin(const struct monitor *m)
{
	return (m->pin[0] && policy_has(m, 0x40)) || (m->pin[1] && policy_has(m, 0x20));
}

static bool may_get(const struct monitor *m, unsigned tag, bool secured)
{
	const enum way way = way_of(m, secured);

	switch (tag) {
	case 0x7E:
	case 0x7F61:
	case 0xC101:
	case 0xC102:
	case 0xC122:
	case 0xFF50:
		return true;
	case 0xC103:
	case 0xC108:
	case 0xC109:
	case 0xC121:
	case 0xC123:
		return is_near(way) && has_pin(m);
	default:
		return is_near(way);
	}
}

/* --- what may be told ------------------------------------------------------------------------------ */

static bool may_tell_group(const struct monitor *m, unsigned n, uint8_t sector, bool secured)
{
	static const uint32_t extensions[] = {
		SJ_RIGHT_DOCUMENT_NUMBER,  SJ_RIGHT_CLASS,         SJ_RIGHT_HOME_PASSPORT,
		SJ_RIGHT_PORTRAIT,         SJ_RIGHT_ENTRY_RECORDS, SJ_RIGHT_EMERGENCY,
		SJ_RIGHT_INSURANCE_NUMBER, SJ_RIGHT_VALID,
	};
	const struct monitor_session *s = &m->session;

	if (sector != 0 && s->sector != sector)
		return false;
	if (in_force(m, secured, SJ_CVC_INSPECTION))
		return true;
	if (!in_force(m, secured, SJ_CVC_AUTHENTICATION) || n < 1 || n > 30)
		return false;
	if (n <= 22)
		return monitor_has_bit(s, 7 + n);
	return (s->rights.extra[SJ_CVC_SOJOURN] & extensions[n - 23]) != 0;
}

static bool may_tell_file(const struct monitor *m, bool secured)
{
	return m->is_eid ? in_force(m, secured, SJ_CVC_INSPECTION) : in_session(m, secured);
}

static bool may_tell_security(const struct monitor *m, unsigned sector, bool secured)
{
	if (sector == 0xFF)
		return in_session(m, secured) && m->session.password != 0;
	return secured && m->session.authenticated && m->session.sector == sector;
}

bool monitor_may_tell(const struct monitor *m, const struct mark *mark, enum monitor_place at,
		      bool secured)
{
	switch (mark->kind) {
	case MARK_FILE:
		return is_blank(m) ? false : may_tell_file(m, secured);
	case MARK_DG3:
	case MARK_DG4:
		return in_force(m, secured, SJ_CVC_INSPECTION) &&
		       monitor_has_bit(&m->session, mark->kind == MARK_DG3 ? 0 : 1);
	case MARK_CARD_SECURITY:
		return may_tell_security(m, mark->n, secured);
	case MARK_GROUP:
		return at == AT_EID && may_tell_group(m, mark->n, mark->sector, secured);
	case MARK_PIV:
		return at == AT_PIV && may_get(m, mark->n, secured);
	case MARK_SERIAL:
		return at == AT_MANAGER;
	case MARK_SECRET:
		break;
	}
	return false;
}

/* --- where a channel may stand ------------------------------------------------------------------------ */

bool monitor_may_stand(const struct monitor *m, enum monitor_place at)
{
	const enum card_life life = card_life(m->b->card);
	const bool hides = life >= CARD_SECURED && m->interface == CARD_CONTACTLESS && !m->is_open;
	const struct monitor_session *s = &m->session;

	if (at == AT_MF)
		return true;
	if (at != AT_MANAGER && (life == CARD_LOCKED || life == CARD_TERMINATED))
		return false;
	if (at == AT_EID)
		return s->in_force && s->rights.terminal != SJ_CVC_SIGNATURE;
	if (at != AT_PIV && at != AT_MANAGER)
		return true;
	if (at == AT_MANAGER && m->was_blank)
		return true; /* who has just issued the card stays until power goes */
	if (life >= CARD_SECURED && s->chat && s->kind != IN_NONE)
		return false;
	return !hides || (s->kind != IN_NONE && s->password != 0);
}

/* --- the MF and LDS1 ------------------------------------------------------------------------------------- */

#define OK NULL
static const char *unless(bool allowed, const char *why)
{
	return allowed ? OK : why;
}

/* RESET RETRY COUNTER, DEACTIVATE and ACTIVATE of the eID card's PIN. */
static const char *judge_pin(const struct monitor *m, const struct monitor_case *c)
{
	const uint8_t by = c->apdu.p1 == 0x02 ? SJ_PACE_PIN : SJ_PACE_PUK;
	const bool manages = in_force(m, c->secured, SJ_CVC_AUTHENTICATION) &&
			     monitor_has_bit(&m->session, AT_BIT_PIN);
	const bool opened = c->secured && m->session.kind == IN_PACE && m->session.password == by &&
			    !m->session.authenticated;

	return unless(manages || (c->apdu.ins == 0x2C && opened), "the PIN was managed");
}

static const char *judge_terminal(const struct monitor *m, const struct monitor_case *c)
{
	const bool begun = c->at == AT_MF ? m->session.chat : !m->session.in_force;

	if (!in_session(m, c->secured) || !begun)
		return "Terminal Authentication in no session for it";
	return unless((c->apdu.ins != 0x82 && c->apdu.ins != 0x2A) || m->honest,
		      "a terminal was believed");
}

/* PACE's token, and Chip Authentication 2, are answered to whoever is right. */
static const char *judge_step(const struct monitor *m, const struct monitor_case *c)
{
	const uint8_t tag = c->data.len > 2 ? c->data.ptr[2] : 0;

	if (is_blank(m))
		return "PACE on a blank card";
	if (tag == 0x81 && (!c->secured || !m->session.authenticated))
		return "Chip Authentication before Terminal Authentication";
	return unless((tag != 0x81 && tag != 0x86) || m->honest, "a password or key was believed");
}

static const char *judge_mf(const struct monitor *m, const struct monitor_case *c)
{
	switch (c->apdu.ins) {
	case 0xA4:
	case 0xB0:
	case 0xB1:
		return OK;
	case 0x86:
		return judge_step(m, c);
	case 0x22:
		if (c->apdu.p1 == 0xC1)
			return unless(!is_blank(m), "PACE on a blank card");
		if (c->apdu.p1 == 0x41)
			return unless(c->secured && m->session.authenticated, "CA before TA");
		return judge_terminal(m, c);
	case 0x2A:
	case 0x82:
	case 0x84:
		return judge_terminal(m, c);
	case 0x2C:
	case 0x04:
	case 0x44:
		return judge_pin(m, c);
	default:
		return "the MF has no such command";
	}
}

static const char *judge_lds(const struct monitor *m, const struct monitor_case *c)
{
	switch (c->apdu.ins) {
	case 0xA4:
	case 0xB0:
	case 0xB1:
		return OK;
	case 0x84:
		return unless(!is_blank(m), "BAC on a blank card");
	case 0x82:
		return unless(m->honest, "an authentication was believed");
	case 0x2A:
		return judge_terminal(m, c);
	case 0x22:
		if (c->apdu.p1 == 0x81)
			return judge_terminal(m, c);
		return unless(may_tell_file(m, c->secured), "the Chip Authentication key");
	case 0x86:
		return unless(may_tell_file(m, c->secured), "the Chip Authentication key");
	case 0x88:
		return unless(may_tell_file(m, c->secured), "the Active Authentication key");
	default:
		return "LDS1 has no such command";
	}
}

static const char *judge_eid(const struct monitor *m, const struct monitor_case *c)
{
	const bool at = in_force(m, c->secured, SJ_CVC_AUTHENTICATION);

	if (!at && !in_force(m, c->secured, SJ_CVC_INSPECTION))
		return "the eID application without rights in force";
	switch (c->apdu.ins) {
	case 0xA4:
	case 0xB0:
	case 0xB1:
	case 0xCB:
		return OK;
	case 0xD6: /* which group: monitor_may_change() */
	case 0x20:
		return unless(at, "for authentication terminals alone");
	case 0x22:
	case 0x86:
		return unless(at && monitor_has_bit(&m->session, AT_BIT_RI), "a pseudonym");
	default:
		return "the eID application has no such command";
	}
}

/* --- the gate ------------------------------------------------------------------------------------------------ */

/* An error told, or taken, is free. */
static const char *judge_gate(const struct monitor *m, const struct monitor_case *c)
{
	const struct sj_span in = c->apdu.data, out = c->data;

	if (c->apdu.ins == 0xA4)
		return OK;
	if (c->apdu.ins != 0x87)
		return "the gate has no such command";
	if (out.len < 3 && c->sw == SJ_SW_BYTES_REMAINING + 6 - out.len)
		return OK; /* the beginning of an error, which is six bytes; a proof is longer */
	if ((out.len > 2 && out.ptr[2] == 0x8F) ||
	    (out.len == 0 && in.len > 2 && in.ptr[2] == 0x8F))
		return OK;
	return unless(m->honest, "a gate was believed");
}

/* --- the keys ------------------------------------------------------------------------------------------------- */

/* The password of this reference; NULL: none that has a value here. */
static uint8_t *value_of(struct monitor *m, uint8_t ref)
{
	return ref == 0x80   ? m->value[0]
	       : ref == 0x00 ? m->value[1]
	       : ref == 0x81 ? m->value[2]
			     : NULL;
}

static void set_pin(struct monitor *m, uint8_t ref, bool right)
{
	if (ref == 0x80 || ref == 0x00)
		m->pin[ref == 0x00] = right;
	if (right)
		m->pin_at = m->commands;
}

static const char *judge_verify(struct monitor *m, const struct monitor_case *c, enum way way)
{
	const struct sj_span in = c->apdu.data;
	const uint8_t ref = c->apdu.p2, *value = ref == 0x81 ? NULL : value_of(m, ref);

	if (way == BY_AIR || (way == BY_MESSAGING && ref != 0x98))
		return "VERIFY over the air";
	if (c->apdu.p1 == 0xFF) {
		if (ref == 0x98)
			m->pairing = false;
		else
			set_pin(m, ref, false);
		return OK;
	}
	if (ref == 0x98) {
		if (in.len == 0)
			return unless(m->pairing, "the pairing code was verified before");
		m->pairing = true;
		return unless(in.len == 8 && memcmp(in.ptr, "82913746", 8) == 0, "a wrong code");
	}
	if (value == NULL)
		return "VERIFY of what is no PIN";
	if (in.len == 0)
		return unless(m->pin[ref == 0x00], "a PIN was verified before");
	if (in.len != 8 || memcmp(in.ptr, value, 8) != 0)
		return "a wrong PIN";
	set_pin(m, ref, true);
	return OK;
}

/* CHANGE REFERENCE DATA, and RESET RETRY COUNTER with the PUK. */
static const char *judge_new_pin(struct monitor *m, const struct monitor_case *c, enum way way)
{
	const bool reset = c->apdu.ins == 0x2C;
	uint8_t *old = value_of(m, reset ? 0x81 : c->apdu.p2), *fresh = value_of(m, c->apdu.p2);

	if (!is_near(way) || (!is_wired(way) && (reset || c->apdu.p2 == 0x81)))
		return "a PIN was changed over the air";
	if (old == NULL || fresh == NULL || (reset && c->apdu.p2 != 0x80) ||
	    c->apdu.data.len != 16 || memcmp(c->apdu.data.ptr, old, 8) != 0)
		return "a PIN was changed without the old one";
	memcpy(fresh, c->apdu.data.ptr + 8, 8);
	if (!reset)
		set_pin(m, c->apdu.p2, true);
	return OK;
}

static uint8_t policy_of(const struct monitor *m, uint8_t ref)
{
	struct piv_key key;

	return piv_key_find(m->b->store, ref, &key) ? key.pin_policy : 0;
}

/* The management key: challenges are free, success is not. */
static const char *judge_admin(struct monitor *m, const struct monitor_case *c, enum way way)
{
	if (!is_wired(way))
		return "the management key over the air";
	if (c->data.len < 3 && c->sw != SJ_SW_OK)
		return OK; /* the beginning of an answer: the terminal itself asks for the whole */
	if (c->data.len > 2 && (c->data.ptr[2] == 0x80 || c->data.ptr[2] == 0x81))
		return OK;
	m->admin = true;
	return unless(m->honest, "a management key was believed");
}

static const char *judge_key(struct monitor *m, const struct monitor_case *c, enum way way)
{
	const uint8_t ref = c->apdu.p2;

	if (ref == 0x04)
		return unless(!c->secured, "key establishment inside messaging");
	if (ref == 0x9B)
		return judge_admin(m, c, way);
	if (policy_of(m, ref) == 0)
		return "a key that is not there";
	if (ref == 0x9E && policy_of(m, ref) == 1)
		return OK;
	if (!is_near(way))
		return "a key over the air";
	if (policy_of(m, ref) == 1)
		return OK;
	if (!has_pin(m))
		return "a key without the PIN";
	return unless(policy_of(m, ref) != 3 || m->pin_at + 1 == m->commands,
		      "a key without a fresh PIN");
}

static const char *judge_reset(struct monitor *m, enum way way)
{
	if (!is_wired(way) || m->counters[OF_PIV_PIN] != 0 || m->counters[OF_PUK] != 0)
		return "RESET before PIN and PUK are blocked";
	m->pin[0] = m->pin[1] = m->admin = false;
	memcpy(m->value[0], HEX("313233343536FFFF").ptr, 8);
	memcpy(m->value[2], HEX("3132333435363738").ptr, 8);
	return OK;
}

static const char *judge_retries(struct monitor *m, enum way way)
{
	if (!is_wired(way) || !m->admin || !has_pin(m))
		return "tries set without management key and PIN";
	m->pin[0] = false;
	memcpy(m->value[0], HEX("313233343536FFFF").ptr, 8);
	memcpy(m->value[2], HEX("3132333435363738").ptr, 8);
	return OK;
}

static const char *judge_object(const struct monitor *m, const struct monitor_case *c)
{
	struct sj_span in = c->apdu.data, value;
	uint32_t tag = 0;

	if (sj_tlv_take(&in, 0x5C, &value) != SJ_TLV_FOUND || value.len < 1 || value.len > 3 ||
	    !sj_take_be(&value, value.len, &tag))
		return "GET DATA of no object";
	return unless(may_get(m, tag & 0xFFFF, c->secured), "an object");
}

static const char *judge_piv(struct monitor *m, const struct monitor_case *c)
{
	const enum way way = way_of(m, c->secured);

	if (c->channel != 0 && c->apdu.ins != 0xA4)
		return "the keys on another channel";
	switch (c->apdu.ins) {
	case 0xA4:
	case 0xFD:
		return OK;
	case 0xCB:
		return judge_object(m, c);
	case 0x20:
		return judge_verify(m, c, way);
	case 0x24:
	case 0x2C:
		return judge_new_pin(m, c, way);
	case 0x87:
		return judge_key(m, c, way);
	case 0xDB:
	case 0x47:
	case 0xFF:
	case 0xFE:
	case 0xF6:
		return unless(is_wired(way) && m->admin, "keys changed without the management key");
	case 0xFA:
		return judge_retries(m, way);
	case 0xFB:
		return judge_reset(m, way);
	case 0xF7:
	case 0xF8:
	case 0xF9:
		return unless(is_near(way), "which card it is");
	default:
		return "the keys have no such command";
	}
}

/* --- the manager ------------------------------------------------------------------------------------------------ */

static const char *judge_manager(struct monitor *m, const struct monitor_case *c)
{
	const bool confidential = c->in_channel && (m->level & 2) != 0;

	if (card_life(m->b->card) == CARD_TERMINATED && c->apdu.ins != 0xA4 &&
	    !(c->apdu.ins == 0xCA && c->apdu.p1 == 0x9F) && c->apdu.ins != 0xF0)
		return "a terminated card";
	if (c->channel != 0 && c->apdu.ins != 0xA4 && c->apdu.ins != 0xCA)
		return "the manager on another channel";
	switch (c->apdu.ins) {
	case 0xA4:
	case 0xCA:
		return OK;
	case 0x50:
		m->level = 0;
		return OK;
	case 0x82:
		m->level = c->apdu.p1;
		return unless(m->honest, "a channel without its keys");
	case 0xF2:
		return unless(c->in_channel && m->level != 0, "GET STATUS without a channel");
	case 0xD8:
	case 0xF0:
		return unless(confidential, "the card changed without a channel");
	case 0xE6:
		if (c->apdu.p1 == 0x40)
			return unless(confidential, "the card changed without a channel");
		return unless(confidential && is_blank(m), "INSTALL");
	case 0xE2:
	case 0xE4:
		return unless(confidential && is_blank(m), "personalisation");
	default:
		return "the manager has no such command";
	}
}

const char *monitor_judge(struct monitor *m, const struct monitor_case *c)
{
	const uint8_t ins = c->apdu.ins;

	/* A PIN that is not right is no longer verified. */
	if (c->at == AT_PIV && (ins == 0x20 || ins == 0x24) && c->sw >> 8 == 0x63 &&
	    c->apdu.data.len > 0)
		set_pin(m, c->apdu.p2, false);
	if (monitor_refused(c->sw) || c->sw == SJ_SW_FILE_DEACTIVATED)
		return OK;
	if (ins == 0x70 || ins == 0xC0 || (ins == 0xA4 && c->apdu.p1 == 0x04))
		return OK;
	if ((c->apdu.cla & 0x80) == 0 && c->data.len == 0 && c->sw == SJ_SW_OK && c->chained)
		return OK;
	switch (c->at) {
	case AT_MF:
		return judge_mf(m, c);
	case AT_LDS:
		return judge_lds(m, c);
	case AT_EID:
		return judge_eid(m, c);
	case AT_GATE:
		return judge_gate(m, c);
	case AT_PIV:
		return judge_piv(m, c);
	case AT_MANAGER:
		break;
	}
	return judge_manager(m, c);
}
