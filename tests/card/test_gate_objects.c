/* The gate applet: objects after the decision, the card's date, anchors. */
#include "applets/gate/state.h"
#include "tests/card/gate_rig.h"

static const struct sj_span none = { NULL, 0 };

static uint8_t give(struct tap *t, uint8_t type, const struct rig_token *token)
{
	return tap_object(t, type, token_span(token));
}

static uint8_t give_head(struct gate_room *r, uint32_t epoch, uint32_t nbf, const struct signer *by)
{
	struct rig_token head;

	head_token(&head, epoch, nbf, by);
	return give(r->tap, SJ_OBJECT_HEAD, &head);
}

static uint32_t date_of(const struct gate_room *r)
{
	return gate_date(r->tap->b->store);
}

/* --- heads ---------------------------------------------------------------------------- */

static void a_head_is_kept_and_given_on(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	struct rig_token head;

	head_token(&head, 7, RIG_NOW, &r->ca.status);
	tap_first(t, &r->reader, &r->ca, NULL);
	assert_int_equal(tap_object(t, SJ_OBJECT_WANT_HEAD, none), SJ_OBJECT_REFUSED);
	assert_int_equal(give(t, SJ_OBJECT_HEAD, &head), SJ_OBJECT_DONE);
	assert_int_equal(t->object_len, 0);
	assert_int_equal(tap_object(t, SJ_OBJECT_WANT_HEAD, none), SJ_OBJECT_HEAD);
	assert_true(sj_span_eq(sj_span(t->object, t->object_len), token_span(&head)));
	tap_first(t, &r->reader, &r->ca, NULL);
	assert_int_equal(t->ead_3.epoch, 7);
	assert_int_equal(tap_object(t, SJ_OBJECT_WANT_HEAD, none), SJ_OBJECT_HEAD);
}

static void an_older_or_equal_head_is_not_wanted(void **state)
{
	struct gate_room *r = *state;

	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(give_head(r, 7, RIG_NOW, &r->ca.status), SJ_OBJECT_DONE);
	assert_int_equal(give_head(r, 7, RIG_NOW + 1, &r->ca.status), SJ_OBJECT_REFUSED);
	assert_int_equal(give_head(r, 6, RIG_NOW + 1, &r->ca.status), SJ_OBJECT_REFUSED);
	assert_int_equal(give_head(r, 8, RIG_NOW - RIG_DAY, &r->ca.status), SJ_OBJECT_DONE);
}

static void heads_of_others_are_not_believed(void **state)
{
	struct gate_room *r = *state;
	struct rig_token head;
	struct signer other;

	signer_make(&other);
	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(give_head(r, 7, RIG_NOW, &other), SJ_OBJECT_REFUSED);
	assert_int_equal(give_head(r, 7, RIG_NOW, &r->ca.ca), SJ_OBJECT_REFUSED);
	head_token(&head, 7, RIG_NOW, &r->ca.status);
	for (size_t i = 0; i < head.len; i++) {
		head.bytes[i] ^= 1;
		assert_int_equal(give(r->tap, SJ_OBJECT_HEAD, &head), SJ_OBJECT_REFUSED);
		head.bytes[i] ^= 1;
	}
	assert_int_equal(give(r->tap, SJ_OBJECT_HEAD, &head), SJ_OBJECT_DONE);
}

static void every_truncated_head_is_refused(void **state)
{
	struct gate_room *r = *state;
	struct rig_token head;

	head_token(&head, 7, RIG_NOW, &r->ca.status);
	tap_first(r->tap, &r->reader, &r->ca, NULL);
	for (size_t n = 0; n < head.len; n++)
		assert_int_equal(tap_object(r->tap, SJ_OBJECT_HEAD, sj_span(head.bytes, n)),
				 SJ_OBJECT_REFUSED);
}

/* --- the card's date -------------------------------------------------------------------- */

static void the_date_moves_by_readers_and_heads(void **state)
{
	struct gate_room *r = *state;

	assert_int_equal(date_of(r), RIG_NOW - RIG_DAY);
	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(date_of(r), RIG_NOW);
	assert_int_equal(give_head(r, 1, RIG_NOW + 5, &r->ca.status), SJ_OBJECT_DONE);
	assert_int_equal(date_of(r), RIG_NOW + 5);
}

static void the_date_never_goes_back(void **state)
{
	struct gate_room *r = *state;

	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(give_head(r, 1, RIG_NOW - 50 * RIG_DAY, &r->ca.status), SJ_OBJECT_DONE);
	assert_int_equal(date_of(r), RIG_NOW);
	r->reader.claims.not_before -= RIG_DAY;
	r->reader.claims.expires -= RIG_DAY;
	reader_sign(&r->reader, &r->ca.ca);
	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(date_of(r), RIG_NOW);
}

