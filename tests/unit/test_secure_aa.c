#include "secure/aa.h"
#include "tests/vectors/icao_aa.h"
#include "tests/vectors/shared.h"

static enum sj_hash hash_named(const char *name)
{
	int i = SJ_SHA1;

	while (i < SJ_SHA512 && strcmp(sj_hash_name((enum sj_hash)i), name) != 0)
		i++;
	return (enum sj_hash)i;
}

static void representative_of_appendix_f(void **state)
{
	uint8_t f[SJ_RSA_MAX];

	(void)state;
	assert_true(sj_aa_rsa_encode(128, SJ_SHA1, hex(AA_M1), hex(AA_RND_IFD).ptr, f));
	assert_hex(sj_span(f, 128), AA_F);
}

static void m1_must_fill_the_modulus(void **state)
{
	uint8_t f[SJ_RSA_MAX];

	(void)state;
	assert_false(sj_aa_rsa_encode(129, SJ_SHA1, hex(AA_M1), hex(AA_RND_IFD).ptr, f));
	assert_false(sj_aa_rsa_encode(128, SJ_SHA256, hex(AA_M1), hex(AA_RND_IFD).ptr, f));
	assert_false(sj_aa_rsa_encode(128, SJ_HASH_NONE, hex(AA_M1), hex(AA_RND_IFD).ptr, f));
	assert_false(sj_aa_rsa_encode(22, SJ_SHA1, sj_span(NULL, 0), hex(AA_RND_IFD).ptr, f));
}

/* A source that gives the bytes of a span, once. */
static bool fill_from_span(void *self, uint8_t *out, size_t n)
{
	return sj_take_copy(self, n, out);
}

static void check_rsa(const json_t *v)
{
	const struct sj_span spki = hex_of(v, "SubjectPublicKeyInfo"), s = hex_of(v, "S");
	const enum sj_hash hash = hash_named(text_of(v, "hash"));
	const uint8_t *challenge = hex_of(v, "RND_IFD").ptr;
	struct sj_span m1 = hex_of(v, "M1");
	const struct sj_random rnd = { fill_from_span, &m1 };
	uint8_t other[SJ_RSA_MAX], made[SJ_RSA_MAX];
	struct sj_writer w = SJ_WRITER_OF(made);

	assert_true(sj_aa_verify(spki, SJ_HASH_NONE, challenge, s));
	assert_true(sj_rsa_complement(spki, s, other));
	assert_true(sj_aa_verify(spki, SJ_HASH_NONE, challenge, sj_span(other, s.len)));
	other[s.len - 1] ^= 1;
	assert_false(sj_aa_verify(spki, SJ_HASH_NONE, challenge, sj_span(other, s.len)));
	assert_false(sj_aa_verify(spki, SJ_HASH_NONE, hex("0000000000000000").ptr, s));
	assert_true(sj_aa_rsa_sign(hex_of(v, "PKCS8"), hash, challenge, &rnd, &w));
	assert_int_equal(w.len, s.len);
	assert_true(sj_rsa_public(spki, sj_written(&w), other)); /* F itself, not n - F */
	assert_memory_equal(other, hex_of(v, "F").ptr, s.len);
}

static void check_ecdsa(const json_t *v)
{
	const struct sj_span spki = hex_of(v, "SubjectPublicKeyInfo");
	const struct sj_span s = hex_of(v, "signature_plain");
	const enum sj_hash hash = hash_named(text_of(v, "hash"));
	const uint8_t *challenge = hex_of(v, "RND_IFD").ptr;

	assert_true(sj_aa_verify(spki, hash, challenge, s));
	assert_false(sj_aa_verify(spki, SJ_HASH_NONE, challenge, s));
	assert_false(sj_aa_verify(spki, hash, challenge, sj_span(s.ptr, s.len - 1)));
	assert_false(sj_aa_verify(spki, hash, challenge, hex_of(v, "signature_DER")));
	assert_false(sj_aa_verify(spki, hash, hex("0000000000000000").ptr, s));
}

static void shared_signatures(void **state)
{
	json_t *root = NULL, *v;
	json_t *vectors = shared_vectors("active-authentication.json", &root);
	size_t i, rsa = 0, ecdsa = 0;

	(void)state;
	if (vectors == NULL)
		SKIP_BECAUSE("SOJOURN_SHARED is unset");
	json_array_foreach(vectors, i, v)
	{
		if (json_object_get(v, "S") != NULL) {
			check_rsa(v);
			rsa++;
		} else if (json_object_get(v, "signature_plain") != NULL) {
			check_ecdsa(v);
			ecdsa++;
		}
	}
	assert_int_equal(rsa, 5);
	assert_int_equal(ecdsa, 4);
	json_decref(root);
}

