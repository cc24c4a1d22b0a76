/* rf.c -- `sojourn card run --rf`: what every command costs, and a log of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "card/card.h"

static json_t *work_json(const struct card_rf_work *work)
{
	json_t *object = json_object();

	for (size_t i = 0; i < CARD_RF_OPS; i++)
		if (work->n[i] > 0)
			json_object_set_new(object, card_rf_op_name((enum card_rf_op)i),
					    json_real(work->n[i]));
	return object;
}

/*
 * Sizes and counts, never a byte of what was said. A log that is full is no reason to stop; it ends where
 * it was full, which is told in the end.
 */
static void log_step(void *self, const struct card_rf_step *step)
{
	json_t *line;

	if (ferror(self))
		return;
	line = json_pack("{s:i, s:I, s:I, s:o}", "schema", CARD_SCHEMA, "command",
			 (json_int_t)step->command, "response", (json_int_t)step->response, "work",
			 work_json(&step->work));
	if (line != NULL && json_dumpf(line, self, JSON_COMPACT) == 0) {
		fputc('\n', self);
		fflush(self);
	}
	json_decref(line);
}

static int open_log(struct cli *cli, const char *path, FILE **out)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	*out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (*out == NULL)
		return cli_fail(cli, SJ_OUTPUT_FAILED, "--rf-log %s: %s", path, strerror(errno));
	return 0;
}

int card_rf_read(struct cli *cli, struct card_rf *rf, FILE **log)
{
	const char *rate = cli_value(cli, "rf"), *chip = cli_value(cli, "chip");
	const char *path = cli_value(cli, "rf-log");

	*rf = (struct card_rf){ .chip = CARD_CHIP_JCOP4_P71 };
	*log = NULL;
	if (chip != NULL && rate == NULL)
		return cli_usage(cli, "--chip goes with --rf");
	if ((rate != NULL || path != NULL) && card_interface_asked(cli) == CARD_CONTACT)
		return cli_usage(cli, "%s: there is no air on the contact interface",
				 rate != NULL ? "--rf" : "--rf-log");
	if (rate != NULL) /* both are words of their options' tables */
		rf->rate = (unsigned)strtoul(rate, NULL, 10);
	if (chip != NULL && !card_chip_find(chip, &rf->chip))
		return cli_usage(cli, "--chip: %s: no such chip", chip);
	if (path == NULL)
		return 0;
	rf->step = log_step;
	return open_log(cli, path, log);
}
