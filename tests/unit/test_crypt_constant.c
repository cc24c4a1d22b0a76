/*
 * What works on secrets looks at all of them, whatever the first bytes are: behind (or before) the byte
 * that would be enough lies a page that may not be read, and who does not stumble over it has told the time.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypt/cipher.h"
#include "crypt/wipe.h"

#define PAGE 4096u

/* Three pages, of which only the middle one may be read. */
static uint8_t *island(void)
{
	uint8_t *sea = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(sea != MAP_FAILED);
	assert_int_equal(mprotect(sea + PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
	return sea + PAGE;
}

/* Whether it ends in a child of its own; false: it died of what it read. */
static bool ends(bool (*fn)(struct sj_span a, struct sj_span b), struct sj_span a, struct sj_span b)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGSEGV,
		       SIG_DFL); /* neither cmocka nor a sanitizer is to make a story of it */
		(void)fn(a, b);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool unpads(struct sj_span padded, struct sj_span unused)
{
	size_t len;

	(void)unused;
	return sj_unpad(padded, 16, &len);
}

static void test_secrets_are_compared_to_their_end(void **state)
{
	static const uint8_t other[16] = { 0x55 };
	uint8_t *bytes = island();

	(void)state;
	assert_true(ends(sj_equal_secret, sj_span(bytes, 16), SJ_SPAN_OF(other)));
	/* The first byte differs, and is the last that may be read. */
	assert_false(ends(sj_equal_secret, sj_span(bytes + PAGE - 1, 16), SJ_SPAN_OF(other)));
	munmap(bytes - PAGE, 3 * PAGE);
}

static void test_padding_is_looked_for_in_the_whole_block(void **state)
{
	uint8_t *bytes = island();

	(void)state;
	bytes[0] = bytes[15] = 0x80;
	assert_true(ends(unpads, sj_span(bytes, 16), sj_span(NULL, 0)));
	/* The mark is the last byte of the block, whose others may not be read. */
	assert_false(ends(unpads, sj_span(bytes - 15, 16), sj_span(NULL, 0)));
	munmap(bytes - PAGE, 3 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets_are_compared_to_their_end),
		cmocka_unit_test(test_padding_is_looked_for_in_the_whole_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
