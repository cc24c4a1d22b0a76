#include "tests/fuzz/parsers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/failures.h"

static const struct {
	const char *name;
	struct fuzz_room (*parsers)(void);
} rooms[] = {
#ifdef ROOM /* a harness of one room */
	ROOM
#else
	{ "wire", fuzz_wire },         { "lds", fuzz_lds },         { "crypt", fuzz_crypt },
	{ "secure", fuzz_secure },     { "card", fuzz_card },       { "issue", fuzz_issue },
	{ "document", fuzz_document }, { "edhoc", fuzz_edhoc },     { "status", fuzz_status },
	{ "gate", fuzz_gate },         { "journal", fuzz_journal }, { "piv", fuzz_piv },
	{ "key", fuzz_key },           { "pivcard", fuzz_pivcard }, { "module", fuzz_module },
	{ "eid", fuzz_eid },           { "service", fuzz_service }, { "counter", fuzz_counter },
	{ "config", fuzz_config },     { "link", fuzz_link },       { "reading", fuzz_reading },
	{ "applets", fuzz_applets },   { "calls", fuzz_calls },     { "pcsc", fuzz_pcsc },
	{ "store", fuzz_store },       { "bundle", fuzz_bundle },   { "tools", fuzz_tools },
#endif
};

const struct fuzz_parser *fuzz_parser_at(size_t i)
{
	for (size_t r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++) {
		const struct fuzz_room room = rooms[r].parsers();

		if (i < room.count)
			return &room.parsers[i];
		i -= room.count;
	}
	return NULL;
}

const char *fuzz_room_of(const struct fuzz_parser *p)
{
	for (size_t r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++) {
		const struct fuzz_room room = rooms[r].parsers();

		if (p >= room.parsers && p < room.parsers + room.count)
			return rooms[r].name;
	}
	return "?";
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
