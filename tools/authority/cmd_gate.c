/* cmd_gate.c -- authority gate-init, gate-renew, gate-sign. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/ceremony.h"
#include "authority/commands.h"
#include "authority/sector.h"
#include "authority/service.h"
#include "authority/signatures.h"
#include "authority/token.h"

#define POINT_SIZE (1u + 2u * SJ_CWT_KEY)
#define REQUEST_SIZE (POINT_SIZE + SJ_CWT_SIGNATURE)
#define DAYS_MAX (SJ_GATE_READER_LIFE / 86400u)

static const struct cli_positional directory_only[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const enum sj_rc gate_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED,
					    SJ_INPUT_REFUSED, SJ_OUTPUT_FAILED, SJ_OK };

/* --- gate-init --------------------------------------------------------------- */

static const struct cli_option init_options[] = {
	{ "indices", 0, "N", "indices of each partition of the status list (default 1048576)",
	  CLI_COMPLETE_NONE, NULL, false },
	CEREMONY_OPTION,
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int init_run(struct cli *cli)
{
	unsigned long indices = TOKEN_INDICES;
	struct authority a = { .lock = -1 };
	struct ceremony before;
	int rc = cli_number(cli, "indices", 65536, TOKEN_INDICES_MAX, &indices);

	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);
	if (rc == 0 && authority_current(&a, AUTHORITY_GATE_CA) != NULL)
		rc = cli_fail(cli, SJ_INPUT_REFUSED,
			      "%s: has a gate CA; the next one: `authority gate renew`",
			      cli_argument(cli, 0));
	before = ceremony_begin(&a);
	if (rc == 0)
		rc = token_found(&a, indices);
	if (rc == 0)
		rc = ceremony_end(&a, &before);
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		cli_note(cli, "gate-ca-1 and status-signer-1 made");
	authority_close(&a);
	return rc;
}

static const char *const init_examples[] = { "sojourn authority gate init utopia", NULL };

const struct cli_command authority_gate_init_command = {
	.noun = "authority",
	.verb = "gate-init",
	.summary = "make the gate CA and the status signer of an older authority",
	.description = "Since there are gates, 'authority init' does this by itself.",
	.features = CLI_KEYS,
	.options = init_options,
	.positionals = directory_only,
	.examples = init_examples,
	.failures = gate_failures,
	.run = init_run,
};

/* --- gate-renew -------------------------------------------------------------- */

static const struct cli_option renew_options[] = {
	{ "signer", 0, NULL, "only the next status signer, under the same gate CA",
	  CLI_COMPLETE_NONE, NULL, false },
	CEREMONY_OPTION,
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int renew_run(struct cli *cli)
{
	struct authority a;
	struct ceremony before;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);

	if (rc == 0 && authority_current(&a, AUTHORITY_GATE_CA) == NULL)
		rc = cli_fail(cli, SJ_INPUT_REFUSED,
			      "%s: has no gate CA; the first one: `authority gate init`",
			      cli_argument(cli, 0));
	before = ceremony_begin(&a);
	if (rc == 0 && !cli_given(cli, "signer"))
		rc = token_enrol(&a, AUTHORITY_GATE_CA);
	if (rc == 0)
		rc = token_enrol(&a, AUTHORITY_STATUS_SIGNER);
	if (rc == 0)
		rc = ceremony_end(&a, &before);
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		cli_note(
			cli,
			"%s and %s are the present ones now; next: `authority publish`, which "
			"carries their tokens to the gates, and `gate sign --ca` with the old gate "
			"CA until cards have met the new one",
			authority_current(&a, AUTHORITY_GATE_CA),
			authority_current(&a, AUTHORITY_STATUS_SIGNER));
	authority_close(&a);
	return rc;
}

static const char *const renew_examples[] = {
	"sojourn authority gate renew utopia # gate-ca-2, gate-link-2 and status-signer-2",
	NULL,
};

