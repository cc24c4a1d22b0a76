/*
 * The key applet when power goes, or a write fails, at every write of a command: no guess is free,
 * and what is stored belongs together.
 */
#include <stdio.h>

#include "applets/piv/state.h"
#include "tests/card/piv_rig.h"
#include "tests/card/store_rig.h"

#define WRONG_HEX "393939393939FFFF"
#define NEW_HEX "36363636363636FF"

/* A card's file, and the card in it at work. */
struct cuts {
	struct room *room;
	struct bench *b;
	uint8_t *image;
	size_t len;
	uint8_t content[PIV_CONTENT_SIZE]; /* before the command */
	uint8_t point[65]; /* of 9D before it */
};

static int setup(void **state)
{
	struct cuts *c = calloc(1, sizeof(*c));
	struct piv_plan plan = { .policy = 0 };

	assert_non_null(c);
	assert_int_equal(store_rig_setup((void **)&c->room), 0);
	c->b = bench_new_in(create(c->room));
	bench_install(c->b);
	assert_int_equal(bench_dgi_hex(c->b, 0x0001, ACCESS_BAC), SJ_SW_OK);
	bench_perso_files(c->b);
	piv_personalise_all(c->b, &plan);
	bench_lock(c->b);
	memcpy(c->point, piv_public_key(c->b, 0x9D).point.ptr, sizeof(c->point));
	bench_free(c->b);
	c->image = store_rig_image(c->room, &c->len);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct cuts *c = *state;
	void *room = c->room;

	free(c->image);
	free(c);
	return store_rig_teardown(&room);
}

static void insert(struct cuts *c)
{
	struct card_store *s = NULL;

	c->room->fail_at = 0;
	assert_int_equal(card_store_open_with(c->room->path, &c->room->io, c->room, &s),
			 CARD_STORE_OK);
	c->b = bench_new_in(s);
	piv_move(c->b, CARD_CONTACT);
}

/* The file as it was; the management key is proved. */
static void start(struct cuts *c)
{
	struct sj_span content;

	put_file(c->room, c->image, c->len);
	insert(c);
	piv_administer(c->b);
	assert_true(card_store_get(c->b->store, PIV_STORE_CONTENT, &content));
	memcpy(c->content, content.ptr, sizeof(c->content));
}

static bool content_changed(struct cuts *c)
{
	struct sj_span content;

	assert_true(card_store_get(c->b->store, PIV_STORE_CONTENT, &content));
	return memcmp(content.ptr, c->content, sizeof(c->content)) != 0;
}

/* Given how it was answered. */
typedef void (*check_fn)(struct cuts *c, uint16_t sw);

/* The command, stopped at its k-th call of the system; then the check. */
static void at_every_write(struct cuts *c, const char *command, check_fn check, bool dies)
{
	unsigned k = 1, calls;

	do {
		uint16_t sw;

		start(c);
		c->room->calls = 0;
		c->room->fail_at = k;
		c->room->fail_on = dies;
		sw = bench_do(c->b, command);
		calls = c->room->calls;
		c->room->fail_at = 0;
		if (dies) {
			bench_free(c->b);
			insert(c);
		}
		check(c, sw);
		bench_free(c->b);
	} while (calls >= k++);
	assert_true(k > 3); /* there were some */
}

static void walk(struct cuts *c, const char *command, check_fn check)
{
	at_every_write(c, command, check, true);
	at_every_write(c, command, check, false);
}

static uint8_t left_of(struct cuts *c, uint8_t ref)
{
	struct piv_password p;

	assert_true(piv_password_get(c->b->store, ref, &p));
	return p.left;
}

/* --- what must hold ------------------------------------------------------------------------------ */

/* Told "wrong": it cost a try. Not told: nothing was compared, or it had cost one before. */
static void check_wrong(struct cuts *c, uint16_t sw)
{
	assert_true(sw == 0x63C4 || sw == SJ_SW_MEMORY_FAILURE);
	if (sw == 0x63C4)
		assert_int_equal(left_of(c, PIV_REF_PIN), 4);
	assert_true(left_of(c, PIV_REF_PIN) >= 4);
	assert_int_not_equal(bench_do(c->b, "00200080"), SJ_SW_OK);
	assert_int_equal(bench_do(c->b, VERIFY_PIN), SJ_SW_OK);
}

static void wrong_pin(void **state)
{
	walk(*state, "0020008008" WRONG_HEX, check_wrong);
}

