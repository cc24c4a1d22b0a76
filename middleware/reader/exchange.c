/*
 * exchange.c -- one command and its whole answer.
 *
 * Two links of the same shape: plain_link() sends bytes, protected_link()
 * wraps a command and sends it through plain pieces. follow() makes a whole
 * answer of either.
 */
#include <string.h>

#include "crypt/wipe.h"
#include "reader/context.h"
#include "reader/session_in.h"
#include "wire/std/iso7816.h"

#define INS_VERIFY 0x20u
#define INS_CHANGE_REFERENCE_DATA 0x24u
#define INS_RESET_RETRY_COUNTER 0x2Cu
#define INS_GENERAL_AUTHENTICATE 0x87u /* of PIV, where P1 is an algorithm */
#define KEY_SECURE_MESSAGING 0x04u /* whose agreement is public */
#define INS_GET_RESPONSE 0xC0u
#define INS_PUT_KEY 0xD8u
#define INS_STORE_DATA 0xE2u
#define INS_IMPORT 0xFEu /* these two: YubiKey's extensions of PIV */
#define INS_SET_MANAGEMENT_KEY 0xFFu
#define CLA_CHANNEL 0x03u
#define CRUMB 80u /* bytes: no card that answers in such small pieces is known */
#define CRUMBS_MAX 8u /* of an answer; with more it would take for ever */

typedef enum sj_rc (*link_fn)(struct sj_session *s, const struct sj_apdu *a, struct sj_response *r);

/* --- what the listener hears ----------------------------------------------------- */

/* Commands whose data are secrets or persons' data by their nature. */
static bool carries_secret(const struct sj_apdu *a)
{
	return a->ins == INS_VERIFY || a->ins == INS_CHANGE_REFERENCE_DATA ||
	       a->ins == INS_RESET_RETRY_COUNTER || a->ins == INS_PUT_KEY ||
	       a->ins == INS_STORE_DATA || a->ins == INS_IMPORT ||
	       a->ins == INS_SET_MANAGEMENT_KEY ||
	       (a->ins == INS_GENERAL_AUTHENTICATE && a->p1 != 0 && a->p2 != KEY_SECURE_MESSAGING);
}

/* What a private key answers in clear: what was decrypted or agreed. */
static bool answers_secret(const struct sj_session *s, const struct sj_apdu *a)
{
	if (a->ins == INS_GET_RESPONSE)
		return s->secret_answer;
	return a->ins == INS_GENERAL_AUTHENTICATE && a->p1 != 0 && a->p2 != KEY_SECURE_MESSAGING &&
	       (a->cla & SJ_CLA_SM) == 0;
}

/* Tells a response; data of secret ones are zeros of the same length. */
static void tell_response(struct sj_session *s, struct sj_span bytes)
{
	/* The command is gone by now. */
	struct sj_writer w = SJ_WRITER_OF(s->outer.command);

	if (s->ctx->listener && s->secret_answer && bytes.len > 2) {
		sj_put_fill(&w, 0, bytes.len - 2);
		sj_put(&w, sj_span(bytes.ptr + bytes.len - 2, 2));
		bytes = sj_written(&w);
	}
	sj_context_tell(s->ctx, SJ_EVENT_RESPONSE, bytes);
}

/* Tells a command; data of secret ones are zeros of the same length. */
static void tell_command(struct sj_session *s, enum sj_event_kind kind, struct sj_level *l,
			 const struct sj_apdu *a, struct sj_span bytes)
{
	struct sj_apdu masked = *a;
	struct sj_writer w;

	if (!s->ctx->listener)
		return;
	if (!carries_secret(a) || (a->cla & SJ_CLA_SM) != 0) {
		sj_context_tell(s->ctx, kind, bytes);
		return;
	}
	memset(l->whole, 0, a->data.len);
	masked.data.ptr = l->whole;
	w = sj_writer(l->response, sizeof(l->response));
	sj_apdu_put(&w, &masked);
	if (!w.failed)
		sj_context_tell(s->ctx, kind, sj_written(&w));
}

/* Tells what came out of secure messaging: the size and the status word, not the data. */
static void tell_plain_response(struct sj_session *s, const struct sj_response *r)
{
	/* The command is gone by now, but pieces put together so far are not. */
	struct sj_writer w = SJ_WRITER_OF(s->inner.command);

	if (!s->ctx->listener)
		return;
	sj_put_fill(&w, 0, r->data.len);
	sj_put_be(&w, 2, r->sw);
	if (!w.failed)
		sj_context_tell(s->ctx, SJ_EVENT_PLAIN_RESPONSE, sj_written(&w));
}

/* --- bytes over the wire ------------------------------------------------------------ */

static enum sj_rc plain_link(struct sj_session *s, const struct sj_apdu *a, struct sj_response *r)
{
	struct sj_writer out = SJ_WRITER_OF(s->outer.command);
	struct sj_writer in = SJ_WRITER_OF(s->outer.response);
	int64_t start = sj_clock_ms(), took;
	enum sj_rc rc;