/* Whatever a token says, one moves the date by at most 400 days. */
static void the_date_moves_in_steps(void **state)
{
	struct gate_room *r = *state;

	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(give_head(r, 1, RIG_NOW + 400 * RIG_DAY, &r->ca.status), SJ_OBJECT_DONE);
	assert_int_equal(date_of(r), RIG_NOW + 400 * RIG_DAY);
	assert_int_equal(give_head(r, 2, RIG_NOW + 3000 * RIG_DAY, &r->ca.status), SJ_OBJECT_DONE);
	assert_int_equal(date_of(r), RIG_NOW + 800 * RIG_DAY);
}

/* A gate that is set back: what it shows was valid once, the card knows better. */
static void a_reader_set_back_is_refused(void **state)
{
	struct gate_room *r = *state;

	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(give_head(r, 1, r->reader.claims.expires + 1, &r->ca.status),
			 SJ_OBJECT_DONE);
	assert_false(tap_ask(r->tap, &r->reader));
}

/* Ages are told for the day on which the reader's credential begins, if that is later. */
static void ages_follow_the_date(void **state)
{
	struct gate_room *r = *state;
	struct card_store *store = r->tap->b->store;
	uint8_t born[4];
	struct sj_writer w = SJ_WRITER_OF(born);

	sj_put_be(&w, 4, 20110601);
	assert_true(card_store_write(store, GATE_OBJECT_HOLDER, 1, SJ_SPAN_OF(born)));
	assert_int_equal(card_store_commit(store), CARD_STORE_OK);
	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(r->tap->ead_3.ages, 0x03);
	r->reader.claims.not_before += 390 * RIG_DAY;
	r->reader.claims.expires += 390 * RIG_DAY;
	reader_sign(&r->reader, &r->ca.ca);
	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(r->tap->ead_3.ages, 0x07);
}

/* --- staples -------------------------------------------------------------------------------- */

/* The credential that the card showed, again, by `by`. */
static uint8_t staple(struct gate_room *r, const struct sj_cwt *claims, const struct signer *by)
{
	struct rig_token token;

	token_make(&token, claims, by);
	return give(r->tap, SJ_OBJECT_STAPLE, &token);
}

static void a_staple_takes_the_credentials_place(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	struct sj_cwt claims;

	tap_first(t, &r->reader, &r->ca, NULL);
	claims = t->credential;
	claims.not_before = RIG_NOW;
	assert_int_equal(staple(r, &claims, &r->ca.ca), SJ_OBJECT_DONE);
	assert_int_equal(staple(r, &claims, &r->ca.ca), SJ_OBJECT_REFUSED); /* not newer */
	tap_first(t, &r->reader, &r->ca, NULL);
	assert_int_equal(t->credential.not_before, RIG_NOW);
	r->reader.claims.reader.sector = SJ_SECTOR_HEALTH;
	reader_sign(&r->reader, &r->ca.ca);
	tap_first(t, &r->reader, &r->ca, NULL);
	assert_int_equal(t->credential.not_before, RIG_NOW - RIG_DAY);
}

static void other_staples_are_refused(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	struct rig_reader other;
	struct sj_cwt right, claims;

	reader_make(&other, &r->ca);
	tap_first(t, &r->reader, &r->ca, NULL);
	right = t->credential;
	right.not_before = RIG_NOW;
	claims = right;
	claims.key_x = SJ_SPAN_OF(other.x); /* of another card */
	assert_int_equal(staple(r, &claims, &r->ca.ca), SJ_OBJECT_REFUSED);
	claims = right;
	claims.status.index++;
	assert_int_equal(staple(r, &claims, &r->ca.ca), SJ_OBJECT_REFUSED);
	claims = right;
	claims.status.partition++;
	assert_int_equal(staple(r, &claims, &r->ca.ca), SJ_OBJECT_REFUSED);
	claims = right;
	claims.expires++;
	assert_int_equal(staple(r, &claims, &r->ca.ca), SJ_OBJECT_REFUSED);
	claims = right;
	claims.not_before = RIG_NOW - 2 * RIG_DAY;
	assert_int_equal(staple(r, &claims, &r->ca.ca), SJ_OBJECT_REFUSED);
	assert_int_equal(staple(r, &right, &r->ca.status), SJ_OBJECT_REFUSED);
	assert_int_equal(staple(r, &r->reader.claims, &r->ca.ca), SJ_OBJECT_REFUSED);
	assert_int_equal(staple(r, &right, &r->ca.ca), SJ_OBJECT_DONE);
}

