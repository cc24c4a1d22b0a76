#include "wire/piv.h"

#include <string.h>

#include "wire/tlv.h"

struct sj_span sj_piv_aid(void)
{
	static const uint8_t aid[] = PIV_AID;

	return SJ_SPAN_OF(aid);
}

/* --- keys and algorithms -------------------------------------------------- */

/* Part 1, table 3; SP 800-78-5, table 9. A key's object is its certificate. */
struct entry {
	uint32_t object; /* 0: none */
	uint8_t key; /* 0: none */
	const char *object_name, *key_name;
};

static const struct entry entries[] = {
	{ PIV_OBJECT_AUTHENTICATION_CERTIFICATE, PIV_KEY_AUTHENTICATION,
	  "X.509 Certificate for PIV Authentication", "PIV Authentication" },
	{ PIV_OBJECT_SIGNATURE_CERTIFICATE, PIV_KEY_SIGNATURE,
	  "X.509 Certificate for Digital Signature", "Digital Signature" },
	{ PIV_OBJECT_MANAGEMENT_CERTIFICATE, PIV_KEY_MANAGEMENT,
	  "X.509 Certificate for Key Management", "Key Management" },
	{ PIV_OBJECT_CARD_AUTHENTICATION_CERTIFICATE, PIV_KEY_CARD_AUTHENTICATION,
	  "X.509 Certificate for Card Authentication", "Card Authentication" },
	{ YUBICO_OBJECT_ATTESTATION_CERTIFICATE, YUBICO_KEY_ATTESTATION,
	  "X.509 Certificate for Attestation", "Attestation" },
	{ 0, PIV_KEY_SECURE_MESSAGING, NULL, "PIV Secure Messaging" },
	{ 0, PIV_KEY_ADMINISTRATION, NULL, "PIV Card Application Administration" },
	{ PIV_OBJECT_DISCOVERY, 0, "Discovery Object", NULL },
	{ PIV_OBJECT_BIOMETRIC_GROUP, 0, "Biometric Information Templates Group Template", NULL },
	{ PIV_OBJECT_CHUID, 0, "Card Holder Unique Identifier", NULL },
	{ PIV_OBJECT_FINGERPRINTS, 0, "Cardholder Fingerprints", NULL },
	{ PIV_OBJECT_SECURITY, 0, "Security Object", NULL },
	{ PIV_OBJECT_CCC, 0, "Card Capability Container", NULL },
	{ PIV_OBJECT_FACE, 0, "Cardholder Facial Image", NULL },
	{ PIV_OBJECT_PRINTED, 0, "Printed Information", NULL },
	{ PIV_OBJECT_KEY_HISTORY, 0, "Key History Object", NULL },
	{ PIV_OBJECT_IRIS, 0, "Cardholder Iris Images", NULL },
	{ PIV_OBJECT_SM_SIGNER, 0, "Secure Messaging Certificate Signer", NULL },
	{ PIV_OBJECT_PAIRING_CODE, 0, "Pairing Code Reference Data Container", NULL },
	{ SOJOURN_OBJECT_CONTENT, 0, "Content Mark", NULL },
};

#define ENTRY_COUNT (sizeof(entries) / sizeof(entries[0]))
#define RETIRED_COUNT (PIV_KEY_RETIRED_LAST - PIV_KEY_RETIRED_FIRST + 1)
/* The name of the object; behind its first words stands that of the key. */
#define CERTIFICATE_FOR "X.509 Certificate for "
#define RETIRED(number) CERTIFICATE_FOR "Retired Key Management " number

static const char *const retired_names[RETIRED_COUNT] = {
	RETIRED("1"),  RETIRED("2"),  RETIRED("3"),  RETIRED("4"),  RETIRED("5"),
	RETIRED("6"),  RETIRED("7"),  RETIRED("8"),  RETIRED("9"),  RETIRED("10"),
	RETIRED("11"), RETIRED("12"), RETIRED("13"), RETIRED("14"), RETIRED("15"),
	RETIRED("16"), RETIRED("17"), RETIRED("18"), RETIRED("19"), RETIRED("20"),
};

static bool retired_key(uint8_t ref)
{
	return ref >= PIV_KEY_RETIRED_FIRST && ref <= PIV_KEY_RETIRED_LAST;
}

