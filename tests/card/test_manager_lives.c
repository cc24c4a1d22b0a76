/* The manager: who may what, lives of card and applications, what it tells; its STATES.md. */
#include "tests/card/emrtd_reader.h"

static int blank(void **state)
{
	*state = bench_new();
	bench_manage(*state);
	return 0;
}

static int discard(void **state)
{
	bench_free(*state);
	return 0;
}

static uint16_t secured_by(struct bench *b, uint8_t level, const char *command)
{
	const struct sj_scp03_keys keys = rig_well_known();

	(void)bench_do(b, SELECT_MANAGER);
	if (level != 0)
		assert_int_equal(bench_channel(b, 0x30, &keys, rig_host_challenge(), level),
				 SJ_SW_OK);
	return bench_do(b, command);
}

#define AID_LDS "07A0000002471001"
#define AID_GATE "09F0534F4A4F55524E01"
#define GET_STATUS_APPS "80F24002024F0000"
#define LOCK_LDS "80F0408007A0000002471001"
#define DELETE_LDS "80E40000094F" AID_LDS
#define INSTALL_LDS "80E60C001E09F0534F4A4F55524EFF" AID_LDS AID_LDS "01000000"
#define UPDATE_LDS "80E640000D0000" AID_LDS "000000"

/* GP.md, "Who may what": in the clear, with C-MAC, with C-DECRYPTION too; blank and issued. */
static void test_who_may_what(void **state)
{
	static const struct {
		const char *command;
		uint16_t clear, mac, blank, issued;
	} rows[] = {
		{ "80CA9F7F00", 0x9000, 0x9000, 0x9000, 0x9000 },
		{ "80CA00E000", 0x9000, 0x9000, 0x9000, 0x9000 },
		{ GET_STATUS_APPS, 0x6982, 0x6310, 0x6310, 0x6310 },
		{ INSTALL, 0x6982, 0x6982, 0x9000, 0x6985 },
		{ "80E2080001FF", 0x6982, 0x6982, 0x6985, 0x6985 },
		{ INSTALL_LDS, 0x6982, 0x6982, 0x6985, 0x6985 },
		{ UPDATE_LDS, 0x6982, 0x6982, 0x9000, 0x9000 },
		{ DELETE_LDS, 0x6982, 0x6982, 0x9000, 0x6985 },
		{ "80D8008101FF", 0x6982, 0x6982, 0x6A80, 0x6A80 },
		{ LOCK_LDS, 0x6982, 0x6982, 0x9000, 0x9000 },
		{ "80F0800F", 0x6982, 0x6982, 0x6985, 0x6985 },
		{ "80E40000", 0x6700, 0x6700, 0x6700, 0x6700 },
		{ "80E8000001FF", 0x6D00, 0x6D00, 0x6D00, 0x6D00 }, /* LOAD */
		{ "80CA1234", 0x6A88, 0x6A88, 0x6A88, 0x6A88 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench *b = bench_new(), *done = bench_issued_as(ACCESS_BAC, PROFILE_OPEN);

		assert_int_equal(secured_by(b, 0, rows[i].command), rows[i].clear);
		assert_int_equal(secured_by(b, 0x01, rows[i].command), rows[i].mac);
		assert_int_equal(secured_by(b, 0x11, rows[i].command), rows[i].mac);
		assert_int_equal(secured_by(b, 0x33, rows[i].command), rows[i].blank);
		assert_int_equal(secured_by(done, 0, rows[i].command), rows[i].clear);
		assert_int_equal(secured_by(done, 0x03, rows[i].command), rows[i].issued);
		bench_free(b);
		bench_free(done);
	}
}

/* --- lives -------------------------------------------------------------------------------- */

static const char *const set_life[] = { "80F08007", "80F0800F", "80F0807F", "80F080FF" };

/* A whole card in this life. */
static struct bench *card_in(enum card_life life)
{
	struct bench *b = bench_new();

	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BAC), SJ_SW_OK);
	bench_perso_files(b);
	bench_profile(b, PROFILE_OPEN);
	bench_manage(b);
	if (life == CARD_INITIALIZED)
		assert_int_equal(bench_do(b, set_life[0]), SJ_SW_OK);
	if (life >= CARD_SECURED)
		assert_int_equal(bench_do(b, set_life[1]), SJ_SW_OK);
	if (life == CARD_LOCKED)
		assert_int_equal(bench_do(b, set_life[2]), SJ_SW_OK);
	if (life == CARD_TERMINATED)
		assert_int_equal(bench_do(b, set_life[3]), SJ_SW_OK);
	assert_int_equal(card_life(b->card), life);
	return b;
}

