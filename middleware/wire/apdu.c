#include "wire/apdu.h"

/* Le of n bytes; zero stands for the maximum. */
static bool take_le(struct sj_span *in, size_t n, uint32_t maximum, uint32_t *ne)
{
	uint32_t le;

	if (!sj_take_be(in, n, &le))
		return false;
	*ne = le == 0 ? maximum : le;
	return in->len == 0;
}

static bool parse_short(struct sj_span body, struct sj_apdu *a)
{
	uint32_t nc;

	if (body.len == 1) /* case 2S */
		return take_le(&body, 1, SJ_APDU_NE_SHORT, &a->ne);
	if (!sj_take_be(&body, 1, &nc) || nc == 0 || !sj_take(&body, nc, &a->data))
		return false;
	return body.len == 0 || take_le(&body, 1, SJ_APDU_NE_SHORT, &a->ne); /* 3S, 4S */
}

static bool parse_extended(struct sj_span body, struct sj_apdu *a)
{
	uint32_t marker, nc;

	a->extended = true;
	if (!sj_take_be(&body, 1, &marker))
		return false;
	if (body.len == 2) /* case 2E */
		return take_le(&body, 2, SJ_APDU_NE_EXTENDED, &a->ne);
	if (!sj_take_be(&body, 2, &nc) || nc == 0 || !sj_take(&body, nc, &a->data))
		return false;
	return body.len == 0 || take_le(&body, 2, SJ_APDU_NE_EXTENDED, &a->ne); /* 3E, 4E */
}

bool sj_apdu_parse(struct sj_span in, struct sj_apdu *out)
{
	struct sj_apdu a = { .data = { NULL, 0 } };
	bool ok;

	if (!sj_take_u8(&in, &a.cla) || !sj_take_u8(&in, &a.ins) || !sj_take_u8(&in, &a.p1) ||
	    !sj_take_u8(&in, &a.p2))
		return false;
	if (in.len == 0) /* case 1 */
		ok = true;
	else if (in.len > 1 && in.ptr[0] == 0)
		ok = parse_extended(in, &a);
	else
		ok = parse_short(in, &a);
	if (ok)
		*out = a;
	return ok;
}

void sj_apdu_put(struct sj_writer *w, const struct sj_apdu *a)
{
	bool extended = a->extended || a->data.len > SJ_APDU_NC_SHORT || a->ne > SJ_APDU_NE_SHORT;

	if (a->data.len > SJ_APDU_NC_EXTENDED || a->ne > SJ_APDU_NE_EXTENDED) {
		w->failed = true;
		return;
	}
	sj_put_u8(w, a->cla);
	sj_put_u8(w, a->ins);
	sj_put_u8(w, a->p1);
	sj_put_u8(w, a->p2);
	if (extended && (a->data.len > 0 || a->ne > 0))
		sj_put_u8(w, 0);
	if (a->data.len > 0) {
		sj_put_be(w, extended ? 2 : 1, (uint32_t)a->data.len);
		sj_put(w, a->data);
	}
	if (a->ne > 0) /* the maximum is written as zero: its low bytes are */
		sj_put_be(w, extended ? 2 : 1, a->ne);
}

bool sj_response_parse(struct sj_span in, struct sj_response *out)
{
	uint32_t sw;
	struct sj_span data;

	if (in.len < 2 || !sj_take(&in, in.len - 2, &data) || !sj_take_be(&in, 2, &sw))
		return false;
	if (sw < 0x6100 || (sw >= 0x7000 && sw < 0x9000) || sw >= 0xA000)
		return false;
	*out = (struct sj_response){ data, (uint16_t)sw };
	return true;
}