	sj_apdu_put(&out, a);
	if (out.failed)
		return SJ_INTERNAL;
	if (start >= s->deadline)
		return SJ_TIMED_OUT;
	if (sj_context_cancelled(s->ctx))
		return SJ_CANCELLED;
	tell_command(s, SJ_EVENT_COMMAND, &s->outer, a, sj_written(&out));
	sj_session_watch(s, start);
	s->transport->of_channel = sj_session_sm_active(s) && (a->cla & SJ_CLA_SM) == SJ_CLA_SM;
	rc = s->transport->ops->transmit(s->transport, sj_written(&out), s->deadline, &in);
	took = sj_clock_ms() - start;
	sj_session_unwatch(s, took);
	sj_wipe(out.ptr, out.len); /* it may have been a PIN */
	s->counts.card_ms += (unsigned)took;
	if (rc != SJ_OK)
		return rc;
	s->counts.apdus++;
	s->counts.bytes_sent += (unsigned)out.len;
	s->counts.bytes_received += (unsigned)in.len;
	s->secret_answer = answers_secret(s, a);
	tell_response(s, sj_written(&in));
	return !in.failed && sj_response_parse(sj_written(&in), r) ? SJ_OK : SJ_CARD_ANSWER;
}

enum sj_rc sj_session_keypad(struct sj_session *s, struct sj_span command, struct sj_response *r)
{
	struct sj_writer in = SJ_WRITER_OF(s->outer.response);
	enum sj_rc rc;

	*r = (struct sj_response){ { NULL, 0 }, 0 };
	if (!s->transport->ops->keypad || sj_session_sm_active(s))
		return SJ_ACCESS_UNSUPPORTED;
	if (command.len > 0)
		sj_context_tell(s->ctx, SJ_EVENT_COMMAND, command);
	rc = s->transport->ops->keypad(s->transport, command, s->deadline, &in);
	if (rc != SJ_OK || command.len == 0)
		return rc;
	s->counts.apdus++;
	sj_context_tell(s->ctx, SJ_EVENT_RESPONSE, sj_written(&in));
	return !in.failed && sj_response_parse(sj_written(&in), r) ? SJ_OK : SJ_CARD_ANSWER;
}

enum sj_rc sj_session_reader_pace(struct sj_session *s, struct sj_span input,
				  struct sj_writer *output)
{
	if (!s->transport->ops->pace || sj_session_sm_active(s))
		return SJ_ACCESS_UNSUPPORTED;
	return s->transport->ops->pace(s->transport, input, s->deadline, output);
}

/* --- pieces ---------------------------------------------------------------------------- */

static uint32_t announced(uint16_t sw)
{
	return (sw & 0xFFu) == 0 ? SJ_APDU_NE_SHORT : (uint32_t)(sw & 0xFFu);
}

static bool is(uint16_t sw, enum sj_sw kind)
{
	return (sw & 0xFF00u) == (unsigned)kind;
}

/* Fetches what 61xx announces; every piece must bring something, so that it ends soon. */
static enum sj_rc fetch_pieces(struct sj_session *s, link_fn link, struct sj_level *l, uint8_t cla,
			       struct sj_response *r)
{
	struct sj_writer whole = SJ_WRITER_OF(l->whole);
	struct sj_apdu get = { .cla = cla & CLA_CHANNEL, .ins = INS_GET_RESPONSE };
	unsigned crumbs = 0;

	sj_put(&whole, r->data);
	while (is(r->sw, SJ_SW_BYTES_REMAINING)) {
		enum sj_rc rc;

		get.ne = announced(r->sw);
		rc = link(s, &get, r);
		if (rc == SJ_OK && is(r->sw, SJ_SW_WRONG_LE)) {
			get.ne = announced(r->sw);
			rc = link(s, &get, r);
		}
		if (rc != SJ_OK)
			return rc;
		if (r->data.len > get.ne || is(r->sw, SJ_SW_WRONG_LE) ||
		    (r->data.len == 0 && is(r->sw, SJ_SW_BYTES_REMAINING)))
			return SJ_CARD_ANSWER;
		sj_put(&whole, r->data);
		crumbs += r->data.len < CRUMB;
		if (whole.failed || crumbs > CRUMBS_MAX)
			return SJ_CARD_ANSWER;
	}
	r->data = sj_written(&whole);
	return SJ_OK;
}

static enum sj_rc protected_link(struct sj_session *s, const struct sj_apdu *a,
				 struct sj_response *r);

/* A protected message is not cut: 256 asks it for as many bytes as there are. */
static bool too_long(link_fn link, size_t len, uint32_t ne)
{
	return len > ne && (link != protected_link || ne != SJ_APDU_NE_SHORT);
}

/*
 * Half of an answer, whose last bytes look like a status word: a command that was aborted has no data
 * (ISO/IEC 7816-4:2020, 5.6), and none that compares has any to go with 63xx. Under secure messaging
 * data are its objects, and a proprietary command has its own rules (GET STATUS: 6310).
 */
static bool fails_with_data(const struct sj_apdu *a, const struct sj_response *r)
{
	return r->data.len > 0 && (a->cla & (SJ_CLA_SM | SJ_CLA_PROPRIETARY)) == 0 &&
	       r->sw >= SJ_SW_NO_INFORMATION && r->sw < 0x7000;
}

