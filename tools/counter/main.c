/* main.c -- noun counter: run, url. */
#include "counter/counter.h"

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = { &counter_run, &counter_url, NULL };
	static const struct cli_program program = { "counter", commands };

	return cli_main(&program, argc, argv);
}
