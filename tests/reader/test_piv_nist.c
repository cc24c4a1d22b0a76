/*
 * NIST's two captured sessions, CS2 and CS7: the reader's whole side, from the captured
 * ephemeral key, with a card that gives the captured answer if the command is the captured one.
 */
#include <stdio.h>

#include "crypt/hash.h"
#include "piv/piv.h"
#include "reader/card.h"
#include "tests/vectors/hexbytes.h"
#include "tests/vectors/nist_piv_sm_cs2.h"
#include "tests/vectors/nist_piv_sm_cs7.h"
#include "wire/tlv.h"

struct tape {
	struct sj_transport head;
	const struct nist_session *session;
	size_t at; /* exchange due */
	bool second; /* of its two parts */
	struct sj_span rest; /* of an answer */
	char code[9]; /* pairing */
};

static enum sj_rc tape_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	(void)t;
	(void)deadline;
	sj_put(atr, hex("3B8680018031C152411A7E"));
	return SJ_OK;
}

/* In pieces of 256 bytes: the captures show answers put together. */
static void send_piece(struct tape *tape, struct sj_writer *response)
{
	struct sj_span piece = tape->rest;

	if (piece.len > SJ_APDU_NE_SHORT)
		piece.len = SJ_APDU_NE_SHORT;
	sj_put(response, piece);
	tape->rest.ptr += piece.len;
	tape->rest.len -= piece.len;
	if (tape->rest.len == 0)
		sj_put_be(response, 2, SJ_SW_OK);
	else
		sj_put_be(response, 2,
			  SJ_SW_BYTES_REMAINING |
				  (tape->rest.len < 256 ? (uint32_t)tape->rest.len : 0));
}

static void respond(struct tape *tape, struct sj_writer *response, const char *data)
{
	tape->rest = hex(data);
	send_piece(tape, response);
}

/* In clear: SELECT, discovery object, key establishment. */
static bool respond_plain(struct tape *tape, struct sj_span command, struct sj_writer *response)
{
	const struct nist_session *n = tape->session;

	if (sj_span_eq(command, hex("00A404000BA00000030800001000010000")))
		respond(tape, response, n->select);
	else if (sj_span_eq(command, hex("00CB3FFF035C017E00")))
		respond(tape, response, n->discovery);
	else if (sj_span_eq(command, hex(n->request)))
		respond(tape, response, n->answer);
	else if (command.ptr[1] == 0xC0)
		send_piece(tape, response);
	else
		return false;
	return true;
}

static enum sj_rc tape_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				struct sj_writer *response)
{
	struct tape *tape = (struct tape *)t;
	const struct nist_exchange *x = &tape->session->exchanges[tape->at];

	(void)deadline;
	if (respond_plain(tape, command, response))
		return SJ_OK;
	assert_true(tape->at < tape->session->count);
	if (x->first != NULL && !tape->second) {
		assert_true(sj_span_eq(command, hex(x->first)));
		tape->second = true;
		respond(tape, response, "");
		return SJ_OK;
	}
	assert_true(sj_span_eq(command, hex(x->command)));
	respond(tape, response, x->response);
	tape->second = false;
	tape->at++;
	return SJ_OK;
}

static void tape_disconnect(struct sj_transport *t, bool reset)
{
	(void)t;
	(void)reset;
}

static void tape_close(struct sj_transport *t)
{
	(void)t;
}

static const struct sj_transport_ops tape_ops = {
	.connect = tape_connect,
	.transmit = tape_transmit,
	.disconnect = tape_disconnect,
	.close = tape_close,
};

static bool captured_key(void *self, uint8_t *out, size_t n)
{
	const struct nist_session *session = self;
	struct sj_span key = hex(session->host_secret);

	return sj_take_copy(&key, n, out) && key.len == 0;
}

static enum sj_rc pairing_code(void *user, const struct sj_piv_question *question, char *out,
			       size_t cap, bool *remember)
{
	const struct tape *tape = user;

	(void)remember;
	assert_int_equal(question->what, SJ_PIV_PAIRING_CODE);
	assert_non_null(question->guid);
	snprintf(out, cap, "%s", tape->code);
	return SJ_OK;
}

