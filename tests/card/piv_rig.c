#include "tests/card/piv_rig.h"

#include "applets/piv/state.h"

/* --- personalisation ---------------------------------------------------------------------- */

static void give(struct bench *b, uint16_t dgi, const char *value)
{
	assert_int_equal(bench_dgi_hex(b, dgi, value), SJ_SW_OK);
}

static void give_key(struct bench *b, uint8_t ref, uint8_t algorithm)
{
	const uint8_t value[] = { ref, algorithm, 0, 0 };

	assert_int_equal(bench_dgi(b, 0x0020, SJ_SPAN_OF(value)), SJ_SW_OK);
}

static void give_object(struct bench *b, uint32_t tag)
{
	uint8_t value[5];
	struct sj_writer w = SJ_WRITER_OF(value);

	sj_put_be(&w, 3, tag);
	sj_put_be(&w, 2, tag & 0xFFFF);
	assert_int_equal(bench_dgi(b, 0x0010, sj_written(&w)), SJ_SW_OK);
}

/* Key 04 and a CVC of it, by a signer made for the occasion. */
static void give_messaging_key(struct bench *b, uint8_t suite)
{
	uint8_t bytes[SJ_PIV_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_key *signer = sj_key_generate("P-256");
	struct sj_piv_cvc plan = { .issuer = SJ_SPAN_STR("ISSUERID"),
				   .curve = suite == PIV_ALG_CS2 ? SJ_P256 : SJ_P384 };
	struct sj_piv_public public;

	assert_non_null(signer);
	give_key(b, PIV_KEY_SECURE_MESSAGING, suite);
	public = piv_public_key(b, PIV_KEY_SECURE_MESSAGING);
	assert_true(sj_ec_point_read(plan.curve, public.point, &plan.key));
	plan.subject = HEX(PIV_GUID);
	assert_true(sj_piv_cvc_put(&w, &plan, signer));
	assert_int_equal(bench_dgi(b, 0x0022, sj_written(&w)), SJ_SW_OK);
	sj_key_free(signer);
	give_object(b, PIV_OBJECT_SM_SIGNER);
	give(b, 0x0003, PAIRING_HEX);
}

static void give_policy(struct bench *b, uint16_t policy)
{
	const uint8_t value[] = { (uint8_t)(policy >> 8), (uint8_t)policy };

	assert_int_equal(bench_dgi(b, 0x0005, SJ_SPAN_OF(value)), SJ_SW_OK);
}

static void give_admin_key(struct bench *b, uint8_t algorithm)
{
	uint8_t value[1 + SJ_CIPHER_KEY_MAX];

	value[0] = algorithm;
	for (size_t i = 1; i < sizeof(value); i++)
		value[i] = (uint8_t)i;
	assert_int_equal(bench_dgi(b, 0x0004, sj_span(value, 1 + piv_admin_key_size(algorithm))),
			 SJ_SW_OK);
}

void piv_personalise_all(struct bench *b, const struct piv_plan *plan)
{
	static const uint32_t objects[] = { 0x5FC101, 0x5FC102, 0x5FC103, 0x5FC105, 0x5FC106,
					    0x5FC107, 0x5FC108, 0x5FC109, 0x5FC10A, 0x5FC10B,
					    0x5FC10C, 0x5FC10D, 0x5FC120, 0x5FC121, 0x5FC123,
					    0x007F61, 0x5FFF00 };
	static const uint8_t keys[] = { 0x9A, 0x9C, 0x9D, 0x9E, 0x82 };

	bench_manage(b);
	assert_int_equal(bench_do(b, INSTALL_PIV), SJ_SW_OK);
	b->block = 0;
	assert_int_equal(bench_dgi(b, 0x0000, sj_span(NULL, 0)), SJ_SW_OK);
	give(b, 0x0001, PIV_GUID "00BC614E");
	give(b, 0x0002, "8005" PIN_HEX);
	give(b, 0x0002, "0003" GLOBAL_HEX);
	give(b, 0x0002, "8103" PUK_HEX);
	give_admin_key(b, plan->admin != 0 ? plan->admin : PIV_ALG_AES_192);
	for (size_t i = 0; i < sizeof(keys); i++)
		give_key(b, keys[i], PIV_ALG_P256);
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		give_object(b, objects[i]);
	if (plan->suite != 0xFF)
		give_messaging_key(b, plan->suite != 0 ? plan->suite : PIV_ALG_CS2);
	give_policy(b, plan->policy != 0 ? plan->policy : 0x6820);
}

struct bench *piv_card(const struct piv_plan *plan)
{
	struct bench *b = bench_new();
	enum card_interface interface = plan->interface != 0 ? plan->interface : CARD_CONTACT;

	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BOTH), SJ_SW_OK);
	bench_perso_files(b);
	piv_personalise_all(b, plan);
	bench_profile(b, plan->is_private ? PROFILE_PRIVATE : PROFILE_OPEN);
	bench_lock(b);
	if (plan->is_private && interface == CARD_CONTACTLESS)
		return b;
	piv_move(b, interface);
	return b;
}

