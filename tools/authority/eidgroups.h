/*
 * eidgroups.h -- data groups of the eID application from a holder file.
 *
 * Source: BSI TR-03110-4 v2.21, table 1; card-sim/applets/eid/EID.md for 23 and more.
 */
#ifndef SJ_AUTHORITY_EIDGROUPS_H
#define SJ_AUTHORITY_EIDGROUPS_H

#include "authority/holder.h"
#include "secure/gate.h"
#include "wire/eid.h"

#define EID_GROUP_MAX 65536u /* bytes of a group */
#define EID_COMPARED_MAX 32u

struct eid_groups {
	struct eid_group {
		uint8_t *bytes; /* whole; len 0: there is none */
		size_t len;
	} groups[SJ_EID_GROUPS]; /* 1 to 29; a card has one status value (30) a sector */
	/* What auxiliary data are compared with: birth, expiry, community. */
	uint8_t compared[EID_COMPARED_MAX];
	size_t compared_len;
};

/* 0: made; else the group that cannot hold what it should. Free in any case. */
unsigned eid_groups_make(struct eid_groups *out, const struct holder *h, const char *country,
			 enum sj_gate_class class, struct sj_span portrait);
void eid_groups_free(struct eid_groups *groups);
/* The holder file's member that this group comes from. */
const char *eid_group_member(unsigned group);

#endif
