/*
 * ceremony.h -- the protocol of a key ceremony: DIR/ceremony-N.txt, to be read aloud and signed.
 */
#ifndef SJ_AUTHORITY_CEREMONY_H
#define SJ_AUTHORITY_CEREMONY_H

#include "authority/registry.h"

/* Table row for commands that make root keys; a field of every command's option table. */
#define CEREMONY_OPTION \
	{ \
		"witness", 0, "NAME", "who is there, for the protocol; may be repeated", \
			CLI_COMPLETE_NONE, NULL, false \
	}

/* What the registry had before. */
struct ceremony {
	size_t keys, certificates, tokens, cv;
};
struct ceremony ceremony_begin(const struct authority *a);
/*
 * Writes the protocol of everything made since, with date, witnesses, where the keys lie and
 * fingerprints, and notes it; with --witness it is printed too. Call authority_save() after.
 * Returns 0 or the exit code of what it told.
 */
CLI_MUST_CHECK int ceremony_end(struct authority *a, const struct ceremony *before);

#endif
