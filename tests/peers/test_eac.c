/* PACE with libeac on the other side: its terminal and our card, its card and our reader. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document/document.h"
#include "reader/context.h"
#include "tests/card/emrtd_reader.h"
#include "tests/peers/eac.h"

#define TD1_LINE1 "I<UTOD231458907<<<<<<<<<<<<<<<"
#define TD1_LINE2 "7408122F1204159UTO<<<<<<<<<<<6" /* Doc 9303-5, appendix A */
#define TD1_LINE3 "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
#define TD1 TD1_LINE1 TD1_LINE2 TD1_LINE3 /* the form that libeac takes */

static const int parameter_ids[] = { 12, 13, 15, 16, 17, 18 };
static const int ciphers[] = { 1, 2, 3, 4 }; /* the OID's last arc: 3DES, AES-128, -192, -256 */

#define FOR_EVERY_SUITE(suite) \
	for (size_t i_ = 0; i_ < 24; i_++) \
		for (struct peer_suite suite = { ciphers[i_ / 6], parameter_ids[i_ % 6] }, \
				       *once_ = &suite; \
		     once_ != NULL; once_ = NULL)

static size_t to_our_card(void *user, const uint8_t *command, size_t len,
			  uint8_t response[PEER_APDU_MAX])
{
	struct bench *b = user;
	size_t n = card_transmit(b->card, sj_span(command, len), b->response);

	assert_true(n <= PEER_APDU_MAX);
	memcpy(response, b->response, n);
	return n;
}

static void terminal_opens_our_card(int reference, const char *secret)
{
	FOR_EVERY_SUITE(suite)
	{
		char access[160];
		struct bench *b;
		const char *fault;

		/* cipher and curve numbers of PERSO.md: 00.. for 3DES.., the parameter id */
		snprintf(access, sizeof(access),
			 "800102"
			 "8106313233343536"
			 "8218"
			 "443233313435383930373734303831323231323034313539"
			 "830300%02X%02X",
			 (unsigned)suite.cipher - 1, (unsigned)suite.parameter_id);
		b = bench_issued(access);
		fault = peer_terminal_pace(suite, reference, secret, to_our_card, b);
		if (fault != NULL)
			fail_msg("cipher %d, parameters %d: %s", suite.cipher, suite.parameter_id,
				 fault);
		bench_free(b);
	}
}

static void test_libeac_terminal_with_our_card_by_can(void **state)
{
	(void)state;
	terminal_opens_our_card(2, "123456");
}

static void test_libeac_terminal_with_our_card_by_mrz(void **state)
{
	(void)state;
	terminal_opens_our_card(1, TD1);
}

static void test_libeac_terminal_with_a_wrong_can_is_refused(void **state)
{
	struct bench *b = bench_issued("8001028106313233343536830300010D");
	const struct peer_suite suite = { 2, 13 };
	const char *fault;

	(void)state;
	fault = peer_terminal_pace(suite, 2, "123457", to_our_card, b);
	assert_non_null(fault);
	assert_string_equal(fault, "token");
	bench_free(b);
}

/* --- our reader, libeac's card ---------------------------------------------------- */

static size_t power_on(void *card, uint8_t atr[static 33])
{
	static const uint8_t contactless[] = { 0x3B, 0x80, 0x80, 0x01, 0x01 };

	(void)card;
	memcpy(atr, contactless, sizeof(contactless));
	return sizeof(contactless);
}

static void power_off(void *card)
{
	(void)card;
}

static size_t transmit(void *card, struct sj_span command, uint8_t *response)
{
	return peer_card_transmit(card, command.ptr, command.len, response);
}

static enum sj_rc open_with(struct peer_card *card, struct sj_access *access)
{
	static const struct sj_direct_ops ops = { power_on, power_off, transmit };
	struct sj_document doc = { .access = access, .random = sj_random_system() };
	struct sj_context *ctx = NULL;
	struct sj_transport *t = sj_transport_direct(&ops, card);
	enum sj_rc rc;

	assert_non_null(t);
	assert_int_equal(sj_context_new(&ctx), SJ_OK);
	doc.report = sj_report_new();
	assert_non_null(doc.report);
	doc.context = ctx;
	rc = sj_session_open(ctx, t, sj_clock_ms() + 20000, &doc.session);
	assert_int_equal(rc, SJ_OK);
	sj_session_deadline(doc.session, sj_clock_ms() + 20000);
	rc = sj_document_open(&doc);
	sj_session_close(doc.session);
	sj_report_free(doc.report);
	sj_context_free(ctx);
	return rc;
}

static void our_reader_opens(int reference, const char *secret, struct sj_access *access)
{
	FOR_EVERY_SUITE(suite)
	{
		struct peer_card *card = peer_card_new(suite, reference, secret);

		assert_non_null(card);
		if (open_with(card, access) != SJ_OK || !peer_card_satisfied(card))
			fail_msg("cipher %d, parameters %d", suite.cipher, suite.parameter_id);
		peer_card_free(card);
	}
	sj_access_free(access);
}

static void test_our_reader_with_libeac_card_by_can(void **state)
{
	struct sj_access *access = NULL;

	(void)state;
	assert_int_equal(sj_access_can("123456", 6, &access), SJ_OK);
	our_reader_opens(2, "123456", access);
}

static void test_our_reader_with_libeac_card_by_mrz(void **state)
{
	struct sj_access *access = NULL;

	(void)state;
	assert_int_equal(sj_access_mrz(TD1, strlen(TD1), &access), SJ_OK);
	our_reader_opens(1, TD1, access);
}

static void test_our_reader_with_a_wrong_can_says_so(void **state)
{
	struct peer_card *card = peer_card_new((struct peer_suite){ 2, 13 }, 2, "654321");
	struct sj_access *access = NULL;

	(void)state;
	assert_non_null(card);
	assert_int_equal(sj_access_can("123456", 6, &access), SJ_OK);
	assert_int_equal(open_with(card, access), SJ_WRONG_CAN);
	assert_false(peer_card_satisfied(card));
	sj_access_free(access);
	peer_card_free(card);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_libeac_terminal_with_our_card_by_can),
		cmocka_unit_test(test_libeac_terminal_with_our_card_by_mrz),
		cmocka_unit_test(test_libeac_terminal_with_a_wrong_can_is_refused),
		cmocka_unit_test(test_our_reader_with_libeac_card_by_can),
		cmocka_unit_test(test_our_reader_with_libeac_card_by_mrz),
		cmocka_unit_test(test_our_reader_with_a_wrong_can_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
