/* The key application behind sojourn/piv.h, on our card over contact. */
#include "reader/session_in.h"
#include "tests/reader/piv_stage.h"

static void opening_takes_one_command(void **state)
{
	struct piv_stage *s = *state;

	assert_string_equal(s->log, "A4 ");
	assert_int_equal(sj_piv_commands(s->piv), 1);
	assert_int_equal(sj_piv_status_word(s->piv), 0x9000);
}

static void the_card_tells_who_it_is(void **state)
{
	struct piv_stage *s = *state;
	struct sj_piv_info info = { .size = sizeof(info) };

	piv_stage_fill(s);
	assert_int_equal(sj_piv_get_info(s->piv, &info), SJ_OK);
	assert_true(info.has_guid);
	assert_memory_equal(info.guid, HEX(PIV_GUID).ptr, SJ_PIV_GUID);
	assert_true(info.has_content && info.extensions);
	assert_false(info.contactless);
	assert_int_equal(info.channel, SJ_PIV_PLAIN);
	assert_int_equal(info.serial, 0x00BC614E);
	assert_true(info.pin && info.global_pin && info.prefers_global);
	assert_int_equal(info.cvc, SJ_UNDECIDED);
}

static void a_known_card_is_recognised_in_three_commands(void **state)
{
	struct piv_stage *s = *state;
	uint8_t guid[SJ_PIV_GUID], content[SJ_PIV_CONTENT];
	bool has_guid, has_content;

	piv_stage_fill(s);
	piv_stage_close(s);
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(sj_piv_identify(s->piv, guid, &has_guid, content, &has_content), SJ_OK);
	assert_true(has_guid && has_content);
	assert_int_equal(sj_piv_commands(s->piv), 3);
}

static void content_changes_with_an_object(void **state)
{
	struct piv_stage *s = *state;
	uint8_t guid[SJ_PIV_GUID], before[SJ_PIV_CONTENT], after[SJ_PIV_CONTENT];
	bool has;

	assert_int_equal(sj_piv_identify(s->piv, guid, &has, before, &has), SJ_OK);
	piv_stage_administer(s);
	assert_int_equal(sj_piv_write(s->piv, 0x5FFF10, (const uint8_t *)"note", 4), SJ_OK);
	assert_int_equal(sj_piv_identify(s->piv, guid, &has, after, &has), SJ_OK);
	assert_memory_not_equal(before, after, sizeof(before));
}

static void an_object_comes_back_as_written(void **state)
{
	struct piv_stage *s = *state;
	static uint8_t big[3000], back[4096];
	size_t len = sizeof(back);

	memset(big, 0x5A, sizeof(big));
	piv_stage_administer(s);
	assert_int_equal(sj_piv_write(s->piv, 0x5FFF11, big, sizeof(big)), SJ_OK);
	assert_int_equal(sj_piv_read(s->piv, 0x5FFF11, back, &len), SJ_OK);
	assert_int_equal(len, sizeof(big));
	assert_memory_equal(back, big, len);
	len = 100;
	assert_int_equal(sj_piv_read(s->piv, 0x5FFF11, back, &len), SJ_FILE_TOO_LARGE);
	assert_int_equal(len, sizeof(big));
	assert_int_equal(sj_piv_write(s->piv, 0x5FFF11, NULL, 0), SJ_OK);
	len = sizeof(back);
	assert_int_equal(sj_piv_read(s->piv, 0x5FFF11, back, &len), SJ_KEY_ABSENT);
}

static void a_signature_verifies(void **state)
{
	struct piv_stage *s = *state;
	struct sj_piv_key_info info = { .size = sizeof(info) };
	uint8_t digest[32] = { 1, 2, 3 }, signature[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(signature);
	struct sj_ec_point point;
	enum sj_curve curve;
	unsigned before;

	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_OK);
	assert_int_equal(sj_piv_key_info(s->piv, 0x9A, &info), SJ_OK);
	assert_int_equal(info.algorithm, SJ_PIV_P256);
	assert_true(info.generated);
	before = sj_piv_commands(s->piv);
	assert_int_equal(sj_piv_sign(s->piv, 0x9A, SJ_PIV_P256, digest, 32, signature, &len),
			 SJ_OK);
	assert_int_equal(sj_piv_commands(s->piv), before + 1);
	assert_int_equal(len, 64);
	assert_true(sj_ec_spki_read(sj_span(info.spki, info.spki_len), &curve, &point));
	assert_true(sj_ec_verify(curve, &point, SJ_SPAN_OF(digest), sj_span(signature, len)));
}

