/*
 * signatures.h -- every use of an authority's private key leaves a record.
 *
 * DIR/signatures.log, described in DIRECTORY.md, is appended to and chained by hashes. It is a
 * file and no table of the register: it lies beside the keys, so an offline root has it, no
 * database need answer for a key to sign, and whoever can write the register cannot write it.
 * Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_SIGNATURES_H
#define SJ_AUTHORITY_SIGNATURES_H

#include "authority/registry.h"

#define SIGNATURES_CHAIN 32u /* bytes: SHA-256 */

/* What was signed and is not in the file yet. */
struct signatures;
struct signatures *signatures_new(void);
void signatures_free(struct signatures *s);
/* Before a key signs: false: no memory, so it must not sign. */
SJ_MUST_CHECK bool signatures_add(struct signatures *s, const char *key, struct sj_span digest);

/*
 * What the next signatures are for, in a word ("CRL"), until this is called again; NULL: what
 * keys of that role mostly sign.
 */
void signatures_for(const struct authority *a, const char *purpose);
/*
 * Writes what was signed to the file, to the disk. Before anything that was signed leaves the
 * authority: authority_save() and authority_file_write() do it by themselves; whoever writes
 * elsewhere, or locks a card, calls this first.
 */
CLI_MUST_CHECK int signatures_flush(const struct authority *a);

/* A line of the file; texts are borrowed until the function returns. */
struct signature_row {
	int64_t when;
	const char *key, *purpose;
	size_t count;
};
/*
 * Reads the file from its beginning, checks the chain, and calls `found` for each line. *records
 * gets their number, `chain` the last hash. SJ_INPUT_REFUSED names the first line that does not
 * hold.
 */
CLI_MUST_CHECK int signatures_check(const struct authority *a,
				    void (*found)(void *user, const struct signature_row *row),
				    void *user, size_t *records,
				    uint8_t chain[static SIGNATURES_CHAIN]);

#endif
