/* main.c -- noun terminal: new, install, show. */
#include <stdio.h>

#include "terminal/terminal.h"

const char *terminal_folder(struct cli *cli, size_t i)
{
	const char *folder = cli_argument(cli, i);

	if (folder == NULL)
		folder = cli_setting(cli, "terminal");
	if (folder == NULL)
		cli_usage(cli, "give the terminal's folder, or set 'terminal' in sojourn.conf");
	return folder;
}

struct terminal_path terminal_path(const char *folder, const char *name)
{
	struct terminal_path path;

	snprintf(path.text, sizeof(path.text), "%s/%s", folder, name);
	return path;
}

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = { &terminal_new, &terminal_install,
							      &terminal_show, NULL };
	static const struct cli_program program = { "terminal", commands };

	return cli_main(&program, argc, argv);
}
