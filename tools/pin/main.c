/* main.c -- sojourn pin. */
#include "pin/pin.h"

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = { &pin_show, &pin_change, &pin_resume,
							      &pin_unblock, NULL };
	static const struct cli_program program = { "pin", commands };

	return cli_main(&program, argc, argv);
}
