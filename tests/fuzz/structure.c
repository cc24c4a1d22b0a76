/* structure.c -- one TLV object of many edited, and the lengths around it mended. */
#include "tests/fuzz/structure.h"

#include "wire/tlv.h"

#define DEPTH_MAX 12u

struct edit {
	size_t left; /* objects before it */
	enum fuzz_edit how;
	struct sj_span with;
	bool done;
};

/* Has it others inside? An OCTET STRING may. */
static bool holds_others(uint32_t tag, struct sj_span value)
{
	while (tag > 0xFF)
		tag >>= 8;
	return (tag & 0x20) != 0 || (tag == 0x04 && value.len > 0 && sj_tlv_strict(value));
}

static void put_edited(struct sj_writer *out, enum fuzz_edit how, struct sj_span with, uint32_t tag,
		       struct sj_span value)
{
	size_t at;

	if (how == FUZZ_DROPPED)
		return;
	if (how == FUZZ_EXCHANGED) {
		sj_put(out, with);
		return;
	}
	if (how == FUZZ_DOUBLED)
		sj_tlv_put(out, tag, value);
	if (how == FUZZ_EMPTIED)
		value.len = 0;
	else if (how == FUZZ_SHORTENED && value.len > 0)
		value.len--;
	else if (how == FUZZ_REPLACED)
		value = with;
	at = sj_tlv_open(out);
	sj_put(out, value);
	if (how == FUZZ_LENGTHENED)
		sj_put_u8(out, 0);
	sj_tlv_close(out, how == FUZZ_RENAMED ? tag ^ 1 : tag, at);
}

static void walk(struct sj_span in, struct edit *e, unsigned depth, struct sj_writer *out)
{
	struct sj_span value, whole = in;
	uint32_t tag;

	while (sj_tlv_next(&in, &tag, &value) == SJ_TLV_FOUND) {
		whole.len -= in.len;
		if (e->done) {
			sj_put(out, whole);
		} else if (e->left-- == 0) {
			e->done = true;
			put_edited(out, e->how, e->with, tag, value);
		} else if (depth < DEPTH_MAX && holds_others(tag, value)) {
			const size_t at = sj_tlv_open(out);

			walk(value, e, depth + 1, out);
			sj_tlv_close(out, tag, at);
		} else {
			sj_put(out, whole);
		}
		whole = in;
	}
	sj_put(out, in); /* what is none */
}

static bool find(struct sj_span in, size_t *left, unsigned depth, struct fuzz_object *out)
{
	struct sj_span value, whole = in;
	uint32_t tag;

	while (sj_tlv_next(&in, &tag, &value) == SJ_TLV_FOUND) {
		whole.len -= in.len;
		if ((*left)-- == 0) {
			*out = (struct fuzz_object){ whole, value };
			return true;
		}
		if (depth < DEPTH_MAX && holds_others(tag, value) &&
		    find(value, left, depth + 1, out))
			return true;
		whole = in;
	}
	return false;
}

size_t fuzz_objects(struct sj_span in)
{
	struct fuzz_object none;
	size_t left = SIZE_MAX;

	(void)find(in, &left, 0, &none);
	return SIZE_MAX - left;
}

bool fuzz_object(struct sj_span in, size_t n, struct fuzz_object *out)
{
	return find(in, &n, 0, out);
}

bool fuzz_structure(struct sj_span in, size_t n, enum fuzz_edit how, struct sj_span with,
		    struct sj_writer *out)
{
	struct edit e = { .left = n, .how = how, .with = with };

	walk(in, &e, 0, out);
	return e.done;
}
