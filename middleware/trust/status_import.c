/* status_import.c -- a new list or a delta into the slot that is not in use. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/memory.h"
#include "trust/status_delta.h"
#include "trust/status_folder.h"

/* An import in progress. */
struct import {
	const struct sj_trust_io *io;
	int dir, lock; /* -1: not yet */
	struct sj_status_folders folders;
	struct sj_signers *signers;
	struct sj_status *present; /* newest.epoch: 0 if there is none */
	bool loaded; /* present has a list */
	struct sj_status_head head; /* the new one */
	const char *why; /* NULL: the result code says enough */
};

static enum sj_rc refuse(struct import *import, enum sj_rc rc, const char *why)
{
	import->why = why;
	return rc;
}

/* Opens the directory and reads the head; takes the lock of its issuer's folder. */
static enum sj_rc begin(struct import *import, const char *directory, struct sj_span head)
{
	enum sj_rc rc = sj_status_directory_open(directory, &import->dir, &import->signers);

	if (rc != SJ_OK) {
		import->dir = -1;
		import->signers = NULL;
		return rc == SJ_TRUST_MISSING
			       ? refuse(import, rc,
					"There is no gate CA in this directory: import it first.")
			       : rc;
	}
	rc = sj_status_head_read(head, import->signers, &import->head);
	if (rc == SJ_INPUT_MALFORMED)
		return refuse(import, rc, "Its head is not the head of a status list.");
	if (rc == SJ_INPUT_REFUSED)
		return refuse(import, rc,
			      "No status signer of this directory has signed it: import the "
			      "signer first, or ask where the list comes from.");
	import->present = calloc(1, sizeof(*import->present));
	if (import->present == NULL)
		return SJ_NO_MEMORY;
	rc = sj_status_folder_make(import->dir, import->head.issuer);
	if (rc == SJ_OK)
		rc = sj_status_folders_open(import->dir, import->head.issuer, &import->folders);
	if (rc == SJ_OK)
		rc = sj_trust_lock(import->folders.own, &import->lock);
	if (rc != SJ_OK)
		return rc;
	sj_trust_sweep(import->folders.own);
	rc = sj_status_folders_load(&import->folders, import->head.issuer, import->signers,
				    import->present);
	import->loaded = rc == SJ_OK;
	/* Damage is repaired by what comes; what could not be read may be newer than that. */
	if (rc == SJ_TRUST_MISSING || (rc == SJ_TRUST_UNREADABLE && !import->present->unread))
		rc = SJ_OK;
	return rc;
}

static void end(struct import *import)
{
	if (import->present != NULL)
		sj_status_unload(import->present);
	free(import->present);
	free(import->signers);
	if (import->lock >= 0)
		close(import->lock);
	sj_status_folders_close(&import->folders);
	if (import->dir >= 0)
		close(import->dir);
}

/* Never back, and never two of one epoch. */
static enum sj_rc check_epoch(struct import *import)
{
	const struct sj_status_head *newest = &import->present->newest;

	if (import->head.epoch < newest->epoch)
		return refuse(import, SJ_INPUT_REFUSED,
			      "It is older than what was seen before: get the newest one.");
	if (import->head.epoch == newest->epoch && !sj_status_head_eq(&import->head, newest))
		return refuse(import, SJ_INPUT_REFUSED,
			      "Another head of the same epoch was seen before: tell the issuer.");
	return SJ_OK;
}

static bool is_present(const struct import *import)
{
	return import->loaded && import->present->slot.head.epoch == import->head.epoch;
}

/* The body must be what building it from its own indices gives: one list, one root. */
static bool is_canonical(const struct sj_status_list *list)
{
	struct sj_status_draft *draft = malloc(sizeof(*draft));
	struct sj_span again;
	bool ok;

	if (draft == NULL) {
		sj_memory_note();
		return false;
	}
	ok = sj_status_draft_begin(draft, &list->parts);
	for (uint32_t i = 0; ok && i < list->parts.n; i++) {
		const struct sj_status_part *part = &list->parts.list[i];

		for (uint32_t b = 0; ok && b < sj_status_blocks(part->size); b++) {
			ok = sj_status_list_read(list, part, b, &draft->bits);
			sj_status_draft_block(draft, sj_status_block_size(part, b));
		}
	}
	ok = ok && sj_status_draft_end(draft, &again) && sj_span_eq(again, list->body);
	sj_status_draft_free(draft);
	free(draft);
	return ok;
}

/* The new body of a delta, in the draft. */
static enum sj_rc apply(struct import *import, struct sj_span delta, struct sj_status_draft *draft,
			struct sj_span *body)
{
	enum sj_rc rc;

