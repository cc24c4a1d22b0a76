/*
 * The issuer's end of a secure channel against the simulated card, every key length, mode and
 * parameter i of it, and against what stands in between and lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority/channel.h"
#include "crypt/wipe.h"
#include "host/card.h"
#include "host/store.h"
#include "reader/card.h"
#include "wire/hex.h"

#define SERIAL_AT 2u /* in INITIALIZE UPDATE's answer */
#define OWN 0x31u /* key version */
#define TRANSPORT 0x30u

/* --- a card, and who stands in between --------------------------------------------------- */

enum lie {
	HONEST,
	FLIP_DATA, /* a bit of the first byte of the answer's data */
	FLIP_MAC, /* of the last byte */
	FLIP_STATUS, /* 9000 becomes 6300 */
	CUT_MAC, /* the answer is its status word alone */
	REPLAY, /* the answer before */
	ADD_DATA, /* to a refusal: 6A88 with four bytes */
	PULL, /* the card is gone */
};

struct between {
	struct sj_transport head;
	struct card *card;
	struct card_store *store;
	struct sj_random random;
	enum lie lie;
	unsigned at, n; /* the command that is answered wrongly; commands so far */
	uint8_t *out; /* SJ_APDU_RESPONSE_MAX bytes */
	uint8_t kept[512]; /* the last answer */
	size_t kept_len;
	/* The reader's side. */
	struct sj_context *ctx;
	struct sj_card *reader;
	struct channel c;
};

static enum sj_rc connect_card(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	struct between *b = (struct between *)t;
	uint8_t bytes[CARD_ATR_MAX];
	size_t len = card_power_on(b->card, bytes);

	(void)deadline;
	sj_put(atr, sj_span(bytes, len));
	return SJ_OK;
}

/* Bytes of the answer, with two of status word behind. */
static size_t tell_lie(struct between *b, size_t len)
{
	static const uint8_t refusal[] = { 1, 2, 3, 4, 0x6A, 0x88 };

	switch (b->lie) {
	case FLIP_DATA:
		b->out[0] ^= 1;
		return len;
	case FLIP_MAC:
		b->out[len - 3] ^= 1;
		return len;
	case FLIP_STATUS:
		b->out[len - 2] = 0x63;
		return len;
	case CUT_MAC:
		memmove(b->out, b->out + len - 2, 2);
		return 2;
	case REPLAY:
		memcpy(b->out, b->kept, b->kept_len);
		return b->kept_len;
	case ADD_DATA:
		memcpy(b->out, refusal, sizeof(refusal));
		return sizeof(refusal);
	case HONEST:
	case PULL:
	default:
		return len;
	}
}

static enum sj_rc transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
			   struct sj_writer *response)
{
	struct between *b = (struct between *)t;
	bool here = b->lie != HONEST && ++b->n == b->at;
	size_t len;

	(void)deadline;
	if (here && b->lie == PULL)
		return SJ_CARD_LOST;
	len = card_transmit(b->card, command, b->out);
	if (here)
		len = tell_lie(b, len);
	assert_true(len <= sizeof(b->kept));
	memcpy(b->kept, b->out, len);
	b->kept_len = len;
	sj_put(response, sj_span(b->out, len));
	return SJ_OK;
}

static void leave(struct sj_transport *t, bool reset)
{
	(void)t;
	(void)reset;
}

static void close_transport(struct sj_transport *t)
{
	(void)t;
}

static const struct sj_transport_ops ops = {
	.connect = connect_card,
	.transmit = transmit,
	.disconnect = leave,
	.close = close_transport,
};

static void set_keys(struct sj_scp03_keys *k, enum sj_cipher cipher, uint8_t seed)
{
	k->cipher = cipher;
	for (size_t i = 0; i < SJ_CIPHER_KEY_MAX; i++) {
		k->enc[i] = (uint8_t)(seed + i);
		k->mac[i] = (uint8_t)(seed + i);
		k->dek[i] = (uint8_t)(seed + i);
	}
}

