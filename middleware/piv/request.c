/* request.c -- what a key on a card signs about itself: requests (PKCS#10), certificates. */
#include <sojourn/certificate.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypt/ec.h"
#include "crypt/random.h"
#include "crypt/scheme.h"
#include "crypt/soft.h"
#include "crypt/wipe.h"
#include "piv/piv.h"
#include "reader/memory.h"
#include "wire/std/rfc5652.h"
#include "wire/tlv.h"

#define VERSION_3 2u
#define SERIAL_SIZE 16u
#define UTF8_STRING 0x0Cu

/* --- signatures ------------------------------------------------------------------ */

static enum sj_hash hash_of(enum sj_piv_algorithm algorithm)
{
	switch ((int)algorithm) {
	case SJ_PIV_P256:
	case SJ_PIV_RSA_2048:
	case SJ_PIV_RSA_3072:
	case SJ_PIV_RSA_4096:
		return SJ_SHA256;
	case SJ_PIV_P384:
		return SJ_SHA384;
	default:
		return SJ_HASH_NONE;
	}
}

static bool is_ecdsa(enum sj_piv_algorithm algorithm)
{
	return algorithm == SJ_PIV_P256 || algorithm == SJ_PIV_P384;
}

const char *sj_piv_signature_hash(enum sj_piv_algorithm algorithm)
{
	const enum sj_hash hash = hash_of(algorithm);

	if (hash != SJ_HASH_NONE)
		return sj_hash_name(hash);
	return algorithm == SJ_PIV_ED25519 ? "" : NULL;
}

/* The digest, of RSA a padded block, of Ed25519 the message. `room` backs what is made. */
static enum sj_rc prepare(enum sj_piv_algorithm algorithm, struct sj_span message,
			  uint8_t room[static SJ_RSA_MAX], struct sj_span *out)
{
	const enum sj_hash hash = hash_of(algorithm);
	uint8_t digest[SJ_HASH_MAX], bytes[SJ_HASH_MAX + 32];
	struct sj_writer info = SJ_WRITER_OF(bytes);
	const size_t size = sj_piv_algorithm_size((uint8_t)algorithm);

	*out = message;
	if (algorithm == SJ_PIV_ED25519)
		return SJ_OK;
	if (hash == SJ_HASH_NONE)
		return SJ_USAGE;
	if (!sj_hash(hash, &message, 1, digest))
		return SJ_CRYPTO_FAILED;
	memcpy(room, digest, sj_hash_size(hash));
	*out = sj_span(room, sj_hash_size(hash));
	if (is_ecdsa(algorithm))
		return SJ_OK;
	sj_digest_info_put(&info, hash, sj_span(digest, sj_hash_size(hash)));
	*out = sj_span(room, size);
	return !info.failed && sj_rsa_pad_type1(sj_written(&info), size, room) ? SJ_OK
									       : SJ_CRYPTO_FAILED;
}

static enum sj_rc sign_with(struct sj_piv *piv, uint8_t key, enum sj_piv_algorithm algorithm,
			    const struct sj_piv_unlock *unlock, struct sj_span message,
			    struct sj_writer *w)
{
	uint8_t block[SJ_RSA_MAX], raw[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(raw);
	struct sj_span in;
	enum sj_rc rc = prepare(algorithm, message, block, &in);

	if (rc != SJ_OK)
		return rc;
	if (unlock)
		rc = sj_piv_verify_and_sign(piv, unlock->pin, unlock->value, unlock->len, key,
					    algorithm, in.ptr, in.len, raw, &len,
					    unlock->tries_left);
	else
		rc = sj_piv_sign(piv, key, algorithm, in.ptr, in.len, raw, &len);
	if (rc != SJ_OK)
		return rc;
	if (!is_ecdsa(algorithm))
		sj_put(w, sj_span(raw, len));
	else if (!sj_ecdsa_to_der(sj_span(raw, len), w) && !w->failed)
		return SJ_CRYPTO_FAILED;
	return w->failed ? SJ_FILE_TOO_LARGE : SJ_OK;
}

enum sj_rc sj_piv_sign_message(struct sj_piv *piv, uint8_t key, const struct sj_piv_unlock *unlock,
			       const uint8_t *message, size_t len, uint8_t *out, size_t *out_len)
{
	const unsigned mark = sj_memory_mark();
	struct sj_piv_key_info info = { .size = sizeof(info) };
	struct sj_writer w = sj_writer(out, *out_len);
	const struct sj_piv_shared shared = sj_piv_together(piv);
	enum sj_rc rc = sj_piv_key_info(piv, key, &info);

	if (rc == SJ_OK)
		rc = sign_with(piv, key, info.algorithm, unlock, sj_span(message, len), &w);
	sj_piv_apart(piv, shared);
	if (rc == SJ_OK)
		*out_len = w.len;
	return sj_memory_rc(mark, rc);
}

/* --- names ------------------------------------------------------------------------- */

static const struct attribute {
	const char *name;
	uint8_t arc; /* of id-at 2.5.4 */
	bool printable; /* PrintableString (RFC 5280, appendix A.1) */
} attributes[] = {
	{ "C", 6, true },    { "ST", 8, false }, { "L", 7, false },           { "O", 10, false },
	{ "OU", 11, false }, { "CN", 3, false }, { "serialNumber", 5, true },
};

static const struct attribute *attribute_of(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (strlen(attributes[i].name) == len &&
		    strncmp(attributes[i].name, name, len) == 0)
			return &attributes[i];
	return NULL;
}

static bool printable(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr(" '()+,-./:=?", c) != NULL);
}

