/* cmd_cvshow.c -- authority terminal-show. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sojourn/service.h>

#include "authority/commands.h"
#include "authority/cv.h"
#include "authority/cvrights.h"
#include "secure/cvc_service.h"
#include "wire/hex.h"

/* A certificate, or a request, which has neither issuer, role nor dates. */
struct shown {
	struct sj_cvc cvc;
	bool request;
	struct sj_span outer; /* who vouches for a request; empty: nobody */
};

static int read_shown(struct cli *cli, const char *path, uint8_t **bytes, struct shown *out)
{
	struct sj_cvc_request request;
	size_t len = 0;
	int rc = cli_file_read(cli, path, SJ_CVC_MAX, bytes, &len);

	if (rc != 0)
		return rc;
	*out = (struct shown){ .request = false };
	if (sj_cvc_read(sj_span(*bytes, len), &out->cvc))
		return 0;
	if (!sj_cvc_request_read(sj_span(*bytes, len), &request))
		return cli_fail(cli, SJ_INPUT_MALFORMED,
				"%s: not a card verifiable certificate or a request for one", path);
	*out = (struct shown){ request.cvc, true, request.outer_authority };
	return sj_cvc_verify(&out->cvc, &out->cvc.key)
		       ? 0
		       : cli_fail(cli, SJ_INPUT_REFUSED,
				  "%s: does not prove that its maker has the private key", path);
}

/* Walks from the CVCA of the first --under to this certificate. */
static int verify(struct cli *cli, const char *path, const struct shown *s)
{
	const char *above = cli_value_at(cli, "under", 0);
	uint8_t *bytes[2] = { NULL, NULL }; /* the end's, the next one's */
	enum sj_cv_fault fault = SJ_CV_GOOD;
	struct sj_cv_end end;
	size_t len, i = 0;
	int rc = 0;

	for (; rc == 0 && fault == SJ_CV_GOOD && above != NULL;
	     above = cli_value_at(cli, "under", ++i)) {
		rc = cli_file_read(cli, above, SJ_CVC_MAX, &bytes[1], &len);
		if (rc != 0)
			break;
		fault = i == 0 ? sj_cv_begin(sj_span(bytes[1], len), &end)
			       : sj_cv_step(&end, sj_span(bytes[1], len));
		free(bytes[0]);
		bytes[0] = bytes[1];
		path = fault != SJ_CV_GOOD ? above : path;
	}
	if (rc == 0 && fault == SJ_CV_GOOD && i > 0)
		fault = s->request ? SJ_CV_MALFORMED : sj_cv_step(&end, s->cvc.element);
	if (rc == 0 && fault != SJ_CV_GOOD)
		rc = cli_fail(cli, SJ_INPUT_REFUSED, "%s: %s", path, sj_cv_fault_text(fault));
	free(bytes[0]);
	return rc;
}

static const char *role_name(const struct shown *s)
{
	static const char *const roles[] = { "terminal", "foreign-dv", "dv", "cvca" };

	return s->request ? "request" : roles[sj_cvc_role(&s->cvc.rights)];
}

static const char *key_name(const struct sj_cvc_key *key)
{
	if (key->scheme != SJ_CVC_ECDSA)
		return key->scheme == SJ_CVC_RSA ? "RSA" : "RSA-PSS";
	return key->curve == SJ_CURVE_NONE ? "as its issuer's" : sj_curve_name(key->curve);
}

static void day_of(int64_t seconds, char out[static 16])
{
	const time_t when = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
		snprintf(out, 16, "?");
}

/* ISO 8859-1 of a reference as UTF-8. */
static void text_of(struct sj_span reference, char out[static 2 * SJ_CVC_REFERENCE_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < reference.len && i < SJ_CVC_REFERENCE_MAX; i++) {
		const uint8_t c = reference.ptr[i];

		if (c >= 0x80)
			out[n++] = (char)(0xC0 | c >> 6);
		out[n++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3F));
	}
	out[n] = '\0';
}

/* Which service the terminal is, and whose; texts are empty where that is not said. */
struct service_text {
	struct sj_cvc_service service;
	char operator_id[9], sector_key[2 * SJ_HASH_MAX + 1];
};

static void service_of(const struct shown *s, struct service_text *out)
{
	struct sj_span keys[2];

	memset(out, 0, sizeof(*out));
	if (s->request || !sj_cvc_service_read(s->cvc.extensions, &out->service))
		return;
	if (out->service.operator_id != 0)
		snprintf(out->operator_id, sizeof(out->operator_id), "%08x",
			 out->service.operator_id);
	if (sj_cvc_sectors_read(s->cvc.extensions, keys))
		sj_hex_text(keys[0], SJ_HEX_LOWER, out->sector_key, sizeof(out->sector_key));
}

