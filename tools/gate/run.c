/* run.c -- `sojourn gate run`: start the lanes, keep trust, keys and journal, end cleanly. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sojourn/status.h>

#include "cli/confine.h"
#include "gate/tool_run.h"

#define TICK_MS 1000
#define LOOK_SECONDS 2 /* between looks at trust, keys and credential */
#define HOOK_SECONDS 600 /* between calls of ticket_key_exec */
#define LANE_SECONDS 30 /* a lane that does nothing for so long hangs */

/* --- trust, keys, credential ---------------------------------------------------------- */

static void tell_trust(struct gate_run *run, enum sj_rc rc)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;

	r.kind = SJ_JOURNAL_TRUST;
	r.rc = rc;
	r.time = (int64_t)time(NULL);
	gate_log_add(&run->log, &r);
	gate_say(&run->say, gate_record_json(&r));
	if (rc != SJ_OK)
		cli_warn(run->cli, "%s: %s What was in use before, if anything, stays in use. [%s]",
			 run->config.trust, sj_strerror(rc), cli_failure_id(rc).text);
}

static void load_trust(struct gate_run *run)
{
	run->trust_stamp = gate_folder_stamp(run->config.trust);
	tell_trust(run, sj_gate_load_trust(run->gate, run->config.trust));
}

static void load_keys(struct gate_run *run)
{
	struct gate_ticket_keys keys = { .n = 0 };
	int64_t now = (int64_t)time(NULL), last = gate_log_time(&run->log);
	enum sj_rc rc;

	run->keys_stamp = gate_folder_stamp(gate_path(&run->config, GATE_TICKET_FOLDER).text);
	run->hook_at = now;
	if (now < last) /* a key that was too old stays so */
		now = last;
	if (gate_tickets_load(run->cli, &run->config, now, &keys) ==
	    0) { /* else those before stay */
		rc = sj_gate_set_ticket_keys(run->gate, keys.keys, keys.n);
		if (rc != SJ_OK)
			cli_warn(run->cli, "ticket keys: %s", sj_strerror(rc));
	}
	gate_wipe(keys.keys, sizeof(keys.keys));
}

/* A clock that was set back makes nothing valid again that had expired. */
static void note_time(struct gate_run *run, struct sj_gate *gate)
{
	int64_t last = gate_log_time(&run->log), now = (int64_t)time(NULL);

	sj_gate_note_time(gate, last);
	if (now < last && !run->clock_told)
		cli_warn(run->cli, "the journal ends %lld seconds after now. %s [%s]",
			 (long long)(last - now), sj_strerror(SJ_CLOCK_BEHIND),
			 cli_failure_id(SJ_CLOCK_BEHIND).text);
	run->clock_told = now < last;
}

/* With all that the directory holds now, and no older list than the one in use. */
static bool trust_goes_on(struct gate_run *run, struct sj_gate *gate)
{
	struct sj_gate_info was = { .size = sizeof(was) }, is = { .size = sizeof(is) };

	return sj_gate_load_trust(gate, run->config.trust) == SJ_OK &&
	       sj_gate_get_info(run->gate, &was) && sj_gate_get_info(gate, &is) &&
	       (strcmp(was.issuer, is.issuer) != 0 || is.status_epoch >= was.status_epoch);
}

/* A new credential makes a new gate; taps under way end with the old one. */
static void renew(struct gate_run *run)
{
	struct sj_gate *gate = NULL, *old;

	run->credential_stamp = gate_folder_stamp(gate_path(&run->config, "credential.cwt").text);
	run->renewal_waits = false;
	if (gate_make(run->cli, &run->config, &gate) != 0)
		return; /* told; the old one stays */
	if (!trust_goes_on(run, gate)) {
		sj_gate_free(gate);
		run->renewal_waits = true;
		cli_warn(run->cli,
			 "%s: the new credential waits until what is there is as new as "
			 "what is in use",
			 run->config.trust);
		return;
	}
	note_time(run, gate);
	pthread_rwlock_wrlock(&run->gate_lock);
	old = run->gate;
	run->gate = gate;
	pthread_rwlock_unlock(&run->gate_lock);
	sj_gate_free(old);
	load_keys(run);
	cli_note(run->cli, "the new credential is in use");
}

/* A head that a card brought is kept beside the lists: a restart does not forget it. */
static void keep_head(struct gate_run *run)
{
	struct sj_gate_info info = { .size = sizeof(info) };
	uint8_t head[256];
	size_t len = sizeof(head);
	const char *why = "it cannot be written";

	if (!sj_gate_get_info(run->gate, &info) || info.head_epoch <= run->head_epoch)
		return;
	run->head_epoch = info.head_epoch;
	if (info.head_epoch > info.status_epoch && sj_gate_head(run->gate, head, &len) == SJ_OK &&
	    sj_status_note_head(run->config.trust, head, len, &why) != SJ_OK)
		cli_warn(run->cli, "%s: a status head that a card brought is not kept: %s",
			 run->config.trust, why);
}

