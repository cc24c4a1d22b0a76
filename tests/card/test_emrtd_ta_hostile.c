/*
 * Terminals that go wrong, on purpose: after each attempt nothing that is protected can be read, and
 * a good terminal is served as before.
 */
#include <stdio.h>

#include "tests/card/eac_rig.h"
#include "wire/std/tr03110.h"

struct fixture {
	struct eac_chain chain; /* inspection systems: the LDS is at stake */
	struct eac_chain second; /* made where it is wanted */
	struct eac_card card;
	struct eac_terminal t;
	struct eac_holder other;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	eac_chain(&f->chain, "P-256", SJ_CVC_INSPECTION);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->card.b != NULL)
		bench_free(f->card.b);
	eac_chain_forget(&f->chain);
	eac_chain_forget(&f->second);
	eac_forget(&f->other);
	free(f);
	return 0;
}

/* An eID card for inspection systems too; their anchor alone would not do for the lock. */
static void issue(struct fixture *f)
{
	struct eac_chain *at = &f->second;
	struct eac_plan plan = { .flags = CARD_EAC_EID, .date = EAC_2026, .keys = true };

	eac_chain(at, "P-256", SJ_CVC_AUTHENTICATION);
	plan.anchors[0] = eac_made(&at->cvca);
	plan.anchors[1] = eac_made(&f->chain.cvca);
	eac_issue(&f->card, &plan);
	eac_terminal(&f->t, &f->card, &f->chain);
}

/* Nothing is in force, and no file but the free ones answers. */
static void assert_closed(struct fixture *f)
{
	struct bench *b = f->card.b;

	for (enum sj_cvc_terminal kind = SJ_CVC_INSPECTION; kind <= SJ_CVC_SIGNATURE; kind++)
		assert_false(card_terminal_is(b->card, true, kind));
	assert_int_equal(bench_do(b, "00B09D0000"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, SELECT_LDS "00"), SJ_SW_OK);
	for (unsigned sfi = 1; sfi <= 30; sfi++) {
		char command[16];

		snprintf(command, sizeof(command), "00B0%02X0000", 0x80 | sfi);
		assert_int_equal(bench_do(b, command), SJ_SW_SECURITY_STATUS);
	}
}

/* After it, from power-up, a good terminal reads. */
static void assert_served(struct fixture *f)
{
	struct eac_terminal good;

	bench_power(f->card.b);
	eac_terminal(&good, &f->card, &f->chain);
	assert_int_equal(eac_until(&good, EAC_CA), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, SELECT_LDS "00"), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, "00B0830000"), SJ_SW_OK);
}

/* The chain with this in place of the terminal's certificate is refused with `sw`. */
static void assert_refused(struct fixture *f, const struct eac_holder *h, uint16_t sw)
{
	assert_int_equal(eac_step(&f->t, EAC_PACE), SJ_SW_OK);
	assert_int_equal(eac_verify(&f->t, &f->chain.dv), SJ_SW_OK);
	assert_int_equal(eac_verify(&f->t, h), sw);
	assert_int_equal(eac_step(&f->t, EAC_SET), SJ_SW_CONDITIONS);
	assert_closed(f);
}

/* --- order ------------------------------------------------------------------------- */

/* After the steps before it, each step that needs more is refused. */
static void test_wrong_order(void **state)
{
	struct fixture *f = *state;

	issue(f);
	for (int done = EAC_PACE; done < EAC_CA; done++) {
		for (int wrong = EAC_CHAIN; wrong <= EAC_CA; wrong++) {
			/* A chain may begin again at any time before it has led to something. */
			if (wrong == done + 1 || (wrong == EAC_CHAIN && done < EAC_TA))
				continue;
			if ((wrong == EAC_CA_SET && done == EAC_CA_SET) ||
			    (wrong == EAC_CHALLENGE && done < EAC_TA) ||
			    (wrong == EAC_SET && (done == EAC_SET || done == EAC_CHALLENGE)))
				continue; /* again, or early: a challenge may come before all else */
			bench_power(f->card.b);
			eac_terminal(&f->t, &f->card, &f->chain);
			assert_int_equal(eac_until(&f->t, (enum eac_step)done), SJ_SW_OK);
			assert_int_equal(eac_step(&f->t, (enum eac_step)wrong), SJ_SW_CONDITIONS);
			if (done < EAC_TA)
				assert_closed(f);
		}
	}
	assert_served(f);
}

