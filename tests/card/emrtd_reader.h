/*
 * emrtd_reader.h -- a card in this process on a virtual clock, and a reader's
 * half of the protocols of its own, written from ICAO Doc 9303-11 with the
 * verbs of secure/ only: nothing of reader/ or document/ is in it.
 */
#ifndef TESTS_CARD_EMRTD_READER_H
#define TESTS_CARD_EMRTD_READER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/applet.h"
#include "secure/bac.h"
#include "secure/ca.h"
#include "secure/pace.h"
#include "tests/card/rig_channel.h"
#include "wire/hex.h"
#include "wire/tlv.h"

#define CAN "123456"
#define MRZ "L898902C<369080619406236" /* Doc 9303-11, D.2 */
#define COM_HEX "60145F0104303130365F36063034303030305C026175" /* D.4: DG1, DG2 */
#define DG1_SIZE 93u
#define DG2_SIZE 40000u /* beyond the reach of an even READ BINARY */

#define SELECT_LDS "00A4040C07A0000002471001"
#define SELECT_MANAGER "00A4040008A00000015100000000"
#define INSTALL_MANAGER "80E620000E000008A00000015100000000000000"
#define INSTALL "80E620000D000007A000000247100100000000"
#define LOCK "80F0800F"

/* Who looks on at what a bench sends. */
struct bench_watch {
	/* As it went and came; no response: power went. `wrapped`: opened() follows. */
	void (*sent)(void *self, struct sj_span command, struct sj_span response, bool wrapped);
	/* What it was inside secure messaging or a secure channel. */
	void (*opened)(void *self, const struct sj_apdu *plain, struct sj_span data, uint16_t sw,
		       bool in_channel);
	void *self;
};

struct bench {
	const struct bench_watch *watch; /* NULL: nobody */
	bool carries; /* what is being sent carries another command inside */
	struct card_store *store;
	const struct card_applet *const *applets; /* of cards to come; NULL: all */
	struct card *card;
	uint64_t now_ms, waited_ms;
	uint64_t power_left_ms; /* of a wait; then power goes. 0: power stays */
	uint8_t queued[512]; /* random bytes to give first */
	size_t queued_from, queued_to;
	bool secured;
	struct sj_sm_keys keys;
	struct sj_ssc ssc;
	struct rig_channel channel;
	uint8_t wrapped[SJ_APDU_NC_EXTENDED]; /* data of a command in it */
	uint8_t block; /* next STORE DATA */
	uint8_t command[SJ_APDU_COMMAND_MAX];
	uint8_t response[SJ_APDU_RESPONSE_MAX];
	uint8_t opened[SJ_APDU_RESPONSE_MAX];
	struct sj_span data; /* of the last response, opened */
	uint16_t sw;
};

static inline struct sj_span hex(const char *text, uint8_t *out, size_t cap)
{
	struct sj_writer w = sj_writer(out, cap);

	assert_true(sj_hex_read(text, strlen(text), &w));
	return sj_written(&w);
}

#define HEX(text) hex(text, (uint8_t[512]){ 0 }, 512)

__attribute__((noinline, unused)) static void assert_bytes(struct sj_span got, const char *expected)
{
	uint8_t bytes[512];
	struct sj_span want = hex(expected, bytes, sizeof(bytes));

	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.ptr, want.ptr, want.len);
}

/* --- the card --------------------------------------------------------------- */

static inline bool bench_fill(void *self, uint8_t *out, size_t n)
{
	struct bench *b = self;

	if (b->queued_from == b->queued_to) {
		struct sj_random system = sj_random_system();

		return sj_random_fill(&system, out, n);
	}
	assert_true(n <= b->queued_to - b->queued_from);
	memcpy(out, b->queued + b->queued_from, n);
	b->queued_from += n;
	return true;
}

/* The card's next random bytes. */
static inline void bench_queue(struct bench *b, const char *text)
{
	struct sj_writer w = SJ_WRITER_OF(b->queued);

	w.len = b->queued_to;
	assert_true(sj_hex_read(text, strlen(text), &w));
	b->queued_to = w.len;
}

