/* The key applet: what its extensions read, and a whole card whose management key is proved. */
#include "tests/card/no_clock.h"
#include "tests/fuzz/parsers.h"

#include <stdlib.h>

#include "applets/piv/yubico.h"
#include "crypt/cipher.h"
#include "host/card.h"
#include "wire/tlv.h"

/* --- IMPORT's data field ------------------------------------------------------------- */

static bool import_seed(size_t i, struct sj_writer *w)
{
	static const uint8_t numbers[128] = { 1, 2, 3 };

	if (i == 0)
		sj_tlv_put(w, YUBICO_IMPORT_EC, sj_span(numbers, 32));
	for (uint8_t tag = 1; i == 1 && tag <= 5; tag++)
		sj_tlv_put(w, tag, sj_span(numbers, 128));
	if (i == 2)
		sj_tlv_put(w, YUBICO_IMPORT_ED25519, sj_span(numbers, 32));
	sj_put(w, SJ_SPAN_STR("\xAA\1\2\xAB\1\1"));
	return i < 3;
}

static bool import_run(struct sj_span in)
{
	struct yubico_parts parts;

	if (!yubico_parts_read(in, &parts))
		return false;
	for (size_t i = 0; i <= YUBICO_PARTS; i++)
		fuzz_touch(parts.part[i]);
	return true;
}

/* --- the certificate of F9 -------------------------------------------------------------- */

static bool signer_seed(size_t i, struct sj_writer *w)
{
	size_t outer = sj_tlv_open(w), tbs = sj_tlv_open(w);

	sj_put(w, SJ_SPAN_STR("\xA0\3\2\1\2\2\1\1\x30\0\x30\0\x30\4\x17\0\x17\0\x30\2\x31\0"));
	sj_tlv_close(w, 0x30, tbs);
	sj_put(w, SJ_SPAN_STR("\x30\0\3\1\0"));
	sj_tlv_close(w, 0x30, outer);
	return i == 0;
}

static bool signer_run(struct sj_span in)
{
	struct yubico_signer signer;

	if (!yubico_signer_read(in, &signer))
		return false;
	fuzz_touch(signer.subject);
	fuzz_touch(signer.validity);
	return true;
}

/* --- a whole card: commands, each with a two-byte length in front ------------------------- */

/* Its random numbers: so a seed can hold the right answer to its challenge. */
static bool no_random(void *self, uint8_t *out, size_t n)
{
	(void)self;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(i + 1);
	return true;
}

static void put_command(struct sj_writer *w, struct sj_span command)
{
	sj_put_be(w, 2, (uint32_t)command.len);
	sj_put(w, command);
}

