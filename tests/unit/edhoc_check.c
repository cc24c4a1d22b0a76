#include "tests/unit/edhoc_check.h"

struct sj_edhoc_prk edhoc_prk(const char *text)
{
	struct sj_edhoc_prk prk = { .mac = NULL };

	sj_edhoc_prk_set(&prk, hex(text).ptr);
	return prk;
}

void assert_kdf(const char *prk_text, uint32_t label, const char *context, const char *want)
{
	struct sj_edhoc_prk prk = edhoc_prk(prk_text);
	const struct sj_span in = hex(context);
	uint8_t out[SJ_PRK_SIZE];

	assert_true(sj_edhoc_kdf(&prk, label, &in, 1, out, strlen(want) / 2));
	assert_hex(sj_span(out, strlen(want) / 2), want);
	sj_edhoc_prk_end(&prk);
}

void assert_agreement(const struct sj_edhoc_suite *suite, const char *key, const char *peer,
		      const char *want)
{
	uint8_t shared[SJ_EDHOC_KEY];

	assert_true(sj_edhoc_agree(suite, hex(key).ptr, hex(peer), shared));
	assert_hex(SJ_SPAN_OF(shared), want);
}

void assert_public(const struct sj_edhoc_suite *suite, const char *key, const char *want)
{
	uint8_t x[SJ_EDHOC_KEY];

	assert_true(sj_edhoc_public(suite, hex(key).ptr, x));
	assert_hex(SJ_SPAN_OF(x), want);
}

void assert_next_prk(const char *from, enum sj_edhoc_label label, const char *salt, const char *th,
		     const char *ikm, const char *to)
{
	struct sj_edhoc_prk a = edhoc_prk(from), b = { .mac = NULL };

	assert_kdf(from, label, th, salt);
	assert_true(sj_edhoc_next_prk(&a, label, hex(th).ptr, hex(ikm), &b));
	assert_hex(SJ_SPAN_OF(b.bytes), to);
	assert_true(sj_edhoc_next_prk(&a, label, hex(th).ptr, hex(ikm), &a));
	assert_hex(SJ_SPAN_OF(a.bytes), to); /* in place */
	sj_edhoc_prk_end(&a);
	sj_edhoc_prk_end(&b);
}

void assert_stream(const char *prk_text, enum sj_edhoc_label label, const char *th,
		   const char *keystream, const char *plain, const char *cipher)
{
	struct sj_edhoc_prk prk = edhoc_prk(prk_text);
	const size_t n = strlen(plain) / 2;
	uint8_t text[256] = { 0 };

	assert_true(sj_edhoc_stream(&prk, label, hex(th).ptr, text, n));
	assert_hex(sj_span(text, n), keystream);
	memcpy(text, hex(plain).ptr, n);
	assert_true(sj_edhoc_stream(&prk, label, hex(th).ptr, text, n));
	assert_hex(sj_span(text, n), cipher);
	assert_true(sj_edhoc_stream(&prk, label, hex(th).ptr, text, n));
	assert_hex(sj_span(text, n), plain);
	sj_edhoc_prk_end(&prk);
}

void assert_th(const char *before, struct sj_span a, struct sj_span b, struct sj_span c,
	       const char *want)
{
	const struct sj_span parts[] = { a, b, c };
	uint8_t th[SJ_EDHOC_HASH];

	memcpy(th, hex(before).ptr, sizeof(th));
	assert_true(sj_edhoc_th_next(th, parts, 3));
	assert_hex(SJ_SPAN_OF(th), want);
}

void assert_encrypt0(const struct sj_edhoc_suite *suite, const char *prk_text,
		     enum sj_edhoc_label label, const char *th, struct sj_span aad,
		     const char *plain, const char *sealed)
{
	struct sj_edhoc_prk prk = edhoc_prk(prk_text);
	uint8_t buffer[256], forged[256];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	const struct sj_span in = hex(sealed);

	assert_true(sj_edhoc_seal(suite, &prk, label, hex(th).ptr, aad, hex(plain), &w));
	assert_hex(sj_written(&w), sealed);
	w.len = 0;
	assert_true(sj_edhoc_open(suite, &prk, label, hex(th).ptr, aad, in, &w));
	assert_hex(sj_written(&w), plain);
	memcpy(forged, in.ptr, in.len);
	forged[0] ^= 1;
	assert_false(
		sj_edhoc_open(suite, &prk, label, hex(th).ptr, aad, sj_span(forged, in.len), &w));
	sj_edhoc_prk_end(&prk);
}