/* Signs F, made by hand, with a fresh key: what a faulty card could send. */
static bool verifies(struct sj_span pkcs8, struct sj_span spki, uint8_t *f, size_t k)
{
	uint8_t s[SJ_RSA_MAX];

	assert_true(sj_rsa_private(pkcs8, sj_span(f, k), s));
	return sj_aa_verify(spki, SJ_HASH_NONE, hex(AA_RND_IFD).ptr, sj_span(s, k));
}

static void only_a_whole_representative_counts(void **state)
{
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
	const uint8_t m1[221] = { 7 };
	struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key);
	uint8_t f[SJ_RSA_MAX];

	(void)state;
	assert_true(sj_rsa_generate(2048, &pkcs8, &spki));
	assert_true(sj_aa_rsa_encode(256, SJ_SHA256, SJ_SPAN_OF(m1), hex(AA_RND_IFD).ptr, f));
	assert_true(verifies(sj_written(&pkcs8), sj_written(&spki), f, 256));
	f[0] = 0x4A; /* total recovery */
	assert_false(verifies(sj_written(&pkcs8), sj_written(&spki), f, 256));
	f[0] = 0x6A;
	f[254] = 0x36; /* the trailer names another hash */
	assert_false(verifies(sj_written(&pkcs8), sj_written(&spki), f, 256));
	f[254] = 0x34;
	f[255] = 0xCD;
	assert_false(verifies(sj_written(&pkcs8), sj_written(&spki), f, 256));
	f[255] = 0xCC;
	f[100] ^= 1; /* M1 */
	assert_false(verifies(sj_written(&pkcs8), sj_written(&spki), f, 256));
}

/* ISO/IEC 10118-3's identifier for SHA-1, with the two-byte trailer. */
static void sha1_may_be_named(void **state)
{
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
	uint8_t f[256] = { 0x6A };
	struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key);
	const struct sj_span parts[] = { sj_span(f + 1, 233), hex(AA_RND_IFD) };
	uint8_t digest[SJ_HASH_MAX];

	(void)state;
	assert_true(sj_rsa_generate(2048, &pkcs8, &spki));
	assert_true(sj_hash(SJ_SHA1, parts, 2, digest));
	memcpy(f + 234, digest, 20);
	f[254] = 0x33;
	f[255] = 0xCC;
	assert_true(verifies(sj_written(&pkcs8), sj_written(&spki), f, 256));
}

static void signs_with_fresh_randomness(void **state)
{
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
	struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key);
	const struct sj_random rnd = sj_random_system();
	uint8_t a[SJ_RSA_MAX], b[SJ_RSA_MAX];

	(void)state;
	assert_true(sj_rsa_generate(3072, &pkcs8, &spki));
	for (int i = SJ_SHA1; i <= SJ_SHA512; i++) {
		struct sj_writer first = SJ_WRITER_OF(a), second = SJ_WRITER_OF(b);

		assert_true(sj_aa_rsa_sign(sj_written(&pkcs8), (enum sj_hash)i, hex(AA_RND_IFD).ptr,
					   &rnd, &first));
		assert_true(sj_aa_rsa_sign(sj_written(&pkcs8), (enum sj_hash)i, hex(AA_RND_IFD).ptr,
					   &rnd, &second));
		assert_true(sj_aa_verify(sj_written(&spki), SJ_HASH_NONE, hex(AA_RND_IFD).ptr,
					 sj_written(&first)));
		assert_false(sj_span_eq(sj_written(&first), sj_written(&second)));
	}
}

static void oid_and_back(void **state)
{
	(void)state;
	for (int i = SJ_SHA1; i <= SJ_SHA512; i++)
		assert_int_equal(sj_aa_hash_from_oid(sj_aa_ecdsa_oid((enum sj_hash)i)), i);
	assert_hex(sj_aa_ecdsa_oid(SJ_SHA256), "04007F00070101040103");
	assert_int_equal(sj_aa_ecdsa_oid(SJ_HASH_NONE).len, 0);
	assert_int_equal(sj_aa_hash_from_oid(hex("04007F00070101040106")), SJ_HASH_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(representative_of_appendix_f),
		cmocka_unit_test(m1_must_fill_the_modulus),
		cmocka_unit_test(shared_signatures),
		cmocka_unit_test(only_a_whole_representative_counts),
		cmocka_unit_test(sha1_may_be_named),
		cmocka_unit_test(signs_with_fresh_randomness),
		cmocka_unit_test(oid_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
