/* status_store.c -- opening an issuer's list: the newest slot that holds. */
#include "trust/status_store.h"
#include "reader/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/slot.h"
#include "trust/status_folder.h"
#include "wire/hex.h"

#define FILE_MAX (SJ_STATUS_BODY_MAX + SJ_STATUS_FILE_HEAD + SJ_STATUS_HEAD_MAX)

/* Own slots, then the bundle's list, which lies as the first slot does. */
#define LISTS (SJ_STATUS_SLOTS + 1)

static const char *const slot_names[SJ_STATUS_SLOTS] = { "a", "b" };

const char *sj_status_slot_name(unsigned number)
{
	return slot_names[number];
}

/* --- folders ------------------------------------------------------------------------- */

static bool issuer_path(const char *issuer, char out[static SJ_STATUS_PATH])
{
	char digits[2 * SJ_STATUS_ISSUER_MAX];
	size_t len = strlen(issuer);

	if (len == 0 || len >= SJ_STATUS_ISSUER_MAX ||
	    !sj_hex_text(sj_span((const uint8_t *)issuer, len), SJ_HEX_LOWER, digits,
			 sizeof(digits)))
		return false;
	snprintf(out, SJ_STATUS_PATH, SJ_STATUS_FOLDER "/%s", digits);
	return true;
}

enum sj_rc sj_status_folder_make(int dir, const char *issuer)
{
	char path[SJ_STATUS_PATH];

	if (!issuer_path(issuer, path))
		return SJ_USAGE;
	if ((mkdirat(dir, SJ_STATUS_FOLDER, 0755) != 0 && errno != EEXIST) ||
	    (mkdirat(dir, path, 0755) != 0 && errno != EEXIST))
		return sj_trust_errno(errno);
	return SJ_OK;
}

enum sj_rc sj_status_folders_open(int dir, const char *issuer, struct sj_status_folders *out)
{
	char path[SJ_STATUS_PATH];
	enum sj_rc rc;

	*out = (struct sj_status_folders){ -1, -1 };
	if (!issuer_path(issuer, path))
		return SJ_USAGE;
	rc = sj_trust_folder(dir, path, &out->own);
	if (rc == SJ_OK)
		rc = sj_slot_folder(dir, path, &out->bundled);
	if (rc != SJ_OK)
		return rc;
	return out->own >= 0 || out->bundled >= 0 ? SJ_OK : SJ_TRUST_MISSING;
}

void sj_status_folders_close(struct sj_status_folders *folders)
{
	if (folders->own >= 0)
		close(folders->own);
	if (folders->bundled >= 0)
		close(folders->bundled);
}

static enum sj_rc directory_open(const char *directory, int *out)
{
	*out = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out >= 0)
		return SJ_OK;
	return sj_trust_unopened(errno);
}

enum sj_rc sj_status_directory_open(const char *directory, int *out, struct sj_signers **signers)
{
	enum sj_rc rc = directory_open(directory, out);

	if (rc != SJ_OK)
		return rc;
	*signers = malloc(sizeof(**signers));
	rc = *signers != NULL ? sj_signers_load(*out, *signers) : SJ_NO_MEMORY;
	if (rc != SJ_OK) {
		free(*signers);
		close(*out);
	}
	return rc;
}

/* --- slots ------------------------------------------------------------------------------ */

/*
 * Read, not mapped: a file that is written over in place would change what was
 * verified, and kill whoever looks at a page that it no longer has.
 * SJ_TRUST_MISSING: there is no such file. Whatever else it holds is SJ_OK.
 */
static enum sj_rc slot_read(int folder, const char *name, const char *issuer,
			    const struct sj_signers *signers, struct sj_status_slot *slot)
{
	enum sj_rc rc;

	memset(slot, 0, sizeof(*slot));
	if (folder < 0)
		return SJ_TRUST_MISSING;
	rc = sj_trust_read(folder, name, FILE_MAX, &slot->bytes);
	slot->signed_head =
		rc == SJ_OK &&
		sj_status_file_read(sj_span(slot->bytes.bytes, slot->bytes.len), &slot->file) &&
		slot->file.kind == SJ_STATUS_FILE_LIST &&
		sj_status_head_read(slot->file.head, signers, &slot->head) == SJ_OK &&
		strcmp(slot->head.issuer, issuer) == 0;
	return rc;
}

static void note_newest(struct sj_status *status, const struct sj_status_head *head,
			struct sj_span token)
{
	if (head->epoch <= status->newest.epoch || token.len > sizeof(status->newest_token))
		return;
	status->newest = *head;
	memcpy(status->newest_token, token.ptr, token.len);
	status->newest_len = token.len;
}

static enum sj_rc read_head_file(int folder, const char *issuer, const struct sj_signers *signers,
				 struct sj_status *status)
{
	struct sj_trust_file file = { NULL, 0 };
	struct sj_status_head head;
	enum sj_rc rc = SJ_TRUST_MISSING;

	if (folder >= 0)
		rc = sj_trust_read(folder, SJ_STATUS_HEAD_NAME, SJ_STATUS_HEAD_MAX, &file);
	if (rc == SJ_OK &&
	    sj_status_head_read(sj_span(file.bytes, file.len), signers, &head) == SJ_OK &&
	    strcmp(head.issuer, issuer) == 0)
		note_newest(status, &head, sj_span(file.bytes, file.len));
	sj_trust_file_free(&file);
	return rc == SJ_TRUST_MISSING ? SJ_OK : rc;
}