static inline uint64_t bench_now(void *self)
{
	return ((struct bench *)self)->now_ms * 1000;
}

static inline void bench_wait(void *self, uint64_t us)
{
	struct bench *b = self;
	uint64_t ms = us / 1000;

	if (b->power_left_ms != 0 && ms > b->power_left_ms)
		ms = b->power_left_ms;
	b->now_ms += ms;
	b->waited_ms += ms;
}

static inline void bench_power(struct bench *b)
{
	uint8_t atr[CARD_ATR_MAX];

	b->secured = b->channel.open = false;
	b->queued_from = b->queued_to = 0;
	assert_true(card_power_on(b->card, atr) > 0);
}

/* The card behind the bench, on this interface; the one before is gone. */
static inline void bench_insert(struct bench *b, enum card_interface interface)
{
	struct card_config config = { .interface = interface };

	card_free(b->card);
	config.clock = (struct card_clock){ bench_now, bench_wait, b };
	config.random = (struct sj_random){ bench_fill, b };
	config.store = b->store;
	config.applets = b->applets;
	b->card = card_new(&config);
	assert_non_null(b->card);
	bench_power(b);
}

/* A card in this store (the bench's from now on), powered. */
static inline struct bench *bench_new_in(struct card_store *store)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->store = store;
	bench_insert(b, CARD_CONTACTLESS);
	return b;
}

/* A blank card, powered. */
static inline struct bench *bench_new(void)
{
	struct card_store *store = NULL;

	assert_int_equal(card_store_memory(&store), CARD_STORE_OK);
	return bench_new_in(store);
}

static inline void bench_free(struct bench *b)
{
	card_free(b->card);
	card_store_close(b->store);
	free(b);
}

/* --- commands ---------------------------------------------------------------- */

static inline uint16_t bench_raw(struct bench *b, struct sj_span command)
{
	size_t n = card_transmit(b->card, command, b->response);
	struct sj_response r = { .sw = 0 };

	b->data = sj_span(NULL, 0);
	b->sw = 0;
	if (b->watch != NULL)
		b->watch->sent(b->watch->self, command, sj_span(b->response, n), b->carries);
	if (command.len >= 2 && (command.ptr[0] & 0x0F) == 0 && command.ptr[1] == 0xA4)
		b->channel.open = false;
	if (n == 0)
		return 0; /* without power */
	assert_true(sj_response_parse(sj_span(b->response, n), &r));
	b->data = r.data;
	b->sw = r.sw;
	return r.sw;
}

/* As it stands, in plain. */
static inline uint16_t bench_hex(struct bench *b, const char *command)
{
	return bench_raw(b, hex(command, b->command, sizeof(b->command)));
}

/* Puts the pieces of a 61xx response together, behind b->command's room. */
static inline void bench_collect(struct bench *b, struct sj_writer *all)
{
	static const uint8_t get_response[] = { 0x00, 0xC0, 0x00, 0x00, 0x00 };

	sj_put(all, b->data);
	while ((b->sw & 0xFF00) == SJ_SW_BYTES_REMAINING) {
		bench_raw(b, SJ_SPAN_OF(get_response));
		sj_put(all, b->data);
	}
	b->data = sj_written(all);
}

static inline void bench_open(struct bench *b)
{
	struct sj_writer buffer = SJ_WRITER_OF(b->opened);
	struct sj_response plain = { .sw = 0 };

	sj_ssc_increment(&b->ssc, b->keys.cipher);
	if (b->data.len == 0) { /* an error of secure messaging is in plain */
		b->secured = false;
		return;
	}
	assert_int_equal(sj_sm_response_open(&b->keys, &b->ssc, b->data, &buffer, &plain),
			 SJ_SM_OK);
	assert_int_equal(plain.sw, b->sw);
	b->data = plain.data;
}