/* --- the captured commands through our calls -------------------------------------------- */

static void read_object(struct sj_piv *piv, const struct nist_exchange *x, const struct sj_apdu *a)
{
	static uint8_t out[4096], whole[4100];
	struct sj_writer w = SJ_WRITER_OF(whole);
	struct sj_span list = a->data, all;
	uint8_t digest[SJ_HASH_MAX];
	size_t len = sizeof(out);
	uint32_t tag;

	assert_true(sj_piv_tag_list_take(&list, &tag));
	assert_int_equal(sj_piv_read(piv, tag, out, &len),
			 x->sw == SJ_SW_OK ? SJ_OK : SJ_PIN_NEEDED);
	assert_int_equal(sj_piv_status_word(piv), x->sw);
	if (x->sw != SJ_SW_OK)
		return;
	sj_tlv_put(&w, PIV_TAG_DATA, sj_span(out, len));
	all = sj_written(&w);
	assert_true(sj_hash(SJ_SHA256, &all, 1, digest));
	assert_hex(sj_span(digest, 32), x->data_sha256);
}

static void sign(struct sj_piv *piv, const struct sj_apdu *a)
{
	const enum sj_piv_algorithm algorithm = (enum sj_piv_algorithm)a->p1;
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);
	struct sj_piv_auth auth;

	assert_true(sj_piv_auth_read(a->data, &auth));
	assert_int_equal(sj_piv_sign(piv, a->p2, algorithm, auth.challenge.ptr, auth.challenge.len,
				     out, &len),
			 SJ_OK);
	assert_int_equal(len, algorithm == SJ_PIV_P256 ? 64 : 256);
}

static void repeat(struct sj_piv *piv, const struct nist_exchange *x)
{
	struct sj_apdu a;

	assert_true(sj_apdu_parse(hex(x->plain), &a));
	if (a.ins == PIV_INS_GET_DATA)
		read_object(piv, x, &a);
	else if (a.ins == PIV_INS_GENERAL_AUTHENTICATE)
		sign(piv, &a);
	else
		assert_int_equal(sj_piv_verify(piv, (enum sj_piv_pin)a.p2, (const char *)a.data.ptr,
					       6, NULL),
				 SJ_OK);
}

static void replay(const struct nist_session *session)
{
	struct tape tape = { .head = { .ops = &tape_ops }, .session = session };
	struct sj_piv_options options = SJ_PIV_OPTIONS_INIT;
	struct sj_context *ctx = NULL;
	struct sj_card *card = NULL;
	struct sj_piv *piv = NULL;

	memcpy(tape.code, hex(session->exchanges[0].plain).ptr + 5, 8);
	options.ask = pairing_code;
	options.user = &tape;
	assert_int_equal(sj_context_new(&ctx), SJ_OK);
	assert_int_equal(sj_card_over(ctx, &tape.head, "tape", sj_clock_ms() + 10000, &card),
			 SJ_OK);
	sj_session_forbid_extended(sj_card_session(card)); /* NIST's reader chained */
	{
		union {
			const struct nist_session *in;
			void *out;
		} self = { session };

		assert_int_equal(sj_piv_open_with(card, &options,
						  (struct sj_random){ captured_key, self.out },
						  &piv),
				 SJ_OK);
	}
	assert_int_equal(piv->channel, SJ_PIV_VCI);
	assert_int_equal(tape.at, 1);
	/* As in a stretch: NIST's program selected once. */
	piv->depth = 1;
	while (tape.at < session->count)
		repeat(piv, &session->exchanges[tape.at]);
	sj_piv_close(piv);
	sj_card_close(card);
	sj_context_free(ctx);
}

static void the_session_of_cs2_is_repeated(void **state)
{
	(void)state;
	replay(&nist_cs2);
}

static void the_session_of_cs7_is_repeated(void **state)
{
	(void)state;
	replay(&nist_cs7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_session_of_cs2_is_repeated),
		cmocka_unit_test(the_session_of_cs7_is_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
