#include "tests/fuzz/parsers.h"

#include <sojourn/certificate.h>

#include "secure/piv_cvc.h"
#include "secure/piv_sm.h"
#include "wire/piv.h"

#define GUID "\xA4\xEB\x5A\x09\x66\xC3\x4F\x3E\x83\xF3\xB7\x7E\x0E\xE9\x6A\x25"

/* --- templates and data objects ---------------------------------------------- */

static bool application_seed(size_t i, struct sj_writer *w)
{
	const struct sj_piv_application a = { .aid = sj_piv_aid(),
					      .label = SJ_SPAN_STR("Sojourn"),
					      .suite = i == 0 ? PIV_ALG_CS2 : 0,
					      .command_max = i == 0 ? 2048 : 0,
					      .response_max = 65536 };

	sj_piv_application_put(w, &a);
	return i < 2;
}

static bool application_run(struct sj_span in)
{
	struct sj_piv_application a;

	if (!sj_piv_application_read(in, &a))
		return false;
	fuzz_touch(a.aid);
	fuzz_touch(a.label);
	return true;
}

static bool tag_list_seed(size_t i, struct sj_writer *w)
{
	static const uint32_t tags[] = { PIV_OBJECT_DISCOVERY, PIV_OBJECT_BIOMETRIC_GROUP,
					 PIV_OBJECT_CHUID };

	if (i >= sizeof(tags) / sizeof(tags[0]))
		return false;
	sj_piv_tag_list_put(w, tags[i]);
	return true;
}

static bool tag_list_run(struct sj_span in)
{
	uint32_t tag;

	if (!sj_piv_tag_list_take(&in, &tag))
		return false;
	fuzz_touch(in);
	return true;
}

static bool auth_seed(size_t i, struct sj_writer *w)
{
	const struct sj_piv_auth rows[] = {
		{ .has_challenge = true, .has_response = true, .challenge = SJ_SPAN_STR(GUID) },
		{ .has_witness = true, .has_challenge = true, .witness = SJ_SPAN_STR(GUID) },
		{ .has_exponentiation = true, .exponentiation = SJ_SPAN_STR(GUID) },
	};

	if (i >= sizeof(rows) / sizeof(rows[0]))
		return false;
	sj_piv_auth_put(w, &rows[i]);
	return true;
}

static bool auth_run(struct sj_span in)
{
	struct sj_piv_auth a;

	if (!sj_piv_auth_read(in, &a))
		return false;
	fuzz_touch(a.witness);
	fuzz_touch(a.challenge);
	fuzz_touch(a.response);
	fuzz_touch(a.exponentiation);
	return true;
}

static bool generate_seed(size_t i, struct sj_writer *w)
{
	const struct sj_piv_generate g = { PIV_ALG_RSA_2048, (uint8_t)i, (uint8_t)i,
					   SJ_SPAN_STR("\1\0\1") };

	sj_piv_generate_put(w, &g);
	return i < 2;
}

static bool generate_run(struct sj_span in)
{
	struct sj_piv_generate g;

	if (!sj_piv_generate_read(in, &g))
		return false;
	fuzz_touch(g.parameter);
	return true;
}

static bool public_seed(size_t i, struct sj_writer *w)
{
	static const struct sj_span seeds[] = { SJ_SPAN_STR("\x81\x03\xC1\x02\x03\x82\x01\x03"),
						SJ_SPAN_STR("\x86\x03\x04\x05\x06") };

	if (i >= sizeof(seeds) / sizeof(seeds[0]))
		return false;
	sj_put(w, seeds[i]);
	return true;
}

static bool public_run(struct sj_span in)
{
	struct sj_piv_public key;

	if (!sj_piv_public_read(in, &key))
		return false;
	fuzz_touch(key.modulus);
	fuzz_touch(key.exponent);
	fuzz_touch(key.point);
	return true;
}

static bool certificate_seed(size_t i, struct sj_writer *w)
{
	const struct sj_piv_certificate c = { SJ_SPAN_STR("\x30\x00"), i == 1,
					      i == 1 ? SJ_SPAN_STR("\x7F\x21\x01\x00")
						     : sj_span(NULL, 0) };

	sj_piv_certificate_put(w, &c);
	return i < 2;
}

