/* session.c -- whole answers from a card: pieces, chains, lengths, protection. */
#include "reader/session.h"

#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "reader/context.h"
#include "reader/session_in.h"

#define INS_SELECT 0xA4u
#define CLA_CHAIN 0x10u /* ISO/IEC 7816-4:2020, 5.4.1: not the last command of a chain */
#define SLOW_MS 1500

/* --- opening and closing -------------------------------------------------------- */

static void wipe_session(struct sj_session *s)
{
	sj_wipe(s, sizeof(*s));
	free(s);
}

static enum sj_rc connect_card(struct sj_session *s)
{
	struct sj_writer atr = sj_writer(s->atr, sizeof(s->atr));
	enum sj_rc rc = s->transport->ops->connect(s->transport, s->deadline, &atr);

	if (rc != SJ_OK)
		return rc;
	s->atr_len = atr.failed ? 0 : atr.len;
	sj_context_tell(s->ctx, SJ_EVENT_FIELD_ON, sj_session_atr(s));
	return SJ_OK;
}

enum sj_rc sj_session_open(struct sj_context *ctx, struct sj_transport *t, int64_t deadline,
			   struct sj_session **out)
{
	struct sj_session *s = calloc(1, sizeof(*s));
	enum sj_rc rc;

	if (!s) {
		t->ops->close(t);
		return SJ_NO_MEMORY;
	}
	s->ctx = ctx;
	s->transport = t;
	s->deadline = deadline;
	rc = connect_card(s);
	if (rc != SJ_OK) {
		sj_session_close(s);
		return rc;
	}
	*out = s;
	return SJ_OK;
}

void sj_session_close(struct sj_session *s)
{
	if (!s)
		return;
	sj_session_end(s);
	s->transport->ops->disconnect(s->transport, false);
	s->transport->ops->close(s->transport);
	wipe_session(s);
}

void sj_session_deadline(struct sj_session *s, int64_t deadline)
{
	s->deadline = deadline;
}

enum sj_rc sj_session_begin(struct sj_session *s)
{
	enum sj_rc rc = SJ_OK;

	if (s->transport->ops->begin)
		rc = s->transport->ops->begin(s->transport, s->deadline);
	s->begun = rc == SJ_OK;
	return rc;
}

void sj_session_end(struct sj_session *s)
{
	if (s->begun && s->transport->ops->end)
		s->transport->ops->end(s->transport);
	s->begun = false;
}

bool sj_session_begun(const struct sj_session *s)
{
	return s->begun;
}

bool sj_session_shared(const struct sj_session *s)
{
	return s->transport->ops->begin != NULL;
}

enum sj_rc sj_session_restart(struct sj_session *s, bool reset)
{
	bool begun = s->begun;
	enum sj_rc rc;

	sj_session_sm_end(s);
	sj_session_end(s);
	s->transport->ops->disconnect(s->transport, reset);
	rc = connect_card(s);
	if (rc == SJ_OK && begun)
		rc = sj_session_begin(s);
	return rc == SJ_NO_CARD ? SJ_CARD_LOST : rc;
}

struct sj_span sj_session_atr(const struct sj_session *s)
{
	return sj_span(s->atr, s->atr_len);
}

struct sj_session_counts sj_session_count(const struct sj_session *s)
{
	return s->counts;
}

/* --- protection ------------------------------------------------------------------ */

void sj_session_sm_start(struct sj_session *s, const struct sj_sm_keys *keys,
			 const struct sj_ssc *ssc)
{
	static const struct sj_ssc zero = { { 0 } };

	sj_session_sm_end(s);
	s->keys = *keys;
	s->ssc = ssc ? *ssc : zero;
	s->protect = true;
	s->transport->channel = s->transport->others;
}

void sj_session_piv_start(struct sj_session *s, const struct sj_piv_sm_keys *keys)
{
	sj_session_sm_end(s);
	s->piv.keys = *keys;
	s->piv.counter[SJ_PIV_SM_BLOCK - 1] = 1;
	s->piv.on = true;
	s->transport->channel = s->transport->others;
}

void sj_session_sm_end(struct sj_session *s)
{
	sj_wipe(&s->keys, sizeof(s->keys));
	sj_wipe(&s->ssc, sizeof(s->ssc));
	sj_wipe(&s->piv, sizeof(s->piv));
	s->protect = false;
}

bool sj_session_sm_active(const struct sj_session *s)
{
	return s->protect || s->piv.on;
}

/* --- extended length --------------------------------------------------------------- */

void sj_session_allow_extended(struct sj_session *s, size_t command_max, size_t response_max)
{
	if (s->extended == SJ_EXTENDED_REFUSED)
		return;
	s->extended = SJ_EXTENDED_ALLOWED;
	s->command_max = command_max;
	s->response_max = response_max;
}

