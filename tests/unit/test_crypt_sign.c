#include <openssl/x509.h>

#include "crypt/sign.h"
#include "crypt/wipe.h"
#include "tests/vectors/hexbytes.h"
#include "tests/vectors/openssl.h"

#define ALG_PKCS1_SHA256 "300D06092A864886F70D01010B0500"
#define ALG_RSA_ENCRYPTION "300D06092A864886F70D0101010500"
#define ALG_PSS_ABSENT "300B06092A864886F70D01010A"
#define ALG_PSS_DEFAULTS "300D06092A864886F70D01010A3000"
#define ALG_ECDSA_SHA256 "300A06082A8648CE3D040302"
#define ALG_EC_PUBLIC_KEY "300906072A8648CE3D0201"
/* SHA-384, MGF1 with SHA-256; the salt's size stands at the end. */
#define ALG_PSS_SHA384(salt) \
	"304106092A864886F70D01010A3034A00F300D06096086480165030402020500A11C301A06092A864886F70D" \
	"010108300D06096086480165030402010500A2030201" salt

static bool verifies(const char *spki, const char *algorithm, enum sj_hash digest,
		     const char *signature)
{
	return sj_signature_verify(hex(spki), hex(algorithm), digest, SJ_SPAN_STR("Sojourn"),
				   hex(signature));
}

static void pkcs1_signatures(void **state)
{
	(void)state;
	assert_true(verifies(openssl_rsa_spki, ALG_PKCS1_SHA256, SJ_HASH_NONE, openssl_pkcs1));
	assert_true(verifies(openssl_rsa_spki, ALG_RSA_ENCRYPTION, SJ_SHA256, openssl_pkcs1));
	assert_false(verifies(openssl_rsa_spki, ALG_RSA_ENCRYPTION, SJ_SHA1, openssl_pkcs1));
	assert_false(verifies(openssl_rsa_spki, ALG_RSA_ENCRYPTION, SJ_HASH_NONE, openssl_pkcs1));
	assert_false(verifies(openssl_rsa_spki, ALG_PKCS1_SHA256, SJ_HASH_NONE, openssl_pss));
}

static void pss_signatures_with_parameters(void **state)
{
	(void)state;
	assert_true(verifies(openssl_rsa_spki, ALG_PSS_SHA384("14"), SJ_HASH_NONE, openssl_pss));
	assert_false(verifies(openssl_rsa_spki, ALG_PSS_SHA384("15"), SJ_HASH_NONE, openssl_pss));
	assert_false(verifies(openssl_rsa_spki, ALG_PKCS1_SHA256, SJ_HASH_NONE, openssl_pss));
	assert_true(verifies(openssl_rsa_spki, ALG_PSS_DEFAULTS, SJ_HASH_NONE, openssl_pss_sha1));
	assert_false(verifies(openssl_rsa_spki, ALG_PSS_DEFAULTS, SJ_SHA384, openssl_pss));
}

static void pss_signatures_without_parameters(void **state)
{
	(void)state;
	assert_true(verifies(openssl_rsa_spki, ALG_PSS_ABSENT, SJ_SHA1, openssl_pss_sha1));
	assert_false(verifies(openssl_rsa_spki, ALG_PSS_ABSENT, SJ_SHA256, openssl_pss_sha1));
	assert_false(verifies(openssl_rsa_spki, ALG_PSS_ABSENT, SJ_HASH_NONE, openssl_pss_sha1));
}

/* A 224-bit key, explicit parameters with seed, a 256-bit hash. */
static void ecdsa_under_explicit_parameters(void **state)
{
	(void)state;
	assert_true(verifies(openssl_ec_spki, ALG_ECDSA_SHA256, SJ_HASH_NONE, openssl_ecdsa));
	assert_true(verifies(openssl_ec_spki, ALG_EC_PUBLIC_KEY, SJ_SHA256, openssl_ecdsa));
	assert_false(verifies(openssl_ec_spki, ALG_EC_PUBLIC_KEY, SJ_SHA224, openssl_ecdsa));
}

