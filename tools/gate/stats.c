/* stats.c -- `sojourn gate stats`: what the journal says about a gate's work. */
#include <stdlib.h>
#include <string.h>

#include "gate/tool.h"

#define REASONS_MAX 64u
#define BAR_MAX 40u

/* The stages of a tap, in the order of struct sj_gate_times. */
#define STAGES 5u
static const char *const stage_names[STAGES] = { "select", "card", "gate", "decision", "complete" };

/* Upper ends of the histogram's bars in ms; the last bar has none. */
static const unsigned bars[] = { 25, 50, 75, 100, 150, 200, 250, 300, 500, 1000 };
#define BARS (sizeof(bars) / sizeof(bars[0]) + 1)

struct stats {
	uint64_t taps, undecided, resumed, staples;
	uint64_t decisions[3]; /* by enum sj_gate_decision */
	struct {
		enum sj_rc rc;
		uint64_t count;
	} reasons[REASONS_MAX];
	size_t reasons_n;
	uint64_t kinds[8]; /* records by enum sj_journal_kind */
	uint64_t lost;
	int64_t first, last;
	uint32_t *times[STAGES]; /* of each decided tap; owned */
	size_t n, cap;
	uint64_t bar[BARS];
};

static void add_reason(struct stats *s, enum sj_rc rc)
{
	size_t i = 0;

	while (i < s->reasons_n && s->reasons[i].rc != rc)
		i++;
	if (i == REASONS_MAX)
		return;
	if (i == s->reasons_n)
		s->reasons[s->reasons_n++].rc = rc;
	s->reasons[i].count++;
}

static bool grow(struct stats *s)
{
	size_t cap = s->cap != 0 ? s->cap * 2 : 1024;

	for (size_t i = 0; i < STAGES; i++) {
		uint32_t *more = realloc(s->times[i], cap * sizeof(*more));

		if (more == NULL)
			return false;
		s->times[i] = more;
	}
	s->cap = cap;
	return true;
}

static bool add_times(struct stats *s, const struct sj_gate_times *t)
{
	const uint32_t times[STAGES] = { t->select_us, t->card_us, t->gate_us, t->decision_us,
					 t->complete_us };
	size_t bar = 0;

	if (s->n == s->cap && !grow(s))
		return false;
	for (size_t i = 0; i < STAGES; i++)
		s->times[i][s->n] = times[i];
	s->n++;
	while (bar < BARS - 1 && t->decision_us >= bars[bar] * 1000)
		bar++;
	s->bar[bar]++;
	return true;
}

static bool add(struct stats *s, const struct sj_journal_record *r)
{
	s->first = s->first != 0 ? s->first : r->time;
	s->last = r->time;
	s->kinds[(unsigned)r->kind % 8]++;
	if (r->kind == SJ_JOURNAL_GAP)
		s->lost += r->lost;
	if (r->kind != SJ_JOURNAL_TAP)
		return true;
	s->taps++;
	if (!r->decided) {
		s->undecided++;
		add_reason(s, r->rc);
		return true;
	}
	s->decisions[r->verdict.decision]++;
	s->resumed += r->verdict.resumed;
	s->staples += r->verdict.from_staple;
	for (size_t i = 0; i < SJ_GATE_REASONS && r->verdict.reasons[i] != SJ_OK; i++)
		add_reason(s, r->verdict.reasons[i]);
	return add_times(s, &r->times);
}

/* --- showing ---------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

/* In ms; the times are sorted. */
static double quantile(const struct stats *s, size_t stage, unsigned percent)
{
	size_t at = s->n != 0 ? (s->n - 1) * percent / 100 : 0;

	return s->n != 0 ? s->times[stage][at] / 1000.0 : 0;
}

static json_t *stages_json(const struct stats *s)
{
	json_t *object = json_object();

	for (size_t i = 0; i < STAGES; i++)
		json_object_set_new(object, stage_names[i],
				    json_pack("{s:f, s:f, s:f}", "p50", quantile(s, i, 50), "p99",
					      quantile(s, i, 99), "max", quantile(s, i, 100)));
	return object;
}

static json_t *reasons_json(const struct stats *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->reasons_n; i++) {
		const struct sj_failure *f = sj_failure_find(s->reasons[i].rc);

		json_array_append_new(array, json_pack("{s:s, s:s, s:I}", "id",
						       cli_failure_id(s->reasons[i].rc).text,
						       "name", f != NULL ? f->name : "unknown",
						       "count", (json_int_t)s->reasons[i].count));
	}
	return array;
}

static json_t *histogram_json(const struct stats *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < BARS; i++)
		json_array_append_new(array,
				      json_pack("{s:o, s:I}", "below",
						i < BARS - 1 ? json_integer(bars[i]) : json_null(),
						"taps", (json_int_t)s->bar[i]));
	return array;
}

static int show_json(struct cli *cli, const struct stats *s)
{
	json_t *decisions = json_pack(
		"{s:I, s:I, s:I, s:I}", "open", (json_int_t)s->decisions[SJ_GATE_OPEN], "ask",
		(json_int_t)s->decisions[SJ_GATE_ASK], "refuse",
		(json_int_t)s->decisions[SJ_GATE_REFUSE], "none", (json_int_t)s->undecided);

	return cli_json_print(
		cli, GATE_SCHEMA,
		json_pack("{s:o, s:o, s:I, s:o, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:I}", "from",
			  s->first != 0 ? json_string(cli_time_text(s->first).text) : json_null(),
			  "to",
			  s->last != 0 ? json_string(cli_time_text(s->last).text) : json_null(),
			  "taps", (json_int_t)s->taps, "decisions", decisions, "resumed",
			  (json_int_t)s->resumed, "staples", (json_int_t)s->staples, "reasons",
			  reasons_json(s), "milliseconds", stages_json(s), "decisionHistogram",
			  histogram_json(s), "starts", (json_int_t)s->kinds[SJ_JOURNAL_START],
			  "fires", (json_int_t)s->kinds[SJ_JOURNAL_FIRE], "lost",
			  (json_int_t)s->lost));
}

