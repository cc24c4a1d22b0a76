/* main.c -- sojourn key. */
#include "key/key.h"

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = {
		&key_list,    &key_pin,    &key_unblock,   &key_certificate, &key_generate,
		&key_request, &key_import, &key_sign,      &key_object,      &key_attest,
		&key_delete,  &key_reset,  &key_admin_key, &key_forget,      NULL,
	};
	static const struct cli_program program = { "key", commands };

	return cli_main(&program, argc, argv);
}