struct bench *piv_contact(void)
{
	return piv_card(&(struct piv_plan){ .policy = 0 });
}

int piv_contact_setup(void **state)
{
	*state = piv_contact();
	return 0;
}

int piv_teardown(void **state)
{
	bench_free(*state);
	return 0;
}

void piv_move(struct bench *b, enum card_interface interface)
{
	bench_insert(b, interface);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
}

/* --- commands -------------------------------------------------------------------------------- */

uint16_t piv_authenticate(struct bench *b, uint8_t algorithm, uint8_t ref, const char *objects)
{
	uint8_t data[512];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x87, .p1 = algorithm, .p2 = ref, .ne = 256 };

	sj_tlv_put(&w, PIV_TAG_AUTHENTICATION, HEX(objects));
	apdu.data = sj_written(&w);
	return bench_send(b, &apdu);
}

uint16_t piv_use(struct bench *b, uint8_t algorithm, uint8_t ref, uint32_t tag, struct sj_span in)
{
	uint8_t data[1024];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x87, .p1 = algorithm, .p2 = ref, .ne = 256 };
	struct sj_piv_auth answer;
	size_t at = sj_tlv_open(&w);

	sj_tlv_put(&w, PIV_TAG_RESPONSE, sj_span(NULL, 0));
	sj_tlv_put(&w, tag, in);
	sj_tlv_close(&w, PIV_TAG_AUTHENTICATION, at);
	assert_false(w.failed);
	apdu.data = sj_written(&w);
	if (bench_send(b, &apdu) == SJ_SW_OK) {
		assert_true(sj_piv_auth_read(b->data, &answer));
		assert_true(answer.has_response && !answer.has_challenge && !answer.has_witness);
		b->data = answer.response;
	}
	return b->sw;
}

void piv_administer(struct bench *b)
{
	const uint8_t *key = HEX(ADMIN_HEX).ptr;
	uint8_t data[64], clear[SJ_CIPHER_BLOCK_MAX];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x87, .p1 = PIV_ALG_AES_192, .p2 = 0x9B, .ne = 256 };
	struct sj_piv_auth auth;

	assert_int_equal(piv_authenticate(b, PIV_ALG_AES_192, 0x9B, "8000"), SJ_SW_OK);
	assert_true(sj_piv_auth_read(b->data, &auth) && auth.witness.len == sizeof(clear));
	assert_true(sj_cbc_decrypt(SJ_CIPHER_AES192, key, NULL, auth.witness, clear));
	auth = (struct sj_piv_auth){ .has_witness = true,
				     .has_challenge = true,
				     .has_response = true,
				     .witness = SJ_SPAN_OF(clear),
				     .challenge = SJ_SPAN_STR("sixteen bytes...") };
	sj_piv_auth_put(&w, &auth);
	apdu.data = sj_written(&w);
	assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
	assert_true(sj_piv_auth_read(b->data, &auth));
	assert_true(sj_cbc_decrypt(SJ_CIPHER_AES192, key, NULL, auth.response, clear));
	assert_memory_equal(clear, "sixteen bytes...", sizeof(clear));
}

struct sj_piv_public piv_public_key(struct bench *b, uint8_t ref)
{
	struct sj_piv_public public;
	struct sj_span content;

	assert_true(piv_key_public(b->store, ref, &content));
	assert_true(sj_piv_public_read(content, &public));
	return public;
}