static bool certificate_run(struct sj_span in)
{
	struct sj_piv_certificate c;

	if (!sj_piv_certificate_read(in, &c))
		return false;
	fuzz_touch(c.certificate);
	fuzz_touch(c.intermediate_cvc);
	return true;
}

static bool chuid_seed(size_t i, struct sj_writer *w)
{
	const struct sj_piv_chuid c = {
		.fasc_n = SJ_SPAN_STR(GUID "123456789"),
		.guid = SJ_SPAN_STR(GUID),
		.expiration = SJ_SPAN_STR("20401231"),
		.cardholder_uuid = i == 1 ? SJ_SPAN_STR(GUID) : sj_span(NULL, 0),
		.signature = SJ_SPAN_STR("\x30\x00"),
	};

	sj_piv_chuid_put(w, &c);
	return i < 2;
}

static bool chuid_run(struct sj_span in)
{
	struct sj_piv_chuid c;

	if (!sj_piv_chuid_read(in, &c))
		return false;
	fuzz_touch(c.fasc_n);
	fuzz_touch(c.guid);
	fuzz_touch(c.expiration);
	fuzz_touch(c.cardholder_uuid);
	fuzz_touch(c.signature);
	return true;
}

static bool discovery_seed(size_t i, struct sj_writer *w)
{
	const struct sj_piv_discovery d = { sj_piv_aid(), PIV_POLICY_PIN | PIV_POLICY_VCI, 0 };

	sj_piv_discovery_put(w, &d);
	return i == 0;
}

static bool discovery_run(struct sj_span in)
{
	struct sj_piv_discovery d;

	if (!sj_piv_discovery_read(in, &d))
		return false;
	fuzz_touch(d.aid);
	return true;
}

static bool history_seed(size_t i, struct sj_writer *w)
{
	const struct sj_piv_key_history h = { 1, 2, SJ_SPAN_STR("http://keys.example/1") };

	sj_piv_key_history_put(w, &h);
	return i == 0;
}

static bool history_run(struct sj_span in)
{
	struct sj_piv_key_history h;

	if (!sj_piv_key_history_read(in, &h))
		return false;
	fuzz_touch(h.url);
	return true;
}

/* --- secure messaging and its certificates ------------------------------------- */

/* Keys of all zeros, as in parsers_secure.c. */
static struct sj_piv_sm_keys zero_keys(void)
{
	return (struct sj_piv_sm_keys){ .suite = sj_piv_suite(PIV_ALG_CS2) };
}

static const uint8_t counter[SJ_PIV_SM_BLOCK];

static bool command_seed(size_t i, struct sj_writer *w)
{
	const struct sj_piv_sm_keys keys = zero_keys();
	const struct sj_apdu rows[] = {
		{ .ins = 0xCB,
		  .p1 = 0x3F,
		  .p2 = 0xFF,
		  .data = SJ_SPAN_STR("\x5C\x01\x7E"),
		  .ne = 256 },
		{ .ins = 0x20, .p2 = 0x80 },
		{ .ins = 0xFD, .ne = 65536 },
	};
	uint8_t chain[SJ_PIV_SM_BLOCK] = { 0 };

	if (i >= sizeof(rows) / sizeof(rows[0]))
		return false;
	sj_piv_sm_command_put(w, &keys, counter, chain, &rows[i]);
	return true;
}

static bool command_run(struct sj_span in)
{
	const struct sj_piv_sm_keys keys = zero_keys();
	uint8_t buffer[2048], chain[SJ_PIV_SM_BLOCK] = { 0 };
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu apdu, plain;

	if (!sj_apdu_parse(in, &apdu) ||
	    sj_piv_sm_command_open(&keys, counter, chain, &apdu, &w, &plain) != SJ_SM_OK)
		return false;
	fuzz_touch(plain.data);
	return true;
}