/* The same numbers in BER, or with something more. */
static void ecdsa_signatures_are_der(void **state)
{
	static const char *const not_der[] = {
		"303d021c%.56s021d00%.56s", /* negative */
		"303f021e0000%.56s021d00%.56s",   "303f021d00%.56s021e0000%.56s",
		"30813e021d00%.56s021d00%.56s",   "303f02811d00%.56s021d00%.56s",
		"3080021d00%.56s021d00%.56s0000", "303e021d00%.56s021d00%.56s00",
		"303f021d00%.56s021d00%.56s00",
	};
	const char *r = openssl_ecdsa + 10, *s = r + 62;
	char text[160];

	(void)state;
	snprintf(text, sizeof(text), "303e021d00%.56s021d00%.56s", r, s);
	assert_true(verifies(openssl_ec_spki, ALG_ECDSA_SHA256, SJ_HASH_NONE, text));
	for (size_t i = 0; i < sizeof(not_der) / sizeof(not_der[0]); i++) {
		snprintf(text, sizeof(text), not_der[i], r, s);
		assert_false(verifies(openssl_ec_spki, ALG_ECDSA_SHA256, SJ_HASH_NONE, text));
	}
}

static void key_and_algorithm_must_fit(void **state)
{
	(void)state;
	assert_false(verifies(openssl_ec_spki, ALG_PKCS1_SHA256, SJ_HASH_NONE, openssl_pkcs1));
	assert_false(verifies(openssl_rsa_spki, ALG_ECDSA_SHA256, SJ_HASH_NONE, openssl_ecdsa));
	assert_false(verifies(openssl_rsa_spki, "300506032A0304", SJ_SHA256, openssl_pkcs1));
	assert_false(verifies(openssl_rsa_spki, "3000", SJ_SHA256, openssl_pkcs1));
}

/* Makes a key of this kind, signs, verifies, and checks the written forms. */
static void check_kind(const char *kind, bool explicit_form)
{
	static uint8_t file[SJ_KEY_MAX], spki_bytes[800];
	uint8_t algorithm_bytes[100], promised_bytes[100], signature_bytes[600];
	struct sj_writer pkcs8 = SJ_WRITER_OF(file), spki = SJ_WRITER_OF(spki_bytes);
	struct sj_writer algorithm = SJ_WRITER_OF(algorithm_bytes);
	struct sj_writer promised = SJ_WRITER_OF(promised_bytes);
	struct sj_writer signature = SJ_WRITER_OF(signature_bytes);
	const struct sj_span message = SJ_SPAN_STR("Sojourn");
	struct sj_key *made = sj_key_generate(kind), *key;

	assert_non_null(made);
	assert_true(sj_key_put(made, &pkcs8));
	sj_key_free(made);
	key = sj_key_read(sj_written(&pkcs8));
	assert_non_null(key);
	assert_true(sj_key_put_public(key, explicit_form, &spki));
	assert_true(sj_key_sign(key, message, &algorithm, &signature));
	assert_true(sj_key_put_algorithm(key, &promised));
	assert_true(sj_span_eq(sj_written(&algorithm), sj_written(&promised)));
	assert_true(sj_signature_verify(sj_written(&spki), sj_written(&algorithm), SJ_HASH_NONE,
					message, sj_written(&signature)));
	assert_false(sj_signature_verify(sj_written(&spki), sj_written(&algorithm), SJ_HASH_NONE,
					 SJ_SPAN_STR("sojourn"), sj_written(&signature)));
	sj_key_free(key);
	sj_wipe(file, sizeof(file));
}

static void every_curve_signs(void **state)
{
	static const char *const kinds[] = { "P-224",           "brainpoolP224r1", "P-256",
					     "brainpoolP256r1", "brainpoolP320r1", "P-384",
					     "brainpoolP384r1", "brainpoolP512r1", "P-521" };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		check_kind(kinds[i], false);
		check_kind(kinds[i], true);
	}
}

static void rsa_signs_both_ways(void **state)
{
	(void)state;
	check_kind("RSA-2048", false);
	check_kind("RSA-PSS-2048", false);
}

