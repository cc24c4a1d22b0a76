/* sojourn trust sync and show, run as people run them: servers good and hostile, directories, kills. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/skip.h"
#include "tests/unit/bundle_rig.h"

#define OUT_MAX 4096u

static char web[] = "/tmp/sojourn-web-XXXXXX"; /* what the server serves */
static unsigned http_port, https_port;
static FILE *server;
static int server_in = -1; /* closed: it ends */
static char out[OUT_MAX]; /* what the last command printed */

static char *binary(void)
{
	const char *build = getenv("SOJOURN_BUILD");
	char path[256];

	snprintf(path, sizeof(path), "%s/bin/sojourn", build != NULL ? build : "build");
	return realpath(path, NULL);
}

/* Runs `sojourn trust ...` on the rig's store, after other words of the shell; its exit code. */
static int trust_after(const struct bundle_rig *r, const char *before, const char *arguments)
{
	const bool other =
		strncmp(arguments, "doctor", 6) == 0 || strncmp(arguments, "verify", 6) == 0;
	const char *noun = other ? "" : "trust";
	char command[1024], *sojourn = binary();
	FILE *pipe;
	size_t n;

	assert_non_null(sojourn);
	snprintf(
		command, sizeof(command),
		"cd %s && export SOJOURN_CONFIG=/dev/null && %s %s %s %s --trust %s 2>&1 </dev/null",
		web, before, sojourn, noun, arguments, r->store);
	free(sojourn);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(out, 1, OUT_MAX - 1, pipe);
	out[n] = '\0';
	n = (size_t)pclose(pipe);
	return WIFEXITED((int)n) ? WEXITSTATUS((int)n) : -1;
}

static int trust(const struct bundle_rig *r, const char *arguments)
{
	return trust_after(r, "", arguments);
}

