#include "authority/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/rsa.h"
#include "crypt/sign.h"
#include "crypt/wipe.h"

static const struct {
	const char *name;
	enum sj_cipher cipher;
} ciphers[] = {
	{ "3des", SJ_CIPHER_3DES },
	{ "aes128", SJ_CIPHER_AES128 },
	{ "aes192", SJ_CIPHER_AES192 },
	{ "aes256", SJ_CIPHER_AES256 },
};

static bool cipher_of(const char *text, size_t len, enum sj_cipher *out)
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		if (strlen(ciphers[i].name) == len && memcmp(ciphers[i].name, text, len) == 0) {
			*out = ciphers[i].cipher;
			return true;
		}
	}
	return false;
}

/* A curve that PACE and Chip Authentication use here: 256 bits and more. */
static enum sj_curve curve_of(const char *text, size_t len)
{
	enum sj_curve curve;
	char name[32];

	if (len >= sizeof(name))
		return SJ_CURVE_NONE;
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	curve = sj_curve_from_name(name);
	return sj_curve_order_size(curve) < 32 ? SJ_CURVE_NONE : curve;
}

static const char *const mappings[] = { "GM", "CAM", "IM" };

#define MAPPINGS (sizeof(mappings) / sizeof(mappings[0]))

const char *profile_mapping(enum sj_pace_mapping mapping)
{
	return mappings[mapping];
}

/* "GM:", ...; *rest: what follows. */
static bool mapping_of(const char *text, enum sj_pace_mapping *out, const char **rest)
{
	for (size_t i = 0; i < MAPPINGS; i++) {
		const size_t n = strlen(mappings[i]);

		if (strncmp(text, mappings[i], n) == 0 && text[n] == ':') {
			*out = (enum sj_pace_mapping)i;
			*rest = text + n + 1;
			return true;
		}
	}
	return false;
}

/* "GM:aes128:P-256", "IM:aes128:modp-2048-256" */
static bool parse_suite(const char *text, struct sj_pace_suite *out)
{
	const char *cipher, *group;

	*out = (struct sj_pace_suite){ .curve = SJ_CURVE_NONE };
	if (!mapping_of(text, &out->mapping, &cipher))
		return false;
	group = strchr(cipher, ':');
	if (group == NULL || !cipher_of(cipher, (size_t)(group - cipher), &out->cipher))
		return false;
	out->curve = curve_of(group + 1, strlen(group + 1));
	return (out->curve != SJ_CURVE_NONE || sj_dh_from_name(group + 1, &out->group)) &&
	       sj_pace_oid(out).len > 0;
}

static int add_suite(struct cli *cli, const char *text, struct profile *p)
{
	struct sj_pace_suite suite;

	if (p->suite_count == PROFILE_PACE_MAX)
		return cli_usage(cli, "--pace: at most %u variants", PROFILE_PACE_MAX);
	if (!parse_suite(text, &suite))
		return cli_usage(cli, "--pace %s: not GM, CAM or IM, cipher and curve or group",
				 text);
	for (size_t i = 0; i < p->suite_count; i++) {
		if (sj_pace_suite_eq(&p->suites[i], &suite))
			return cli_usage(cli, "--pace %s: given twice", text);
	}
	p->suites[p->suite_count++] = suite;
	return 0;
}

static int read_pace(struct cli *cli, struct profile *p)
{
	const char *text;
	bool generic = false;
	int rc = 0;

	if (!cli_given(cli, "pace"))
		return add_suite(cli, "GM:aes128:P-256", p);
	for (size_t i = 0; rc == 0 && (text = cli_value_at(cli, "pace", i)) != NULL; i++)
		rc = add_suite(cli, text, p);
	for (size_t i = 0; i < p->suite_count; i++)
		generic = generic || p->suites[i].mapping != SJ_PACE_CAM;
	if (rc == 0 && !generic)
		rc = cli_usage(cli,
			       "--pace CAM: Doc 9303-11, 4.4 asks for a GM or an IM beside it");
	return rc;
}

static int add_ca(struct cli *cli, const char *text, struct profile *p)
{
	const char *colon = strchr(text, ':');
	enum sj_curve curve = SJ_CURVE_NONE;
	enum sj_cipher cipher = SJ_CIPHER_AES128;
	size_t i;

	if (colon != NULL)
		curve = curve_of(text, (size_t)(colon - text));
	if (curve == SJ_CURVE_NONE || !cipher_of(colon + 1, strlen(colon + 1), &cipher))
		return cli_usage(cli, "--ca %s: not a curve and a cipher", text);
	for (i = 0; i < p->ca_count && p->ca[i].curve != curve; i++)
		;
	if (i == PROFILE_CA_MAX)
		return cli_usage(cli, "--ca: at most %u keys", PROFILE_CA_MAX);
	if (i == p->ca_count)
		p->ca[p->ca_count++] = (struct profile_ca){ curve, 0 };
	p->ca[i].ciphers |= (uint8_t)(1u << cipher);
	return 0;
}

static int read_ca(struct cli *cli, struct profile *p)
{
	const char *text;
	int rc = 0;

	if (cli_given(cli, "no-ca"))
		return cli_given(cli, "ca") ? cli_usage(cli, "--ca and --no-ca") : 0;
	if (!cli_given(cli, "ca"))
		return add_ca(cli, "P-256:aes128", p);
	for (size_t i = 0; rc == 0 && (text = cli_value_at(cli, "ca", i)) != NULL; i++)
		rc = add_ca(cli, text, p);
	return rc;
}