static void look(struct gate_run *run, int64_t now, bool all)
{
	struct gate_path keys = gate_path(&run->config, GATE_TICKET_FOLDER),
			 credential = gate_path(&run->config, "credential.cwt");
	bool trust;

	if (!all && now >= run->looked_at && now - run->looked_at < LOOK_SECONDS)
		return;
	run->looked_at = now;
	trust = all || gate_folder_stamp(run->config.trust) != run->trust_stamp;
	if (gate_folder_stamp(credential.text) != run->credential_stamp ||
	    (trust && run->renewal_waits))
		renew(run);
	if (trust)
		load_trust(run);
	if (all || gate_folder_stamp(keys.text) != run->keys_stamp || now < run->hook_at ||
	    now - run->hook_at >= HOOK_SECONDS)
		load_keys(run);
	keep_head(run);
	note_time(run, run->gate);
}

/* --- events ------------------------------------------------------------------------------ */

static void event(struct gate_run *run, enum sj_journal_kind kind)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;

	r.kind = kind;
	r.time = (int64_t)time(NULL);
	gate_log_add(&run->log, &r);
	gate_say(&run->say, gate_record_json(&r));
}

/* Says what the fire thread did already. */
static void tell_fires(struct gate_run *run)
{
	unsigned begun = atomic_load(&run->fire.begun), ended = atomic_load(&run->fire.ended);

	for (; run->fires_told != begun || run->fire_ends_told != ended;) {
		if (run->fires_told <= run->fire_ends_told && run->fires_told != begun) {
			run->fires_told++;
			event(run, SJ_JOURNAL_FIRE);
			cli_note(run->cli, "FIRE: %s opens the gate", run->fire.path);
		} else {
			run->fire_ends_told++;
			event(run, SJ_JOURNAL_FIRE_END);
			cli_note(run->cli, "fire: over");
		}
	}
}

static bool lanes_live(const struct gate_run *run, int64_t now)
{
	for (size_t i = 0; i < run->lanes_n; i++) {
		if (now - (int64_t)atomic_load(&run->lanes[i].beat) > LANE_SECONDS)
			return false;
	}
	return true;
}

static void tick(struct gate_run *run, bool reload)
{
	int64_t now = (int64_t)time(NULL);
	pid_t ended;

	tell_fires(run);
	if (reload)
		cli_notify("RELOADING=1");
	look(run, now, reload);
	if (reload)
		cli_notify("READY=1");
	gate_log_tick(&run->log, now);
	while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
		run->helper_lost |= ended == run->opener.pid || ended == run->hook.pid;
	if (lanes_live(run, now))
		cli_notify("WATCHDOG=1");
}

/* False: a signal asks to end. */
static bool take_signals(int fd, bool *reload)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			return false;
		*reload = true;
	}
	return true;
}

static void keep(struct gate_run *run, int signals, int wake)
{
	struct pollfd fds[] = { { signals, POLLIN, 0 }, { wake, POLLIN, 0 } };
	unsigned watchdog = cli_watchdog_ms();
	int wait = watchdog != 0 && watchdog < TICK_MS ? (int)watchdog : TICK_MS;
	uint64_t n;
	bool reload = false;

	while (!run->helper_lost && take_signals(signals, &reload)) {
		tick(run, reload);
		reload = false;
		if (poll(fds, 2, wait) < 0 && errno != EINTR)
			break;
		if (read(wake, &n, sizeof(n)) < 0 && errno != EAGAIN)
			break;
	}
}

/* --- starting ------------------------------------------------------------------------------ */

/* One process a state directory: two would break the journal's chain. */
static int lock_state(struct cli *cli, const struct gate_config *config, int *lock)
{
	struct gate_path path = gate_path(config, "lock");

	*lock = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*lock < 0 && errno == ENOENT) {
		cli_note(cli, "the gate's keys come first: sojourn gate enrol --request FILE");
		return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", config->state, strerror(errno));
	}
	if (*lock < 0)
		return cli_output_failed(cli, path.text);
	if (flock(*lock, LOCK_EX | LOCK_NB) != 0)
		return cli_fail(cli, SJ_READER_BUSY, "%s: a gate runs there already",
				config->state);
	return 0;
}

/* No: errno says why. */
static bool is_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || access(path, X_OK) != 0)
		return false;
	errno = EISDIR;
	return S_ISREG(st.st_mode);
}