static bool response_seed(size_t i, struct sj_writer *w)
{
	const struct sj_piv_sm_keys keys = zero_keys();
	uint8_t chain[SJ_PIV_SM_BLOCK] = { 0 };

	sj_piv_sm_response_put(w, &keys, counter, chain,
			       i == 0 ? SJ_SPAN_STR("some data") : sj_span(NULL, 0), 0x9000);
	if (w->len >= 2)
		w->len -= 2; /* the status word in clear */
	return i < 2;
}

static bool response_run(struct sj_span in)
{
	const struct sj_piv_sm_keys keys = zero_keys();
	uint8_t buffer[2048], chain[SJ_PIV_SM_BLOCK] = { 0 };
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_response plain;

	if (sj_piv_sm_response_open(&keys, counter, chain, in, &w, &plain) != SJ_SM_OK)
		return false;
	fuzz_touch(plain.data);
	return true;
}

/* CVC of a card with the generator of P-256 as its key; the signature is never checked here. */
static bool cvc_seed(size_t i, struct sj_writer *w)
{
	struct sj_piv_cvc plan = { .issuer = SJ_SPAN_STR("12345678"),
				   .subject = SJ_SPAN_STR(GUID),
				   .curve = i == 0 ? SJ_P256 : SJ_P384 };
	struct sj_ec_secret one = { .len = sj_curve_order_size(plan.curve) };
	struct sj_key *signer = sj_key_generate("P-256");
	bool ok;

	one.bytes[one.len - 1] = 1;
	ok = i < 2 && signer != NULL && sj_ec_multiply(plan.curve, &one, NULL, &plan.key) &&
	     sj_piv_cvc_put(w, &plan, signer);
	sj_key_free(signer);
	return ok;
}

static bool cvc_run(struct sj_span in)
{
	struct sj_piv_cvc cvc;

	if (!sj_piv_cvc_read(in, &cvc))
		return false;
	fuzz_touch(cvc.body);
	fuzz_touch(cvc.issuer);
	fuzz_touch(cvc.subject);
	fuzz_touch(cvc.algorithm);
	fuzz_touch(cvc.signature);
	fuzz_touch(sj_ec_point_span(&cvc.key));
	return true;
}

static bool answer_seed(size_t i, struct sj_writer *w)
{
	const struct sj_piv_sm_answer a = { 0, SJ_SPAN_STR(GUID), SJ_SPAN_STR(GUID),
					    SJ_SPAN_STR("\x7F\x21\x02\x00\x00") };

	sj_piv_sm_answer_put(w, &a);
	return i == 0;
}

static bool answer_run(struct sj_span in)
{
	struct sj_piv_sm_answer a;

	if (!sj_piv_sm_answer_read(sj_piv_suite(PIV_ALG_CS2), in, &a))
		return false;
	fuzz_touch(a.nonce);
	fuzz_touch(a.cryptogram);
	fuzz_touch(a.cvc);
	return true;
}

/* --- certificates ---------------------------------------------------------------- */