static bool retired_object(uint32_t tag)
{
	return tag >= PIV_OBJECT_RETIRED_FIRST && tag <= PIV_OBJECT_RETIRED_LAST;
}

static const struct entry *entry_of_key(uint8_t ref)
{
	for (size_t i = 0; ref != 0 && i < ENTRY_COUNT; i++)
		if (entries[i].key == ref)
			return &entries[i];
	return NULL;
}

static const struct entry *entry_of_object(uint32_t tag)
{
	for (size_t i = 0; tag != 0 && i < ENTRY_COUNT; i++)
		if (entries[i].object == tag)
			return &entries[i];
	return NULL;
}

bool sj_piv_key_is(uint8_t ref)
{
	return sj_piv_key_object(ref) != 0;
}

uint32_t sj_piv_key_object(uint8_t ref)
{
	const struct entry *e = entry_of_key(ref);

	if (retired_key(ref))
		return PIV_OBJECT_RETIRED_FIRST + ref - PIV_KEY_RETIRED_FIRST;
	return e != NULL ? e->object : 0;
}

uint8_t sj_piv_object_key(uint32_t tag)
{
	const struct entry *e = entry_of_object(tag);

	if (retired_object(tag))
		return (uint8_t)(PIV_KEY_RETIRED_FIRST + tag - PIV_OBJECT_RETIRED_FIRST);
	return e != NULL ? e->key : 0;
}

const char *sj_piv_key_name(uint8_t ref)
{
	const struct entry *e = entry_of_key(ref);

	if (retired_key(ref))
		return retired_names[ref - PIV_KEY_RETIRED_FIRST] + sizeof(CERTIFICATE_FOR) - 1;
	return e != NULL ? e->key_name : "unknown key";
}

const char *sj_piv_object_name(uint32_t tag)
{
	const struct entry *e = entry_of_object(tag);

	if (retired_object(tag))
		return retired_names[tag - PIV_OBJECT_RETIRED_FIRST];
	return e != NULL ? e->object_name : NULL;
}

/* SP 800-78-5, table 10. */
static const struct algorithm {
	uint8_t id;
	uint16_t size;
	const char *name;
} algorithms[] = {
	{ PIV_ALG_3DES_DEFAULT, 8, "3DES" },
	{ PIV_ALG_3DES, 8, "3DES" },
	{ PIV_ALG_RSA_3072, 384, "RSA-3072" },
	{ PIV_ALG_RSA_1024, 128, "RSA-1024" },
	{ PIV_ALG_RSA_2048, 256, "RSA-2048" },
	{ PIV_ALG_AES_128, 16, "AES-128" },
	{ PIV_ALG_AES_192, 16, "AES-192" },
	{ PIV_ALG_AES_256, 16, "AES-256" },
	{ PIV_ALG_P256, 32, "P-256" },
	{ PIV_ALG_P384, 48, "P-384" },
	{ YUBICO_ALG_RSA_4096, 512, "RSA-4096" },
	{ PIV_ALG_CS2, 32, "CS2" },
	{ PIV_ALG_CS7, 48, "CS7" },
	{ YUBICO_ALG_ED25519, 32, "Ed25519" },
	{ YUBICO_ALG_X25519, 32, "X25519" },
};

static const struct algorithm *algorithm_of(uint8_t id)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (algorithms[i].id == id)
			return &algorithms[i];
	return NULL;
}

const char *sj_piv_algorithm_name(uint8_t algorithm)
{
	const struct algorithm *a = algorithm_of(algorithm);

	return a != NULL ? a->name : "unknown algorithm";
}

size_t sj_piv_algorithm_size(uint8_t algorithm)
{
	const struct algorithm *a = algorithm_of(algorithm);

	return a != NULL ? a->size : 0;
}

/* --- reading siblings in any order ----------------------------------------- */

/* One data object: where its value goes, how long it may be. */
struct field {
	uint32_t tag;
	size_t min, max; /* bytes of the value */
	bool required;
	struct sj_span *to; /* ptr NULL: not there */
};

/*
 * Every object at most once; others are skipped or, if `closed`, refused.
 * Cards keep their own order, so none is asked for.
 */
