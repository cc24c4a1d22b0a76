/* bundle_services.c -- the service registry that came with the bundle in use. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sojourn/bundle.h>

#include "reader/memory.h"
#include "trust/slot.h"

#define SERVICES_NAME "services.json"

enum sj_rc sj_bundle_services(const char *directory, char *json, size_t *len)
{
	const unsigned mark = sj_memory_mark();
	struct sj_trust_file file = { NULL, 0 };
	struct sj_slot slot = { .fd = -1 };
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum sj_rc rc;

	if (dir < 0)
		return sj_memory_rc(mark, sj_trust_unopened(errno));
	rc = sj_slot_open(dir, &slot);
	if (rc == SJ_OK && slot.fd < 0)
		rc = SJ_TRUST_MISSING;
	if (rc == SJ_OK)
		rc = sj_trust_read(slot.fd, SERVICES_NAME, SJ_BUNDLE_SERVICES_MAX, &file);
	if (rc == SJ_OK && file.len > *len)
		rc = SJ_FILE_TOO_LARGE;
	if (rc == SJ_OK) {
		memcpy(json, file.bytes, file.len);
		*len = file.len;
	}
	sj_trust_file_free(&file);
	if (slot.fd >= 0)
		close(slot.fd);
	close(dir);
	return sj_memory_rc(mark, rc);
}
