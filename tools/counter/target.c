/* target.c -- adapters: our own names become the target's, a file is dropped or posted. */
#include <stdlib.h>
#include <string.h>

#include "counter/counter.h"

#define MAP_MAX 65536u

int counter_targets_load(struct cli *cli, struct counter_config *config)
{
	(void)cli;
	(void)config;
	return 0;
}

enum sj_rc counter_target_send(const struct counter_target *target, struct counter_registration *r)
{
	(void)target;
	snprintf(r->note, sizeof(r->note), "no adapter");
	return SJ_TARGET_REFUSED;
}