static bool read_fields(struct sj_span in, const struct field *fields, size_t n, bool closed)
{
	enum sj_tlv_rc rc;
	struct sj_span value;
	uint32_t tag;
	size_t i;

	for (i = 0; i < n; i++)
		*fields[i].to = sj_span(NULL, 0);
	while ((rc = sj_tlv_next(&in, &tag, &value)) == SJ_TLV_FOUND) {
		for (i = 0; i < n && fields[i].tag != tag; i++)
			;
		if (i == n && closed)
			return false;
		if (i == n)
			continue;
		if (fields[i].to->ptr != NULL || value.len < fields[i].min ||
		    value.len > fields[i].max)
			return false;
		*fields[i].to = value;
	}
	for (i = 0; i < n; i++)
		if (fields[i].required && fields[i].to->ptr == NULL)
			return false;
	return rc == SJ_TLV_ABSENT;
}

#define READ_FIELDS(in, fields, closed) \
	read_fields(in, fields, sizeof(fields) / sizeof((fields)[0]), closed)

/* The value of the only object in `in`. */
static bool only(struct sj_span in, uint32_t tag, struct sj_span *value)
{
	return sj_tlv_take(&in, tag, value) == SJ_TLV_FOUND && in.len == 0;
}

static uint8_t first_byte(struct sj_span s)
{
	return s.len > 0 ? s.ptr[0] : 0;
}

static void put_byte(struct sj_writer *w, uint32_t tag, uint8_t value)
{
	sj_tlv_put(w, tag, sj_span(&value, 1));
}

/* --- templates of commands ------------------------------------------------ */

void sj_piv_tag_list_put(struct sj_writer *w, uint32_t tag)
{
	const size_t n = tag > 0xFFFF ? 3 : tag > 0xFF ? 2 : 1;

	sj_tlv_put_header(w, PIV_TAG_LIST, n);
	sj_put_be(w, n, tag);
}

bool sj_piv_tag_list_take(struct sj_span *in, uint32_t *tag)
{
	struct sj_span rest = *in, value;

	if (sj_tlv_take(&rest, PIV_TAG_LIST, &value) != SJ_TLV_FOUND || value.len < 1 ||
	    value.len > 3 || !sj_take_be(&value, value.len, tag))
		return false;
	*in = rest;
	return true;
}

bool sj_piv_auth_read(struct sj_span in, struct sj_piv_auth *out)
{
	struct sj_piv_auth a;
	const struct field fields[] = {
		{ PIV_TAG_WITNESS, 0, SIZE_MAX, false, &a.witness },
		{ PIV_TAG_CHALLENGE, 0, SIZE_MAX, false, &a.challenge },
		{ PIV_TAG_RESPONSE, 0, SIZE_MAX, false, &a.response },
		{ PIV_TAG_EXPONENTIATION, 0, SIZE_MAX, false, &a.exponentiation },
	};
	struct sj_span content;

	if (!only(in, PIV_TAG_AUTHENTICATION, &content) || !READ_FIELDS(content, fields, true))
		return false;
	a.has_witness = a.witness.ptr != NULL;
	a.has_challenge = a.challenge.ptr != NULL;
	a.has_response = a.response.ptr != NULL;
	a.has_exponentiation = a.exponentiation.ptr != NULL;
	*out = a;
	return true;
}

void sj_piv_auth_put(struct sj_writer *w, const struct sj_piv_auth *auth)
{
	const size_t at = sj_tlv_open(w);

	if (auth->has_witness)
		sj_tlv_put(w, PIV_TAG_WITNESS, auth->witness);
	if (auth->has_challenge)
		sj_tlv_put(w, PIV_TAG_CHALLENGE, auth->challenge);
	if (auth->has_exponentiation)
		sj_tlv_put(w, PIV_TAG_EXPONENTIATION, auth->exponentiation);
	if (auth->has_response)
		sj_tlv_put(w, PIV_TAG_RESPONSE, auth->response);
	sj_tlv_close(w, PIV_TAG_AUTHENTICATION, at);
}

enum {
	TAG_GENERATE = 0xAC, /* part 2, 3.3.2 */
	TAG_MECHANISM = 0x80,
	TAG_PARAMETER = 0x81,
	TAG_MODULUS = 0x81, /* part 2, table 11 */
	TAG_EXPONENT = 0x82,
	TAG_POINT = 0x86,
};

