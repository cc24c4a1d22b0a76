#include "authority/connect.h"

#define TIMEOUT_MS 30000u
#define ARGUMENTS_MAX 63u

static int connect_program(struct cli *cli, struct sj_context *ctx, size_t first,
			   struct sj_card **card)
{
	const char *argv[ARGUMENTS_MAX + 1] = { NULL };
	const size_t all = cli_argument_count(cli), n = all > first ? all - first : 0;
	unsigned timeout = cli_timeout_ms(cli);
	enum sj_rc rc;

	if (n == 0 || n > ARGUMENTS_MAX)
		return cli_usage(cli, "--exec -- CMD [ARGUMENT...]: 1 to %u words", ARGUMENTS_MAX);
	for (size_t i = 0; i < n; i++)
		argv[i] = cli_argument(cli, first + i);
	rc = sj_card_spawn(ctx, argv, timeout != 0 ? timeout : TIMEOUT_MS, card);
	return rc == SJ_OK ? 0 : cli_fail(cli, rc, "%s", argv[0]);
}

int connect_card(struct cli *cli, size_t first, struct sj_card **card)
{
	struct sj_context *ctx = cli_context(cli);
	const char *reader = cli_setting(cli, "reader");
	unsigned timeout = cli_timeout_ms(cli);
	enum sj_rc rc;

	if (ctx == NULL)
		return cli_exit_code(cli);
	if (cli_given(cli, "exec"))
		return connect_program(cli, ctx, first, card);
	if (cli_argument_count(cli) > first)
		return cli_usage(cli, "%s: programs go with --exec", cli_argument(cli, first));
	rc = sj_card_wait(ctx, reader, timeout != 0 ? timeout : TIMEOUT_MS, card);
	return rc == SJ_OK ? 0 : cli_fail(cli, rc, "%s", reader != NULL ? reader : "card");
}
