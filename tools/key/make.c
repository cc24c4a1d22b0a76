/* make.c -- keys made, imported, deleted, and what they sign. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "key/key.h"

#define SIGNED_FILE_MAX (1u << 26)

static const struct cli_positional key_positionals[] = {
	{ .name = "KEY",
	  .help = "9A, 9C, 9D, 9E, 82 to 95, F9, or authentication, signature, ..." },
	{ 0 },
};
static const struct cli_positional key_file_positionals[] = {
	{ .name = "KEY",
	  .help = "9A, 9C, 9D, 9E, 82 to 95, F9, or authentication, signature, ..." },
	{ .name = "FILE", .help = "the file; - is standard input", .complete = CLI_COMPLETE_FILE },
	{ 0 },
};

/* --- key generate --------------------------------------------------------------------- */

static int generate(struct key_run *run, uint8_t key)
{
	const char *word = cli_value(run->cli, "algorithm");
	const enum sj_piv_algorithm algorithm = sj_piv_algorithm_find(word ? word : "P-256");
	uint8_t spki[SJ_PIV_SPKI_MAX];
	size_t len = sizeof(spki);
	char ref[3];
	enum sj_rc rc;
	int code = key_administer(run);

	if (code != 0)
		return code;
	rc = sj_piv_generate(run->piv, key, algorithm, key_policy(run->cli), spki, &len);
	if (rc != SJ_OK)
		return key_fail(run, rc, key_ref(key, ref));
	return key_pem_write(run->cli, cli_value(run->cli, "out"), "PUBLIC KEY", spki, len);
}

static int run_generate(struct cli *cli)
{
	return key_run_with(cli, generate);
}

static const struct cli_option generate_options[] = {
	{ .name = "algorithm",
	  .argument = "NAME",
	  .help = "P-256 (default), P-384, RSA-2048, RSA-3072, Ed25519 or X25519",
	  .complete = CLI_COMPLETE_WORDS,
	  .words = "P-256 P-384 RSA-2048 RSA-3072 RSA-4096 Ed25519 X25519" },
	KEY_POLICY_OPTION,
	KEY_OUT_OPTIONS,
	KEY_ADMIN_OPTIONS,
	KEY_OPEN_OPTIONS,
	{ 0 },
};
static const char *const generate_examples[] = {
	"sojourn key generate 9A --out 9a.pub --admin-key-file admin.key # P-256",
	"sojourn key generate 9D --algorithm RSA-3072 --admin-key-file admin.key",
	NULL,
};
static const enum sj_rc generate_failures[] = { SJ_WRONG_ADMIN_KEY, SJ_CARD_REFUSED, SJ_OK };

const struct cli_command key_generate = {
	.noun = "key",
	.verb = "generate",
	.summary = "make a key on the card; its public half is written",
	.description =
		"Replaces the key that is there, and its certificate no longer fits: ask for a new\n"
		"one with sojourn key request.",
	.features = KEY_FEATURES,
	.options = generate_options,
	.positionals = key_positionals,
	.examples = generate_examples,
	.failures = generate_failures,
	.run = run_generate,
};

/* --- key request ------------------------------------------------------------------------- */

struct request {
	uint8_t key;
	const char *subject;
	unsigned long days; /* self-signed; 0: a request */
	uint8_t der[SJ_CERTIFICATE_MADE_MAX];
	size_t len;
};

static enum sj_rc sign_request(struct key_run *run, const struct sj_piv_unlock *unlock, void *arg)
{
	struct request *r = arg;

	r->len = sizeof(r->der);
	if (r->days == 0)
		return sj_piv_request(run->piv, r->key, unlock, r->subject, r->der, &r->len);
	return sj_piv_self_sign(run->piv, r->key, unlock, r->subject, (int64_t)time(NULL),
				(unsigned)r->days, r->der, &r->len);
}

static int request(struct key_run *run, uint8_t key)
{
	struct request r = { .key = key, .subject = cli_value(run->cli, "subject") };
	int code;

	if (!r.subject)
		return cli_usage(run->cli, "--subject is missing");
	if (cli_given(run->cli, "self-signed"))
		r.days = 365;
	else if (cli_given(run->cli, "days"))
		return cli_usage(run->cli, "--days is for --self-signed");
	code = cli_number(run->cli, "days", 1, 36500, &r.days);
	if (code == 0)
		code = key_sign_with(run, key, sign_request, &r);
	if (code != 0)
		return code;
	return key_pem_write(run->cli, cli_value(run->cli, "out"),
			     r.days == 0 ? "CERTIFICATE REQUEST" : "CERTIFICATE", r.der, r.len);
}

