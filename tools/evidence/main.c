/* main.c -- noun evidence: list, show, export, verify, check, keep, erase, operator-key. */
#include "evidence/tool.h"

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = {
		&evidence_list,   &evidence_show,         &evidence_export,
		&evidence_verify, &evidence_check,        &evidence_keep,
		&evidence_erase,  &evidence_operator_key, NULL,
	};
	static const struct cli_program program = { "evidence", commands };

	return cli_main(&program, argc, argv);
}