static void show_bar(struct cli *cli, const char *what, uint64_t n, uint64_t most)
{
	static const char full[BAR_MAX + 1] = "########################################";
	int width = most != 0 ? (int)(n * BAR_MAX / most) : 0;

	cli_print(cli, "  %-28s %8llu  %.*s\n", what, (unsigned long long)n,
		  width == 0 && n != 0 ? 1 : width, full);
}

static void show_text(struct cli *cli, const struct stats *s)
{
	uint64_t most = 0;
	char what[32];

	cli_print(cli,
		  "%llu taps from %s to %s, %llu by ticket; %llu starts, %llu fires, %llu lost\n",
		  (unsigned long long)s->taps, cli_time_text(s->first).text,
		  cli_time_text(s->last).text, (unsigned long long)s->resumed,
		  (unsigned long long)s->kinds[SJ_JOURNAL_START],
		  (unsigned long long)s->kinds[SJ_JOURNAL_FIRE], (unsigned long long)s->lost);
	cli_print(cli, "decisions\n");
	show_bar(cli, "open", s->decisions[SJ_GATE_OPEN], s->taps);
	show_bar(cli, "ask", s->decisions[SJ_GATE_ASK], s->taps);
	show_bar(cli, "refuse", s->decisions[SJ_GATE_REFUSE], s->taps);
	show_bar(cli, "none", s->undecided, s->taps);
	cli_print(cli, "reasons\n");
	for (size_t i = 0; i < s->reasons_n; i++) {
		const struct sj_failure *f = sj_failure_find(s->reasons[i].rc);

		snprintf(what, sizeof(what), "%s %s", cli_failure_id(s->reasons[i].rc).text,
			 f != NULL ? f->name : "unknown");
		show_bar(cli, what, s->reasons[i].count, s->taps);
	}
	cli_print(cli, "stage, ms                       p50       p99       max\n");
	for (size_t i = 0; i < STAGES; i++)
		cli_print(cli, "  %-22s %9.1f %9.1f %9.1f\n", stage_names[i], quantile(s, i, 50),
			  quantile(s, i, 99), quantile(s, i, 100));
	cli_print(cli, "decision, ms\n");
	for (size_t i = 0; i < BARS; i++)
		most = s->bar[i] > most ? s->bar[i] : most;
	for (size_t i = 0; i < BARS; i++) {
		snprintf(what, sizeof(what), i < BARS - 1 ? "below %u" : "%u and more",
			 bars[i < BARS - 1 ? i : i - 1]);
		show_bar(cli, what, s->bar[i], most);
	}
}

/* --- the command -------------------------------------------------------------------- */

static enum sj_rc collect(struct stats *s, const struct sj_journal_store *store, int64_t since)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	enum sj_rc rc;

	while ((rc = sj_journal_read(store, r.number, &r)) == SJ_OK && r.number != 0) {
		if (r.time >= since && !add(s, &r))
			return SJ_NO_MEMORY;
	}
	for (size_t i = 0; i < STAGES && s->n != 0; i++)
		qsort(s->times[i], s->n, sizeof(s->times[i][0]), by_size);
	return rc;
}

static int show(struct cli *cli, const char *path, int64_t since)
{
	struct cli_store *store = NULL;
	struct stats s = { .taps = 0 };
	char why[128];
	int code = 0;
	enum sj_rc rc = cli_store_open(path, false, &store, why);

	if (rc == SJ_OK)
		rc = collect(&s, &store->store, since);
	if (rc != SJ_OK)
		code = cli_fail(cli, rc, "%s%s%s", path, why[0] != '\0' ? ": " : "", why);
	else if (cli_json(cli))
		code = show_json(cli, &s);
	else
		show_text(cli, &s);
	for (size_t i = 0; i < STAGES; i++)
		free(s.times[i]);
	cli_store_close(store);
	return code;
}

static int run_stats(struct cli *cli)
{
	const char *last = cli_value(cli, "last");
	struct gate_config config;
	uint32_t seconds = 0;
	int rc;

	if (last != NULL && !cli_duration_parse(last, &seconds))
		return cli_usage(cli, "--last %s: must be a duration like 24h or 30d", last);
	rc = gate_config_load(cli, &config);
	if (rc == 0)
		rc = show(cli, config.journal,
			  last != NULL ? (int64_t)time(NULL) - seconds : INT64_MIN);
	gate_config_free(&config);
	return rc;
}

static const struct cli_option stats_options[] = {
	{ .name = "last", .argument = "DURATION", .help = "only the last 24h, 30d; default: all" },
	GATE_CONFIG_OPTIONS,
	{ 0 },
};
static const char *const stats_examples[] = {
	"sojourn gate stats --last 24h # decisions, reasons, and where the time goes",
	"sojourn gate stats --json",
	NULL,
};
static const enum sj_rc stats_failures[] = { SJ_INPUT_UNREADABLE, SJ_JOURNAL_BROKEN, SJ_OK };

const struct cli_command gate_stats = {
	.noun = "gate",
	.verb = "stats",
	.summary = "count decisions and reasons, and show where the time of taps goes",
	.features = CLI_JSON,
	.options = stats_options,
	.examples = stats_examples,
	.failures = stats_failures,
	.run = run_stats,
};