static int run_request(struct cli *cli)
{
	return key_run_with(cli, request);
}

static const struct cli_option request_options[] = {
	{ .name = "subject",
	  .argument = "NAME",
	  .help = "whose it is: C, ST, L, O, OU, CN, serialNumber, as in C=UT,O=Embassy,CN=Anna" },
	{ .name = "self-signed", .help = "make a certificate that the key signs itself" },
	{ .name = "days", .argument = "N", .help = "with --self-signed: valid so long (365)" },
	KEY_OUT_OPTIONS,
	CLI_SECRET_OPTIONS("pin", "PIN"),
	KEY_OPEN_OPTIONS,
	{ 0 },
};
static const char *const request_examples[] = {
	"sojourn key request 9A --subject C=UT,CN=Anna --out anna.csr # for a CA",
	"sojourn key request 9A --subject CN=Anna --self-signed --out anna.pem",
	NULL,
};
static const enum sj_rc request_failures[] = { SJ_KEY_ABSENT, SJ_WRONG_PIN, SJ_PIN_BLOCKED, SJ_OK };

const struct cli_command key_request = {
	.noun = "key",
	.verb = "request",
	.summary = "ask for a certificate (PKCS#10), or make a self-signed one",
	.description =
		"The card signs it with the key. Write the certificate that comes of it with\n"
		"sojourn key certificate KEY --write FILE.",
	.features = KEY_FEATURES,
	.options = request_options,
	.positionals = key_positionals,
	.examples = request_examples,
	.failures = request_failures,
	.run = run_request,
};

/* --- key import -------------------------------------------------------------------------- */

static int import(struct key_run *run, uint8_t key)
{
	const char *path = cli_argument(run->cli, 1);
	uint8_t *der = NULL;
	size_t len = 0;
	enum sj_rc rc;
	char ref[3];
	int code = key_pem_read(run->cli, path, "PRIVATE KEY", &der, &len);

	if (code == 0)
		code = key_administer(run);
	if (code == 0) {
		rc = sj_piv_import(run->piv, key, der, len, key_policy(run->cli));
		if (rc == SJ_INPUT_MALFORMED || rc == SJ_INPUT_REFUSED)
			code = cli_fail(run->cli, rc, "%s: not a PKCS#8 key that cards take", path);
		else if (rc != SJ_OK)
			code = key_fail(run, rc, key_ref(key, ref));
	}
	if (der)
		explicit_bzero(der, len);
	free(der);
	return code;
}

static int run_import(struct cli *cli)
{
	return key_run_with(cli, import);
}

static const struct cli_option import_options[] = {
	KEY_POLICY_OPTION,
	KEY_ADMIN_OPTIONS,
	KEY_OPEN_OPTIONS,
	{ 0 },
};
static const char *const import_examples[] = {
	"sojourn key import 9D old.key --admin-key-file admin.key # PKCS#8, not encrypted",
	NULL,
};
static const enum sj_rc import_failures[] = { SJ_WRONG_ADMIN_KEY, SJ_INPUT_MALFORMED,
					      SJ_CARD_REFUSED, SJ_OK };

const struct cli_command key_import = {
	.noun = "key",
	.verb = "import",
	.summary = "put a private key from a file onto the card",
	.description =
		"FILE holds PKCS#8 that is not encrypted (\"BEGIN PRIVATE KEY\"); openssl pkcs8 -topk8\n"
		"-nocrypt makes it from other forms. Keys that were outside a card can be elsewhere\n"
		"too: prefer sojourn key generate.",
	.features = KEY_FEATURES,
	.options = import_options,
	.positionals = key_file_positionals,
	.examples = import_examples,
	.failures = import_failures,
	.run = run_import,
};

/* --- key sign -------------------------------------------------------------------------------- */

struct message {
	uint8_t key;
	uint8_t *bytes;
	size_t len;
	uint8_t signature[SJ_PIV_BLOCK_MAX];
	size_t signature_len;
};

