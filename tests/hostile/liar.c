/* liar.c -- the transport of the lying card, and its secure messaging (linked with --wrap). */
#include "tests/hostile/liar.h"

#include "secure/piv_sm.h"
#include "secure/scp03.h"
#include "secure/sm_objects.h"

/* Whose secure messaging it is; and how late it is. */
static struct liar *present; /* of this program */
static int64_t now = 1000000; /* of this program */

__typeof__(sj_clock_ms) __wrap_sj_clock_ms;

int64_t __wrap_sj_clock_ms(void)
{
	return now;
}

void liar_wait(int64_t ms)
{
	now += ms;
}

unsigned liar_call(struct liar *l, unsigned timeout_ms)
{
	l->begun = l->answers;
	l->until = now + timeout_ms;
	return timeout_ms;
}

/* Nothing begins at the deadline or later, and nothing is waited for longer. */
static void judge_deadline(struct liar *l, int64_t deadline)
{
	const int64_t until = l->until != 0 ? l->until : now + l->each;

	l->late = l->late || now >= until || deadline > until;
}

/* --- striking ------------------------------------------------------------------------ */

static bool strikes(struct liar *l, enum wrong_where where, unsigned number)
{
	const struct wrong *w = l->wrong;

	if (w == NULL || w->where != where || (l->struck != 0 && !(w->flags & STAYS)) ||
	    (l->struck == 0 && number < l->at) || (w->fits != NULL && !w->fits(l)))
		return false;
	if (l->struck == 0)
		l->struck = number;
	return true;
}

/* A change that does not fit after all forgets its strike, but none before it. */
static bool strike(struct liar *l, enum wrong_where where, unsigned number, struct answer *x)
{
	const unsigned before = l->struck;

	if (!strikes(l, where, number))
		return false;
	l->wrong->change(l, l->wrong, x);
	if (before != 0)
		l->struck = before;
	return true;
}

static void keep_record(struct liar *l, struct sj_span answer)
{
	if (l->record == NULL)
		return;
	sj_put_be(l->record, 4, (uint32_t)answer.len);
	sj_put(l->record, answer);
}

/* --- the transport --------------------------------------------------------------------- */

static enum sj_rc liar_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	struct liar *l = (struct liar *)t;
	struct answer x = { l->bytes, 4 };

	judge_deadline(l, deadline);
	if (l->b != NULL)
		x.len = card_power_on(l->b->card, l->bytes);
	else
		memcpy(l->bytes, "\x3B\x80\x01\x81", 4);
	(void)strike(l, WRONG_ATR, 1, &x);
	sj_put(atr, sj_span(x.bytes, x.len));
	return l->rc;
}

static size_t ask_card(struct liar *l, struct sj_span command)
{
	if (l->b != NULL)
		return card_transmit(l->b->card, command, l->bytes);
	return l->ask(l->user, command, l->bytes);
}

static enum sj_rc liar_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				struct sj_writer *response)
{
	struct liar *l = (struct liar *)t;
	struct answer x = { l->bytes, 0 };

	l->rc = SJ_OK;
	l->endless = l->endless || l->answers - l->begun >= LIAR_COMMANDS_MAX;
	if (l->endless)
		return SJ_CARD_LOST;
	judge_deadline(l, deadline);
	liar_wait(1);
	l->answers++;
	if (!sj_apdu_parse(command, &l->command))
		l->command = (struct sj_apdu){ .ins = command.len > 1 ? command.ptr[1] : 0 };
	/* Nobody asks the reader for a UID or a card for records: what neither says, nobody believes. */
	assert_true(command.ptr[0] != 0xFF && l->command.ins != 0xB2);
	l->locked = l->locked || l->command.ins == 0xF0;
	x.len = ask_card(l, command);
	keep_record(l, sj_span(x.bytes, x.len));
	(void)strike(l, WRONG_WIRE, l->answers, &x);
	memcpy(l->last, x.bytes, x.len);
	l->last_len = x.len;
	if (x.len >= 2 && x.bytes[x.len - 2] == 0x90 && x.bytes[x.len - 1] == 0)
		l->good[l->command.ins]++;
	if (now >= deadline) {
		now = deadline; /* no reader waits longer */
		return SJ_TIMED_OUT;
	}
	if (l->rc == SJ_OK && x.len == 0)
		return SJ_CARD_LOST;
	if (l->rc == SJ_OK)
		sj_put(response, sj_span(x.bytes, x.len));
	return l->rc;
}