/* What a card of ours stated about its key 9A; a certificate with the extensions that others have. */
static bool attestation_seed(size_t i, struct sj_writer *w)
{
	if (i > 0)
		return i == 1 && fuzz_parser_named("certificate")->seed(0, w);
	/* clang-format off */
	sj_put(w, SJ_SPAN_STR(
			"\x30\x82\x01\xAD\x30\x82\x01\x53\xA0\x03\x02\x01\x02\x02\x10\x4F\xDB\x70"
			"\xA2\xF8\x39\xEF\x78\x8A\x38\xCF\xCC\xE2\x88\x0A\x92\x30\x0A\x06\x08\x2A"
			"\x86\x48\xCE\x3D\x04\x03\x02\x30\x3C\x31\x0B\x30\x09\x06\x03\x55\x04\x06"
			"\x13\x02\x55\x54\x31\x2D\x30\x2B\x06\x03\x55\x04\x05\x13\x24\x37\x66\x63"
			"\x35\x64\x31\x30\x33\x2D\x30\x30\x37\x37\x2D\x34\x38\x35\x32\x2D\x62\x66"
			"\x61\x32\x2D\x39\x33\x37\x35\x31\x36\x32\x37\x36\x63\x32\x37\x30\x1E\x17"
			"\x0D\x32\x36\x31\x31\x32\x35\x31\x39\x30\x38\x30\x36\x5A\x17\x0D\x33\x34"
			"\x30\x35\x30\x35\x32\x33\x35\x39\x35\x39\x5A\x30\x25\x31\x23\x30\x21\x06"
			"\x03\x55\x04\x03\x13\x1A\x53\x6F\x6A\x6F\x75\x72\x6E\x20\x50\x49\x56\x20"
			"\x41\x74\x74\x65\x73\x74\x61\x74\x69\x6F\x6E\x20\x39\x61\x30\x59\x30\x13"
			"\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01"
			"\x07\x03\x42\x00\x04\x26\x57\xEF\x44\xD0\xA7\x96\x27\x93\xEC\x8A\x36\x8A"
			"\x9E\x20\x30\x83\xD1\xCB\x30\x6C\x37\x8F\xE7\x6C\x29\x60\x9D\xF5\x69\x57"
			"\x83\x40\x49\xE4\xCD\x9C\x13\x44\x8A\x85\x62\xCF\xB3\x2F\x9F\x34\x8C\x18"
			"\x5E\x18\xD4\x5B\xCD\xE4\x1A\xF9\x71\x4D\x77\xD8\xAC\xA5\xB9\xA3\x4E\x30"
			"\x4C\x30\x11\x06\x0A\x2B\x06\x01\x04\x01\x82\xC4\x0A\x03\x03\x04\x03\x05"
			"\x07\x00\x30\x14\x06\x0A\x2B\x06\x01\x04\x01\x82\xC4\x0A\x03\x07\x04\x06"
			"\x02\x04\x16\x27\x6C\x27\x30\x10\x06\x0A\x2B\x06\x01\x04\x01\x82\xC4\x0A"
			"\x03\x08\x04\x02\x02\x01\x30\x0F\x06\x0A\x2B\x06\x01\x04\x01\x82\xC4\x0A"
			"\x03\x09\x04\x01\x00\x30\x0A\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x02\x03"
			"\x48\x00\x30\x45\x02\x21\x00\xC1\x87\xBD\x25\x06\x4A\x93\x8C\x81\xD4\x72"
			"\x1A\xDA\x48\xBB\x11\x0A\x9A\x39\x43\xB0\xF1\xB1\x09\x15\x56\xCD\x07\xE6"
			"\x48\x1B\x46\x02\x20\x18\x66\x8C\xC1\xB5\x65\x39\x27\x57\xF1\x55\x9F\xB2"
			"\xB3\x17\x62\x10\xCC\xC5\x6D\x05\xC0\xCC\xFC\x31\x0D\x98\x88\x6E\x37\x84"
			"\x00"));
	/* clang-format on */
	return !w->failed;
}

static bool attestation_run(struct sj_span in)
{
	struct sj_certificate_info info = { .size = sizeof(info) };
	struct sj_attestation a = { .size = sizeof(a) };

	(void)sj_attestation_judge(NULL, in.ptr, in.len, in.ptr, in.len, 0, &a);
	return sj_certificate_describe(in.ptr, in.len, &info) == SJ_OK;
}

struct fuzz_room fuzz_piv(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "piv-application", application_seed, application_run },
		{ "piv-tag-list", tag_list_seed, tag_list_run },
		{ "piv-auth", auth_seed, auth_run },
		{ "piv-generate", generate_seed, generate_run },
		{ "piv-public", public_seed, public_run },
		{ "piv-certificate", certificate_seed, certificate_run },
		{ "piv-chuid", chuid_seed, chuid_run },
		{ "piv-discovery", discovery_seed, discovery_run },
		{ "piv-key-history", history_seed, history_run },
		{ "piv-sm-command", command_seed, command_run },
		{ "piv-sm-response", response_seed, response_run },
		{ "piv-sm-answer", answer_seed, answer_run },
		{ "piv-cvc", cvc_seed, cvc_run },
		{ "piv-attestation", attestation_seed, attestation_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