static void a_wrong_pin_counts_down(void **state)
{
	struct piv_stage *s = *state;
	struct sj_piv_pin_state pin = { .size = sizeof(pin) };
	int left = 99;

	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, "999999", 6, &left), SJ_WRONG_PIN);
	assert_int_equal(left, PIN_TRIES - 1);
	assert_int_equal(sj_piv_pin_state(s->piv, SJ_PIV_PIN, &pin), SJ_OK);
	assert_false(pin.verified || pin.blocked);
	assert_int_equal(pin.tries_left, PIN_TRIES - 1);
	assert_int_equal(pin.tries, PIN_TRIES);
	assert_int_equal(s->passwords, 1);
}

/* --- passwords ------------------------------------------------------------------ */

static struct sj_piv_pin_state state_of(struct piv_stage *s, enum sj_piv_pin which)
{
	struct sj_piv_pin_state pin = { .size = sizeof(pin) };

	assert_int_equal(sj_piv_pin_state(s->piv, which, &pin), SJ_OK);
	return pin;
}

static void a_right_pin_is_verified_until_logout(void **state)
{
	struct piv_stage *s = *state;

	assert_false(state_of(s, SJ_PIV_PIN).verified);
	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_OK);
	assert_true(state_of(s, SJ_PIV_PIN).verified);
	assert_int_equal(sj_piv_logout(s->piv, SJ_PIV_PIN), SJ_OK);
	assert_false(state_of(s, SJ_PIV_PIN).verified);
}

static void a_blocked_pin_says_so(void **state)
{
	struct piv_stage *s = *state;
	int left = -1;

	for (unsigned i = 1; i < PIN_TRIES; i++)
		assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, "999999", 6, &left),
				 SJ_WRONG_PIN);
	assert_int_equal(left, 1);
	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, "999999", 6, &left), SJ_PIN_BLOCKED);
	assert_int_equal(left, 0);
	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, &left), SJ_PIN_BLOCKED);
	assert_true(state_of(s, SJ_PIV_PIN).blocked);
	assert_int_equal(sj_piv_unblock(s->piv, STAGE_PUK, 8, "222222", 6, NULL), SJ_OK);
	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, "222222", 6, NULL), SJ_OK);
}

static void a_malformed_pin_costs_no_try(void **state)
{
	struct piv_stage *s = *state;
	unsigned sent = s->sent;

	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, "12345", 5, NULL), SJ_SECRET_MALFORMED);
	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, "123456789", 9, NULL),
			 SJ_SECRET_MALFORMED);
	assert_int_equal(sj_piv_change(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, "1", 1, NULL),
			 SJ_SECRET_MALFORMED);
	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PUK, STAGE_PUK, 8, NULL), SJ_USAGE);
	assert_int_equal(s->sent, sent);
	assert_int_equal(sj_piv_change(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, "abcdef", 6, NULL),
			 SJ_SECRET_MALFORMED); /* says the card */
	assert_int_equal(state_of(s, SJ_PIV_PIN).tries_left, PIN_TRIES);
}

static void pins_and_puk_are_changed(void **state)
{
	struct piv_stage *s = *state;
	int left = -1;

	assert_int_equal(sj_piv_change(s->piv, SJ_PIV_PIN, "000000", 6, "333333", 6, &left),
			 SJ_WRONG_PIN);
	assert_int_equal(left, PIN_TRIES - 1);
	assert_int_equal(sj_piv_change(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, "333333", 6, &left),
			 SJ_OK);
	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, "333333", 6, NULL), SJ_OK);
	assert_int_equal(sj_piv_change(s->piv, SJ_PIV_PUK, "00000000", 8, "44444444", 8, &left),
			 SJ_WRONG_PUK);
	assert_int_equal(left, 2);
	assert_int_equal(sj_piv_change(s->piv, SJ_PIV_PUK, STAGE_PUK, 8, "44444444", 8, NULL),
			 SJ_OK);
	assert_int_equal(sj_piv_unblock(s->piv, "44444444", 8, "555555", 6, NULL), SJ_OK);
}

