#include "tests/fuzz/parsers.h"

#include <stdlib.h>
#include <string.h>

#include "applets/emrtd/state.h"
#include "applets/gate/state.h"
#include "crypt/hash.h"
#include "host/card.h"
#include "host/store.h"
#include "host/store_internal.h"
#include "link/vpcd.h"
#include "tests/card/no_clock.h"

/* --- the stream from the virtual reader ------------------------------------------ */

static bool vpcd_seed(size_t i, struct sj_writer *w)
{
	sj_put(w, SJ_SPAN_STR("\0\1\1\0\1\4\0\5\0\xB0\0\0\0\0\1\2\0\1\0"));
	return i == 0;
}

static bool vpcd_run(struct sj_span in)
{
	struct sj_span body;
	enum card_vpcd_message message;

	while ((message = card_vpcd_take(&in, &body)) != CARD_VPCD_NONE) {
		if (message == CARD_VPCD_BROKEN)
			return false;
		if (message == CARD_VPCD_COMMAND)
			fuzz_touch(body);
	}
	return in.len == 0;
}

/* --- the access configuration of the identity applet --------------------------------- */

static bool access_seed(size_t i, struct sj_writer *w)
{
	sj_put(w, SJ_SPAN_STR("\x80\x01\x03\x81\x06\x31\x32\x33\x34\x35\x36\x82\x18"
			      "L898902C3674081221204159\x83\x03\x00\x01\x0D"));
	return i == 0;
}

static bool access_run(struct sj_span in)
{
	struct emrtd_access access;

	if (!emrtd_access_parse(in, &access))
		return false;
	fuzz_touch(access.can);
	fuzz_touch(access.mrz);
	return true;
}

/* --- GENERAL AUTHENTICATE of the gate applet ---------------------------------------------- */

static bool gate_seed(size_t i, struct sj_writer *w)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR("\x7C\x08\x80\x02\x84\x43\x82\x02\x41\x00"),
		SJ_SPAN_STR("\x7C\x03\x84\x01\x40"),
		SJ_SPAN_STR("\x7C\x04\x8F\x02\x01\x60"),
	};

	if (i >= sizeof(seeds) / sizeof(seeds[0]))
		return false;
	sj_put(w, seeds[i]);
	return true;
}

static bool gate_run(struct sj_span in)
{
	struct gate_parts parts;

	if (!gate_parts_parse(in, &parts))
		return false;
	for (size_t i = 0; i < GATE_PARTS; i++)
		fuzz_touch(parts.part[i]);
	return true;
}

static bool birth_seed(size_t i, struct sj_writer *w)
{
	sj_put(w, i == 0 ? SJ_SPAN_STR("\x19\x90\x06\x15") : SJ_SPAN_STR("\x20\x00\x00\x00"));
	return i < 2;
}

static bool birth_run(struct sj_span in)
{
	uint32_t born;

	return gate_birth_date(in, &born) && gate_ages(born, 20270115) <= 0x7F;
}

/* --- message_2, as the Initiator takes it ----------------------------------------------------- */

static const uint8_t exchange_key[SJ_EDHOC_KEY] = { [SJ_EDHOC_KEY - 1] = 2 };
static const uint8_t exchange_hash[SJ_EDHOC_HASH] = { 1 };

