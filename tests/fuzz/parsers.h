/*
 * parsers.h -- everything that takes bytes from outside, as a table: a name,
 * valid inputs, and a function that must survive any input at all.
 *
 * Each room keeps its rows in parsers_<room>.c; parsers.c joins them. A new
 * room is a line there and a declaration here.
 */
#ifndef TESTS_FUZZ_PARSERS_H
#define TESTS_FUZZ_PARSERS_H

#include "wire/bytes.h"

#define FUZZ_SEED_MAX 16384u /* bytes of a seed */

struct fuzz_parser {
	const char *name;
	/* Writes the i-th valid input; false: there is none. At least one; all with len > 0. */
	bool (*seed)(size_t i, struct sj_writer *out);
	/* Parses and walks everything that came out. True: the input was accepted. */
	bool (*run)(struct sj_span in);
};

struct fuzz_room {
	const struct fuzz_parser *parsers;
	size_t count;
};

struct fuzz_room fuzz_wire(void);
struct fuzz_room fuzz_lds(void);
struct fuzz_room fuzz_crypt(void);
struct fuzz_room fuzz_secure(void);
struct fuzz_room fuzz_card(void);
struct fuzz_room fuzz_issue(void);
struct fuzz_room fuzz_document(void);
struct fuzz_room fuzz_gate(void);
struct fuzz_room fuzz_edhoc(void);
struct fuzz_room fuzz_status(void);
struct fuzz_room fuzz_journal(void);
struct fuzz_room fuzz_piv(void);
struct fuzz_room fuzz_key(void);
struct fuzz_room fuzz_pivcard(void);
struct fuzz_room fuzz_module(void);
struct fuzz_room fuzz_eid(void);
struct fuzz_room fuzz_service(void);
struct fuzz_room fuzz_counter(void);
struct fuzz_room fuzz_config(void);
struct fuzz_room fuzz_link(void);
struct fuzz_room fuzz_tools(void);
struct fuzz_room fuzz_reading(void);
struct fuzz_room fuzz_calls(void);
struct fuzz_room fuzz_pcsc(void);
struct fuzz_room fuzz_store(void);
struct fuzz_room fuzz_bundle(void);
struct fuzz_room fuzz_applets(void);

/* The i-th parser of all rooms; NULL: past the end. */
const struct fuzz_parser *fuzz_parser_at(size_t i);
/* The name of the room whose row it is. */
const char *fuzz_room_of(const struct fuzz_parser *p);
/* Is it a whole program or card, in steps, which takes a thousand times the work of a parser? */
bool fuzz_is_stateful(const struct fuzz_parser *p);
/* NULL: no such name. */
const struct fuzz_parser *fuzz_parser_named(const char *name);

#define FUZZ_PATH 32u
/*
 * A file in memory with these bytes, read from its start: its descriptor, and how to open it by name.
 * There is one, for the input that runs: whoever reads it does not close it.
 */
int fuzz_file(struct sj_span bytes, char path[static FUZZ_PATH]);

/* Reads every byte, so that a span that reaches outside is caught. */
void fuzz_touch(struct sj_span bytes);

#endif
