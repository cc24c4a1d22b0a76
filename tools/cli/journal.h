/*
 * journal.h -- a journal's database: what a gate, a counter and the evidence of both have in common.
 * Programs that include it link SQLite.
 */
#ifndef SOJOURN_TOOLS_CLI_JOURNAL_H
#define SOJOURN_TOOLS_CLI_JOURNAL_H

#include <sojourn/evidence.h>

#include "cli/cli.h"

struct cli_store {
	struct sj_journal_store store;
};
/* Opens (`create`: makes) the database. SJ_INPUT_UNREADABLE, SJ_JOURNAL_BROKEN; *why: SQLite's words. */
CLI_MUST_CHECK enum sj_rc cli_store_open(const char *path, bool create, struct cli_store **out,
					 char why[static 128]);
/* NULL is fine. */
void cli_store_close(struct cli_store *store);

/*
 * The journal of a desk: a folder with journal.db, journal.key (0600), journal.pub and, when the operator's
 * office has made a key, its public half operator.pub. Several processes may use it at once; a
 * thread has its own.
 */
struct cli_journal;
/* Opens it; what is missing but operator.pub is made. */
CLI_MUST_CHECK int cli_journal_open(struct cli *cli, const char *dir, struct cli_journal **out);
/* Opens what is there. */
CLI_MUST_CHECK int cli_journal_read(struct cli *cli, const char *dir, struct cli_journal **out);
/* NULL is fine. */
void cli_journal_close(struct cli_journal *journal);
const struct sj_journal_store *cli_journal_store(const struct cli_journal *journal);
const uint8_t *cli_journal_public(const struct cli_journal *journal); /* SJ_JOURNAL_PUBLIC bytes */
/* NULL: there is none, and a service that has to keep data is refused (SJ_KEY_STORE). */
const uint8_t *cli_journal_operator(const struct cli_journal *journal);
/*
 * Adds the record of a verification and a signed head over it, as sj_evidence_add() does; answer
 * NULL: there was none, because of `failure`. The chip's proof is kept for proof_retention
 * seconds where the service keeps nothing.
 */
CLI_MUST_CHECK enum sj_rc cli_journal_record(struct cli_journal *journal,
					     struct sj_evidence *evidence,
					     const struct sj_answer *answer, enum sj_rc failure,
					     uint32_t proof_retention, uint64_t *number);
/* Erases what is due. */
CLI_MUST_CHECK enum sj_rc cli_journal_erase_due(struct cli_journal *journal, uint64_t *erased);
#define CLI_PROOF_RETENTION (30u * 86400u) /* unless the configuration says otherwise */

#endif
