/*
 * ledger.h -- what an authority has issued, credential by credential, and which
 * indices of its status list are used and revoked.
 *
 * DIRECTORY.md describes the files. Any number of processes may issue at once.
 * Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_LEDGER_H
#define SJ_AUTHORITY_LEDGER_H

#include "authority/registry.h"
#include "secure/cwt.h"
#include "wire/mrz.h"

#define LEDGER_MONTHS_AHEAD 124u /* ten years and a signer's three months */

/*
 * A credential; sector 0: slot 0 is the document itself (DG13), which has no key, slot 1 the
 * keys of its key application (keys.h says what key_x then is).
 */
#define LEDGER_SLOT_KEYS 1u
struct ledger_row {
	char document[SJ_MRZ_NUMBER_MAX + 1];
	uint8_t sector, slot;
	struct sj_status_ref status;
	uint32_t expires; /* seconds since 1970 UTC */
	uint8_t key_x[SJ_CWT_KEY];
};

/* The partition of a credential that expires then; false: before 2020. */
SJ_MUST_CHECK bool ledger_partition(uint32_t expires, uint16_t *out);

/*
 * Draws an index for each of these rows, which are of one card, and records
 * them: whatever happens to the card, no index is given twice.
 */
CLI_MUST_CHECK int ledger_issue(const struct authority *a, struct ledger_row *rows, size_t n);
/* Calls `row` for everything that was issued to this document; NULL: to all. */
CLI_MUST_CHECK int ledger_find(const struct authority *a, const char *document,
			       int (*row)(void *user, const struct ledger_row *row), void *user);
/* Marks all that was issued to this document; SJ_INPUT_REFUSED is told when nothing was. */
CLI_MUST_CHECK int ledger_revoke(const struct authority *a, const char *document, size_t *marked);

/* The management keys of cards: `number guid algorithm key` in a line. */
#define LEDGER_ADMIN_KEYS "management-keys.txt"
/*
 * Appends lines to DIR/<file>, which only its owner may read; on the disk after. What a power
 * cut left unfinished there stays alone.
 */
CLI_MUST_CHECK int ledger_append(const struct authority *a, const char *file, const char *lines,
				 size_t len);

/* Indices a partition has. */
uint32_t ledger_indices(const struct authority *a);

enum ledger_bits { LEDGER_USED, LEDGER_REVOKED };
/*
 * The bits of a partition, bit i % 8 of byte i / 8 for each of ledger_indices();
 * free them. *out NULL: none is set.
 */
CLI_MUST_CHECK int ledger_bits_read(const struct authority *a, uint16_t partition,
				    enum ledger_bits which, uint8_t **out);

#endif