static void put_proof(struct sj_writer *w)
{
	static const uint8_t key[] = { 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4,
				       5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t challenge[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	uint8_t command[5 + 12], answer[SJ_TDES_BLOCK];
	struct sj_writer c = SJ_WRITER_OF(command);

	if (!sj_tdes_encrypt(key, challenge, answer))
		w->failed = true;
	sj_put(&c, SJ_SPAN_STR("\0\x87\3\x9B\x0C\x7C\x0A\x82\x08"));
	sj_put(&c, SJ_SPAN_OF(answer));
	put_command(w, SJ_SPAN_STR("\0\x87\3\x9B\4\x7C\2\x81\0"));
	put_command(w, sj_written(&c));
}

/* A session of secure messaging, and a protected command in parts with a wrong MAC. */
static void put_messaging(struct sj_writer *w)
{
	static const uint8_t parts[][12] = {
		{ 0x1C, 0xCB, 0x3F, 0xFF, 0x07, 0x87, 0x11, 0x01, 1, 2, 3, 4 },
		{ 0x1C, 0xCB, 0x3F, 0xFF, 0x07, 5, 6, 7, 8, 9, 10, 11 },
		{ 0x0C, 0xCB, 0x3F, 0xFF, 0x07, 12, 13, 14, 15, 16, 0x8E, 0x00 },
	};
	uint8_t command[128];
	struct sj_writer c = SJ_WRITER_OF(command);
	struct sj_ec_point point = { .len = 0 };

	if (!sj_ec_multiply(SJ_P256, &(struct sj_ec_secret){ { [31] = 2 }, 32 }, NULL, &point))
		w->failed = true;
	sj_put(&c, SJ_SPAN_STR("\0\x87\x27\4\x50\x7C\x4E\x81\x4A\0ABCDEFGH"));
	sj_put(&c, sj_ec_point_span(&point));
	sj_put(&c, SJ_SPAN_STR("\x82\0\0"));
	put_command(w, sj_written(&c));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		put_command(w, SJ_SPAN_OF(parts[i]));
}

static bool key_card_seed(size_t i, struct sj_writer *w)
{
	static const char select[] = "\0\xA4\4\0\5\xA0\0\0\3\x08";
	static const char pin[] = "\0\x20\0\x80\x08"
				  "123456\xFF\xFF";
	const struct sj_span seeds[][4] = {
		{ SJ_SPAN_STR("\0\x47\0\x9A\5\xAC\3\x80\1\x11"), SJ_SPAN_STR("\0\xF9\x9A\0\0"),
		  SJ_SPAN_STR("\0\xF6\x9C\x9A"), SJ_SPAN_STR("\0\xF7\0\x9C\0") },
		{ SJ_SPAN_STR("\0\xFE\x11\x9A\x22\6\x20"
			      "abcdefghijklmnopqrstuvwxyzabcdef"),
		  SJ_SPAN_STR("\0\xFA\5\5"), SJ_SPAN_STR("\0\xF8\0\0\0"),
		  SJ_SPAN_STR("\0\xFF\xFF\xFF\x13\x08\x9B\x10"
			      "abcdefghijklmnop") },
		{ SJ_SPAN_STR("\0\xDB\x3F\xFF\x0A\x5C\3\x5F\xC1\2\x53\3\x30\1\0"),
		  SJ_SPAN_STR("\0\xCB\x3F\xFF\5\x5C\3\x5F\xC1\2\0"), SJ_SPAN_STR("\0\xFB\0\0"),
		  SJ_SPAN_STR("\0\xF7\0\x80\0") },
	};

	if (i > sizeof(seeds) / sizeof(seeds[0]))
		return false;
	put_command(w, sj_span((const uint8_t *)select, sizeof(select) - 1));
	put_command(w, sj_span((const uint8_t *)pin, sizeof(pin) - 1));
	if (i == sizeof(seeds) / sizeof(seeds[0])) {
		put_messaging(w);
		return true;
	}
	put_proof(w);
	for (size_t k = 0; k < 4; k++)
		put_command(w, seeds[i][k]);
	return true;
}

/* As after RESET, with a key for messaging, and issued. */
static bool make_card(struct card_store *s)
{
	static const uint8_t issued = 1, identity[PIV_GUID_SIZE + 4] = { 1 };
	static const uint8_t key_04[4 + 32] = { PIV_ALG_CS2, 1, 1, 1, [35] = 3 };

	return card_store_set(s, 1, sj_span(&issued, 1)) &&
	       card_store_set(s, PIV_STORE_IDENTITY, SJ_SPAN_OF(identity)) &&
	       card_store_set(s, PIV_STORE_POLICY, SJ_SPAN_STR("\x40\0")) &&
	       card_store_set(s, PIV_STORE_KEY + PIV_KEY_SECURE_MESSAGING, SJ_SPAN_OF(key_04)) &&
	       card_store_set(s, PIV_STORE_CVC, SJ_SPAN_STR("\x7F\x21\0")) &&
	       yubico_password_default(s, PIV_REF_PIN, 3) &&
	       yubico_password_default(s, PIV_REF_PUK, 3) && yubico_admin_default(s) == SJ_SW_OK &&
	       card_store_commit(s) == CARD_STORE_OK;
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

static bool with_card(struct sj_span in, bool (*make)(struct card_store *s),
		      void (*run)(struct card *card, struct sj_span in))
{
	struct card_config config = {
		.interface = CARD_CONTACT,
		.clock = no_clock(),
		.random = { no_random, NULL },
	};
	struct card *card = NULL;

	if (card_store_memory(&config.store) == CARD_STORE_OK &&
	    (make == NULL || make(config.store)))
		card = card_new(&config);
	if (card != NULL)
		run(card, in);
	card_free(card);
	if (config.store != NULL)
		card_store_close(config.store);
	return card != NULL;
}

static bool key_card_run(struct sj_span in)
{
	return with_card(in, make_card, transmit_all);
}

/* --- personalisation: groupings, id and size (two bytes each) in front ------------------------- */

static void put_grouping(struct sj_writer *w, uint16_t dgi, struct sj_span value)
{
	sj_put_be(w, 2, dgi);
	sj_put_be(w, 2, (uint32_t)value.len);
	sj_put(w, value);
}

static bool groupings_seed(size_t i, struct sj_writer *w)
{
	put_grouping(w, 0x0000, sj_span(NULL, 0));
	put_grouping(w, 0x0002,
		     SJ_SPAN_STR("\x80\3"
				 "123456\xFF\xFF"));
	put_grouping(w, 0x0003, SJ_SPAN_STR("12345678"));
	put_grouping(w, 0x0004,
		     SJ_SPAN_STR("\x08"
				 "abcdefghijklmnop"));
	put_grouping(w, 0x0005, SJ_SPAN_STR("\x40\0"));
	put_grouping(w, 0x0010, SJ_SPAN_STR("\x5F\xC1\2abc"));
	put_grouping(w, 0x0020, SJ_SPAN_STR("\x9A\x11\0\0"));
	put_grouping(w, 0x0021,
		     SJ_SPAN_STR("\x9A\x11\0\0\6\x20"
				 "abcdefghijklmnopqrstuvwxyzabcdef"));
	put_grouping(w, 0x0022, SJ_SPAN_STR("\x7F\x21\0"));
	return i == 0;
}

static void personalise_all(struct card *card, struct sj_span in)
{
	uint8_t bytes[2048];
	const struct sj_apdu none = { .ne = 0 };
	struct sj_span value;
	uint32_t dgi, size;

	while (sj_take_be(&in, 2, &dgi) && sj_take_be(&in, 2, &size) &&
	       sj_take(&in, size, &value)) {
		struct sj_writer out = SJ_WRITER_OF(bytes);
		struct card_call call = { .card = card, .apdu = &none, .out = &out };

		(void)piv_personalise(&call, (uint16_t)dgi, value);
		fuzz_touch(sj_written(&out));
	}
}

static bool groupings_run(struct sj_span in)
{
	return with_card(in, NULL, personalise_all);
}

struct fuzz_room fuzz_key(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "key-import", import_seed, import_run },
		{ "key-attester", signer_seed, signer_run },
		{ "key-card-commands", key_card_seed, key_card_run },
		{ "key-groupings", groupings_seed, groupings_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
