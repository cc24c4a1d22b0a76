/* Extended Access Control on the card: what terminals with good certificates get, and what not. */
#include <stdio.h>

#include "tests/card/eid_rig.h"
#include "wire/std/tr03110.h"

#define READ_SECURITY "00B09D0000"
#define READ_DG1 "00B0810000"
#define READ_DG3 "00B0830000"
#define READ_DG4 "00B0840000"
#define READ_CVCA "00B09C0000"

struct fixture {
	struct eac_chain at, is;
	struct eac_card card;
	struct eac_terminal t;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	eac_chain(&f->at, "P-256", SJ_CVC_AUTHENTICATION);
	eac_chain(&f->is, "P-256", SJ_CVC_INSPECTION);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->card.b != NULL)
		bench_free(f->card.b);
	eac_chain_forget(&f->at);
	eac_chain_forget(&f->is);
	free(f);
	return 0;
}

/* An eID card that knows both kinds. */
static void issue_eid(struct fixture *f)
{
	const struct eac_plan plan = { .flags = CARD_EAC_EID,
				       .date = EAC_2026,
				       .anchors = { eac_made(&f->at.cvca), eac_made(&f->is.cvca) },
				       .keys = true };

	eac_issue(&f->card, &plan);
}

/* A document with fingerprints for inspection systems. */
static void issue_plain(struct fixture *f, const char *access)
{
	const struct eac_plan plan = { .flags = CARD_EAC_TA1,
				       .date = EAC_2026,
				       .access = access,
				       .anchors = { eac_made(&f->is.cvca) },
				       .ca1 = true };

	eac_issue(&f->card, &plan);
}

static struct card_terminal *known(struct fixture *f)
{
	return card_terminal(f->card.b->card);
}

static bool is_in_force(struct fixture *f, enum sj_cvc_terminal kind)
{
	return card_terminal_is(f->card.b->card, true, kind);
}

/* --- version 2 ---------------------------------------------------------------------- */

static void test_authentication_terminal_by_pin(void **state)
{
	struct fixture *f = *state;
	struct bench *b;

	issue_eid(f);
	b = f->card.b;
	eac_terminal(&f->t, &f->card, &f->at);
	assert_int_equal(eac_until(&f->t, EAC_TA), SJ_SW_OK);
	assert_true(known(f)->authenticated);
	assert_false(is_in_force(f, SJ_CVC_AUTHENTICATION));
	assert_int_equal(eac_step(&f->t, EAC_CA_SET), SJ_SW_OK);
	assert_int_equal(eac_step(&f->t, EAC_CA), SJ_SW_OK);
	assert_true(is_in_force(f, SJ_CVC_AUTHENTICATION));
	assert_false(is_in_force(f, SJ_CVC_INSPECTION));
	assert_false(card_terminal_is(b->card, false, SJ_CVC_AUTHENTICATION));
	assert_true(known(f)->rights.bits == f->t.chat.bits);
	assert_memory_equal(known(f)->rights.extra, f->t.chat.extra, sizeof(f->t.chat.extra));
	/* The LDS is not for it. */
	assert_int_equal(bench_do(b, SELECT_LDS "00"), SJ_SW_OK);
	assert_int_equal(bench_do(b, READ_DG1), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, READ_DG3), SJ_SW_SECURITY_STATUS);
}

static void test_every_curve(void **state)
{
	static const char *const names[] = {
		"P-256", "P-384", "P-521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		eac_chain_forget(&f->at);
		eac_chain(&f->at, names[i], SJ_CVC_AUTHENTICATION);
		issue_eid(f);
		eac_terminal(&f->t, &f->card, &f->at);
		assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
		assert_true(is_in_force(f, SJ_CVC_AUTHENTICATION));
		bench_free(f->card.b);
	}
	f->card.b = NULL;
}

static void test_everything_ends_with_the_session(void **state)
{
	static const struct card_terminal none = { 0 };
	struct fixture *f = *state;

	issue_eid(f);
	eac_terminal(&f->t, &f->card, &f->at);
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	f->card.b->secured = false;
	assert_int_equal(bench_do(f->card.b, READ_SECURITY), SJ_SW_SECURITY_STATUS);
	assert_memory_equal(known(f), &none, sizeof(none));
}

