#include "secure/piv_cvc.h"
#include "secure/piv_sm.h"
#include "tests/vectors/hexbytes.h"
#include "tests/vectors/nist_piv_sm_cs2.h"
#include "tests/vectors/nist_piv_sm_cs7.h"
#include "wire/piv.h"

static const struct nist_session *const sessions[] = { &nist_cs2, &nist_cs7 };

#define SESSION_COUNT (sizeof(sessions) / sizeof(sessions[0]))

/* One end of a session: its keys, counter and both chains. */
struct end {
	struct sj_piv_sm_keys keys;
	uint8_t counter[SJ_PIV_SM_BLOCK];
	uint8_t command_chain[SJ_PIV_SM_BLOCK], response_chain[SJ_PIV_SM_BLOCK];
};

static uint8_t out[8192], opened[8192];
static const uint8_t host_id[SJ_PIV_SM_ID];

static void begin(struct end *end, const struct sj_piv_sm_keys *keys)
{
	memset(end, 0, sizeof(*end));
	end->keys = *keys;
	end->counter[SJ_PIV_SM_BLOCK - 1] = 1;
}

/* The command's APDU as one, whose parts were chained. */
static struct sj_apdu joined(const struct nist_exchange *x, struct sj_writer *w)
{
	struct sj_apdu first = { 0 }, last;

	assert_true(sj_apdu_parse(hex(x->command), &last));
	if (x->first != NULL) {
		assert_true(sj_apdu_parse(hex(x->first), &first));
		assert_int_equal(first.cla, last.cla | 0x10);
	}
	sj_put(w, first.data);
	sj_put(w, last.data);
	assert_false(w->failed);
	last.data = sj_written(w);
	return last;
}

/* Ne was written in one byte, whatever the clear APDU's form. */
static struct sj_apdu plain_of(const struct nist_exchange *x)
{
	struct sj_apdu a;

	assert_true(sj_apdu_parse(hex(x->plain), &a));
	if (a.ne > SJ_APDU_NE_SHORT)
		a.ne = SJ_APDU_NE_SHORT;
	return a;
}

static void assert_data(struct sj_span data, const struct nist_exchange *x)
{
	uint8_t digest[SJ_HASH_MAX];

	if (x->data_sha256 == NULL) {
		assert_int_equal(data.len, 0);
		return;
	}
	assert_true(sj_hash(SJ_SHA256, &data, 1, digest));
	assert_hex(sj_span(digest, 32), x->data_sha256);
}

static void reader_sends(struct end *reader, const struct nist_exchange *x)
{
	uint8_t whole[1024];
	struct sj_writer w = SJ_WRITER_OF(out), j = SJ_WRITER_OF(whole);
	const struct sj_apdu plain = plain_of(x), want = joined(x, &j);
	struct sj_apdu got;

	assert_hex(SJ_SPAN_OF(reader->counter), x->counter);
	sj_piv_sm_command_put(&w, &reader->keys, reader->counter, reader->command_chain, &plain);
	if (x->first == NULL)
		assert_hex(sj_written(&w), x->command);
	assert_true(sj_apdu_parse(sj_written(&w), &got));
	assert_int_equal(got.cla, 0x0C);
	assert_int_equal(got.ins, want.ins);
	assert_int_equal(got.p1 << 8 | got.p2, want.p1 << 8 | want.p2);
	assert_true(sj_span_eq(got.data, want.data));
	assert_hex(SJ_SPAN_OF(reader->command_chain), x->command_chain);
}

static void reader_opens(struct end *reader, const struct nist_exchange *x)
{
	struct sj_writer buffer = SJ_WRITER_OF(opened);
	struct sj_response plain;

	assert_hex(SJ_SPAN_OF(reader->response_chain), x->response_chain);
	assert_int_equal(sj_piv_sm_response_open(&reader->keys, reader->counter,
						 reader->response_chain, hex(x->response), &buffer,
						 &plain),
			 SJ_SM_OK);
	assert_int_equal(plain.sw, x->sw);
	assert_data(plain.data, x);
	assert_true(sj_piv_sm_count(reader->counter));
}

