/* The reader's PACE with every mapping and password, and the holder's PIN, against our card. */
#include <sojourn/service.h>
#include <stdio.h>

#include "applets/emrtd/state.h"
#include "document/document.h"
#include "reader/card.h"
#include "reader/pace.h"
#include "tests/card/pace_reader.h"
#include "wire/secinfo.h"
#include "wire/std/tr03110.h"

#define ACCESS_ALL "800103" ACCESS_MRZ ACCESS_CAN ACCESS_PIN
#define TIMEOUT_MS 60000u
#define FID_CARD_ACCESS 0x011Cu

static const struct sj_pace_suite usual = { .cipher = SJ_CIPHER_AES128, .curve = SJ_BP256R1 };

/* A reader over which our card lies, and what it can do by itself. */
struct stage {
	struct sj_transport head;
	struct sj_transport_ops ops;
	struct bench *b;
	struct sj_context *ctx;
	struct sj_card *card;
	unsigned sent;
	struct sj_span pad_output; /* of its PACE */
	uint8_t pad_input[128];
	size_t pad_input_len;
};

static struct stage *of(struct sj_transport *t)
{
	return (struct stage *)t;
}

static enum sj_rc stage_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	uint8_t bytes[CARD_ATR_MAX];

	(void)deadline;
	sj_put(atr, sj_span(bytes, card_power_on(of(t)->b->card, bytes)));
	return SJ_OK;
}

static enum sj_rc stage_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				 struct sj_writer *response)
{
	static uint8_t answer[SJ_APDU_RESPONSE_MAX];

	(void)deadline;
	of(t)->sent++;
	sj_put(response, sj_span(answer, card_transmit(of(t)->b->card, command, answer)));
	return SJ_OK;
}

static void stage_disconnect(struct sj_transport *t, bool reset)
{
	(void)t;
	(void)reset;
}

static void stage_shut(struct sj_transport *t)
{
	(void)t;
}

/* EF.CardAccess, as the access configuration has them. */
static void give_card_access(struct bench *b, const struct sj_pace_suite *suites, size_t n)
{
	uint8_t items[256], file[256];
	struct sj_writer i = SJ_WRITER_OF(items), w = SJ_WRITER_OF(file);

	for (size_t k = 0; k < n; k++) {
		const struct sj_pace_info info = {
			.oid = sj_pace_oid(&suites[k]),
			.version = 2,
			.parameter_id = { true, sj_pace_parameter_id(&suites[k]) },
		};

		sj_secinfo_put_pace(&i, &info);
	}
	sj_secinfos_put(&w, sj_written(&i));
	assert_false(w.failed);
	assert_true(
		card_store_set(b->store, EMRTD_OBJECT_FILES_MF + FID_CARD_ACCESS, sj_written(&w)));
	assert_int_equal(card_store_commit(b->store), CARD_STORE_OK);
}

static struct stage *stage_new(const struct sj_pace_suite *suites, size_t n)
{
	struct stage *s = calloc(1, sizeof(*s));
	char access[256] = ACCESS_ALL;

	assert_non_null(s);
	for (size_t k = 0; k < n; k++)
		snprintf(access + strlen(access), 32, "8303%02X%02X%02X",
			 (unsigned)suites[k].mapping, (unsigned)suites[k].cipher,
			 (unsigned)sj_pace_parameter_id(&suites[k]));
	s->b = bench_issued(access);
	give_card_access(s->b, suites, n);
	s->ops = (struct sj_transport_ops){ .connect = stage_connect,
					    .transmit = stage_transmit,
					    .disconnect = stage_disconnect,
					    .close = stage_shut };
	s->head.ops = &s->ops;
	assert_int_equal(sj_context_new(&s->ctx), SJ_OK);
	assert_int_equal(sj_card_over(s->ctx, &s->head, "stage", INT64_MAX, &s->card), SJ_OK);
	sj_session_deadline(s->card->session, sj_deadline_after(TIMEOUT_MS));
	return s;
}

