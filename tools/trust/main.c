/* main.c -- noun trust: import, list, status. */
#include "trust/trust.h"

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = { &trust_import_command,
							      &trust_list_command,
							      &trust_status_command, NULL };
	static const struct cli_program program = { "trust", commands };

	return cli_main(&program, argc, argv);
}
