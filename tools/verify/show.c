/* show.c -- a report for people. */
#include <stdio.h>
#include <string.h>

#include "verify/verify.h"

static enum cli_mark verdict_mark(enum sj_verdict verdict)
{
	switch (verdict) {
	case SJ_VERDICT_GENUINE:
		return CLI_MARK_GOOD;
	case SJ_VERDICT_COPY_NOT_EXCLUDED:
	case SJ_VERDICT_UNDECIDED:
	case SJ_VERDICT_NONE:
		return CLI_MARK_UNSURE;
	case SJ_VERDICT_EXPIRED:
	case SJ_VERDICT_NOT_GENUINE:
		return CLI_MARK_BAD;
	}
	return CLI_MARK_BAD;
}

static enum cli_mark state_mark(enum sj_check_state state)
{
	switch (state) {
	case SJ_CHECK_PASSED:
		return CLI_MARK_GOOD;
	case SJ_CHECK_FAILED:
		return CLI_MARK_BAD;
	case SJ_CHECK_NOT_POSSIBLE:
		return CLI_MARK_UNSURE;
	case SJ_CHECK_NOT_DONE:
		return CLI_MARK_PLAIN;
	}
	return CLI_MARK_PLAIN;
}

/* The verdict in capital letters, words apart. */
void verify_show_verdict(struct cli *cli, enum sj_verdict verdict, enum sj_rc reason)
{
	const struct sj_failure *failure = sj_failure_find(reason);
	char word[32];
	size_t i;

	strncpy(word, sj_verdict_name(verdict), sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	for (i = 0; word[i] != '\0'; i++) {
		if (word[i] == '-')
			word[i] = ' ';
		else if (word[i] >= 'a' && word[i] <= 'z')
			word[i] = (char)(word[i] - 'a' + 'A');
	}
	if (reason == SJ_OK)
		cli_line(cli, verdict_mark(verdict), word,
			 "The document is authentic, unaltered, no copy, and in time.");
	else
		cli_line(cli, verdict_mark(verdict), word, "%s [%s]", sj_strerror(reason),
			 cli_failure_id(reason).text);
	if (failure != NULL)
		cli_line(cli, CLI_MARK_PLAIN, "what to do", "%s", failure->action);
}

void verify_show_check(struct cli *cli, const struct sj_check *check, const char *name)
{
	cli_line(cli, state_mark(check->state), sj_check_state_name(check->state), "%-12s %s%s%s%s",
		 name, check->detail, check->reason != SJ_OK ? " [" : "",
		 cli_failure_id(check->reason).text, check->reason != SJ_OK ? "]" : "");
}

static void show_checks(struct cli *cli, const struct sj_report *report)
{
	struct sj_check check = { .size = sizeof(check) };
	char name[8];

	cli_print(cli, "\n");
	for (int id = 0; id < SJ_CHECK_COUNT; id++)
		if (sj_report_check(report, (enum sj_check_id)id, &check))
			verify_show_check(cli, &check, sj_check_name((enum sj_check_id)id));
	/* Groups that passed are summed up by their check. */
	for (unsigned dg = 1; dg <= 16; dg++) {
		if (!sj_report_group(report, dg, &check) ||
		    (check.state != SJ_CHECK_FAILED && check.state != SJ_CHECK_NOT_POSSIBLE))
			continue;
		snprintf(name, sizeof(name), "DG%u", dg);
		verify_show_check(cli, &check, name);
	}
}

static void show_holder(struct cli *cli, const struct sj_report *report)
{
	struct verify_holder holder;

	if (!verify_holder(report, &holder))
		return;
	cli_print(cli, "\n");
	for (const struct verify_field *f = holder.fields; f < holder.fields + VERIFY_FIELDS; f++)
		if (f->value[0] != '\0')
			cli_print(cli, "  %-16s %s\n", f->label, f->value);
	explicit_bzero(&holder, sizeof(holder));
}

void verify_show_statistics(struct cli *cli, const struct sj_statistics *s)
{
	cli_print(cli, "\n%s; %u ms (card %u ms), %u APDUs%s, %u bytes read\n", s->access,
		  s->wall_ms, s->card_ms, s->apdus, s->extended_length ? ", extended length" : "",
		  s->bytes_received);
	if (s->signer[0] != '\0')
		cli_print(cli, "signed by %s%s%s\n", s->signer,
			  s->country[0] != '\0' ? ", under the CSCA of " : "", s->country);
}

void verify_show(struct cli *cli, const struct sj_report *report)
{
	struct sj_statistics statistics = { .size = sizeof(statistics) };

	verify_show_verdict(cli, sj_report_verdict(report), sj_report_reason(report));
	show_checks(cli, report);
	show_holder(cli, report);
	if (sj_report_statistics(report, &statistics))
		verify_show_statistics(cli, &statistics);
}
