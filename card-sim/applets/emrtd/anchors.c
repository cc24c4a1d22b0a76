/*
 * anchors.c -- the CVCA certificates that the card believes, two of a kind of terminals.
 *
 * Source: BSI TR-03110-3 v2.21, 2.5 (trust points: at most two; an expired one verifies links only),
 * A.7.2 (a known name is not imported again), A.7.2.4 (EF.CVCA). Of two the older makes room even if
 * it has not expired yet: the card's date may lag behind.
 */
#include <string.h>

#include "state.h"
#include "wire/std/tr03110.h"

#define DAY 86400

/* As it is stored: curve (1), 00 for RSA, and the whole certificate. Slot 0 is the older. */
struct anchor {
	enum sj_curve curve;
	struct sj_cvc cvc; /* points into the store */
};

static uint32_t object_of(enum sj_cvc_terminal kind, unsigned slot)
{
	return EMRTD_OBJECT_ANCHOR + (uint32_t)kind * EMRTD_ANCHORS + slot;
}

static bool load(struct card *card, enum sj_cvc_terminal kind, unsigned slot, struct anchor *out)
{
	struct sj_span stored;
	uint8_t curve;

	if (!card_store_get(card_store_of(card), object_of(kind, slot), &stored) ||
	    !sj_take_u8(&stored, &curve) || !sj_cvc_read(stored, &out->cvc))
		return false;
	out->curve = sj_curve_from_id(curve);
	return true;
}

static bool store(struct card *card, unsigned slot, const struct sj_cvc *cvca)
{
	uint8_t bytes[1 + SJ_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	sj_put_u8(&w, (uint8_t)cvca->key.curve);
	sj_put(&w, cvca->element);
	return !w.failed && card_store_set(card_store_of(card),
					   object_of(cvca->rights.terminal, slot), sj_written(&w));
}

size_t emrtd_anchor_names(struct card *card, enum sj_cvc_terminal kind,
			  struct sj_span names[static EMRTD_ANCHORS])
{
	struct anchor a;
	size_t n = 0;

	for (unsigned slot = EMRTD_ANCHORS; slot-- > 0;)
		if (load(card, kind, slot, &a) && (n == 0 || card_date(card) < a.cvc.until + DAY))
			names[n++] = a.cvc.holder;
	return n;
}

bool emrtd_anchor_find(struct card *card, enum sj_cvc_terminal kind, struct sj_span holder,
		       struct emrtd_ta_link *out)
{
	struct sj_writer w = SJ_WRITER_OF(out->certificate);
	struct anchor a;

	for (unsigned slot = 0; slot < EMRTD_ANCHORS; slot++) {
		if (!load(card, kind, slot, &a) || !sj_span_eq(a.cvc.holder, holder))
			continue;
		sj_put(&w, a.cvc.element);
		out->len = w.len;
		out->curve = a.curve;
		out->effective = a.cvc.rights;
		return !w.failed;
	}
	return false;
}

bool emrtd_anchor_add(struct card *card, const struct sj_cvc *cvca)
{
	struct anchor older, newer;
	const enum sj_cvc_terminal kind = cvca->rights.terminal;
	const bool has_older = load(card, kind, 0, &older), has_newer = load(card, kind, 1, &newer);

	if ((has_older && sj_span_eq(older.cvc.holder, cvca->holder)) ||
	    (has_newer && sj_span_eq(newer.cvc.holder, cvca->holder)))
		return true;
	if (!has_newer)
		return store(card, has_older ? 1 : 0, cvca);
	newer.cvc.key.curve = newer.curve;
	return store(card, 0, &newer.cvc) && store(card, 1, cvca);
}

uint16_t emrtd_anchor_personalise(struct card_call *call, struct sj_span data)
{
	struct anchor second;
	struct sj_cvc c;

	if (!sj_cvc_read(data, &c) || sj_cvc_role(&c.rights) != SJ_CVC_CVCA ||
	    (c.key.scheme == SJ_CVC_ECDSA && c.key.curve == SJ_CURVE_NONE) ||
	    (sj_span_eq(c.authority, c.holder) && !sj_cvc_verify(&c, &c.key)))
		return SJ_SW_WRONG_DATA;
	if (load(call->card, c.rights.terminal, 1, &second))
		return SJ_SW_NO_SPACE;
	return emrtd_anchor_add(call->card, &c) ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}

bool emrtd_anchor_file(struct card *card, uint8_t out[static EMRTD_CVCA_SIZE])
{
	struct sj_span names[EMRTD_ANCHORS];
	const size_t n = emrtd_anchor_names(card, SJ_CVC_INSPECTION, names);
	struct sj_writer w = sj_writer(out, EMRTD_CVCA_SIZE);

	for (size_t i = 0; i < n; i++)
		sj_tlv_put(&w, SJ_TAG_CVC_AUTHORITY, names[i]);
	sj_put_fill(&w, 0, EMRTD_CVCA_SIZE - w.len);
	return n > 0 && !w.failed;
}
