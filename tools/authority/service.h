/* service.h -- the service registry of an authority; the reading is cli/services.h's. */
#ifndef SJ_AUTHORITY_SERVICE_H
#define SJ_AUTHORITY_SERVICE_H

#include "authority/registry.h"
#include "cli/services.h"
#include "secure/gate.h"

#define SERVICES_NAME "services.json"

/* What the gate applet gives: rows without CAN and PIN are limited to it. */
#define SERVICE_GATE_RIGHTS \
	((uint32_t)(SJ_RIGHT_VALID | SJ_RIGHT_CLASS | SJ_RIGHT_PSEUDONYM | SJ_RIGHT_TICKET) | \
	 ((1u << SJ_GATE_AGES) - 1) * (uint32_t)SJ_RIGHT_AGE_FIRST)

/* DIR/services.json if it is there, else the one that ships; free it. NULL: told. */
char *services_path(const struct authority *a);
/* The registry of this authority, or else the one that ships. Free with free(). */
CLI_MUST_CHECK int services_read_of(const struct authority *a, struct cli_services **out);

#endif