/* Issue text: each sector has a key and a card security of its own. */
static void test_a_terminal_gets_its_sector(void **state)
{
	struct fixture *f = *state;
	struct bench *b;

	issue_eid(f);
	b = f->card.b;
	eac_serve(&f->at.terminal, 6, 17, 0xA1B2C3D4);
	eac_sign(&f->at.terminal, &f->at.dv);
	eac_terminal(&f->t, &f->card, &f->at);
	f->t.sector = 6;
	assert_int_equal(eac_until(&f->t, EAC_CHALLENGE), SJ_SW_OK);
	assert_int_equal(eac_step(&f->t, EAC_TA), SJ_SW_OK);
	assert_int_equal(known(f)->service.sector, 6);
	assert_int_equal(known(f)->service.service, 17);
	assert_int_equal(known(f)->service.operator_id, 0xA1B2C3D4);
	assert_int_equal(bench_do(b, READ_SECURITY), SJ_SW_OK);
	assert_int_equal(b->data.len, 40);
	assert_int_equal(b->data.ptr[0], EAC_CARD_SECURITY(6));
	assert_int_equal(eac_step(&f->t, EAC_CA_SET), SJ_SW_OK);
	assert_int_equal(eac_step(&f->t, EAC_CA), SJ_SW_OK);
}

static void test_card_security_comes_after_terminal_authentication(void **state)
{
	struct fixture *f = *state;

	issue_eid(f);
	assert_int_equal(bench_do(f->card.b, READ_SECURITY), SJ_SW_SECURITY_STATUS);
	eac_terminal(&f->t, &f->card, &f->at);
	assert_int_equal(eac_step(&f->t, EAC_PACE), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, READ_SECURITY), SJ_SW_SECURITY_STATUS);
	for (enum eac_step step = EAC_CHAIN; step <= EAC_TA; step++)
		assert_int_equal(eac_step(&f->t, step), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, READ_SECURITY), SJ_SW_OK);
	assert_int_equal(f->card.b->data.ptr[0], EAC_CARD_SECURITY(0));
}

static void test_sector_hashes_and_auxiliary_data_are_kept(void **state)
{
	const uint8_t one[32] = { 1 };
	struct fixture *f = *state;
	struct eac_holder *h = &f->at.terminal;
	struct sj_writer w = SJ_WRITER_OF(h->extensions);

	issue_eid(f);
	sj_cvc_sectors_put(&w, SJ_SPAN_OF(one), sj_span(NULL, 0));
	h->plan.extensions = sj_written(&w);
	eac_sign(h, &f->at.dv);
	eac_terminal(&f->t, &f->card, &f->at);
	f->t.aux = HEX("6714"
		       "7312"
		       "060904007F000703010401"
		       "530532303236FF");
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	assert_true(known(f)->sector_hash_len[0] == 32 && known(f)->sector_hash_len[1] == 0);
	assert_memory_equal(known(f)->sector_hash[0], one, 32);
	assert_int_equal(known(f)->aux_len, 20);
	assert_memory_equal(known(f)->aux, f->t.aux.ptr + 2, 20);
}

/* TR-03110-3, B.3: servers ask for the challenge before they send anything. */
static void test_a_challenge_may_come_first(void **state)
{
	struct fixture *f = *state;

	issue_eid(f);
	eac_terminal(&f->t, &f->card, &f->at);
	assert_int_equal(eac_pace(&f->t), SJ_SW_OK);
	assert_int_equal(eac_challenge(&f->t), SJ_SW_OK);
	assert_int_equal(eac_verify_chain(&f->t), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, "00B09C0000"), SJ_SW_OK);
	assert_int_equal(eac_ta_set(&f->t), SJ_SW_OK);
	assert_int_equal(eac_external(&f->t), SJ_SW_OK);
	assert_int_equal(eac_external(&f->t), SJ_SW_CONDITIONS);
}

/* A.7.2.2: what was imported stays usable until something has succeeded with it. */
static void test_a_refusal_takes_nothing_back(void **state)
{
	struct fixture *f = *state;

	issue_eid(f);
	eac_terminal(&f->t, &f->card, &f->at);
	assert_int_equal(eac_until(&f->t, EAC_SET), SJ_SW_OK);
	assert_int_equal(eac_external(&f->t), SJ_SW_CONDITIONS);
	assert_int_equal(eac_challenge(&f->t), SJ_SW_OK);
	f->t.challenge[0] ^= 1;
	assert_int_equal(eac_external(&f->t), SJ_SW_NO_INFORMATION);
	assert_int_equal(eac_challenge(&f->t), SJ_SW_OK);
	assert_int_equal(eac_external(&f->t), SJ_SW_OK);
}