static void test_card_lives(void **state)
{
	static const enum card_life lives[] = { CARD_OP_READY, CARD_INITIALIZED, CARD_SECURED,
						CARD_LOCKED };
	static const uint16_t answers[4][4] = {
		/* 07      0F      7F      FF */
		{ 0x9000, 0x9000, 0x6985, 0x9000 },
		{ 0x6985, 0x9000, 0x6985, 0x9000 },
		{ 0x6985, 0x6985, 0x9000, 0x9000 },
		{ 0x6985, 0x9000, 0x6985, 0x9000 },
	};

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		struct bench *b = card_in(lives[i / 4]);
		static const enum card_life to[] = { CARD_INITIALIZED, CARD_SECURED, CARD_LOCKED,
						     CARD_TERMINATED };
		uint16_t sw = bench_do(b, set_life[i % 4]);

		assert_int_equal(sw, answers[i / 4][i % 4]);
		assert_int_equal(card_life(b->card), sw == SJ_SW_OK ? to[i % 4] : lives[i / 4]);
		bench_free(b);
	}
}

/* The life of an application, as GET STATUS tells it; 0: it is not listed. */
static uint8_t life_of(struct bench *b, const char *aid)
{
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0xF2, .p1 = 0x40, .p2 = 0x02, .ne = 256 };
	struct sj_span entry, life;

	sj_put_u8(&w, 0x4F);
	assert_true(sj_hex_read(aid, strlen(aid), &w));
	apdu.data = sj_written(&w);
	if (bench_send(b, &apdu) != SJ_SW_OK) {
		assert_int_equal(b->sw, SJ_SW_REFERENCE_NOT_FOUND);
		return 0;
	}
	assert_int_equal(sj_tlv_take(&b->data, 0xE3, &entry), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_find(entry, 0x9F70, &life), SJ_TLV_FOUND);
	return life.ptr[0];
}

#define UNLOCK_LDS "80F0400007A0000002471001"
#define FOR_INSTALL_LDS "80E604001E09F0534F4A4F55524EFF" AID_LDS AID_LDS "01000000"
#define SELECTABLE_LDS "80E608000D0000" AID_LDS "000000"

static void test_application_lives(void **state)
{
	static const char *const events[] = { FOR_INSTALL_LDS, SELECTABLE_LDS, INSTALL_LDS,
					      DELETE_LDS,      LOCK_LDS,       UNLOCK_LDS };
	/* Next life; 0xFF: refused with 6985, 0xFE: with 6A88. */
	static const struct {
		uint8_t life, next[6];
		const char *way[3]; /* from SELECTABLE */
	} cells[] = {
		{ 0x00, { 0x03, 0xFE, 0x07, 0xFE, 0xFE, 0xFE }, { DELETE_LDS } },
		{ 0x03, { 0xFF, 0x07, 0xFF, 0x00, 0x83, 0xFF }, { DELETE_LDS, FOR_INSTALL_LDS } },
		{ 0x07, { 0xFF, 0xFF, 0xFF, 0x00, 0x87, 0xFF }, { NULL } },
		{ 0x83,
		  { 0xFF, 0xFF, 0xFF, 0x00, 0xFF, 0x03 },
		  { DELETE_LDS, FOR_INSTALL_LDS, LOCK_LDS } },
		{ 0x87, { 0xFF, 0xFF, 0xFF, 0x00, 0xFF, 0x07 }, { LOCK_LDS } },
	};

	(void)state;
	for (size_t i = 0; i < 5 * 6; i++) {
		const uint8_t life = cells[i / 6].life, next = cells[i / 6].next[i % 6];
		struct bench *b = bench_new();

		bench_manage(b);
		for (size_t k = 0; k < 3 && cells[i / 6].way[k] != NULL; k++)
			assert_int_equal(bench_do(b, cells[i / 6].way[k]), SJ_SW_OK);
		assert_int_equal(life_of(b, AID_LDS), life);
		assert_int_equal(bench_do(b, events[i % 6]), next == 0xFF   ? 0x6985
							     : next == 0xFE ? 0x6A88
									    : 0x9000);
		assert_int_equal(life_of(b, AID_LDS), next >= 0xFE ? life : next);
		if ((next >= 0xFE ? life : next) != CARD_APP_SELECTABLE)
			assert_int_equal(bench_do(b, SELECT_LDS), SJ_SW_NOT_FOUND);
		bench_free(b);
	}
}

