/* data.c -- certificates, data objects and attestations of a card. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "key/key.h"

static const struct cli_positional key_positionals[] = {
	{ .name = "KEY",
	  .help = "9A, 9C, 9D, 9E, 82 to 95, F9, or authentication, signature, ..." },
	{ 0 },
};

/* --write, --remove and nothing together with what reads. */
static int check_direction(struct cli *cli)
{
	const bool writes = cli_given(cli, "write"), removes = cli_given(cli, "remove");

	if (writes && removes)
		return cli_usage(cli, "give --write or --remove, not both");
	if ((writes || removes) && cli_given(cli, "out"))
		return cli_usage(cli, "--out is for reading");
	return 0;
}

/* --- key certificate ---------------------------------------------------------------- */

static int write_certificate(struct key_run *run, uint8_t key)
{
	const char *path = cli_value(run->cli, "write");
	uint8_t *der = NULL;
	size_t len = 0;
	enum sj_rc rc;
	char ref[3];
	int code = path ? key_pem_read(run->cli, path, "CERTIFICATE", &der, &len) : 0;

	if (code == 0)
		code = key_administer(run);
	if (code == 0) {
		rc = sj_piv_write_certificate(run->piv, key, der, len);
		if (rc == SJ_INPUT_MALFORMED)
			code = cli_fail(run->cli, rc, "%s", path);
		else if (rc != SJ_OK)
			code = key_fail(run, rc, key_ref(key, ref));
	}
	free(der);
	return code;
}

static int read_certificate(struct key_run *run, uint8_t key)
{
	uint8_t *der = NULL;
	size_t len;
	char ref[3];
	enum sj_rc rc = key_certificate_get(run, key, &der, &len);
	int code;

	if (rc != SJ_OK)
		return key_fail(run, rc, key_ref(key, ref));
	code = key_pem_write(run->cli, cli_value(run->cli, "out"), "CERTIFICATE", der, len);
	free(der);
	return code;
}

static int certificate(struct key_run *run, uint8_t key)
{
	return cli_given(run->cli, "write") || cli_given(run->cli, "remove")
		       ? write_certificate(run, key)
		       : read_certificate(run, key);
}

static int run_certificate(struct cli *cli)
{
	int code = check_direction(cli);

	return code != 0 ? code : key_run_with(cli, certificate);
}

static const struct cli_option certificate_options[] = {
	KEY_OUT_OPTIONS,
	{ .name = "write",
	  .argument = "FILE",
	  .help = "write the certificate in FILE (PEM or DER) to the card",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "remove", .help = "remove the key's certificate from the card" },
	KEY_ADMIN_OPTIONS,
	KEY_OPEN_OPTIONS,
	{ 0 },
};
static const char *const certificate_examples[] = {
	"sojourn key certificate 9A --out anna.pem # export",
	"sojourn key certificate 9A --write anna.pem --admin-key-file admin.key # import",
	NULL,
};
static const enum sj_rc certificate_failures[] = { SJ_KEY_ABSENT, SJ_WRONG_ADMIN_KEY,
						   SJ_INPUT_MALFORMED, SJ_FILE_TOO_LARGE, SJ_OK };

const struct cli_command key_certificate = {
	.noun = "key",
	.verb = "certificate",
	.summary = "export, write or remove the certificate of a key",
	.features = KEY_FEATURES,
	.options = certificate_options,
	.positionals = key_positionals,
	.examples = certificate_examples,
	.failures = certificate_failures,
	.run = run_certificate,
};