/* RFC 4055, 3.3: an id-RSASSA-PSS key verifies nothing else. */
static void a_pss_key_verifies_pss_alone(void **state)
{
	static uint8_t spki_bytes[800];
	struct sj_writer spki = SJ_WRITER_OF(spki_bytes);
	struct sj_span marked = hex(openssl_rsa_spki);

	(void)state;
	sj_put(&spki, marked);
	assert_memory_equal(spki_bytes + 16, "\x01\x05\x00", 3);
	spki_bytes[16] = 0x0A; /* id-RSASSA-PSS in place of rsaEncryption */
	spki_bytes[17] = 0x30; /* its parameters: all defaults */
	assert_true(sj_signature_verify(sj_written(&spki), hex(ALG_PSS_DEFAULTS), SJ_HASH_NONE,
					SJ_SPAN_STR("Sojourn"), hex(openssl_pss_sha1)));
	assert_false(sj_signature_verify(sj_written(&spki), hex(ALG_PKCS1_SHA256), SJ_HASH_NONE,
					 SJ_SPAN_STR("Sojourn"), hex(openssl_pkcs1)));
	assert_false(sj_signature_verify(sj_written(&spki), hex(ALG_PSS_SHA384("14")), SJ_HASH_NONE,
					 SJ_SPAN_STR("Sojourn"), hex(openssl_pss)));
}

