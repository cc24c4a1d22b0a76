/* Other people's cards: PIV without extensions, cards that are not PIV at all, and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sojourn/piv.h>

#include "piv/gzip.h"
#include "tests/reader/fakecard.h"
#include "wire/hex.h"
#include "wire/tlv.h"

#define SELECT "00A404000BA00000030800001000010000"
#define APT "61114F0600001000010079074F05A0000003089000"
#define ACCESS "00B09C0000"
#define GET_CHUID "00CB3FFF055C035FC10200"
#define GET_CONTENT "00CB3FFF055C035FFF5000"
#define PIN_STATE "00200080"
#define CONTACT "3B00"

struct case_of {
	struct fake_card fake;
	struct sj_context *ctx;
	struct sj_card *card;
	struct sj_piv *piv;
};

static enum sj_rc start(struct case_of *c, const struct fake_step *steps, size_t n, const char *atr)
{
	struct sj_piv_options options = SJ_PIV_OPTIONS_INIT;

	memset(c, 0, sizeof(*c));
	fake_card_init(&c->fake, steps, n);
	c->fake.atr = atr;
	assert_int_equal(sj_context_new(&c->ctx), SJ_OK);
	assert_int_equal(
		sj_card_over(c->ctx, &c->fake.head, "fake", sj_clock_ms() + 10000, &c->card),
		SJ_OK);
	return sj_piv_open(c->card, &options, &c->piv);
}
#define START_CASE(c, steps, atr) start(c, steps, sizeof(steps) / sizeof((steps)[0]), atr)

static void stop(struct case_of *c)
{
	assert_int_equal(c->fake.mismatches, 0);
	sj_piv_close(c->piv);
	sj_card_close(c->card);
	sj_context_free(c->ctx);
}

/* --- not ours ---------------------------------------------------------------------- */

static void a_contact_card_that_is_not_ours_is_left_after_one_command(void **state)
{
	static const struct fake_step steps[] = { { SELECT, "6A82", SJ_OK } };
	struct case_of c;

	(void)state;
	assert_int_equal(START_CASE(&c, steps, CONTACT), SJ_NO_KEY_APPLICATION);
	assert_int_equal(c.fake.at, 1);
	assert_string_equal(c.ctx->refused[0].reader, "fake");
	stop(&c);
}

static void a_contactless_card_that_is_not_ours_is_left_after_two(void **state)
{
	static const struct fake_step steps[] = { { SELECT, "6A82", SJ_OK },
						  { ACCESS, "6A82", SJ_OK } };
	struct case_of c;

	(void)state;
	assert_int_equal(START_CASE(&c, steps, "3B80800101"), SJ_NO_KEY_APPLICATION);
	assert_int_equal(c.fake.at, 2);
	assert_string_equal(c.ctx->refused[0].reader, "fake");
	stop(&c);
}

/* Every way to say that there is no such application, or that SELECT is not known like this. */
static void what_speaks_of_the_command_is_foreign_at_once(void **state)
{
	static const char *const answers[] = { "6A81", "6A82", "6A86", "6700",
					       "6B00", "6D00", "6E00", "6982" };

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct fake_step steps[] = { { SELECT, answers[i], SJ_OK } };
		struct case_of c;

		assert_int_equal(START_CASE(&c, steps, CONTACT), SJ_NO_KEY_APPLICATION);
		assert_int_equal(c.fake.at, 1);
		assert_string_equal(c.ctx->refused[0].reader, "fake");
		stop(&c);
	}
}

static const char *const passing[] = { "6F00", "6985", "6986", "6999", "6400", "6581", "6881" };
#define PASSING (sizeof(passing) / sizeof(passing[0]))

static void an_answer_for_the_moment_is_asked_for_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < PASSING; i++) {
		const struct fake_step steps[] = { { SELECT, passing[i], SJ_OK },
						   { SELECT, APT, SJ_OK } };
		struct case_of c;

		assert_int_equal(START_CASE(&c, steps, CONTACT), SJ_OK);
		assert_int_equal(c.fake.connects, 2);
		assert_int_equal(c.fake.resets, 0);
		stop(&c);
	}
}

