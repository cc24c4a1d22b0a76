/* other.h -- how world.c begins and ends the other process. */
#ifndef TESTS_WORLD_OTHER_H
#define TESTS_WORLD_OTHER_H

#include "tests/world/world.h"

void world_other_start(struct world *w);
void world_other_stop(struct world *w);

#endif
