/* keys_plan.c -- what a card's key application is to be, before the card is touched. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "authority/keys.h"
#include "crypt/random.h"
#include "crypt/wipe.h"
#include "crypt/x509.h"
#include "wire/piv.h"

#define DAY 86400
#define ADMIN PIV_KEY_ADMINISTRATION

const uint8_t keys_refs[KEYS_MADE] = {
	PIV_KEY_AUTHENTICATION,      PIV_KEY_SIGNATURE,      PIV_KEY_MANAGEMENT,
	PIV_KEY_CARD_AUTHENTICATION, YUBICO_KEY_ATTESTATION, PIV_KEY_SECURE_MESSAGING,
};

/* Which algorithms a key may have; the first is the default. */
static const struct choice {
	uint8_t ref, algorithms[8];
} choices[] = {
	{ PIV_KEY_AUTHENTICATION,
	  { PIV_ALG_P256, PIV_ALG_P384, PIV_ALG_RSA_2048, PIV_ALG_RSA_3072, YUBICO_ALG_ED25519 } },
	{ PIV_KEY_SIGNATURE,
	  { PIV_ALG_P256, PIV_ALG_P384, PIV_ALG_RSA_2048, PIV_ALG_RSA_3072, YUBICO_ALG_ED25519 } },
	{ PIV_KEY_MANAGEMENT,
	  { PIV_ALG_P256, PIV_ALG_P384, PIV_ALG_RSA_2048, PIV_ALG_RSA_3072, YUBICO_ALG_X25519 } },
	{ PIV_KEY_CARD_AUTHENTICATION,
	  { PIV_ALG_P256, PIV_ALG_P384, PIV_ALG_RSA_2048, PIV_ALG_RSA_3072, YUBICO_ALG_ED25519 } },
	{ YUBICO_KEY_ATTESTATION,
	  { PIV_ALG_P256, PIV_ALG_P384, PIV_ALG_RSA_2048, PIV_ALG_RSA_3072 } },
	{ PIV_KEY_SECURE_MESSAGING, { PIV_ALG_CS2, PIV_ALG_CS7 } },
	{ ADMIN, { PIV_ALG_AES_192, PIV_ALG_AES_128, PIV_ALG_AES_256, PIV_ALG_3DES } },
};
#define CHOICES (sizeof(choices) / sizeof(choices[0]))

/* --- secrets -------------------------------------------------------------------- */

bool keys_random_digits(char *out, size_t n)
{
	const struct sj_random rnd = sj_random_system();
	uint8_t byte;

	for (size_t i = 0; i < n;) {
		if (!sj_random_fill(&rnd, &byte, 1))
			return false;
		if (byte < 250)
			out[i++] = (char)('0' + byte % 10);
	}
	out[n] = '\0';
	sj_wipe(&byte, 1);
	return true;
}

/* From its option, or random. */
static int read_code(struct cli *cli, const char *name, size_t min, const char *allowed, char *out)
{
	struct cli_secret secret;
	int rc;

	if (!cli_secret_given(cli, name))
		return keys_random_digits(out, strcmp(name, "pin") == 0 ? PIV_PIN_MIN : KEYS_DIGITS)
			       ? 0
			       : cli_fail(cli, SJ_CRYPTO_FAILED, "%s", name);
	rc = cli_secret_read(cli, name, name, &secret);
	if (rc != 0)
		return rc;
	if (secret.len < min || secret.len > KEYS_DIGITS ||
	    (allowed != NULL && strspn(secret.text, allowed) != secret.len))
		rc = cli_fail(cli, SJ_SECRET_MALFORMED,
			      allowed != NULL ? "a PIN has six to eight digits"
					      : "a PUK has eight characters");
	else
		memcpy(out, secret.text, secret.len + 1);
	cli_secret_wipe(&secret);
	return rc;
}

static int read_secrets(struct key_data *k, struct cli *cli)
{
	const struct sj_random rnd = sj_random_system();
	int rc = read_code(cli, "pin", PIV_PIN_MIN, "0123456789", k->pin);

	if (rc == 0)
		rc = read_code(cli, "puk", KEYS_DIGITS, NULL, k->puk);
	if (rc == 0 && (!keys_random_digits(k->pairing, KEYS_DIGITS) ||
			!sj_random_fill(&rnd, k->admin, sizeof(k->admin))))
		rc = cli_fail(cli, SJ_CRYPTO_FAILED, "secrets of the key application");
	return rc;
}