static void an_answer_for_the_moment_is_not_remembered(void **state)
{
	(void)state;
	for (size_t i = 0; i < PASSING; i++) {
		const struct fake_step steps[] = { { SELECT, passing[i], SJ_OK },
						   { SELECT, passing[i], SJ_OK },
						   { ACCESS, "6A82", SJ_OK } };
		struct case_of c;

		assert_int_equal(START_CASE(&c, steps, CONTACT), SJ_CARD_REFUSED);
		assert_int_equal(c.fake.at, 2);
		assert_string_equal(c.ctx->refused[0].reader, "");
		stop(&c);
		assert_int_equal(START_CASE(&c, steps, "3B80800101"), SJ_CARD_REFUSED);
		assert_int_equal(c.fake.at, 3);
		assert_string_equal(c.ctx->refused[0].reader, "");
		stop(&c);
	}
}

static void a_file_that_offers_no_pace_is_not_ours(void **state)
{
	static const struct fake_step steps[] = { { SELECT, "6A82", SJ_OK },
						  { ACCESS, "31009000", SJ_OK } };
	struct case_of c;

	(void)state;
	assert_int_equal(START_CASE(&c, steps, "3B80800101"), SJ_NO_KEY_APPLICATION);
	stop(&c);
}

static void a_file_without_end_is_not_read(void **state)
{
	static const struct fake_step steps[] = { { SELECT, "6A82", SJ_OK },
						  { NULL, "3184FFFFFFFF009000", SJ_OK } };
	struct case_of c;

	(void)state;
	memset(&c, 0, sizeof(c));
	fake_card_init(&c.fake, steps, 2);
	c.fake.forever = true;
	{
		struct sj_piv_options options = SJ_PIV_OPTIONS_INIT;

		assert_int_equal(sj_context_new(&c.ctx), SJ_OK);
		assert_int_equal(
			sj_card_over(c.ctx, &c.fake.head, "fake", sj_clock_ms() + 10000, &c.card),
			SJ_OK);
		assert_int_equal(sj_piv_open(c.card, &options, &c.piv), SJ_CARD_ANSWER);
	}
	stop(&c);
}

/* --- standard cards ------------------------------------------------------------------- */

static void a_standard_card_has_no_content_and_no_extensions(void **state)
{
	static const struct fake_step steps[] = {
		{ SELECT, APT, SJ_OK },
		{ GET_CHUID,
		  "533B3019D4E739DA739CED39CE739D836858210842108421C84210C3EB"
		  "341000112233445566778899AABBCCDDEEFF350832303330303130313E00FE009000",
		  SJ_OK },
		{ GET_CONTENT, "6A82", SJ_OK },
	};
	uint8_t guid[SJ_PIV_GUID], content[SJ_PIV_CONTENT];
	bool has_guid = false, has_content = true;
	struct case_of c;

	(void)state;
	assert_int_equal(START_CASE(&c, steps, CONTACT), SJ_OK);
	assert_int_equal(sj_piv_identify(c.piv, guid, &has_guid, content, &has_content), SJ_OK);
	assert_true(has_guid);
	assert_false(has_content);
	assert_int_equal(c.fake.at, 3);
	stop(&c);
}

static void a_standard_pin_tells_its_tries_and_no_more(void **state)
{
	static const struct fake_step steps[] = {
		{ SELECT, APT, SJ_OK },
		{ PIN_STATE, "63C3", SJ_OK },
		{ "00F7008000", "6D00", SJ_OK },
	};
	struct sj_piv_pin_state pin = { .size = sizeof(pin) };
	struct case_of c;

	(void)state;
	assert_int_equal(START_CASE(&c, steps, CONTACT), SJ_OK);
	assert_int_equal(sj_piv_pin_state(c.piv, SJ_PIV_PIN, &pin), SJ_OK);
	assert_int_equal(pin.tries_left, 3);
	assert_int_equal(pin.tries, -1);
	stop(&c);
}

static void a_foreign_select_before_a_signature_is_repeated(void **state)
{
	static const struct fake_step steps[] = {
		{ SELECT, APT, SJ_OK },
		{ NULL, "6D00", SJ_OK },
		{ SELECT, APT, SJ_OK },
		{ PIN_STATE, "9000", SJ_OK },
		{ NULL,
		  "7C0A8208300602010102010290"
		  "00",
		  SJ_OK },
	};
	uint8_t digest[32] = { 0 }, out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);
	struct case_of c;

	(void)state;
	assert_int_equal(START_CASE(&c, steps, CONTACT), SJ_OK);
	assert_int_equal(sj_piv_sign(c.piv, 0x9A, SJ_PIV_P256, digest, 32, out, &len), SJ_OK);
	assert_int_equal(len, 64);
	assert_int_equal(out[31], 1);
	assert_int_equal(out[63], 2);
	assert_int_equal(c.fake.begins, 1);
	assert_int_equal(c.fake.ends, 1);
	stop(&c);
}

