/* stage_forge.c -- commands that are protected, and then spoilt. */
#include "tests/hostile/stage.h"

/* --- what is spoilt -------------------------------------------------------------------------- */

/* The data field without this object, if it stands there. */
static void without(struct sj_writer *data, uint32_t leave)
{
	uint8_t copy[2048];
	struct sj_span in, value;
	uint32_t tag;

	assert_true(data->len <= sizeof(copy));
	memcpy(copy, data->ptr, data->len);
	in = sj_span(copy, data->len);
	data->len = 0;
	while (sj_tlv_next(&in, &tag, &value) == SJ_TLV_FOUND)
		if (tag != leave)
			sj_tlv_put(data, tag, value);
}

static void twice(struct sj_writer *data)
{
	sj_put(data, sj_written(data));
}

static void cut(struct sj_writer *data)
{
	data->len -= data->len > 0;
}

static void prolong(struct sj_writer *data)
{
	sj_put_u8(data, 0);
}

/* One bit of the byte that is so far from the end. */
static void flip(struct sj_writer *data, size_t from_end)
{
	if (data->len > from_end)
		data->ptr[data->len - 1 - from_end] ^= 1;
}

/* Also what is done before protecting: stale, skip. */
static bool spoil(const char *how, struct sj_apdu *apdu, struct sj_writer *data)
{
	static const struct {
		const char *how;
		uint8_t cla, ins, p1, p2; /* exclusive or */
	} headers[] = {
		{ "cla8", 0x04, 0, 0, 0 }, { "cla4", 0x08, 0, 0, 0 },  { "ch1", 0x01, 0, 0, 0 },
		{ "ch3", 0x03, 0, 0, 0 },  { "cla80", 0x80, 0, 0, 0 }, { "more", 0x10, 0, 0, 0 },
		{ "ins", 0, 0x01, 0, 0 },  { "p1", 0, 0, 0x01, 0 },    { "p2", 0, 0, 0, 0x01 },
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (strcmp(how, headers[i].how) != 0)
			continue;
		apdu->cla ^= headers[i].cla;
		apdu->ins ^= headers[i].ins;
		apdu->p1 ^= headers[i].p1;
		apdu->p2 ^= headers[i].p2;
		return true;
	}
	if (strcmp(how, "no8e") == 0)
		without(data, 0x8E);
	else if (strcmp(how, "no97") == 0)
		without(data, 0x97);
	else if (strcmp(how, "no87") == 0)
		without(data, 0x87);
	else if (strcmp(how, "twice") == 0)
		twice(data);
	else if (strcmp(how, "cut") == 0)
		cut(data);
	else if (strcmp(how, "long") == 0)
		prolong(data);
	else if (strcmp(how, "mac") == 0)
		flip(data, 0);
	else if (strcmp(how, "body") == 0)
		flip(data, 11);
	else if (strcmp(how, "empty") == 0)
		data->len = 0;
	else
		return strcmp(how, "stale") == 0 || strcmp(how, "skip") == 0 ||
		       strcmp(how, "bare") == 0;
	return true;
}

/* --- protecting ---------------------------------------------------------------------------------- */

static void put_document(const struct stage *s, const char *how, const struct sj_apdu *apdu,
			 struct sj_writer *w)
{
	struct sj_ssc ssc = s->b->ssc;
	const unsigned steps = strcmp(how, "stale") == 0 ? 0 : strcmp(how, "skip") == 0 ? 3 : 1;

	for (unsigned i = 0; i < steps; i++)
		sj_ssc_increment(&ssc, s->b->keys.cipher);
	sj_sm_command_put(w, &s->b->keys, &ssc, apdu);
}

static void put_messaging(const struct stage *s, const char *how, const struct sj_apdu *apdu,
			  struct sj_writer *w)
{
	struct piv_reader r = s->piv;

	/* The order is the MAC chain's: the counter is for encryption alone (part 2, 4.2.2). */
	if (strcmp(how, "stale") == 0)
		r.command_chain[0] ^= 1;
	if (strcmp(how, "skip") == 0) {
		sj_piv_sm_command_put(w, &r.keys, r.counter, r.command_chain, apdu);
		w->len = 0;
	}
	sj_piv_sm_command_put(w, &r.keys, r.counter, r.command_chain, apdu);
}

static void put_channel(const struct stage *s, const char *how, const struct sj_apdu *apdu,
			struct sj_writer *w)
{
	struct sj_scp03 session = s->b->channel.session;
	uint8_t bytes[2048];
	struct sj_writer data = SJ_WRITER_OF(bytes);
	struct sj_apdu out;

	if (strcmp(how, "stale") == 0)
		session.chain[0] ^= 1;
	assert_true(sj_scp03_wrap(&session, apdu, &data, &out));
	if (strcmp(how, "skip") == 0) {
		data = SJ_WRITER_OF(bytes);
		assert_true(sj_scp03_wrap(&session, apdu, &data, &out));
	}
	sj_apdu_put(w, &out);
}

bool stage_forge(struct stage *s, const char *how, const struct sj_apdu *apdu)
{
	const bool in_channel = s->b->channel.open && (apdu->cla & 0x80) != 0 && !s->b->secured;
	struct sj_writer p = SJ_WRITER_OF(s->room[0]), data = SJ_WRITER_OF(s->room[1]),
			 w = SJ_WRITER_OF(s->room[2]);
	struct sj_apdu out;

	if (apdu->data.len > 1024)
		return false;
	if (in_channel)
		put_channel(s, how, apdu, &p);
	else if (s->b->secured)
		put_document(s, how, apdu, &p);
	else if (s->piv_open)
		put_messaging(s, how, apdu, &p);
	else
		return false;
	assert_true(!p.failed && sj_apdu_parse(sj_written(&p), &out));
	sj_put(&data, out.data);
	assert_true(spoil(how, &out, &data));
	if (strcmp(how, "bare") == 0)
		out.cla &= 0xF3;
	out.data = sj_written(&data);
	sj_apdu_put(&w, &out);
	assert_false(w.failed);
	if (strcmp(how, "stale") != 0 && strcmp(how, "skip") != 0 &&
	    sj_span_eq(sj_written(&w), sj_written(&p)))
		return false;
	if (!s->believes)
		s->piv_open = s->b->channel.open = false;
	else if (s->b->secured) /* a card that went on would have counted */
		sj_ssc_increment(&s->b->ssc, s->b->keys.cipher);
	(void)stage_plain(s, sj_written(&w));
	return true;
}