static void stage_free(struct stage *s)
{
	sj_card_close(s->card);
	sj_context_free(s->ctx);
	bench_free(s->b);
	free(s);
}

static int setup(void **state)
{
	*state = stage_new(&usual, 1);
	return 0;
}

static int teardown(void **state)
{
	stage_free(*state);
	return 0;
}

static struct sj_span text(const char *t)
{
	return sj_span((const uint8_t *)t, strlen(t));
}

static enum sj_rc run(struct stage *s, enum sj_pace_password kind, const char *password,
		      const struct sj_cvc_rights *chat, struct sj_pace_result *out)
{
	const struct sj_random random = sj_random_system();
	struct sj_pace_offer offer;
	enum sj_rc rc = sj_pace_find(s->card->session, &offer);

	return rc != SJ_OK ? rc
			   : sj_pace_run(s->card->session, &offer, kind, text(password), chat,
					 &random, out);
}

/* --- every mapping ---------------------------------------------------------------------- */

static void every_suite_between_both_ends(void **state)
{
	static const struct sj_pace_suite suites[] = {
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_3DES, .curve = SJ_P256 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES256, .curve = SJ_P521 },
		{ .mapping = SJ_PACE_IM, .cipher = SJ_CIPHER_3DES, .curve = SJ_P256 },
		{ .mapping = SJ_PACE_IM, .cipher = SJ_CIPHER_AES128, .curve = SJ_BP320R1 },
		{ .mapping = SJ_PACE_IM, .cipher = SJ_CIPHER_AES192, .curve = SJ_P384 },
		{ .mapping = SJ_PACE_IM, .cipher = SJ_CIPHER_AES256, .curve = SJ_BP512R1 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES128, .group = SJ_DH_1024_160 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES256, .group = SJ_DH_2048_224 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_3DES, .group = SJ_DH_2048_256 },
		{ .mapping = SJ_PACE_IM, .cipher = SJ_CIPHER_AES192, .group = SJ_DH_1024_160 },
		{ .mapping = SJ_PACE_IM, .cipher = SJ_CIPHER_AES256, .group = SJ_DH_2048_256 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		struct stage *s = stage_new(&suites[i], 1);
		struct sj_pace_result out;

		assert_int_equal(run(s, SJ_PACE_CAN, CAN, NULL, &out), SJ_OK);
		assert_true(sj_pace_suite_eq(&out.suite, &suites[i]));
		assert_memory_equal(card_terminal(s->b->card)->id_icc, out.id_icc, out.id_icc_len);
		assert_int_equal(run(s, SJ_PACE_CAN, "111111", NULL, &out), SJ_WRONG_CAN);
		stage_free(s);
	}
}

static void every_password(void **state)
{
	static const struct {
		enum sj_pace_password kind;
		const char *right, *wrong;
		enum sj_rc rc;
	} all[] = {
		{ SJ_PACE_MRZ, MRZ, "L898902C<369080619406237", SJ_WRONG_MRZ },
		{ SJ_PACE_CAN, CAN, "111111", SJ_WRONG_CAN },
		{ SJ_PACE_PIN, PIN, "111111", SJ_WRONG_PIN },
		{ SJ_PACE_PUK, PUK, "1111111111", SJ_WRONG_PUK },
	};
	struct sj_pace_result out;

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(run(*state, all[i].kind, all[i].wrong, NULL, &out), all[i].rc);
		assert_false(out.done);
		assert_int_equal(out.tries, all[i].kind == SJ_PACE_PIN ? 2 : -1);
		assert_int_equal(run(*state, all[i].kind, all[i].right, NULL, &out), SJ_OK);
		assert_true(out.done);
	}
}

/* A card that takes no terminals passes the rights over, and names no anchor. */
static void rights_on_a_plain_card(void **state)
{
	struct sj_cvc_rights chat = sj_cvc_all_rights(SJ_CVC_AUTHENTICATION, SJ_CVC_TERMINAL);
	struct sj_pace_result out;

	assert_int_equal(run(*state, SJ_PACE_CAN, CAN, &chat, &out), SJ_OK);
	assert_int_equal(out.car[0].len, 0);
	assert_false(card_terminal(((struct stage *)*state)->b->card)->chat);
}