bool sj_piv_generate_read(struct sj_span in, struct sj_piv_generate *out)
{
	struct sj_piv_generate g;
	struct sj_span content, algorithm, pin, touch;
	const struct field fields[] = {
		{ TAG_MECHANISM, 1, 1, true, &algorithm },
		{ TAG_PARAMETER, 0, SIZE_MAX, false, &g.parameter },
		{ YUBICO_TAG_PIN_POLICY, 1, 1, false, &pin },
		{ YUBICO_TAG_TOUCH_POLICY, 1, 1, false, &touch },
	};

	if (!only(in, TAG_GENERATE, &content) || !READ_FIELDS(content, fields, true))
		return false;
	g.algorithm = first_byte(algorithm);
	g.pin_policy = first_byte(pin);
	g.touch_policy = first_byte(touch);
	*out = g;
	return true;
}

void sj_piv_generate_put(struct sj_writer *w, const struct sj_piv_generate *g)
{
	const size_t at = sj_tlv_open(w);

	put_byte(w, TAG_MECHANISM, g->algorithm);
	if (g->parameter.len > 0)
		sj_tlv_put(w, TAG_PARAMETER, g->parameter);
	if (g->pin_policy != 0)
		put_byte(w, YUBICO_TAG_PIN_POLICY, g->pin_policy);
	if (g->touch_policy != 0)
		put_byte(w, YUBICO_TAG_TOUCH_POLICY, g->touch_policy);
	sj_tlv_close(w, TAG_GENERATE, at);
}

bool sj_piv_public_read(struct sj_span content, struct sj_piv_public *out)
{
	struct sj_piv_public key;
	const struct field fields[] = {
		{ TAG_MODULUS, 1, SIZE_MAX, false, &key.modulus },
		{ TAG_EXPONENT, 1, SIZE_MAX, false, &key.exponent },
		{ TAG_POINT, 1, SIZE_MAX, false, &key.point },
	};

	if (!READ_FIELDS(content, fields, true) ||
	    (key.modulus.len > 0) != (key.exponent.len > 0) ||
	    (key.modulus.len > 0) == (key.point.len > 0))
		return false;
	*out = key;
	return true;
}

void sj_piv_public_put(struct sj_writer *w, const struct sj_piv_public *key)
{
	const size_t at = sj_tlv_open(w);

	if (key->point.len > 0) {
		sj_tlv_put(w, TAG_POINT, key->point);
	} else {
		sj_tlv_put(w, TAG_MODULUS, key->modulus);
		sj_tlv_put(w, TAG_EXPONENT, key->exponent);
	}
	sj_tlv_close(w, PIV_TAG_PUBLIC_KEY, at);
}

/* --- data objects ---------------------------------------------------------- */

bool sj_piv_data_read(struct sj_span in, struct sj_span *value)
{
	return only(in, PIV_TAG_DATA, value);
}

/* The whole element of an object that read_fields() has found once. */
static struct sj_span element_of(struct sj_span in, uint32_t tag)
{
	struct sj_span element = { NULL, 0 }, rest;
	uint32_t seen;

	while (sj_tlv_take_any(&in, &element) == SJ_TLV_FOUND) {
		struct sj_span copy = element;

		if (sj_tlv_next(&copy, &seen, &rest) == SJ_TLV_FOUND && seen == tag)
			return element;
	}
	return sj_span(NULL, 0);
}

bool sj_piv_certificate_read(struct sj_span value, struct sj_piv_certificate *out)
{
	struct sj_piv_certificate c;
	struct sj_span info, cvc;
	const struct field fields[] = {
		{ PIV_TAG_CERTIFICATE, 1, SIZE_MAX, true, &c.certificate },
		{ PIV_TAG_CERTINFO, 1, 1, false, &info },
		{ PIV_TAG_INTERMEDIATE_CVC, 0, SIZE_MAX, false, &cvc },
	};

	if (!READ_FIELDS(value, fields, false))
		return false;
	c.gzip = (first_byte(info) & PIV_CERTINFO_GZIP) != 0;
	c.intermediate_cvc = cvc.len > 0 ? element_of(value, PIV_TAG_INTERMEDIATE_CVC) : cvc;
	*out = c;
	return true;
}