	if (!import->loaded)
		return refuse(import, SJ_INPUT_REFUSED,
			      "It is a delta, and there is no list to apply it to: import a whole "
			      "list.");
	if (memcmp(import->head.previous, import->present->slot.head.root, SJ_STATUS_ROOT) != 0)
		return refuse(import, SJ_INPUT_REFUSED,
			      "It is a delta to another list than the present one: import those in "
			      "between, or a whole list.");
	rc = sj_status_delta_apply(&import->present->list, delta, draft, body);
	return rc == SJ_INPUT_MALFORMED ? refuse(import, rc, "The delta is damaged.") : rc;
}

/* Slot first, head last: a cut between them leaves a list that is newer than the head. */
static enum sj_rc write_slot(struct import *import, struct sj_span head, struct sj_span body)
{
	unsigned number = import->loaded ? 1 - import->present->number : 0;
	const struct sj_status_file file = { SJ_STATUS_FILE_LIST, head, body };
	size_t size = SJ_STATUS_FILE_HEAD + head.len + body.len;
	uint8_t *bytes = malloc(size);
	struct sj_writer w = sj_writer(bytes, size);
	enum sj_rc rc;

	if (bytes == NULL)
		return SJ_NO_MEMORY;
	sj_status_file_put(&w, &file);
	rc = w.failed ? SJ_INTERNAL
		      : sj_trust_replace(import->io, import->folders.own,
					 sj_status_slot_name(number), sj_written(&w));
	if (rc == SJ_OK)
		rc = sj_trust_replace(import->io, import->folders.own, SJ_STATUS_HEAD_NAME, head);
	free(bytes);
	return rc;
}

static enum sj_rc take_in(struct import *import, const struct sj_status_file *file)
{
	struct sj_status_draft *draft = calloc(1, sizeof(*draft));
	struct sj_status_list *list = calloc(1, sizeof(*list));
	struct sj_span body = file->body;
	enum sj_rc rc = draft != NULL && list != NULL ? check_epoch(import) : SJ_NO_MEMORY;

	if (rc == SJ_OK && !is_present(import)) {
		if (file->kind == SJ_STATUS_FILE_DELTA)
			rc = apply(import, file->body, draft, &body);
		if (rc == SJ_OK &&
		    !(sj_status_body_open(body, &import->head, list) && is_canonical(list)))
			rc = refuse(import, SJ_INPUT_REFUSED,
				    "It is not what its head signs: it was altered or damaged.");
		if (rc == SJ_OK)
			rc = write_slot(import, file->head, body);
	}
	if (draft != NULL)
		sj_status_draft_free(draft);
	free(draft);
	free(list);
	return rc;
}

enum sj_rc sj_status_import_with(const struct sj_trust_io *io, const char *directory,
				 struct sj_span bytes, const char **why)
{
	struct import import = { .io = io, .dir = -1, .folders = { -1, -1 }, .lock = -1 };
	struct sj_status_file file;
	enum sj_rc rc;

	if (sj_status_file_read(bytes, &file)) {
		rc = begin(&import, directory, file.head);
		if (rc == SJ_OK)
			rc = take_in(&import, &file);
		end(&import);
	} else {
		rc = refuse(&import, SJ_INPUT_MALFORMED,
			    "It is neither a status list nor a delta.");
	}
	if (why != NULL)
		*why = import.why;
	return rc;
}

enum sj_rc sj_status_note_with(const struct sj_trust_io *io, const char *directory,
			       struct sj_span head, const char **why)
{
	struct import import = { .io = io, .dir = -1, .folders = { -1, -1 }, .lock = -1 };
	enum sj_rc rc = begin(&import, directory, head);

	/* An older head is what many cards carry: no news, and no fault. */
	if (rc == SJ_OK && import.head.epoch >= import.present->newest.epoch) {
		rc = check_epoch(&import);
		if (rc == SJ_OK && import.head.epoch > import.present->newest.epoch)
			rc = sj_trust_replace(io, import.folders.own, SJ_STATUS_HEAD_NAME, head);
	}
	end(&import);
	if (why != NULL)
		*why = import.why;
	return rc;
}

enum sj_rc sj_status_import(const char *directory, const uint8_t *bytes, size_t len,
			    const char **why)
{
	const unsigned mark = sj_memory_mark();
	const struct sj_trust_io io = sj_trust_io_system();

	return sj_memory_rc(mark, sj_status_import_with(&io, directory, sj_span(bytes, len), why));
}

enum sj_rc sj_status_note_head(const char *directory, const uint8_t *head, size_t len,
			       const char **why)
{
	const unsigned mark = sj_memory_mark();
	const struct sj_trust_io io = sj_trust_io_system();

	return sj_memory_rc(mark, sj_status_note_with(&io, directory, sj_span(head, len), why));
}