static void a_blocked_puk_says_so(void **state)
{
	struct piv_stage *s = *state;
	int left = -1;
	enum sj_rc rc;

	do
		rc = sj_piv_unblock(s->piv, "00000000", 8, "555555", 6, &left);
	while (rc == SJ_WRONG_PUK);
	assert_int_equal(rc, SJ_PUK_BLOCKED);
	assert_int_equal(left, 0);
	assert_true(state_of(s, SJ_PIV_PUK).blocked);
}

static void the_card_says_which_pin_it_wants(void **state)
{
	struct piv_stage *s = *state;
	enum sj_piv_pin pin = SJ_PIV_PUK;

	assert_int_equal(sj_piv_user_pin(s->piv, &pin), SJ_OK);
	assert_int_equal(pin, SJ_PIV_GLOBAL_PIN);
	assert_int_equal(sj_piv_verify(s->piv, pin, STAGE_GLOBAL, 6, NULL), SJ_OK);
	assert_true(state_of(s, SJ_PIV_GLOBAL_PIN).verified);
	assert_int_equal(state_of(s, SJ_PIV_PUK).tries_left, 3);
}

/* --- keys ------------------------------------------------------------------------ */

static enum sj_rc sign(struct piv_stage *s, uint8_t key, uint8_t *out)
{
	static const uint8_t digest[32] = { 9, 8, 7 };
	size_t len = SJ_PIV_BLOCK_MAX;

	return sj_piv_sign(s->piv, key, SJ_PIV_P256, digest, sizeof(digest), out, &len);
}

static void a_key_without_login_asks_for_the_pin(void **state)
{
	struct piv_stage *s = *state;
	uint8_t out[SJ_PIV_BLOCK_MAX];

	assert_int_equal(sign(s, 0x9A, out), SJ_PIN_NEEDED);
	assert_int_equal(s->passwords, 0);
	assert_int_equal(sign(s, 0x9E, out), SJ_OK);
}

static void the_signature_key_wants_the_pin_each_time(void **state)
{
	static const uint8_t digest[32] = { 1 };
	struct piv_stage *s = *state;
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);
	int left = -1;

	assert_int_equal(sj_piv_verify_and_sign(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, 0x9C, SJ_PIV_P256,
						digest, 32, out, &len, &left),
			 SJ_OK);
	assert_int_equal(sign(s, 0x9C, out), SJ_PIN_NEEDED);
	len = sizeof(out);
	assert_int_equal(sj_piv_verify_and_sign(s->piv, SJ_PIV_PIN, "000000", 6, 0x9C, SJ_PIV_P256,
						digest, 32, out, &len, &left),
			 SJ_WRONG_PIN);
	assert_int_equal(left, PIN_TRIES - 1);
}

static void a_digest_is_cut_or_filled_to_the_order(void **state)
{
	static const uint8_t digest[64] = { 0x11, 0x22 };
	struct sj_piv_key_info info = { .size = sizeof(info) };
	struct piv_stage *s = *state;
	struct sj_ec_point point;
	enum sj_curve curve;

	assert_int_equal(sj_piv_key_info(s->piv, 0x9E, &info), SJ_OK);
	assert_true(sj_ec_spki_read(sj_span(info.spki, info.spki_len), &curve, &point));
	for (size_t n = 20; n <= 64; n += 44) {
		uint8_t out[SJ_PIV_BLOCK_MAX];
		size_t len = sizeof(out);

		assert_int_equal(sj_piv_sign(s->piv, 0x9E, SJ_PIV_P256, digest, n, out, &len),
				 SJ_OK);
		assert_true(sj_ec_verify(curve, &point, sj_span(digest, n), sj_span(out, len)));
	}
}

