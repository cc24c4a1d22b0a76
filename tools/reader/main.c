/* main.c -- nouns reader and doctor. */
#include "reader/reader.h"

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = {
		&reader_list,
		&reader_watch,
		&reader_doctor,
		NULL,
	};
	static const struct cli_program program = { "reader", commands };

	return cli_main(&program, argc, argv);
}
