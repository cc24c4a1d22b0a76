/* Whom an authority lets sign at gates: anchors, links, status signers. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/status_rig.h"

static void a_signer_needs_a_gate_ca(void **state)
{
	struct status_rig *r = *state;
	uint8_t token[SJ_CWT_MAX];
	int dir = open(r->directory, O_RDONLY | O_DIRECTORY);
	struct sj_ec_secret key;
	size_t n;

	rig_new_key(&key);
	n = rig_token(SJ_CWT_STATUS_SIGNER, RIG_ISSUER, &key, &key, token);
	assert_int_equal(sj_signers_store(dir, sj_span(token, n)), SJ_INPUT_REFUSED);
	n = rig_token(SJ_CWT_STATUS_SIGNER, "RUR", &key, &r->ca, token);
	assert_int_equal(sj_signers_store(dir, sj_span(token, n)), SJ_INPUT_REFUSED);
	assert_int_equal(sj_signers_store(dir, sj_span(token, n - 1)), SJ_INPUT_MALFORMED);
	close(dir);
}

/* The next gate CA, vouched for by the present one, may name a status signer. */
static void a_link_carries_trust_on(void **state)
{
	struct status_rig *r = *state;
	uint8_t link[SJ_CWT_MAX], token[SJ_CWT_MAX];
	struct rig_file list = rig_list(r, 1);
	struct sj_status_head head = rig_head_of(r, &list);
	struct sj_ec_secret ca, signer;
	int dir = open(r->directory, O_RDONLY | O_DIRECTORY);
	size_t n, m;

	rig_new_key(&ca);
	rig_new_key(&signer);
	n = rig_token(SJ_CWT_GATE_CA, RIG_ISSUER, &ca, &r->ca, link);
	m = rig_token(SJ_CWT_STATUS_SIGNER, RIG_ISSUER, &signer, &ca, token);
	assert_int_equal(sj_signers_store(dir, sj_span(token, m)), SJ_INPUT_REFUSED);
	assert_int_equal(sj_signers_store(dir, sj_span(link, n)), SJ_OK);
	assert_int_equal(sj_signers_store(dir, sj_span(token, m)), SJ_OK);
	assert_int_equal(rig_import(r, rig_resign(&list, &head, &signer)), SJ_OK);
	rig_file_free(&list);
	close(dir);
}

/* Signers of the rig's directory that are believed. */
static size_t believed(const struct status_rig *r)
{
	struct sj_signers *signers = malloc(sizeof(*signers));
	int dir = open(r->directory, O_RDONLY | O_DIRECTORY);
	size_t n;

	assert_non_null(signers);
	n = sj_signers_load(dir, signers) == SJ_OK ? signers->n : 0;
	close(dir);
	free(signers);
	return n;
}

static void put_file(const struct status_rig *r, const char *name, const uint8_t *bytes, size_t n)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/" SJ_SIGNERS_FOLDER "/%s", r->directory, name);
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(out);
}

static void other_files_are_passed_over(void **state)
{
	struct status_rig *r = *state;
	uint8_t token[SJ_CWT_MAX];
	struct sj_ec_secret key;
	size_t n;

	rig_new_key(&key);
	n = rig_token(SJ_CWT_STATUS_SIGNER, RIG_ISSUER, &key, &key, token);
	put_file(r, "stranger.cwt", token, n);
	put_file(r, "empty.cwt", token, 0);
	n = rig_token(SJ_CWT_STATUS_SIGNER, RIG_ISSUER, &key, &r->ca, token);
	put_file(r, "token.txt", token, n);
	put_file(r, ".hidden.cwt", token, n);
	assert_int_equal(believed(r), 2);
	put_file(r, "token.cwt", token, n);
	assert_int_equal(believed(r), 3);
}

static void every_altered_token_is_not_believed(void **state)
{
	struct status_rig *r = *state;
	uint8_t token[SJ_CWT_MAX];
	struct sj_ec_secret key;
	size_t n;

	rig_new_key(&key);
	n = rig_token(SJ_CWT_STATUS_SIGNER, RIG_ISSUER, &key, &r->ca, token);
	for (size_t i = 0; i < n; i++) {
		token[i] ^= (uint8_t)(1u << i % 8);
		put_file(r, "token.cwt", token, n);
		assert_int_equal(believed(r), 2);
		token[i] ^= (uint8_t)(1u << i % 8);
		put_file(r, "token.cwt", token, i);
		assert_int_equal(believed(r), 2);
	}
}

/* A status signer may not name another one, nor a gate CA. */
static void only_a_gate_ca_vouches(void **state)
{
	struct status_rig *r = *state;
	int dir = open(r->directory, O_RDONLY | O_DIRECTORY);
	uint8_t token[SJ_CWT_MAX];
	struct sj_ec_secret key;
	size_t n;

	rig_new_key(&key);
	n = rig_token(SJ_CWT_STATUS_SIGNER, RIG_ISSUER, &key, &r->signer, token);
	assert_int_equal(sj_signers_store(dir, sj_span(token, n)), SJ_INPUT_REFUSED);
	n = rig_token(SJ_CWT_GATE_CA, RIG_ISSUER, &key, &r->signer, token);
	assert_int_equal(sj_signers_store(dir, sj_span(token, n)), SJ_INPUT_REFUSED);
	close(dir);
}

/* Not even when the gate CA says so: the role is another. */
static void a_bundle_signer_has_no_say_at_gates(void **state)
{
	struct status_rig *r = *state;
	int dir = open(r->directory, O_RDONLY | O_DIRECTORY);
	uint8_t token[SJ_CWT_MAX];
	struct sj_ec_secret key;
	size_t n;

	rig_new_key(&key);
	n = rig_token(SJ_CWT_BUNDLE_SIGNER, RIG_ISSUER, &key, &r->ca, token);
	assert_int_equal(sj_signers_store(dir, sj_span(token, n)), SJ_INPUT_REFUSED);
	n = rig_token(SJ_CWT_BUNDLE_SIGNER, RIG_ISSUER, &key, &key, token);
	assert_int_equal(sj_signers_store(dir, sj_span(token, n)), SJ_INPUT_REFUSED);
	close(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATUS_CASE(a_signer_needs_a_gate_ca),
		STATUS_CASE(a_link_carries_trust_on),
		STATUS_CASE(other_files_are_passed_over),
		STATUS_CASE(every_altered_token_is_not_believed),
		STATUS_CASE(only_a_gate_ca_vouches),
		STATUS_CASE(a_bundle_signer_has_no_say_at_gates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
