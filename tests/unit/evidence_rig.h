/*
 * evidence_rig.h -- everything that evidence is made of: a document with a chip's key, its issuer, a
 * terminal with its chain, a journal in memory, an operator's key. For tests.
 */
#ifndef SJ_TESTS_UNIT_EVIDENCE_RIG_H
#define SJ_TESTS_UNIT_EVIDENCE_RIG_H

#include "eid/eid.h"
#include "journal/evidence.h"
#include "tests/unit/memory.h"

#define RIG_NOW INT64_C(1790000000)
#define RIG_CERT_MAX 700u

enum rig_entity { RIG_CVCA, RIG_DV, RIG_TERMINAL, RIG_ENTITIES };

struct rig {
	struct memory_store kept;
	struct sj_journal_store store;
	struct sj_journal *journal;
	uint8_t key[SJ_JOURNAL_KEY], public_key[SJ_JOURNAL_PUBLIC];
	uint8_t operator_key[SJ_OPERATOR_KEY], operator_public[SJ_OPERATOR_PUBLIC];
	struct sj_key *keys[RIG_ENTITIES];
	uint8_t certs[RIG_ENTITIES][RIG_CERT_MAX];
	size_t cert_len[RIG_ENTITIES];
	char dir[40];
	struct sj_terminal *terminal;
	struct sj_service service; /* keeps name and portrait for a day */
	struct sj_trust *trust; /* believes the document's CSCA */
	uint8_t crl[1024]; /* of that CSCA, revoking nobody; overdue since yesterday */
	size_t crl_len;
	struct sj_ec_secret chip;
	uint8_t chip_key[SJ_EC_SPKI_MAX];
	size_t chip_key_len;
	uint8_t *sod, *groups; /* EF.SOD, DG14 || DG15 */
	size_t sod_len, groups_len;
	struct sj_evidence *evidence;
	struct sj_answer *answer;
	struct sj_evidence_options options;
	uint8_t *file; /* the last export */
	size_t file_len;
	const char *why;
	struct sj_evidence_trust believed; /* the trust store and the CVCA */
	struct sj_evidence_report *report; /* of the last proof */
};

int rig_open(void **state);
int rig_close(void **state);
/* An answer of a plain document, with name, birth date and portrait, as if the chip had been asked. */
void rig_answer(struct rig *r);
/* Chip Authentication instead. */
void rig_agreed(struct rig *r);
/* Adds it; gives its number. */
uint64_t rig_add(struct rig *r);
/* Both of the above, with Active Authentication. */
uint64_t rig_verify(struct rig *r);
struct sj_journal_record rig_read(struct rig *r, uint64_t number);
/* Exports with the operator's key, or without. */
enum sj_rc rig_export(struct rig *r, uint64_t number, bool with_key, bool data);
enum sj_rc rig_prove(struct rig *r);
struct sj_check rig_step(const struct rig *r, enum sj_evidence_step step);

#endif