static void assert_says(const char *words)
{
	if (strstr(out, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, out);
}

/* From the web server, in this manner. */
static int sync_web(const struct bundle_rig *r, const char *how, const char *more)
{
	char arguments[512];

	snprintf(arguments, sizeof(arguments),
		 "sync https://localhost:%u/%s --cacert server.pem %s", https_port, how, more);
	return trust(r, arguments);
}

static void publish(struct bundle_rig *r, uint32_t epoch)
{
	const uint32_t before = r->version;

	bundle_remove(r, SJ_BUNDLED_GATE_TOKEN);
	bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
	bundle_remove(r, SJ_BUNDLED_STATUS_DELTA);
	bundle_add_status(r, epoch);
	if (before > 0)
		bundle_add_delta(r, epoch - 1);
	bundle_sign(r);
	bundle_publish(r, web);
}

static int system_in_web(const char *words)
{
	char command[256];

	snprintf(command, sizeof(command), "cd %s && %s", web, words);
	return system(command);
}

/* What the last command printed fits the schema. */
static void assert_valid(void)
{
	FILE *pipe = popen("/usr/bin/python3 -m jsonschema -i /dev/stdin "
			   "tools/schema/trust.schema.json",
			   "w");

	assert_non_null(pipe);
	fputs(out, pipe);
	assert_int_equal(pclose(pipe), 0);
}

/* --- good ---------------------------------------------------------------------------- */

static void the_web_brings_the_first_and_the_next(void **state)
{
	struct bundle_rig *r = *state;
	char command[256];

	snprintf(command, sizeof(command), "mv %s/bundle/anchor.cwt %s/anchor.cwt", r->store, web);
	assert_int_equal(system(command), 0);
	publish(r, 1);
	assert_int_equal(sync_web(r, "good", ""), 11);
	assert_says("give its token once");
	assert_int_equal(sync_web(r, "good", "--anchor anchor.cwt"), 0);
	assert_says("bundle 1 of UTO; fetched: 3 files");
	assert_int_equal(bundle_epoch(r), 1);
	/* From where it came the last time. */
	assert_int_equal(trust(r, "sync --cacert server.pem"), 0);
	assert_says("bundle 1 of UTO is in use already");
	publish(r, 2);
	assert_int_equal(trust(r, "sync --check --json --cacert server.pem"), 0);
	assert_says("\"newer\": true");
	assert_says("\"applied\": false");
	assert_valid();
	assert_int_equal(bundle_epoch(r), 1);
	assert_int_equal(trust(r, "sync --cacert server.pem"), 0);
	assert_says("bundle 2 of UTO");
	assert_int_equal(bundle_epoch(r), 2);
	assert_int_equal(trust(r, "show"), 0);
	assert_says("bundle 2 of ");
	assert_int_equal(trust(r, "show --json"), 0);
	assert_says("\"expired\": false");
	assert_valid();
	(void)trust(r, "doctor");
	assert_says("trust bundle: 2 of UTO, 0 days old; its time ends in");
}

static void a_directory_brings_it_too(void **state)
{
	struct bundle_rig *r = *state;

	publish(r, 1);
	assert_int_equal(trust(r, "sync ."), 0);
	publish(r, 2);
	assert_int_equal(trust(r, "sync"), 0); /* the same folder, from anywhere */
	assert_int_equal(bundle_epoch(r), 2);
	publish(r, 3);
	assert_int_equal(system_in_web("printf '[sojourn]\nsync = nowhere .\n' >conf"), 0);
	assert_int_equal(trust_after(r, "SOJOURN_CONFIG=conf", "sync"), 0);
	assert_says("warning: nowhere, latest");
	assert_int_equal(bundle_epoch(r), 3);
	assert_int_equal(trust(r, "sync nowhere"), 13);
	assert_says("nowhere, latest: No such file or directory");
	assert_int_equal(trust(r, "sync ftp://localhost/"), 2);
}

static void the_next_source_does_what_the_first_cannot(void **state)
{
	struct bundle_rig *r = *state;
	char arguments[512];

	publish(r, 1);
	snprintf(arguments, sizeof(arguments),
		 "sync nowhere http://localhost:%u/nothing http://localhost:%u/wrong-file .",
		 http_port, http_port);
	assert_int_equal(trust(r, arguments), 0);
	assert_says("warning: nowhere, latest");
	assert_says("warning: http://localhost");
	assert_int_equal(bundle_epoch(r), 1);
}

/* A mirror that stands still, or a stick that was left in, holds nobody back. */
static void a_source_without_news_does_not_end_the_search(void **state)
{
	struct bundle_rig *r = *state;

	publish(r, 1);
	assert_int_equal(trust(r, "sync ."), 0);
	assert_int_equal(system_in_web("rm -rf still && mkdir still && cp -r files latest still"),
			 0);
	publish(r, 2);
	assert_int_equal(trust(r, "sync still . nowhere"), 0);
	assert_says("bundle 2 of UTO; fetched");
	assert_int_equal(bundle_epoch(r), 2);
	/* The rest has none: no fault. */
	assert_int_equal(trust(r, "sync --json . nowhere"), 0);
	assert_says("warning: nowhere, latest");
	assert_says("\"newer\": false");
	assert_says("\"source\": \".\"");
	/* Nor one that has an older one than is in use. */
	publish(r, 3);
	assert_int_equal(trust(r, "sync still ."), 0);
	assert_says("warning: still");
	assert_int_equal(bundle_epoch(r), 3);
}

/* An address may hold a password. */
static void what_was_fetched_from_is_for_the_owner(void **state)
{
	struct bundle_rig *r = *state;
	char path[256];
	struct stat st;

	publish(r, 1);
	assert_int_equal(trust(r, "sync ."), 0);
	snprintf(path, sizeof(path), "%s/bundle/source", r->store);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void redirects_stay_on_the_web(void **state)
{
	struct bundle_rig *r = *state;
	char arguments[128];

	publish(r, 1);
	assert_int_equal(sync_web(r, "loop", ""), 13);
	assert_int_equal(sync_web(r, "file", ""), 13);
	assert_int_equal(sync_web(r, "downgrade", ""), 13);
	snprintf(arguments, sizeof(arguments), "sync http://localhost:%u/file", http_port);
	assert_int_equal(trust(r, arguments), 13);
	assert_int_equal(bundle_version(r), 0);
	assert_int_equal(sync_web(r, "elsewhere", ""), 0);
}

/* --- hostile ------------------------------------------------------------------------- */

static void a_hostile_server_changes_nothing(void **state)
{
	static const struct {
		const char *how, *says;
		int code;
	} cases[] = {
		{ "endless", "more than 65536 bytes", 13 },
		{ "endless-file", "more than", 13 },
		{ "nothing", "404", 13 },
		{ "truncated", "latest", 13 },
		{ "truncated-file", "gate token", 13 },
		{ "wrong", "SJ-1110", 11 },
		{ "wrong-file", "It is not the file of that name", 13 },
		{ "slow", "SJ-0902", 9 },
		{ "mute", "SJ-0902", 9 },
	};
	struct bundle_rig *r = *state;

	publish(r, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(sync_web(r, cases[i].how, "--timeout 1"), cases[i].code);
		assert_says(cases[i].says);
		assert_int_equal(bundle_version(r), 0);
	}
	assert_int_equal(sync_web(r, "good", ""), 0);
}

static void a_server_that_nobody_vouches_for(void **state)
{
	struct bundle_rig *r = *state;
	char arguments[128];

	publish(r, 1);
	snprintf(arguments, sizeof(arguments), "sync https://localhost:%u/good", https_port);
	assert_int_equal(trust(r, arguments), 13);
	assert_says("certificate");
	assert_int_equal(bundle_version(r), 0);
}

static void an_old_bundle_is_refused(void **state)
{
	struct bundle_rig *r = *state;

	r->version = 5;
	publish(r, 2);
	assert_int_equal(sync_web(r, "good", ""), 0);
	r->version = 4;
	publish(r, 3);
	assert_int_equal(sync_web(r, "good", ""), 11);
	assert_says("A newer bundle was in use here already");
	assert_int_equal(sync_web(r, "good", "--json"), 11);
	assert_says("SJ-1109");
	assert_int_equal(bundle_epoch(r), 2);
}

static void an_expired_bundle_is_told(void **state)
{
	struct bundle_rig *r = *state;
	uint32_t epoch = 0;

	/* Taken into use before it expires; a slow machine needs more than a second for that. */
	do {
		r->expires = (uint32_t)time(NULL) + (1u << epoch++);
		publish(r, epoch);
	} while (trust(r, "sync .") != 0 && epoch < 6);
	while (time(NULL) <= (time_t)r->expires)
		usleep(100000);
	assert_int_equal(trust(r, "sync ."), 11);
	assert_says("SJ-1108");
	assert_int_equal(trust(r, "show"), 11);
	assert_says("expired");
	(void)trust(r, "doctor");
	assert_says("its time has been over for 0 days");
	assert_says("SJ-1108");
	(void)trust(r, "verify --files .");
	assert_says("[SJ-1108]");
	assert_int_equal(bundle_epoch(r), epoch); /* in use all the same */
}

/* --- kills, locks, disks ------------------------------------------------------------- */

static pid_t start(const struct bundle_rig *r)
{
	char *sojourn = binary();
	pid_t child = fork();
	int null;

	assert_non_null(sojourn);
	if (child == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		execl(sojourn, sojourn, "trust", "sync", web, "--trust", r->store, (char *)NULL);
		_exit(127);
	}
	free(sojourn);
	return child;
}

static void a_kill_leaves_the_old_or_the_new(void **state)
{
	struct bundle_rig *r = *state;
	unsigned killed = 0;
	int status;

	publish(r, 1);
	assert_int_equal(trust(r, "sync ."), 0);
	for (uint32_t epoch = 2; epoch < 22; epoch++) {
		pid_t child;

		publish(r, epoch);
		child = start(r);
		usleep((useconds_t)(rand() % 12000));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		killed += WIFSIGNALED(status);
		assert_true(bundle_epoch(r) == epoch || bundle_epoch(r) == epoch - 1);
		assert_true(bundle_version(r) == epoch || bundle_version(r) == epoch - 1);
		assert_int_equal(trust(r, "sync ."), 0);
		assert_int_equal(bundle_epoch(r), epoch);
	}
	assert_true(killed > 0);
}

static void two_at_once_wait_for_one_another(void **state)
{
	struct bundle_rig *r = *state;
	pid_t children[4];
	int status;

	publish(r, 1);
	for (size_t i = 0; i < 4; i++)
		children[i] = start(r);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(bundle_epoch(r), 1);
}

/* As far as a limit on the size of files shows it. */
static void a_full_disk_changes_nothing(void **state)
{
	struct bundle_rig *r = *state;

	publish(r, 1);
	assert_int_equal(trust(r, "sync ."), 0);
	publish(r, 90); /* a list that is larger than may be written */
	assert_int_equal(trust_after(r, "trap '' XFSZ; ulimit -f 8;", "sync ."), 1);
	assert_says("SJ-0105");
	assert_int_equal(bundle_epoch(r), 1);
	assert_int_equal(trust(r, "sync ."), 0);
	assert_int_equal(bundle_epoch(r), 90);
}

static void a_store_that_cannot_be_written(void **state)
{
	struct bundle_rig *r = *state;
	char before[320];

	if (system("unshare -rm true 2>/dev/null") != 0)
		SKIP_BECAUSE("no name space of mounts can be made here");
	publish(r, 1);
	assert_int_equal(trust(r, "sync ."), 0);
	publish(r, 2);
	snprintf(before, sizeof(before),
		 "exec unshare -rm sh -c 'mount --bind %s %s && mount -o remount,ro,bind %s && "
		 "exec \"$@\"' sh",
		 r->store, r->store, r->store);
	assert_int_equal(trust_after(r, before, "sync ."), 10);
	assert_int_equal(bundle_epoch(r), 1);
	assert_int_equal(trust_after(r, before, "show"), 0);
	assert_says("bundle 1 of ");
}

/* --- the stage ----------------------------------------------------------------------- */

static int make_web(void **state)
{
	char command[512];
	int in[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(web) == NULL || pipe2(in, O_CLOEXEC) != 0)
		return -1;
	snprintf(command, sizeof(command),
		 "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
		 "-subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 "
		 "-keyout key.pem -out server.pem 2>/dev/null",
		 web);
	if (system(command) != 0)
		return -1;
	/* It ends when the descriptor that we keep open does. */
	snprintf(command, sizeof(command),
		 "exec /usr/bin/python3 tests/unit/sync_server.py %s %s/server.pem %s/key.pem "
		 "</proc/%ld/fd/%d 2>/dev/null",
		 web, web, web, (long)getpid(), in[0]);
	server = popen(command, "re");
	server_in = in[1];
	if (server == NULL || fscanf(server, "%u %u", &http_port, &https_port) != 2)
		return -1;
	close(in[0]);
	return 0;
}

static int remove_web(void **state)
{
	char command[64];

	(void)state;
	close(server_in);
	pclose(server);
	snprintf(command, sizeof(command), "rm -rf %s", web);
	return system(command);
}

static int setup_now(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s/files %s/latest", web, web);
	return system(command) != 0 ? -1 : bundle_rig_setup_at(state, (int64_t)time(NULL));
}

#define SYNC_CASE(name) cmocka_unit_test_setup_teardown(name, setup_now, bundle_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SYNC_CASE(the_web_brings_the_first_and_the_next),
		SYNC_CASE(a_directory_brings_it_too),
		SYNC_CASE(the_next_source_does_what_the_first_cannot),
		SYNC_CASE(a_source_without_news_does_not_end_the_search),
		SYNC_CASE(what_was_fetched_from_is_for_the_owner),
		SYNC_CASE(redirects_stay_on_the_web),
		SYNC_CASE(a_hostile_server_changes_nothing),
		SYNC_CASE(a_server_that_nobody_vouches_for),
		SYNC_CASE(an_old_bundle_is_refused),
		SYNC_CASE(an_expired_bundle_is_told),
		SYNC_CASE(a_kill_leaves_the_old_or_the_new),
		SYNC_CASE(two_at_once_wait_for_one_another),
		SYNC_CASE(a_full_disk_changes_nothing),
		SYNC_CASE(a_store_that_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, make_web, remove_web);
}
