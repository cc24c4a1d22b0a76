/* piv_stage.c -- the card, the transport and what happens to it. */
#include "tests/reader/piv_stage.h"

#include <stdio.h>

#include "crypt/sign.h"
#include "wire/secinfo.h"
#include "wire/sw.h"

static struct piv_stage *of(struct sj_transport *t)
{
	return (struct piv_stage *)t;
}

static enum sj_rc stage_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	struct piv_stage *s = of(t);
	uint8_t bytes[CARD_ATR_MAX];
	size_t len;

	(void)deadline;
	if (s->gone)
		return SJ_CARD_LOST;
	s->connects++;
	if (s->was_reset) {
		card_power_off(s->b->card);
		s->was_reset = false;
	}
	len = card_power_on(s->b->card, bytes);
	sj_put(atr, sj_span(bytes, len));
	return SJ_OK;
}

/* Protected commands too: DO 87 comes first where there are data. */
static bool has_password(const uint8_t *c, size_t len)
{
	const bool data = len > 5 && ((c[0] & 0x0C) == 0 || c[5] == 0x87);

	return data && (c[1] == 0x20 || c[1] == 0x24 || c[1] == 0x2C);
}

static void note(struct piv_stage *s, struct sj_span command)
{
	const uint8_t *c = command.ptr;
	size_t used = strlen(s->log);

	snprintf(s->log + used, sizeof(s->log) - used, "%02X ", c[1]);
	s->selected = s->selected || (c[1] == 0xA4 && s->in_transaction);
	if (has_password(c, command.len)) {
		s->passwords += c[3] != PIV_REF_PAIRING_CODE;
		s->careless += !(s->in_transaction && s->selected);
	}
}

static void other_process(struct piv_stage *s)
{
	static uint8_t unused[SJ_APDU_RESPONSE_MAX];
	static uint8_t bytes[64];

	(void)card_transmit(s->b->card, hex(SELECT_MANAGER, bytes, sizeof(bytes)), unused);
}

/*
 * A random end may be a status word, and tells a lie: such a half is shorter, unless it is a failure
 * that has data, which a reader must notice.
 */
static struct sj_span half_of(struct sj_span answer)
{
	struct sj_span half = sj_span(answer.ptr, answer.len - answer.len / 2);
	struct sj_response r;

	while (half.len > 1 && sj_response_parse(half, &r) &&
	       (r.sw < SJ_SW_NO_INFORMATION || r.sw >= 0x7000 || r.data.len == 0))
		half.len--;
	return half;
}

static enum sj_rc stage_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				 struct sj_writer *response)
{
	static uint8_t answer[SJ_APDU_RESPONSE_MAX];
	struct piv_stage *s = of(t);
	size_t len;

	(void)deadline;
	s->sent++;
	if (s->pull_at != 0 && s->sent >= s->pull_at) {
		len = !s->gone && s->pull_after ? card_transmit(s->b->card, command, answer) : 0;
		s->gone = true;
		if (s->pull_half && len > 0) {
			sj_put(response, half_of(sj_span(answer, len)));
			return SJ_OK;
		}
	}
	if (s->sent == s->reset_at && !s->in_transaction)
		s->was_reset = true;
	if (s->gone)
		return SJ_CARD_LOST;
	if (s->was_reset)
		return SJ_CARD_RESET;
	if (s->sent == s->busy_at && !s->in_transaction)
		return SJ_READER_BUSY;
	if (s->sent == s->late_at)
		return SJ_TIMED_OUT;
	if (s->sent == s->foreign_at && !s->in_transaction)
		other_process(s);
	note(s, command);
	len = card_transmit(s->b->card, command, answer);
	if (len == 0)
		return SJ_CARD_LOST;
	if (s->sent == s->change_at && s->change_byte < len) {
		answer[len - 1 - s->change_byte] ^= 0x01;
		s->changed = true;
	}
	sj_put(response, sj_span(answer, len));
	return SJ_OK;
}

static enum sj_rc stage_begin(struct sj_transport *t, int64_t deadline)
{
	struct piv_stage *s = of(t);

	(void)deadline;
	if (s->gone)
		return SJ_CARD_LOST;
	if (s->was_reset)
		return SJ_CARD_RESET;
	assert_false(s->in_transaction);
	s->in_transaction = true;
	s->selected = false;
	s->transactions++;
	return SJ_OK;
}

static void stage_end(struct sj_transport *t)
{
	assert_true(of(t)->in_transaction);
	of(t)->in_transaction = false;
}

static void stage_disconnect(struct sj_transport *t, bool reset)
{
	(void)t;
	(void)reset;
}

static void stage_shut(struct sj_transport *t)
{
	assert_false(of(t)->in_transaction);
}

static const struct sj_transport_ops stage_ops = {
	.connect = stage_connect,
	.transmit = stage_transmit,
	.begin = stage_begin,
	.end = stage_end,
	.disconnect = stage_disconnect,
	.close = stage_shut,
};

static enum sj_rc answer(void *user, const struct sj_piv_question *question, char *out, size_t cap,
			 bool *remember)
{
	struct piv_stage *s = user;
	const char *text = s->questions < 8 ? s->answers[s->questions] : NULL;

	assert_false(s->in_transaction);
	s->questions++;
	s->again = question->again;
	s->asked = question->what;
	s->guid_told = question->guid != NULL;
	if (text == NULL)
		return SJ_SECRET_NEEDED;
	snprintf(out, cap, "%s", text);
	*remember = s->remember;
	return SJ_OK;
}