/* The reader puts what is typed where the command has FF. */
static enum sj_rc liar_keypad(struct sj_transport *t, struct sj_span command, int64_t deadline,
			      struct sj_writer *response)
{
	struct liar *l = (struct liar *)t;
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	if (l->keyed == NULL)
		return SJ_ACCESS_UNSUPPORTED;
	if (command.len == 0)
		return SJ_OK;
	sj_put(&w, command);
	assert_true(!w.failed && w.len >= 5 + strlen(l->keyed));
	memcpy(bytes + 5, l->keyed, strlen(l->keyed));
	return liar_transmit(t, sj_written(&w), deadline, response);
}

static void liar_disconnect(struct sj_transport *t, bool reset)
{
	(void)t;
	(void)reset;
}

static void liar_close(struct sj_transport *t)
{
	(void)t;
}

/* --- inside secure messaging -------------------------------------------------------------- */

__typeof__(sj_sm_response_put) __real_sj_sm_response_put, __wrap_sj_sm_response_put;
__typeof__(sj_piv_sm_response_put) __real_sj_piv_sm_response_put, __wrap_sj_piv_sm_response_put;

/* The answer as the script has it; false: as it is. */
static bool lie_inside(struct liar *l, struct sj_span *data, uint16_t *sw)
{
	struct answer x = { l->inside, 0 };
	struct sj_writer w = SJ_WRITER_OF(l->inside);

	l->inner++;
	l->done[l->command.ins] += *sw == SJ_SW_OK;
	sj_put(&w, *data);
	sj_put_be(&w, 2, *sw);
	x.len = w.len;
	if (!strike(l, WRONG_INNER, l->inner, &x))
		return false;
	*data = sj_span(x.bytes, x.len < 2 ? 0 : x.len - 2);
	*sw = (uint16_t)(x.len < 2 ? 0 : x.bytes[x.len - 2] << 8 | x.bytes[x.len - 1]);
	return true;
}

/* DO 8E over the objects since `from`, with keys and counter as they are (Doc 9303-11, 9.8.6.2). */
static void put_mac(struct sj_writer *w, const struct liar_sm *sm, size_t from)
{
	static const uint8_t padding[SJ_CIPHER_BLOCK_MAX] = { 0x80 };
	const size_t block = sj_cipher_block_size(sm->keys.cipher);
	const struct sj_span parts[] = {
		sj_span(sm->ssc.bytes, block),
		sj_span(w->ptr + from, w->len - from),
		sj_span(padding, w->len > from ? block - (w->len - from) % block : 0),
	};
	uint8_t mac[SJ_MAC_SIZE];

	assert_true(sj_mac(sm->keys.cipher, sm->keys.mac, parts, 3, mac));
	sj_tlv_put(w, SJ_DO_MAC, SJ_SPAN_OF(mac));
}

/* Whole blocks of zeros, encrypted: what comes out of them has no padding. */
static void put_unpadded(struct sj_writer *w, const struct liar_sm *sm)
{
	static const uint8_t zeros[2 * SJ_CIPHER_BLOCK_MAX];
	const struct sj_span in = sj_span(zeros, 2 * sj_cipher_block_size(sm->keys.cipher));
	uint8_t iv[SJ_CIPHER_BLOCK_MAX] = { 0 }, out[2 * SJ_CIPHER_BLOCK_MAX];

	if (sm->keys.cipher != SJ_CIPHER_3DES)
		assert_true(sj_cbc_encrypt(sm->keys.cipher, sm->keys.enc, NULL,
					   SJ_SPAN_OF(sm->ssc.bytes), iv));
	assert_true(sj_cbc_encrypt(sm->keys.cipher, sm->keys.enc, iv, in, out));
	sj_tlv_put_header(w, SJ_DO_CRYPTOGRAM, 1 + in.len);
	sj_put_u8(w, 1);
	sj_put(w, sj_span(out, in.len));
}

/* A MAC that holds, over objects that should not be. */
static void put_odd_form(struct sj_writer *w, const struct liar_sm *sm, uint16_t sw)
{
	const size_t from = w->len;

	if (sm->form == SM_EMPTY_DATA)
		sj_tlv_put(w, SJ_DO_CRYPTOGRAM, SJ_SPAN_STR("\x01"));
	if (sm->form == SM_NO_PADDING)
		put_unpadded(w, sm);
	if (sm->form != SM_NO_STATUS) {
		sj_tlv_put_header(w, SJ_DO_STATUS, sm->form == SM_LONG_STATUS ? 3 : 2);
		sj_put_be(w, sm->form == SM_LONG_STATUS ? 3 : 2, sw);
	}
	put_mac(w, sm, from);
	sj_put_be(w, 2, sw);
}