static void both_ends_agree(void **state)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_piv_key_info info = { .size = sizeof(info) };
	uint8_t mine[SJ_EC_FIELD_MAX], theirs[SJ_PIV_BLOCK_MAX];
	struct piv_stage *s = *state;
	size_t len = sizeof(theirs);
	struct sj_ec_point own, peer;
	struct sj_ec_secret secret;
	enum sj_curve curve;

	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_OK);
	assert_int_equal(sj_piv_key_info(s->piv, 0x9D, &info), SJ_OK);
	assert_true(sj_ec_spki_read(sj_span(info.spki, info.spki_len), &curve, &peer));
	assert_true(sj_ec_secret_random(SJ_P256, &rnd, &secret));
	assert_true(sj_ec_multiply(SJ_P256, &secret, NULL, &own));
	assert_true(sj_ec_agree(SJ_P256, &secret, &peer, mine));
	assert_int_equal(sj_piv_agree(s->piv, 0x9D, SJ_PIV_P256, own.bytes, own.len, theirs, &len),
			 SJ_OK);
	assert_int_equal(len, 32);
	assert_memory_equal(mine, theirs, 32);
	assert_int_equal(sj_piv_agree(s->piv, 0x9D, SJ_PIV_P256, own.bytes, 64, theirs, &len),
			 SJ_USAGE);
}

static void wrong_sizes_are_the_callers_fault(void **state)
{
	struct piv_stage *s = *state;
	uint8_t in[300] = { 0 }, out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);
	unsigned sent = s->sent;

	assert_int_equal(sj_piv_sign(s->piv, 0x9A, SJ_PIV_RSA_2048, in, 255, out, &len), SJ_USAGE);
	assert_int_equal(sj_piv_sign(s->piv, 0x9A, SJ_PIV_X25519, in, 32, out, &len), SJ_USAGE);
	assert_int_equal(sj_piv_agree(s->piv, 0x9A, SJ_PIV_RSA_2048, in, 256, out, &len), SJ_USAGE);
	assert_int_equal(s->sent, sent);
}

static void a_key_that_is_not_there_is_absent(void **state)
{
	struct piv_stage *s = *state;
	struct sj_piv_key_info info = { .size = sizeof(info) };
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);

	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_OK);
	assert_int_equal(sj_piv_key_info(s->piv, 0x94, &info), SJ_KEY_ABSENT);
	assert_int_equal(sign(s, 0x94, out), SJ_KEY_ABSENT);
	assert_int_equal(sj_piv_read_certificate(s->piv, 0x94, out, &len), SJ_KEY_ABSENT);
	assert_int_equal(sj_piv_key_info(s->piv, 0x77, &info), SJ_USAGE);
}

/* --- stretches and names ------------------------------------------------------------ */

static void stretches_nest_and_select_once(void **state)
{
	struct piv_stage *s = *state;

	s->log[0] = '\0';
	assert_int_equal(sj_piv_begin(s->piv), SJ_OK);
	assert_int_equal(sj_piv_begin(s->piv), SJ_OK);
	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_OK);
	sj_piv_end(s->piv);
	assert_true(s->in_transaction);
	sj_piv_end(s->piv);
	assert_false(s->in_transaction);
	assert_string_equal(s->log, "A4 20 ");
}

static void keys_and_algorithms_have_names(void **state)
{
	(void)state;
	assert_string_equal(sj_piv_key_text(SJ_PIV_KEY_AUTHENTICATION), "PIV Authentication");
	assert_string_equal(sj_piv_algorithm_text(SJ_PIV_P256), "P-256");
	assert_int_equal(sj_piv_algorithm_find("rsa-3072"), SJ_PIV_RSA_3072);
	assert_int_equal(sj_piv_algorithm_find("AES-128"), SJ_PIV_AES_128);
	assert_int_equal(sj_piv_algorithm_find("P-1"), SJ_PIV_ALGORITHM_NONE);
	for (size_t i = 0; sj_piv_key_at(i) != 0; i++)
		assert_int_not_equal(sj_piv_key_certificate(sj_piv_key_at(i)), 0);
	assert_int_equal(sj_piv_key_at(25), 0);
	assert_int_equal(sj_piv_key_certificate(0x9B), 0);
}