/* A blank card with this transport key and i, its manager selected. */
static void open_card(struct between *b, enum sj_cipher cipher, uint8_t i)
{
	struct card_config config = { .interface = CARD_CONTACT, .clock = card_clock_system() };
	struct sj_response r;
	struct sj_scp03_keys keys;
	struct card_birth birth;

	memset(b, 0, sizeof(*b));
	b->head.ops = &ops;
	b->out = malloc(SJ_APDU_RESPONSE_MAX);
	assert_non_null(b->out);
	b->random = sj_random_system();
	set_keys(&keys, cipher, 0x40);
	birth = (struct card_birth){ .transport_key = sj_span(keys.enc, sj_cipher_key_size(cipher)),
				     .scp_i = i,
				     .random = &b->random };
	assert_int_equal(card_store_memory(&b->store), CARD_STORE_OK);
	assert_true(card_be_born(b->store, &birth));
	config.random = b->random;
	config.store = b->store;
	b->card = card_new(&config);
	assert_non_null(b->card);
	assert_int_equal(sj_context_new(&b->ctx), SJ_OK);
	assert_int_equal(
		sj_card_over(b->ctx, &b->head, "between", sj_deadline_after(0), &b->reader), SJ_OK);
	assert_true(channel_begin(&b->c, b->reader));
	assert_int_equal(channel_select(&b->c, CHANNEL_MANAGER, &r), SJ_OK);
	assert_int_equal(r.sw, 0x9000);
}

static void close_card(struct between *b)
{
	channel_end(&b->c);
	sj_card_close(b->reader);
	sj_context_free(b->ctx);
	card_free(b->card);
	card_store_close(b->store);
	free(b->out);
}

static enum sj_rc open_with(struct between *b, uint8_t version, enum sj_cipher cipher, uint8_t seed,
			    size_t size)
{
	struct sj_scp03_keys keys;
	enum sj_rc rc = channel_ask(&b->c, version, size);

	if (rc != SJ_OK)
		return rc;
	set_keys(&keys, cipher, seed);
	return channel_fits(&b->c, &keys) ? channel_open(&b->c) : SJ_CARD_CHANNEL;
}

/* GET STATUS of the issuer security domain: data there and back. */
static enum sj_rc ask_status(struct between *b, struct sj_response *r)
{
	const struct sj_apdu a = { 0x80, 0xF2, 0x80, 0x02, SJ_SPAN_STR("\x4F\x00"), 256, false };

	return channel_send(&b->c, &a, 1000, r);
}

static void expect_status(struct between *b)
{
	struct sj_response r;

	assert_int_equal(ask_status(b, &r), SJ_OK);
	assert_int_equal(r.sw, 0x9000);
	assert_true(r.data.len > 10);
	assert_int_equal(r.data.ptr[0], 0xE3);
}

static const enum sj_cipher ciphers[] = { SJ_CIPHER_AES128, SJ_CIPHER_AES192, SJ_CIPHER_AES256 };
static const size_t sizes[] = { SJ_SCP03_SHORT, SJ_SCP03_FULL };
static const struct {
	uint8_t i;
	unsigned level;
} variants[] = { { 0x00, 0x03 }, { 0x10, 0x03 }, { 0x60, 0x33 }, { 0x70, 0x33 } };

/* --- cases: what works --------------------------------------------------------------------- */

static void every_key_length_mode_and_parameter_opens(void **state)
{
	struct between b;

	(void)state;
	for (size_t n = 0; n < 3 * 2 * 4; n++) {
		enum sj_cipher cipher = ciphers[n % 3];
		size_t size = sizes[n / 3 % 2], v = n / 6;

		open_card(&b, cipher, variants[v].i);
		assert_int_equal(open_with(&b, 0, cipher, 0x40, size), SJ_OK);
		assert_int_equal(b.c.i & ~SJ_SCP03_I_S16, variants[v].i);
		assert_int_equal(b.c.session.level, variants[v].level);
		assert_int_equal(b.c.version, TRANSPORT);
		for (unsigned k = 0; k < 3; k++)
			expect_status(&b);
		close_card(&b);
	}
}

static void keys_of_every_length_are_put_and_open_the_next_channel(void **state)
{
	struct sj_scp03_keys fresh;
	struct between b;

	(void)state;
	for (size_t n = 0; n < 3 * 3; n++) {
		open_card(&b, ciphers[n % 3], 0x70);
		assert_int_equal(open_with(&b, 0, ciphers[n % 3], 0x40, SJ_SCP03_SHORT), SJ_OK);
		set_keys(&fresh, ciphers[n / 3], 0x90);
		assert_int_equal(channel_put_keys(&b.c, OWN, &fresh), SJ_OK);
		expect_status(&b);
		assert_int_equal(open_with(&b, OWN, ciphers[n / 3], 0x90, SJ_SCP03_FULL), SJ_OK);
		expect_status(&b);
		/* The transport keys are gone. */
		assert_int_equal(channel_ask(&b.c, TRANSPORT, SJ_SCP03_SHORT), SJ_CARD_REFUSED);
		close_card(&b);
	}
}