/* Locked while it is selected on another channel: it is left there. */
static void test_personalised_and_locked(void **state)
{
	struct bench *b = bench_issued_as(ACCESS_BAC, PROFILE_OPEN);

	(void)state;
	bench_manage(b);
	assert_int_equal(life_of(b, AID_LDS), 0x0F);
	assert_int_equal(life_of(b, AID_GATE), 0x07);
	assert_int_equal(bench_hex(b, "0070000001"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "01A4040C07A0000002471001"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "0184000008"), SJ_SW_OK);
	b->channel.open = true; /* the one above was on another channel */
	assert_int_equal(bench_do(b, LOCK_LDS), SJ_SW_OK);
	assert_int_equal(life_of(b, AID_LDS), 0x8F);
	assert_int_equal(bench_hex(b, "01A4040C07A0000002471001"), SJ_SW_NOT_FOUND);
	assert_int_not_equal(bench_hex(b, "0182000028" /* its row is gone */), SJ_SW_OK);
	b->channel.open = true;
	assert_int_equal(bench_do(b, UNLOCK_LDS), SJ_SW_OK);
	assert_int_equal(life_of(b, AID_LDS), 0x0F);
	bench_bac(b);
	bench_free(b);
}

static void test_a_locked_card_opens_for_its_manager_alone(void **state)
{
	struct bench *b = card_in(CARD_LOCKED);

	(void)state;
	bench_power(b);
	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(b, "00A4040C09F0534F4A4F55524E01"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(b, SELECT_MANAGER), SJ_SW_FILE_DEACTIVATED);
	assert_bytes(b->data, "6F118408A000000151000000A5059F6502FFFF");
	assert_int_equal(secured_by(b, 0x33, INSTALL), SJ_SW_CONDITIONS);
	assert_int_equal(bench_do(b, "80F0800F"), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_LDS), SJ_SW_OK);
	bench_free(b);
}

static void test_a_terminated_card_keeps_nothing(void **state)
{
	struct bench *b = card_in(CARD_TERMINATED);
	struct card_key_info key;
	uint32_t id = CARD_OBJECT_EMRTD;

	(void)state;
	assert_false(card_store_next(b->store, &id));
	assert_false(card_key_at(b->store, 0, &key));
	for (unsigned power = 0; power < 2; power++) {
		assert_int_equal(bench_hex(b, SELECT_MANAGER), SJ_SW_OK);
		assert_int_equal(bench_hex(b, "80CA9F7F00"), SJ_SW_OK);
		assert_int_equal(bench_hex(b, "80CA00E000"), SJ_SW_CONDITIONS);
		assert_int_equal(bench_hex(b, "8050000008010203040506070800"), SJ_SW_CONDITIONS);
		assert_int_equal(bench_hex(b, INSTALL), SJ_SW_CONDITIONS);
		assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_NOT_FOUND);
		assert_int_equal(bench_hex(b, "00A4000C"), SJ_SW_CONDITIONS);
		bench_power(b);
		assert_int_equal(bench_hex(b, "00B09C0000"), SJ_SW_CONDITIONS); /* the MF's */
	}
	bench_free(b);
}

static void test_delete_wipes_and_install_brings_back(void **state)
{
	struct bench *b = bench_new();
	uint32_t id = CARD_OBJECT_EMRTD;

	(void)state;
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BAC), SJ_SW_OK);
	bench_perso_files(b);
	assert_int_equal(bench_do(b, DELETE_LDS), SJ_SW_OK);
	assert_bytes(b->data, "00");
	assert_false(card_store_next(b->store, &id));
	assert_int_equal(bench_do(b, "80E20801020000"), SJ_SW_CONDITIONS); /* the sequence too */
	assert_int_equal(bench_do(b, INSTALL), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_do(b, SELECT_LDS), SJ_SW_NOT_FOUND);
	bench_manage(b);
	assert_int_equal(bench_do(b, INSTALL_LDS), SJ_SW_OK);
	assert_int_equal(bench_do(b, LOCK), SJ_SW_CONDITIONS); /* it is there, and has nothing */
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BAC), SJ_SW_OK);
	bench_perso_files(b);
	bench_lock(b);
	bench_bac(b);
	bench_free(b);
}