static void check_right(struct cuts *c, uint16_t sw)
{
	assert_true(sw == SJ_SW_OK || sw == SJ_SW_MEMORY_FAILURE);
	assert_int_equal(left_of(c, PIV_REF_PIN), sw == SJ_SW_OK ? 5 : left_of(c, PIV_REF_PIN));
	if (sw != SJ_SW_OK)
		assert_int_not_equal(bench_do(c->b, "00200080"), SJ_SW_OK);
	assert_int_equal(bench_do(c->b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(left_of(c, PIV_REF_PIN), 5);
}

static void right_pin(void **state)
{
	walk(*state, VERIFY_PIN, check_right);
}

/* The old PIN or the new one, whole; the new one if the card said so. */
static void check_change(struct cuts *c, uint16_t sw)
{
	uint16_t old = bench_do(c->b, VERIFY_PIN);

	assert_true(sw == SJ_SW_OK || sw == SJ_SW_MEMORY_FAILURE);
	if (sw == SJ_SW_OK)
		assert_int_not_equal(old, SJ_SW_OK);
	if (old != SJ_SW_OK)
		assert_int_equal(bench_do(c->b, "0020008008" NEW_HEX), SJ_SW_OK);
	assert_int_equal(left_of(c, PIV_REF_PIN), 5);
}

static void pin_is_changed(void **state)
{
	walk(*state, "0024008010" PIN_HEX NEW_HEX, check_change);
}

static void check_reset(struct cuts *c, uint16_t sw)
{
	assert_true(left_of(c, PIV_REF_PUK) >= 2);
	check_change(c, sw);
}

static void pin_is_reset(void **state)
{
	walk(*state, "002C008010" PUK_HEX NEW_HEX, check_reset);
}

static void check_wrong_puk(struct cuts *c, uint16_t sw)
{
	assert_true(sw == 0x63C2 || sw == SJ_SW_MEMORY_FAILURE);
	if (sw == 0x63C2)
		assert_int_equal(left_of(c, PIV_REF_PUK), 2);
	assert_int_equal(bench_do(c->b, VERIFY_PIN), SJ_SW_OK);
}

static void wrong_puk(void **state)
{
	walk(*state, "002C008010" WRONG_HEX NEW_HEX, check_wrong_puk);
}

/* The right PUK for what is no PIN: the counter, of which one is spent, never rises. */
static void check_no_pin(struct cuts *c, uint16_t sw)
{
	assert_true(sw == SJ_SW_WRONG_DATA || sw == SJ_SW_MEMORY_FAILURE);
	assert_true(left_of(c, PIV_REF_PUK) <= 2);
	assert_true(left_of(c, PIV_REF_PUK) == 2 || sw == SJ_SW_MEMORY_FAILURE);
	assert_int_equal(bench_do(c->b, VERIFY_PIN), SJ_SW_OK);
}

static void right_puk_for_no_pin(void **state)
{
	struct cuts *c = *state;

	start(c);
	assert_int_equal(bench_do(c->b, "002C008010" WRONG_HEX NEW_HEX), 0x63C2);
	bench_free(c->b);
	free(c->image);
	c->image = store_rig_image(c->room, &c->len);
	walk(c, "002C008010" PUK_HEX "3131313131FFFFFF", check_no_pin);
}

/* The object and 5FFF50 change together. */
static void check_put(struct cuts *c, uint16_t sw)
{
	bool changed;

	assert_true(sw == SJ_SW_OK || sw == SJ_SW_MEMORY_FAILURE);
	assert_int_equal(piv_get(c->b, 0x5FC105), SJ_SW_OK);
	changed = c->b->data.len == 3;
	if (!changed)
		assert_bytes(c->b->data, "5302C105");
	assert_true(changed || sw != SJ_SW_OK);
	assert_int_equal(content_changed(c), changed);
}

static void object_is_put(void **state)
{
	walk(*state, "00DB3FFF085C035FC105530170", check_put);
}

/* The private key is that of the public one, and 5FFF50 tells of a new pair. */
static void check_generate(struct cuts *c, uint16_t sw)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_ec_point own, card;
	uint8_t shared[SJ_EC_FIELD_MAX];
	struct sj_ec_secret k;
	bool changed = memcmp(piv_public_key(c->b, 0x9D).point.ptr, c->point, 65) != 0;

	assert_true(sw == SJ_SW_OK || sw == SJ_SW_MEMORY_FAILURE);
	assert_true(changed || sw != SJ_SW_OK);
	assert_int_equal(content_changed(c), changed);
	assert_true(sj_ec_secret_random(SJ_P256, &rnd, &k));
	assert_true(sj_ec_multiply(SJ_P256, &k, NULL, &own));
	assert_int_equal(bench_do(c->b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(piv_use(c->b, PIV_ALG_P256, 0x9D, 0x85, sj_ec_point_span(&own)), SJ_SW_OK);
	assert_true(sj_ec_point_read(SJ_P256, piv_public_key(c->b, 0x9D).point, &card));
	assert_true(sj_ec_agree(SJ_P256, &k, &card, shared));
	assert_memory_equal(c->b->data.ptr, shared, 32);
}

static void key_is_generated(void **state)
{
	walk(*state, "0047009D05AC0380011100", check_generate);
}

#define CUTS_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CUTS_CASE(wrong_pin),      CUTS_CASE(right_pin),
		CUTS_CASE(pin_is_changed), CUTS_CASE(pin_is_reset),
		CUTS_CASE(wrong_puk),      CUTS_CASE(right_puk_for_no_pin),
		CUTS_CASE(object_is_put),  CUTS_CASE(key_is_generated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