static void card_opens(struct end *card, const struct nist_exchange *x)
{
	uint8_t whole[1024];
	struct sj_writer buffer = SJ_WRITER_OF(opened), j = SJ_WRITER_OF(whole);
	const struct sj_apdu plain = plain_of(x), in = joined(x, &j);
	struct sj_apdu got;

	assert_int_equal(sj_piv_sm_command_open(&card->keys, card->counter, card->command_chain,
						&in, &buffer, &got),
			 SJ_SM_OK);
	assert_int_equal(got.cla, 0);
	assert_int_equal(got.ins, plain.ins);
	assert_int_equal(got.p1 << 8 | got.p2, plain.p1 << 8 | plain.p2);
	assert_int_equal(got.ne, plain.ne);
	assert_true(sj_span_eq(got.data, plain.data));
	assert_hex(SJ_SPAN_OF(card->command_chain), x->command_chain);
}

/* The data to send come from the captured response, opened by a reader beside the card. */
static void card_sends(struct end *card, struct end *reader, const struct nist_exchange *x)
{
	struct sj_writer w = SJ_WRITER_OF(out), buffer = SJ_WRITER_OF(opened);
	struct sj_response plain;

	assert_int_equal(sj_piv_sm_response_open(&reader->keys, reader->counter,
						 reader->response_chain, hex(x->response), &buffer,
						 &plain),
			 SJ_SM_OK);
	assert_data(plain.data, x);
	assert_hex(SJ_SPAN_OF(card->response_chain), x->response_chain);
	sj_piv_sm_response_put(&w, &card->keys, card->counter, card->response_chain, plain.data,
			       x->sw);
	assert_false(w.failed);
	assert_int_equal(w.len, hex(x->response).len + 2);
	assert_hex(sj_span(out, w.len - 2), x->response);
	assert_memory_equal(out + w.len - 2, "\x90\x00", 2);
	assert_true(sj_piv_sm_count(card->counter) && sj_piv_sm_count(reader->counter));
}

static struct sj_ec_point host_key(const struct nist_session *s, const struct sj_piv_suite *suite)
{
	struct sj_ec_secret secret;
	struct sj_ec_point key;

	assert_true(sj_ec_secret_read(suite->curve, hex(s->host_secret), &secret));
	assert_true(sj_ec_multiply(suite->curve, &secret, NULL, &key));
	return key;
}

/* The reader's half of 4.1: the request as sent, the answer judged, the keys. */
static struct sj_piv_sm_keys reader_keys(const struct nist_session *s)
{
	const struct sj_piv_suite *suite = sj_piv_suite(s->suite);
	const struct sj_ec_point key = host_key(s, suite);
	const size_t field = sj_curve_field_size(suite->curve);
	struct sj_piv_sm_facts facts = { .host_id = host_id, .host_key = key };
	uint8_t z[SJ_EC_FIELD_MAX], card_id[SJ_PIV_SM_ID], cryptogram[SJ_PIV_SM_CRYPTOGRAM];
	struct sj_piv_sm_answer answer;
	struct sj_piv_sm_keys keys;
	struct sj_ec_secret secret;
	struct sj_piv_auth auth;
	struct sj_piv_cvc cvc;

	assert_true(sj_piv_auth_read(hex(s->answer), &auth));
	assert_true(sj_piv_sm_answer_read(suite, auth.response, &answer));
	assert_int_equal(answer.control, 0);
	assert_hex(answer.nonce, s->nonce);
	assert_hex(answer.cvc, s->cvc);
	assert_true(sj_piv_cvc_read(answer.cvc, &cvc));
	assert_int_equal(cvc.curve, suite->curve);
	assert_true(sj_ec_secret_read(suite->curve, hex(s->host_secret), &secret));
	assert_true(sj_ec_agree(suite->curve, &secret, &cvc.key, z));
	assert_hex(sj_span(z, field), s->z);
	assert_true(sj_piv_sm_card_id(answer.cvc, card_id));
	assert_hex(SJ_SPAN_OF(card_id), s->card_id);
	facts.z = sj_span(z, field);
	facts.card_id = card_id;
	facts.nonce = answer.nonce;
	assert_true(sj_piv_sm_derive(suite, &facts, &keys));
	assert_true(sj_piv_sm_cryptogram(&keys, &facts, cryptogram));
	assert_true(sj_span_eq(answer.cryptogram, SJ_SPAN_OF(cryptogram)));
	return keys;
}