void sj_piv_certificate_put(struct sj_writer *w, const struct sj_piv_certificate *c)
{
	sj_tlv_put(w, PIV_TAG_CERTIFICATE, c->certificate);
	put_byte(w, PIV_TAG_CERTINFO, c->gzip ? PIV_CERTINFO_GZIP : 0);
	sj_put(w, c->intermediate_cvc);
	sj_tlv_put_header(w, PIV_TAG_ERROR_DETECTION, 0);
}

enum {
	TAG_FASC_N = 0x30, /* part 1, table 9 */
	TAG_GUID = 0x34,
	TAG_EXPIRATION = 0x35,
	TAG_CARDHOLDER_UUID = 0x36,
	TAG_SIGNATURE = 0x3E,
	TAG_KEYS_ON_CARD = 0xC1, /* part 1, table 18 */
	TAG_KEYS_OFF_CARD = 0xC2,
	TAG_URL = 0xF3,
	TAG_AID = 0x4F, /* part 2, table 3 */
	TAG_LABEL = 0x50,
	TAG_AUTHORITY = 0x79,
	TAG_ALGORITHMS = 0xAC,
	TAG_SUITE = 0x80,
	TAG_OBJECT_ID = 0x06,
	TAG_LENGTHS = 0x7F66, /* ISO/IEC 7816-4:2020, 12.7.1; stands behind 61 */
	TAG_INTEGER = 0x02,
};

bool sj_piv_chuid_read(struct sj_span value, struct sj_piv_chuid *out)
{
	struct sj_piv_chuid c;
	const struct field fields[] = {
		{ TAG_FASC_N, 25, 25, true, &c.fasc_n },
		{ TAG_GUID, PIV_GUID_SIZE, PIV_GUID_SIZE, true, &c.guid },
		{ TAG_EXPIRATION, 8, 8, true, &c.expiration },
		{ TAG_CARDHOLDER_UUID, 0, 16, false, &c.cardholder_uuid },
		{ TAG_SIGNATURE, 0, SIZE_MAX, false, &c.signature },
	};

	if (!READ_FIELDS(value, fields, false) ||
	    (c.cardholder_uuid.len > 0 && c.cardholder_uuid.len != 16))
		return false;
	*out = c;
	return true;
}

void sj_piv_chuid_put(struct sj_writer *w, const struct sj_piv_chuid *c)
{
	sj_tlv_put(w, TAG_FASC_N, c->fasc_n);
	sj_tlv_put(w, TAG_GUID, c->guid);
	sj_tlv_put(w, TAG_EXPIRATION, c->expiration);
	if (c->cardholder_uuid.len > 0)
		sj_tlv_put(w, TAG_CARDHOLDER_UUID, c->cardholder_uuid);
	sj_tlv_put(w, TAG_SIGNATURE, c->signature);
	sj_tlv_put_header(w, PIV_TAG_ERROR_DETECTION, 0);
}

bool sj_piv_discovery_read(struct sj_span in, struct sj_piv_discovery *out)
{
	struct sj_span content, aid, policy;
	const struct field fields[] = {
		{ TAG_AID, 1, 16, true, &aid },
		{ PIV_TAG_PIN_POLICY, 2, 2, true, &policy },
	};

	if (!only(in, PIV_OBJECT_DISCOVERY, &content) || !READ_FIELDS(content, fields, false))
		return false;
	*out = (struct sj_piv_discovery){ aid, policy.ptr[0], policy.ptr[1] };
	return true;
}

void sj_piv_discovery_put(struct sj_writer *w, const struct sj_piv_discovery *d)
{
	const uint8_t policy[] = { d->policy, d->preference };
	const size_t at = sj_tlv_open(w);

	sj_tlv_put(w, TAG_AID, d->aid);
	sj_tlv_put(w, PIV_TAG_PIN_POLICY, SJ_SPAN_OF(policy));
	sj_tlv_close(w, PIV_OBJECT_DISCOVERY, at);
}