/* In method 4 no credential was shown, so there is nothing to staple. */
static void no_staple_in_a_repeated_tap(void **state)
{
	static const uint8_t ticket[SJ_GATE_TICKET] = { 1 };
	struct gate_room *r = *state;
	struct sj_cwt claims;
	uint8_t token[SJ_CWT_MAX];

	tap_first(r->tap, &r->reader, &r->ca, ticket);
	memcpy(token, r->tap->token, r->tap->token_len);
	assert_true(sj_cwt_parse(sj_span(token, r->tap->token_len), &claims));
	assert_true(tap_repeat(r->tap, NULL));
	claims.not_before = RIG_NOW;
	assert_int_equal(staple(r, &claims, &r->ca.ca), SJ_OBJECT_REFUSED);
}

/* --- links ------------------------------------------------------------------------------------- */

static uint8_t link_to(struct gate_room *r, const struct signer *s, uint8_t role, uint32_t nbf,
		       const struct signer *by)
{
	struct rig_token token;

	signer_token(&token, s, role, nbf, by);
	return give(r->tap, SJ_OBJECT_LINK, &token);
}

static bool asked_by(struct gate_room *r, const struct signer *by)
{
	reader_sign(&r->reader, by);
	return tap_ask(r->tap, &r->reader);
}

/* The gate CA's successor, then the successor's: the first one is forgotten. */
static void a_link_replaces_the_older_of_two(void **state)
{
	struct gate_room *r = *state;
	struct signer second, third;

	signer_make(&second);
	signer_make(&third);
	assert_false(asked_by(r, &second));
	reader_sign(&r->reader, &r->ca.ca);
	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(link_to(r, &second, SJ_CWT_GATE_CA, RIG_NOW + 1, &r->ca.ca),
			 SJ_OBJECT_DONE);
	assert_int_equal(date_of(r), RIG_NOW + 1);
	assert_true(asked_by(r, &second));
	reader_sign(&r->reader, &r->ca.ca);
	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(link_to(r, &third, SJ_CWT_GATE_CA, RIG_NOW + 2, &second), SJ_OBJECT_DONE);
	assert_true(asked_by(r, &second));
	assert_true(asked_by(r, &third));
	r->reader.claims.not_before++; /* not the one that is remembered */
	assert_false(asked_by(r, &r->ca.ca));
}

static void a_link_for_the_status_signer(void **state)
{
	struct gate_room *r = *state;
	struct signer second;

	signer_make(&second);
	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(give_head(r, 1, RIG_NOW, &second), SJ_OBJECT_REFUSED);
	assert_int_equal(link_to(r, &second, SJ_CWT_STATUS_SIGNER, RIG_NOW, &r->ca.ca),
			 SJ_OBJECT_DONE);
	assert_int_equal(give_head(r, 1, RIG_NOW, &second), SJ_OBJECT_DONE);
	assert_int_equal(give_head(r, 2, RIG_NOW, &r->ca.status), SJ_OBJECT_DONE);
}

static void other_links_are_refused(void **state)
{
	struct gate_room *r = *state;
	struct signer other;

	signer_make(&other);
	tap_first(r->tap, &r->reader, &r->ca, NULL);
	/* Signed by itself, by the status signer, older than what there is, no signer at all. */
	assert_int_equal(link_to(r, &other, SJ_CWT_GATE_CA, RIG_NOW, &other), SJ_OBJECT_REFUSED);
	assert_int_equal(link_to(r, &other, SJ_CWT_GATE_CA, RIG_NOW, &r->ca.status),
			 SJ_OBJECT_REFUSED);
	assert_int_equal(link_to(r, &other, SJ_CWT_GATE_CA, RIG_NOW - 400 * RIG_DAY, &r->ca.ca),
			 SJ_OBJECT_REFUSED);
	assert_int_equal(give(r->tap, SJ_OBJECT_LINK, &r->ca.ca_token), SJ_OBJECT_REFUSED);
	assert_int_equal(give(r->tap, SJ_OBJECT_LINK, &r->reader.token), SJ_OBJECT_REFUSED);
	assert_false(asked_by(r, &other));
}

/* An anchor that had expired when it signed counts no longer. */
static void expired_anchors_sign_nothing(void **state)
{
	struct gate_room *r = *state;

	tap_first(r->tap, &r->reader, &r->ca, NULL);
	assert_int_equal(give_head(r, 1, RIG_NOW + 3350 * RIG_DAY, &r->ca.status), SJ_OBJECT_DONE);
	assert_int_equal(give_head(r, 2, RIG_NOW + 3351 * RIG_DAY, &r->ca.status),
			 SJ_OBJECT_REFUSED);
}