void sj_session_forbid_extended(struct sj_session *s)
{
	s->extended = SJ_EXTENDED_REFUSED;
}

bool sj_session_extended(const struct sj_session *s)
{
	return s->extended == SJ_EXTENDED_ALLOWED;
}

/*
 * The value of a compact-TLV object of the historical bytes, by its first byte (tag and
 * length). Category indicator 00 (three bytes of status follow at the end) or 80.
 */
static bool historical(const struct sj_session *s, uint8_t tag, struct sj_span *value)
{
	struct sj_span rest;
	struct sj_atr atr;
	uint8_t byte;

	if (!sj_atr_parse(sj_session_atr(s), &atr))
		return false;
	rest = atr.historical;
	if (!sj_take_u8(&rest, &byte) || (byte != 0x00 && byte != 0x80))
		return false;
	if (byte == 0x00 && rest.len >= 3)
		rest.len -= 3;
	while (sj_take_u8(&rest, &byte) && sj_take(&rest, byte & 0x0Fu, value)) {
		if (byte == tag)
			return true;
	}
	return false;
}

/* Card capabilities: the last of three bytes announces extended Lc and Le in bit 7. */
bool sj_session_atr_extended(const struct sj_session *s)
{
	struct sj_span capabilities;

	return historical(s, 0x73, &capabilities) && (capabilities.ptr[2] & 0x40u) != 0;
}

/* Card service data: bit 1 is set on a card without MF. */
bool sj_session_atr_mf(const struct sj_session *s)
{
	struct sj_span service;

	return historical(s, 0x31, &service) && (service.ptr[0] & 0x01u) == 0;
}

/* Bytes that secure messaging adds to a response: DO 87 header and padding, 99, 8E. */
static size_t protected_overhead(const struct sj_session *s)
{
	/* tag, up to four bytes of length, padding indicator; 99 02 sw; 8E 08 mac */
	return s->protect ? 1 + 4 + 1 + sj_cipher_block_size(s->keys.cipher) + 4 + 10 : 0;
}

static size_t short_max(const struct sj_session *s)
{
	return s->protect ? sj_sm_short_response(s->keys.cipher) : SJ_APDU_NE_SHORT;
}

size_t sj_session_read_max(const struct sj_session *s)
{
	size_t room = SJ_APDU_NE_EXTENDED;

	if (!sj_session_extended(s))
		return short_max(s);
	if (s->response_max != 0 && s->response_max < room + 2)
		room = s->response_max > 2 ? s->response_max - 2 : 0;
	room = room > protected_overhead(s) ? room - protected_overhead(s) : 0;
	return room > short_max(s) ? room : short_max(s);
}

/* May this command go in extended form? */
static bool goes_extended(const struct sj_session *s, const struct sj_apdu *a)
{
	size_t data_max = s->protect ? short_max(s) : SJ_APDU_NC_SHORT;
	bool wanted = a->extended || a->data.len > data_max || a->ne > SJ_APDU_NE_SHORT;

	if (!wanted || s->extended == SJ_EXTENDED_REFUSED)
		return false;
	if (s->extended == SJ_EXTENDED_UNKNOWN)
		return a->extended;
	/* header, both length fields, and what secure messaging adds */
	return s->command_max == 0 ||
	       4 + 3 + a->data.len + 2 + protected_overhead(s) + 8 <= s->command_max;
}

static bool refused_length(const struct sj_response *r)
{
	return r->sw == SJ_SW_WRONG_LENGTH || r->sw == SJ_SW_WRONG_CLA || r->sw == SJ_SW_WRONG_INS;
}

/* --- whole commands ------------------------------------------------------------------ */

/* One command of any size in short form: a chain where the data need it. */
static enum sj_rc short_command(struct sj_session *s, const struct sj_apdu *a,
				struct sj_response *r)
{
	size_t room = s->protect ? short_max(s) : SJ_APDU_NC_SHORT;
	struct sj_span rest = a->data;
	struct sj_apdu piece = *a;
	enum sj_rc rc;

	piece.extended = false;
	/* 256 asks for all there is, which may come in pieces (61xx); more is for reading on. */
	if (piece.ne > SJ_APDU_NE_SHORT)
		piece.ne = (uint32_t)short_max(s);
	while (rest.len > room) {
		struct sj_apdu link = piece;

		if (!sj_take(&rest, room, &link.data))
			return SJ_INTERNAL;
		link.cla = (uint8_t)(a->cla | CLA_CHAIN);
		link.ne = 0;
		rc = sj_session_exchange(s, &link, r);
		if (rc != SJ_OK || r->sw != SJ_SW_OK)
			return rc;
	}
	piece.data = rest;
	return sj_session_exchange(s, &piece, r);
}

