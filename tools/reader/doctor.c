/* doctor.c -- `sojourn doctor`: look at everything the main job needs, and say what to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sojourn/bundle.h>
#include <sojourn/trust.h>

#include "reader/reader.h"

#define DAY_SECONDS 86400
#define TEXT_MAX 1400

/* --- findings --------------------------------------------------------------------- */

void doctor_find(struct doctor *d, const char *what, enum doctor_state state, enum sj_rc rc,
		 const char *format, ...)
{
	static const char *const words[] = { "ok", "warn", "fail" };
	static const enum cli_mark marks[] = { CLI_MARK_GOOD, CLI_MARK_UNSURE, CLI_MARK_BAD };
	const struct sj_failure *failure = sj_failure_find(rc);
	char text[TEXT_MAX];
	json_t *row;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cli_line(d->cli, marks[state], words[state], "%s: %s%s%s", what, text, failure ? "  " : "",
		 failure ? cli_failure_id(rc).text : "");
	if (failure)
		cli_print(d->cli, "         %s\n", failure->action);
	row = json_pack("{s:s, s:s, s:s}", "what", what, "state", words[state], "text", text);
	if (row && failure) {
		json_object_set_new(row, "id", json_string(cli_failure_id(rc).text));
		json_object_set_new(row, "action", json_string(failure->action));
	}
	if (!row || json_array_append_new(d->checks, row) != 0)
		d->no_memory = true;
	if (state == DOCTOR_FAIL && d->worst == SJ_OK)
		d->worst = rc;
}

/* --- trust store and clock ----------------------------------------------------------- */

struct store_view {
	size_t certificates, links, crls, expired;
	size_t damaged;
	char first[64]; /* the first damaged file */
	int64_t newest; /* the newest certificate's first day */
};

static void hear_damage(void *user, const char *what, const char *why)
{
	struct store_view *v = user;

	(void)why;
	if (v->damaged++ == 0)
		snprintf(v->first, sizeof(v->first), "%s", what);
}

static struct store_view look_at(struct sj_trust *trust, int64_t now)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	struct store_view v = { 0 };

	sj_trust_listen(trust, hear_damage, &v);
	(void)sj_trust_check_crls(trust);
	for (size_t i = 0; sj_trust_get(trust, i, &entry); i++) {
		v.certificates++;
		v.links += entry.link;
		v.crls += entry.has_crl;
		v.expired += entry.not_after < now;
		if (entry.not_before > v.newest && entry.not_before <= now)
			v.newest = entry.not_before;
	}
	sj_trust_listen(trust, NULL, NULL);
	return v;
}

static void find_clock(struct doctor *d, const struct sj_trust *trust, int64_t now)
{
	bool behind = false;
	int64_t used = sj_trust_time(trust, now, &behind);

	if (behind)
		doctor_find(d, "clock", DOCTOR_WARN, SJ_CLOCK_BEHIND,
			    "it is %lld days behind what signed data prove",
			    (long long)((used - now) / DAY_SECONDS));
	else
		doctor_find(d, "clock", DOCTOR_OK, SJ_OK, "not behind anything that is signed");
}

/* A store without a bundle is fed by hand: nothing to say. */
static void find_bundle(struct doctor *d, const char *directory, int64_t now)
{
	struct sj_bundle_info info = { .size = sizeof(info) };
	const enum sj_rc rc = sj_bundle_describe(directory, now, &info);

	if (rc == SJ_TRUST_MISSING)
		return;
	if (rc != SJ_OK)
		doctor_find(d, "trust bundle", DOCTOR_FAIL, rc, "%s: %s", directory,
			    sj_strerror(rc));
	else
		doctor_find(d, "trust bundle", info.expired ? DOCTOR_FAIL : DOCTOR_OK,
			    info.expired ? SJ_BUNDLE_EXPIRED : SJ_OK,
			    "%lu of %s, %lld days old; its time %s %lld days",
			    (unsigned long)info.version, info.issuer,
			    (long long)((now - info.created) / DAY_SECONDS),
			    info.expired ? "has been over for" : "ends in",
			    (long long)((info.expired ? now - info.expires : info.expires - now) /
					DAY_SECONDS));
}