static void the_keys_are_the_captured_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < SESSION_COUNT; i++) {
		const struct sj_piv_sm_keys keys = reader_keys(sessions[i]);
		const size_t n = sj_cipher_key_size(keys.suite->cipher);

		assert_hex(sj_span(keys.confirm, n), sessions[i]->confirm);
		assert_hex(sj_span(keys.mac, n), sessions[i]->mac);
		assert_hex(sj_span(keys.enc, n), sessions[i]->enc);
		assert_hex(sj_span(keys.rmac, n), sessions[i]->rmac);
	}
}

static void the_request_is_the_captured_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < SESSION_COUNT; i++) {
		const struct sj_piv_suite *suite = sj_piv_suite(sessions[i]->suite);
		const struct sj_ec_point key = host_key(sessions[i], suite);
		const struct sj_piv_sm_request request = { 0, SJ_SPAN_OF(host_id),
							   sj_ec_point_span(&key) };
		uint8_t content[128];
		struct sj_writer inner = SJ_WRITER_OF(content), w = SJ_WRITER_OF(out);
		struct sj_piv_auth auth = { .has_challenge = true, .has_response = true };
		struct sj_apdu apdu;

		sj_piv_sm_request_put(&inner, &request);
		auth.challenge = sj_written(&inner);
		sj_piv_auth_put(&w, &auth);
		assert_true(sj_apdu_parse(hex(sessions[i]->request), &apdu));
		assert_true(sj_span_eq(sj_written(&w), apdu.data));
	}
}

static void reader_replays_both_sessions(void **state)
{
	struct end reader;

	(void)state;
	for (size_t i = 0; i < SESSION_COUNT; i++) {
		const struct sj_piv_sm_keys keys = reader_keys(sessions[i]);

		begin(&reader, &keys);
		for (size_t k = 0; k < sessions[i]->count; k++) {
			reader_sends(&reader, &sessions[i]->exchanges[k]);
			reader_opens(&reader, &sessions[i]->exchanges[k]);
		}
	}
}

/* The card's half of 4.1 from Z, its nonce and its CVC: answer and keys. */
static struct sj_piv_sm_keys card_keys(const struct nist_session *s)
{
	const struct sj_piv_suite *suite = sj_piv_suite(s->suite);
	struct sj_piv_sm_facts facts = { .z = hex(s->z), .nonce = hex(s->nonce) };
	uint8_t card_id[SJ_PIV_SM_ID], cryptogram[SJ_PIV_SM_CRYPTOGRAM], content[512];
	struct sj_writer inner = SJ_WRITER_OF(content), w = SJ_WRITER_OF(out);
	struct sj_piv_auth in, auth = { .has_response = true };
	struct sj_piv_sm_request request;
	struct sj_piv_sm_answer answer = { 0, facts.nonce, SJ_SPAN_OF(cryptogram), hex(s->cvc) };
	struct sj_piv_sm_keys keys;
	struct sj_apdu apdu;

	assert_true(sj_apdu_parse(hex(s->request), &apdu));
	assert_true(sj_piv_auth_read(apdu.data, &in));
	assert_true(sj_piv_sm_request_read(suite, in.challenge, &request));
	assert_true(sj_ec_point_read(suite->curve, request.key, &facts.host_key));
	assert_true(sj_piv_sm_card_id(answer.cvc, card_id));
	facts.host_id = request.id.ptr;
	facts.card_id = card_id;
	assert_true(sj_piv_sm_derive(suite, &facts, &keys));
	assert_true(sj_piv_sm_cryptogram(&keys, &facts, cryptogram));
	sj_piv_sm_answer_put(&inner, &answer);
	auth.response = sj_written(&inner);
	sj_piv_auth_put(&w, &auth);
	assert_hex(sj_written(&w), s->answer);
	return keys;
}

static void card_replays_both_sessions(void **state)
{
	struct end card, reader;

	(void)state;
	for (size_t i = 0; i < SESSION_COUNT; i++) {
		const struct sj_piv_sm_keys keys = card_keys(sessions[i]);

		begin(&card, &keys);
		begin(&reader, &keys);
		for (size_t k = 0; k < sessions[i]->count; k++) {
			card_opens(&card, &sessions[i]->exchanges[k]);
			card_sends(&card, &reader, &sessions[i]->exchanges[k]);
		}
	}
}

