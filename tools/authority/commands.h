/* commands.h -- the commands of this program, each a row for cli_main(). */
#ifndef SJ_AUTHORITY_COMMANDS_H
#define SJ_AUTHORITY_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_command authority_init_command;
extern const struct cli_command authority_show_command;
extern const struct cli_command authority_signer_command;
extern const struct cli_command authority_link_command;
extern const struct cli_command authority_bundle_signer_command;
extern const struct cli_command authority_keys_list_command;
extern const struct cli_command authority_keys_protect_command;
extern const struct cli_command authority_keys_store_command;
extern const struct cli_command authority_signatures_command;
extern const struct cli_command authority_masterlist_command;
extern const struct cli_command authority_crl_command;
extern const struct cli_command authority_key_init_command;
extern const struct cli_command authority_key_renew_command;
extern const struct cli_command authority_key_crl_command;
extern const struct cli_command authority_key_export_command;
extern const struct cli_command authority_gate_init_command;
extern const struct cli_command authority_gate_renew_command;
extern const struct cli_command authority_gate_sign_command;
extern const struct cli_command authority_cvca_init_command;
extern const struct cli_command authority_cvca_renew_command;
extern const struct cli_command authority_cvca_sign_command;
extern const struct cli_command authority_dv_init_command;
extern const struct cli_command authority_dv_renew_command;
extern const struct cli_command authority_terminal_request_command;
extern const struct cli_command authority_terminal_sign_command;
extern const struct cli_command authority_terminal_show_command;
extern const struct cli_command authority_sector_new_command;
extern const struct cli_command authority_sector_list_command;
extern const struct cli_command authority_status_build_command;
extern const struct cli_command authority_status_revoke_command;
extern const struct cli_command authority_status_list_command;
extern const struct cli_command authority_status_staple_command;
extern const struct cli_command authority_status_export_command;
extern const struct cli_command authority_card_show_command;
extern const struct cli_command authority_card_rotate_command;
extern const struct cli_command authority_card_lock_command;
extern const struct cli_command authority_card_unlock_command;
extern const struct cli_command authority_card_terminate_command;
extern const struct cli_command authority_card_reset_command;
extern const struct cli_command authority_card_master_command;
extern const struct cli_command authority_publish_command;
extern const struct cli_command service_list_command;
extern const struct cli_command service_show_command;
extern const struct cli_command service_check_command;
extern const struct cli_command register_init_command;
extern const struct cli_command register_add_command;
extern const struct cli_command register_approve_command;
extern const struct cli_command register_deliver_command;
extern const struct cli_command register_activate_command;
extern const struct cli_command register_suspend_command;
extern const struct cli_command register_reinstate_command;
extern const struct cli_command register_revoke_command;
extern const struct cli_command register_lost_command;
extern const struct cli_command register_replace_command;
extern const struct cli_command register_rebind_command;
extern const struct cli_command register_expire_command;
extern const struct cli_command register_show_command;
extern const struct cli_command register_list_command;
extern const struct cli_command register_history_command;
extern const struct cli_command register_verify_command;
extern const struct cli_command register_key_command;
extern const struct cli_command register_erase_command;
extern const struct cli_command issue_command;
/* Of that one, with --batch or --worker. */
int batch_command(struct cli *cli);

#endif
