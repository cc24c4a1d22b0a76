/* pin.c -- PINs and the PUK. Source: SP 800-73-5, part 2, 2.4.3, 3.2.1 to 3.2.3. */
#include <string.h>

#include "crypt/wipe.h"
#include "piv/piv.h"
#include "reader/context.h"
#include "reader/memory.h"
#include "wire/tlv.h"

#define P1_FORGET 0xFFu
#define TAG_META_DEFAULT 0x05u
#define TAG_META_RETRIES 0x06u

/* --- values --------------------------------------------------------------------- */

/* Padded with FF. False: not 6 to 8 characters. */
static bool put_pin(struct sj_writer *w, const char *value, size_t len)
{
	if (len < PIV_PIN_MIN || len > PIV_PIN_SIZE)
		return false;
	sj_put(w, sj_span((const uint8_t *)value, len));
	sj_put_fill(w, 0xFF, PIV_PIN_SIZE - len);
	return !w->failed;
}

/* What the answer to a command with a password means; 63Cx tells what is left. */
static enum sj_rc judge(uint16_t sw, bool puk, int *left)
{
	if (sw == SJ_SW_OK)
		return SJ_OK;
	if (sw == SJ_SW_AUTH_BLOCKED || sw == SJ_SW_COUNTER) {
		*left = 0;
		return puk ? SJ_PUK_BLOCKED : SJ_PIN_BLOCKED;
	}
	if ((sw & 0xFFF0) == SJ_SW_COUNTER || sw == SJ_SW_NO_INFORMATION) {
		*left = sw == SJ_SW_NO_INFORMATION ? -1 : (int)(sw & 0x0F);
		return puk ? SJ_WRONG_PUK : SJ_WRONG_PIN;
	}
	/* Not the characters that this card wants: the counter is as it was (part 2, 3.2.1). */
	if (sw == SJ_SW_WRONG_DATA)
		return SJ_SECRET_MALFORMED;
	return sw == SJ_SW_REFERENCE_NOT_FOUND ? SJ_KEY_ABSENT : SJ_CARD_REFUSED;
}

/* One command that carries a password; in a stretch. */
struct trial {
	uint8_t ins, p2;
	bool puk; /* what is judged is the PUK */
	struct sj_span data;
	int left;
};

static enum sj_rc trial_step(struct sj_piv *piv, void *arg)
{
	struct trial *t = arg;
	const struct sj_apdu a = { .ins = t->ins, .p2 = t->p2, .data = t->data };
	struct sj_response r;
	enum sj_rc rc = sj_piv_send(piv, &a, &r);

	return rc == SJ_OK ? judge(r.sw, t->puk, &t->left) : rc;
}

static enum sj_rc tell(enum sj_rc rc, const struct trial *t, int *tries_left)
{
	if (tries_left && (rc == SJ_WRONG_PIN || rc == SJ_PIN_BLOCKED || rc == SJ_WRONG_PUK ||
			   rc == SJ_PUK_BLOCKED))
		*tries_left = t->left;
	return rc;
}

/* --- state ------------------------------------------------------------------------ */

enum sj_rc sj_piv_metadata(struct sj_piv *piv, uint8_t ref, struct sj_span *out)
{
	const struct sj_apdu a = { .ins = YUBICO_INS_GET_METADATA,
				   .p2 = ref,
				   .ne = SJ_APDU_NE_SHORT };
	struct sj_response r;
	enum sj_rc rc;

	if (piv->extensions == SJ_NO || piv->metadata == SJ_NO)
		return SJ_KEY_ABSENT;
	rc = sj_piv_send(piv, &a, &r);
	if (rc != SJ_OK)
		return rc;
	/* In a stretch it is this application that answers. */
	if (r.sw == SJ_SW_OK || (r.sw == SJ_SW_REFERENCE_NOT_FOUND && piv->depth > 0))
		piv->metadata = SJ_YES;
	else if (r.sw == SJ_SW_WRONG_INS && piv->depth > 0)
		piv->metadata = SJ_NO;
	if (r.sw != SJ_SW_OK)
		return SJ_KEY_ABSENT;
	*out = r.data;
	return sj_tlv_well_formed(r.data) ? SJ_OK : SJ_CARD_ANSWER;
}

/* VERIFY without data: it tries nothing. */
enum sj_rc sj_piv_ask_pin(struct sj_piv *piv, enum sj_piv_pin pin, struct sj_piv_pin_state *out)
{
	const struct sj_apdu a = { .ins = PIV_INS_VERIFY, .p2 = (uint8_t)pin };
	struct sj_response r;
	enum sj_rc rc = sj_piv_send(piv, &a, &r);

