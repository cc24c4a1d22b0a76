/* reader.h -- what the files of `sojourn reader` and `sojourn doctor` share. */
#ifndef SOJOURN_TOOLS_READER_READER_H
#define SOJOURN_TOOLS_READER_READER_H

#include <sojourn/reader.h>

#include "cli/cli.h"

#define READER_SCHEMA 1

extern const struct cli_command reader_list;
extern const struct cli_command reader_watch;
extern const struct cli_command reader_doctor;

/* "empty", "card", "mute". */
const char *reader_state(const struct sj_reader_info *info);
/* {"name", "state", "in_use", "exclusive", "atr"}; NULL: no memory. */
json_t *reader_json(const struct sj_reader_info *info);

/* --- doctor's findings ---------------------------------------------------------- */

enum doctor_state { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
	struct cli *cli;
	json_t *checks; /* an array */
	enum sj_rc worst; /* of the failed ones, the first */
	bool no_memory;
};

/* Adds a line: what was looked at, how it is, and why (SJ_OK: nothing to remedy). */
void doctor_find(struct doctor *d, const char *what, enum doctor_state state, enum sj_rc rc,
		 const char *format, ...) CLI_PRINTF(5, 6);

/* The PC/SC service: its socket, its version, whether we may use it. False: no use to go on. */
bool doctor_service(struct doctor *d);
/* Readers, cards in them, and the programs that use PC/SC. */
void doctor_readers(struct doctor *d, struct sj_context *ctx);
void doctor_trust(struct doctor *d);
/* The PKCS#11 module: its registration with p11-kit, and programs that cannot reach it. */
void doctor_module(struct doctor *d);
/* A gate's credential, status list and ticket keys, where the setting "gate" names its state. */
void doctor_gate(struct doctor *d);

#endif
