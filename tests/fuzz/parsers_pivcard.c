/* parsers_pivcard.c -- a card that answers whatever it likes, to every call of sojourn/piv.h. */
#include <stdio.h>
#include <string.h>

#include "crypt/sign.h"
#include "piv/gzip.h"
#include "piv/piv.h"
#include "reader/card.h"
#include "tests/fuzz/failures.h"
#include "wire/hex.h"

/* Answers one after the other: two bytes of length each. First a byte: contactless or not. */
struct liar {
	struct sj_transport head;
	struct sj_span answers;
	bool contactless;
};

static enum sj_rc liar_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	const struct liar *l = (const struct liar *)t;

	(void)deadline;
	sj_put(atr, l->contactless ? SJ_SPAN_STR("\x3B\x80\x80\x01\x01") : SJ_SPAN_STR("\x3B\x00"));
	return SJ_OK;
}

static enum sj_rc liar_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				struct sj_writer *response)
{
	struct liar *l = (struct liar *)t;
	const enum sj_rc rc = fuzz_channel();
	struct sj_span answer;
	uint32_t n;

	(void)command;
	(void)deadline;
	if (rc != SJ_OK)
		return rc;
	if (!sj_take_be(&l->answers, 2, &n))
		return SJ_CARD_LOST;
	if (n > l->answers.len)
		n = (uint32_t)l->answers.len;
	if (!sj_take(&l->answers, n, &answer))
		return SJ_CARD_LOST;
	sj_put(response, answer);
	return SJ_OK;
}

static void liar_disconnect(struct sj_transport *t, bool reset)
{
	(void)t;
	(void)reset;
}

static void liar_close(struct sj_transport *t)
{
	(void)t;
}

static const struct sj_transport_ops liar_ops = {
	.connect = liar_connect,
	.transmit = liar_transmit,
	.disconnect = liar_disconnect,
	.close = liar_close,
};

static enum sj_rc answer(void *user, const struct sj_piv_question *question, char *out, size_t cap,
			 bool *remember)
{
	(void)user;
	(void)remember;
	if (question->again)
		return SJ_CANCELLED;
	snprintf(out, cap, "%s", question->what == SJ_PIV_CAN ? "123456" : "12345678");
	return SJ_OK;
}

/* --- the calls --------------------------------------------------------------------- */

static uint8_t out[SJ_PIV_OBJECT_MAX];

static void call_reading(struct sj_piv *piv)
{
	struct sj_piv_info info = { .size = sizeof(info) };
	struct sj_piv_pin_state pin = { .size = sizeof(pin) };
	struct sj_piv_key_info key = { .size = sizeof(key) };
	enum sj_piv_pin which;
	size_t len = sizeof(out);
	bool a, b;

	(void)sj_piv_identify(piv, info.guid, &a, info.content, &b);
	(void)sj_piv_get_info(piv, &info);
	(void)sj_piv_pin_state(piv, SJ_PIV_PIN, &pin);
	(void)sj_piv_user_pin(piv, &which);
	(void)sj_piv_key_info(piv, 0x9A, &key);
	(void)sj_piv_read(piv, PIV_OBJECT_CCC, out, &len);
	len = sizeof(out);
	(void)sj_piv_read_certificate(piv, 0x9C, out, &len);
	len = sizeof(out);
	(void)sj_piv_attest(piv, 0x9A, out, &len);
}

static void call_keys(struct sj_piv *piv)
{
	static const enum sj_piv_algorithm kinds[] = { SJ_PIV_P256, SJ_PIV_RSA_2048,
						       SJ_PIV_ED25519 };
	static const uint8_t in[256] = { 0 }, point[65] = { 4 };
	size_t len;

	(void)sj_piv_verify(piv, SJ_PIV_PIN, "123456", 6, NULL);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		len = sizeof(out);
		(void)sj_piv_sign(piv, 0x9A, kinds[i], in, 256, out, &len);
		len = sizeof(out);
		(void)sj_piv_generate(piv, 0x9A, kinds[i], SJ_PIV_POLICY_DEFAULT, out, &len);
	}
	len = sizeof(out);
	(void)sj_piv_agree(piv, 0x9D, SJ_PIV_P256, point, sizeof(point), out, &len);
	(void)sj_piv_random(piv, out, 24);
	(void)sj_piv_administer(piv, SJ_PIV_AES_128, in, 16);
	(void)sj_piv_write(piv, 0x5FFF10, in, 4);
	(void)sj_piv_change(piv, SJ_PIV_PIN, "123456", 6, "654321", 6, NULL);
	(void)sj_piv_unblock(piv, "12345678", 8, "654321", 6, NULL);
}