/* --- what a listener hears -------------------------------------------------------------- */

/* Searches all that is told for secrets. */
struct ear {
	unsigned told;
	bool heard;
	uint8_t secret[32];
	size_t len;
};

static void listen(void *user, const struct sj_event *e)
{
	struct ear *ear = user;

	ear->told++;
	for (size_t i = 0; e->bytes && i + ear->len <= e->len; i++)
		ear->heard = ear->heard || memcmp(e->bytes + i, ear->secret, ear->len) == 0;
}

static struct ear *ear_for(struct piv_stage *s, struct ear *ear, const void *secret, size_t len)
{
	*ear = (struct ear){ .len = len };
	memcpy(ear->secret, secret, len);
	sj_context_listen(s->ctx, listen, ear);
	return ear;
}

static void no_secret_is_told_to_a_listener(void **state)
{
	static const uint8_t key[24] = { 0xA1, 0xB2, 0xC3, 0xD4 };
	struct piv_stage *s = *state;
	struct sj_piv_public public = piv_public_key(s->b, 0x9E);
	uint8_t shared[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(shared);
	struct ear ear;

	ear_for(s, &ear, STAGE_PIN, 6);
	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_OK);
	assert_int_equal(sj_piv_change(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, STAGE_PIN, 6, NULL),
			 SJ_OK);
	assert_int_equal(sj_piv_unblock(s->piv, STAGE_PUK, 8, STAGE_PIN, 6, NULL), SJ_OK);
	assert_true(ear.told > 6 && !ear.heard);
	piv_stage_administer(s);
	ear_for(s, &ear, key, 4);
	assert_int_equal(sj_piv_set_admin_key(s->piv, SJ_PIV_AES_192, key, 24), SJ_OK);
	assert_true(ear.told == 2 && !ear.heard);
	sj_context_listen(s->ctx, NULL, NULL);
	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_OK);
	assert_int_equal(sj_piv_agree(s->piv, 0x9D, SJ_PIV_P256, public.point.ptr, public.point.len,
				      shared, &len),
			 SJ_OK);
	ear_for(s, &ear, shared, len);
	assert_int_equal(sj_piv_agree(s->piv, 0x9D, SJ_PIV_P256, public.point.ptr, public.point.len,
				      shared, &len),
			 SJ_OK);
	assert_true(ear.told == 2 && !ear.heard);
}

static void no_pin_stays_behind(void **state)
{
	struct piv_stage *s = *state;
	const struct sj_session *session = sj_card_session(s->card);

	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_OK);
	assert_null(memmem(session, sizeof(*session), STAGE_PIN, 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_CASE(opening_takes_one_command),
		STAGE_CASE(the_card_tells_who_it_is),
		STAGE_CASE(a_known_card_is_recognised_in_three_commands),
		STAGE_CASE(content_changes_with_an_object),
		STAGE_CASE(an_object_comes_back_as_written),
		STAGE_CASE(a_signature_verifies),
		STAGE_CASE(a_wrong_pin_counts_down),
		STAGE_CASE(a_right_pin_is_verified_until_logout),
		STAGE_CASE(a_blocked_pin_says_so),
		STAGE_CASE(a_malformed_pin_costs_no_try),
		STAGE_CASE(pins_and_puk_are_changed),
		STAGE_CASE(a_blocked_puk_says_so),
		STAGE_CASE(the_card_says_which_pin_it_wants),
		STAGE_CASE(a_key_without_login_asks_for_the_pin),
		STAGE_CASE(the_signature_key_wants_the_pin_each_time),
		STAGE_CASE(a_digest_is_cut_or_filled_to_the_order),
		STAGE_CASE(both_ends_agree),
		STAGE_CASE(wrong_sizes_are_the_callers_fault),
		STAGE_CASE(a_key_that_is_not_there_is_absent),
		STAGE_CASE(stretches_nest_and_select_once),
		cmocka_unit_test(keys_and_algorithms_have_names),
		STAGE_CASE(no_secret_is_told_to_a_listener),
		STAGE_CASE(no_pin_stays_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
