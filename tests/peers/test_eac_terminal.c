/*
 * libeac as a terminal with our card: PACE with a CHAT, Terminal and Chip Authentication 2, Restricted
 * Identification.
 */
#include <stdio.h>

#include "tests/card/eid_rig.h"
#include "tests/peers/eac_terminal.h"
#include "wire/std/tr03110.h"

#define READ_SECURITY "00B09D0000"
#define READ_DG3 "00B0830000"

struct fixture {
	struct eac_chain chain, is;
	struct eac_card card;
	uint8_t key[1024], chat[64];
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state == NULL;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bench_free(f->card.b);
	eac_chain_forget(&f->chain);
	eac_chain_forget(&f->is);
	free(f);
	return 0;
}

/* Kinds and keys: the chain that is tried, and a card that knows it. */
static struct peer_eac_plan plan_of(struct fixture *f, struct eac_chain *chain)
{
	const struct eac_plan plan = { .flags = CARD_EAC_EID,
				       .date = EAC_2026,
				       .anchors = { eac_made(&f->chain.cvca),
						    eac_made(&f->is.cvca) },
				       .keys = true };
	const struct sj_cvc_key *key = &chain->terminal.plan.key;
	const bool at = chain == &f->chain;
	struct sj_writer k = SJ_WRITER_OF(f->key), c = SJ_WRITER_OF(f->chat);
	struct sj_span oid = sj_ta_oid(key->scheme, key->hash);
	static char text[64];

	eac_issue(&f->card, &plan);
	assert_true(sj_key_put(chain->terminal.key, &k));
	sj_cvc_chat_put(&c, &chain->terminal.plan.rights);
	for (size_t i = 0; i < oid.len; i++)
		snprintf(text + 2 * i, 3, "%02X", oid.ptr[i]);
	return (struct peer_eac_plan){ .cvca = eac_made(&chain->cvca),
				       .dv = eac_made(&chain->dv),
				       .terminal = eac_made(&chain->terminal),
				       .key = sj_written(&k),
				       .chat = sj_written(&c),
				       .reference = at ? 3 : 2,
				       .secret = at ? EAC_PIN : CAN,
				       .ta_oid = text };
}

static struct peer_eac *open_chip(struct fixture *f, const struct peer_eac_plan *plan, int sector)
{
	const char *fault;
	struct peer_eac *t = peer_eac_visit(plan, &f->card, sector, &fault);

	if (fault != NULL)
		fail_msg("%s", fault);
	return t;
}

static struct peer_eac *open_card(struct fixture *f, const struct peer_eac_plan *plan)
{
	return open_chip(f, plan, PEER_EAC_NO_CHIP);
}

static void chains(struct fixture *f, const char *key)
{
	eac_chain(&f->chain, key, SJ_CVC_AUTHENTICATION);
	eac_chain(&f->is, key, SJ_CVC_INSPECTION);
}

static void authentication_terminal(struct fixture *f, const char *key)
{
	struct peer_eac_plan plan;
	struct peer_eac *t;
	struct sj_span data;

	chains(f, key);
	plan = plan_of(f, &f->chain);
	t = open_card(f, &plan);
	assert_false(card_terminal_is(f->card.b->card, true, SJ_CVC_AUTHENTICATION));
	assert_int_equal(peer_eac_send(t, HEX(READ_SECURITY), &data), SJ_SW_OK);
	assert_int_equal(data.len, 40);
	assert_int_equal(data.ptr[0], EAC_CARD_SECURITY(0));
	peer_eac_free(t);
	bench_power(f->card.b);
	t = open_chip(f, &plan, 0);
	assert_true(card_terminal_is(f->card.b->card, true, SJ_CVC_AUTHENTICATION));
	assert_int_equal(peer_eac_send(t, HEX(READ_SECURITY), &data), SJ_SW_OK);
	peer_eac_free(t);
}

static void test_with_p256(void **state)
{
	authentication_terminal(*state, "P-256");
}

static void test_with_p384(void **state)
{
	authentication_terminal(*state, "P-384");
}

static void test_with_brainpool_256(void **state)
{
	authentication_terminal(*state, "brainpoolP256r1");
}

static void test_with_brainpool_512(void **state)
{
	authentication_terminal(*state, "brainpoolP512r1");
}

static void test_auxiliary_data(void **state)
{
	struct fixture *f = *state;
	struct peer_eac_plan plan;
	struct peer_eac *t;

	chains(f, "P-256");
	plan = plan_of(f, &f->chain);
	plan.aux = HEX("6717"
		       "7315"
		       "060904007F00070301040153083230303830313031");
	t = open_card(f, &plan);
	assert_int_equal(card_terminal(f->card.b->card)->aux_len, 23);
	peer_eac_free(t);
}