static void test_the_lock_asks_who_is_there(void **state)
{
	assert_int_equal(bench_do(*state, LOCK), SJ_SW_CONDITIONS);
	assert_int_equal(bench_do(*state, DELETE_LDS), SJ_SW_OK);
	assert_int_equal(bench_do(*state, LOCK), SJ_SW_OK);
	assert_int_equal(life_of(*state, AID_LDS), 0x00);
}

static void test_install_of_what_is_built_in(void **state)
{
	static const struct {
		const char *data;
		uint16_t sw;
	} wrong[] = {
		{ "08A000000151000000" AID_LDS AID_LDS "01000000", 0x6A88 }, /* no such load file */
		{ "09F0534F4A4F55524EFF07A000000247100207A000000247100201000000", 0x6A88 },
		{ "09F0534F4A4F55524EFF" AID_LDS "07A000000247100201000000", 0x6A80 },
		{ "09F0534F4A4F55524EFF" AID_LDS AID_LDS "01800000", 0x6A80 }, /* a privilege */
		{ "09F0534F4A4F55524EFF" AID_LDS AID_LDS "0100000105", 0x6A80 }, /* a token */
		{ "09F0534F4A4F55524EFF" AID_LDS AID_LDS "0100", 0x6A80 },
		{ "09F0534F4A4F55524EFF" AID_LDS AID_LDS "0200000000", 0x6A80 },
	};

	assert_int_equal(bench_do(*state, DELETE_LDS), SJ_SW_OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sj_apdu apdu = { .cla = 0x80, .ins = 0xE6, .p1 = 0x0C, .ne = 256 };

		apdu.data = HEX(wrong[i].data);
		assert_int_equal(bench_send(*state, &apdu), wrong[i].sw);
	}
	assert_int_equal(bench_do(*state, "80E60C002209F0534F4A4F55524EFF" AID_LDS AID_LDS
					  "0300000002C90000"),
			 SJ_SW_OK);
}

static void test_registry_update_asks_nothing(void **state)
{
	assert_int_equal(bench_do(*state, UPDATE_LDS), SJ_SW_OK);
	assert_bytes(((struct bench *)*state)->data, "00");
	assert_int_equal(bench_do(*state, "80E640000E0000" AID_LDS "01040000"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(*state, "80E640000F0000" AID_LDS "0002C90000"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(*state, "80E640000D000007A0000002471002000000"),
			 SJ_SW_REFERENCE_NOT_FOUND);
}

static void test_delete_refuses(void **state)
{
	static const struct {
		const char *command;
		uint16_t sw;
	} wrong[] = {
		{ "80E400000A4F08A000000151000000", SJ_SW_CONDITIONS },
		{ "80E400000B4F09F0534F4A4F55524EFF", SJ_SW_CONDITIONS },
		{ "80E40000094F07A0000002471002", SJ_SW_REFERENCE_NOT_FOUND },
		{ "80E40000084F06A00000024710", SJ_SW_REFERENCE_NOT_FOUND },
		{ "80E40000024F07", SJ_SW_WRONG_DATA },
		{ "80E4000003D20131", SJ_SW_WRONG_DATA },
		{ "80E400000A4F" AID_LDS "00", SJ_SW_WRONG_DATA },
		{ "80E40080094F" AID_LDS, SJ_SW_WRONG_P1P2 },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bench_do(*state, wrong[i].command), wrong[i].sw);
	assert_int_equal(life_of(*state, AID_LDS), 0x07);
}

/* --- what it tells --------------------------------------------------------------------------- */

static void test_get_status(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "80F28002024F0000"), SJ_SW_OK);
	assert_bytes(b->data, "E3134F08A0000001510000009F700101C5039EFE80");
	assert_int_equal(bench_do(b, "80F22002024F0000"), SJ_SW_OK);
	assert_bytes(b->data, "E3194F09F0534F4A4F55524EFF9F700101CC08A000000151000000");
	assert_int_equal(bench_do(b, "80F21002024F0000"), SJ_SW_OK);
	assert_bytes(b->data,
		     "E3454F09F0534F4A4F55524EFF9F7001018407A00000024710018409E80704007F00070302"
		     "8409F0534F4A4F55524E01840BA000000308000010000100CC08A000000151000000");
	assert_int_equal(bench_do(b, "80F240020C4F04A00000025C049F70C5C400"), SJ_SW_OK);
	assert_bytes(b->data, "E3274F07A00000024710019F700107C503000000C409F0534F4A4F55524EFF"
			      "CC08A000000151000000");
	assert_int_equal(bench_do(b, "80F28002074F03A000004F00"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(b, "80F28002034F01A100"), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_do(b, "80F24002034F01A100"), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_do(b, "80F28000024F0000"), SJ_SW_WRONG_P1P2); /* not as TLV */
	assert_int_equal(bench_do(b, "80F2C002024F0000"), SJ_SW_WRONG_P1P2);
	assert_int_equal(bench_do(b, "80F24002024F05"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(b, "80F28003024F0000"), SJ_SW_CONDITIONS);
}

static void test_get_status_in_pieces(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "80F24003024F0000"), SJ_SW_CONDITIONS);
	assert_int_equal(bench_do(b, GET_STATUS_APPS), 0x6310);
	assert_int_equal(b->data.len, 41 + 43 + 43);
	assert_int_equal(bench_do(b, "80F24003024F0000"), SJ_SW_OK);
	assert_int_equal(b->data.len, 45);
	assert_int_equal(bench_do(b, "80F24003024F0000"), SJ_SW_CONDITIONS);
	assert_int_equal(bench_do(b, GET_STATUS_APPS), 0x6310);
	assert_int_equal(bench_do(b, "80F28002024F0000"), SJ_SW_OK); /* another list */
	assert_int_equal(bench_do(b, "80F24003024F0000"), SJ_SW_CONDITIONS);
}