void doctor_trust(struct doctor *d)
{
	const char *directory = cli_setting(d->cli, "trust");
	int64_t now = (int64_t)time(NULL);
	struct sj_trust *trust = NULL;
	struct store_view v;
	enum sj_rc rc = sj_trust_open(directory, &trust);

	find_bundle(d, directory, now);

	if (rc == SJ_TRUST_MISSING && cli_setting(d->cli, "gate")) {
		doctor_find(d, "trust store", DOCTOR_OK, SJ_OK,
			    "%s: no certificates for documents; a gate needs none", directory);
		return;
	}
	if (rc != SJ_OK) {
		doctor_find(d, "trust store", DOCTOR_FAIL, rc, "%s: %s", directory,
			    sj_strerror(rc));
		return;
	}
	v = look_at(trust, now);
	if (v.damaged > 0)
		doctor_find(d, "trust store", DOCTOR_FAIL, SJ_TRUST_UNREADABLE,
			    "%s: %s is not as it was imported (files: %zu; `sojourn trust list` "
			    "names all)",
			    directory, v.first, v.damaged);
	else
		doctor_find(
			d, "trust store", DOCTOR_OK, SJ_OK,
			"%s: %zu certificates (%zu links, %zu past their time), %zu with a revocation "
			"list; the newest is %lld days old",
			directory, v.certificates, v.links, v.expired, v.crls,
			(long long)((now - v.newest) / DAY_SECONDS));
	find_clock(d, trust, now);
	sj_trust_close(trust);
}

/* --- the command ------------------------------------------------------------------------ */

static int write_bundle(struct doctor *d)
{
	const char *path = cli_value(d->cli, "bundle");
	json_t *bundle;
	char *text;
	int rc;

	if (!path)
		return 0;
	bundle = json_pack("{s:i, s:s, s:I, s:O}", "schema", READER_SCHEMA, "version", sj_version(),
			   "time", (json_int_t)time(NULL), "checks", d->checks);
	text = bundle ? json_dumps(bundle, JSON_INDENT(2)) : NULL;
	json_decref(bundle);
	if (!text)
		return cli_fail(d->cli, SJ_NO_MEMORY, NULL);
	rc = cli_file_write(d->cli, path, text, strlen(text), 0600);
	free(text);
	return rc;
}

static int run_doctor(struct cli *cli)
{
	struct doctor d = { .cli = cli, .checks = json_array() };
	struct sj_context *ctx = cli_context(cli);
	int rc;

	if (!ctx || !d.checks) {
		json_decref(d.checks);
		return ctx ? cli_fail(cli, SJ_NO_MEMORY, NULL) : cli_exit_code(cli);
	}
	if (doctor_service(&d))
		doctor_readers(&d, ctx);
	doctor_trust(&d);
	doctor_module(&d);
	doctor_gate(&d);
	rc = d.no_memory ? cli_fail(cli, SJ_NO_MEMORY, NULL) : write_bundle(&d);
	if (rc == 0 && cli_json(cli))
		rc = cli_json_print(
			cli, READER_SCHEMA,
			json_pack("{s:b, s:O}", "healthy", d.worst == SJ_OK, "checks", d.checks));
	json_decref(d.checks);
	return rc != 0 ? rc : sj_exit_code(d.worst);
}

static const struct cli_option doctor_options[] = {
	{ .name = "bundle",
	  .argument = "FILE",
	  .help = "write the findings for support to FILE; no personal data",
	  .complete = CLI_COMPLETE_FILE },
	{ 0 },
};
static const char *const doctor_examples[] = {
	"sojourn doctor # what is wrong and what to do",
	"sojourn doctor --bundle findings.json # to send to support",
	NULL,
};
static const enum sj_rc doctor_failures[] = {
	SJ_NO_PCSCD,         SJ_NO_READER,    SJ_NOT_ALLOWED, SJ_TRUST_MISSING,
	SJ_TRUST_UNREADABLE, SJ_CLOCK_BEHIND, SJ_OK
};

const struct cli_command reader_doctor = {
	.noun = "doctor",
	.summary = "find out why it does not work",
	.description =
		"Looks at the PC/SC service, the permission to use it, the readers, who holds a\n"
		"card, the trust store, the clock, whether p11-kit knows the PKCS#11 module and\n"
		"which browsers cannot reach it, and, where the setting 'gate' names one, the\n"
		"gate. Each line is ok, warn or fail, with the failure id and what to do. The exit\n"
		"code is that of the first failure.",
	.features = CLI_JSON | CLI_TRUST,
	.options = doctor_options,
	.examples = doctor_examples,
	.failures = doctor_failures,
	.run = run_doctor,
};