/* --- algorithms ------------------------------------------------------------------- */

const char *keys_algorithm_name(uint8_t algorithm)
{
	return algorithm == PIV_ALG_CS2   ? "CS2"
	       : algorithm == PIV_ALG_CS7 ? "CS7"
					  : sj_piv_algorithm_name(algorithm);
}

/* "9D:RSA-2048" */
static bool parse_choice(const char *text, uint8_t *ref, uint8_t *algorithm)
{
	unsigned number;

	/* NOLINTNEXTLINE(cert-err34-c): two digits at most */
	if (strlen(text) < 4 || text[2] != ':' || sscanf(text, "%2x", &number) != 1)
		return false;
	for (size_t i = 0; i < CHOICES; i++) {
		if (choices[i].ref != number)
			continue;
		*ref = choices[i].ref;
		for (size_t j = 0; choices[i].algorithms[j] != 0; j++) {
			*algorithm = choices[i].algorithms[j];
			if (strcasecmp(text + 3, keys_algorithm_name(*algorithm)) == 0)
				return true;
		}
	}
	return false;
}

static void set_algorithm(struct key_data *k, uint8_t ref, uint8_t algorithm)
{
	for (size_t i = 0; i < KEYS_MADE; i++) {
		if (keys_refs[i] == ref)
			k->algorithms[i] = algorithm;
	}
	if (ref == ADMIN)
		k->admin_algorithm = algorithm;
}

static int read_algorithms(struct key_data *k, struct cli *cli)
{
	uint8_t ref, algorithm;
	const char *text;

	for (size_t i = 0; i < CHOICES; i++)
		set_algorithm(k, choices[i].ref, choices[i].algorithms[0]);
	set_algorithm(k, PIV_KEY_SECURE_MESSAGING, 0); /* choose_suite() */
	for (size_t i = 0; (text = cli_value_at(cli, "key-algorithm", i)) != NULL; i++) {
		if (!parse_choice(text, &ref, &algorithm))
			return cli_usage(
				cli, "--key-algorithm %s: not a key and an algorithm of it", text);
		set_algorithm(k, ref, algorithm);
	}
	return 0;
}

/* SP 800-73-5, part 2, 4.1.4: with such a key there is no other suite. */
static bool needs_cs7(const struct key_data *k)
{
	for (size_t i = 0; i < KEYS_MADE; i++)
		if ((keys_refs[i] == PIV_KEY_SIGNATURE || keys_refs[i] == PIV_KEY_MANAGEMENT) &&
		    k->algorithms[i] == PIV_ALG_P384)
			return true;
	return false;
}

/* The suite, if none was asked for. Its certificates are signed on its curve (SP 800-78-5, 3.2). */
static int choose_suite(struct key_data *k, struct cli *cli)
{
	uint8_t *suite = &k->algorithms[KEYS_MADE - 1];
	enum sj_curve curve = SJ_CURVE_NONE;
	const struct authority_certificate *file = &k->content.certificate;
	struct sj_ec_point point;
	struct sj_cert cert;
	const char *wanted;

	if (!sj_cert_read(sj_span(file->bytes, file->len), &cert) ||
	    !sj_ec_spki_read(cert.spki, &curve, &point)) /* RSA */
		curve = SJ_CURVE_NONE;
	if (*suite == 0)
		*suite = curve == SJ_P384 || needs_cs7(k) ? PIV_ALG_CS7 : PIV_ALG_CS2;
	if (*suite == PIV_ALG_CS2 && needs_cs7(k))
		return cli_fail(cli, SJ_INPUT_REFUSED,
				"04:CS2: a key 9C or 9D on P-384 goes with 04:CS7 only");
	if (curve == (*suite == PIV_ALG_CS7 ? SJ_P384 : SJ_P256))
		return 0;
	wanted = *suite == PIV_ALG_CS7 ? "P-384" : "P-256";
	return cli_fail(cli, SJ_INPUT_REFUSED,
			"04:%s: %s is not on %s; make the next with `authority key renew "
			"--signer --key %s`",
			keys_algorithm_name(*suite), k->content.name, wanted, wanted);
}

/* --- names and times ---------------------------------------------------------------- */