static void hashes_fit_the_keys(void **state)
{
	static const struct {
		const char *kind;
		enum sj_hash hash;
	} rows[] = {
		{ "P-224", SJ_SHA224 },           { "P-256", SJ_SHA256 },
		{ "brainpoolP320r1", SJ_SHA384 }, { "P-384", SJ_SHA384 },
		{ "brainpoolP512r1", SJ_SHA512 }, { "P-521", SJ_SHA512 },
		{ "RSA-2048", SJ_SHA256 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sj_key *key = sj_key_generate(rows[i].kind);

		assert_non_null(key);
		assert_int_equal(sj_key_hash(key), rows[i].hash);
		sj_key_free(key);
	}
}

/* The scalar makes the point, and the point is the one that is written out. */
static void an_ec_key_gives_its_parts(void **state)
{
	struct sj_key *ec = sj_key_generate("P-256"), *rsa = sj_key_generate("RSA-2048");
	struct sj_ec_point point, own, public;
	struct sj_ec_secret secret;
	uint8_t bytes[SJ_EC_SPKI_MAX];
	struct sj_writer spki = SJ_WRITER_OF(bytes);
	enum sj_curve curve;

	(void)state;
	assert_true(sj_key_get_ec(ec, &curve, &secret, &point));
	assert_int_equal(curve, SJ_P256);
	assert_int_equal(secret.len, 32);
	assert_true(sj_ec_multiply(SJ_P256, &secret, NULL, &own));
	assert_true(sj_span_eq(sj_ec_point_span(&point), sj_ec_point_span(&own)));
	assert_true(sj_key_put_public(ec, false, &spki));
	assert_true(sj_ec_spki_read(sj_written(&spki), &curve, &public));
	assert_true(sj_span_eq(sj_ec_point_span(&point), sj_ec_point_span(&public)));
	assert_false(sj_key_get_ec(rsa, &curve, &secret, &point));
	sj_key_free(ec);
	sj_key_free(rsa);
}

/* --- keys elsewhere -------------------------------------------------------------------- */

/* Stands for an HSM: a key in this process, and what it was asked. */
struct far {
	struct sj_key *key;
	enum sj_hash hash;
	size_t cut; /* bytes that are missing from its signatures */
	bool gone;
};

static bool far_sign(void *user, enum sj_hash hash, struct sj_span digest, struct sj_writer *out)
{
	struct far *f = user;

	f->hash = hash;
	if (!sj_key_sign_digest(f->key, digest, out))
		return false;
	out->len -= f->cut;
	return true;
}

static void far_done(void *user)
{
	struct far *f = user;

	f->gone = true;
	sj_key_free(f->key);
}

/* A key of this kind that `f` keeps. */
static struct sj_key *far_key(const char *kind, struct far *f)
{
	uint8_t spki[800];
	struct sj_writer w = SJ_WRITER_OF(spki);

	*f = (struct far){ .key = sj_key_generate(kind) };
	assert_true(sj_key_put_public(f->key, true, &w));
	return sj_key_elsewhere(sj_written(&w),
				&(struct sj_key_elsewhere){ far_sign, far_done, f });
}

static void check_elsewhere(const char *kind)
{
	static uint8_t spki_bytes[800], algorithm_bytes[100], signature_bytes[600];
	struct sj_writer spki = SJ_WRITER_OF(spki_bytes), algorithm = SJ_WRITER_OF(algorithm_bytes);
	struct sj_writer signature = SJ_WRITER_OF(signature_bytes);
	const struct sj_span message = SJ_SPAN_STR("Sojourn");
	struct far f;
	struct sj_key *key = far_key(kind, &f);

	assert_non_null(key);
	assert_true(sj_key_sign(key, message, &algorithm, &signature));
	assert_int_equal(f.hash, sj_key_hash(key));
	assert_true(sj_key_put_public(key, false, &spki));
	assert_true(sj_signature_verify(sj_written(&spki), sj_written(&algorithm), SJ_HASH_NONE,
					message, sj_written(&signature)));
	sj_key_free(key);
	assert_true(f.gone);
}

static void a_key_elsewhere_signs_as_one_here(void **state)
{
	(void)state;
	check_elsewhere("P-256");
	check_elsewhere("brainpoolP384r1");
	check_elsewhere("P-521");
	check_elsewhere("RSA-2048");
	check_elsewhere("RSA-PSS-2048");
}

static void a_key_elsewhere_stays_there(void **state)
{
	uint8_t bytes[1024];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_ec_secret secret;
	struct sj_ec_point point;
	enum sj_curve curve;
	struct far f;
	struct sj_key *key = far_key("P-256", &f);

	(void)state;
	assert_false(sj_key_put(key, &w));
	assert_false(sj_key_get_ec(key, &curve, &secret, &point));
	assert_true(sj_key_get_point(key, &curve, &point));
	sj_key_free(key);
}

static void a_signature_of_the_wrong_size_is_none(void **state)
{
	uint8_t bytes[200];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct far f;
	struct sj_key *key = far_key("P-256", &f);

	(void)state;
	f.cut = 1;
	assert_false(sj_key_sign_plain(key, SJ_SPAN_STR("Sojourn"), &w));
	sj_key_free(key);
}

static void a_plain_signature_is_two_numbers(void **state)
{
	const struct sj_span message = SJ_SPAN_STR("Sojourn");
	uint8_t bytes[SJ_EC_SIGNATURE_MAX], digest[SJ_HASH_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes), none = SJ_WRITER_OF(bytes);
	const struct sj_random rnd = sj_random_system();
	struct sj_key *rsa = sj_key_generate("RSA-2048"), *key;
	struct sj_ec_secret secret;
	struct sj_ec_point point;
	enum sj_curve curve;

	(void)state;
	assert_true(sj_ec_secret_random(SJ_BP384R1, &rnd, &secret));
	key = sj_key_from_ec(SJ_BP384R1, &secret);
	assert_true(sj_key_sign_plain(key, message, &w));
	assert_int_equal(w.len, 96);
	assert_true(sj_key_get_point(key, &curve, &point));
	assert_true(sj_hash(SJ_SHA384, &message, 1, digest));
	assert_true(sj_ec_verify(curve, &point, sj_span(digest, 48), sj_written(&w)));
	assert_false(sj_key_sign_plain(rsa, message, &none));
	assert_false(sj_key_sign_digest(key, sj_span(digest, 32), &none));
	sj_key_free(rsa);
	sj_key_free(key);
}

/* OpenSSL reads what we write, and writes the same; what is cut off is no key. */
static void check_file(const char *kind)
{
	static uint8_t bytes[SJ_KEY_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_key *key = sj_key_generate(kind);
	const unsigned char *at = bytes;
	PKCS8_PRIV_KEY_INFO *info;
	unsigned char *der = NULL;
	EVP_PKEY *pkey;

	assert_non_null(key);
	assert_true(sj_key_put(key, &w));
	pkey = d2i_AutoPrivateKey(NULL, &at, (long)w.len);
	assert_non_null(pkey);
	info = EVP_PKEY2PKCS8(pkey);
	assert_int_equal(i2d_PKCS8_PRIV_KEY_INFO(info, &der), w.len);
	assert_memory_equal(der, bytes, w.len);
	for (size_t n = 0; n < w.len; n++)
		assert_null(sj_key_read(sj_span(bytes, n)));
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(pkey);
	sj_key_free(key);
}

static void files_of_keys_are_as_openssl_has_them(void **state)
{
	(void)state;
	check_file("P-256");
	check_file("P-521");
	check_file("brainpoolP320r1");
	check_file("RSA-2048");
	check_file("RSA-PSS-2048");
}

static bool is_read(const PKCS8_PRIV_KEY_INFO *info, struct sj_span more)
{
	uint8_t bytes[1024];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	unsigned char *der = NULL;
	int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	const unsigned char *at = der;
	long len = 0;
	int tag, class;
	struct sj_key *key;

	assert_true(n > 0 && ASN1_get_object(&at, &len, &tag, &class, n) == 0x20);
	len += (long)more.len;
	sj_put_u8(&w, 0x30);
	sj_put_u8(&w, 0x82);
	sj_put_be(&w, 2, (uint32_t)len);
	sj_put(&w, sj_span(at, (size_t)len - more.len));
	sj_put(&w, more);
	OPENSSL_free(der);
	key = sj_key_read(sj_written(&w));
	sj_key_free(key);
	return key != NULL;
}

/* Of others: with attributes, a public key (RFC 5958), the curve described; and what is none of that. */
static void files_of_keys_as_others_have_them(void **state)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	PKCS8_PRIV_KEY_INFO *info;

	(void)state;
	assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, "encoding", "explicit"), 1);
	info = EVP_PKEY2PKCS8(pkey);
	assert_true(is_read(info, SJ_SPAN_STR("")));
	assert_int_equal(PKCS8_pkey_add1_attr_by_NID(info, NID_friendlyName, MBSTRING_ASC,
						     (const unsigned char *)"key", 3),
			 1);
	assert_true(is_read(info, SJ_SPAN_STR("")));
	assert_true(is_read(info, SJ_SPAN_STR("\x81\x02\x00\x04")));
	assert_false(is_read(info, SJ_SPAN_STR("\x81\x02\x00")));
	assert_false(is_read(info, SJ_SPAN_STR("\xFF")));
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(pkey);
}

