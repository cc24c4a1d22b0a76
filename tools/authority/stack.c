#include "authority/stack.h"

#include <stdio.h>
#include <string.h>

#define CONNECT_MS 30000u

/* --- a program --------------------------------------------------------------------------- */

static int spawn(struct stack *s, struct sj_card **card)
{
	enum sj_rc rc = sj_card_spawn(s->context, s->program, CONNECT_MS, &s->card);

	s->again = false;
	*card = s->card;
	return rc == SJ_OK ? 0 : cli_fail(s->cli, rc, "%s", s->program[0]);
}

static int next_of_program(struct stack *s, struct sj_card **card)
{
	if (s->card != NULL && sj_card_restart(s->card, CONNECT_MS) == SJ_OK) {
		s->again = true;
		*card = s->card;
		return 0;
	}
	sj_card_close(s->card);
	s->card = NULL;
	return spawn(s, card);
}

static int read_program(struct stack *s)
{
	const size_t n = cli_argument_count(s->cli);

	if (n == 0 || n > STACK_ARGUMENTS_MAX)
		return cli_usage(s->cli, "--exec -- CMD [ARGUMENT...]: 1 to %u words",
				 STACK_ARGUMENTS_MAX);
	for (size_t i = 0; i < n; i++)
		s->program[i] = cli_argument(s->cli, i);
	return 0;
}

/* --- a reader ----------------------------------------------------------------------------- */

/* The reader's events and whether it has a card; false: it is not there. */
static bool look(const struct stack *s, const struct sj_readers *list, struct sj_reader_info *info)
{
	*info = (struct sj_reader_info){ .size = sizeof(*info) };
	for (size_t i = 0; i < sj_readers_count(list); i++) {
		if (sj_readers_get(list, i, info) && strcmp(info->name, s->reader) == 0)
			return true;
	}
	return false;
}

/* Remembers the card that is done, so that the next one is told from it. */
static void note_done(struct stack *s)
{
	struct sj_readers *list = NULL;
	struct sj_reader_info info;

	if (sj_readers_list(s->context, CONNECT_MS, &list) == SJ_OK && look(s, list, &info)) {
		s->events = info.events;
		s->done = true;
	}
	sj_readers_free(list);
}

/* Waits until another card is in the reader. */
static enum sj_rc wait_for_other(struct stack *s, struct sj_context *waiting, unsigned wait_ms)
{
	struct sj_readers *known = NULL, *list = NULL;
	struct sj_reader_info info;
	enum sj_rc rc = sj_readers_list(waiting, CONNECT_MS, &list);

	while (rc == SJ_OK && look(s, list, &info) &&
	       !(info.card_present && info.events != s->events)) {
		sj_readers_free(known);
		known = list;
		list = NULL;
		rc = sj_readers_wait(waiting, known, wait_ms, &list);
	}
	if (rc == SJ_OK && !look(s, list, &info))
		rc = SJ_READER_LOST;
	sj_readers_free(known);
	sj_readers_free(list);
	return rc;
}

static int next_of_reader(struct stack *s, unsigned wait_ms, struct sj_card **card)
{
	struct sj_context *waiting = cli_context(s->cli);
	enum sj_rc rc = SJ_OK;

	if (waiting == NULL)
		return cli_exit_code(s->cli);
	sj_card_close(s->card);
	s->card = NULL;
	if (s->done)
		rc = wait_for_other(s, waiting, wait_ms);
	if (rc == SJ_OK)
		rc = sj_card_wait(waiting, s->reader[0] != '\0' ? s->reader : NULL, wait_ms, card);
	if (rc == SJ_CANCELLED || rc == SJ_TIMED_OUT || rc == SJ_NO_CARD) {
		*card = NULL;
		return 0;
	}
	if (rc != SJ_OK)
		return cli_fail(s->cli, rc, "%s", s->reader[0] != '\0' ? s->reader : "card");
	/* From here on it is this reader, and no interrupt ends what is done with the card. */
	snprintf(s->reader, sizeof(s->reader), "%s", sj_card_reader(*card));
	sj_card_close(*card);
	rc = sj_card_wait(s->context, s->reader, CONNECT_MS, &s->card);
	*card = s->card;
	return rc == SJ_OK ? 0 : cli_fail(s->cli, rc, "%s", s->reader);
}

/* --- either --------------------------------------------------------------------------------- */

int stack_open(struct stack *s, struct cli *cli)
{
	const char *reader = cli_setting(cli, "reader");
	enum sj_rc rc;

	*s = (struct stack){ .cli = cli };
	if (cli_interrupt_fd(cli) < 0)
		return cli_exit_code(cli);
	if (reader != NULL)
		snprintf(s->reader, sizeof(s->reader), "%s", reader);
	rc = sj_context_new(&s->context);
	if (rc != SJ_OK)
		return cli_fail(cli, rc, NULL);
	if (cli_given(cli, "exec"))
		return read_program(s);
	return cli_argument_count(cli) == 0
		       ? 0
		       : cli_usage(cli, "%s: programs go with --exec", cli_argument(cli, 0));
}

void stack_close(struct stack *s)
{
	sj_card_close(s->card);
	s->card = NULL;
	sj_context_free(s->context);
	s->context = NULL;
}

int stack_next(struct stack *s, unsigned wait_ms, struct sj_card **card)
{
	*card = NULL;
	if (cli_interrupted(s->cli))
		return 0;
	return s->program[0] != NULL ? next_of_program(s, card) : next_of_reader(s, wait_ms, card);
}

void stack_put_away(struct stack *s)
{
	if (s->program[0] == NULL)
		note_done(s);
	sj_card_close(s->card);
	s->card = NULL;
}
