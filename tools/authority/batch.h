/*
 * batch.h -- many holders in one file: JSON Lines, a person a line.
 *
 * Each line is a holder file (tools/schema/batch.schema.json: holder.schema.json and the
 * portrait). Lines are read one after the other: memory does not grow with their number.
 */
#ifndef SJ_AUTHORITY_BATCH_H
#define SJ_AUTHORITY_BATCH_H

#include "authority/holder.h"
#include "wire/bytes.h"

/* Bytes of a line: a holder file, and a portrait in base64. */
#define BATCH_LINE_MAX (HOLDER_FILE_MAX + 4u * 262144u / 3u)
#define BATCH_PORTRAIT_MAX (262144u - 1024u) /* what DG2 puts around it has the rest */

/* A file being read. */
struct batch_file;

/* What a line says. Texts and bytes are borrowed until the next line is read. */
struct batch_line {
	unsigned long number; /* from 1 */
	struct holder holder;
	struct sj_span json; /* the holder file, without the portrait, members by name */
	struct sj_span portrait;
};

enum batch_rc {
	BATCH_GOOD,
	BATCH_BAD, /* *fault says why, its `line` aside; the next line can be read */
	BATCH_END,
	BATCH_FAILED, /* errno says why: the file cannot be read on */
};

/* "-": standard input. NULL: errno says why. */
struct batch_file *batch_open(const char *path);
void batch_close(struct batch_file *file);
/* The next line that is not empty; out->number is set for a bad one, too. */
enum batch_rc batch_next(struct batch_file *file, struct batch_line *out,
			 struct holder_fault *fault);
/* How far it is: bytes read, and bytes in all (0: that is not known). */
void batch_place(const struct batch_file *file, uint64_t *read, uint64_t *size);

#endif