/* --- key object ----------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint32_t tag;
} objects[] = {
	{ "discovery", 0x7E },     { "chuid", 0x5FC102 },       { "fingerprints", 0x5FC103 },
	{ "security", 0x5FC106 },  { "ccc", 0x5FC107 },         { "face", 0x5FC108 },
	{ "printed", 0x5FC109 },   { "key-history", 0x5FC10C }, { "iris", 0x5FC121 },
	{ "sm-signer", 0x5FC122 },
};

static int object_argument(struct cli *cli, uint32_t *tag)
{
	const char *text = cli_argument(cli, 0);
	char *end;

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		*tag = objects[i].tag;
		if (strcasecmp(objects[i].name, text) == 0)
			return 0;
	}
	*tag = (uint32_t)strtoul(text, &end, 16);
	if (strlen(text) <= 6 && *end == '\0' && end != text && *tag != 0)
		return 0;
	return cli_usage(cli,
			 "%s: a data object is a tag (5FC102) or a name (chuid, ccc, "
			 "security, printed, face, ...)",
			 text);
}

static int write_object(struct key_run *run, uint32_t tag)
{
	const char *path = cli_value(run->cli, "write"), *what = cli_argument(run->cli, 0);
	uint8_t *bytes = NULL;
	size_t len = 0;
	enum sj_rc rc;
	int code = path ? cli_file_read(run->cli, path, SJ_PIV_OBJECT_MAX, &bytes, &len) : 0;

	if (code == 0)
		code = key_administer(run);
	if (code == 0) {
		rc = sj_piv_write(run->piv, tag, bytes, len);
		if (rc != SJ_OK)
			code = key_fail(run, rc, what);
	}
	free(bytes);
	return code;
}

/* The PIN must still hold when the object is read: both in one stretch. */
static int read_with_pin(struct key_run *run, uint32_t tag, uint8_t *out, size_t *len)
{
	const char *what = cli_argument(run->cli, 0);
	struct cli_secret secret = { 0 };
	enum sj_piv_pin pin;
	int left = -1, code = key_read_pin(run, &pin, &secret);
	enum sj_rc rc;

	if (code != 0)
		return code;
	rc = sj_piv_begin(run->piv);
	if (rc == SJ_OK) {
		rc = sj_piv_verify(run->piv, pin, secret.text, secret.len, &left);
		if (rc == SJ_OK)
			rc = sj_piv_read(run->piv, tag, out, len);
		sj_piv_end(run->piv);
	}
	cli_secret_wipe(&secret);
	return rc == SJ_OK ? 0 : key_fail_tries(run, rc, what, left);
}

static int read_object(struct key_run *run, uint32_t tag)
{
	const char *path = cli_value(run->cli, "out");
	size_t len = SJ_PIV_OBJECT_MAX;
	uint8_t *bytes = malloc(len);
	enum sj_rc rc;
	int code = 0;

	if (!bytes)
		return cli_fail(run->cli, SJ_NO_MEMORY, NULL);
	rc = sj_piv_read(run->piv, tag, bytes, &len);
	if (rc == SJ_PIN_NEEDED) {
		len = SJ_PIV_OBJECT_MAX;
		code = read_with_pin(run, tag, bytes, &len);
	} else if (rc != SJ_OK) {
		code = key_fail(run, rc, cli_argument(run->cli, 0));
	}
	if (code == 0)
		code = cli_file_write(run->cli, path ? path : "-", bytes, len, 0600);
	explicit_bzero(bytes, len);
	free(bytes);
	return code;
}

static int run_object(struct cli *cli)
{
	struct key_run run = { .cli = cli };
	uint32_t tag = 0;
	int code = check_direction(cli);

	if (code == 0)
		code = object_argument(cli, &tag);
	if (code == 0)
		code = key_open(&run, cli);
	if (code == 0)
		code = cli_given(cli, "write") || cli_given(cli, "remove") ? write_object(&run, tag)
									   : read_object(&run, tag);
	key_close(&run);
	return code;
}

static const struct cli_option object_options[] = {
	{ .name = "out",
	  .letter = 'o',
	  .argument = "FILE",
	  .help = "write to FILE instead of standard output",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "write",
	  .argument = "FILE",
	  .help = "write FILE to the card as this object",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "remove", .help = "empty the object" },
	CLI_SECRET_OPTIONS("pin", "PIN"),
	KEY_ADMIN_OPTIONS,
	KEY_OPEN_OPTIONS,
	{ 0 },
};
static const struct cli_positional object_positionals[] = {
	{ .name = "OBJECT", .help = "a tag (5FC102), or chuid, ccc, security, printed, face, ..." },
	{ 0 },
};
static const char *const object_examples[] = {
	"sojourn key object chuid --out chuid.bin",
	"sojourn key object 5FFF10 --write note.bin --admin-key-file admin.key # a free object",
	NULL,
};
static const enum sj_rc object_failures[] = { SJ_KEY_ABSENT,      SJ_WRONG_PIN,
					      SJ_WRONG_ADMIN_KEY, SJ_CARD_REFUSED,
					      SJ_FILE_TOO_LARGE,  SJ_OK };

const struct cli_command key_object = {
	.noun = "key",
	.verb = "object",
	.summary = "read, write or empty a data object",
	.description =
		"Bytes are those inside the data object 53 (NIST SP 800-73-5, part 1). Objects that\n"
		"the card gives only to its holder (printed, face, fingerprints, iris) ask for the\n"
		"PIN.",
	.features = KEY_FEATURES,
	.options = object_options,
	.positionals = object_positionals,
	.examples = object_examples,
	.failures = object_failures,
	.run = run_object,
};

