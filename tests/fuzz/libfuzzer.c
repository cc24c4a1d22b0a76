/*
 * libfuzzer.c -- one harness for every parser of the table, of libFuzzer and of AFL++
 * (afl-clang-fast's driver calls the same function, in one process). The parser is
 * chosen by SOJOURN_FUZZ when it runs, or when it is built (-DPARSER='"cms"'):
 *
 *	make fuzz PARSER=cms FUZZ_ARGS=-max_total_time=600
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/failures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *parser_name(void)
{
#ifdef PARSER
	return PARSER;
#else
	const char *name = getenv("SOJOURN_FUZZ");

	return name != NULL ? name : "";
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct fuzz_parser *p;

	if (p == NULL)
		p = fuzz_parser_named(parser_name());
	if (p == NULL) {
		fprintf(stderr, "no such parser: '%s'\n", parser_name());
		exit(2);
	}
	(void)fuzz_input(p, sj_span(data, size));
	return 0;
}
