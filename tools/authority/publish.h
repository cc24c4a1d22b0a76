/*
 * publish.h -- the authority's next trust bundle, written to a folder that any web server serves.
 *
 * middleware/trust/BUNDLE.md has the bytes, DIRECTORY.md ("Publishing") what goes in and what is
 * kept. Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_PUBLISH_H
#define SJ_AUTHORITY_PUBLISH_H

#include <sojourn/bundle.h>

#include "authority/register.h"

#define PUBLISH_DAYS 7ul
#define PUBLISH_KEEP 30ul
#define PUBLISH_KEEP_MAX 200ul

struct publish_plan {
	const char *dir;
	unsigned long days; /* for which bundle and status list hold */
	unsigned long keep; /* deltas from so many of the lists before */
	bool if_needed; /* not if nothing changed and more than half of the time is left */
};

/* What was published. */
struct publication {
	bool fresh; /* false: nothing was needed; the rest is zero */
	uint32_t version, epoch;
	int64_t created, expires; /* seconds since 1970 UTC */
	size_t revoked, files, deltas;
	uint64_t list; /* bytes of the whole status list */
	uint64_t added; /* bytes of files that the folder did not have */
	char manifest[SJ_BUNDLE_NAME_SIZE];
};

/* Publishes. Saves the registry before `latest` changes: a version may be lost, never given twice. */
CLI_MUST_CHECK int publish(struct authority *a, struct holder_register *r,
			   const struct publish_plan *plan, struct publication *out);

#endif