/* The command as the channel has it, if one is open. */
static inline struct sj_apdu bench_wrap(struct bench *b, const struct sj_apdu *apdu)
{
	struct sj_writer data = SJ_WRITER_OF(b->wrapped);
	struct sj_apdu wrapped = *apdu;

	if (b->channel.open && (apdu->cla & 0x80) != 0)
		assert_true(sj_scp03_wrap(&b->channel.session, apdu, &data, &wrapped));
	return wrapped;
}

/* What the channel had protected of the answer. A refusal for its security has ended it. */
static inline void bench_unwrap(struct bench *b)
{
	struct sj_writer w = SJ_WRITER_OF(b->wrapped);
	uint8_t sw1 = (uint8_t)(b->sw >> 8);

	if (b->sw == SJ_SW_SECURITY_STATUS)
		b->channel.open = false;
	if (!b->channel.open || (b->sw != SJ_SW_OK && sw1 != 0x62 && sw1 != 0x63))
		return;
	assert_int_equal(sj_scp03_unwrap_response(&b->channel.session, b->data, b->sw, &w),
			 SJ_SCP03_INTACT);
	memcpy(b->opened, w.ptr, w.len);
	b->data = sj_span(b->opened, w.len);
}

/* In the channel and protected, if one is open and a session runs; pieces are fetched. */
static inline uint16_t bench_send(struct bench *b, const struct sj_apdu *plain)
{
	const struct sj_apdu wrapped = bench_wrap(b, plain), *apdu = &wrapped;
	const bool in_channel = b->channel.open && (plain->cla & 0x80) != 0;
	const bool secured = b->secured;
	struct sj_writer w = SJ_WRITER_OF(b->command);
	uint8_t *pieces = malloc(SJ_APDU_RESPONSE_MAX);
	struct sj_writer all = sj_writer(pieces, SJ_APDU_RESPONSE_MAX);

	assert_non_null(pieces);
	b->carries |= secured || in_channel;
	if (b->secured) {
		sj_ssc_increment(&b->ssc, b->keys.cipher);
		sj_sm_command_put(&w, &b->keys, &b->ssc, apdu);
	} else {
		sj_apdu_put(&w, apdu);
	}
	assert_false(w.failed);
	bench_raw(b, sj_written(&w));
	bench_collect(b, &all);
	assert_false(all.failed);
	if (b->secured)
		bench_open(b);
	if (b->data.ptr == pieces) {
		memcpy(b->opened, pieces, b->data.len);
		b->data.ptr = b->opened;
	}
	free(pieces);
	if (in_channel)
		bench_unwrap(b);
	if (b->watch != NULL && (secured || in_channel))
		b->watch->opened(b->watch->self, plain, b->data, b->sw, in_channel);
	b->carries = false;
	return b->sw;
}

/* A plain command in hexadecimal, protected if a session runs. */
static inline uint16_t bench_do(struct bench *b, const char *command)
{
	uint8_t bytes[512];
	struct sj_apdu apdu;

	assert_true(sj_apdu_parse(hex(command, bytes, sizeof(bytes)), &apdu));
	return bench_send(b, &apdu);
}

/* --- the manager ------------------------------------------------------------------ */

/* In place of the channel that is open. EXTERNAL AUTHENTICATE's status word, or what came before. */
static inline uint16_t bench_channel(struct bench *b, uint8_t version,
				     const struct sj_scp03_keys *keys, struct sj_span challenge,
				     uint8_t level)
{
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0x50, .p1 = version, .data = challenge };
	uint8_t bytes[2 * SJ_SCP03_FULL];
	struct sj_writer data = SJ_WRITER_OF(bytes);

	b->channel.open = false;
	apdu.ne = 256;
	if (bench_send(b, &apdu) != SJ_SW_OK)
		return b->sw;
	apdu = rig_channel_begin(&b->channel, keys, challenge, b->data, level, &data);
	bench_send(b, &apdu);
	b->channel.open = b->sw == SJ_SW_OK;
	return b->sw;
}

