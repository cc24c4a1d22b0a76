/* run.c -- `sojourn counter run`: build everything, wait, take it down in order. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/child.h"
#include "cli/confine.h"
#include "counter/counter.h"

#define TICK_MS 1000
#define BEAT_TICKS 15u /* between signs of life to silent pages */
#define TIDY_TICKS 60u /* between looks for what is to be erased */

static int open_engine(struct counter *c)
{
	const char *script = cli_value(c->cli, "script");

	if (script != NULL)
		return counter_engine_script(c->cli, script, &c->engine);
	return counter_engine_card(c->cli, &c->config, &c->engine);
}

/* All that is needed from outside is at hand, and no thread runs yet. */
static int open_all(struct counter *c)
{
	int rc = cli_directory_make(c->cli, c->config.state, 0700);

	if (rc == 0)
		rc = counter_pages_load(c->cli, &c->pages);
	if (rc == 0)
		rc = counter_targets_load(c->cli, &c->config);
	if (rc == 0)
		rc = counter_store_open(c->cli, counter_path(&c->config, "counter.db").text,
					&c->store);
	if (rc == 0)
		rc = open_engine(c);
	return rc == 0 ? counter_auth_open(c->cli, &c->auth, &c->config) : rc;
}

#define ROOMS_OWN 7u

/* Cards and requests are others' bytes: from here on they lead nowhere else. */
static int confine(struct counter *c)
{
	char *decoder = cli_program_path("portrait"), *finder = cli_program_path("signed");
	struct cli_room rooms[ROOMS_OWN + 2 * COUNTER_TARGETS_MAX] = {
		{ CLI_ROOM_WRITE, c->config.state },
		{ CLI_ROOM_WRITE, c->config.journal },
		{ CLI_ROOM_READ, c->config.trust },
		{ CLI_ROOM_READ, c->config.terminal },
		{ CLI_ROOM_RUN, decoder },
		{ CLI_ROOM_RUN, finder },
		{ CLI_ROOM_READ, cli_value(c->cli, "script") },
	};
	size_t n = ROOMS_OWN;
	int rc;

	for (size_t i = 0; i < c->config.targets_n; i++) {
		rooms[n++] = (struct cli_room){ CLI_ROOM_WRITE, c->config.targets[i].folder };
		rooms[n++] = (struct cli_room){ CLI_ROOM_READ, c->config.targets[i].token_file };
	}
	rc = cli_confine_files(c->cli, rooms, n);
	free(decoder);
	free(finder);
	return rc;
}

static bool has_url(const struct counter_config *config)
{
	for (size_t i = 0; i < config->targets_n; i++) {
		if (config->targets[i].url != NULL)
			return true;
	}
	return false;
}

static int start(struct counter *c)
{
	int rc;

	c->hub = counter_hub_new();
	if (c->hub == NULL)
		return cli_fail(c->cli, SJ_NO_MEMORY, NULL);
	c->outbox.config = c->desk.config = &c->config;
	c->outbox.store = c->desk.store = c->store;
	c->outbox.hub = c->desk.hub = c->hub;
	c->desk.engine = &c->engine;
	for (size_t i = 0; i < c->config.targets_n; i++)
		c->config.targets[i].stopping = &c->outbox.stopping;
	if (!counter_desk_start(&c->desk) || !counter_outbox_start(&c->outbox))
		return cli_fail(c->cli, SJ_NO_MEMORY, "threads");
	rc = counter_http_start(c);
	/* It listens: only targets on the network need another socket. Portraits and CMS have a process. */
	if (rc == 0)
		rc = cli_confine_calls(
			c->cli, CLI_CALLS_RUN | (has_url(&c->config) ? CLI_CALLS_NETWORK : 0));
	/* Last: who cannot listen leaves the address of the counter that runs alone. */
	return rc != 0 ? rc : counter_auth_publish(&c->auth);
}

static void take_down(struct counter *c)
{
	counter_http_stop(c);
	counter_outbox_stop(&c->outbox);
	counter_desk_stop(&c->desk);
	counter_hub_free(c->hub);
	if (c->engine.free != NULL)
		c->engine.free(c->engine.self);
	counter_store_close(c->store);
	counter_pages_free(c->pages);
	counter_auth_close(&c->auth);
	counter_config_free(&c->config);
}

