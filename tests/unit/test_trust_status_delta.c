/* Deltas that nobody made from two lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "trust/status_delta.h"

/* What was read of it before must not be coded: it may be more bits than the block has. */
static void a_bad_block_is_refused(void **state)
{
	static const uint8_t bytes[] = {
		0,    1,    0,      80, 0, 0, 3, 0xE9, /* one partition, 80, of 1001 indices */
		2,    0,    1, /* changed blocks: one */
		0,    0,    3 << 5, 0,  2, /* block 0: the others in Elias-Fano, two bytes */
		0,    2,    0,      2,  0, 2, /* all in the first chunk */
		0x55, 0x55, /* 0 to 7, and no end */
	};
	struct sj_status_draft *draft = calloc(1, sizeof(*draft));
	struct sj_status_list *nothing = calloc(1, sizeof(*nothing));
	struct sj_span body;

	(void)state;
	assert_non_null(draft);
	assert_non_null(nothing);
	assert_int_equal(sj_status_delta_apply(nothing, SJ_SPAN_OF(bytes), draft, &body),
			 SJ_INPUT_MALFORMED);
	free(nothing);
	free(draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_block_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