/* What is longer than a short command comes in a chain, each part protected. */
static uint16_t in_a_chain(struct bench *b, struct sj_apdu apdu)
{
	const struct sj_span whole = apdu.data;

	for (size_t from = 0; from < whole.len; from += 100) {
		const bool last = whole.len - from <= 100;

		apdu.cla = last ? 0x00 : 0x10;
		apdu.data = sj_span(whole.ptr + from, last ? whole.len - from : 100);
		if (bench_send(b, &apdu) != SJ_SW_OK)
			break;
	}
	return b->sw;
}

static void test_certificates_come_in_a_chain(void **state)
{
	struct fixture *f = *state;
	struct sj_apdu apdu = { .ins = 0x2A, .p2 = 0xBE };
	struct sj_span in = eac_made(&f->at.dv);

	issue_eid(f);
	eac_terminal(&f->t, &f->card, &f->at);
	assert_int_equal(eac_pace(&f->t), SJ_SW_OK);
	assert_int_equal(eac_dst(&f->t, f->at.cvca.plan.holder), SJ_SW_OK);
	assert_int_equal(sj_tlv_take(&in, 0x7F21, &apdu.data), SJ_TLV_FOUND);
	assert_int_equal(in_a_chain(f->card.b, apdu), SJ_SW_OK);
	assert_int_equal(eac_verify(&f->t, &f->at.terminal), SJ_SW_OK);
}

/* --- whose rights -------------------------------------------------------------------- */

static void test_chain_and_holder_allow_together(void **state)
{
	struct fixture *f = *state;
	struct sj_cvc_rights *dv = &f->at.dv.plan.rights, *terminal = &f->at.terminal.plan.rights;

	issue_eid(f);
	dv->bits &= ~(UINT64_C(1) << SJ_AT_READ_DG(4));
	dv->extra[SJ_CVC_SOJOURN] &= 0xF0;
	terminal->bits &= ~(UINT64_C(1) << SJ_AT_READ_DG(5));
	eac_sign(&f->at.dv, &f->at.cvca);
	eac_sign(&f->at.terminal, &f->at.dv);
	eac_terminal(&f->t, &f->card, &f->at);
	f->t.chat = sj_cvc_all_rights(SJ_CVC_AUTHENTICATION, SJ_CVC_TERMINAL);
	f->t.chat.bits &= ~(UINT64_C(1) << SJ_AT_READ_DG(8));
	f->t.chat.extra[SJ_CVC_SOJOURN] = 0x3F;
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	assert_true(known(f)->rights.bits == (f->t.chat.bits & dv->bits & terminal->bits));
	assert_int_equal(known(f)->rights.extra[SJ_CVC_SOJOURN], 0x30);
	assert_int_equal(sj_cvc_role(&known(f)->rights), SJ_CVC_TERMINAL);
}

static void test_without_65_no_extension_is_allowed(void **state)
{
	struct fixture *f = *state;

	issue_eid(f);
	eac_terminal(&f->t, &f->card, &f->at);
	memset(f->t.chat.extra, 0, sizeof(f->t.chat.extra));
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	for (size_t i = 0; i < SJ_CVC_EXTRAS; i++)
		assert_true(known(f)->rights.extra[i] == 0);
	assert_true(known(f)->rights.bits != 0);
}

static void test_can_needs_its_bit(void **state)
{
	struct fixture *f = *state;

	issue_eid(f);
	for (int allowed = 0; allowed < 2; allowed++) {
		eac_terminal(&f->t, &f->card, &f->at);
		f->t.kind = SJ_PACE_CAN;
		f->t.password = CAN;
		if (!allowed)
			f->t.chat.bits &= ~(UINT64_C(1) << SJ_AT_CAN_ALLOWED);
		assert_int_equal(eac_until(&f->t, EAC_CHAIN), SJ_SW_OK);
		assert_int_equal(eac_step(&f->t, EAC_SET),
				 allowed ? SJ_SW_OK : SJ_SW_SECURITY_STATUS);
		bench_power(f->card.b);
	}
}