bool sj_piv_key_history_read(struct sj_span value, struct sj_piv_key_history *out)
{
	struct sj_span on, off, url;
	const struct field fields[] = {
		{ TAG_KEYS_ON_CARD, 1, 1, true, &on },
		{ TAG_KEYS_OFF_CARD, 1, 1, true, &off },
		{ TAG_URL, 0, SIZE_MAX, false, &url },
	};

	if (!READ_FIELDS(value, fields, false))
		return false;
	*out = (struct sj_piv_key_history){ first_byte(on), first_byte(off), url };
	return true;
}

void sj_piv_key_history_put(struct sj_writer *w, const struct sj_piv_key_history *h)
{
	put_byte(w, TAG_KEYS_ON_CARD, h->on_card);
	put_byte(w, TAG_KEYS_OFF_CARD, h->off_card);
	if (h->url.len > 0)
		sj_tlv_put(w, TAG_URL, h->url);
	sj_tlv_put_header(w, PIV_TAG_ERROR_DETECTION, 0);
}

/* The first cipher suite that we know; a card may name other algorithms. */
static bool read_suite(struct sj_span in, uint8_t *suite)
{
	enum sj_tlv_rc rc;
	struct sj_span value;
	uint32_t tag;

	while ((rc = sj_tlv_next(&in, &tag, &value)) == SJ_TLV_FOUND) {
		if (tag != TAG_SUITE || value.len != 1 || *suite != 0)
			continue;
		if (value.ptr[0] == PIV_ALG_CS2 || value.ptr[0] == PIV_ALG_CS7)
			*suite = value.ptr[0];
	}
	return rc == SJ_TLV_ABSENT;
}

/* Unsigned, since some cards leave the sign's zero byte out. */
static bool take_length(struct sj_span *in, uint32_t *out)
{
	struct sj_span value;

	return sj_tlv_take(in, TAG_INTEGER, &value) == SJ_TLV_FOUND && value.len >= 1 &&
	       value.len <= 4 && sj_take_be(&value, value.len, out);
}

bool sj_piv_application_read(struct sj_span in, struct sj_piv_application *out)
{
	struct sj_piv_application a = { 0 };
	struct sj_span content, suites, inside, lengths;
	const struct field fields[] = {
		{ TAG_AID, 1, 16, true, &a.aid },
		{ TAG_LABEL, 0, SIZE_MAX, false, &a.label },
		{ TAG_ALGORITHMS, 0, SIZE_MAX, false, &suites },
		{ TAG_LENGTHS, 0, SIZE_MAX, false, &inside },
	};
	const struct field behind[] = { { TAG_LENGTHS, 0, SIZE_MAX, false, &lengths } };

	if (sj_tlv_take(&in, PIV_TAG_APPLICATION, &content) != SJ_TLV_FOUND ||
	    !READ_FIELDS(content, fields, false) || !READ_FIELDS(in, behind, false) ||
	    !read_suite(suites, &a.suite))
		return false;
	if (lengths.ptr == NULL)
		lengths = inside;
	if (lengths.ptr != NULL &&
	    (!take_length(&lengths, &a.command_max) || !take_length(&lengths, &a.response_max)))
		return false;
	*out = a;
	return true;
}

void sj_piv_application_put(struct sj_writer *w, const struct sj_piv_application *a)
{
	const size_t at = sj_tlv_open(w);
	size_t inner;

	sj_tlv_put(w, TAG_AID, a->aid);
	inner = sj_tlv_open(w);
	sj_tlv_put(w, TAG_AID, sj_span(sj_piv_aid().ptr, PIV_RID_SIZE));
	sj_tlv_close(w, TAG_AUTHORITY, inner);
	if (a->label.len > 0)
		sj_tlv_put(w, TAG_LABEL, a->label);
	if (a->suite != 0) {
		inner = sj_tlv_open(w);
		put_byte(w, TAG_SUITE, a->suite);
		put_byte(w, TAG_OBJECT_ID, 0); /* table 3: of value 00 */
		sj_tlv_close(w, TAG_ALGORITHMS, inner);
	}
	sj_tlv_close(w, PIV_TAG_APPLICATION, at);
	if (a->command_max != 0) {
		inner = sj_tlv_open(w);
		sj_der_put_small(w, a->command_max);
		sj_der_put_small(w, a->response_max);
		sj_tlv_close(w, TAG_LENGTHS, inner);
	}
}
