/*
 * What a terminal keeps of one session in the next, and what others of the same session may not do:
 * a server whose device has entered the PIN, a device that begins again, a channel from before.
 */
#include "secure/ri.h"
#include "tests/card/eid_rig.h"
#include "wire/std/tr03110.h"

#define CHANGE_PIN \
	"002C020306" \
	"323232323232"
#define MANAGER_AID "A000000151000000"

/* --- the PIN ------------------------------------------------------------------------- */

/*
 * The device that knows the PIN may change it; the server behind it, that has only the keys of
 * Chip Authentication, may not without the right (TR-03110-2, 2.4.1: before Terminal Authentication).
 */
static void test_an_authenticated_terminal_changes_no_pin_without_the_right(void **state)
{
	struct eid_room *f = *state;
	struct eid_plan plan = eid_everything();

	assert_int_equal(bench_do(eid_come_to(f, &plan, EAC_CHALLENGE), CHANGE_PIN), SJ_SW_OK);
	f->t.password = "222222";
	plan.bits &= ~EID_BIT(SJ_AT_PIN_MANAGEMENT);
	eid_certify(&f->at, &plan);
	bench_power(f->card.b);
	for (enum eac_step step = EAC_PACE; step <= EAC_CA; step++) {
		assert_int_equal(eac_step(&f->t, step), SJ_SW_OK);
		if (step >= EAC_TA)
			assert_int_equal(bench_do(f->card.b, CHANGE_PIN), SJ_SW_SECURITY_STATUS);
	}
}

/* --- one PACE a session ----------------------------------------------------------------- */

/* Only a terminal that nobody has authenticated resumes the PIN (TR-03110-2, 3.2.2). */
static void test_no_second_pace_after_terminal_authentication(void **state)
{
	struct eid_room *f = *state;
	const struct eid_plan plan = eid_everything();
	struct eac_terminal again;

	eid_certify(&f->at, &plan);
	for (enum eac_step done = EAC_PACE; done <= EAC_CA; done++) {
		bench_power(f->card.b);
		eac_terminal(&f->t, &f->card, &f->at);
		f->t.kind = SJ_PACE_CAN;
		f->t.password = CAN;
		f->t.sector = plan.sector;
		assert_int_equal(eac_until(&f->t, done), SJ_SW_OK);
		eac_terminal(&again, &f->card, &f->at);
		assert_int_equal(eac_pace(&again), done < EAC_TA ? SJ_SW_OK : SJ_SW_CONDITIONS);
		if (done == EAC_CA) /* and what there was is still there */
			assert_int_equal(bench_do(f->card.b, EID_SELECT), SJ_SW_OK);
	}
}

/* Nor one that was announced before. */
static void test_a_second_pace_ends_with_terminal_authentication(void **state)
{
	const struct sj_pace_suite suite = SUITE_DEFAULT;
	const struct eid_plan plan = eid_everything();
	struct eid_room *f = *state;

	eid_certify(&f->at, &plan);
	eac_terminal(&f->t, &f->card, &f->at);
	f->t.kind = SJ_PACE_CAN;
	f->t.password = CAN;
	assert_int_equal(eac_until(&f->t, EAC_CHALLENGE), SJ_SW_OK);
	assert_int_equal(mse_pace(f->card.b, sj_pace_oid(&suite), SJ_PACE_PIN, MSE_NO_PARAMETER),
			 SJ_SW_OK);
	assert_int_equal(eac_external(&f->t), SJ_SW_OK);
	assert_int_equal(general_authenticate(f->card.b, true, 0, sj_span(NULL, 0)),
			 SJ_SW_CONDITIONS);
}

/* A Chip Authentication that was begun does not swallow the first step of the next PACE. */
static void test_pace_begins_after_a_chip_authentication_was_left(void **state)
{
	struct eid_room *f = *state;
	const struct eid_plan plan = eid_everything();
	struct bench *b = eid_come_to(f, &plan, EAC_CA_SET);

	b->secured = false;
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
}

/* --- channels ------------------------------------------------------------------------------ */

static uint16_t on_channel_1(struct bench *b, uint8_t ins, uint8_t p1, struct sj_span data)
{
	const struct sj_apdu apdu = { .cla = 0x01, .ins = ins, .p1 = p1, .data = data, .ne = 256 };

	return bench_send(b, &apdu);
}