void __wrap_sj_sm_response_put(struct sj_writer *w, const struct sj_sm_keys *keys,
			       const struct sj_ssc *ssc, bool odd_ins, struct sj_span data,
			       uint16_t sw)
{
	struct liar *l = present;

	if (l == NULL) {
		__real_sj_sm_response_put(w, keys, ssc, odd_ins, data, sw);
		return;
	}
	l->sm = (struct liar_sm){ .keys = *keys, .ssc = *ssc, .odd = odd_ins };
	(void)lie_inside(l, &data, &sw);
	if (l->sm.form != SM_WHOLE)
		put_odd_form(w, &l->sm, sw);
	else
		__real_sj_sm_response_put(w, &l->sm.keys, &l->sm.ssc, l->sm.odd, data, sw);
	if (l->sm.outer != 0 && w->len >= 2) {
		w->len -= 2;
		sj_put_be(w, 2, l->sm.outer);
	}
}

void __wrap_sj_piv_sm_response_put(struct sj_writer *w, const struct sj_piv_sm_keys *keys,
				   const uint8_t counter[static SJ_PIV_SM_BLOCK],
				   uint8_t chain[static SJ_PIV_SM_BLOCK], struct sj_span data,
				   uint16_t sw)
{
	if (present != NULL)
		(void)lie_inside(present, &data, &sw);
	__real_sj_piv_sm_response_put(w, keys, counter, chain, data, sw);
}

__typeof__(sj_scp03_wrap_response) __real_sj_scp03_wrap_response, __wrap_sj_scp03_wrap_response;

bool __wrap_sj_scp03_wrap_response(struct sj_scp03 *s, struct sj_span plain, uint16_t sw,
				   struct sj_writer *w)
{
	if (present != NULL)
		(void)lie_inside(present, &plain, &sw);
	return __real_sj_scp03_wrap_response(s, plain, sw, w);
}

/* --- cards ------------------------------------------------------------------------------- */

static struct bench *bench_of(const struct card_store *store, enum card_interface interface)
{
	struct bench *b = bench_new_in(stores_copy(store));

	if (interface != CARD_CONTACTLESS)
		bench_insert(b, interface);
	return b;
}

void liar_insert(struct liar *l, const struct card_store *store, enum card_interface interface)
{
	l->b = bench_of(store, interface);
	if (l->foreign != NULL)
		l->other = bench_of(l->foreign, interface);
	if (strike(l, WRONG_CARD, 1, NULL)) {
		assert_int_equal(card_store_commit(l->b->store), CARD_STORE_OK);
		bench_insert(l->b, interface);
	}
}

void liar_begin(struct liar *l, const struct wrong *w, unsigned at)
{
	static const struct sj_transport_ops ops = { .connect = liar_connect,
						     .transmit = liar_transmit,
						     .disconnect = liar_disconnect,
						     .keypad = liar_keypad,
						     .close = liar_close };
	const struct sj_span recorded = l->recorded;

	memset(l, 0, offsetof(struct liar, last));
	l->last_len = 0;
	l->head.ops = &ops;
	l->recorded = recorded;
	l->wrong = w;
	l->at = at;
	present = l;
}

void liar_end(struct liar *l)
{
	present = NULL;
	if (l->b != NULL)
		bench_free(l->b);
	if (l->other != NULL)
		bench_free(l->other);
	l->b = l->other = NULL;
}

/* --- changes ------------------------------------------------------------------------------- */

void answer_put_status(struct answer *x, unsigned sw)
{
	x->bytes[x->len - 2] = (uint8_t)(sw >> 8);
	x->bytes[x->len - 1] = (uint8_t)sw;
}

void change_other_status(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	if (x->len >= 2)
		answer_put_status(x, w->n);
}

void change_only_status(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	x->len = 2;
	answer_put_status(x, w->n);
}

void change_answers(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	memcpy(x->bytes, w->bytes.ptr, w->bytes.len);
	x->len = w->bytes.len + 2;
	answer_put_status(x, SJ_SW_OK);
}

/* --- outcomes ------------------------------------------------------------------------------ */

void outcome_put(struct outcome *o, const char *name, const void *bytes, size_t len)
{
	struct sj_writer w = SJ_WRITER_OF(o->handed);

	w.len = o->handed_len;
	sj_put_be(&w, 4, (uint32_t)(strlen(name) + 1 + len));
	sj_put(&w, sj_span((const uint8_t *)name, strlen(name) + 1));
	sj_put(&w, sj_span(bytes, len));
	assert_false(w.failed);
	o->handed_len = w.len;
}

void outcome_touch(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	static volatile unsigned odd; /* of this program */

	for (size_t i = 0; i < len; i++)
		if (p[i] & 1) /* a branch: memcheck sees a byte that nobody wrote */
			odd++;
}