static void the_diversification_data_name_the_card(void **state)
{
	struct sj_span serial;
	struct between b;

	(void)state;
	open_card(&b, SJ_CIPHER_AES128, 0x70);
	assert_int_equal(channel_ask(&b.c, 0, SJ_SCP03_SHORT), SJ_OK);
	assert_true(card_serial(b.store, &serial));
	assert_memory_equal(b.c.diversification, "SJ", SERIAL_AT);
	assert_memory_equal(b.c.diversification + SERIAL_AT, serial.ptr, serial.len);
	close_card(&b);
}

static void data_that_just_fit_a_short_command(void **state)
{
	struct channel c = { .size = SJ_SCP03_SHORT };

	(void)state;
	assert_int_equal(channel_room(&c, 255), 239); /* 240 with padding, and 8 */
	assert_int_equal(channel_room(&c, 65535), 65519);
	c.size = SJ_SCP03_FULL;
	assert_int_equal(channel_room(&c, 255), 223);
}

/* --- cases: what does not ------------------------------------------------------------------- */

static void wrong_keys_are_known_before_anything_is_proved(void **state)
{
	struct between b;
	unsigned before;

	(void)state;
	open_card(&b, SJ_CIPHER_AES128, 0x70);
	before = b.c.commands;
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(open_with(&b, 0, SJ_CIPHER_AES128, 0x41, SJ_SCP03_SHORT),
				 SJ_CARD_CHANNEL);
	assert_int_equal(b.c.commands, before + 8); /* INITIALIZE UPDATE each: no attempt counts */
	assert_int_equal(channel_open(&b.c), SJ_INTERNAL);
	assert_int_equal(open_with(&b, 0, SJ_CIPHER_AES128, 0x40, SJ_SCP03_SHORT), SJ_OK);
	close_card(&b);
}

static void a_flipped_or_replayed_initialisation_fits_no_keys(void **state)
{
	static const enum lie lies[] = { FLIP_MAC, REPLAY };
	struct between b;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		open_card(&b, SJ_CIPHER_AES128, 0x60);
		assert_int_equal(channel_ask(&b.c, 0, SJ_SCP03_SHORT), SJ_OK);
		b.lie = lies[i];
		b.at = 1;
		assert_int_equal(open_with(&b, 0, SJ_CIPHER_AES128, 0x40, SJ_SCP03_SHORT),
				 SJ_CARD_CHANNEL);
		assert_int_not_equal(b.c.state, CHANNEL_OPEN);
		close_card(&b);
	}
}

static void a_short_initialisation_is_no_answer(void **state)
{
	struct between b;

	(void)state;
	open_card(&b, SJ_CIPHER_AES128, 0x70);
	b.lie = CUT_MAC;
	b.at = 1;
	assert_int_equal(channel_ask(&b.c, 0, SJ_SCP03_SHORT), SJ_CARD_ANSWER);
	close_card(&b);
}

/* The second command after opening is lied about: nothing of it is believed, nothing more sent. */
static void expect_broken(enum lie lie, enum sj_rc rc)
{
	const struct sj_scp03 none = { .size = 0 };
	struct sj_response r;
	struct between b;
	unsigned sent;

	open_card(&b, SJ_CIPHER_AES128, 0x70);
	assert_int_equal(open_with(&b, 0, SJ_CIPHER_AES128, 0x40, SJ_SCP03_SHORT), SJ_OK);
	b.lie = lie;
	b.at = 2;
	expect_status(&b);
	assert_int_equal(ask_status(&b, &r), rc);
	assert_int_equal(b.c.state, CHANNEL_BROKEN);
	assert_memory_equal(b.c.session.enc, none.enc, sizeof(none.enc));
	assert_memory_equal(b.c.session.rmac, none.rmac, sizeof(none.rmac));
	sent = b.c.commands;
	assert_int_equal(ask_status(&b, &r), SJ_CARD_SM_BROKEN);
	assert_int_equal(b.c.commands, sent);
	b.lie = HONEST;
	assert_int_equal(open_with(&b, 0, SJ_CIPHER_AES128, 0x40, SJ_SCP03_SHORT), SJ_OK);
	close_card(&b);
}

static void an_answer_with_a_flipped_bit_breaks_the_channel(void **state)
{
	(void)state;
	expect_broken(FLIP_DATA, SJ_CARD_SM_BROKEN);
	expect_broken(FLIP_MAC, SJ_CARD_SM_BROKEN);
	expect_broken(FLIP_STATUS, SJ_CARD_SM_BROKEN);
}

static void an_answer_without_its_mac_breaks_the_channel(void **state)
{
	(void)state;
	expect_broken(CUT_MAC, SJ_CARD_SM_BROKEN);
}

static void a_refusal_with_data_breaks_the_channel(void **state)
{
	(void)state;
	expect_broken(ADD_DATA, SJ_CARD_SM_BROKEN);
}