static void test_mrz_and_puk_give_authentication_terminals_nothing(void **state)
{
	static const struct {
		enum sj_pace_password kind;
		const char *password;
	} cases[] = { { SJ_PACE_MRZ, MRZ }, { SJ_PACE_PUK, EAC_PUK } };
	struct fixture *f = *state;

	issue_eid(f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		eac_terminal(&f->t, &f->card, &f->at);
		f->t.kind = cases[i].kind;
		f->t.password = cases[i].password;
		assert_int_equal(eac_until(&f->t, EAC_CHAIN), SJ_SW_OK);
		assert_int_equal(eac_step(&f->t, EAC_SET), SJ_SW_SECURITY_STATUS);
		bench_power(f->card.b);
	}
}

/* --- the LDS of an eID card ----------------------------------------------------------- */

static void test_pace_alone_opens_no_lds_file(void **state)
{
	struct fixture *f = *state;
	struct bench *b;

	issue_eid(f);
	b = f->card.b;
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_LDS "00"), SJ_SW_OK);
	for (unsigned sfi = 1; sfi <= 30; sfi++) {
		char command[16];

		snprintf(command, sizeof(command), "00B0%02X0000", 0x80 | sfi);
		assert_int_equal(bench_do(b, command), SJ_SW_SECURITY_STATUS);
		snprintf(command, sizeof(command), "00A4020C0201%02X", sfi);
		assert_int_equal(bench_do(b, command), SJ_SW_SECURITY_STATUS);
	}
	/* Nor does it prove anything there. */
	assert_int_equal(bench_do(b, "002241A40C800A04007F00070202030202"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, "0088000008000000000000000000"), SJ_SW_SECURITY_STATUS);
}

static void test_an_eid_card_has_no_bac(void **state)
{
	struct fixture *f = *state;
	uint8_t token[SJ_BAC_TOKEN] = { 0 };

	issue_eid(f);
	assert_int_equal(bench_hex(f->card.b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, "0084000008"), SJ_SW_CONDITIONS);
	assert_int_equal(bac_answer(f->card.b, token), SJ_SW_CONDITIONS);
}

static void test_inspection_system_reads_by_its_bits(void **state)
{
	struct fixture *f = *state;
	struct bench *b;

	issue_eid(f);
	b = f->card.b;
	for (unsigned bits = 0; bits < 4; bits++) {
		eac_terminal(&f->t, &f->card, &f->is);
		f->t.chat.bits = (f->t.chat.bits & ~UINT64_C(3)) | bits;
		assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
		assert_int_equal(bench_do(b, SELECT_LDS "00"), SJ_SW_OK);
		assert_int_equal(bench_do(b, READ_DG1), SJ_SW_OK);
		assert_int_equal(bench_do(b, READ_DG3),
				 (bits & 1) != 0 ? SJ_SW_OK : SJ_SW_SECURITY_STATUS);
		assert_int_equal(bench_do(b, READ_DG4),
				 (bits & 2) != 0 ? SJ_SW_OK : SJ_SW_SECURITY_STATUS);
		bench_power(b);
	}
}

/* --- version 1 ------------------------------------------------------------------------- */

static void ta1(struct fixture *f)
{
	struct sj_ec_point card_key = f->card.keys[0];

	assert_int_equal(bench_do(f->card.b, READ_DG3), SJ_SW_SECURITY_STATUS);
	assert_int_equal(eac_ca1(&f->t, &card_key), SJ_SW_OK);
	assert_int_equal(eac_verify_chain(&f->t), SJ_SW_OK);
	assert_int_equal(eac_ta1_set(&f->t), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, "00A4020C020103"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(eac_challenge(&f->t), SJ_SW_OK);
	assert_int_equal(eac_external(&f->t), SJ_SW_OK);
}

static void test_version_1_after_bac(void **state)
{
	struct fixture *f = *state;
	struct bench *b;

	issue_plain(f, ACCESS_BOTH);
	b = f->card.b;
	eac_terminal(&f->t, &f->card, &f->is);
	f->t.id_icc_len = 10; /* L898902C< and its check digit */
	memcpy(f->t.id_icc, MRZ, 10);
	bench_bac(b);
	ta1(f);
	assert_int_equal(bench_do(b, READ_DG3), SJ_SW_OK);
	assert_int_equal(b->data.len, DG1_SIZE);
	assert_int_equal(bench_do(b, READ_DG4), SJ_SW_OK);
	assert_true(is_in_force(f, SJ_CVC_INSPECTION));
	/* New keys, and all is to be shown anew. */
	assert_int_equal(eac_ca1(&f->t, &f->card.keys[0]), SJ_SW_OK);
	assert_int_equal(bench_do(b, READ_DG3), SJ_SW_SECURITY_STATUS);
}

static void test_version_1_after_pace(void **state)
{
	struct fixture *f = *state;

	issue_plain(f, ACCESS_BOTH);
	f->is.terminal.plan.rights.bits &= ~UINT64_C(2);
	eac_sign(&f->is.terminal, &f->is.dv);
	eac_terminal(&f->t, &f->card, &f->is);
	f->t.chat = (struct sj_cvc_rights){ .bits = 0 };
	assert_int_equal(eac_pace(&f->t), SJ_SW_OK);
	assert_int_equal(f->t.cars[0].len, 0);
	assert_int_equal(bench_do(f->card.b, SELECT_LDS "00"), SJ_SW_OK);
	ta1(f);
	assert_int_equal(bench_do(f->card.b, READ_DG3), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, READ_DG4), SJ_SW_SECURITY_STATUS);
}

