/* main.c -- the issuing side: nouns authority, service and issue. */
#include "authority/commands.h"

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = {
		&authority_init_command,
		&authority_show_command,
		&authority_signer_command,
		&authority_link_command,
		&authority_bundle_signer_command,
		&authority_keys_list_command,
		&authority_keys_protect_command,
		&authority_keys_store_command,
		&authority_signatures_command,
		&authority_masterlist_command,
		&authority_crl_command,
		&authority_key_init_command,
		&authority_key_renew_command,
		&authority_key_crl_command,
		&authority_key_export_command,
		&authority_gate_init_command,
		&authority_gate_renew_command,
		&authority_gate_sign_command,
		&authority_cvca_init_command,
		&authority_cvca_renew_command,
		&authority_cvca_sign_command,
		&authority_dv_init_command,
		&authority_dv_renew_command,
		&authority_terminal_request_command,
		&authority_terminal_sign_command,
		&authority_terminal_show_command,
		&authority_status_build_command,
		&authority_status_revoke_command,
		&authority_status_list_command,
		&authority_status_staple_command,
		&authority_status_export_command,
		&authority_card_show_command,
		&authority_card_rotate_command,
		&authority_card_lock_command,
		&authority_card_unlock_command,
		&authority_card_terminate_command,
		&authority_card_reset_command,
		&authority_card_master_command,
		&service_list_command,
		&service_check_command,
		&issue_command,
		NULL,
	};
	static const struct cli_program program = { "authority", commands };

	return cli_main(&program, argc, argv);
}
