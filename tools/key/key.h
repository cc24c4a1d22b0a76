/* key.h -- what the files of `sojourn key` share. */
#ifndef SOJOURN_TOOLS_KEY_KEY_H
#define SOJOURN_TOOLS_KEY_KEY_H

#include <sojourn/certificate.h>

#include "cli/cli.h"

#define KEY_SCHEMA 1
#define KEY_FEATURES (CLI_CARD | CLI_READER | CLI_TIMEOUT | CLI_TRUST)
#define KEY_FILE_MAX 16384u /* bytes of a certificate or key file */

extern const struct cli_command key_list, key_pin, key_unblock, key_certificate, key_generate,
	key_request, key_import, key_sign, key_object, key_attest, key_delete, key_reset,
	key_admin_key, key_forget;

/* Rows for every command that opens a card: what a contactless card asks for. */
#define KEY_OPEN_OPTIONS \
	CLI_SECRET_OPTIONS("can", "card access number"), \
		CLI_SECRET_OPTIONS("pairing-code", "pairing code"), \
	{ \
		.name = "remember", .help = "keep the CAN or pairing code for this card" \
	}
#define KEY_ADMIN_OPTIONS CLI_SECRET_OPTIONS("admin-key", "management key (hexadecimal)")

/* --- a card (open.c) ------------------------------------------------------------- */

struct key_run {
	struct cli *cli;
	struct sj_card *card;
	struct sj_piv *piv;
	char *memory; /* folder of remembered codes; NULL: none */
	bool asked; /* the code came from a file: a second question is none */
	bool log_out; /* the PIN was not verified before: it is not left so */
	enum sj_piv_pin pin;
};

/*
 * Waits for a card and opens its key application. After it, key_close() whatever it returned,
 * which ends the PIN's verification unless it held before.
 */
CLI_MUST_CHECK int key_open(struct key_run *run, struct cli *cli);
void key_close(struct key_run *run);
/* Opens the card for the key that the first argument names, does the work and leaves the card. */
CLI_MUST_CHECK int key_run_with(struct cli *cli, int (*work)(struct key_run *run, uint8_t key));
/* Tells a failure of a call with the card: `what`, and the status word where the card refused. */
int key_fail(struct key_run *run, enum sj_rc rc, const char *what);
/* The same where a PIN or PUK was tried: with the tries that are left (-1: not told). */
int key_fail_tries(struct key_run *run, enum sj_rc rc, const char *what, int left);
/* The DER certificate of a key, freed by the caller; only after SJ_OK. */
enum sj_rc key_certificate_get(struct key_run *run, uint8_t key, uint8_t **der, size_t *len);
/* $XDG_STATE_HOME/sojourn/codes, as the module has it; NULL: no home. Freed by the caller. */
char *key_memory(void);

/* --- what was typed (input.c) ------------------------------------------------------- */

/* The positional argument KEY: "9A", "authentication", "retired-3". */
CLI_MUST_CHECK int key_argument(struct cli *cli, uint8_t *key);
/* "9A"; valid until the next call with the same buffer. */
const char *key_ref(uint8_t key, char text[static 3]);
/* Exactly `n` bytes of hexadecimal text, blanks and colons allowed. */
bool key_hex(const char *text, uint8_t *out, size_t n);
/* The PIN that unlocks the user's keys: --pin-file, --pin-fd, or asked. */
CLI_MUST_CHECK int key_read_pin(struct key_run *run, enum sj_piv_pin *pin, struct cli_secret *out);
/* A new secret: from its file, or asked twice. */
CLI_MUST_CHECK int key_read_new(struct cli *cli, const char *name, const char *prompt,
				struct cli_secret *out);
/* Reads the management key and proves it. */
CLI_MUST_CHECK int key_administer(struct key_run *run);
/* A management key for this algorithm, from secret `name`. */
CLI_MUST_CHECK int key_read_admin(struct cli *cli, const char *name, const char *prompt,
				  enum sj_piv_algorithm algorithm, uint8_t out[static 32],
				  size_t *len);
/* The option --pin-policy. */
enum sj_piv_policy key_policy(const struct cli *cli);
#define KEY_POLICY_OPTION \
	{ \
		.name = "pin-policy", .argument = "WHEN", \
		.help = "ask for the PIN: default (as the standard has it), never, once or always", \
		.complete = CLI_COMPLETE_WORDS, .words = "default never once always" \
	}

/* Signs with a key of the card, asking for its PIN where it wants one. */
typedef enum sj_rc (*key_signing)(struct key_run *run, const struct sj_piv_unlock *unlock,
				  void *arg);
CLI_MUST_CHECK int key_sign_with(struct key_run *run, uint8_t key, key_signing sign, void *arg);

/* --- PEM (pem.c) ----------------------------------------------------------------------- */

/*
 * The DER in a file that is PEM with this label (RFC 7468), or DER itself (it begins with
 * 30). NULL: neither, told. Freed by the caller; wipe it when it is secret.
 */
CLI_MUST_CHECK int key_pem_read(struct cli *cli, const char *path, const char *label, uint8_t **der,
				size_t *len);
/* Writes PEM, or with --der the bytes as they are; `path` NULL: standard output. */
CLI_MUST_CHECK int key_pem_write(struct cli *cli, const char *path, const char *label,
				 const uint8_t *der, size_t len);
#define KEY_OUT_OPTIONS \
	{ .name = "out", \
	  .letter = 'o', \
	  .argument = "FILE", \
	  .help = "write to FILE instead of standard output", \
	  .complete = CLI_COMPLETE_FILE }, \
	{ \
		.name = "der", .help = "write DER, not PEM" \
	}

#endif