/* --- the holder's PIN ------------------------------------------------------------------------ */

static struct sj_access *access_of(enum sj_rc (*make)(const char *, size_t, struct sj_access **),
				   const char *secret)
{
	struct sj_access *access = NULL;

	assert_int_equal(make(secret, strlen(secret), &access), SJ_OK);
	return access;
}

static enum sj_rc change(struct stage *s, const char *pin, const char *can, const char *new_pin)
{
	struct sj_access *p = access_of(sj_access_pin, pin);
	struct sj_access *c = can != NULL ? access_of(sj_access_can, can) : NULL;
	enum sj_rc rc = sj_pin_change(s->card, p, c, new_pin, TIMEOUT_MS);

	sj_access_free(p);
	sj_access_free(c);
	return rc;
}

static enum sj_rc unblock(struct stage *s, const char *puk)
{
	struct sj_access *p = access_of(sj_access_puk, puk);
	enum sj_rc rc = sj_pin_unblock(s->card, p, TIMEOUT_MS);

	sj_access_free(p);
	return rc;
}

static void assert_state(struct stage *s, bool active, bool suspended, bool blocked, unsigned tries)
{
	struct sj_pin_state state = { .size = sizeof(state) };

	assert_int_equal(sj_pin_state(s->card, TIMEOUT_MS, &state), SJ_OK);
	assert_int_equal(state.active, active);
	assert_int_equal(state.suspended, suspended);
	assert_int_equal(state.blocked, blocked);
	assert_int_equal(state.tries, tries);
}

static void the_life_of_a_pin(void **state)
{
	struct stage *s = *state;

	assert_state(s, true, false, false, 3);
	assert_int_equal(change(s, PIN, NULL, "222222"), SJ_OK);
	assert_int_equal(change(s, PIN, NULL, "333333"), SJ_WRONG_PIN);
	assert_state(s, true, false, false, 2);
	assert_int_equal(change(s, PIN, NULL, "333333"), SJ_WRONG_PIN);
	assert_state(s, true, true, false, 1);
	assert_int_equal(change(s, "222222", NULL, "333333"), SJ_PIN_SUSPENDED);
	assert_int_equal(change(s, "222222", "111111", "333333"), SJ_WRONG_CAN);
	assert_state(s, true, true, false, 1);
	assert_int_equal(change(s, "222222", CAN, "333333"), SJ_OK);
	assert_state(s, true, false, false, 3);
}

static enum sj_rc resume(struct stage *s, const char *pin, const char *can)
{
	struct sj_access *p = access_of(sj_access_pin, pin), *c = access_of(sj_access_can, can);
	enum sj_rc rc = sj_pin_resume(s->card, p, c, TIMEOUT_MS);

	sj_access_free(p);
	sj_access_free(c);
	return rc;
}

static void suspended_and_resumed(void **state)
{
	struct stage *s = *state;

	for (int i = 0; i < 2; i++)
		assert_int_equal(change(s, "111111", NULL, "333333"), SJ_WRONG_PIN);
	assert_int_equal(resume(s, PIN, "111111"), SJ_WRONG_CAN);
	assert_state(s, true, true, false, 1);
	assert_int_equal(resume(s, PIN, CAN), SJ_OK);
	assert_state(s, true, false, false, 3);
	assert_int_equal(change(s, PIN, NULL, "333333"), SJ_OK);
}

static void blocked_and_back(void **state)
{
	struct stage *s = *state;

	for (int i = 0; i < 2; i++)
		assert_int_equal(change(s, "111111", CAN, "333333"), SJ_WRONG_PIN);
	assert_int_equal(change(s, "111111", CAN, "333333"), SJ_PIN_BLOCKED);
	assert_state(s, true, false, true, 0);
	assert_int_equal(change(s, PIN, CAN, "333333"), SJ_PIN_BLOCKED);
	assert_int_equal(unblock(s, "1111111111"), SJ_WRONG_PUK);
	assert_int_equal(unblock(s, PUK), SJ_OK);
	assert_state(s, true, false, false, 3);
	assert_int_equal(change(s, PIN, NULL, "333333"), SJ_OK);
}

