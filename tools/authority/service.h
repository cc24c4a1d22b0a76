/*
 * service.h -- the service registry: who may ask a card for what.
 *
 * A JSON file as tools/schema/service.schema.json describes it. The one that
 * ships is an example; an authority's own lies in its directory.
 */
#ifndef SJ_AUTHORITY_SERVICE_H
#define SJ_AUTHORITY_SERVICE_H

#include "authority/registry.h"
#include "secure/gate.h"

#define SERVICES_MAX 255u
/* What the gate applet gives: rows without CAN and PIN are limited to it. */
#define SERVICE_GATE_RIGHTS \
	((uint32_t)(SJ_RIGHT_VALID | SJ_RIGHT_CLASS | SJ_RIGHT_PSEUDONYM | SJ_RIGHT_TICKET) | \
	 ((1u << SJ_GATE_AGES) - 1) * (uint32_t)SJ_RIGHT_AGE_FIRST)

/* What the holder gives besides the card. */
enum service_access { SERVICE_NONE, SERVICE_CAN, SERVICE_PIN };

struct service {
	uint8_t id; /* from 1 */
	enum sj_gate_sector sector;
	const char *name;
	enum service_access access;
	uint32_t stale; /* seconds: how old a status list may be */
	uint32_t rights; /* enum sj_gate_right bits, SJ_RIGHT_VALID always */
	uint32_t keep; /* of them: what the service has to keep; 0: nothing */
	uint32_t retention; /* seconds: how long */
};

struct services {
	json_t *root; /* keeps the names alive */
	struct service rows[SERVICES_MAX]; /* by rising id */
	size_t count;
};

/*
 * Reads and checks a registry; path NULL: the one that ships. Returns 0 or the
 * exit code of what it told. Free with services_free(), whatever this returned.
 */
CLI_MUST_CHECK int services_read(struct cli *cli, const char *path, struct services *out);
/* The registry of this authority, or else the one that ships. */
CLI_MUST_CHECK int services_read_of(const struct authority *a, struct services *out);
void services_free(struct services *s);
/* By number or name; NULL: none. */
const struct service *services_find(const struct services *s, const char *which);

#endif