/* Version 4 of RFC 4122. */
static bool random_guid(uint8_t out[static PIV_GUID_SIZE])
{
	const struct sj_random rnd = sj_random_system();

	if (!sj_random_fill(&rnd, out, PIV_GUID_SIZE))
		return false;
	out[6] = (uint8_t)((out[6] & 0x0F) | 0x40);
	out[8] = (uint8_t)((out[8] & 0x3F) | 0x80);
	return true;
}

static int set_identity(struct key_data *k, struct cli *cli, const struct holder *h)
{
	const struct sj_random rnd = sj_random_system();
	const char *given = h->fields[HOLDER_GIVEN_NAMES];

	_Static_assert(sizeof(k->row.key_x) == PIV_GUID_SIZE + SJ_SERIAL_SIZE, "its two halves");
	if (!random_guid(k->row.key_x) ||
	    !sj_random_fill(&rnd, k->row.key_x + PIV_GUID_SIZE, SJ_SERIAL_SIZE))
		return cli_fail(cli, SJ_CRYPTO_FAILED, "GUID");
	snprintf(k->person, sizeof(k->person), "%s%s%s", given != NULL ? given : "",
		 given != NULL ? " " : "", h->fields[HOLDER_SURNAME]);
	k->row.slot = REGISTER_SLOT_KEYS;
	return 0;
}

/*
 * As a gate's credentials: from the beginning of the day to the end of the document, within
 * the time of who signs.
 */
static int set_times(struct key_data *k, const struct authority *a, const struct holder *h)
{
	const json_t *ca = authority_row(a, k->ca.name),
		     *content = authority_row(a, k->content.name);
	const json_int_t from = json_integer_value(json_object_get(ca, "not_before")),
			 signs_from = json_integer_value(json_object_get(content, "not_before"));
	const int64_t now = (int64_t)time(NULL), end = holder_end_of(h->fields[HOLDER_EXPIRY_DATE]);

	if (end < now) {
		cli_note(a->cli, "expired already: no key application");
		k->wanted = false;
		return 0;
	}
	if (end > json_integer_value(json_object_get(ca, "not_after")) ||
	    end > json_integer_value(json_object_get(content, "not_after")))
		return cli_fail(a->cli, SJ_INPUT_REFUSED, "/expiryDate lies after %s and %s",
				k->ca.name, k->content.name);
	k->not_before = now / DAY * DAY;
	if (k->not_before < from)
		k->not_before = from;
	k->signed_at = k->not_before < signs_from ? signs_from : k->not_before;
	k->ends = (uint32_t)end;
	holder_date(h->fields[HOLDER_EXPIRY_DATE], k->expires);
	if (!register_partition(k->ends, &k->row.status.partition))
		return cli_fail(a->cli, SJ_INTERNAL, "partition");
	return 0;
}

int keys_open(struct key_data *k, const struct authority *a)
{
	int rc = read_algorithms(k, a->cli);

	if (rc == 0)
		rc = authority_signer_get(a, AUTHORITY_KEY_CA, &k->ca);
	if (rc == 0)
		rc = authority_signer_get(a, AUTHORITY_CONTENT_SIGNER, &k->content);
	return rc != 0 ? rc : choose_suite(k, a->cli);
}

int keys_set_holder(struct key_data *k, const struct authority *a, const struct holder *h)
{
	int rc;

	k->wanted = true;
	memset(&k->row, 0, sizeof(k->row));
	memset(k->publics, 0, sizeof(k->publics));
	rc = set_identity(k, a->cli, h);
	if (rc == 0)
		rc = set_times(k, a, h);
	return rc != 0 || !k->wanted ? rc : read_secrets(k, a->cli);
}

void keys_clear_holder(struct key_data *k)
{
	k->wanted = false;
	sj_wipe(k->person, sizeof(k->person));
	sj_wipe(k->pin, sizeof(k->pin));
	sj_wipe(k->puk, sizeof(k->puk));
	sj_wipe(k->pairing, sizeof(k->pairing));
	sj_wipe(k->admin, sizeof(k->admin));
}

void keys_wipe(struct key_data *k)
{
	authority_signer_free(&k->ca);
	authority_signer_free(&k->content);
	sj_wipe(k, sizeof(*k));
}

void keys_serial(const struct register_credential *row, uint8_t ref,
		 uint8_t out[static SJ_SERIAL_SIZE])
{
	memcpy(out, row->key_x + PIV_GUID_SIZE, SJ_SERIAL_SIZE);
	out[0] = (uint8_t)((out[0] & 0x7F) | 0x40);
	out[SJ_SERIAL_SIZE - 1] = ref;
}