static void the_puk_is_used_up(void **state)
{
	struct stage *s = *state;

	for (unsigned i = 0; i < EMRTD_PUK_USES; i++)
		assert_int_equal(unblock(s, PUK), SJ_OK);
	assert_int_equal(unblock(s, PUK), SJ_PUK_BLOCKED);
}

static void an_inactive_pin(void **state)
{
	struct stage *s = *state;
	uint8_t bytes[8] = { 3, 0, '6', '5', '4', '3', '2', '1' };

	assert_true(card_store_set(s->b->store, EMRTD_OBJECT_PIN, SJ_SPAN_OF(bytes)));
	assert_int_equal(card_store_commit(s->b->store), CARD_STORE_OK);
	assert_state(s, false, false, false, 3);
	assert_int_equal(change(s, PIN, NULL, "333333"), SJ_PIN_INACTIVE);
}

static void secrets_that_are_none(void **state)
{
	static const char *const no_pins[] = { "", "12345", "1234567", "12345a" };
	struct stage *s = *state;
	struct sj_access *access = NULL, *can = access_of(sj_access_can, CAN);
	const unsigned before = s->sent;

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(sj_access_pin(no_pins[i], strlen(no_pins[i]), &access),
				 SJ_SECRET_MALFORMED);
		assert_int_equal(change(s, PIN, NULL, no_pins[i]), SJ_SECRET_MALFORMED);
	}
	assert_int_equal(sj_access_puk("123456", 6, &access), SJ_SECRET_MALFORMED);
	assert_int_equal(sj_pin_change(s->card, can, NULL, "222222", TIMEOUT_MS),
			 SJ_SECRET_MALFORMED);
	assert_int_equal(sj_pin_unblock(s->card, can, TIMEOUT_MS), SJ_SECRET_MALFORMED);
	assert_int_equal(s->sent, before); /* the card was not asked */
	sj_access_free(can);
}

static void a_card_without_pin(void **state)
{
	struct sj_pin_state pin = { .size = sizeof(pin) };
	struct stage *s = *state;
	uint8_t access[64];

	assert_true(card_store_set(s->b->store, EMRTD_OBJECT_ACCESS,
				   hex("800103" ACCESS_MRZ ACCESS_CAN "830300010D", access, 64)));
	assert_int_equal(card_store_commit(s->b->store), CARD_STORE_OK);
	assert_int_equal(sj_pin_state(s->card, TIMEOUT_MS, &pin), SJ_ACCESS_UNSUPPORTED);
}

/* --- a reader with a keypad (PC/SC part 10, amendment 1) ---------------------------------------- */

static enum sj_rc pad(struct sj_transport *t, struct sj_span input, int64_t deadline,
		      struct sj_writer *output)
{
	struct stage *s = of(t);

	(void)deadline;
	if (input.len == 0)
		return SJ_OK;
	assert_true(input.len <= sizeof(s->pad_input));
	memcpy(s->pad_input, input.ptr, input.len);
	s->pad_input_len = input.len;
	sj_put(output, s->pad_output);
	return SJ_OK;
}

static void without_a_keypad(void **state)
{
	struct stage *s = *state;
	struct sj_pace_result out;

	assert_false(sj_pace_on_reader(s->card->session));
	assert_int_equal(sj_pace_run_on_reader(s->card->session, SJ_PACE_PIN, NULL, &out),
			 SJ_ACCESS_UNSUPPORTED);
}

/* Result 0, then: 9000, EF.CardAccess (3), two references, an identifier of the chip (4). */
#define PAD_OK \
	"00000000" \
	"1500" \
	"9000" \
	"0300" \
	"310100" \
	"04" \
	"41424344" \
	"02" \
	"4546" \
	"0400" \
	"01020304"

