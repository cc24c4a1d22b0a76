/*
 * cvrights.h -- rights of the service registry as card verifiable certificates carry them.
 *
 * Sources: BSI TR-03110-4 v2.21, tables 2 to 4; middleware/wire/std/sojourn.h (.3). The table is
 * sj_right_place_at(); what a card gives for a bit is the card's.
 */
#ifndef SJ_AUTHORITY_CVRIGHTS_H
#define SJ_AUTHORITY_CVRIGHTS_H

#include "authority/service.h"
#include "secure/cvc_rights.h"

/*
 * Of a terminal that may have `rights` (enum sj_gate_right bits). Inspection systems: fingerprints
 * alone have a bit there; signature terminals: nothing.
 */
struct sj_cvc_rights cv_rights_of(enum sj_cvc_terminal terminal, uint32_t rights);
/*
 * Of a row of the registry: those of its rights, and that the CAN is enough where the row says
 * so. False: an inspection system reads the whole LDS application, which the row may not; and no
 * row signs.
 */
bool cv_rights_of_row(enum sj_cvc_terminal terminal, const struct sj_service *row,
		      struct sj_cvc_rights *out);
/* Everything that rows can be given: of our own document verifiers. */
struct sj_cvc_rights cv_rights_of_all_rows(enum sj_cvc_terminal terminal);
/*
 * The i-th right of the registry by name if these cover it, "" if they do not or nothing stands
 * for it; NULL: past the end.
 */
const char *cv_right_at(const struct sj_cvc_rights *rights, size_t i);
/* A row has a right that no certificate of it can give: its name, else NULL. */
const char *cv_right_lost(const struct sj_service *row);

#endif