static void test_a_terminal_of_a_sector(void **state)
{
	struct fixture *f = *state;
	struct peer_eac_plan plan;
	struct peer_eac *t;

	chains(f, "P-256");
	eac_serve(&f->chain.terminal, 5, 12, 77);
	eac_sign(&f->chain.terminal, &f->chain.dv);
	plan = plan_of(f, &f->chain);
	t = open_chip(f, &plan, 5);
	assert_int_equal(card_terminal(f->card.b->card)->service.sector, 5);
	peer_eac_free(t);
}

static void test_inspection_system_reads_fingerprints(void **state)
{
	struct fixture *f = *state;
	struct peer_eac_plan plan;
	struct peer_eac *t;
	struct sj_span data;

	chains(f, "P-256");
	plan = plan_of(f, &f->is);
	t = open_card(f, &plan);
	assert_int_equal(peer_eac_send(t, HEX(SELECT_LDS), &data), SJ_SW_OK);
	assert_int_equal(peer_eac_send(t, HEX(READ_DG3), &data), SJ_SW_SECURITY_STATUS);
	peer_eac_free(t);
	bench_power(f->card.b);
	t = open_chip(f, &plan, 0);
	assert_int_equal(peer_eac_send(t, HEX(SELECT_LDS), &data), SJ_SW_OK);
	assert_int_equal(peer_eac_send(t, HEX(READ_DG3), &data), SJ_SW_OK);
	assert_int_equal(data.len, DG1_SIZE);
	peer_eac_free(t);
}

/* The card's pseudonym for a sector is what libeac makes of the sector's secret and the card's key. */
static void test_restricted_identification(void **state)
{
	struct fixture *f = *state;
	struct eid_sector sector;
	const struct eid_plan rights = { .bits = 1 << SJ_AT_RESTRICTED_ID,
					 .sector = 2,
					 .sectors = { &sector } };
	uint8_t bytes[700], inner[512], expected[32], x[SJ_EC_FIELD_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes), k = SJ_WRITER_OF(f->key);
	struct sj_apdu apdu = { .ins = 0x86, .ne = SJ_APDU_NE_EXTENDED, .extended = true };
	struct sj_span data, content, id;
	struct peer_eac_plan plan;
	struct sj_key *secret;
	struct peer_eac *t;

	chains(f, "P-256");
	eid_sector_make(&sector);
	eid_certify(&f->chain, &rights);
	plan = plan_of(f, &f->chain);
	t = open_chip(f, &plan, 2);
	assert_int_equal(peer_eac_send(t, HEX(EID_SELECT), &data), SJ_SW_OK);
	assert_int_equal(peer_eac_send(t, HEX(EID_RI_SET), &data), SJ_SW_OK);
	sj_tlv_put(&w, 0x7C, eid_sector_object(&sector, 0xA0, inner));
	apdu.data = sj_written(&w);
	assert_int_equal(peer_eac_apdu(t, &apdu, &data), SJ_SW_OK);
	assert_int_equal(sj_tlv_take(&data, 0x7C, &content), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&content, 0x81, &id), SJ_TLV_FOUND);
	secret = sj_key_from_ec(SJ_BP256R1, &sector.secret);
	assert_true(secret != NULL && sj_key_put(secret, &k));
	assert_true(peer_ri_identifier(sj_written(&k), sj_ec_point_span(&f->card.ri), expected));
	assert_true(sj_ec_agree(SJ_BP256R1, &sector.secret, &f->card.ri, x));
	assert_true(x[0] == 0 || /* what libeac hashes lacks this zero */
		    sj_span_eq(id, SJ_SPAN_OF(expected)));
	sj_key_free(secret);
	peer_eac_free(t);
}

static void test_another_terminals_key_is_refused(void **state)
{
	struct fixture *f = *state;
	struct peer_eac_plan plan;
	struct peer_eac *t;
	const char *fault;
	struct sj_writer k = SJ_WRITER_OF(f->key);

	chains(f, "P-256");
	plan = plan_of(f, &f->chain);
	assert_true(sj_key_put(f->is.terminal.key, &k));
	plan.key = sj_written(&k);
	t = peer_eac_visit(&plan, &f->card, PEER_EAC_NO_CHIP, &fault);
	assert_non_null(fault);
	assert_string_equal(fault, "EXTERNAL AUTHENTICATE");
	peer_eac_free(t);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_with_p256),
		CASE(test_with_p384),
		CASE(test_with_brainpool_256),
		CASE(test_with_brainpool_512),
		CASE(test_auxiliary_data),
		CASE(test_a_terminal_of_a_sector),
		CASE(test_inspection_system_reads_fingerprints),
		CASE(test_restricted_identification),
		CASE(test_another_terminals_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
