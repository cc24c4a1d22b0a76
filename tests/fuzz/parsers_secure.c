#include "tests/fuzz/parsers.h"

#include <string.h>

#include "secure/aa.h"
#include "secure/bac.h"
#include "secure/cvc.h"
#include "secure/cvc_service.h"
#include "secure/pace.h"
#include "secure/scp03.h"
#include "secure/sm.h"
#include "tests/vectors/bsi_cvc.h"
#include "wire/hex.h"
#include "wire/std/tr03110.h"

/* Keys of all zeros: a mutation that keeps the MAC is then as likely as it can be. */
static const struct sj_sm_keys des_keys = { .cipher = SJ_CIPHER_3DES };
static const struct sj_sm_keys aes_keys = { .cipher = SJ_CIPHER_AES128 };
static const struct sj_ssc ssc;

static bool command_put(const struct sj_sm_keys *keys, size_t i, struct sj_writer *w)
{
	static const struct sj_apdu even = { .ins = 0xB0, .p1 = 0x9E, .ne = 4 };
	const struct sj_apdu odd = {
		.ins = 0xB1, .data = SJ_SPAN_STR("\x54\x02\x00\x10"), .ne = 256, .extended = true
	};
	const struct sj_apdu select = {
		.ins = 0xA4, .p1 = 2, .p2 = 0x0C, .data = SJ_SPAN_STR("\1\2")
	};

	sj_sm_command_put(w, keys, &ssc, i == 0 ? &even : i == 1 ? &odd : &select);
	return i < 3 && !w->failed;
}

static bool command_open(const struct sj_sm_keys *keys, struct sj_span in)
{
	uint8_t buffer[2048];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu apdu, plain;

	if (!sj_apdu_parse(in, &apdu) ||
	    sj_sm_command_open(keys, &ssc, &apdu, &w, &plain) != SJ_SM_OK)
		return false;
	fuzz_touch(plain.data);
	return true;
}

/* What a response holds in front of its status word. */
static bool response_put(const struct sj_sm_keys *keys, size_t i, struct sj_writer *w)
{
	sj_sm_response_put(w, keys, &ssc, i == 1,
			   i < 2 ? SJ_SPAN_STR("some data") : sj_span(NULL, 0),
			   i < 2 ? 0x9000 : 0x6A82);
	if (w->len >= 2)
		w->len -= 2;
	return i < 3 && !w->failed;
}

static bool response_open(const struct sj_sm_keys *keys, struct sj_span in)
{
	uint8_t buffer[2048];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_response plain;

	if (sj_sm_response_open(keys, &ssc, in, &w, &plain) != SJ_SM_OK)
		return false;
	fuzz_touch(plain.data);
	return true;
}

static bool command_des_seed(size_t i, struct sj_writer *w)
{
	return command_put(&des_keys, i, w);
}

static bool command_des_run(struct sj_span in)
{
	return command_open(&des_keys, in);
}

static bool command_aes_seed(size_t i, struct sj_writer *w)
{
	return command_put(&aes_keys, i, w);
}

static bool command_aes_run(struct sj_span in)
{
	return command_open(&aes_keys, in);
}

static bool response_des_seed(size_t i, struct sj_writer *w)
{
	return response_put(&des_keys, i, w);
}

static bool response_des_run(struct sj_span in)
{
	return response_open(&des_keys, in);
}

static bool response_aes_seed(size_t i, struct sj_writer *w)
{
	return response_put(&aes_keys, i, w);
}

static bool response_aes_run(struct sj_span in)
{
	return response_open(&aes_keys, in);
}

static bool bac_token_seed(size_t i, struct sj_writer *w)
{
	static const struct sj_bac_keys keys;
	static const struct sj_bac_content content;
	uint8_t token[SJ_BAC_TOKEN];

	if (i > 0 || !sj_bac_token_seal(&keys, &content, token))
		return false;
	sj_put(w, SJ_SPAN_OF(token));
	return true;
}

static bool bac_token_run(struct sj_span in)
{
	static const struct sj_bac_keys keys;
	struct sj_bac_content content;

	return sj_bac_token_open(&keys, in, &content);
}

static bool cam_seed(size_t i, struct sj_writer *w)
{
	struct sj_ec_secret data = { .len = 32 };

	memset(data.bytes, 0x11, 32);
	return i == 0 && sj_pace_cam_seal(&aes_keys, &data, w);
}