	if (rc != SJ_OK)
		return rc;
	out->verified = r.sw == SJ_SW_OK;
	out->blocked = r.sw == SJ_SW_AUTH_BLOCKED || r.sw == SJ_SW_COUNTER;
	if (out->blocked)
		out->tries_left = 0;
	else if ((r.sw & 0xFFF0) == SJ_SW_COUNTER)
		out->tries_left = r.sw & 0x0F;
	else if (!out->verified && r.sw != SJ_SW_NO_INFORMATION)
		return r.sw == SJ_SW_REFERENCE_NOT_FOUND ? SJ_KEY_ABSENT : SJ_CARD_REFUSED;
	return SJ_OK;
}

/* What cards with extensions tell besides. */
static enum sj_rc add_metadata(struct sj_piv *piv, enum sj_piv_pin pin,
			       struct sj_piv_pin_state *out)
{
	struct sj_span meta, value;
	enum sj_rc rc = sj_piv_metadata(piv, (uint8_t)pin, &meta);

	if (rc != SJ_OK)
		return rc == SJ_KEY_ABSENT ? SJ_OK : rc;
	if (sj_tlv_find(meta, TAG_META_RETRIES, &value) == SJ_TLV_FOUND && value.len == 2) {
		out->tries = value.ptr[0];
		/* VERIFY knows better: what it does not count is kept back over the air. */
		if (out->tries_left < 0)
			out->tries_left = value.ptr[1];
		else if (out->tries_left < value.ptr[1])
			out->tries -= value.ptr[1] - out->tries_left;
		out->blocked = out->tries_left == 0;
	}
	out->is_default = sj_tlv_find(meta, TAG_META_DEFAULT, &value) == SJ_TLV_FOUND &&
			  value.len == 1 && value.ptr[0] == 1;
	return SJ_OK;
}

struct inquiry {
	enum sj_piv_pin pin;
	struct sj_piv_pin_state state;
};

static enum sj_rc state_step(struct sj_piv *piv, void *arg)
{
	struct inquiry *q = arg;
	enum sj_rc rc = SJ_OK;

	if (q->pin != SJ_PIV_PUK)
		rc = sj_piv_ask_pin(piv, q->pin, &q->state);
	return rc == SJ_OK ? add_metadata(piv, q->pin, &q->state) : rc;
}

enum sj_rc sj_piv_pin_state(struct sj_piv *piv, enum sj_piv_pin pin, struct sj_piv_pin_state *out)
{
	const unsigned mark = sj_memory_mark();
	const size_t size = out->size;
	struct inquiry q = { pin, { .size = size, .tries_left = -1, .tries = -1 } };
	enum sj_rc rc;

	sj_piv_clock(piv);
	rc = sj_piv_attempt(piv, state_step, &q, NULL);
	if (rc == SJ_OK)
		memcpy(out, &q.state, size < sizeof(q.state) ? size : sizeof(q.state));
	return sj_memory_rc(mark, rc);
}

/* --- verifying ---------------------------------------------------------------------- */

enum sj_rc sj_piv_try_pin(struct sj_piv *piv, enum sj_piv_pin pin, const char *value, size_t len,
			  int *tries_left)
{
	uint8_t bytes[PIV_PIN_SIZE];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct trial t = { .ins = PIV_INS_VERIFY, .p2 = (uint8_t)pin, .left = -1 };
	enum sj_rc rc = SJ_SECRET_MALFORMED;

	if (pin == SJ_PIV_PUK)
		return SJ_USAGE;
	if (put_pin(&w, value, len)) {
		t.data = sj_written(&w);
		rc = tell(sj_piv_alone(piv, trial_step, &t), &t, tries_left);
	}
	sj_wipe(bytes, sizeof(bytes));
	return rc;
}

enum sj_rc sj_piv_verify(struct sj_piv *piv, enum sj_piv_pin pin, const char *value, size_t len,
			 int *tries_left)
{
	const unsigned mark = sj_memory_mark();
	sj_piv_clock(piv);
	return sj_memory_rc(mark, sj_piv_try_pin(piv, pin, value, len, tries_left));
}

/* --- on the reader ------------------------------------------------------------------- */

#define SW_KEYPAD_TIMEOUT 0x6400u
#define SW_KEYPAD_CANCELLED 0x6401u

bool sj_piv_reader_has_keypad(struct sj_piv *piv)
{
	struct sj_response r;

	sj_piv_clock(piv);
	return sj_session_keypad(piv->session, sj_span(NULL, 0), &r) == SJ_OK;
}