static void test_outside_secure_messaging_nothing_begins(void **state)
{
	static const char *const commands[] = {
		"002281B60D830B5554435643413030303031",
		"002A00BE027F4E",
		"002281A40483025554",
		"0084000008",
		"00820000020102",
		"002241A40C800A04007F00070202030202",
	};
	struct fixture *f = *state;

	issue(f);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		assert_int_equal(bench_do(f->card.b, commands[i]), SJ_SW_SECURITY_STATUS);
	assert_served(f);
}

static void test_pace_without_chat_leads_nowhere(void **state)
{
	struct fixture *f = *state;

	issue(f);
	f->t.chat = (struct sj_cvc_rights){ .bits = 0 };
	assert_int_equal(eac_step(&f->t, EAC_PACE), SJ_SW_OK);
	assert_int_equal(f->t.cars[0].len, 0);
	assert_int_equal(eac_dst(&f->t, f->chain.cvca.plan.holder), SJ_SW_CONDITIONS);
	assert_closed(f);
	assert_served(f);
}

/* What one session verified is nothing in the next. */
static void test_nothing_outlives_its_session(void **state)
{
	struct fixture *f = *state;

	issue(f);
	assert_int_equal(eac_until(&f->t, EAC_CHALLENGE), SJ_SW_OK);
	f->card.b->secured = false;
	assert_int_equal(eac_step(&f->t, EAC_PACE), SJ_SW_OK);
	assert_int_equal(eac_external(&f->t), SJ_SW_CONDITIONS);
	assert_int_equal(eac_ta_set(&f->t), SJ_SW_CONDITIONS);
	assert_closed(f);
}

static void test_terminal_authentication_succeeds_once(void **state)
{
	struct fixture *f = *state;

	issue(f);
	assert_int_equal(eac_until(&f->t, EAC_TA), SJ_SW_OK);
	assert_int_equal(eac_verify_chain(&f->t), SJ_SW_CONDITIONS);
	assert_int_equal(eac_step(&f->t, EAC_CA_SET), SJ_SW_OK);
	assert_int_equal(eac_step(&f->t, EAC_CA), SJ_SW_OK);
	assert_int_equal(eac_step(&f->t, EAC_CA_SET), SJ_SW_CONDITIONS);
}

/* --- what is signed ------------------------------------------------------------------ */

static void test_replayed_challenge(void **state)
{
	struct fixture *f = *state;
	uint8_t former[SJ_TA_CHALLENGE];

	issue(f);
	assert_int_equal(eac_until(&f->t, EAC_CHALLENGE), SJ_SW_OK);
	memcpy(former, f->t.challenge, sizeof(former));
	bench_power(f->card.b);
	assert_int_equal(eac_until(&f->t, EAC_CHALLENGE), SJ_SW_OK);
	memcpy(f->t.challenge, former, sizeof(former));
	assert_int_equal(eac_external(&f->t), SJ_SW_NO_INFORMATION);
	/* And none serves twice. */
	assert_int_equal(eac_external(&f->t), SJ_SW_CONDITIONS);
	assert_closed(f);
	assert_served(f);
}

static void test_signature_of_another_session(void **state)
{
	struct fixture *f = *state;

	issue(f);
	assert_int_equal(eac_until(&f->t, EAC_CHALLENGE), SJ_SW_OK);
	f->t.id_icc[0] ^= 1;
	assert_int_equal(eac_external(&f->t), SJ_SW_NO_INFORMATION);
	assert_closed(f);
}

static void test_auxiliary_data_that_were_not_signed(void **state)
{
	struct fixture *f = *state;

	issue(f);
	f->t.aux = HEX("67077305"
		       "0603010203");
	assert_int_equal(eac_until(&f->t, EAC_CHALLENGE), SJ_SW_OK);
	f->t.aux = sj_span(NULL, 0);
	assert_int_equal(eac_external(&f->t), SJ_SW_NO_INFORMATION);
	assert_closed(f);
}

