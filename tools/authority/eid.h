/*
 * eid.h -- what a card in the making gets for its eID application, and for Terminal
 * Authentication in its LDS application.
 *
 * Sources: card-sim/applets/eid/EID.md; BSI TR-03110-2, -3 and -4 v2.21. Functions that return int
 * return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_EID_H
#define SJ_AUTHORITY_EID_H

#include "authority/eidgroups.h"
#include "authority/perso.h"
#include "authority/register.h"
#include "authority/sector.h"

#define EID_PIN_DIGITS 6u
#define EID_PUK_DIGITS 10u
#define EID_ANCHORS 4u /* two of each kind of terminals */

/* Starts zeroed; wiped with eid_wipe(). */
struct eid_data {
	bool wanted;
	/* CVCA certificates that the card is to believe; of a plain card those of inspection systems. */
	struct authority_certificate anchors[EID_ANCHORS];
	size_t anchor_count;
	/* What the register knows: the status value for terminals of each sector. */
	struct register_credential rows[SJ_GATE_SECTORS];
	uint32_t ends; /* with the document; seconds since 1970 UTC */
	char pin[EID_PIN_DIGITS + 1], puk[EID_PUK_DIGITS + 1];
	struct eid_groups groups;
	struct card_key ca[FILES_SECTORS], ri; /* that the card has made */
};

/*
 * What is the same for every card: whom it believes. `wanted`: an eID card; else a plain one,
 * which gets anchors where the authority has a CVCA of inspection systems.
 */
CLI_MUST_CHECK int eid_open(struct eid_data *e, const struct authority *a, bool wanted);
/*
 * Then everything that the holder file and the portrait say, for one card after the other; draws
 * PIN and PUK that are not given. SJ_INPUT_REFUSED: a data group cannot hold it.
 */
CLI_MUST_CHECK int eid_set_holder(struct eid_data *e, const struct authority *a,
				  const struct holder *h, struct sj_span portrait);
/* Wipes what belongs to that one card. */
void eid_clear_holder(struct eid_data *e);
/* To the LDS application, its target: anchors, the card's date, keys of each sector. */
CLI_MUST_CHECK int eid_make_keys(struct eid_data *e, struct perso *p,
				 const struct profile *profile);
/*
 * The eID application's part: its key, its data groups; indices were drawn. Not wanted: makes the
 * card forget an earlier attempt's.
 */
CLI_MUST_CHECK int eid_personalise_card(struct eid_data *e, struct perso *p);
void eid_wipe(struct eid_data *e);

/* Table rows for the options. */
#define EID_OPTIONS \
	{ "eid", \
	  0, \
	  NULL, \
	  "an eID card: its data to terminals with a certificate, to each its own part", \
	  CLI_COMPLETE_NONE, \
	  NULL, \
	  false }, \
		CLI_SECRET_OPTIONS("eid-pin", "PIN of an eID card"), \
		CLI_SECRET_OPTIONS("eid-puk", "PUK of an eID card")

#endif
