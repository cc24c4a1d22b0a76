#include "tests/fuzz/parsers.h"

#include <string.h>

static struct fuzz_room room_at(size_t i)
{
	switch (i) {
	case 0:
		return fuzz_wire();
	case 1:
		return fuzz_lds();
	case 2:
		return fuzz_crypt();
	case 3:
		return fuzz_secure();
	case 4:
		return fuzz_card();
	case 5:
		return fuzz_issue();
	case 6:
		return fuzz_document();
	case 7:
		return fuzz_edhoc();
	case 8:
		return fuzz_status();
	case 9:
		return fuzz_gate();
	case 10:
		return fuzz_journal();
	case 11:
		return fuzz_piv();
	case 12:
		return fuzz_key();
	case 13:
		return fuzz_pivcard();
	case 14:
		return fuzz_module();
	case 15:
		return fuzz_eid();
	case 16:
		return fuzz_service();
	case 17:
		return fuzz_counter();
	default:
		return (struct fuzz_room){ NULL, 0 };
	}
}

const struct fuzz_parser *fuzz_parser_at(size_t i)
{
	struct fuzz_room room;

	for (size_t r = 0; (room = room_at(r)).parsers != NULL; r++) {
		if (i < room.count)
			return &room.parsers[i];
		i -= room.count;
	}
	return NULL;
}

const struct fuzz_parser *fuzz_parser_named(const char *name)
{
	const struct fuzz_parser *p;

	for (size_t i = 0; (p = fuzz_parser_at(i)) != NULL; i++) {
		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

void fuzz_touch(struct sj_span bytes)
{
	volatile uint8_t sink = 0;

	for (size_t i = 0; i < bytes.len; i++)
		sink = (uint8_t)(sink ^ bytes.ptr[i]);
}