static void what_was_read_in_clear(void **state)
{
	struct sj_piv_application application;
	struct sj_piv_discovery discovery;

	(void)state;
	for (size_t i = 0; i < SESSION_COUNT; i++) {
		assert_true(sj_piv_application_read(hex(sessions[i]->select), &application));
		assert_int_equal(application.suite, sessions[i]->suite);
		assert_true(sj_piv_discovery_read(hex(sessions[i]->discovery), &discovery));
		assert_true(discovery.policy & PIV_POLICY_VCI);
	}
}

/* Nothing moves: not the chain, not what was in the buffer, not the output. */
static void a_changed_message_is_refused(void **state)
{
	const struct nist_exchange *x = &nist_cs2.exchanges[0];
	const struct sj_piv_sm_keys keys = card_keys(&nist_cs2);
	struct sj_writer buffer = SJ_WRITER_OF(opened);
	uint8_t bytes[64], zeros[SJ_PIV_SM_BLOCK] = { 0 };
	struct sj_apdu in, plain = { .ins = 0x42 };
	struct end card;

	(void)state;
	begin(&card, &keys);
	for (size_t bit = 0; bit < 8 * hex(x->command).len; bit++) {
		memcpy(bytes, hex(x->command).ptr, hex(x->command).len);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (!sj_apdu_parse(sj_span(bytes, hex(x->command).len), &in) ||
		    bit / 8 == hex(x->command).len - 1)
			continue; /* the last byte is Le, which no MAC covers */
		assert_int_not_equal(sj_piv_sm_command_open(&card.keys, card.counter,
							    card.command_chain, &in, &buffer,
							    &plain),
				     SJ_SM_OK);
	}
	assert_int_equal(buffer.len, 0);
	assert_int_equal(plain.ins, 0x42);
	assert_memory_equal(card.command_chain, zeros, sizeof(zeros));
}

/* Behind the chaining value that stood before the x-th exchange, the 8th being the right one. */
static enum sj_sm_rc open_response(const struct sj_piv_sm_keys *keys, struct sj_span data, size_t x)
{
	struct sj_writer buffer = SJ_WRITER_OF(opened);
	struct sj_response plain;
	struct end reader;

	begin(&reader, keys);
	reader.counter[SJ_PIV_SM_BLOCK - 1] = 9;
	memcpy(reader.response_chain, hex(nist_cs2.exchanges[x].response_chain).ptr,
	       SJ_PIV_SM_BLOCK);
	return sj_piv_sm_response_open(&reader.keys, reader.counter, reader.response_chain, data,
				       &buffer, &plain);
}

static void every_truncation_of_a_response(void **state)
{
	const struct sj_piv_sm_keys keys = reader_keys(&nist_cs2);
	const struct sj_span whole = hex(nist_cs2.exchanges[8].response);

	(void)state;
	assert_int_equal(open_response(&keys, whole, 8), SJ_SM_OK);
	for (size_t n = 0; n < whole.len; n++)
		assert_int_not_equal(open_response(&keys, sj_span(whole.ptr, n), 8), SJ_SM_OK);
	assert_int_equal(open_response(&keys, sj_span(whole.ptr, whole.len - 10), 8),
			 SJ_SM_MISSING);
	assert_int_equal(open_response(&keys, whole, 7), SJ_SM_INCORRECT);
}

static void every_truncation_of_a_command(void **state)
{
	const struct nist_exchange *x = &nist_cs2.exchanges[1];
	const struct sj_piv_sm_keys keys = card_keys(&nist_cs2);
	struct sj_writer buffer = SJ_WRITER_OF(opened);
	struct sj_apdu whole, in, plain;
	struct end card;

	(void)state;
	begin(&card, &keys);
	memcpy(card.command_chain, hex(nist_cs2.exchanges[0].command_chain).ptr, SJ_PIV_SM_BLOCK);
	card.counter[SJ_PIV_SM_BLOCK - 1] = 2;
	assert_true(sj_apdu_parse(hex(x->command), &whole));
	for (size_t n = 0; n <= whole.data.len; n++) {
		in = whole;
		in.data.len = n;
		assert_int_equal(sj_piv_sm_command_open(&card.keys, card.counter,
							card.command_chain, &in, &buffer,
							&plain) == SJ_SM_OK,
				 n == whole.data.len);
	}
}

