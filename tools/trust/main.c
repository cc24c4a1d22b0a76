/* main.c -- noun trust: import, list, status, sync, show. */
#include "trust/trust.h"

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = {
		&trust_import_command, &trust_list_command, &trust_status_command,
		&trust_sync_command,   &trust_show_command, NULL
	};
	static const struct cli_program program = { "trust", commands };

	return cli_main(&program, argc, argv);
}