static void no_key(void **state)
{
	(void)state;
	assert_null(sj_key_generate("RSA-1024"));
	assert_null(sj_key_generate("P-192"));
	assert_null(sj_key_generate(""));
	assert_null(sj_key_read(sj_span(NULL, 0)));
	assert_null(sj_key_read(hex(openssl_rsa_spki)));
	sj_key_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pkcs1_signatures),
		cmocka_unit_test(pss_signatures_with_parameters),
		cmocka_unit_test(pss_signatures_without_parameters),
		cmocka_unit_test(ecdsa_under_explicit_parameters),
		cmocka_unit_test(ecdsa_signatures_are_der),
		cmocka_unit_test(key_and_algorithm_must_fit),
		cmocka_unit_test(every_curve_signs),
		cmocka_unit_test(rsa_signs_both_ways),
		cmocka_unit_test(a_pss_key_verifies_pss_alone),
		cmocka_unit_test(hashes_fit_the_keys),
		cmocka_unit_test(an_ec_key_gives_its_parts),
		cmocka_unit_test(a_key_elsewhere_signs_as_one_here),
		cmocka_unit_test(a_key_elsewhere_stays_there),
		cmocka_unit_test(a_signature_of_the_wrong_size_is_none),
		cmocka_unit_test(a_plain_signature_is_two_numbers),
		cmocka_unit_test(files_of_keys_are_as_openssl_has_them),
		cmocka_unit_test(files_of_keys_as_others_have_them),
		cmocka_unit_test(no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