/* The CAN alone opens the manager; a session with a CHAT sees it on no channel. */
static void test_a_chat_leaves_what_the_can_had_opened(void **state)
{
	struct eid_room *f = *state;
	const struct eid_plan plan = eid_everything();
	struct bench *b = f->card.b;

	eid_certify(&f->at, &plan);
	eac_terminal(&f->t, &f->card, &f->at);
	f->t.kind = SJ_PACE_CAN;
	f->t.password = CAN;
	f->t.chat = (struct sj_cvc_rights){ .bits = 0 };
	assert_int_equal(eac_pace(&f->t), SJ_SW_OK);
	assert_int_equal(bench_do(b, "0070000001"), SJ_SW_OK);
	assert_int_equal(on_channel_1(b, 0xA4, 0x04, HEX(MANAGER_AID)), SJ_SW_OK);
	eac_terminal(&f->t, &f->card, &f->at);
	assert_int_equal(eac_pace(&f->t), SJ_SW_OK);
	/* The file that the MF has, and the manager has not. */
	assert_int_equal(on_channel_1(b, 0xA4, 0x02, HEX("011C")), SJ_SW_OK);
	assert_int_equal(on_channel_1(b, 0xA4, 0x04, HEX(MANAGER_AID)), SJ_SW_NOT_FOUND);
}

/* --- auxiliary data -------------------------------------------------------------------------- */

/* Some programs send 67 in 67 and sign the inner one. */
static void test_auxiliary_data_wrapped_twice(void **state)
{
	struct eid_room *f = *state;
	const struct eid_plan plan = eid_everything();
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span inner;
	struct bench *b;

	for (int right = 0; right <= 1; right++) {
		eid_aux_put(&f->aux_w, 2, "20260101");
		b = eid_come_to(f, &plan, EAC_CHAIN);
		inner = f->t.aux;
		w.len = 0;
		sj_tlv_put(&w, SJ_TAG_CVC_AUTHENTICATION, inner);
		f->t.aux = sj_written(&w);
		assert_int_equal(eac_ta_set(&f->t), SJ_SW_OK);
		assert_int_equal(eac_challenge(&f->t), SJ_SW_OK);
		f->t.aux = right ? inner : sj_written(&w);
		assert_int_equal(eac_external(&f->t), right ? SJ_SW_OK : SJ_SW_NO_INFORMATION);
	}
	assert_int_equal(eac_ca_set(&f->t), SJ_SW_OK);
	assert_int_equal(eac_ca_agree(&f->t, &f->t.sk, &f->t.pk), SJ_SW_OK);
	assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_OK);
	assert_int_equal(eid_ask(b, 2), SJ_SW_OK);
}

/* --- sector keys ------------------------------------------------------------------------------- */

/* The terminal's certificate names the key by this hash of it. */
static void name_sector(struct eac_chain *chain, const struct eid_sector *s, enum sj_hash alg)
{
	struct eac_holder *h = &chain->terminal;
	struct sj_writer w = SJ_WRITER_OF(h->extensions);
	const struct sj_span key = sj_span(s->bytes, s->len);
	uint8_t hash[SJ_HASH_MAX];

	assert_true(sj_hash(alg, &key, 1, hash));
	sj_cvc_sectors_put(&w, sj_span(hash, sj_hash_size(alg)), sj_span(NULL, 0));
	h->plan.extensions = sj_written(&w);
	eac_sign(h, &chain->dv);
}

/* The hash is that of the certificate's signature, and no other (TR-03110-3, C.3.2.1). */
static void test_a_chain_with_sha_384_names_sectors_with_it(void **state)
{
	struct eid_room *f = *state;
	uint8_t id[32], expected[32];
	struct bench *b;

	eac_chain_forget(&f->at);
	bench_free(f->card.b);
	eac_chain(&f->at, "P-384", SJ_CVC_AUTHENTICATION);
	eac_issue_eid(&f->card, &f->at);
	eac_terminal(&f->t, &f->card, &f->at);
	b = f->card.b;
	for (enum sj_hash alg = SJ_SHA256; alg <= SJ_SHA512; alg++) {
		name_sector(&f->at, &f->sector, alg);
		b->secured = false;
		assert_int_equal(eac_until(&f->t, EAC_CHAIN),
				 alg == SJ_SHA384 ? SJ_SW_OK : SJ_SW_WRONG_DATA);
	}
	name_sector(&f->at, &f->sector, SJ_SHA384);
	b->secured = false;
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_OK);
	assert_int_equal(eid_identify(b, &f->sector, id), SJ_SW_OK);
	assert_true(sj_ri_identifier(SJ_BP256R1, &f->sector.secret, &f->card.ri, expected));
	assert_memory_equal(id, expected, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EID_CASE(test_an_authenticated_terminal_changes_no_pin_without_the_right),
		EID_CASE(test_no_second_pace_after_terminal_authentication),
		EID_CASE(test_a_second_pace_ends_with_terminal_authentication),
		EID_CASE(test_pace_begins_after_a_chip_authentication_was_left),
		EID_CASE(test_a_chat_leaves_what_the_can_had_opened),
		EID_CASE(test_auxiliary_data_wrapped_twice),
		EID_CASE(test_a_chain_with_sha_384_names_sectors_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