/* Version 1 on an eID card: the terminal's rights go with the key that it has signed, and no other. */
static void test_chip_authentication_1_of_an_eid_card_wants_the_signed_key(void **state)
{
	const struct sj_random random = sj_random_system();
	struct fixture *f = *state;
	const struct eac_plan plan = { .flags = CARD_EAC_EID,
				       .date = EAC_2026,
				       .anchors = { eac_made(&f->at.cvca), eac_made(&f->is.cvca) },
				       .keys = true };
	struct bench *b = bench_new();
	struct sj_ec_point card_key, pk;
	struct sj_ec_secret sk;
	enum sj_curve curve;

	bench_install(b);
	eac_personalise(&f->card, b, &plan);
	assert_int_equal(bench_dgi_hex(b, 0x0011, "0D0301"), SJ_SW_OK);
	assert_true(sj_ec_spki_read(b->data, &curve, &card_key));
	eid_personalise_all(b, NULL);
	bench_lock(b);
	eac_terminal(&f->t, &f->card, &f->is);
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_LDS "00"), SJ_SW_OK);
	sk = f->t.sk;
	pk = f->t.pk;
	assert_true(sj_ec_secret_random(SJ_BP256R1, &random, &f->t.sk));
	assert_true(sj_ec_multiply(SJ_BP256R1, &f->t.sk, NULL, &f->t.pk));
	assert_int_equal(eac_ca1(&f->t, &card_key), SJ_SW_NO_INFORMATION);
	assert_int_equal(bench_do(b, READ_DG3), SJ_SW_OK);
	f->t.sk = sk;
	f->t.pk = pk;
	assert_int_equal(eac_ca1(&f->t, &card_key), SJ_SW_OK);
	assert_int_equal(bench_do(b, READ_DG3), SJ_SW_OK);
}

/* The mapping has authenticated the chip: the terminal's key is that of PACE (TR-03110-1, 3.5). */
static void test_version_1_after_chip_authentication_mapping(void **state)
{
	static const struct sj_pace_suite cam = { SJ_PACE_CAM, SJ_CIPHER_AES128, SJ_BP256R1,
						  SJ_DH_1024_160 };
	struct eac_plan plan = { .flags = CARD_EAC_TA1,
				 .date = EAC_2026,
				 .access = "800102" ACCESS_CAN "830301010D",
				 .ca1 = true,
				 .unlocked = true };
	struct fixture *f = *state;
	struct pace_reader p;
	struct bench *b;

	plan.anchors[0] = eac_made(&f->is.cvca);
	eac_issue(&f->card, &plan);
	b = f->card.b;
	assert_int_equal(bench_dgi_hex(b, 0x0015, "0D"), SJ_SW_OK);
	bench_lock(b);
	eac_terminal(&f->t, &f->card, &f->is);
	pace_init(&p, b, cam, SJ_PACE_CAN, CAN);
	assert_int_equal(pace_until(&p, 5), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_LDS "00"), SJ_SW_OK);
	f->t.id_icc_len = 32;
	memcpy(f->t.id_icc, p.pk_dh_ic.bytes + 1, f->t.id_icc_len);
	memcpy(f->t.pk.bytes, p.pk_dh.bytes, p.pk_dh.len);
	assert_int_equal(eac_verify_chain(&f->t), SJ_SW_OK);
	assert_int_equal(eac_ta1_set(&f->t), SJ_SW_OK);
	assert_int_equal(eac_challenge(&f->t), SJ_SW_OK);
	assert_int_equal(eac_external(&f->t), SJ_SW_OK);
	assert_int_equal(bench_do(b, READ_DG3), SJ_SW_OK);
}