static int read_aa(struct cli *cli, struct profile *p)
{
	const char *text = cli_value(cli, "aa");

	if (text == NULL)
		text = "ec:P-256";
	if (strcmp(text, "none") == 0) {
		p->aa = PROFILE_AA_NONE;
	} else if (strcmp(text, "rsa-2048") == 0 || strcmp(text, "rsa-3072") == 0) {
		p->aa = PROFILE_AA_RSA;
		p->aa_bits = text[4] == '2' ? 2048 : 3072;
	} else if (strncmp(text, "ec:", 3) == 0) {
		p->aa = PROFILE_AA_EC;
		p->aa_curve = curve_of(text + 3, strlen(text + 3));
	}
	if ((p->aa == PROFILE_AA_NONE && strcmp(text, "none") != 0) ||
	    (p->aa == PROFILE_AA_EC && p->aa_curve == SJ_CURVE_NONE))
		return cli_usage(cli, "--aa %s: not ec:CURVE, rsa-2048, rsa-3072 or none", text);
	return 0;
}

static bool usable(const struct profile *p)
{
	const struct sj_span pkcs8 = sj_span(p->aa_key, p->aa_key_len);
	struct sj_key *key = p->aa_bits == 2048 || p->aa_bits == 3072 ? sj_key_read(pkcs8) : NULL;
	const bool ok = key != NULL;

	sj_key_free(key);
	return ok;
}

/* A key that was made elsewhere: what the card will refuse is refused before it is touched. */
static int read_aa_key(struct cli *cli, struct profile *p)
{
	const char *path = cli_value(cli, "aa-key");
	int rc;

	if (path == NULL)
		return read_aa(cli, p);
	if (cli_given(cli, "aa"))
		return cli_usage(cli, "--aa and --aa-key");
	rc = cli_file_read(cli, path, SJ_RSA_PRIVATE_MAX, &p->aa_key, &p->aa_key_len);
	if (rc != 0)
		return rc;
	p->aa = PROFILE_AA_IMPORT;
	p->aa_bits = 8 * (unsigned)sj_rsa_private_size(sj_span(p->aa_key, p->aa_key_len));
	return usable(p) ? 0
			 : cli_fail(cli, SJ_INPUT_MALFORMED,
				    "%s: not an RSA key of 2048 or 3072 bits as 'openssl pkcs8 "
				    "-topk8 -nocrypt -outform DER' makes it",
				    path);
}

void profile_free(struct profile *profile)
{
	if (profile->aa_key != NULL)
		sj_wipe(profile->aa_key, profile->aa_key_len);
	free(profile->aa_key);
	profile->aa_key = NULL;
}

/* Its data are for terminals that have shown who they are: neither BAC nor a copy's mapping. */
static int check_eid(struct cli *cli, const char *access, struct profile *p)
{
	if (access != NULL && strcmp(access, "pace") != 0)
		return cli_usage(cli, "--eid with --access %s: an eID card has PACE alone", access);
	if (cli_given(cli, "no-ca"))
		return cli_usage(cli, "--eid with --no-ca: terminals ask for Chip Authentication");
	p->eid = true;
	p->bac = false;
	return 0;
}

/* What only an eID card must not have. */
static int check_eid_keys(struct cli *cli, const struct profile *p)
{
	for (size_t i = 0; i < p->suite_count; i++)
		if (p->suites[i].mapping == SJ_PACE_CAM)
			return cli_usage(cli, "--eid with --pace CAM: such a card has GM or IM");
	if (p->ca[0].ciphers & 1u << SJ_CIPHER_3DES)
		return cli_usage(cli,
				 "--eid with --ca %s:3des first: the first key's curve and "
				 "cipher are those of its terminals, which take AES",
				 sj_curve_name(p->ca[0].curve));
	return 0;
}

int profile_read(struct cli *cli, struct profile *out)
{
	const char *access = cli_value(cli, "access");
	int rc = 0;

	*out = (struct profile){ .bac = true, .pace = true };
	if (access != NULL && strcmp(access, "both") != 0) {
		out->bac = strcmp(access, "bac") == 0;
		out->pace = !out->bac;
	}
	if (!out->pace && cli_given(cli, "pace"))
		return cli_usage(cli, "--pace with --access bac");
	if (cli_given(cli, "eid"))
		rc = check_eid(cli, access, out);
	if (rc != 0)
		return rc;
	if (out->pace)
		rc = read_pace(cli, out);
	if (rc == 0)
		rc = read_ca(cli, out);
	if (rc == 0 && out->eid)
		rc = check_eid_keys(cli, out);
	return rc != 0 ? rc : read_aa_key(cli, out);
}

enum sj_hash profile_aa_hash(enum sj_curve curve)
{
	static const enum sj_hash longest_first[] = { SJ_SHA512, SJ_SHA384, SJ_SHA256, SJ_SHA224 };

	for (size_t i = 0; i < sizeof(longest_first) / sizeof(longest_first[0]); i++) {
		if (sj_hash_size(longest_first[i]) <= sj_curve_order_size(curve))
			return longest_first[i];
	}
	return SJ_SHA1;
}
