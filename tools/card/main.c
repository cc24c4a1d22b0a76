/* main.c -- noun card. */
#include "card/card.h"

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = {
		&card_new_command, &card_feed_command, &card_run_command, &card_show_command, NULL,
	};
	static const struct cli_program program = { "card", commands };

	return cli_main(&program, argc, argv);
}