/* The value up to a comma that is not escaped; *text then stands at it or at the end. */
static bool put_value(struct sj_writer *w, const struct attribute *a, const char **text)
{
	const size_t at = sj_tlv_open(w);
	const char *c = *text;

	for (; *c != '\0' && *c != ','; c++) {
		if (*c == '\\' && c[1] != '\0')
			c++;
		if (a->printable ? !printable(*c) : (unsigned char)*c < ' ')
			return false;
		sj_put_u8(w, (uint8_t)*c);
	}
	if (w->len == at || (a->arc == 6 && w->len != at + 2))
		return false;
	*text = c;
	sj_tlv_close(w, a->printable ? SJ_ASN1_PRINTABLE_STRING : UTF8_STRING, at);
	return true;
}

/* A whole Name from "C=UT,CN=Anna"; false: it is none. */
static bool put_name(struct sj_writer *w, const char *text)
{
	const size_t name = sj_tlv_open(w);
	const char *equals;

	do {
		const size_t set = sj_tlv_open(w), pair = sj_tlv_open(w);
		const struct attribute *a;

		equals = strchr(text, '=');
		a = equals != NULL ? attribute_of(text, (size_t)(equals - text)) : NULL;
		if (a == NULL)
			return false;
		text = equals + 1;
		sj_tlv_put_header(w, SJ_ASN1_OID, 3);
		sj_put_be(w, 2, 0x5504);
		sj_put_u8(w, a->arc);
		if (!put_value(w, a, &text))
			return false;
		sj_tlv_close(w, SJ_ASN1_SEQUENCE, pair);
		sj_tlv_close(w, SJ_ASN1_SET, set);
	} while (*text++ == ',');
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, name);
	return true;
}

/* --- requests and certificates --------------------------------------------------------- */

/* What is made: by which key, for whom; of a certificate also when. */
struct plan {
	struct sj_piv *piv;
	uint8_t key;
	const struct sj_piv_unlock *unlock;
	const char *subject;
	struct sj_piv_key_info info;
	int64_t from, until;
};

static bool put_algorithm(struct sj_writer *w, enum sj_piv_algorithm algorithm)
{
	const struct sj_scheme scheme = { .kind = is_ecdsa(algorithm) ? SJ_SCHEME_ECDSA
								      : SJ_SCHEME_PKCS1,
					  .hash = hash_of(algorithm) };

	if (algorithm != SJ_PIV_ED25519)
		return scheme.hash != SJ_HASH_NONE && sj_scheme_put(&scheme, w);
	sj_put(w, SJ_SPAN_STR("\x30\x05\x06\x03\x2B\x65\x70")); /* RFC 8410, 3 */
	return true;
}

/* UTCTime until 2049, GeneralizedTime after (RFC 5280, 4.1.2.5). */
static bool put_time(struct sj_writer *w, int64_t when)
{
	const time_t seconds = (time_t)when;
	char text[32];
	struct tm tm;
	bool utc;

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < 50 || tm.tm_year > 8099)
		return false;
	utc = tm.tm_year < 150;
	strftime(text, sizeof(text), utc ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &tm);
	sj_tlv_put(w, utc ? SJ_ASN1_UTC_TIME : SJ_ASN1_GENERALIZED_TIME,
		   sj_span((const uint8_t *)text, strlen(text)));
	return true;
}