/* The login is gone: nothing is repeated, nothing is tried. */
static void a_lost_login_is_told(void **state)
{
	static const struct fake_step steps[] = {
		{ SELECT, APT, SJ_OK },        { NULL, "6D00", SJ_OK },
		{ SELECT, APT, SJ_OK },        { PIN_STATE, "63C3", SJ_OK },
		{ "00200000", "6A88", SJ_OK }, { "00F7009A00", "6D00", SJ_OK },
	};
	uint8_t digest[32] = { 0 }, out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);
	struct case_of c;

	(void)state;
	assert_int_equal(START_CASE(&c, steps, CONTACT), SJ_OK);
	assert_int_equal(sj_piv_sign(c.piv, 0x9A, SJ_PIV_P256, digest, 32, out, &len),
			 SJ_PIN_NEEDED);
	assert_int_equal(c.fake.at, 6);
	stop(&c);
}

static void the_management_algorithm_is_tried_in_two_commands(void **state)
{
	static const struct fake_step steps[] = {
		{ SELECT, APT, SJ_OK },
		{ "00F7009B00", "6D00", SJ_OK },
		{ "00870A9B047C02800000", "6A86", SJ_OK },
		{ "0087039B047C02800000", "7C0A800811223344556677889000", SJ_OK },
	};
	enum sj_piv_algorithm algorithm = SJ_PIV_ALGORITHM_NONE;
	struct case_of c;

	(void)state;
	assert_int_equal(START_CASE(&c, steps, CONTACT), SJ_OK);
	assert_int_equal(sj_piv_admin_algorithm(c.piv, &algorithm), SJ_OK);
	assert_int_equal(algorithm, SJ_PIV_3DES);
	stop(&c);
}

/* --- a keypad ----------------------------------------------------------------------------- */

static enum sj_rc keypad(struct sj_transport *t, struct sj_span command, int64_t deadline,
			 struct sj_writer *response)
{
	struct fake_card *f = (struct fake_card *)t;

	if (command.len == 0)
		return SJ_OK;
	return f->head.ops->transmit(t, command, deadline, response);
}

static void a_pin_is_typed_on_the_reader(void **state)
{
	static const struct fake_step steps[] = {
		{ SELECT, APT, SJ_OK },
		{ SELECT, APT, SJ_OK },
		{ "0020008008FFFFFFFFFFFFFFFF", "63C2", SJ_OK },
		{ SELECT, APT, SJ_OK },
		{ NULL, "6401", SJ_OK },
		{ SELECT, APT, SJ_OK },
		{ NULL, "6400", SJ_OK },
	};
	struct sj_transport_ops ops;
	struct case_of c;
	int left = -1;

	(void)state;
	assert_int_equal(START_CASE(&c, steps, CONTACT), SJ_OK);
	assert_false(sj_piv_reader_has_keypad(c.piv));
	assert_int_equal(sj_piv_verify_on_reader(c.piv, SJ_PIV_PIN, &left), SJ_ACCESS_UNSUPPORTED);
	ops = *c.fake.head.ops;
	ops.keypad = keypad;
	c.fake.head.ops = &ops;
	assert_true(sj_piv_reader_has_keypad(c.piv));
	assert_int_equal(sj_piv_verify_on_reader(c.piv, SJ_PIV_PIN, &left), SJ_WRONG_PIN);
	assert_int_equal(left, 2);
	assert_int_equal(sj_piv_verify_on_reader(c.piv, SJ_PIV_PIN, &left), SJ_CANCELLED);
	assert_int_equal(sj_piv_verify_on_reader(c.piv, SJ_PIV_PIN, &left), SJ_TIMED_OUT);
	assert_int_equal(c.fake.begins, 3);
	stop(&c);
}

/* --- hostile answers ----------------------------------------------------------------------- */

