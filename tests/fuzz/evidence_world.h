/*
 * evidence_world.h -- exports of evidence: made by a journal, a terminal and a chip whose keys are known, so that
 * what is changed in one can be hashed and signed again.
 */
#ifndef TESTS_FUZZ_EVIDENCE_WORLD_H
#define TESTS_FUZZ_EVIDENCE_WORLD_H

#include "journal/evidence.h"

extern const struct sj_ec_secret evidence_journal;

/* The CVCA is believed, and the time is the record's. */
struct sj_evidence_trust evidence_trust(void);

#define EVIDENCE_PROVED 6u /* the one that a CVCA vouches for */
#define EVIDENCE_SIGNED 150u /* a byte of the signature of its head */
/* The i-th of all kinds; false: there is none. */
bool evidence_put_export(size_t i, struct sj_writer *out);

/* The same with commitments, signatures and hashes of what is in it; false: it is no export with a record. */
bool evidence_mend(struct sj_span in, struct sj_writer *out);

#endif