/* C_R 05 under the keystream of a Responder whose key is 1. */
static bool message_2_seed(size_t i, struct sj_writer *w)
{
	static const uint8_t one[SJ_EDHOC_KEY] = { [SJ_EDHOC_KEY - 1] = 1 };
	const struct sj_edhoc_suite *suite = sj_edhoc_suite(3);
	uint8_t g_y[SJ_EDHOC_KEY], shared[SJ_EDHOC_KEY], th_2[SJ_EDHOC_HASH], text = 0x05;
	struct sj_edhoc_prk prk = { .mac = NULL };
	bool ok;

	ok = sj_edhoc_public(suite, one, g_y) &&
	     sj_edhoc_th_2(SJ_SPAN_OF(g_y), exchange_hash, th_2) &&
	     sj_edhoc_agree(suite, exchange_key, SJ_SPAN_OF(g_y), shared) &&
	     sj_edhoc_extract(&prk, SJ_SPAN_OF(th_2), SJ_SPAN_OF(shared)) &&
	     sj_edhoc_stream(&prk, SJ_EDHOC_KEYSTREAM_2, th_2, &text, 1);
	sj_edhoc_prk_end(&prk);
	sj_cbor_put_bytes_head(w, SJ_EDHOC_KEY + 1);
	sj_put(w, SJ_SPAN_OF(g_y));
	sj_put_u8(w, text);
	return ok && i == 0;
}

static bool message_2_run(struct sj_span in)
{
	struct initiator initiator = { .state = INITIATOR_NONE };
	struct sj_edhoc_plaintext plain;
	bool ok;

	initiator_begin(&initiator, SJ_EDHOC_PSK, sj_edhoc_suite(3), exchange_key, exchange_hash);
	ok = initiator_message_2(&initiator, in, &plain);
	if (ok) {
		fuzz_touch(plain.c_r);
		fuzz_touch(plain.ead);
	}
	initiator_end(&initiator);
	return ok;
}

/* --- a card file ------------------------------------------------------------------------ */

static bool store_seed(size_t i, struct sj_writer *w)
{
	struct card_store *s = store_new();
	struct store_log log = { .length = 0 };
	bool ok = i == 0 && s != NULL && card_store_set(s, 1, SJ_SPAN_STR("one")) &&
		  card_store_set(s, 0x02000001, SJ_SPAN_STR("another, longer one")) &&
		  store_put_image(w, &s->table, 1, &log);

	if (s != NULL)
		card_store_close(s);
	return ok;
}

static bool store_run(struct sj_span in)
{
	struct card_store *s = store_new();
	struct sj_span value;
	uint32_t id = 0;
	bool ok = s != NULL && store_load(s, in) == CARD_STORE_OK;

	while (ok && card_store_next(s, &id)) {
		if (card_store_get(s, id, &value))
			fuzz_touch(value);
		if (id++ == UINT32_MAX)
			break;
	}
	if (s != NULL)
		card_store_close(s);
	return ok;
}

/* --- the same from inside: transactions whose checks hold; how (1), size (2), entries ------------ */

#define CHECKED 16u /* bytes of a head before its own check, and of a check */

static bool put_check(struct sj_writer *w, const struct sj_span *parts, size_t count, size_t n)
{
	uint8_t digest[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, parts, count, digest))
		return false;
	sj_put(w, sj_span(digest, n));
	return !w->failed;
}

/* STORE.md; bit 0 of how: the number is not the next; bit 1: the check of the entries is wrong. */
static bool put_transaction(struct sj_writer *w, uint8_t how, uint32_t number,
			    struct sj_span entries, uint8_t check[static CHECKED])
{
	uint8_t *at = w->ptr + w->len;
	struct sj_span parts[3];

	sj_put(w, SJ_SPAN_STR("TXN1\0\0\0\0"));
	sj_put_be(w, 4, number + 5u * (how & 1u));
	sj_put_be(w, 4, (uint32_t)entries.len);
	parts[0] = sj_span(at, CHECKED);
	if (w->failed || !put_check(w, parts, 1, 8))
		return false;
	sj_put(w, entries);
	parts[0] = sj_span(check, CHECKED);
	parts[1] = sj_span(at, CHECKED + 8);
	parts[2] = entries;
	check[0] ^= (how >> 1) & 1u;
	if (!put_check(w, parts, 3, CHECKED))
		return false;
	memcpy(check, w->ptr + w->len - CHECKED, CHECKED);
	return true;
}