/* --- key attest ------------------------------------------------------------------------- */

#define ATTESTATION_KEY 0xF9

static void show_attestation(struct cli *cli, uint8_t key, enum sj_rc rc,
			     const struct sj_attestation *a)
{
	char ref[3];

	cli_line(cli, rc == SJ_OK ? CLI_MARK_GOOD : CLI_MARK_UNSURE,
		 rc == SJ_OK ? "attested" : "signed",
		 "%s was made on a card with serial number %u, version %u.%u.%u, PIN %s",
		 key_ref(key, ref), (unsigned)a->serial, a->version[0], a->version[1],
		 a->version[2],
		 a->pin_always  ? "always"
		 : a->pin_never ? "never"
				: "once");
}

static int check(struct key_run *run, uint8_t key, const uint8_t *statement, size_t len)
{
	const char *directory = cli_setting(run->cli, "trust");
	struct sj_attestation a = { .size = sizeof(a) };
	struct sj_trust *trust = NULL;
	uint8_t *attester = NULL;
	size_t attester_len;
	enum sj_rc rc = key_certificate_get(run, ATTESTATION_KEY, &attester, &attester_len);
	int code = 0;

	if (rc != SJ_OK)
		return key_fail(run, rc, "attestation certificate");
	rc = sj_trust_open(directory, &trust);
	if (rc != SJ_OK) {
		code = cli_fail(run->cli, rc, "%s", directory);
		goto out;
	}
	rc = sj_attestation_judge(trust, statement, len, attester, attester_len,
				  (int64_t)time(NULL), &a);
	if (rc != SJ_INPUT_MALFORMED && rc != SJ_CHAIN_SIGNATURE)
		show_attestation(run->cli, key, rc, &a);
	if (rc == SJ_ISSUER_UNKNOWN)
		code = cli_fail(run->cli, rc, "attestation: its key CA is not in %s (--key-ca)",
				directory);
	else if (rc != SJ_OK)
		code = cli_fail(run->cli, rc, "attestation");
out:
	sj_trust_close(trust);
	free(attester);
	return code;
}

static int attest(struct key_run *run, uint8_t key)
{
	uint8_t statement[SJ_CERTIFICATE_MADE_MAX];
	size_t len = sizeof(statement);
	char ref[3];
	enum sj_rc rc = sj_piv_attest(run->piv, key, statement, &len);
	int code = 0;

	if (rc == SJ_CARD_REFUSED)
		return cli_fail(run->cli, rc,
				"%s: %04X, perhaps the card did not make this key itself",
				key_ref(key, ref), sj_piv_status_word(run->piv));
	if (rc != SJ_OK)
		return key_fail(run, rc, key_ref(key, ref));
	if (cli_given(run->cli, "check"))
		code = check(run, key, statement, len);
	if (code == 0 && (cli_given(run->cli, "out") || !cli_given(run->cli, "check")))
		code = key_pem_write(run->cli, cli_value(run->cli, "out"), "CERTIFICATE", statement,
				     len);
	return code;
}

static int run_attest(struct cli *cli)
{
	return key_run_with(cli, attest);
}

static const struct cli_option attest_options[] = {
	{ .name = "check", .help = "judge the statement by the key CAs of the trust store" },
	KEY_OUT_OPTIONS,
	KEY_OPEN_OPTIONS,
	{ 0 },
};
static const char *const attest_examples[] = {
	"sojourn key attest 9A --out statement.pem",
	"sojourn key attest 9A --check --trust trust # by whom the card was issued",
	NULL,
};
static const enum sj_rc attest_failures[] = { SJ_KEY_ABSENT,      SJ_CARD_REFUSED,
					      SJ_CHAIN_SIGNATURE, SJ_ISSUER_UNKNOWN,
					      SJ_CARD_REVOKED,    SJ_OK };

const struct cli_command key_attest = {
	.noun = "key",
	.verb = "attest",
	.summary = "get the card's statement that it made a key itself",
	.description =
		"The statement is a certificate over the key, signed by the card's attestation key\n"
		"(F9). A card states nothing about imported keys.",
	.features = KEY_FEATURES,
	.options = attest_options,
	.positionals = key_positionals,
	.examples = attest_examples,
	.failures = attest_failures,
	.run = run_attest,
};
