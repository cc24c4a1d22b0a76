/* sojourn trust import --status, trust status: run as people run them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/status_rig.h"

/* Runs `sojourn trust ...` on the rig's directory; what it printed; returns its exit code. */
static int trust(const struct status_rig *r, const char *arguments, char out[static 2048])
{
	const char *build = getenv("SOJOURN_BUILD");
	char command[512];
	FILE *pipe;
	size_t n;

	snprintf(command, sizeof(command),
		 "cd %s && %s%s/bin/sojourn trust %s --trust %s 2>&1 </dev/null", r->directory,
		 build != NULL && build[0] == '/' ? "" : "$OLDPWD/",
		 build != NULL ? build : "build", arguments, r->directory);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(out, 1, 2047, pipe);
	out[n] = '\0';
	n = (size_t)pclose(pipe);
	return WIFEXITED((int)n) ? WEXITSTATUS((int)n) : -1;
}

static void put(const struct status_rig *r, const char *name, struct rig_file file)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", r->directory, name);
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(file.bytes, 1, file.len, out), file.len);
	fclose(out);
	rig_file_free(&file);
}

static void assert_says(const char *out, const char *words)
{
	if (strstr(out, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, out);
}

static void a_list_is_imported_and_asked(void **state)
{
	struct status_rig *r = *state;
	char out[2048];

	put(r, "list", rig_list(r, 3));
	put(r, "delta", rig_delta(r, 4));
	assert_int_equal(trust(r, "import --status list --status delta", out), 0);
	assert_says(out, "status lists: 2");
	assert_int_equal(trust(r, "status UTO --partition 80 --index 3", out), 0);
	assert_says(out, "epoch 4");
	assert_says(out, "revoked");
	assert_int_equal(trust(r, "status UTO --partition 80 --index 4", out), 0);
	assert_says(out, "valid");
	assert_int_equal(trust(r, "status UTO --partition 81 --index 4", out), 0);
	assert_says(out, "unknown");
}

static struct rig_file token(enum sj_cwt_signer kind, const struct sj_ec_secret *key,
			     const struct sj_ec_secret *by)
{
	struct rig_file file = { malloc(SJ_CWT_MAX), 0 };

	assert_non_null(file.bytes);
	file.len = rig_token(kind, "XOM", key, by, file.bytes);
	return file;
}

/* For gates: a CA on our word, whom it signed, and what nobody signed. */
static void gate_tokens_are_imported(void **state)
{
	struct status_rig *r = *state;
	struct sj_ec_secret ca, signer;
	char out[2048];

	rig_new_key(&ca);
	rig_new_key(&signer);
	put(r, "ca", token(SJ_CWT_GATE_CA, &ca, &ca));
	put(r, "signer", token(SJ_CWT_STATUS_SIGNER, &signer, &ca));
	put(r, "stranger", token(SJ_CWT_STATUS_SIGNER, &signer, &signer));
	assert_int_equal(trust(r, "import --gate-token signer", out), 13);
	assert_says(out, "No gate CA of the trust store has signed it");
	assert_int_equal(trust(r, "import --gate-token ca", out), 13);
	assert_says(out, "--gate-ca");
	assert_int_equal(trust(r, "import --gate-ca signer", out), 13);
	assert_int_equal(trust(r, "import --gate-token signer --gate-ca ca", out), 0);
	assert_says(out, "gate tokens: 2");
	assert_int_equal(trust(r, "import --gate-token stranger", out), 13);
}

static void a_refused_list_says_why(void **state)
{
	struct status_rig *r = *state;
	char out[2048];

	put(r, "new", rig_list(r, 5));
	put(r, "old", rig_list(r, 4));
	assert_int_equal(trust(r, "import --status new --status old", out), 13);
	assert_says(out, "older than what was seen before");
	assert_says(out, "SJ-1303");
	assert_int_equal(trust(r, "status RUR", out), 11);
	assert_int_equal(trust(r, "status", out), 2);
	assert_int_equal(trust(r, "status UTO --index 4", out), 2);
}

static void a_head_that_a_card_brought_is_told(void **state)
{
	struct status_rig *r = *state;
	char out[2048];

	put(r, "list", rig_list(r, 3));
	put(r, "head", rig_head(r, 9));
	assert_int_equal(trust(r, "import --status list --status-head head", out), 0);
	assert_int_equal(trust(r, "status UTO", out), 0);
	assert_says(out, "behind");
}

static void an_export_is_looked_into(void **state)
{
	struct status_rig *r = *state;
	char out[2048];

	put(r, "list", rig_list(r, 3));
	assert_int_equal(trust(r, "import --status list", out), 0);
	assert_int_equal(trust(r, "status UTO --partition 80 --export json", out), 0);
	assert_int_equal(trust(r, "status UTO --partition 80 --export cbor --cbor", out), 0);
	assert_int_equal(trust(r, "status --token json --index 2", out), 0);
	assert_says(out, "100000 statuses, 300 of them revoked");
	assert_int_equal(trust(r, "status --token cbor --index 3", out), 0);
	assert_says(out, "valid");
	assert_int_equal(trust(r, "status --token list", out), 13);
	assert_int_equal(trust(r, "status UTO --partition 81 --export x", out), 13);
}

/* Each object against the schema that ships. */
static void json_is_as_the_schema_says(void **state)
{
	static const char *const calls[] = {
		"import --json --status list",
		"status UTO --json",
		"status UTO --json --partition 80 --index 5",
		"status --json --token json --index 5",
	};
	struct status_rig *r = *state;
	char out[2048], command[400];

	put(r, "list", rig_list(r, 3));
	assert_int_equal(trust(r, "import --status list", out), 0);
	assert_int_equal(trust(r, "status UTO --partition 80 --export json", out), 0);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		assert_int_equal(trust(r, calls[i], out), 0);
		put(r, "out", (struct rig_file){ (uint8_t *)strdup(out), strlen(out) });
		snprintf(
			command, sizeof(command),
			"/usr/bin/python3 -W ignore -m jsonschema -i %s/out tools/schema/trust.schema.json",
			r->directory);
		assert_int_equal(system(command), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATUS_CASE(a_list_is_imported_and_asked),
		STATUS_CASE(gate_tokens_are_imported),
		STATUS_CASE(a_refused_list_says_why),
		STATUS_CASE(a_head_that_a_card_brought_is_told),
		STATUS_CASE(an_export_is_looked_into),
		STATUS_CASE(json_is_as_the_schema_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