static void every_truncation_of_the_establishment(void **state)
{
	const struct sj_piv_suite *suite = sj_piv_suite(PIV_ALG_CS2);
	struct sj_piv_sm_request request;
	struct sj_piv_sm_answer answer;
	struct sj_piv_auth auth;
	struct sj_apdu apdu;

	(void)state;
	assert_true(sj_apdu_parse(hex(nist_cs2.request), &apdu));
	assert_true(sj_piv_auth_read(apdu.data, &auth));
	for (size_t n = 0; n <= auth.challenge.len; n++)
		assert_int_equal(
			sj_piv_sm_request_read(suite, sj_span(auth.challenge.ptr, n), &request),
			n == auth.challenge.len);
	assert_false(sj_piv_sm_request_read(sj_piv_suite(PIV_ALG_CS7), auth.challenge, &request));
	assert_true(sj_piv_auth_read(hex(nist_cs2.answer), &auth));
	for (size_t n = 0; n <= auth.response.len; n++)
		assert_int_equal(
			sj_piv_sm_answer_read(suite, sj_span(auth.response.ptr, n), &answer),
			n == auth.response.len);
}

static void the_counter_ends(void **state)
{
	uint8_t counter[SJ_PIV_SM_BLOCK] = { 0 };

	(void)state;
	counter[SJ_PIV_SM_BLOCK - 1] = 0xFF;
	assert_true(sj_piv_sm_count(counter));
	assert_memory_equal(counter + SJ_PIV_SM_BLOCK - 2, "\1\0", 2);
	memset(counter, 0xFF, sizeof(counter));
	assert_false(sj_piv_sm_count(counter));
}

static void there_are_two_suites(void **state)
{
	struct sj_piv_sm_facts facts = { .z = hex(nist_cs7.z), .nonce = hex(nist_cs7.nonce) };
	struct sj_piv_sm_keys keys;

	(void)state;
	assert_null(sj_piv_suite(PIV_ALG_P256));
	facts.host_key = host_key(&nist_cs7, sj_piv_suite(PIV_ALG_CS7));
	assert_false(sj_piv_sm_derive(sj_piv_suite(PIV_ALG_CS2), &facts, &keys));
}

/* A command that is too long for one APDU, and a buffer that is too small. */
static void no_room(void **state)
{
	static uint8_t big[66000];
	const struct sj_piv_sm_keys keys = card_keys(&nist_cs2);
	const struct sj_apdu plain = { .ins = 0xDB, .data = sj_span(big, 65530) };
	uint8_t before[SJ_PIV_SM_BLOCK] = { 0 }, small[40];
	struct sj_writer w = SJ_WRITER_OF(big), s = SJ_WRITER_OF(small);
	struct end end;

	(void)state;
	begin(&end, &keys);
	sj_piv_sm_command_put(&w, &end.keys, end.counter, end.command_chain, &plain);
	assert_true(w.failed);
	sj_piv_sm_response_put(&s, &end.keys, end.counter, end.response_chain,
			       SJ_SPAN_STR("sixteen bytes!!!"), 0x9000);
	assert_true(s.failed);
	assert_memory_equal(end.command_chain, before, sizeof(before));
	assert_memory_equal(end.response_chain, before, sizeof(before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_keys_are_the_captured_ones),
		cmocka_unit_test(the_request_is_the_captured_one),
		cmocka_unit_test(reader_replays_both_sessions),
		cmocka_unit_test(card_replays_both_sessions),
		cmocka_unit_test(what_was_read_in_clear),
		cmocka_unit_test(a_changed_message_is_refused),
		cmocka_unit_test(every_truncation_of_a_response),
		cmocka_unit_test(every_truncation_of_a_command),
		cmocka_unit_test(every_truncation_of_the_establishment),
		cmocka_unit_test(the_counter_ends),
		cmocka_unit_test(there_are_two_suites),
		cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