uint16_t piv_get(struct bench *b, uint32_t tag)
{
	uint8_t data[8];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0xCB, .p1 = 0x3F, .p2 = 0xFF, .ne = 256 };

	sj_piv_tag_list_put(&w, tag);
	apdu.data = sj_written(&w);
	return bench_send(b, &apdu);
}

uint16_t piv_put(struct bench *b, uint32_t tag, struct sj_span value)
{
	size_t cap = value.len + 16;
	uint8_t *data = malloc(cap);
	struct sj_writer w = sj_writer(data, cap);
	struct sj_apdu apdu = { .ins = 0xDB, .p1 = 0x3F, .p2 = 0xFF };

	assert_non_null(data);
	sj_piv_tag_list_put(&w, tag);
	sj_tlv_put(&w, PIV_TAG_DATA, value);
	apdu.data = sj_written(&w);
	(void)bench_send(b, &apdu);
	free(data);
	return b->sw;
}

/* --- secure messaging --------------------------------------------------------------------------- */

static void check_answer(struct piv_reader *r, const struct sj_piv_suite *suite,
			 struct sj_piv_sm_facts *facts, const struct sj_ec_secret *key)
{
	uint8_t z[SJ_EC_FIELD_MAX], id[SJ_PIV_SM_ID], cryptogram[SJ_PIV_SM_CRYPTOGRAM];
	struct sj_piv_sm_answer answer;
	struct sj_piv_auth auth;
	struct sj_piv_cvc cvc;

	assert_true(sj_piv_auth_read(r->b->data, &auth));
	assert_true(sj_piv_sm_answer_read(suite, auth.response, &answer));
	assert_int_equal(answer.control, 0);
	assert_true(sj_piv_cvc_read(answer.cvc, &cvc));
	assert_true(sj_ec_agree(suite->curve, key, &cvc.key, z));
	assert_true(sj_piv_sm_card_id(answer.cvc, id));
	facts->z = sj_span(z, sj_curve_field_size(suite->curve));
	facts->card_id = id;
	facts->nonce = answer.nonce;
	assert_true(sj_piv_sm_derive(suite, facts, &r->keys));
	assert_true(sj_piv_sm_cryptogram(&r->keys, facts, cryptogram));
	assert_memory_equal(answer.cryptogram.ptr, cryptogram, sizeof(cryptogram));
}

void piv_open(struct piv_reader *r, struct bench *b, uint8_t suite_id)
{
	const struct sj_piv_suite *suite = sj_piv_suite(suite_id);
	const struct sj_random rnd = sj_random_system();
	struct sj_piv_sm_facts facts = { .host_id = (const uint8_t *)"HOST ID." };
	struct sj_ec_secret key;
	uint8_t data[256];
	struct sj_writer w = SJ_WRITER_OF(data);

	*r = (struct piv_reader){ .b = b };
	r->counter[SJ_PIV_SM_BLOCK - 1] = 1;
	assert_true(sj_ec_secret_random(suite->curve, &rnd, &key));
	assert_true(sj_ec_multiply(suite->curve, &key, NULL, &facts.host_key));
	sj_piv_sm_request_put(
		&w, &(struct sj_piv_sm_request){ .id = { facts.host_id, SJ_PIV_SM_ID },
						 .key = sj_ec_point_span(&facts.host_key) });
	{
		uint8_t template[256];
		struct sj_writer t = SJ_WRITER_OF(template);
		struct sj_apdu apdu = { .ins = 0x87, .p1 = suite_id, .p2 = 0x04, .ne = 256 };

		sj_piv_auth_put(&t, &(struct sj_piv_auth){ .has_challenge = true,
							   .has_response = true,
							   .challenge = sj_written(&w) });
		apdu.data = sj_written(&t);
		assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
	}
	check_answer(r, suite, &facts, &key);
}

/* The protected command in parts; the last has Le. */
static void send_parts(struct piv_reader *r, const struct sj_apdu *protected_command, size_t part)
{
	struct sj_span left = protected_command->data;
	struct sj_apdu apdu = *protected_command;

	while (part != 0 && left.len > part) {
		r->b->carries = true;
		apdu.cla = protected_command->cla | 0x10;
		apdu.ne = 0;
		assert_true(sj_take(&left, part, &apdu.data));
		if (bench_send(r->b, &apdu) != SJ_SW_OK)
			return;
		assert_int_equal(r->b->data.len, 0);
	}
	apdu = *protected_command;
	apdu.data = left;
	r->b->carries = true;
	bench_send(r->b, &apdu);
}

