#include "tests/fuzz/parsers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/failures.h"

static struct fuzz_room (*const rooms[])(void) = {
	fuzz_wire,     fuzz_lds,     fuzz_crypt,   fuzz_secure,  fuzz_card,    fuzz_issue,
	fuzz_document, fuzz_edhoc,   fuzz_status,  fuzz_gate,    fuzz_journal, fuzz_piv,
	fuzz_key,      fuzz_pivcard, fuzz_module,  fuzz_eid,     fuzz_service, fuzz_counter,
	fuzz_config,   fuzz_link,    fuzz_reading, fuzz_applets, fuzz_calls,   fuzz_pcsc,
	fuzz_store,    fuzz_bundle,
};

const struct fuzz_parser *fuzz_parser_at(size_t i)
{
	for (size_t r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++) {
		const struct fuzz_room room = rooms[r]();

		if (i < room.count)
			return &room.parsers[i];
		i -= room.count;
	}
	return NULL;
}

const struct fuzz_parser *fuzz_parser_named(const char *name)
{
	const struct fuzz_parser *p;

	for (size_t i = 0; (p = fuzz_parser_at(i)) != NULL; i++) {
		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

bool fuzz_is_stateful(const struct fuzz_parser *p)
{
	static const char *const names[] = {
		"card-commands",  "key-card-commands", "key-groupings",    "pivcard",
		"module",         "service-groups",    "gate-select",      "gate-answer",
		"counter-api",    "vpcd-link",         "document-reading", "service-reading",
		"gate-tap",       "applet-document",   "applet-eid",       "applet-gate",
		"applet-manager", "applet-piv",        "module-calls",     "pcsc",
		"journal-life",   "bundle-take",       "counter-http",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(p->name, names[i]) == 0)
			return true;
	}
	return false;
}

int fuzz_file(struct sj_span bytes, char path[static FUZZ_PATH])
{
	static int fd = -1;

	fuzz_calm_begin();
	if (fd < 0) {
		fd = memfd_create("input", MFD_CLOEXEC);
		fuzz_stays();
	}
	if (fd < 0 || pwrite(fd, bytes.ptr, bytes.len, 0) != (ssize_t)bytes.len ||
	    ftruncate(fd, (off_t)bytes.len) != 0 || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	fuzz_calm_end();
	snprintf(path, FUZZ_PATH, "/proc/self/fd/%d", fd);
	return fd;
}

/* Once into what is volatile: into it each time costs more than most parsers. */
void fuzz_touch(struct sj_span bytes)
{
	volatile uint8_t sink;
	uint8_t all = 0;

	for (size_t i = 0; i < bytes.len; i++)
		all ^= bytes.ptr[i];
	sink = all;
	(void)sink;
}