/* The manager selected, a channel under the well-known keys open. */
static inline void bench_manage(struct bench *b)
{
	const struct sj_scp03_keys keys = rig_well_known();

	assert_int_equal(bench_do(b, SELECT_MANAGER), SJ_SW_OK);
	assert_int_equal(bench_channel(b, 0x30, &keys, rig_host_challenge(), RIG_LEVEL), SJ_SW_OK);
}

/* --- personalisation ---------------------------------------------------------- */

static inline uint16_t bench_dgi(struct bench *b, uint16_t dgi, struct sj_span value)
{
	size_t cap = value.len + 8;
	uint8_t *data = malloc(cap);
	struct sj_writer w = sj_writer(data, cap);
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0xE2, .p1 = 0x08, .p2 = b->block, .ne = 256 };

	assert_non_null(data);
	sj_put_be(&w, 2, dgi);
	if (value.len >= 0xFF)
		sj_put_u8(&w, 0xFF);
	sj_put_be(&w, value.len >= 0xFF ? 2 : 1, (uint32_t)value.len);
	sj_put(&w, value);
	apdu.data = sj_written(&w);
	if (bench_send(b, &apdu) == SJ_SW_OK)
		b->block++;
	free(data);
	return b->sw;
}

static inline uint16_t bench_dgi_hex(struct bench *b, uint16_t dgi, const char *value)
{
	return bench_dgi(b, dgi, HEX(value));
}

static inline uint16_t bench_file(struct bench *b, uint16_t parent, uint16_t fid,
				  struct sj_span content)
{
	uint8_t *value = malloc(content.len + 7);
	struct sj_writer w = sj_writer(value, content.len + 7);
	uint16_t sw;

	assert_non_null(value);
	sj_put_be(&w, 2, parent);
	sj_put_be(&w, 2, fid);
	sj_put_be(&w, 3, 0);
	sj_put(&w, content);
	sw = bench_dgi(b, 0x0002, sj_written(&w));
	free(value);
	return sw;
}

/* Opens the personalisation; the next STORE DATA is block 0. */
static inline void bench_install(struct bench *b)
{
	bench_manage(b);
	assert_int_equal(bench_do(b, INSTALL), SJ_SW_OK);
	b->block = 0;
}

/* Byte i of a file whose bytes are all told apart by their place. */
static inline uint8_t pattern(uint16_t fid, size_t i)
{
	return (uint8_t)(fid ^ i ^ (i >> 8));
}

static inline struct sj_span pattern_fill(uint16_t fid, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = pattern(fid, i);
	return sj_span(out, n);
}

/* Access configuration in hexadecimal, then every file; keys come between by the caller. */
static inline void bench_perso_files(struct bench *b)
{
	uint8_t *big = malloc(DG2_SIZE), small[DG1_SIZE];
	static const uint16_t lds[] = { 0x011D, 0x0101, 0x0103, 0x010E, 0x010F };
	static const uint16_t mf[] = { 0x011C, 0x011D, 0x2F00, 0x2F01 };

	assert_non_null(big);
	assert_int_equal(bench_file(b, 0x0101, 0x011E, HEX(COM_HEX)), SJ_SW_OK);
	for (size_t i = 0; i < sizeof(lds) / sizeof(lds[0]); i++)
		assert_int_equal(
			bench_file(b, 0x0101, lds[i], pattern_fill(lds[i], small, sizeof(small))),
			SJ_SW_OK);
	for (size_t i = 0; i < sizeof(mf) / sizeof(mf[0]); i++)
		assert_int_equal(
			bench_file(b, 0x3F00, mf[i], pattern_fill(mf[i], small, sizeof(small))),
			SJ_SW_OK);
	assert_int_equal(bench_file(b, 0x0101, 0x0102, pattern_fill(0x0102, big, DG2_SIZE)),
			 SJ_SW_OK);
	free(big);
}

static inline void bench_lock(struct bench *b)
{
	bench_manage(b);
	assert_int_equal(bench_do(b, LOCK), SJ_SW_OK);
	bench_power(b);
}