/* EF.CardAccess of what ACCESS_BOTH gives; the rig's own holds a pattern. */
static void give_card_access(struct bench *b)
{
	const struct sj_pace_suite suite = { .cipher = SJ_CIPHER_AES128, .curve = SJ_BP256R1 };
	const struct sj_pace_info info = { .oid = sj_pace_oid(&suite),
					   .version = 2,
					   .parameter_id = { true, SJ_BP256R1 } };
	uint8_t item[64], file[64];
	struct sj_writer i = SJ_WRITER_OF(item), w = SJ_WRITER_OF(file);

	sj_secinfo_put_pace(&i, &info);
	sj_secinfos_put(&w, sj_written(&i));
	assert_false(w.failed);
	assert_true(
		card_store_set(b->store, CARD_OBJECT_EMRTD + 0x10000u + 0x011Cu, sj_written(&w)));
	assert_int_equal(card_store_commit(b->store), CARD_STORE_OK);
}

struct piv_stage *piv_stage_new(const struct piv_plan *plan)
{
	struct piv_stage *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->head.ops = &stage_ops;
	s->b = piv_card(plan);
	give_card_access(s->b);
	if (plan->interface == CARD_CONTACTLESS)
		bench_insert(s->b, plan->interface);
	s->options = (struct sj_piv_options)SJ_PIV_OPTIONS_INIT;
	s->options.ask = answer;
	s->options.user = s;
	assert_int_equal(sj_context_new(&s->ctx), SJ_OK);
	return s;
}

enum sj_rc piv_stage_open(struct piv_stage *s)
{
	enum sj_rc rc;

	if (s->card == NULL)
		assert_int_equal(
			sj_card_over(s->ctx, &s->head, "stage", sj_clock_ms() + 10000, &s->card),
			SJ_OK);
	rc = sj_piv_open(s->card, &s->options, &s->piv);
	assert_true(rc == SJ_OK || s->piv == NULL);
	return rc;
}

void piv_stage_close(struct piv_stage *s)
{
	s->pull_at = s->reset_at = s->foreign_at = s->busy_at = s->late_at = s->change_at = 0;
	s->gone = s->was_reset = s->pull_after = s->pull_half = false;
	sj_piv_close(s->piv);
	sj_card_close(s->card);
	s->piv = NULL;
	s->card = NULL;
}

void piv_stage_free(struct piv_stage *s)
{
	piv_stage_close(s);
	assert_int_equal(s->careless, 0);
	sj_context_free(s->ctx);
	bench_free(s->b);
	free(s);
}

void piv_stage_administer(struct piv_stage *s)
{
	assert_int_equal(sj_piv_administer(s->piv, SJ_PIV_AES_192, HEX(ADMIN_HEX).ptr, 24), SJ_OK);
}

size_t piv_stage_certificate(struct sj_span spki, uint8_t *out, size_t cap)
{
	struct sj_key *signer = sj_key_generate("P-256");
	uint8_t algorithm[64], body[1024], signature[128];
	struct sj_writer a = SJ_WRITER_OF(algorithm), w = SJ_WRITER_OF(body),
			 sig = SJ_WRITER_OF(signature), all = sj_writer(out, cap);
	size_t whole, at;

	assert_non_null(signer);
	assert_true(sj_key_put_algorithm(signer, &a));
	whole = sj_tlv_open(&w);
	sj_put(&w, SJ_SPAN_STR("\xA0\x03\x02\x01\x02\x02\x01\x01"));
	sj_put(&w, sj_written(&a));
	sj_put(&w, SJ_SPAN_STR("\x30\x0D\x31\x0B\x30\x09\x06\x03\x55\x04\x06\x13\x02UT"));
	sj_put(&w, SJ_SPAN_STR("\x30\x1E\x17\x0D"
			       "260101000000Z"
			       "\x17\x0D"
			       "360101000000Z"));
	sj_put(&w, SJ_SPAN_STR("\x30\x0D\x31\x0B\x30\x09\x06\x03\x55\x04\x06\x13\x02UT"));
	sj_put(&w, spki);
	sj_tlv_close(&w, 0x30, whole);
	a.len = 0;
	assert_true(sj_key_sign(signer, sj_written(&w), &a, &sig));
	whole = sj_tlv_open(&all);
	sj_put(&all, sj_written(&w));
	sj_put(&all, sj_written(&a));
	at = sj_tlv_open(&all);
	sj_put_u8(&all, 0);
	sj_put(&all, sj_written(&sig));
	sj_tlv_close(&all, 0x03, at);
	sj_tlv_close(&all, 0x30, whole);
	assert_false(all.failed);
	sj_key_free(signer);
	return all.len;
}

void piv_stage_fill(struct piv_stage *s)
{
	struct sj_piv_chuid chuid = { .fasc_n = SJ_SPAN_STR("fascnfascnfascnfascnfascn"),
				      .guid = HEX(PIV_GUID),
				      .expiration = SJ_SPAN_STR("20360101") };
	struct sj_piv_key_info info = { .size = sizeof(info) };
	uint8_t bytes[1200];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	size_t len;

	piv_stage_administer(s);
	sj_piv_chuid_put(&w, &chuid);
	assert_int_equal(sj_piv_write(s->piv, PIV_OBJECT_CHUID, bytes, w.len), SJ_OK);
	assert_int_equal(sj_piv_key_info(s->piv, 0x9A, &info), SJ_OK);
	len = piv_stage_certificate(sj_span(info.spki, info.spki_len), bytes, sizeof(bytes));
	assert_int_equal(sj_piv_write_certificate(s->piv, 0x9A, bytes, len), SJ_OK);
}

int piv_stage_setup(void **state)
{
	struct piv_stage *s = piv_stage_new(&(struct piv_plan){ .policy = 0 });

	*state = s;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	return 0;
}

int piv_stage_teardown(void **state)
{
	piv_stage_free(*state);
	return 0;
}