static bool cam_run(struct sj_span in)
{
	struct sj_ec_secret data;

	return sj_pace_cam_open(&aes_keys, SJ_P256, in, &data);
}

/* A public key in a group of integers: the generator. */
static bool dh_seed(size_t i, struct sj_writer *w)
{
	const struct sj_dh_secret x = { { 1 }, 1 };
	struct sj_dh_public g;

	if (i > 0 || !sj_dh_power(SJ_DH_1024_160, &x, NULL, &g))
		return false;
	sj_put(w, sj_dh_public_span(&g));
	return true;
}

static bool dh_run(struct sj_span in)
{
	struct sj_dh_public y;

	return sj_dh_public_read(SJ_DH_1024_160, in, &y);
}

static const uint8_t challenge[SJ_AA_CHALLENGE];
static const struct sj_ec_secret aa_secret = { { 0x22, 0x33 }, 32 };

/* An answer to Active Authentication: the smallest ECDSA key, a plain signature. */
static bool aa_seed(size_t i, struct sj_writer *w)
{
	const struct sj_span message = SJ_SPAN_OF(challenge);
	uint8_t digest[SJ_HASH_MAX], signature[SJ_EC_SIGNATURE_MAX];
	size_t len;

	if (i > 0 || !sj_hash(SJ_SHA256, &message, 1, digest) ||
	    !sj_ec_sign(SJ_P256, &aa_secret, sj_span(digest, 32), signature, &len))
		return false;
	sj_put(w, sj_span(signature, len));
	return true;
}

static bool aa_run(struct sj_span in)
{
	uint8_t bytes[SJ_EC_SPKI_MAX];
	struct sj_writer spki = SJ_WRITER_OF(bytes);
	struct sj_ec_point key;

	return sj_ec_multiply(SJ_P256, &aa_secret, NULL, &key) &&
	       sj_ec_spki_put(&spki, SJ_P256, &key, false) &&
	       sj_aa_verify(sj_written(&spki), SJ_SHA256, challenge, in);
}

static bool cvc_seed(size_t i, struct sj_writer *w)
{
	static const char *const seeds[] = { BSI_EC_AT, BSI_EC_CVCA, BSI_RSA_DV };

	return i < 3 && sj_hex_read(seeds[i], strlen(seeds[i]), w);
}

static bool cvc_run(struct sj_span in)
{
	struct sj_cvc c;

	if (!sj_cvc_read(in, &c))
		return false;
	fuzz_touch(c.body);
	fuzz_touch(c.authority);
	fuzz_touch(c.holder);
	fuzz_touch(c.key.point);
	fuzz_touch(c.key.modulus);
	return !sj_cvc_verify(&c, &c.key) || sj_cvc_valid_at(&c, c.from);
}

/* With the key of the aa rows; the second within an outer signature. */
static bool cvc_request_seed(size_t i, struct sj_writer *w)
{
	const struct sj_cvc plan = { .holder = SJ_SPAN_STR("UTTERM00001"),
				     .rights = { .terminal = SJ_CVC_AUTHENTICATION,
						 .extra = { 1, 1, 1 } } };
	struct sj_key *key = sj_key_from_ec(SJ_P256, &aa_secret);
	struct sj_cvc request = plan;
	struct sj_ec_point point;
	uint8_t bytes[1024];
	struct sj_writer inner = SJ_WRITER_OF(bytes);
	bool ok;

	ok = i < 2 && key != NULL && sj_cvc_key_of(key, &point, &request.key) &&
	     sj_cvc_request_put(&inner, &request, key);
	if (ok && i == 1)
		ok = sj_cvc_outer_put(w, sj_written(&inner), plan.holder, key);
	else if (ok)
		sj_put(w, sj_written(&inner));
	sj_key_free(key);
	return ok && !w->failed;
}

static bool cvc_request_run(struct sj_span in)
{
	struct sj_cvc_request r;

	if (!sj_cvc_request_read(in, &r))
		return false;
	fuzz_touch(r.outer_element);
	fuzz_touch(r.outer_signature);
	return !sj_cvc_verify(&r.cvc, &r.cvc.key) || !sj_cvc_verify_outer(&r, &r.cvc.key) ||
	       r.outer_authority.len > 0;
}

/* What a terminal's certificate says of its service: the content of 65. */
static bool cvc_service_seed(size_t i, struct sj_writer *w)
{
	const struct sj_cvc_service service = { 6, 17, 0x01020304 };
	const uint8_t hash[32] = { 1 };

	sj_cvc_service_put(w, &service);
	sj_cvc_sectors_put(w, SJ_SPAN_OF(hash), i == 0 ? SJ_SPAN_OF(hash) : sj_span(NULL, 0));
	return i < 2 && !w->failed;
}