static int open_output(struct gate_run *run)
{
	const char *exec = cli_value(run->cli, "open-exec");
	const char *file = cli_value(run->cli, "open-file");

	int rc;

	exec = exec != NULL ? exec : run->config.open_exec;
	file = file != NULL ? file : run->config.open_file;
	if (exec != NULL && !is_program(exec))
		return cli_fail(run->cli, SJ_INPUT_UNREADABLE, "%s: %s", exec, strerror(errno));
	rc = gate_helper_start(run->cli, &run->opener, exec, GATE_HELPER_OPENS);
	if (rc == 0)
		rc = gate_helper_start(run->cli, &run->hook, run->config.ticket_key_exec,
				       GATE_HELPER_KEYS);
	if (run->opener.fd >= 0)
		run->output.opener = &run->opener;
	if (run->hook.fd >= 0)
		run->config.hook = &run->hook;
	if (rc != 0 || file == NULL)
		return rc;
	run->output.file = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
	if (run->output.file < 0)
		return cli_output_failed(run->cli, file);
	return 0;
}

static bool start_lanes(struct gate_run *run)
{
	const char *only = cli_value(run->cli, "reader");

	do {
		const char *reader = only;

		if (only == NULL && run->config.readers_n != 0)
			reader = run->config.readers[run->lanes_n];
		if (only != NULL)
			reader = cli_value_at(run->cli, "reader", run->lanes_n);
		if (!gate_lane_start(&run->lanes[run->lanes_n], run, reader))
			return false;
		run->lanes_n++;
	} while (run->lanes_n < GATE_READERS_MAX &&
		 (only != NULL ? cli_value_at(run->cli, "reader", run->lanes_n) != NULL
			       : run->lanes_n < run->config.readers_n));
	return true;
}

static void stop(struct gate_run *run)
{
	atomic_store(&run->stopping, true);
	cli_notify("STOPPING=1");
	for (size_t i = 0; i < run->lanes_n; i++)
		gate_lane_stop(&run->lanes[i]);
	gate_fire_stop(&run->fire);
	tell_fires(run);
	gate_log_close(&run->log);
	gate_say(&run->say, json_pack("{s:s, s:s}", "event", "stop", "time",
				      cli_time_text((int64_t)time(NULL)).text));
}

static void say_start(struct gate_run *run)
{
	struct sj_gate_info info = { .size = sizeof(info) };

	if (!sj_gate_get_info(run->gate, &info))
		return;
	gate_say(&run->say,
		 json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s}", "event", "start", "time",
			   cli_time_text((int64_t)time(NULL)).text, "issuer", info.issuer,
			   "operator", gate_operator_text(info.operator_id).text, "sector",
			   (int)info.sector, "service", (int)info.service, "expires",
			   cli_time_text(info.expires).text));
}

static const char *fire_file(const struct gate_run *run)
{
	const char *given = cli_value(run->cli, "fire-file");

	return given != NULL ? given : run->config.fire_file;
}

/* Whether there is a store, behind a link or not: one that leads nowhere has only a folder around it. */
static int find_store(struct gate_run *run, bool *there)
{
	const char *path = run->config.trust;
	struct stat st;

	*there = stat(path, &st) == 0;
	if (*there || errno == ENOENT || errno == ENOTDIR)
		return 0;
	return cli_fail(run->cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(errno));
}

/* Cards, lists and credentials are others' bytes: from here on they lead nowhere else. */
static int confine(struct gate_run *run)
{
	const struct gate_config *c = &run->config;
	bool there;
	int rc = find_store(run, &there);
	const struct cli_room rooms[] = {
		{ CLI_ROOM_WRITE, c->state },
		{ CLI_ROOM_WRITE, c->journal },
		{ CLI_ROOM_READ, c->trust },
		/* For the heads that cards bring; not what is around a store that is not there. */
		{ CLI_ROOM_WRITE, there ? c->trust : NULL },
		{ CLI_ROOM_READ, c->staples },
		{ CLI_ROOM_READ, fire_file(run) },
	};

	if (rc == 0)
		rc = cli_confine_files(run->cli, rooms, sizeof(rooms) / sizeof(rooms[0]));
	return rc != 0 ? rc : cli_confine_calls(run->cli, 0);
}

/* With gate, journal and signals at hand. */
static int work(struct gate_run *run, int signals, int wake)
{
	const char *fire = fire_file(run);
	int rc = confine(run);

	if (rc != 0)
		return rc;
	if (fire != NULL && !gate_fire_start(&run->fire, fire, &run->output, wake))
		rc = cli_fail(run->cli, SJ_NO_MEMORY, "threads");
	run->credential_stamp = gate_folder_stamp(gate_path(&run->config, "credential.cwt").text);
	say_start(run);
	note_time(run, run->gate);
	load_trust(run);
	load_keys(run);
	if (rc == 0 && !start_lanes(run))
		rc = cli_fail(run->cli, SJ_NO_MEMORY, "threads");
	if (rc == 0) {
		cli_notify("READY=1");
		keep(run, signals, wake);
	}
	stop(run);
	if (run->helper_lost)
		rc = cli_fail(run->cli, SJ_INTERNAL, "a process that starts programs has ended");
	return rc;
}