/* The whole answer to a command in this form (ISO/IEC 7816-4:2020, 5.3.4; 7816-3:2006, 12.2). */
static enum sj_rc follow(struct sj_session *s, link_fn link, struct sj_level *l,
			 const struct sj_apdu *a, struct sj_response *r)
{
	struct sj_apdu c = *a;
	enum sj_rc rc = link(s, &c, r);

	if (rc == SJ_OK && is(r->sw, SJ_SW_WRONG_LE) && r->data.len == 0) {
		c.ne = announced(r->sw);
		rc = link(s, &c, r);
		if (rc == SJ_OK && is(r->sw, SJ_SW_WRONG_LE))
			return SJ_CARD_ANSWER;
	}
	if (rc != SJ_OK)
		return rc;
	if (too_long(link, r->data.len, c.ne))
		return SJ_CARD_ANSWER;
	if (is(r->sw, SJ_SW_BYTES_REMAINING)) {
		rc = fetch_pieces(s, link, l, a->cla, r);
		if (rc == SJ_OK && a->ne > SJ_APDU_NE_SHORT && r->data.len > a->ne)
			return SJ_CARD_ANSWER;
	}
	return rc == SJ_OK && link == plain_link && fails_with_data(a, r) ? SJ_CARD_ANSWER : rc;
}

/* --- protection ------------------------------------------------------------------------ */

/* Ends protection; `sw` is what came in clear. */
static enum sj_rc broken(struct sj_session *s, struct sj_response *r, uint16_t sw)
{
	sj_session_sm_end(s);
	*r = (struct sj_response){ { NULL, 0 }, sw };
	return SJ_CARD_SM_BROKEN;
}

/* Doc 9303-11, 9.8: the counter grows before each command and before each response. */
static enum sj_rc protected_link(struct sj_session *s, const struct sj_apdu *a,
				 struct sj_response *r)
{
	struct sj_writer out = SJ_WRITER_OF(s->inner.command);
	struct sj_writer in = SJ_WRITER_OF(s->inner.response);
	struct sj_apdu wrapped;
	enum sj_rc rc;

	sj_apdu_put(&out, a);
	if (out.failed)
		return SJ_INTERNAL;
	tell_command(s, SJ_EVENT_PLAIN_COMMAND, &s->inner, a, sj_written(&out));
	out = SJ_WRITER_OF(s->inner.command);
	sj_ssc_increment(&s->ssc, s->keys.cipher);
	sj_sm_command_put(&out, &s->keys, &s->ssc, a);
	if (out.failed || !sj_apdu_parse(sj_written(&out), &wrapped))
		return SJ_INTERNAL;
	rc = follow(s, plain_link, &s->outer, &wrapped, r);
	if (rc != SJ_OK) {
		sj_session_sm_end(s);
		return rc;
	}
	if (r->data.len == 0)
		return broken(s, r, r->sw);
	sj_ssc_increment(&s->ssc, s->keys.cipher);
	if (sj_sm_response_open(&s->keys, &s->ssc, r->data, &in, r) != SJ_SM_OK)
		return broken(s, r, 0);
	tell_plain_response(s, r);
	return SJ_OK;
}

/* --- protection by SP 800-73-5, part 2, 4.2 ------------------------------------------------ */

enum sj_rc sj_session_piv_wrap(struct sj_session *s, const struct sj_apdu *a,
			       struct sj_apdu *wrapped)
{
	struct sj_writer out = SJ_WRITER_OF(s->inner.command);

	sj_apdu_put(&out, a);
	if (out.failed)
		return SJ_INTERNAL;
	tell_command(s, SJ_EVENT_PLAIN_COMMAND, &s->inner, a, sj_written(&out));
	out = SJ_WRITER_OF(s->inner.command);
	sj_piv_sm_command_put(&out, &s->piv.keys, s->piv.counter, s->piv.sent, a);
	if (out.failed || !sj_apdu_parse(sj_written(&out), wrapped))
		return SJ_INTERNAL;
	/* The form that it takes over the wire is decided like any other command's. */
	wrapped->extended = a->extended;
	wrapped->ne = a->ne > SJ_APDU_NE_SHORT ? SJ_APDU_NE_EXTENDED : SJ_APDU_NE_SHORT;
	return SJ_OK;
}

enum sj_rc sj_session_piv_unwrap(struct sj_session *s, struct sj_response *r)
{
	struct sj_writer in = SJ_WRITER_OF(s->inner.response);

	if (r->data.len == 0)
		return broken(s, r, r->sw);
	if (sj_piv_sm_response_open(&s->piv.keys, s->piv.counter, s->piv.received, r->data, &in,
				    r) != SJ_SM_OK ||
	    !sj_piv_sm_count(s->piv.counter))
		return broken(s, r, 0);
	tell_plain_response(s, r);
	return SJ_OK;
}

enum sj_rc sj_session_exchange(struct sj_session *s, const struct sj_apdu *a, struct sj_response *r)
{
	if (s->protect)
		return follow(s, protected_link, &s->inner, a, r);
	return follow(s, plain_link, &s->outer, a, r);
}