static void answers_cut_anywhere_are_refused(void **state)
{
	static const char whole[] =
		"533B3019D4E739DA739CED39CE739D836858210842108421C84210C3EB"
		"341000112233445566778899AABBCCDDEEFF350832303330303130313E00FE00";
	char text[sizeof(whole) + 4];

	(void)state;
	for (size_t n = 0; n < (sizeof(whole) - 1) / 2; n++) {
		struct fake_step steps[] = { { SELECT, APT, SJ_OK },
					     { GET_CHUID, text, SJ_OK },
					     { SELECT, APT, SJ_OK },
					     { GET_CHUID, text, SJ_OK } };
		uint8_t out[256];
		size_t len = sizeof(out);
		struct case_of c;

		snprintf(text, sizeof(text), "%.*s9000", (int)(2 * n), whole);
		assert_int_equal(START_CASE(&c, steps, CONTACT), SJ_OK);
		assert_int_equal(sj_piv_read(c.piv, 0x5FC102, out, &len), SJ_CARD_ANSWER);
		stop(&c);
	}
}

static void signatures_that_are_none_are_refused(void **state)
{
	static const char *const answers[] = {
		"9000",
		"7C009000",
		"7C0282009000",
		"7C028100"
		"9000",
		"7C0A82083006020101020102"
		"00"
		"9000",
		"7C0482023000"
		"9000",
		"820830060201010201029000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct fake_step steps[] = { { SELECT, APT, SJ_OK },
					     { NULL, answers[i], SJ_OK },
					     { SELECT, APT, SJ_OK },
					     { NULL, answers[i], SJ_OK } };
		uint8_t digest[32] = { 0 }, out[SJ_PIV_BLOCK_MAX];
		size_t len = sizeof(out);
		struct case_of c;

		assert_int_equal(START_CASE(&c, steps, CONTACT), SJ_OK);
		assert_int_equal(sj_piv_sign(c.piv, 0x9E, SJ_PIV_P256, digest, 32, out, &len),
				 SJ_CARD_ANSWER);
		stop(&c);
	}
}

static void a_packed_certificate_is_opened(void **state)
{
	uint8_t plain[500], packed[600], back[500];
	struct sj_writer p = SJ_WRITER_OF(packed), b = SJ_WRITER_OF(back);

	(void)state;
	memset(plain, 7, sizeof(plain));
	assert_true(sj_gzip(SJ_SPAN_OF(plain), &p));
	assert_true(p.len < 100);
	assert_true(sj_gunzip(sj_written(&p), &b));
	assert_int_equal(b.len, sizeof(plain));
	assert_memory_equal(back, plain, b.len);
	for (size_t n = 0; n < p.len; n++) {
		b.len = 0;
		assert_false(sj_gunzip(sj_span(packed, n), &b));
		assert_int_equal(b.len, 0);
	}
	packed[p.len] = 0;
	assert_false(sj_gunzip(sj_span(packed, p.len + 1), &b));
}

static void a_gzip_bomb_fills_nothing(void **state)
{
	static uint8_t zeros[1 << 20], packed[4096], out[8192];
	struct sj_writer p = SJ_WRITER_OF(packed), w = SJ_WRITER_OF(out);

	(void)state;
	assert_true(sj_gzip(SJ_SPAN_OF(zeros), &p));
	assert_false(sj_gunzip(sj_written(&p), &w));
	assert_int_equal(w.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_contact_card_that_is_not_ours_is_left_after_one_command),
		cmocka_unit_test(a_contactless_card_that_is_not_ours_is_left_after_two),
		cmocka_unit_test(what_speaks_of_the_command_is_foreign_at_once),
		cmocka_unit_test(an_answer_for_the_moment_is_asked_for_again),
		cmocka_unit_test(an_answer_for_the_moment_is_not_remembered),
		cmocka_unit_test(a_file_that_offers_no_pace_is_not_ours),
		cmocka_unit_test(a_file_without_end_is_not_read),
		cmocka_unit_test(a_standard_card_has_no_content_and_no_extensions),
		cmocka_unit_test(a_standard_pin_tells_its_tries_and_no_more),
		cmocka_unit_test(a_foreign_select_before_a_signature_is_repeated),
		cmocka_unit_test(a_lost_login_is_told),
		cmocka_unit_test(the_management_algorithm_is_tried_in_two_commands),
		cmocka_unit_test(a_pin_is_typed_on_the_reader),
		cmocka_unit_test(answers_cut_anywhere_are_refused),
		cmocka_unit_test(signatures_that_are_none_are_refused),
		cmocka_unit_test(a_packed_certificate_is_opened),
		cmocka_unit_test(a_gzip_bomb_fills_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