static void test_signature_by_another_key(void **state)
{
	struct fixture *f = *state;

	issue(f);
	assert_int_equal(eac_until(&f->t, EAC_CHALLENGE), SJ_SW_OK);
	eac_chain_forget(&f->second);
	eac_chain(&f->second, "P-256", SJ_CVC_INSPECTION);
	f->t.chain = &f->second;
	assert_int_equal(eac_external(&f->t), SJ_SW_NO_INFORMATION);
	assert_closed(f);
}

/* Whoever has listened to the terminal cannot go on with a key of his own. */
static void test_chip_authentication_with_another_key(void **state)
{
	const struct sj_random random = sj_random_system();
	struct fixture *f = *state;
	struct sj_ec_secret sk;
	struct sj_ec_point pk;

	issue(f);
	assert_true(sj_ec_secret_random(SJ_BP256R1, &random, &sk));
	assert_true(sj_ec_multiply(SJ_BP256R1, &sk, NULL, &pk));
	assert_int_equal(eac_until(&f->t, EAC_CA_SET), SJ_SW_OK);
	assert_int_equal(eac_ca_agree(&f->t, &sk, &pk), SJ_SW_NO_INFORMATION);
	assert_int_equal(eac_ca_agree(&f->t, &f->t.sk, &f->t.pk), SJ_SW_CONDITIONS);
	assert_int_equal(bench_do(f->card.b, SELECT_LDS "00"), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, "00B0810000"), SJ_SW_SECURITY_STATUS);
}

static void test_chip_authentication_off_the_curve(void **state)
{
	struct fixture *f = *state;
	struct sj_ec_point pk;

	issue(f);
	assert_int_equal(eac_until(&f->t, EAC_CA_SET), SJ_SW_OK);
	pk = f->t.pk; /* the right x, another y */
	pk.bytes[pk.len - 1] ^= 1;
	assert_int_equal(eac_ca_agree(&f->t, &f->t.sk, &pk), SJ_SW_WRONG_DATA);
	assert_false(card_terminal_is(f->card.b->card, true, SJ_CVC_INSPECTION));
}

/* --- certificates ---------------------------------------------------------------------- */

static void test_terminal_signs_a_terminal(void **state)
{
	struct fixture *f = *state;

	issue(f);
	eac_enter(&f->other, "P-256", "UTTERM00002", SJ_CVC_INSPECTION, SJ_CVC_TERMINAL);
	eac_sign(&f->other, &f->chain.terminal);
	assert_int_equal(eac_until(&f->t, EAC_CHAIN), SJ_SW_OK);
	assert_int_equal(eac_verify(&f->t, &f->other), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(eac_pso(&f->t, eac_made(&f->other)), SJ_SW_CONDITIONS);
	/* Nor does the other get in by the terminal's name. */
	assert_int_equal(eac_step(&f->t, EAC_SET), SJ_SW_OK);
	assert_int_equal(eac_pso(&f->t, eac_made(&f->other)), SJ_SW_CONDITIONS);
	assert_closed(f);
	assert_served(f);
}

/* Roles in the wrong order: everybody with everybody but those that may. */
static void test_only_a_dv_certifies_terminals_and_only_a_cvca_dvs(void **state)
{
	static const struct {
		enum sj_cvc_role role;
		bool by_dv;
	} wrong[] = {
		{ SJ_CVC_TERMINAL, false },
		{ SJ_CVC_CVCA, true },
		{ SJ_CVC_DV_DOMESTIC, true },
		{ SJ_CVC_DV_FOREIGN, true },
	};
	struct fixture *f = *state;

	issue(f);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		eac_forget(&f->other);
		eac_enter(&f->other, "P-256", "UTOTHER00001", SJ_CVC_INSPECTION, wrong[i].role);
		eac_sign(&f->other, wrong[i].by_dv ? &f->chain.dv : &f->chain.cvca);
		bench_power(f->card.b);
		assert_refused(f, &f->other, SJ_SW_CONDITIONS);
	}
	assert_served(f);
}

