/* The store: power cuts at every byte, and damage. */
#include <string.h>

#include "tests/card/store_rig.h"

/* --- cases: power cuts --------------------------------------------------------------- */

/* Cut at every length: the last transaction that is whole counts. */
static void every_truncation_opens(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);
	unsigned expected = 0;

	for (size_t cut = ends[0]; cut <= n; cut++) {
		struct card_store *s = NULL;

		while (expected < TRANSACTIONS && cut >= ends[expected + 1])
			expected++;
		assert_int_equal(card_store_parse(sj_span(image, cut), &s), CARD_STORE_OK);
		assert_int_equal(state_of(s), expected);
		card_store_close(s);
	}
}

/* After a cut the card goes on, and what it does then holds. */
static void work_goes_on_after_a_cut(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);

	for (size_t cut = ends[3]; cut < n; cut += 7) {
		struct card_store *s = NULL;
		unsigned was;

		put_file(r, image, cut);
		assert_int_equal(card_store_open(r->path, &s), CARD_STORE_OK);
		was = state_of(s);
		step(s, was + 1);
		commit(s);
		s = reopen(r, s);
		assert_int_equal(state_of(s), was + 1);
		card_store_close(s);
	}
}

/*
 * What is cut off is cut off for sure before anything takes its place: a second cut could else
 * leave it behind that.
 */
static void a_torn_end_is_cut_off_for_sure_before_the_next_write(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);
	struct card_store *s = NULL;

	put_file(r, image, n - 5);
	assert_int_equal(card_store_open_with(r->path, &r->io, r, &s), CARD_STORE_OK);
	step(s, TRANSACTIONS);
	r->calls = r->writes = 0;
	r->fail_at = 2; /* the sync after ftruncate */
	assert_int_equal(card_store_commit(s), CARD_STORE_IO);
	assert_int_equal(r->writes, 0);
	r->fail_at = 0;
	step(s, TRANSACTIONS);
	commit(s);
	s = reopen(r, s);
	assert_int_equal(state_of(s), TRANSACTIONS);
	card_store_close(s);
}

/* The file had grown, but its new sectors never reached the disk: zeros. */
static void unwritten_sectors_at_the_end_are_a_cut(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX], torn[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);

	for (size_t cut = ends[4]; cut < n; cut = (cut / 512 + 1) * 512) {
		struct card_store *s = NULL;

		memcpy(torn, image, n);
		memset(torn + cut, 0, n - cut);
		assert_int_equal(card_store_parse(sj_span(torn, n), &s), CARD_STORE_OK);
		assert_int_equal(state_of(s), 4);
		card_store_close(s);
	}
}

/* --- cases: damage --------------------------------------------------------------------- */

/* Committed transactions are never dropped in silence. */
static void every_flipped_bit_is_noticed(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);

	for (size_t bit = 0; bit < 8 * n; bit++) {
		struct card_store *s = NULL;
		enum card_store_rc rc;

		image[bit / 8] ^= (uint8_t)(1u << bit % 8);
		rc = card_store_parse(sj_span(image, n), &s);
		assert_int_equal(rc, bit < 64 ? CARD_STORE_NOT_A_CARD : CARD_STORE_CORRUPT);
		image[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void zeroed_transaction_in_the_middle_is_damage(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);
	struct card_store *s = NULL;

	memset(image + ends[1], 0, ends[2] - ends[1]);
	assert_int_equal(card_store_parse(sj_span(image, n), &s), CARD_STORE_CORRUPT);
}

static void missing_transaction_in_the_middle_is_damage(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);
	struct card_store *s = NULL;

	memmove(image + ends[1], image + ends[2], n - ends[2]);
	assert_int_equal(card_store_parse(sj_span(image, n - (ends[2] - ends[1])), &s),
			 CARD_STORE_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_CASE(every_truncation_opens),
		STORE_CASE(work_goes_on_after_a_cut),
		STORE_CASE(a_torn_end_is_cut_off_for_sure_before_the_next_write),
		STORE_CASE(unwritten_sectors_at_the_end_are_a_cut),
		STORE_CASE(every_flipped_bit_is_noticed),
		STORE_CASE(zeroed_transaction_in_the_middle_is_damage),
		STORE_CASE(missing_transaction_in_the_middle_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