static void the_keypad_takes_the_pin(void **state)
{
	struct sj_cvc_rights chat = { .terminal = SJ_CVC_AUTHENTICATION, .bits = 1 };
	struct stage *s = *state;
	struct sj_pace_result out;
	uint8_t bytes[64];

	s->ops.pace = pad;
	s->pad_output = hex(PAD_OK, bytes, sizeof(bytes));
	assert_true(sj_pace_on_reader(s->card->session));
	assert_int_equal(sj_pace_run_on_reader(s->card->session, SJ_PACE_PIN, &chat, &out), SJ_OK);
	assert_bytes(sj_span(s->pad_input, s->pad_input_len), "02"
							      "1A00"
							      "03"
							      "15"
							      "7F4C12060904007F000703010202"
							      "53050000000001"
							      "00"
							      "0000");
	assert_true(out.done);
	assert_bytes(sj_span(out.car[0].bytes, out.car[0].len), "41424344");
	assert_bytes(sj_span(out.car[1].bytes, out.car[1].len), "4546");
	assert_bytes(sj_span(out.id_icc, out.id_icc_len), "01020304");
	assert_false(sj_session_sm_active(s->card->session)); /* the reader protects */
}

static void what_the_keypad_says_instead(void **state)
{
	static const struct {
		const char *output;
		enum sj_rc rc;
		int tries;
	} all[] = {
		{ "010020F0"
		  "0000",
		  SJ_CANCELLED, -1 },
		{ "020020F0"
		  "0000",
		  SJ_TIMED_OUT, -1 },
		{ "010010F0"
		  "0000",
		  SJ_CARD_LOST, -1 },
		{ "020010F0"
		  "0000",
		  SJ_CARD_LOST, -1 },
		{ "C26306F0"
		  "0000",
		  SJ_WRONG_PIN, 2 },
		{ "C16305F0"
		  "0000",
		  SJ_PIN_SUSPENDED, 1 },
		{ "C06306F0"
		  "0000",
		  SJ_PIN_BLOCKED, 0 },
		{ "836906F0"
		  "0000",
		  SJ_PIN_BLOCKED, -1 },
		{ "846906F0"
		  "0000",
		  SJ_PIN_INACTIVE, -1 },
		{ "806A05F0"
		  "0000",
		  SJ_CARD_REFUSED, -1 },
		{ "020000E0"
		  "0000",
		  SJ_CARD_ANSWER, -1 },
	};
	struct stage *s = *state;
	struct sj_pace_result out;
	uint8_t bytes[16];

	s->ops.pace = pad;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		s->pad_output = hex(all[i].output, bytes, sizeof(bytes));
		assert_int_equal(sj_pace_run_on_reader(s->card->session, SJ_PACE_PIN, NULL, &out),
				 all[i].rc);
		assert_int_equal(out.tries, all[i].tries);
		assert_false(out.done);
	}
}

static void an_output_cut_anywhere(void **state)
{
	struct stage *s = *state;
	struct sj_pace_result out;
	uint8_t bytes[64];
	const struct sj_span whole = hex(PAD_OK, bytes, sizeof(bytes));

	s->ops.pace = pad;
	for (size_t n = 0; n < whole.len; n++) {
		s->pad_output = sj_span(whole.ptr, n);
		assert_int_equal(sj_pace_run_on_reader(s->card->session, SJ_PACE_PIN, NULL, &out),
				 SJ_CARD_ANSWER);
		assert_false(out.done);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_suite_between_both_ends),
		CASE(every_password),
		CASE(rights_on_a_plain_card),
		CASE(the_life_of_a_pin),
		CASE(suspended_and_resumed),
		CASE(blocked_and_back),
		CASE(the_puk_is_used_up),
		CASE(an_inactive_pin),
		CASE(secrets_that_are_none),
		CASE(a_card_without_pin),
		CASE(without_a_keypad),
		CASE(the_keypad_takes_the_pin),
		CASE(what_the_keypad_says_instead),
		CASE(an_output_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