static void test_certificate_of_another_kind_in_the_chain(void **state)
{
	struct fixture *f = *state;

	issue(f);
	eac_enter(&f->other, "P-256", "UTTERM00003", SJ_CVC_AUTHENTICATION, SJ_CVC_TERMINAL);
	eac_sign(&f->other, &f->chain.dv);
	assert_refused(f, &f->other, SJ_SW_CONDITIONS);
	assert_served(f);
}

/* The CHAT says authentication terminal; the inspection systems' anchor is not there then. */
static void test_chain_of_another_kind_than_the_chat(void **state)
{
	struct fixture *f = *state;

	issue(f);
	f->t.chat = sj_cvc_all_rights(SJ_CVC_AUTHENTICATION, SJ_CVC_TERMINAL);
	assert_int_equal(eac_step(&f->t, EAC_PACE), SJ_SW_OK);
	f->other.key = NULL;
	assert_int_equal(eac_dst(&f->t, SJ_SPAN_STR("UTCVCA00009")), SJ_SW_REFERENCE_NOT_FOUND);
	/* Both kinds' anchors have one name here: the signature tells them apart. */
	assert_int_equal(eac_verify(&f->t, &f->chain.dv), SJ_SW_NO_INFORMATION);
	assert_closed(f);
}

static void test_more_rights_than_the_dv_are_cut(void **state)
{
	struct fixture *f = *state;

	issue(f);
	f->chain.dv.plan.rights.bits &= ~UINT64_C(1); /* no DG3 */
	eac_sign(&f->chain.dv, &f->chain.cvca);
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, SELECT_LDS "00"), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, "00B0830000"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(f->card.b, "00B0840000"), SJ_SW_OK);
}

/* Of a card whose date is 1 July. */
static void test_expired(void **state)
{
	struct fixture *f = *state;
	const struct eac_holder *const dv = &f->chain.dv;

	eac_enter(&f->other, "P-256", "UTTERM00004", SJ_CVC_INSPECTION, SJ_CVC_TERMINAL);
	issue(f);
	f->chain.dv.plan.from = EAC_2026 + 181 * EAC_DAY;
	eac_sign(&f->chain.dv, &f->chain.cvca);
	f->other.plan.until = EAC_2026 + 180 * EAC_DAY;
	eac_sign(&f->other, dv);
	assert_refused(f, &f->other, SJ_SW_DATA_INVALIDATED);
	assert_int_equal(card_date(f->card.b->card), EAC_2026 + 181 * EAC_DAY);
	f->other.plan.until = EAC_2026 + 181 * EAC_DAY; /* its last day */
	eac_sign(&f->other, dv);
	bench_power(f->card.b);
	assert_int_equal(eac_step(&f->t, EAC_PACE), SJ_SW_OK);
	assert_int_equal(eac_verify(&f->t, dv), SJ_SW_OK);
	assert_int_equal(eac_verify(&f->t, &f->other), SJ_SW_OK);
}

static void test_expired_dv(void **state)
{
	struct fixture *f = *state;

	issue(f);
	f->chain.dv.plan.from = EAC_2026 - 40 * EAC_DAY;
	f->chain.dv.plan.until = EAC_2026 - EAC_DAY;
	eac_sign(&f->chain.dv, &f->chain.cvca);
	assert_int_equal(eac_step(&f->t, EAC_PACE), SJ_SW_OK);
	assert_int_equal(eac_verify(&f->t, &f->chain.dv), SJ_SW_DATA_INVALIDATED);
	assert_int_equal(eac_step(&f->t, EAC_SET), SJ_SW_CONDITIONS);
	assert_closed(f);
}

/* It begins when its issuer's certificate is over. */
static void test_not_yet_valid(void **state)
{
	struct fixture *f = *state;

	issue(f);
	eac_enter(&f->other, "P-256", "UTTERM00005", SJ_CVC_INSPECTION, SJ_CVC_TERMINAL);
	f->other.plan.from = f->chain.dv.plan.until + EAC_DAY;
	f->other.plan.until = f->other.plan.from + 30 * EAC_DAY;
	eac_sign(&f->other, &f->chain.dv);
	assert_refused(f, &f->other, SJ_SW_DATA_INVALIDATED);
	assert_int_equal(card_date(f->card.b->card), EAC_2026);
	assert_served(f);
}