/* --- the channel ---------------------------------------------------------------------------------- */

static void unknown_types_are_answered(void **state)
{
	static const uint8_t types[] = { 0, 5, 0x7F, 0xFF };
	struct gate_room *r = *state;

	tap_first(r->tap, &r->reader, &r->ca, NULL);
	for (size_t i = 0; i < sizeof(types); i++)
		assert_int_equal(tap_object(r->tap, types[i], none), SJ_OBJECT_REFUSED);
	assert_int_equal(tap_object(r->tap, SJ_OBJECT_WANT_HEAD, SJ_SPAN_STR("x")),
			 SJ_OBJECT_REFUSED);
	assert_int_equal(tap_object(r->tap, SJ_OBJECT_STAPLE, none), SJ_OBJECT_REFUSED);
	assert_int_equal(tap_object(r->tap, SJ_OBJECT_LINK, none), SJ_OBJECT_REFUSED);
}

/* Sealed bytes as they stand. */
static void send_sealed(struct tap *t, struct sj_span sealed)
{
	uint8_t objects[300];
	struct sj_writer w = SJ_WRITER_OF(objects);

	sj_tlv_put(&w, SJ_GATE_TAG_OBJECT, sealed);
	gate_send(t->b, sj_written(&w));
}

static void a_replayed_object_ends_the_session(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	uint8_t sealed[32];
	struct sj_writer s = SJ_WRITER_OF(sealed);

	tap_first(t, &r->reader, &r->ca, NULL);
	assert_int_equal(tap_object(t, SJ_OBJECT_WANT_HEAD, none), SJ_OBJECT_REFUSED);
	t->keys.sent--;
	assert_true(
		sj_gate_object_seal(t->keys.to_card, t->keys.sent, SJ_OBJECT_WANT_HEAD, none, &s));
	send_sealed(t, sj_written(&s));
	assert_refused(t->b);
}

static void every_changed_or_cut_object_ends_the_session(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	size_t n = 17;

	for (size_t i = 0; i < 2 * n; i++) {
		uint8_t sealed[32];
		struct sj_writer s = SJ_WRITER_OF(sealed);

		tap_first(t, &r->reader, &r->ca, NULL);
		assert_true(sj_gate_object_seal(t->keys.to_card, 0, SJ_OBJECT_WANT_HEAD, none, &s));
		assert_int_equal(s.len, n);
		if (i < n)
			sealed[i] ^= 0x40;
		send_sealed(t, sj_span(sealed, i < n ? n : i - n));
		assert_refused(t->b);
	}
}

/* A counter never comes round: after 255 objects it is over. */
static void at_most_255_objects(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	uint8_t sealed[32];
	struct sj_writer s = SJ_WRITER_OF(sealed);

	tap_first(t, &r->reader, &r->ca, NULL);
	for (unsigned i = 0; i < 255; i++)
		assert_int_equal(tap_object(t, SJ_OBJECT_WANT_HEAD, none), SJ_OBJECT_REFUSED);
	assert_true(sj_gate_object_seal(t->keys.to_card, 255, SJ_OBJECT_WANT_HEAD, none, &s));
	send_sealed(t, sj_written(&s));
	assert_refused(t->b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_CASE(a_head_is_kept_and_given_on),
		GATE_CASE(an_older_or_equal_head_is_not_wanted),
		GATE_CASE(heads_of_others_are_not_believed),
		GATE_CASE(every_truncated_head_is_refused),
		GATE_CASE(the_date_moves_by_readers_and_heads),
		GATE_CASE(the_date_never_goes_back),
		GATE_CASE(the_date_moves_in_steps),
		GATE_CASE(a_reader_set_back_is_refused),
		GATE_CASE(ages_follow_the_date),
		GATE_CASE(a_staple_takes_the_credentials_place),
		GATE_CASE(other_staples_are_refused),
		GATE_CASE(no_staple_in_a_repeated_tap),
		GATE_CASE(a_link_replaces_the_older_of_two),
		GATE_CASE(a_link_for_the_status_signer),
		GATE_CASE(other_links_are_refused),
		GATE_CASE(expired_anchors_sign_nothing),
		GATE_CASE(unknown_types_are_answered),
		GATE_CASE(a_replayed_object_ends_the_session),
		GATE_CASE(every_changed_or_cut_object_ends_the_session),
		GATE_CASE(at_most_255_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
