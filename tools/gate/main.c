/* main.c -- noun gate: enrol, ticket-key, run, journal, stats. */
#include "gate/tool.h"

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = {
		&gate_enrol, &gate_ticket_key, &gate_run, &gate_journal, &gate_stats, NULL,
	};
	static const struct cli_program program = { "gate", commands };

	return cli_main(&program, argc, argv);
}