static void test_names_that_do_not_lead_to_each_other(void **state)
{
	struct fixture *f = *state;

	issue(f);
	assert_int_equal(eac_step(&f->t, EAC_PACE), SJ_SW_OK);
	/* The terminal's certificate where the DV's was announced. */
	assert_int_equal(eac_dst(&f->t, f->chain.cvca.plan.holder), SJ_SW_OK);
	assert_int_equal(eac_pso(&f->t, eac_made(&f->chain.terminal)), SJ_SW_NO_INFORMATION);
	assert_int_equal(eac_dst(&f->t, f->chain.dv.plan.holder), SJ_SW_REFERENCE_NOT_FOUND);
	/* The CVCA is still the signer: its DV is good. */
	assert_int_equal(eac_pso(&f->t, eac_made(&f->chain.dv)), SJ_SW_OK);
	assert_int_equal(eac_pso(&f->t, eac_made(&f->chain.dv)), SJ_SW_CONDITIONS);
	assert_closed(f);
	assert_served(f);
}

static void test_a_service_that_is_none(void **state)
{
	struct fixture *f = *state;

	issue(f);
	eac_enter(&f->other, "P-256", "UTTERM00006", SJ_CVC_INSPECTION, SJ_CVC_TERMINAL);
	eac_serve(&f->other, 9, 1, 1);
	eac_sign(&f->other, &f->chain.dv);
	assert_refused(f, &f->other, SJ_SW_WRONG_DATA);
}

/* Every beginning, and every byte changed: each is refused, and leads nowhere. */
static void test_every_truncation_and_every_changed_byte(void **state)
{
	struct fixture *f = *state;
	struct sj_span whole = eac_made(&f->chain.dv), data;
	uint8_t bytes[SJ_CVC_MAX];
	struct sj_apdu apdu = { .ins = 0x2A, .p2 = 0xBE };

	issue(f);
	assert_int_equal(sj_tlv_take(&whole, 0x7F21, &data), SJ_TLV_FOUND);
	assert_int_equal(eac_step(&f->t, EAC_PACE), SJ_SW_OK);
	for (size_t n = 1; n < 2 * data.len; n++) {
		memcpy(bytes, data.ptr, data.len);
		bytes[n / 2] ^= n < data.len ? 0 : 1;
		assert_int_equal(eac_dst(&f->t, f->chain.cvca.plan.holder), SJ_SW_OK);
		apdu.data = n < data.len ? sj_span(bytes, n) : sj_span(bytes, data.len);
		assert_true(bench_send(f->card.b, &apdu) != SJ_SW_OK);
		assert_int_equal(eac_step(&f->t, EAC_SET), SJ_SW_CONDITIONS);
	}
	assert_int_equal(card_date(f->card.b->card), EAC_2026);
	assert_closed(f);
	assert_served(f);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_wrong_order),
		CASE(test_outside_secure_messaging_nothing_begins),
		CASE(test_pace_without_chat_leads_nowhere),
		CASE(test_nothing_outlives_its_session),
		CASE(test_terminal_authentication_succeeds_once),
		CASE(test_replayed_challenge),
		CASE(test_signature_of_another_session),
		CASE(test_auxiliary_data_that_were_not_signed),
		CASE(test_signature_by_another_key),
		CASE(test_chip_authentication_with_another_key),
		CASE(test_chip_authentication_off_the_curve),
		CASE(test_terminal_signs_a_terminal),
		CASE(test_only_a_dv_certifies_terminals_and_only_a_cvca_dvs),
		CASE(test_certificate_of_another_kind_in_the_chain),
		CASE(test_chain_of_another_kind_than_the_chat),
		CASE(test_more_rights_than_the_dv_are_cut),
		CASE(test_expired),
		CASE(test_expired_dv),
		CASE(test_not_yet_valid),
		CASE(test_names_that_do_not_lead_to_each_other),
		CASE(test_a_service_that_is_none),
		CASE(test_every_truncation_and_every_changed_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