static void test_get_data(void **state)
{
	struct bench *b = *state;
	struct sj_span serial;

	assert_int_equal(bench_do(b, "80CA006600"), SJ_SW_OK);
	assert_bytes(b->data, "6631732F06072A864886FC6B01600C060A2A864886FC6B02020301"
			      "630906072A864886FC6B03640B06092A864886FC6B040370");
	assert_int_equal(bench_do(b, "80CA00E000"), SJ_SW_OK);
	assert_bytes(b->data, "E012C00401308810C00402308810C00403308810");
	assert_int_equal(bench_do(b, "80CA00C100"), SJ_SW_OK);
	assert_bytes(b->data, "C103000001");
	assert_int_equal(bench_do(b, "80CA004200"), SJ_SW_OK);
	assert_bytes(b->data, "4207534F4A4F55524E");
	assert_true(card_serial(b->store, &serial));
	assert_int_equal(bench_do(b, "80CA004500"), SJ_SW_OK);
	assert_int_equal(b->data.len, 10);
	assert_memory_equal(b->data.ptr + 2, serial.ptr, CARD_SERIAL_SIZE);
	assert_int_equal(bench_do(b, "80CA9F7F00"), SJ_SW_OK);
	assert_int_equal(b->data.len, 45);
	assert_memory_equal(b->data.ptr + 3 + 12, serial.ptr, 6);
	assert_int_equal(bench_do(b, "80CA00660101"), SJ_SW_WRONG_LENGTH);
}

/* Issued before there were channels: life 01, no keys, which nobody may invent. */
static void test_cards_of_before(void **state)
{
	struct bench *b = bench_issued_as(ACCESS_BAC, PROFILE_OPEN);
	static const uint8_t issued = 0x01;

	(void)state;
	assert_true(card_store_set(b->store, CARD_OBJECT_HOST + 1, sj_span(&issued, 1)));
	assert_true(card_store_delete(b->store, CARD_OBJECT_MANAGER + 0x130));
	assert_int_equal(card_store_commit(b->store), CARD_STORE_OK);
	assert_int_equal(card_life(b->card), CARD_SECURED);
	assert_int_equal(bench_hex(b, SELECT_MANAGER), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "8050000008010203040506070800"), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_hex(b, "80CA00E000"), SJ_SW_OK);
	assert_bytes(b->data, "E000");
	bench_bac(b);
	bench_free(b);
}

#define BLANK(test) cmocka_unit_test_setup_teardown(test, blank, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_may_what),
		cmocka_unit_test(test_card_lives),
		BLANK(test_application_lives),
		cmocka_unit_test(test_personalised_and_locked),
		cmocka_unit_test(test_a_locked_card_opens_for_its_manager_alone),
		cmocka_unit_test(test_a_terminated_card_keeps_nothing),
		cmocka_unit_test(test_delete_wipes_and_install_brings_back),
		BLANK(test_the_lock_asks_who_is_there),
		BLANK(test_install_of_what_is_built_in),
		BLANK(test_registry_update_asks_nothing),
		BLANK(test_delete_refuses),
		BLANK(test_get_status),
		BLANK(test_get_status_in_pieces),
		BLANK(test_get_data),
		cmocka_unit_test(test_cards_of_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
