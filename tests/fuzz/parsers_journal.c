#include "tests/fuzz/parsers.h"

#include <string.h>

#include "gate/tool.h"
#include "journal/record.h"

/* A row as it could lie in a store: the body alone; its number is the one it names. */
static bool row_seed(size_t i, struct sj_writer *out)
{
	static const enum sj_journal_kind kinds[] = { SJ_JOURNAL_TAP, SJ_JOURNAL_GAP,
						      SJ_JOURNAL_TRUST, SJ_JOURNAL_START };
	const uint8_t previous[SJ_JOURNAL_HASH] = { 1, 2, 3 };
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct sj_journal_built built;
	bool ok;

	if (i >= sizeof(kinds) / sizeof(kinds[0]))
		return false;
	r.kind = kinds[i];
	r.number = 0x0102030405060708;
	strcpy(r.reader, "Gate 1 00 00");
	ok = sj_journal_put_row(&r, previous, &built);
	if (ok)
		sj_put(out, sj_span(built.row.body, built.row.body_len));
	sj_journal_built_free(&built);
	return ok && !out->failed;
}

static bool row_run(struct sj_span in)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct sj_journal_row row = { .number = 0x0102030405060708,
				      .body = in.ptr,
				      .body_len = in.len };

	if (sj_journal_take_row(&row, &r) != SJ_OK)
		return false;
	fuzz_touch(sj_span((const uint8_t *)r.reader, strlen(r.reader)));
	return true;
}

/* A window of a gate's policy, as text. */
static bool window_seed(size_t i, struct sj_writer *out)
{
	static const char *const texts[] = { "Mon-Fri 06:00-22:00", "Sat-Mon,Wed 00:00-24:00" };

	if (i >= sizeof(texts) / sizeof(texts[0]))
		return false;
	sj_put(out, sj_span((const uint8_t *)texts[i], strlen(texts[i])));
	return !out->failed;
}

static bool window_run(struct sj_span in)
{
	struct sj_gate_window w;
	char text[256];

	if (in.len >= sizeof(text))
		return false;
	memcpy(text, in.ptr, in.len);
	text[in.len] = '\0';
	return gate_window_parse(text, &w) && w.days != 0 && w.from < w.to && w.to <= 1440;
}

struct fuzz_room fuzz_journal(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "journal", row_seed, row_run },
		{ "gate-window", window_seed, window_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