/* NULL for an empty text. */
static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static json_t *shown_json(const struct shown *s)
{
	struct service_text t;
	char holder[2 * SJ_CVC_REFERENCE_MAX + 1], issuer[sizeof(holder)], outer[sizeof(holder)];
	char from[16], until[16], bits[20], extension[20];
	json_t *rights = json_array();
	const char *name;

	text_of(s->cvc.holder, holder);
	text_of(s->cvc.authority, issuer);
	text_of(s->outer, outer);
	day_of(s->cvc.from, from);
	day_of(s->cvc.until, until);
	snprintf(bits, sizeof(bits), "%010" PRIX64, s->cvc.rights.bits);
	snprintf(extension, sizeof(extension), "%08" PRIX64, s->cvc.rights.extra[SJ_CVC_SOJOURN]);
	for (size_t i = 0; !s->request && (name = cv_right_at(&s->cvc.rights, i)) != NULL; i++)
		if (name[0] != '\0')
			json_array_append_new(rights, json_string(name));
	service_of(s, &t);
	return json_pack("{s:s, s:s?, s:s, s:s?, s:s?, s:s, s:s?, s:s?, s:s?, s:s?, s:o, s:s?, "
			 "s:i, s:s?, s:s?}",
			 "role", role_name(s), "terminals",
			 s->request ? NULL : cv_type_name(s->cvc.rights.terminal), "holder", holder,
			 "issuer", or_null(issuer), "vouchedBy", or_null(outer), "key",
			 key_name(&s->cvc.key), "firstDay", s->request ? NULL : from, "lastDay",
			 s->request ? NULL : until, "template", s->request ? NULL : bits,
			 "extension", s->request ? NULL : extension, "rights", rights, "sector",
			 sj_sector_name(t.service.sector), "service", (int)t.service.service,
			 "operator", or_null(t.operator_id), "sectorKey", or_null(t.sector_key));
}

static void print_shown(struct cli *cli, const struct shown *s)
{
	char holder[2 * SJ_CVC_REFERENCE_MAX + 1], issuer[sizeof(holder)], from[16], until[16];
	const char *name, *comma = "";
	struct service_text t;

	text_of(s->cvc.holder, holder);
	text_of(s->cvc.authority, issuer);
	day_of(s->cvc.from, from);
	day_of(s->cvc.until, until);
	if (s->request) {
		cli_print(cli, "request of %s, key %s\n", holder, key_name(&s->cvc.key));
		return;
	}
	cli_print(cli, "%s %s for terminals of type %s, key %s\n", role_name(s), holder,
		  cv_type_name(s->cvc.rights.terminal), key_name(&s->cvc.key));
	cli_print(cli, "    issued by %s, from %s to %s\n    ", issuer, from, until);
	for (size_t i = 0; (name = cv_right_at(&s->cvc.rights, i)) != NULL; i++) {
		if (name[0] == '\0')
			continue;
		cli_print(cli, "%s%s", comma, name);
		comma = ", ";
	}
	cli_print(cli, "\n");
	service_of(s, &t);
	if (t.service.sector != 0)
		cli_print(cli, "    service %u, %s%s%s%s%s\n", t.service.service,
			  sj_sector_name(t.service.sector),
			  t.operator_id[0] != '\0' ? ", operator " : "", t.operator_id,
			  t.sector_key[0] != '\0' ? ", sector key " : "", t.sector_key);
}

static int show_run(struct cli *cli)
{
	uint8_t *bytes = NULL;
	struct shown s;
	int rc = read_shown(cli, cli_argument(cli, 0), &bytes, &s);

	if (rc == 0)
		rc = verify(cli, cli_argument(cli, 0), &s);
	if (rc == 0 && cli_json(cli))
		rc = cli_json_print(cli, 1, shown_json(&s));
	else if (rc == 0)
		print_shown(cli, &s);
	free(bytes);
	return rc;
}

static const struct cli_positional show_positionals[] = {
	{ "FILE", "a certificate or a request", CLI_COMPLETE_FILE, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const struct cli_option show_options[] = {
	{ "under", 'u', "FILE",
	  "a certificate above it, from the CVCA down; may be repeated: verify", CLI_COMPLETE_FILE,
	  NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static const char *const show_examples[] = {
	"sojourn authority terminal show hotel.cvcert",
	"sojourn authority terminal show hotel.cvcert --under utopia/cvca-at-1.cvcert \\\n"
	"    --under utopia/dv-at-1.cvcert",
	NULL,
};
static const enum sj_rc show_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED,
					    SJ_INPUT_REFUSED, SJ_OK };

const struct cli_command authority_terminal_show_command = {
	.noun = "authority",
	.verb = "terminal-show",
	.summary = "tell what a card verifiable certificate or a request says",
	.description =
		"Of a request the proof that its maker has the private key is checked. Of a\n"
		"certificate the chain of --under, links included; whether it is over today is\n"
		"for you to see.",
	.features = CLI_JSON,
	.options = show_options,
	.positionals = show_positionals,
	.examples = show_examples,
	.failures = show_failures,
	.run = show_run,
};