uint16_t piv_secure(struct piv_reader *r, const struct sj_apdu *plain, size_t part)
{
	static uint8_t bytes[SJ_APDU_COMMAND_MAX], opened[SJ_APDU_RESPONSE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes), buffer = SJ_WRITER_OF(opened);
	struct sj_response response = { .sw = 0 };
	struct sj_apdu apdu;

	sj_piv_sm_command_put(&w, &r->keys, r->counter, r->command_chain, plain);
	assert_false(w.failed);
	assert_true(sj_apdu_parse(sj_written(&w), &apdu));
	send_parts(r, &apdu, part);
	response.sw = r->b->sw;
	if (r->b->sw != SJ_SW_OK || r->b->data.len == 0)
		goto out;
	assert_int_equal(sj_piv_sm_response_open(&r->keys, r->counter, r->response_chain,
						 r->b->data, &buffer, &response),
			 SJ_SM_OK);
	assert_true(sj_piv_sm_count(r->counter));
	r->b->data = response.data;
out:
	if (r->b->watch != NULL)
		r->b->watch->opened(r->b->watch->self, plain, r->b->data, response.sw, false);
	return response.sw;
}

uint16_t piv_secure_hex(struct piv_reader *r, const char *command)
{
	uint8_t bytes[512];
	struct sj_apdu apdu;

	assert_true(sj_apdu_parse(hex(command, bytes, sizeof(bytes)), &apdu));
	return piv_secure(r, &apdu, 0);
}

/* --- where commands come from ----------------------------------------------------------------- */

void visit_begin(struct piv_visit *v, enum piv_way way)
{
	const struct piv_plan plan = { .interface =
					       way == CONTACT ? CARD_CONTACT : CARD_CONTACTLESS,
				       .is_private = way == PACE };

	*v = (struct piv_visit){ .way = way, .b = piv_card(&plan) };
	if (way == PACE) {
		bench_insert(v->b, CARD_CONTACTLESS);
		assert_int_equal(pace_run(v->b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
		assert_int_equal(bench_do(v->b, SELECT_PIV), SJ_SW_OK);
	}
	if (way == VCI || way == MESSAGING)
		piv_open(&v->r, v->b, PIV_ALG_CS2);
	if (way == VCI)
		assert_int_equal(visit_say(v, VERIFY_PAIRING), SJ_SW_OK);
}

void visit_end(struct piv_visit *v)
{
	bench_free(v->b);
}

uint16_t visit_send(struct piv_visit *v, const struct sj_apdu *apdu)
{
	if (v->way == VCI || v->way == MESSAGING)
		return piv_secure(&v->r, apdu, 0);
	return bench_send(v->b, apdu);
}

uint16_t visit_say(struct piv_visit *v, const char *command)
{
	uint8_t bytes[512];
	struct sj_apdu apdu;

	assert_true(sj_apdu_parse(hex(command, bytes, sizeof(bytes)), &apdu));
	return visit_send(v, &apdu);
}

uint16_t visit_get(struct piv_visit *v, uint32_t tag)
{
	uint8_t data[8];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0xCB, .p1 = 0x3F, .p2 = 0xFF, .ne = 256 };

	sj_piv_tag_list_put(&w, tag);
	apdu.data = sj_written(&w);
	return visit_send(v, &apdu);
}

uint16_t visit_use(struct piv_visit *v, uint8_t ref)
{
	uint8_t data[64];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x87, .p1 = PIV_ALG_P256, .p2 = ref, .ne = 256 };

	if (ref == PIV_KEY_ADMINISTRATION) {
		apdu.p1 = PIV_ALG_AES_192;
		sj_put(&w, SJ_SPAN_STR("\x7C\x02\x81\x00"));
	} else {
		sj_put(&w, SJ_SPAN_STR("\x7C\x24\x82\x00\x81\x20"));
		sj_put_fill(&w, 0x5A, 32);
	}
	apdu.data = sj_written(&w);
	return visit_send(v, &apdu);
}
