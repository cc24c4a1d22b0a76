#include "tests/fuzz/parsers.h"

#include "applets/eid/state.h"
#include "secure/ri.h"
#include "wire/eid.h"
#include "wire/std/tr03110.h"

/* Data groups; the tag says which. */
static bool group_seed(size_t i, struct sj_writer *w)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR("\x68\x0A\x12\x08"
			    "19740812"),
		SJ_SPAN_STR("\x69\x0A\xA1\x08\x0C\x06"
			    "BERLIN"),
		SJ_SPAN_STR("\x71\x12\x30\x10\xAA\x03\x0C\x01s\xAB\x04\x0C\x02KU\xAD\x03\x13\x01"
			    "D"),
		SJ_SPAN_STR("\x74\x06\xA2\x04\x04\x02\x03\x00"),
		SJ_SPAN_STR("\x79\x0B\x30\x09\x13\x03UTO\x13\x02L8"),
		SJ_SPAN_STR("\x7C\x0A\x30\x08\x80\x02"
			    "A+\x82\x02"
			    "E1"),
	};

	if (i >= sizeof(seeds) / sizeof(seeds[0]))
		return false;
	sj_put(w, seeds[i]);
	return true;
}

static bool group_run(struct sj_span in)
{
	struct sj_eid_value v;

	if (in.len == 0 || !sj_eid_read(in, in.ptr[0] & 0x1Fu, &v))
		return false;
	for (size_t i = 0; i < v.count; i++)
		fuzz_touch(v.parts[i]);
	return true;
}

static bool entries_seed(size_t i, struct sj_writer *w)
{
	const struct sj_eid_entry entries[] = {
		{ SJ_SPAN_STR("20260102"), 1, SJ_SPAN_STR("PVG") },
		{ SJ_SPAN_STR("20260203"), 2, SJ_SPAN_STR("HKG") },
	};

	sj_eid_entries_put(w, entries, 2);
	return i == 0;
}

static bool entries_run(struct sj_span in)
{
	struct sj_eid_entry entry;
	struct sj_span items;
	enum sj_tlv_rc rc;

	if (!sj_eid_entries_read(in, &items))
		return false;
	while ((rc = sj_eid_entry_next(&items, &entry)) == SJ_TLV_FOUND) {
		fuzz_touch(entry.date);
		fuzz_touch(entry.place);
	}
	return rc == SJ_TLV_ABSENT;
}

static bool sector_key_seed(size_t i, struct sj_writer *w)
{
	static const uint8_t one[] = { 1 };
	struct sj_ec_secret secret;
	struct sj_ec_point point;

	if (!sj_ec_secret_read(SJ_P256, SJ_SPAN_OF(one), &secret) ||
	    !sj_ec_multiply(SJ_P256, &secret, NULL, &point))
		return false;
	sj_ri_key_put(w, SJ_P256, &point);
	return i == 0;
}

static bool sector_key_run(struct sj_span in)
{
	struct sj_ec_point point;
	enum sj_curve curve;
	struct sj_span content;

	return sj_tlv_take(&in, SJ_TAG_PUBLIC_KEY, &content) == SJ_TLV_FOUND && in.len == 0 &&
	       sj_ri_key_read(content, &curve, &point);
}

#define AUX(arc) SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x03\x01\x04" arc)

static bool auxiliary_seed(size_t i, struct sj_writer *w)
{
	sj_put(w, SJ_SPAN_STR("\x73\x15\x06\x09\x04\x00\x7F\x00\x07\x03\x01\x04\x01\x53\x08"
			      "20080101"
			      "\x73\x15\x06\x09\x04\x00\x7F\x00\x07\x03\x01\x04\x02\x53\x08"
			      "20260101"));
	return i == 0;
}

static bool auxiliary_run(struct sj_span in)
{
	struct sj_span value;

	if (!eid_auxiliary(in, AUX("\x01"), &value))
		return false;
	fuzz_touch(value);
	return true;
}

struct fuzz_room fuzz_eid(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "eid-group", group_seed, group_run },
		{ "eid-entries", entries_seed, entries_run },
		{ "sector-key", sector_key_seed, sector_key_run },
		{ "eid-auxiliary", auxiliary_seed, auxiliary_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