static bool entries_run(struct sj_span in)
{
	static uint8_t bytes[2 * FUZZ_SEED_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct store_log log = { .length = 0 };
	struct sj_span entries;
	uint32_t how, n;

	if (!store_put_header(&w, &log))
		return false;
	for (uint32_t number = 1; sj_take_be(&in, 1, &how) && sj_take_be(&in, 2, &n) &&
				  sj_take(&in, n < in.len ? n : in.len, &entries);
	     number++)
		if (!put_transaction(&w, (uint8_t)how, number, entries, log.check))
			return false;
	return store_run(sj_written(&w));
}

static bool entries_seed(size_t i, struct sj_writer *w)
{
	/* An object set, changed in the middle, made longer, and gone; then what is not there. */
	const struct sj_span seeds[] = {
		SJ_SPAN_STR("\0\0\x0C\1\0\0\0\7\0\0\0\3abc\0\0\x17"
			    "\2\0\0\0\7\0\0\0\1\0\0\0\1x"
			    "\1\0\0\0\x08\0\0\0\0\0\0\5\3\0\0\0\7"),
		SJ_SPAN_STR("\0\0\x0C\1\0\0\0\7\0\0\0\3abc\0\0\x0F"
			    "\2\0\0\0\7\0\0\0\3\0\0\0\2xy"),
	};

	if (i < 2)
		sj_put(w, seeds[i]);
	return i < 2;
}

/* --- a whole card: commands, each with a two-byte length in front ---------------------------- */

#define COMMAND(size, bytes) "\0" size bytes

static bool card_seed(size_t i, struct sj_writer *w)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR(COMMAND("\x05", "\x00\xB0\x9C\x00\x00")
				    COMMAND("\x0C", "\x00\xA4\x04\x0C\x07\xA0\0\0\x02\x47\x10\x01")
					    COMMAND("\x05", "\x00\x84\x00\x00\x08")),
		SJ_SPAN_STR(COMMAND("\x0D", "\x00\xA4\x04\x00\x08\xA0\0\0\x01\x51\0\0\0") COMMAND(
			"\x12", "\x80\xE6\x20\x00\x0D\0\0\x07\xA0\0\0\x02\x47\x10"
				"\x01\0\0\0")
				    COMMAND("\x16",
					    "\x80\xE2\x88\x00\x11\x00\x02\x0E\x3F\x00\x01\x1E\0\0\0"
					    "\x31\x05\x30\x03\x06\x01\x2A\x00")
					    COMMAND("\x05", "\x00\x70\x00\x00\x01")),
	};

	if (i >= sizeof(seeds) / sizeof(seeds[0]))
		return false;
	sj_put(w, seeds[i]);
	return true;
}

static void transmit_all(struct card *card, struct sj_span in)
{
	uint8_t atr[CARD_ATR_MAX], *response = malloc(SJ_APDU_RESPONSE_MAX);
	struct sj_span command;
	uint32_t size;

	(void)card_power_on(card, atr);
	while (response != NULL && sj_take_be(&in, 2, &size) && sj_take(&in, size, &command))
		fuzz_touch(sj_span(response, card_transmit(card, command, response)));
	card_power_off(card);
	free(response);
}

static bool card_run(struct sj_span in)
{
	struct card_config config = {
		.interface = CARD_CONTACTLESS,
		.clock = no_clock(),
		.random = sj_random_system(),
	};
	struct card *card = NULL;

	if (card_store_memory(&config.store) == CARD_STORE_OK)
		card = card_new(&config);
	if (card != NULL)
		transmit_all(card, in);
	card_free(card);
	if (config.store != NULL)
		card_store_close(config.store);
	return card != NULL;
}

struct fuzz_room fuzz_card(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "vpcd-stream", vpcd_seed, vpcd_run },
		{ "emrtd-access", access_seed, access_run },
		{ "gate-parts", gate_seed, gate_run },
		{ "gate-birth-date", birth_seed, birth_run },
		{ "gate-message-2", message_2_seed, message_2_run },
		{ "card-file", store_seed, store_run },
		{ "card-file-entries", entries_seed, entries_run },
		{ "card-commands", card_seed, card_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