static void erase_due(struct counter *c, int64_t now)
{
	if (counter_store_tidy(c->store, now, now - (int64_t)c->config.activity) > 0)
		counter_hub_put(c->hub, COUNTER_TOPIC_LISTS,
				json_pack("{s:s}", "changed", "registrations"));
}

static void wait_for_end(struct counter *c, int interrupt)
{
	struct pollfd fd = { interrupt, POLLIN, 0 };
	unsigned ticks = 0, watchdog = cli_watchdog_ms();
	int wait = watchdog != 0 && watchdog < TICK_MS ? (int)watchdog : TICK_MS;

	while (poll(&fd, 1, wait) == 0) {
		int64_t now = (int64_t)time(NULL);

		counter_desk_tidy(&c->desk, now);
		if (ticks % BEAT_TICKS == 0)
			counter_hub_beat(c->hub);
		if (ticks % TIDY_TICKS == 0) {
			erase_due(c, now);
			c->engine.tidy(c->engine.self);
		}
		if (watchdog != 0)
			cli_notify("WATCHDOG=1");
		ticks++;
	}
}

static int serve(struct counter *c)
{
	struct cli *cli = c->cli;
	int interrupt = -1, rc = counter_config_load(cli, &c->config);

	if (rc == 0)
		rc = open_all(c);
	if (rc == 0)
		rc = confine(c);
	if (rc == 0) {
		interrupt = cli_interrupt_fd(cli); /* a thread, the first */
		rc = interrupt >= 0 ? start(c) : cli_exit_code(cli);
	}
	if (rc == 0) {
		cli_note(
			cli,
			"The counter listens on %s, port %u. The page's address: sojourn counter url",
			c->config.address, c->config.port);
		cli_notify("READY=1");
		wait_for_end(c, interrupt);
		cli_notify("STOPPING=1");
	}
	take_down(c);
	return rc;
}

static int run(struct cli *cli)
{
	struct counter *c = calloc(1, sizeof(*c));
	int rc;

	if (c == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	c->cli = cli;
	json_set_alloc_funcs(malloc, counter_wipe_free);
	rc = serve(c);
	free(c);
	return rc;
}

static const struct cli_option options[] = {
	{ .name = "service",
	  .argument = "NAME",
	  .help = "the service of the registry that this counter is; default from the configuration" },
	{ .name = "port", .argument = "N", .help = "TCP port on this machine; default 7410" },
	{ .name = "script",
	  .argument = "FIFO",
	  .help = "no card is read: answers come as JSON lines",
	  .complete = CLI_COMPLETE_FILE,
	  .hidden = true },
	COUNTER_CONFIG_OPTIONS,
	{ 0 },
};
static const char *const examples[] = {
	"sojourn counter run --service 'hotel check-in'",
	"xdg-open \"$(sojourn counter url)\" # the page, in the browser",
	NULL,
};
static const enum sj_rc failures[] = {
	SJ_PORT_TAKEN, SJ_INPUT_MALFORMED, SJ_NO_PCSCD,      SJ_NO_READER,          SJ_CARD_LOST,
	SJ_WRONG_CAN,  SJ_TRUST_MISSING,   SJ_IMAGE_REFUSED, SJ_TARGET_UNREACHABLE, SJ_OK,
};

const struct cli_command counter_run = {
	.noun = "counter",
	.verb = "run",
	.summary = "serve the page and the JSON API on this machine",
	.description =
		"Serves the clerk's page: look at the face, ask consent, type the card access number,\n"
		"read. Only what the service may see is read, and only the newest reading is kept, in\n"
		"memory; registrations stand in the state directory until they are due to be erased.\n"
		"\n"
		"It listens on loopback only, and answers to nobody without a token: `sojourn counter\n"
		"url` prints an address with a code that is good for one page. Programs of this\n"
		"machine use the JSON API under /api/v1 (described by /api/v1/openapi.json) with the\n"
		"token of api_token_file.\n"
		"\n"
		"SIGTERM or Ctrl-C ends it.",
	.features = CLI_READER | CLI_TRUST,
	.options = options,
	.examples = examples,
	.failures = failures,
	.run = run,
};