static void test_version_1_signs_who_the_card_is(void **state)
{
	struct fixture *f = *state;

	issue_plain(f, ACCESS_BOTH);
	eac_terminal(&f->t, &f->card, &f->is);
	f->t.id_icc_len = 9; /* without the check digit */
	memcpy(f->t.id_icc, MRZ, 9);
	bench_bac(f->card.b);
	assert_int_equal(eac_ca1(&f->t, &f->card.keys[0]), SJ_SW_OK);
	assert_int_equal(eac_verify_chain(&f->t), SJ_SW_OK);
	assert_int_equal(eac_ta1_set(&f->t), SJ_SW_OK);
	assert_int_equal(eac_challenge(&f->t), SJ_SW_OK);
	assert_int_equal(eac_external(&f->t), SJ_SW_NO_INFORMATION);
	assert_int_equal(bench_do(f->card.b, READ_DG3), SJ_SW_SECURITY_STATUS);
}

static void test_version_1_needs_chip_authentication(void **state)
{
	struct fixture *f = *state;

	issue_plain(f, ACCESS_BOTH);
	eac_terminal(&f->t, &f->card, &f->is);
	bench_bac(f->card.b);
	assert_int_equal(eac_dst(&f->t, f->is.cvca.plan.holder), SJ_SW_CONDITIONS);
	assert_int_equal(bench_do(f->card.b, READ_DG1), SJ_SW_OK);
}

static void test_a_card_without_anchors_takes_no_certificates(void **state)
{
	const struct eac_plan plan = { .access = ACCESS_BOTH, .ca1 = true };
	struct fixture *f = *state;

	eac_issue(&f->card, &plan);
	eac_terminal(&f->t, &f->card, &f->is);
	bench_bac(f->card.b);
	assert_int_equal(eac_ca1(&f->t, &f->card.keys[0]), SJ_SW_OK);
	assert_int_equal(eac_dst(&f->t, f->is.cvca.plan.holder), SJ_SW_CONDITIONS);
	assert_int_equal(bench_do(f->card.b, READ_CVCA), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_do(f->card.b, READ_DG3), SJ_SW_SECURITY_STATUS);
}

static void test_ef_cvca_names_the_anchors(void **state)
{
	struct fixture *f = *state;

	issue_plain(f, ACCESS_BOTH);
	assert_int_equal(bench_hex(f->card.b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, READ_CVCA), SJ_SW_SECURITY_STATUS);
	bench_bac(f->card.b);
	assert_int_equal(bench_do(f->card.b, READ_CVCA), SJ_SW_OK);
	assert_bytes(f->card.b->data, "420B55544356434130303030310000000000000000000000"
				      "000000000000000000000000");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_authentication_terminal_by_pin),
		CASE(test_every_curve),
		CASE(test_everything_ends_with_the_session),
		CASE(test_a_terminal_gets_its_sector),
		CASE(test_card_security_comes_after_terminal_authentication),
		CASE(test_sector_hashes_and_auxiliary_data_are_kept),
		CASE(test_a_challenge_may_come_first),
		CASE(test_a_refusal_takes_nothing_back),
		CASE(test_certificates_come_in_a_chain),
		CASE(test_chain_and_holder_allow_together),
		CASE(test_without_65_no_extension_is_allowed),
		CASE(test_can_needs_its_bit),
		CASE(test_mrz_and_puk_give_authentication_terminals_nothing),
		CASE(test_pace_alone_opens_no_lds_file),
		CASE(test_an_eid_card_has_no_bac),
		CASE(test_inspection_system_reads_by_its_bits),
		CASE(test_version_1_after_bac),
		CASE(test_version_1_after_pace),
		CASE(test_chip_authentication_1_of_an_eid_card_wants_the_signed_key),
		CASE(test_version_1_after_chip_authentication_mapping),
		CASE(test_version_1_signs_who_the_card_is),
		CASE(test_version_1_needs_chip_authentication),
		CASE(test_a_card_without_anchors_takes_no_certificates),
		CASE(test_ef_cvca_names_the_anchors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