static enum sj_rc extended_command(struct sj_session *s, const struct sj_apdu *a,
				   struct sj_response *r)
{
	struct sj_apdu c = *a;

	c.extended = true;
	if (s->extended == SJ_EXTENDED_ALLOWED && c.ne > sj_session_read_max(s))
		c.ne = (uint32_t)sj_session_read_max(s);
	return sj_session_exchange(s, &c, r);
}

/* In pieces what was meant to go in one: they have the card for themselves. */
static enum sj_rc in_pieces(struct sj_session *s, const struct sj_apdu *a, struct sj_response *r)
{
	const bool mine = !s->begun;
	enum sj_rc rc = mine ? sj_session_begin(s) : SJ_OK;

	if (rc == SJ_OK)
		rc = short_command(s, a, r);
	if (mine)
		sj_session_end(s);
	return rc;
}

static enum sj_rc send_whole(struct sj_session *s, const struct sj_apdu *a, struct sj_response *r)
{
	enum sj_extended before = s->extended;
	uint16_t refusal;
	enum sj_rc rc;
	bool alone;

	*r = (struct sj_response){ { NULL, 0 }, 0 };
	if (!goes_extended(s, a))
		return short_command(s, a, r);
	rc = extended_command(s, a, r);
	if ((rc != SJ_OK && rc != SJ_CARD_SM_BROKEN) || !refused_length(r)) {
		if (rc == SJ_OK && s->extended == SJ_EXTENDED_UNKNOWN)
			s->extended = SJ_EXTENDED_ALLOWED;
		return rc;
	}
	s->extended = SJ_EXTENDED_REFUSED;
	if (rc != SJ_OK)
		return rc;
	refusal = r->sw;
	alone = s->begun;
	rc = in_pieces(s, a, r);
	/* The length was not the reason, or who knows: another program may have come between. */
	if (rc == SJ_OK && (r->sw == refusal || (r->sw != SJ_SW_OK && !alone)))
		s->extended = before;
	else
		sj_context_notice(s->ctx,
				  "the card refuses extended length: reading in small blocks");
	return rc;
}

enum sj_rc sj_session_plain(struct sj_session *s, const struct sj_apdu *a, struct sj_response *r)
{
	const bool chain = a->data.len > short_max(s) && !goes_extended(s, a);
	enum sj_rc rc = send_whole(s, a, r);

	/* Another program began a chain and left it; with this answer the card has dropped that. */
	if (rc == SJ_OK && r->sw == SJ_SW_LAST_OF_CHAIN_EXPECTED && !chain)
		rc = send_whole(s, a, r);
	return rc;
}

/* Protected whole, then sent like any other command. */
static enum sj_rc piv_command(struct sj_session *s, const struct sj_apdu *a, struct sj_response *r)
{
	struct sj_apdu wrapped;
	enum sj_rc rc;

	*r = (struct sj_response){ { NULL, 0 }, 0 };
	rc = sj_session_piv_wrap(s, a, &wrapped);
	if (rc == SJ_OK)
		rc = sj_session_plain(s, &wrapped, r);
	if (rc != SJ_OK) {
		sj_session_sm_end(s);
		return rc;
	}
	return sj_session_piv_unwrap(s, r);
}

enum sj_rc sj_session_command(struct sj_session *s, const struct sj_apdu *a, struct sj_response *r)
{
	return s->piv.on ? piv_command(s, a, r) : sj_session_plain(s, a, r);
}

enum sj_rc sj_session_select(struct sj_session *s, struct sj_span aid, struct sj_response *r)
{
	struct sj_apdu a = { .ins = INS_SELECT, .p1 = 0x04, .p2 = 0x0C, .data = aid };
	enum sj_rc rc = sj_session_command(s, &a, r);

	if (rc != SJ_OK || r->sw == SJ_SW_OK || r->sw == SJ_SW_NOT_FOUND)
		return rc;
	a.p2 = 0x00;
	a.ne = SJ_APDU_NE_SHORT;
	return sj_session_command(s, &a, r);
}

/* --- patience ------------------------------------------------------------------------- */

static void tell_slow(void *user)
{
	struct sj_session *s = user;

	s->patient = false;
	sj_context_notice(s->ctx, "the card makes us wait because earlier attempts failed");
}

void sj_session_patient(struct sj_session *s, bool on)
{
	s->patient = on;
}

void sj_session_watch(struct sj_session *s, int64_t now)
{
	s->transport->slow = s->patient ? tell_slow : NULL;
	s->transport->user = s;
	s->transport->slow_at = now + SLOW_MS;
}

void sj_session_unwatch(struct sj_session *s, int64_t took)
{
	s->transport->slow = NULL;
	/* A transport that cannot tell while it waits: say it afterwards. */
	if (s->patient && took >= SLOW_MS)
		tell_slow(s);
}