const struct cli_command authority_gate_renew_command = {
	.noun = "authority",
	.verb = "gate-renew",
	.summary = "roll the gate CA's key over, with a link token, and the status signer's",
	.description =
		"gate-link-N is the new key's token, signed by the old key: whoever believes\n"
		"the old one believes the new one, too. Cards that were issued before keep\n"
		"their credentials; new ones know both keys. Older cards learn the new key from\n"
		"gates whose credential the old one signed: go on with 'gate sign --ca' for a\n"
		"while, and import the link at the gates.",
	.features = CLI_KEYS,
	.options = renew_options,
	.positionals = directory_only,
	.examples = renew_examples,
	.failures = gate_failures,
	.run = renew_run,
};

/* --- gate-sign --------------------------------------------------------------- */

static const struct cli_option sign_options[] = {
	{ "request", 'r', "FILE", "what 'sojourn gate enrol' made; needed", CLI_COMPLETE_FILE, NULL,
	  false },
	{ "service", 's', "N|NAME", "the row of the service registry; needed", CLI_COMPLETE_NONE,
	  NULL, false },
	{ "operator", 0, "HEX8", "the operator's id, eight hexadecimal digits; needed",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "days", 0, "N", "how long it holds, 1 to 7 days (default 7)", CLI_COMPLETE_NONE, NULL,
	  false },
	{ "ca", 0, "N", "sign with gate-ca-N (default: the present one)", CLI_COMPLETE_NONE, NULL,
	  false },
	{ "out", 'o', "FILE", "where the credential goes; needed", CLI_COMPLETE_FILE, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

/* What a credential is made from. */
struct plan {
	uint8_t request[REQUEST_SIZE];
	struct sj_cwt cwt; /* points into the request */
	struct cli_services *services;
};

static bool proves(struct sj_span point, struct sj_span signature)
{
	const struct sj_span signed_parts[2] = { SJ_SPAN_STR("sojourn gate request"), point };
	uint8_t digest[SJ_HASH_MAX];
	struct sj_ec_point key;

	return sj_ec_point_read(SJ_P256, point, &key) &&
	       sj_hash(SJ_SHA256, signed_parts, 2, digest) &&
	       sj_ec_verify(SJ_P256, &key, sj_span(digest, 32), signature);
}

/* GATE.md, "Requests": a public key and the proof that somebody has the private one. */
static int read_request(struct cli *cli, struct plan *p)
{
	const char *path = cli_value(cli, "request");
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc;

	if (path == NULL)
		return cli_usage(cli, "--request FILE is needed");
	rc = cli_file_read(cli, path, REQUEST_SIZE, &bytes, &len);
	if (rc == 0 && len != REQUEST_SIZE)
		rc = cli_fail(cli, SJ_INPUT_MALFORMED,
			      "%s: not a gate's request (%zu bytes, not %u)", path, len,
			      REQUEST_SIZE);
	if (rc == 0) {
		memcpy(p->request, bytes, REQUEST_SIZE);
		p->cwt.key_x = sj_span(p->request + 1, SJ_CWT_KEY);
		if (!proves(sj_span(p->request, POINT_SIZE),
			    sj_span(p->request + POINT_SIZE, SJ_CWT_SIGNATURE)))
			rc = cli_fail(cli, SJ_INPUT_REFUSED,
				      "%s: does not prove that its maker has the private key",
				      path);
	}
	free(bytes);
	return rc;
}

/*
 * The row's rights as far as the gate applet gives them. What a holder gives
 * with a PIN is not given by walking by; and whoever would learn nothing more
 * than a row without CAN tells should have such a row.
 */
static int set_rights(struct cli *cli, struct plan *p)
{
	const char *which = cli_value(cli, "service");
	const struct sj_service *s;

	if (which == NULL)
		return cli_usage(cli, "--service N|NAME is needed; see `sojourn service list`");
	s = cli_services_find(p->services, which);
	if (s == NULL)
		return cli_usage(cli, "--service %s: no such service; see `sojourn service list`",
				 which);
	p->cwt.reader.sector = (uint8_t)s->sector;
	p->cwt.reader.service = (uint8_t)s->id;
	p->cwt.reader.rights = s->rights & SERVICE_GATE_RIGHTS;
	if (s->access == SJ_SERVICE_PIN)
		return cli_fail(cli, SJ_INPUT_REFUSED,
				"%s: needs the holder's PIN, which no gate asks for", s->name);
	if (s->access != SJ_SERVICE_NONE && p->cwt.reader.rights == SJ_RIGHT_VALID)
		return cli_fail(cli, SJ_INPUT_REFUSED,
				"%s: its rights need the CAN; at a gate only `valid` is left. For "
				"that, give the registry a row with access none",
				s->name);
	return 0;
}

static int read_plan(struct cli *cli, const struct authority *a, struct plan *p)
{
	const uint32_t now = (uint32_t)time(NULL);
	unsigned long days = DAYS_MAX;
	int rc = cli_number(cli, "days", 1, DAYS_MAX, &days);

	p->cwt.kind = SJ_CWT_READER;
	p->cwt.not_before = now;
	p->cwt.expires = now + (uint32_t)days * 86400u;
	if (rc == 0 && !cli_given(cli, "out"))
		rc = cli_usage(cli, "--out FILE is needed");
	if (rc == 0)
		rc = sector_operator(cli, true, &p->cwt.reader.operator_id);
	if (rc == 0)
		rc = read_request(cli, p);
	if (rc == 0)
		rc = services_read_of(a, &p->services);
	return rc != 0 ? rc : set_rights(cli, p);
}

static int sign(struct cli *cli, const struct authority *a, struct plan *p)
{
	struct token_signer ca = { .name = NULL };
	uint8_t bytes[SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	unsigned long number = 0;
	int rc = read_plan(cli, a, p);

	if (rc == 0)
		rc = cli_number(cli, "ca", 1, ULONG_MAX, &number);
	if (rc == 0)
		rc = number == 0 ? token_signer_get(a, AUTHORITY_GATE_CA, &ca)
				 : token_gate_ca_get(a, number, &ca);
	if (rc == 0)
		rc = token_put(a, &ca, &p->cwt, &w);
	if (rc == 0)
		rc = signatures_flush(a);
	if (rc == 0)
		rc = cli_file_write(cli, cli_value(cli, "out"), bytes, w.len, 0644);
	if (rc == 0)
		cli_note(cli, "%s: signed by %s", cli_value(cli, "out"), ca.name);
	token_signer_wipe(&ca);
	return rc;
}

static int sign_run(struct cli *cli)
{
	struct plan *p = calloc(1, sizeof(*p));
	struct authority a;
	int rc;

	if (p == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &a);
	if (rc == 0)
		rc = sign(cli, &a, p);
	authority_close(&a);
	free(p->services);
	free(p);
	return rc;
}

static const char *const sign_examples[] = {
	"sojourn authority gate sign utopia --request gate.req --service 'metro gate' \\\n"
	"    --operator 00004711 --out gate.cwt",
	NULL,
};

const struct cli_command authority_gate_sign_command = {
	.noun = "authority",
	.verb = "gate-sign",
	.summary = "sign the credential of a gate, for one service",
	.description =
		"The credential lets a gate ask cards for what its row of the service registry\n"
		"(DIR/services.json if it is there, else the one that ships) and the gate\n"
		"applet both give: class, pseudonym, age-over-N, tickets. Rows whose rights\n"
		"need a PIN are refused; so are those with a CAN of which nothing but `valid`\n"
		"would be left.",
	.features = CLI_KEYS,
	.options = sign_options,
	.positionals = directory_only,
	.examples = sign_examples,
	.failures = gate_failures,
	.run = sign_run,
};