static bool key_run(struct sj_span in)
{
	struct sj_piv_options options = SJ_PIV_OPTIONS_INIT;
	struct liar liar = { .head = { .ops = &liar_ops } };
	struct sj_context *ctx = NULL;
	struct sj_card *card = NULL;
	struct sj_piv *piv = NULL;
	uint8_t first = 0;
	bool opened = false;

	if (!sj_take_u8(&in, &first) || sj_context_new(&ctx) != SJ_OK)
		return false;
	liar.answers = in;
	liar.contactless = (first & 1) != 0;
	options.ask = answer;
	if (sj_card_over(ctx, &liar.head, "liar", sj_clock_ms() + 60000, &card) == SJ_OK)
		opened = sj_piv_open(card, &options, &piv) == SJ_OK;
	if (opened) {
		call_reading(piv);
		call_keys(piv);
	}
	sj_piv_close(piv);
	sj_card_close(card);
	sj_context_free(ctx);
	return opened;
}

/* --- seeds ----------------------------------------------------------------------------- */

#define APT \
	"61114F0600001000010079074F05A0000003087F66080202040002020400" \
	"9000"
#define CHUID \
	"533B3019D4E739DA739CED39CE739D836858210842108421C84210C3EB" \
	"341000112233445566778899AABBCCDDEEFF350832303330303130313E00FE009000"
#define CONTENT \
	"53200000000000000000000000000000000000000000000000000000000000000000" \
	"9000"
#define DISCOVERY "7E124F0BA0000003080000100001005F2F0240009000"
#define META_KEY \
	"010111020202010301010443" \
	"8641" \
	"046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C2964FE342E2FE1A7F9B8E" \
	"E7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F59000"
#define SIGNATURE \
	"7C0A82083006020101020102" \
	"9000"

static bool put_answers(struct sj_writer *w, uint8_t first, const char *const *answers, size_t n)
{
	sj_put_u8(w, first);
	for (size_t i = 0; i < n; i++) {
		sj_put_be(w, 2, (uint32_t)strlen(answers[i]) / 2);
		if (!sj_hex_read(answers[i], strlen(answers[i]), w))
			return false;
	}
	return !w->failed;
}

/* In the order in which the calls ask. */
static bool key_seed(size_t i, struct sj_writer *w)
{
	static const char *const plain[] = {
		APT,
		CHUID,
		CONTENT,
		CHUID,
		CONTENT,
		DISCOVERY,
		"0507009000",
		"000000019000",
		"63C3",
		"0105050101060203039000",
		DISCOVERY,
		META_KEY,
		"530101"
		"9000",
		"530101"
		"9000",
		"530101"
		"9000",
		"300030009000",
		APT,
		"9000",
		SIGNATURE,
		META_KEY,
		SIGNATURE,
	};
	static const char *const odd[] = { APT,    "6D00", APT,    "6D00", "6D00", "6D00", "6D00",
					   "6A82", "6A82", "6D00", "6A82", "63C3", "6983", "6982" };

	if (i == 0)
		return put_answers(w, 0, plain, sizeof(plain) / sizeof(plain[0]));
	if (i == 1)
		return put_answers(w, 0, odd, sizeof(odd) / sizeof(odd[0]));
	return i == 2 && put_answers(w, 1, plain, sizeof(plain) / sizeof(plain[0]));
}

/* --- compressed certificates ---------------------------------------------------------------- */

static bool gzip_seed(size_t i, struct sj_writer *w)
{
	static const uint8_t text[300] = "a certificate";

	return i == 0 && sj_gzip(SJ_SPAN_OF(text), w);
}

static bool gzip_run(struct sj_span in)
{
	static uint8_t room[8192];
	struct sj_writer w = SJ_WRITER_OF(room);

	if (!sj_gunzip(in, &w))
		return false;
	fuzz_touch(sj_written(&w));
	return true;
}

/* Of Ed25519; of RSA, P-256 and P-384, made once. */
static bool import_seed(size_t i, struct sj_writer *w)
{
	static const char ed25519[] = "302E020100300506032B6570042204200001020304050607"
				      "08090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";
	static const char *const kinds[] = { "RSA-2048", "P-256", "P-384" };
	static struct sj_key *keys[3];

	if (i == 0)
		return sj_hex_read(ed25519, sizeof(ed25519) - 1, w);
	if (--i >= 3)
		return false;
	if (keys[i] == NULL)
		keys[i] = sj_key_generate(kinds[i]);
	return keys[i] != NULL && sj_key_put(keys[i], w);
}

static bool import_run(struct sj_span in)
{
	static uint8_t room[SJ_PIV_IMPORT_MAX];
	struct sj_writer w = SJ_WRITER_OF(room);
	enum sj_piv_algorithm algorithm;

	return sj_piv_import_put(in, &algorithm, &w);
}

struct fuzz_room fuzz_pivcard(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "pivcard", key_seed, key_run },
		{ "piv-gzip", gzip_seed, gzip_run },
		{ "piv-import", import_seed, import_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