static bool cvc_service_run(struct sj_span in)
{
	struct sj_cvc_service service;
	struct sj_span hashes[2];

	if (!sj_cvc_service_read(in, &service) || !sj_cvc_sectors_read(in, hashes))
		return false;
	fuzz_touch(hashes[0]);
	fuzz_touch(hashes[1]);
	return true;
}

/* --- SCP03, under keys of all zeros ------------------------------------------------------- */

#define SCP_DATA_MAX 2048u /* more than a command or an answer of a card */

static struct sj_scp03 scp_session(void)
{
	return (struct sj_scp03){
		.cipher = SJ_CIPHER_AES128, .size = SJ_SCP03_SHORT, .level = 0x33, .counter = 1
	};
}

static bool scp_command_seed(size_t i, struct sj_writer *w)
{
	const struct sj_apdu plain = { .cla = 0x80,
				       .ins = 0xE2,
				       .data = sj_span((const uint8_t *)"twenty bytes of data",
						       i * 10),
				       .ne = i == 2 ? 65536 : 256 };
	struct sj_scp03 s = scp_session();
	uint8_t data[64];
	struct sj_writer d = SJ_WRITER_OF(data);
	struct sj_apdu wrapped;

	if (i > 2 || !sj_scp03_wrap(&s, &plain, &d, &wrapped))
		return false;
	sj_apdu_put(w, &wrapped);
	return !w->failed;
}

static bool scp_command_run(struct sj_span in)
{
	struct sj_scp03 s = scp_session();
	uint8_t buffer[SCP_DATA_MAX];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu apdu, plain;

	if (!sj_apdu_parse(in, &apdu) || sj_scp03_unwrap(&s, &apdu, &w, &plain) != SJ_SCP03_INTACT)
		return false;
	fuzz_touch(plain.data);
	return true;
}

static bool scp_response_seed(size_t i, struct sj_writer *w)
{
	struct sj_scp03 s = scp_session();

	return i < 2 &&
	       sj_scp03_wrap_response(&s, i == 0 ? SJ_SPAN_STR("an answer") : sj_span(NULL, 0),
				      0x9000, w);
}

static bool scp_response_run(struct sj_span in)
{
	struct sj_scp03 s = scp_session();
	uint8_t buffer[SCP_DATA_MAX];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	if (sj_scp03_unwrap_response(&s, in, 0x9000, &w) != SJ_SCP03_INTACT)
		return false;
	fuzz_touch(sj_written(&w));
	return true;
}

static const uint8_t scp_dek[SJ_CIPHER_KEY_MAX];

static bool put_key_seed(size_t i, struct sj_writer *w)
{
	struct sj_scp03_keys fresh = { .cipher = (enum sj_cipher)(SJ_CIPHER_AES128 + i) };

	memset(fresh.enc, 0x11, sizeof(fresh.enc));
	return i < 3 && sj_scp03_put_keys(w, 0x31, &fresh, SJ_CIPHER_AES256, scp_dek);
}

static bool put_key_run(struct sj_span in)
{
	struct sj_scp03_keys keys;
	uint8_t version, kcv[3 * SJ_SCP03_KCV];

	return sj_scp03_read_keys(in, SJ_CIPHER_AES256, scp_dek, &version, &keys, kcv) ==
	       SJ_SCP03_KEYS_GOOD;
}

struct fuzz_room fuzz_secure(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "sm-command-3des", command_des_seed, command_des_run },
		{ "sm-command-aes", command_aes_seed, command_aes_run },
		{ "sm-response-3des", response_des_seed, response_des_run },
		{ "sm-response-aes", response_aes_seed, response_aes_run },
		{ "bac-token", bac_token_seed, bac_token_run },
		{ "pace-cam", cam_seed, cam_run },
		{ "dh-public", dh_seed, dh_run },
		{ "aa-answer", aa_seed, aa_run },
		{ "cvc", cvc_seed, cvc_run },
		{ "cvc-request", cvc_request_seed, cvc_request_run },
		{ "cvc-service", cvc_service_seed, cvc_service_run },
		{ "scp03-command", scp_command_seed, scp_command_run },
		{ "scp03-response", scp_response_seed, scp_response_run },
		{ "scp03-put-key", put_key_seed, put_key_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