static enum sj_rc sign_message(struct key_run *run, const struct sj_piv_unlock *unlock, void *arg)
{
	struct message *m = arg;

	m->signature_len = sizeof(m->signature);
	return sj_piv_sign_message(run->piv, m->key, unlock, m->bytes, m->len, m->signature,
				   &m->signature_len);
}

/* Whoever checks the signature must know. */
static void tell_hash(struct key_run *run, uint8_t key)
{
	struct sj_piv_key_info info = { .size = sizeof(info) };
	const char *hash;

	if (sj_piv_key_info(run->piv, key, &info) != SJ_OK)
		return;
	hash = sj_piv_signature_hash(info.algorithm);
	if (hash)
		cli_note(run->cli, "signed with %s%s%s", sj_piv_algorithm_text(info.algorithm),
			 hash[0] != '\0' ? " and " : "", hash);
}

static int sign(struct key_run *run, uint8_t key)
{
	const char *out = cli_value(run->cli, "out");
	struct message m = { .key = key };
	int code = cli_file_read(run->cli, cli_argument(run->cli, 1), SIGNED_FILE_MAX, &m.bytes,
				 &m.len);

	if (code == 0)
		code = key_sign_with(run, key, sign_message, &m);
	free(m.bytes);
	if (code != 0)
		return code;
	tell_hash(run, key);
	return cli_file_write(run->cli, out ? out : "-", m.signature, m.signature_len, 0644);
}

static int run_sign(struct cli *cli)
{
	return key_run_with(cli, sign);
}

static const struct cli_option sign_options[] = {
	{ .name = "out",
	  .letter = 'o',
	  .argument = "FILE",
	  .help = "write to FILE instead of standard output",
	  .complete = CLI_COMPLETE_FILE },
	CLI_SECRET_OPTIONS("pin", "PIN"),
	KEY_OPEN_OPTIONS,
	{ 0 },
};
static const char *const sign_examples[] = {
	"sojourn key sign 9C contract.pdf --out contract.sig",
	NULL,
};
static const enum sj_rc sign_failures[] = { SJ_KEY_ABSENT, SJ_WRONG_PIN, SJ_PIN_BLOCKED,
					    SJ_FILE_TOO_LARGE, SJ_OK };

const struct cli_command key_sign = {
	.noun = "key",
	.verb = "sign",
	.summary = "sign a file with a key of the card",
	.description =
		"Writes the bare signature over FILE: ECDSA (DER) with SHA-256 or, on P-384,\n"
		"SHA-384; RSA PKCS#1 v1.5 with SHA-256; Ed25519, whose files may have 60,000\n"
		"bytes. openssl dgst -sha256 -verify checks it with the public key.",
	.features = KEY_FEATURES,
	.options = sign_options,
	.positionals = key_file_positionals,
	.examples = sign_examples,
	.failures = sign_failures,
	.run = run_sign,
};

/* --- key delete --------------------------------------------------------------------------------- */

static int delete (struct key_run *run, uint8_t key)
{
	int code = key_administer(run);
	enum sj_rc rc;
	char ref[3];

	if (code != 0)
		return code;
	rc = sj_piv_delete_key(run->piv, key);
	return rc == SJ_OK ? 0 : key_fail(run, rc, key_ref(key, ref));
}

static int run_delete(struct cli *cli)
{
	return key_run_with(cli, delete);
}

static const struct cli_option delete_options[] = { KEY_ADMIN_OPTIONS, KEY_OPEN_OPTIONS, { 0 } };
static const char *const delete_examples[] = {
	"sojourn key delete 82 --admin-key-file admin.key",
	NULL,
};
static const enum sj_rc delete_failures[] = { SJ_KEY_ABSENT, SJ_WRONG_ADMIN_KEY, SJ_CARD_REFUSED,
					      SJ_OK };

const struct cli_command key_delete = {
	.noun = "key",
	.verb = "delete",
	.summary = "delete a private key from the card",
	.description =
		"What was encrypted for the key stays unreadable for ever. Its certificate stays\n"
		"until sojourn key certificate KEY --remove.",
	.features = KEY_FEATURES,
	.options = delete_options,
	.positionals = key_positionals,
	.examples = delete_examples,
	.failures = delete_failures,
	.run = run_delete,
};
