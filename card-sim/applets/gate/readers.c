/* readers.c -- the credentials of readers that were verified last: hash || slot || pseudonym. */
#include <string.h>

#include "state.h"

#define READERS_MAX 8u
#define ROW (SJ_EDHOC_HASH + 1u + SJ_GATE_PSEUDONYM)

bool gate_reader_find(const struct card_store *store, struct gate_reader *reader)
{
	struct sj_span rows, row, hash;

	if (!card_store_get(store, GATE_OBJECT_READERS, &rows))
		return false;
	while (sj_take(&rows, ROW, &row))
		if (sj_take(&row, SJ_EDHOC_HASH, &hash) &&
		    sj_span_eq(hash, SJ_SPAN_OF(reader->hash)))
			return sj_take_u8(&row, &reader->slot) &&
			       sj_take_copy(&row, SJ_GATE_PSEUDONYM, reader->pseudonym);
	return false;
}

bool gate_reader_add(struct card_store *store, const struct gate_reader *reader)
{
	uint8_t bytes[READERS_MAX * ROW];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span rows = { NULL, 0 }, row;
	bool some = card_store_get(store, GATE_OBJECT_READERS, &rows);

	sj_put(&w, SJ_SPAN_OF(reader->hash));
	sj_put_u8(&w, reader->slot);
	sj_put(&w, SJ_SPAN_OF(reader->pseudonym));
	while (some && w.len < sizeof(bytes) && sj_take(&rows, ROW, &row))
		sj_put(&w, row);
	return !w.failed && card_store_set(store, GATE_OBJECT_READERS, sj_written(&w));
}