/* Signals come through a descriptor from now on, in all threads. */
static int signals_take(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on files is a full disk */
	return pthread_sigmask(SIG_BLOCK, &set, NULL) == 0
		       ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)
		       : -1;
}

static int run_with(struct gate_run *run)
{
	uint8_t key[GATE_KEY];
	int lock = -1, signals = -1, wake = -1, rc = open_output(run);

	if (rc == 0)
		rc = lock_state(run->cli, &run->config, &lock);
	if (rc == 0)
		rc = gate_make(run->cli, &run->config, &run->gate);
	if (rc == 0)
		rc = gate_key_read(run->cli, &run->config, "journal.key", key);
	if (rc == 0) {
		signals = signals_take();
		wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (signals < 0 || wake < 0)
			rc = cli_fail(run->cli, SJ_INTERNAL, "signals: %s", strerror(errno));
	}
	if (rc == 0) {
		gate_log_open(&run->log, run->cli, &run->config, key);
		rc = work(run, signals, wake);
	}
	gate_wipe(key, sizeof(key));
	sj_gate_free(run->gate);
	gate_helper_stop(&run->opener);
	gate_helper_stop(&run->hook);
	if (run->output.file >= 0)
		close(run->output.file);
	if (signals >= 0)
		close(signals);
	if (wake >= 0)
		close(wake);
	if (lock >= 0)
		close(lock);
	return rc;
}

static int run_run(struct cli *cli)
{
	struct gate_run *run = calloc(1, sizeof(*run));
	int rc;

	if (run == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	run->cli = cli;
	run->say.fd = STDOUT_FILENO;
	run->output.file = run->opener.fd = run->hook.fd = -1;
	pthread_rwlock_init(&run->gate_lock, NULL);
	pthread_mutex_init(&run->say.lock, NULL);
	pthread_mutex_init(&run->log.lock, NULL);
	rc = gate_config_load(cli, &run->config);
	if (rc == 0)
		rc = run_with(run);
	gate_config_free(&run->config);
	pthread_mutex_destroy(&run->log.lock);
	pthread_mutex_destroy(&run->say.lock);
	pthread_rwlock_destroy(&run->gate_lock);
	free(run);
	return rc;
}

static const struct cli_option run_options[] = {
	{ .name = "reader",
	  .argument = "NAME",
	  .help = "serve this reader; may be given several times; default: whichever has a card",
	  .complete = CLI_COMPLETE_READER },
	{ .name = "open-exec",
	  .argument = "PROGRAM",
	  .help = "run PROGRAM open|signal|fire|fire-end READER DECISION, without waiting",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "open-file",
	  .argument = "FILE",
	  .help = "append a line for each of these to FILE",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "fire-file",
	  .argument = "FILE",
	  .help = "open as long as FILE exists, or when a line 'fire' comes through a FIFO",
	  .complete = CLI_COMPLETE_FILE },
	GATE_CONFIG_OPTIONS,
	{ 0 },
};
static const char *const run_examples[] = {
	"sojourn gate run --open-exec /usr/local/bin/open-barrier --fire-file /run/fire",
	"sojourn gate run --config lane7.conf >taps.jsonl",
	NULL,
};
static const enum sj_rc run_failures[] = { SJ_INPUT_UNREADABLE, SJ_READER_BUSY, SJ_INPUT_MALFORMED,
					   SJ_OK };

const struct cli_command gate_run = {
	.noun = "gate",
	.verb = "run",
	.summary = "decide at a gate who passes, offline",
	.description =
		"Waits for cards, decides, and opens. Prints one JSON object a line: each tap with\n"
		"decision, reasons, what the gate's rights cover, and times in microseconds. The\n"
		"program that opens is told 'open' at the decision, and 'signal' when the card may\n"
		"be taken away: when it has answered, or after 150 ms.\n"
		"\n"
		"Trust, ticket keys and the gate's credential are taken into use as they change,\n"
		"or at SIGHUP; what is bad leaves the old in use. Readers that are unplugged, a\n"
		"PC/SC service that restarts and a full disk are waited out. SIGTERM ends it.\n"
		"\n"
		"The fire input depends on nothing else in the program. Wire the barrier so that\n"
		"it opens without the program, too.",
	.features = CLI_TRUST,
	.options = run_options,
	.examples = run_examples,
	.failures = run_failures,
	.run = run_run,
};