/* Takes the slot if its body is what its head signs. */
static bool take_slot(struct sj_status *status, struct sj_status_slot *slot)
{
	if (!slot->signed_head || !sj_status_body_open(slot->file.body, &slot->head, &status->list))
		return false;
	status->slot = *slot;
	slot->bytes = (struct sj_trust_file){ NULL, 0 };
	return true;
}

/* The newest that holds of all; own slots first where it is the same. */
static bool take_newest(struct sj_status *status, struct sj_status_slot slots[static LISTS])
{
	struct sj_status_slot *best;

	do {
		best = &slots[0];
		for (unsigned i = 1; i < LISTS; i++)
			if (slots[i].head.epoch > best->head.epoch)
				best = &slots[i];
		if (take_slot(status, best))
			return true;
		best->head.epoch = 0;
		best->signed_head = false;
	} while (slots[0].signed_head || slots[1].signed_head || slots[2].signed_head);
	return false;
}

enum sj_rc sj_status_folders_load(const struct sj_status_folders *folders, const char *issuer,
				  const struct sj_signers *signers, struct sj_status *status)
{
	struct sj_status_slot slots[LISTS];
	enum sj_rc rc = SJ_OK, slot_rc;
	bool any = false, taken;
	unsigned number = 0;

	memset(status, 0, sizeof(*status));
	for (unsigned i = 0; i < LISTS; i++) {
		const bool own = i < SJ_STATUS_SLOTS;

		slot_rc = slot_read(own ? folders->own : folders->bundled,
				    slot_names[i % SJ_STATUS_SLOTS], issuer, signers, &slots[i]);
		any = any || slot_rc != SJ_TRUST_MISSING;
		/* An older one does not stand in for what a disk would not give. */
		if (slot_rc != SJ_OK && slot_rc != SJ_TRUST_MISSING)
			rc = slot_rc;
		if (slots[i].signed_head)
			note_newest(status, &slots[i].head, slots[i].file.head);
	}
	if (rc == SJ_OK)
		rc = read_head_file(folders->own, issuer, signers, status);
	status->unread = rc != SJ_OK;
	if (slots[1].head.epoch > slots[0].head.epoch)
		number = 1;
	taken = rc == SJ_OK && take_newest(status, slots);
	/* An own one that does not hold is the one to replace. */
	if (taken && !slots[number].signed_head && slots[number].bytes.bytes != NULL)
		number = 1 - number;
	status->number = number;
	for (unsigned i = 0; i < LISTS; i++)
		sj_trust_file_free(&slots[i].bytes);
	if (taken || rc != SJ_OK)
		return rc;
	return any ? SJ_TRUST_UNREADABLE : SJ_TRUST_MISSING;
}

void sj_status_unload(struct sj_status *status)
{
	sj_trust_file_free(&status->slot.bytes);
}

/* --- the public side ----------------------------------------------------------------------- */

/* The folder first: where there is none, no signature is checked in vain. */
static enum sj_rc load_at(int dir, const char *issuer, struct sj_signers *signers,
			  struct sj_status *status)
{
	struct sj_status_folders folders;
	enum sj_rc rc = sj_status_folders_open(dir, issuer, &folders);

	if (rc == SJ_OK)
		rc = sj_signers_load(dir, signers);
	if (rc == SJ_OK)
		rc = sj_status_folders_load(&folders, issuer, signers, status);
	sj_status_folders_close(&folders);
	return rc;
}

enum sj_rc sj_status_open_at(int dir, const char *issuer, struct sj_status **out)
{
	struct sj_status *status = malloc(sizeof(*status));
	struct sj_signers *signers = malloc(sizeof(*signers));
	enum sj_rc rc = SJ_NO_MEMORY;

	if (status != NULL && signers != NULL)
		rc = load_at(dir, issuer, signers, status);
	if (rc == SJ_OK)
		*out = status;
	else
		free(status);
	free(signers);
	return rc;
}

enum sj_rc sj_status_open(const char *directory, const char *issuer, struct sj_status **out)
{
	const unsigned mark = sj_memory_mark();
	int dir;
	enum sj_rc rc = directory_open(directory, &dir);

	if (rc != SJ_OK)
		return sj_memory_rc(mark, rc);
	rc = sj_status_open_at(dir, issuer, out);
	close(dir);
	return sj_memory_rc(mark, rc);
}

void sj_status_close(struct sj_status *status)
{
	if (status == NULL)
		return;
	sj_status_unload(status);
	free(status);
}

enum sj_status_answer sj_status_query(const struct sj_status *status, uint16_t partition,
				      uint32_t index)
{
	return status == NULL ? SJ_STATUS_UNKNOWN
			      : sj_status_list_query(&status->list, partition, index);
}

struct sj_span sj_status_newest(const struct sj_status *status)
{
	return sj_span(status->newest_token, status->newest_len);
}

void sj_status_describe(const struct sj_status *status, int64_t now, struct sj_status_info *out)
{
	const struct sj_status_head *head = &status->slot.head;
	struct sj_status_info info = {
		.size = out->size,
		.epoch = head->epoch,
		.newest_epoch = status->newest.epoch,
		.indices = head->indices,
		.not_before = head->not_before,
		.next_update = head->next_update,
		.age = now - head->not_before,
		.stale = now > head->next_update,
	};

	memcpy(info.issuer, head->issuer, sizeof(info.issuer));
	memcpy(out, &info, out->size < sizeof(info) ? out->size : sizeof(info));
}
