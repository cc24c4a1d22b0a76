/* Who opens a card's file while another writes it anew gets the new one, or neither. */
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/card/store_rig.h"

/* Between opening the file and locking it (tests.mk leads flock() here) the name goes to this one. */
static const char *newer;
static char path[96];

__typeof__(flock) __real_flock, __wrap_flock;
int __wrap_flock(int fd, int operation)
{
	if (newer != NULL) {
		assert_int_equal(rename(newer, path), 0);
		newer = NULL;
	}
	return __real_flock(fd, operation);
}

static void the_file_that_has_the_name_is_opened(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r);
	char other[128], next[128];

	snprintf(path, sizeof(path), "%s", r->path);
	snprintf(next, sizeof(next), "%s.next", r->path);
	snprintf(other, sizeof(other), "%s.kept", r->path);
	set(s, 1, "old");
	commit(s);
	card_store_close(s);
	assert_int_equal(rename(path, other), 0);
	s = create(r);
	set(s, 1, "new");
	commit(s);
	card_store_close(s);
	/* The old one has the name until the moment of the lock. */
	assert_int_equal(rename(path, next), 0);
	assert_int_equal(rename(other, path), 0);
	newer = next;
	assert_int_equal(card_store_open(path, &s), CARD_STORE_OK);
	assert_true(has(s, 1, "new"));
	card_store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_CASE(the_file_that_has_the_name_is_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