#define ACCESS_MRZ "82184C383938393032433C333639303830363139343036323336"
#define ACCESS_CAN "8106313233343536"
#define ACCESS_PIN \
	"8406363534333231" \
	"850A39383736353433323130"
#define PIN "654321"
#define PUK "9876543210"
#define ACCESS_BAC "800101" ACCESS_MRZ
#define ACCESS_BOTH "800103" ACCESS_MRZ ACCESS_CAN "830300010D" /* GM, AES-128, brainpoolP256r1 */

/* The card's profile, in hexadecimal. */
static inline void bench_profile(struct bench *b, const char *profile)
{
	bench_manage(b);
	assert_int_equal(bench_do(b, INSTALL_MANAGER), SJ_SW_OK);
	b->block = 0;
	assert_int_equal(bench_dgi_hex(b, 0x0001, profile), SJ_SW_OK);
}

/* A card issued with this access configuration and no keys, switched on. */
static inline struct bench *bench_issued_as(const char *access, const char *profile)
{
	struct bench *b = bench_new();

	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, access), SJ_SW_OK);
	bench_perso_files(b);
	bench_profile(b, profile);
	bench_lock(b);
	return b;
}

#define PROFILE_PRIVATE "00"
#define PROFILE_OPEN "01"

static inline struct bench *bench_issued(const char *access)
{
	return bench_issued_as(access, PROFILE_PRIVATE);
}

/* --- BAC, the reader's half (Doc 9303-11, 4.3.3) ------------------------------- */

/* A token for this challenge; `keying` is K.IFD. */
static inline void bac_token(const char *mrz, const uint8_t rnd_ic[static SJ_BAC_NONCE],
			     struct sj_bac_content *ifd, uint8_t token[static SJ_BAC_TOKEN])
{
	struct sj_bac_keys keys;

	memset(ifd->rnd_own, 0x11, sizeof(ifd->rnd_own));
	memset(ifd->keying, 0x22, sizeof(ifd->keying));
	memcpy(ifd->rnd_peer, rnd_ic, SJ_BAC_NONCE);
	assert_true(sj_bac_keys(sj_span((const uint8_t *)mrz, strlen(mrz)), &keys));
	assert_true(sj_bac_token_seal(&keys, ifd, token));
}

static inline uint16_t bac_answer(struct bench *b, const uint8_t token[static SJ_BAC_TOKEN])
{
	struct sj_apdu apdu = { .ins = 0x82, .data = { token, SJ_BAC_TOKEN }, .ne = 40 };

	return bench_send(b, &apdu);
}

/* LDS1 must be selected. The status word of EXTERNAL AUTHENTICATE, or of what came before. */
static inline uint16_t bac_run(struct bench *b, const char *mrz)
{
	uint8_t token[SJ_BAC_TOKEN];
	struct sj_bac_content ifd, ic;
	struct sj_bac_keys keys;

	if (bench_do(b, "0084000008") != SJ_SW_OK)
		return b->sw;
	assert_int_equal(b->data.len, SJ_BAC_NONCE);
	bac_token(mrz, b->data.ptr, &ifd, token);
	if (bac_answer(b, token) != SJ_SW_OK)
		return b->sw;
	assert_true(sj_bac_keys(sj_span((const uint8_t *)mrz, strlen(mrz)), &keys));
	assert_true(sj_bac_token_open(&keys, b->data, &ic));
	assert_memory_equal(ic.rnd_own, ifd.rnd_peer, SJ_BAC_NONCE);
	assert_memory_equal(ic.rnd_peer, ifd.rnd_own, SJ_BAC_NONCE);
	assert_true(
		sj_bac_session(ifd.keying, ic.keying, ifd.rnd_own, ic.rnd_own, &b->keys, &b->ssc));
	b->secured = true;
	return SJ_SW_OK;
}

/* An issued card, its application selected and open by BAC. */
static inline void bench_bac(struct bench *b)
{
	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bac_run(b, MRZ), SJ_SW_OK);
}

#endif
