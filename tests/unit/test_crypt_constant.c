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
#include "secure/bac.h"
#include "secure/sm.h"

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

/* --- who compares -------------------------------------------------------------- */

__typeof__(sj_equal_secret) __real_sj_equal_secret, __wrap_sj_equal_secret;
static unsigned compared;

bool __wrap_sj_equal_secret(struct sj_span a, struct sj_span b)
{
	compared++;
	return __real_sj_equal_secret(a, b);
}

static void test_macs_are_compared_as_secrets_are(void **state)
{
	static const uint8_t answer[] = {
		0x99, 0x02, 0x90, 0x00, 0x8E, 0x08, 0, 0, 0, 0, 0, 0, 0, 0
	};
	const struct sj_sm_keys keys = { .cipher = SJ_CIPHER_AES128 };
	const struct sj_bac_keys bac = { .mac = { 1 } };
	const uint8_t token[SJ_BAC_TOKEN] = { 0 };
	const struct sj_ssc ssc = { { 1 } };
	struct sj_bac_content content;
	struct sj_writer none = { 0 };
	struct sj_response r;

	(void)state;
	compared = 0;
	assert_int_not_equal(sj_sm_response_open(&keys, &ssc, SJ_SPAN_OF(answer), &none, &r),
			     SJ_SM_OK);
	assert_int_equal(compared, 1);
	assert_false(sj_bac_token_open(&bac, SJ_SPAN_OF(token), &content));
	assert_int_equal(compared, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets_are_compared_to_their_end),
		cmocka_unit_test(test_padding_is_looked_for_in_the_whole_block),
		cmocka_unit_test(test_macs_are_compared_as_secrets_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
