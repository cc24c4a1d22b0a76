/* main.c -- noun bench. */
#include "bench/bench.h"

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = { &bench_rf_command, NULL };
	static const struct cli_program program = { "bench", commands };

	return cli_main(&program, argc, argv);
}