static void put_extension(struct sj_writer *w, uint8_t arc, bool critical, struct sj_span value)
{
	const size_t at = sj_tlv_open(w);

	sj_tlv_put_header(w, SJ_ASN1_OID, 3);
	sj_put_be(w, 2, 0x551D); /* id-ce 2.5.29 */
	sj_put_u8(w, arc);
	if (critical)
		sj_put(w, SJ_SPAN_STR("\x01\x01\xFF"));
	sj_tlv_put(w, SJ_ASN1_OCTET_STRING, value);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

/* keyUsage: digitalSignature; of the key management key encryption or agreement too. */
static struct sj_span key_usage(const struct plan *p)
{
	if (p->key != PIV_KEY_MANAGEMENT)
		return SJ_SPAN_STR("\x03\x02\x07\x80");
	return is_ecdsa(p->info.algorithm) ? SJ_SPAN_STR("\x03\x02\x03\x88")
					   : SJ_SPAN_STR("\x03\x02\x05\xA0");
}

static bool put_certificate_body(struct sj_writer *w, const struct plan *p)
{
	uint8_t serial[SERIAL_SIZE];
	const struct sj_random random = sj_random_system();
	const size_t body = sj_tlv_open(w);
	size_t at, inner;

	if (!sj_random_fill(&random, serial, sizeof(serial)))
		return false;
	serial[0] = (uint8_t)((serial[0] & 0x7F) | 0x40); /* positive, without leading zeros */
	at = sj_tlv_open(w);
	sj_der_put_small(w, VERSION_3);
	sj_tlv_close(w, SJ_ASN1_CONTEXT(0), at);
	sj_tlv_put(w, SJ_ASN1_INTEGER, SJ_SPAN_OF(serial));
	if (!put_algorithm(w, p->info.algorithm) || !put_name(w, p->subject))
		return false;
	at = sj_tlv_open(w);
	if (!put_time(w, p->from) || !put_time(w, p->until))
		return false;
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
	if (!put_name(w, p->subject))
		return false;
	sj_put(w, sj_span(p->info.spki, p->info.spki_len));
	at = sj_tlv_open(w);
	inner = sj_tlv_open(w);
	put_extension(w, 19, true, SJ_SPAN_STR("\x30\x00")); /* basicConstraints: no CA */
	put_extension(w, 15, true, key_usage(p));
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, inner);
	sj_tlv_close(w, SJ_ASN1_CONTEXT(3), at);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, body);
	return true;
}

/* CertificationRequestInfo without attributes (RFC 2986, 4.1). */
static bool put_request_body(struct sj_writer *w, const struct plan *p)
{
	const size_t body = sj_tlv_open(w);

	sj_der_put_small(w, 0);
	if (!put_name(w, p->subject))
		return false;
	sj_put(w, sj_span(p->info.spki, p->info.spki_len));
	sj_tlv_put_header(w, SJ_ASN1_CONTEXT(0), 0);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, body);
	return true;
}

/* SEQUENCE { body, algorithm, signature over the body }. */
static enum sj_rc make(struct plan *p, bool (*put_body)(struct sj_writer *, const struct plan *),
		       uint8_t *out, size_t *out_len)
{
	struct sj_writer w = sj_writer(out, *out_len);
	size_t at, bits;
	enum sj_rc rc;

	p->info.size = sizeof(p->info);
	rc = sj_piv_key_info(p->piv, p->key, &p->info);
	if (rc != SJ_OK)
		return rc;
	if (sj_piv_signature_hash(p->info.algorithm) == NULL)
		return SJ_USAGE;
	if (!put_body(&w, p))
		return w.failed ? SJ_FILE_TOO_LARGE : SJ_INPUT_MALFORMED;
	at = w.len;
	if (!put_algorithm(&w, p->info.algorithm) || w.failed)
		return w.failed ? SJ_FILE_TOO_LARGE : SJ_CRYPTO_FAILED;
	bits = sj_tlv_open(&w);
	sj_put_u8(&w, 0);
	rc = sign_with(p->piv, p->key, p->info.algorithm, p->unlock, sj_span(out, at), &w);
	sj_tlv_close(&w, SJ_ASN1_BIT_STRING, bits);
	sj_tlv_close(&w, SJ_ASN1_SEQUENCE, 0);
	if (rc == SJ_OK && w.failed)
		rc = SJ_FILE_TOO_LARGE;
	if (rc == SJ_OK)
		*out_len = w.len;
	return rc;
}

enum sj_rc sj_piv_request(struct sj_piv *piv, uint8_t key, const struct sj_piv_unlock *unlock,
			  const char *subject, uint8_t *out, size_t *out_len)
{
	const unsigned mark = sj_memory_mark();
	struct plan p = { .piv = piv, .key = key, .unlock = unlock, .subject = subject };
	const struct sj_piv_shared shared = sj_piv_together(piv);
	const enum sj_rc rc = make(&p, put_request_body, out, out_len);

	sj_piv_apart(piv, shared);
	return sj_memory_rc(mark, rc);
}

enum sj_rc sj_piv_self_sign(struct sj_piv *piv, uint8_t key, const struct sj_piv_unlock *unlock,
			    const char *subject, int64_t from, unsigned days, uint8_t *out,
			    size_t *out_len)
{
	const unsigned mark = sj_memory_mark();
	struct plan p = { .piv = piv,
			  .key = key,
			  .unlock = unlock,
			  .subject = subject,
			  .from = from,
			  .until = from + (int64_t)days * 86400 };
	const struct sj_piv_shared shared = sj_piv_together(piv);
	const enum sj_rc rc = make(&p, put_certificate_body, out, out_len);

	sj_piv_apart(piv, shared);
	return sj_memory_rc(mark, rc);
}