/* The reader fills in what was typed. */
static enum sj_rc keypad_step(struct sj_piv *piv, void *arg)
{
	const uint8_t command[] = { 0x00,         PIV_INS_VERIFY, 0x00, ((struct trial *)arg)->p2,
				    PIV_PIN_SIZE, 0xFF,           0xFF, 0xFF,
				    0xFF,         0xFF,           0xFF, 0xFF,
				    0xFF };
	struct trial *t = arg;
	struct sj_response r;
	enum sj_rc rc = sj_session_keypad(piv->session, SJ_SPAN_OF(command), &r);

	if (rc != SJ_OK)
		return rc;
	piv->sw = r.sw;
	if (r.sw == SW_KEYPAD_TIMEOUT)
		return SJ_TIMED_OUT;
	return r.sw == SW_KEYPAD_CANCELLED ? SJ_CANCELLED : judge(r.sw, false, &t->left);
}

enum sj_rc sj_piv_verify_on_reader(struct sj_piv *piv, enum sj_piv_pin pin, int *tries_left)
{
	const unsigned mark = sj_memory_mark();
	const int64_t start = sj_clock_ms();
	struct trial t = { .p2 = (uint8_t)pin, .left = -1 };
	enum sj_rc rc;

	if (pin == SJ_PIV_PUK)
		return SJ_USAGE;
	if (!sj_piv_reader_has_keypad(piv))
		return SJ_ACCESS_UNSUPPORTED;
	sj_context_asked(piv->context, SJ_PIV_TYPING_MS);
	sj_session_deadline(piv->session, start + SJ_PIV_TYPING_MS);
	rc = sj_piv_alone(piv, keypad_step, &t);
	sj_context_asked(piv->context, sj_clock_ms() - start - SJ_PIV_TYPING_MS);
	return sj_memory_rc(mark, tell(rc, &t, tries_left));
}

static enum sj_rc logout_step(struct sj_piv *piv, void *arg)
{
	const enum sj_piv_pin *pin = arg;
	const struct sj_apdu a = { .ins = PIV_INS_VERIFY, .p1 = P1_FORGET, .p2 = (uint8_t)*pin };
	struct sj_response r;
	enum sj_rc rc = sj_piv_send(piv, &a, &r);

	if (rc != SJ_OK)
		return rc;
	return r.sw == SJ_SW_REFERENCE_NOT_FOUND ? SJ_KEY_ABSENT
	       : r.sw == SJ_SW_OK                ? SJ_OK
						 : SJ_CARD_REFUSED;
}

enum sj_rc sj_piv_logout(struct sj_piv *piv, enum sj_piv_pin pin)
{
	const unsigned mark = sj_memory_mark();
	sj_piv_clock(piv);
	return sj_memory_rc(mark, sj_piv_alone(piv, logout_step, &pin));
}

/* --- changing ------------------------------------------------------------------------- */

/* Old and new value, or PUK and new PIN. */
static enum sj_rc replace(struct sj_piv *piv, struct trial *t, const char *first, size_t first_len,
			  const char *second, size_t second_len, int *tries_left)
{
	uint8_t bytes[2 * PIV_PIN_SIZE];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	enum sj_rc rc = SJ_SECRET_MALFORMED;

	sj_piv_clock(piv);
	t->left = -1;
	if (put_pin(&w, first, first_len) && put_pin(&w, second, second_len)) {
		t->data = sj_written(&w);
		rc = tell(sj_piv_alone(piv, trial_step, t), t, tries_left);
	}
	sj_wipe(bytes, sizeof(bytes));
	return rc;
}

enum sj_rc sj_piv_change(struct sj_piv *piv, enum sj_piv_pin pin, const char *old_value,
			 size_t old_len, const char *new_value, size_t new_len, int *tries_left)
{
	const unsigned mark = sj_memory_mark();
	struct trial t = { .ins = PIV_INS_CHANGE_REFERENCE_DATA,
			   .p2 = (uint8_t)pin,
			   .puk = pin == SJ_PIV_PUK };

	return sj_memory_rc(mark,
			    replace(piv, &t, old_value, old_len, new_value, new_len, tries_left));
}

enum sj_rc sj_piv_unblock(struct sj_piv *piv, const char *puk, size_t puk_len, const char *new_pin,
			  size_t new_len, int *tries_left)
{
	const unsigned mark = sj_memory_mark();
	struct trial t = { .ins = PIV_INS_RESET_RETRY_COUNTER, .p2 = SJ_PIV_PIN, .puk = true };

	return sj_memory_rc(mark, replace(piv, &t, puk, puk_len, new_pin, new_len, tries_left));
}