static void a_card_that_is_pulled_breaks_the_channel(void **state)
{
	(void)state;
	expect_broken(PULL, SJ_CARD_LOST);
}

static void an_old_answer_under_the_same_keys_breaks_the_channel(void **state)
{
	(void)state;
	expect_broken(REPLAY, SJ_CARD_SM_BROKEN);
}

static void a_card_that_refuses_our_proof_is_told_so(void **state)
{
	struct sj_scp03_keys keys;
	struct between b;

	(void)state;
	open_card(&b, SJ_CIPHER_AES128, 0x70);
	assert_int_equal(channel_ask(&b.c, 0, SJ_SCP03_SHORT), SJ_OK);
	set_keys(&keys, SJ_CIPHER_AES128, 0x40);
	assert_true(channel_fits(&b.c, &keys));
	b.c.session.mac[0] ^= 1; /* what goes out is wrong */
	assert_int_equal(channel_open(&b.c), SJ_CARD_CHANNEL);
	assert_int_equal(b.c.state, CHANNEL_BROKEN);
	assert_int_equal(open_with(&b, 0, SJ_CIPHER_AES128, 0x40, SJ_SCP03_SHORT), SJ_OK);
	close_card(&b);
}

/* The receipt is of other keys than were sent; the command before it was honest. */
static void check_values_of_other_keys_are_not_believed(void **state)
{
	struct sj_scp03_keys fresh;
	struct between b;

	(void)state;
	open_card(&b, SJ_CIPHER_AES128, 0x00); /* no MAC over answers */
	assert_int_equal(open_with(&b, 0, SJ_CIPHER_AES128, 0x40, SJ_SCP03_SHORT), SJ_OK);
	set_keys(&fresh, SJ_CIPHER_AES128, 0x90);
	b.lie = FLIP_MAC;
	b.at = 1;
	assert_int_equal(channel_put_keys(&b.c, OWN, &fresh), SJ_CARD_ANSWER);
	close_card(&b);
}

/* i is not part of what the card proves: who changes it gets answers without MAC, and callers see it. */
static void a_changed_parameter_lowers_the_level_in_sight(void **state)
{
	struct sj_scp03_keys keys;
	struct between b;

	(void)state;
	open_card(&b, SJ_CIPHER_AES128, 0x60);
	assert_int_equal(channel_ask(&b.c, 0, SJ_SCP03_SHORT), SJ_OK);
	assert_true(channel_is_mutual(&b.c));
	b.c.i = 0x00;
	assert_false(channel_is_mutual(&b.c));
	set_keys(&keys, SJ_CIPHER_AES128, 0x40);
	assert_true(channel_fits(&b.c, &keys));
	assert_int_equal(channel_open(&b.c), SJ_OK);
	assert_int_equal(b.c.session.level, 0x03);
	close_card(&b);
}

/* The way that works is one over the air: channel.bats. */
static void pace_wants_six_digits_and_a_card_that_offers_it(void **state)
{
	struct between b;

	(void)state;
	open_card(&b, SJ_CIPHER_AES128, 0x70);
	assert_int_equal(sj_card_pace(b.reader, "31790", 1000), SJ_SECRET_MALFORMED);
	assert_int_equal(sj_card_pace(b.reader, "31790x", 1000), SJ_SECRET_MALFORMED);
	assert_int_equal(sj_card_pace(b.reader, "317905", 1000), SJ_NOT_A_DOCUMENT);
	close_card(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_length_mode_and_parameter_opens),
		cmocka_unit_test(keys_of_every_length_are_put_and_open_the_next_channel),
		cmocka_unit_test(the_diversification_data_name_the_card),
		cmocka_unit_test(data_that_just_fit_a_short_command),
		cmocka_unit_test(wrong_keys_are_known_before_anything_is_proved),
		cmocka_unit_test(a_flipped_or_replayed_initialisation_fits_no_keys),
		cmocka_unit_test(a_short_initialisation_is_no_answer),
		cmocka_unit_test(an_answer_with_a_flipped_bit_breaks_the_channel),
		cmocka_unit_test(an_answer_without_its_mac_breaks_the_channel),
		cmocka_unit_test(a_refusal_with_data_breaks_the_channel),
		cmocka_unit_test(a_card_that_is_pulled_breaks_the_channel),
		cmocka_unit_test(an_old_answer_under_the_same_keys_breaks_the_channel),
		cmocka_unit_test(a_card_that_refuses_our_proof_is_told_so),
		cmocka_unit_test(check_values_of_other_keys_are_not_believed),
		cmocka_unit_test(a_changed_parameter_lowers_the_level_in_sight),
		cmocka_unit_test(pace_wants_six_digits_and_a_card_that_offers_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
