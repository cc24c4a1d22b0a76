/* bundle.c -- a signed bundle: judged, fetched file by file, put into use. */
#include "trust/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt/hash.h"
#include "reader/memory.h"
#include "trust/status_delta.h"
#include "trust/time.h"
#include "wire/hex.h"

#define FILES "files"
#define MANIFEST "manifest"

const char *sj_bundle_kind_name(enum sj_bundle_kind kind)
{
	static const char *const names[SJ_BUNDLED_KINDS + 1] = {
		[SJ_BUNDLED_CSCA] = "CSCA certificate",
		[SJ_BUNDLED_MASTER_LIST] = "master list",
		[SJ_BUNDLED_LINK] = "CSCA link certificate",
		[SJ_BUNDLED_KEY_CA] = "key CA certificate",
		[SJ_BUNDLED_CRL] = "revocation list",
		[SJ_BUNDLED_GATE_TOKEN] = "gate token",
		[SJ_BUNDLED_STATUS_LIST] = "status list",
		[SJ_BUNDLED_STATUS_DELTA] = "status delta",
		[SJ_BUNDLED_CV_LINK] = "CV certificate",
		[SJ_BUNDLED_SERVICES] = "service registry",
		[SJ_BUNDLED_PSEUDONYMS] = "list of revoked pseudonyms",
	};

	return names[kind];
}

static bool is_hash_of(const uint8_t hash[static SJ_TRUST_HASH], struct sj_span bytes)
{
	uint8_t found[SJ_HASH_MAX];

	return sj_hash(SJ_SHA256, &bytes, 1, found) && memcmp(found, hash, SJ_TRUST_HASH) == 0;
}

/* --- the manifest in use ------------------------------------------------------------- */

enum sj_rc sj_bundle_manifest_read(const struct sj_slot *slot, struct sj_trust_file *bytes,
				   struct sj_manifest *out)
{
	enum sj_rc rc = sj_trust_read(slot->fd, MANIFEST, SJ_BUNDLE_MANIFEST_MAX, bytes);

	if (rc == SJ_TRUST_MISSING)
		rc = SJ_TRUST_UNREADABLE;
	if (rc == SJ_OK && (!is_hash_of(slot->manifest, sj_span(bytes->bytes, bytes->len)) ||
			    !sj_manifest_parse(sj_span(bytes->bytes, bytes->len), out)))
		rc = SJ_TRUST_UNREADABLE;
	if (rc != SJ_OK)
		sj_trust_file_free(bytes);
	return rc;
}

/* Who signed it: it was verified before it came into use. */
static bool last_signer(const struct sj_manifest *manifest, struct sj_bundle_signer *out)
{
	struct sj_span signers = manifest->signers, token = { NULL, 0 };

	for (size_t i = 0; i < manifest->signer_count; i++)
		if (!sj_cbor_take_bytes(&signers, &token))
			return false;
	return sj_bundle_signer_read(token, out);
}

static void describe(const struct sj_manifest *manifest, int64_t now, struct sj_bundle_info *info)
{
	struct sj_bundle_signer signer;
	uint8_t hash[SJ_HASH_MAX];
	struct sj_span token;

	memcpy(info->issuer, manifest->issuer, sizeof(manifest->issuer));
	info->version = manifest->version;
	info->created = manifest->created;
	info->expires = manifest->expires;
	info->expired = now > manifest->expires;
	info->files = manifest->count;
	info->bytes = manifest->bytes;
	if (!last_signer(manifest, &signer))
		return;
	token = sj_span(signer.token, signer.len);
	if (sj_hash(SJ_SHA256, &token, 1, hash))
		(void)sj_hex_text(sj_span(hash, SJ_TRUST_NAME_KEY), SJ_HEX_LOWER, info->signer,
				  sizeof(info->signer));
}

void sj_bundle_offered(const struct sj_bundle *bundle, int64_t now, struct sj_bundle_info *out)
{
	struct sj_bundle_info info = { .size = out->size };

	describe(&bundle->manifest, now, &info);
	memcpy(out, &info, out->size < sizeof(info) ? out->size : sizeof(info));
}

enum sj_rc sj_bundle_describe(const char *directory, int64_t now, struct sj_bundle_info *out)
{
	const unsigned mark = sj_memory_mark();
	struct sj_bundle_info info = { .size = out->size };
	struct sj_trust_file bytes = { NULL, 0 };
	struct sj_slot slot = { .fd = -1 };
	struct sj_trust store = { .slot = -1 };
	struct sj_manifest manifest;
	bool behind;
	enum sj_rc rc;

	store.dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store.dir < 0)
		return sj_memory_rc(mark, sj_trust_unopened(errno));
	rc = sj_trust_time_read(&store);
	if (rc == SJ_OK)
		rc = sj_slot_open(store.dir, &slot);
	if (rc == SJ_OK && slot.fd < 0)
		rc = SJ_TRUST_MISSING;
	if (rc == SJ_OK)
		rc = sj_bundle_manifest_read(&slot, &bytes, &manifest);
	if (rc == SJ_OK) {
		describe(&manifest, sj_trust_time(&store, now, &behind), &info);
		memcpy(out, &info, out->size < sizeof(info) ? out->size : sizeof(info));
	}
	sj_trust_file_free(&bytes);
	if (slot.fd >= 0)
		close(slot.fd);
	close(store.dir);
	return sj_memory_rc(mark, rc);
}

/* --- beginning ----------------------------------------------------------------------- */

static enum sj_rc say(const char **why, enum sj_rc rc, const char *text)
{
	*why = text;
	return rc;
}

/* Whether it has a file of this name. */
static bool names(const struct sj_manifest *manifest, const char *name)
{
	struct sj_span entries = manifest->entries;
	uint8_t hash[SJ_TRUST_HASH];
	struct sj_writer w = SJ_WRITER_OF(hash);
	struct sj_bundle_entry entry;

	if (!sj_hex_read(name, strlen(name), &w) || w.len != sizeof(hash))
		return false;
	while (sj_manifest_next(&entries, &entry))
		if (entry.kind != SJ_BUNDLED_STATUS_DELTA &&
		    memcmp(entry.hash, hash, sizeof(hash)) == 0)
			return true;
	return false;
}

/* Deletes files that neither the bundle taken in nor `other` names, and what a kill left. */
static void sweep_files(const struct sj_bundle *bundle, const struct sj_manifest *other)
{
	DIR *stream = sj_trust_entries(bundle->files, ".");
	const struct dirent *entry;

	if (stream == NULL)
		return;
	while ((entry = readdir(stream)) != NULL)
		if (!names(&bundle->manifest, entry->d_name) && !names(other, entry->d_name))
			unlinkat(dirfd(stream), entry->d_name, 0);
	closedir(stream);
}

static enum sj_rc open_store(struct sj_bundle *bundle, const char *directory, const char **why)
{
	static const char none[] =
		"No bundle signer is known here: give its token once (`trust sync --anchor FILE`).";
	enum sj_rc rc;

	bundle->own.dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bundle->own.dir < 0)
		return errno == ENOENT || errno == ENOTDIR ? say(why, SJ_TRUST_MISSING, none)
							   : sj_trust_unopened(errno);
	bundle->folder =
		openat(bundle->own.dir, SJ_SLOT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bundle->folder < 0)
		return errno == ENOENT || errno == ENOTDIR ? say(why, SJ_TRUST_MISSING, none)
							   : sj_trust_unopened(errno);
	rc = sj_trust_lock(bundle->folder, &bundle->lock);
	if (rc != SJ_OK)
		return rc;
	if (mkdirat(bundle->folder, FILES, 0755) != 0 && errno != EEXIST)
		return sj_trust_errno(errno);
	bundle->files = openat(bundle->folder, FILES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bundle->files < 0)
		return sj_trust_errno(errno);
	sj_trust_sweep(bundle->folder);
	return sj_trust_time_read(&bundle->own);
}

static enum sj_rc read_slot(struct sj_bundle *bundle)
{
	enum sj_rc rc = sj_slot_open(bundle->own.dir, &bundle->present);

	if (rc == SJ_OK && bundle->present.fd >= 0)
		rc = sj_bundle_manifest_read(&bundle->present, &bundle->old_bytes, &bundle->old);
	return rc;
}

/* What is in use; where that is damaged, not but for once unreadable, the next bundle repairs it. Where the
 * name of its slot cannot be read, neither slot may be emptied. */
static enum sj_rc read_present(struct sj_bundle *bundle, const char **why)
{
	enum sj_rc slot = read_slot(bundle), rc;

	if (slot == SJ_TRUST_UNREADABLE) {
		if (bundle->present.fd >= 0)
			close(bundle->present.fd);
		slot = read_slot(bundle);
	}
	if (slot == SJ_TRUST_UNREADABLE && bundle->present.name[0] == 0)
		return say(why, slot,
			   "bundle/current cannot be read: if it stays so, delete it and take the "
			   "newest bundle in.");
	if (slot != SJ_OK)
		bundle->old = (struct sj_manifest){ .version = 0 };
	rc = slot;
	if (slot == SJ_OK || slot == SJ_TRUST_UNREADABLE)
		rc = sj_slot_newest_read(bundle->folder, &bundle->newest);
	/* One of the two has to tell what must not be gone back behind. */
	if (rc == SJ_TRUST_UNREADABLE && bundle->old.version > 0)
		rc = SJ_OK;
	if (rc == SJ_OK && slot == SJ_TRUST_UNREADABLE && bundle->newest.version == 0)
		rc = SJ_TRUST_UNREADABLE;
	if (bundle->old.version >= bundle->newest.version && bundle->old.version > 0) {
		bundle->newest.version = bundle->old.version;
		memcpy(bundle->newest.manifest, bundle->present.manifest, SJ_TRUST_HASH);
	}
	memcpy(bundle->next.name, bundle->present.name[0] == 'a' ? "b" : "a", 2);
	return rc;
}

static enum sj_rc check_signer(struct sj_bundle *bundle, int64_t now, const char **why)
{
	struct sj_bundle_signer anchor;
	enum sj_rc rc = SJ_OK;

	if (bundle->old.version == 0 || !last_signer(&bundle->old, &anchor))
		rc = sj_bundle_anchor_read(bundle->folder, &anchor);
	if (rc == SJ_TRUST_MISSING)
		return say(why, rc, "No bundle signer is known here: give its token once.");
	if (rc != SJ_OK)
		return rc;
	if (!sj_manifest_verify(&bundle->manifest, &anchor, &bundle->signer))
		return say(why, SJ_BUNDLE_SIGNER,
			   "Neither the bundle signer that is believed here nor a successor of it "
			   "signed this bundle.");
	if (now > bundle->signer.cwt.expires)
		return say(why, SJ_BUNDLE_SIGNER, "The time of its signer is over.");
	return SJ_OK;
}

/* Never back, and never two of one version. *same: it is the one in use. */
static enum sj_rc check_version(const struct sj_bundle *bundle, bool *same, const char **why)
{
	const struct sj_manifest *manifest = &bundle->manifest;
	const bool known =
		memcmp(bundle->newest.manifest, bundle->next.manifest, SJ_TRUST_HASH) == 0;

	*same = false;
	if (manifest->version < bundle->newest.version)
		return say(why, SJ_BUNDLE_OLDER, "A newer bundle was in use here already.");
	if (manifest->version == bundle->newest.version && !known)
		return say(why, SJ_BUNDLE_OLDER,
			   "Another bundle of the same version was in use here: tell the issuer.");
	*same = known && bundle->old.version == manifest->version;
	if (!*same && manifest->created < bundle->old.created)
		return say(why, SJ_BUNDLE_OLDER, "It was made before the one in use.");
	return SJ_OK;
}

static enum sj_rc check_time(const struct sj_bundle *bundle, int64_t now, const char **why)
{
	if (!sj_trust_time_plausible(&bundle->own, bundle->manifest.created, now))
		return say(why, SJ_INPUT_REFUSED, "The bundle is dated far ahead of the clock.");
	if (now > bundle->manifest.expires)
		return say(why, SJ_BUNDLE_EXPIRED,
			   "Its time is over: there should be a newer one at its source.");
	return SJ_OK;
}

enum sj_rc sj_bundle_file_read(const struct sj_bundle *bundle, const struct sj_bundle_file *file,
			       struct sj_trust_file *out)
{
	enum sj_rc rc = sj_trust_read(bundle->files, file->name, file->entry.bytes, out);

	return rc == SJ_TRUST_MISSING ? SJ_TRUST_UNREADABLE : rc;
}

static bool is_here(const struct sj_bundle *bundle, const struct sj_bundle_file *file)
{
	struct sj_trust_file bytes = { NULL, 0 };
	bool here = sj_bundle_file_read(bundle, file, &bytes) == SJ_OK &&
		    bytes.len == file->entry.bytes &&
		    is_hash_of(file->entry.hash, sj_span(bytes.bytes, bytes.len));

	sj_trust_file_free(&bytes);
	return here;
}

/* What is to be had; a delta is worth it only from the list that is here. */
static enum sj_rc list_files(struct sj_bundle *bundle)
{
	struct sj_span entries = bundle->manifest.entries;

	bundle->list = calloc(bundle->manifest.count, sizeof(*bundle->list));
	if (bundle->list == NULL)
		return SJ_NO_MEMORY;
	for (size_t i = 0; i < bundle->manifest.count; i++) {
		struct sj_bundle_file *file = &bundle->list[i];

		if (!sj_manifest_next(&entries, &file->entry) ||
		    !sj_hex_text(SJ_SPAN_OF(file->entry.hash), SJ_HEX_LOWER, file->name,
				 sizeof(file->name)))
			return SJ_INTERNAL;
		file->here = file->entry.kind != SJ_BUNDLED_STATUS_DELTA && is_here(bundle, file);
	}
	if (sj_status_open_at(bundle->own.dir, bundle->manifest.issuer, &bundle->status) != SJ_OK)
		bundle->status = NULL;
	return SJ_OK;
}

static enum sj_rc begin(struct sj_bundle *bundle, const char *directory, int64_t now, bool *same,
			const char **why)
{
	const struct sj_span bytes = sj_span(bundle->bytes, bundle->len);
	uint8_t hash[SJ_HASH_MAX];
	enum sj_rc rc;
	bool behind;

	if (!sj_manifest_parse(bytes, &bundle->manifest))
		return say(why, SJ_INPUT_MALFORMED, "It is not the manifest of a bundle.");
	if (!sj_hash(SJ_SHA256, &bytes, 1, hash))
		return SJ_CRYPTO_FAILED;
	memcpy(bundle->next.manifest, hash, SJ_TRUST_HASH);
	rc = open_store(bundle, directory, why);
	if (rc == SJ_OK)
		rc = read_present(bundle, why);
	if (rc != SJ_OK)
		return rc;
	now = sj_trust_time(&bundle->own, now, &behind);
	rc = check_signer(bundle, now, why);
	if (rc == SJ_OK)
		rc = check_version(bundle, same, why);
	if (rc != SJ_OK || *same)
		return rc;
	rc = check_time(bundle, now, why);
	if (rc != SJ_OK)
		return rc;
	/* One that was refused may have left some. */
	sweep_files(bundle, &bundle->old);
	return list_files(bundle);
}

enum sj_rc sj_bundle_begin_with(const struct sj_trust_io *io, const char *directory,
				const uint8_t *manifest, size_t len, int64_t now,
				struct sj_bundle **out, const char **why)
{
	struct sj_bundle *bundle = calloc(1, sizeof(*bundle));
	const char *ignored = NULL;
	bool same = false;
	enum sj_rc rc;

	if (bundle == NULL)
		return SJ_NO_MEMORY;
	*out = NULL;
	why = why != NULL ? why : &ignored;
	*why = NULL;
	bundle->own.dir = bundle->folder = bundle->files = bundle->lock = -1;
	bundle->own.slot = bundle->present.fd = bundle->next.fd = -1;
	bundle->own.writable = true;
	bundle->own.io = *io;
	bundle->bytes = malloc(len + 1);
	bundle->len = len;
	if (bundle->bytes != NULL)
		memcpy(bundle->bytes, manifest, len);
	rc = bundle->bytes != NULL ? begin(bundle, directory, now, &same, why) : SJ_NO_MEMORY;
	if (rc == SJ_OK && !same)
		*out = bundle;
	else
		sj_bundle_end(bundle);
	return rc;
}

enum sj_rc sj_bundle_begin(const char *directory, const uint8_t *manifest, size_t len, int64_t now,
			   struct sj_bundle **out, const char **why)
{
	const unsigned mark = sj_memory_mark();
	const struct sj_trust_io io = sj_trust_io_system();

	return sj_memory_rc(mark,
			    sj_bundle_begin_with(&io, directory, manifest, len, now, out, why));
}

void sj_bundle_end(struct sj_bundle *bundle)
{
	const int fds[] = {
		bundle != NULL ? bundle->own.dir : -1, bundle != NULL ? bundle->folder : -1,
		bundle != NULL ? bundle->files : -1,   bundle != NULL ? bundle->present.fd : -1,
		bundle != NULL ? bundle->next.fd : -1, bundle != NULL ? bundle->lock : -1
	};

	if (bundle == NULL)
		return;
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	sj_status_close(bundle->status);
	sj_trust_file_free(&bundle->old_bytes);
	free(bundle->list);
	free(bundle->bytes);
	free(bundle);
}

void sj_bundle_find_signed(struct sj_bundle *bundle, sj_signed_fn fn, void *user)
{
	sj_trust_find_signed(&bundle->own, fn, user);
}

/* --- files --------------------------------------------------------------------------- */

/* The smallest delta to `list` that applies to what is here and is worth it. NULL: none. */
static struct sj_bundle_file *delta_to(const struct sj_bundle *bundle,
				       const struct sj_bundle_file *list)
{
	struct sj_bundle_file *best = NULL;

	for (size_t i = 0; bundle->status != NULL && i < bundle->manifest.count; i++) {
		struct sj_bundle_file *file = &bundle->list[i];

		if (file->entry.kind == SJ_BUNDLED_STATUS_DELTA && !file->given_up &&
		    file->entry.bytes < (best != NULL ? best : list)->entry.bytes &&
		    memcmp(file->entry.from, bundle->status->slot.head.root, SJ_STATUS_ROOT) == 0)
			best = file;
	}
	return best;
}

/* NULL: everything is here. *list: if it is a delta, to what. */
static struct sj_bundle_file *wanted(const struct sj_bundle *bundle, struct sj_bundle_file **list)
{
	for (size_t i = 0; i < bundle->manifest.count; i++) {
		struct sj_bundle_file *file = &bundle->list[i], *delta = NULL;

		if (file->here || file->entry.kind == SJ_BUNDLED_STATUS_DELTA)
			continue;
		if (file->entry.kind == SJ_BUNDLED_STATUS_LIST)
			delta = delta_to(bundle, file);
		*list = file;
		return delta != NULL ? delta : file;
	}
	return NULL;
}

bool sj_bundle_wanted(const struct sj_bundle *bundle, struct sj_bundle_want *out)
{
	struct sj_bundle_want want = { .size = out->size };
	struct sj_bundle_file *list;
	const struct sj_bundle_file *file = wanted(bundle, &list);

	if (file == NULL)
		return false;
	memcpy(want.name, file->name, sizeof(want.name));
	want.bytes = file->entry.bytes;
	snprintf(want.what, sizeof(want.what), "%s", sj_bundle_kind_name(file->entry.kind));
	memcpy(out, &want, out->size < sizeof(want) ? out->size : sizeof(want));
	return true;
}

static enum sj_rc keep(struct sj_bundle *bundle, struct sj_bundle_file *file, struct sj_span bytes)
{
	enum sj_rc rc = sj_trust_write(&bundle->own.io, bundle->files, file->name, bytes);

	file->here = rc == SJ_OK;
	return rc;
}

/* Keeps the list that the delta leads to, if it does. */
static enum sj_rc apply_delta(struct sj_bundle *bundle, struct sj_bundle_file *list,
			      struct sj_span bytes)
{
	struct sj_status_draft *draft = calloc(1, sizeof(*draft));
	struct sj_status_file file = { .head = { NULL, 0 } };
	uint8_t *out = malloc(list->entry.bytes);
	struct sj_writer w = sj_writer(out, list->entry.bytes);
	enum sj_rc rc = draft != NULL && out != NULL ? SJ_OK : SJ_NO_MEMORY;

	if (rc == SJ_OK &&
	    (!sj_status_file_read(bytes, &file) || file.kind != SJ_STATUS_FILE_DELTA))
		rc = SJ_INPUT_MALFORMED;
	if (rc == SJ_OK)
		rc = sj_status_delta_apply(&bundle->status->list, file.body, draft, &file.body);
	if (rc == SJ_OK) {
		file.kind = SJ_STATUS_FILE_LIST;
		sj_status_file_put(&w, &file);
		rc = !w.failed && is_hash_of(list->entry.hash, sj_written(&w))
			     ? keep(bundle, list, sj_written(&w))
			     : SJ_INPUT_MALFORMED;
		sj_status_draft_free(draft);
	}
	free(draft);
	free(out);
	return rc;
}

enum sj_rc sj_bundle_give(struct sj_bundle *bundle, const uint8_t *bytes, size_t len,
			  const char **why)
{
	const unsigned mark = sj_memory_mark();
	struct sj_bundle_file *list = NULL, *file = wanted(bundle, &list);
	const char *ignored = NULL;
	enum sj_rc rc;

	why = why != NULL ? why : &ignored;
	*why = NULL;
	if (file == NULL)
		return SJ_USAGE;
	if (len != file->entry.bytes || !is_hash_of(file->entry.hash, sj_span(bytes, len)))
		return sj_memory_rc(
			mark, say(why, SJ_INPUT_MALFORMED, "It is not the file of that name."));
	if (file == list)
		return sj_memory_rc(mark, keep(bundle, file, sj_span(bytes, len)));
	rc = apply_delta(bundle, list, sj_span(bytes, len));
	/* It leads nowhere: the list is wanted whole then. */
	file->given_up = rc == SJ_INPUT_MALFORMED;
	return sj_memory_rc(mark, file->given_up ? SJ_OK : rc);
}

enum sj_rc sj_bundle_miss(struct sj_bundle *bundle)
{
	struct sj_bundle_file *list = NULL, *file = wanted(bundle, &list);

	if (file == NULL || file == list)
		return file == NULL ? SJ_USAGE : SJ_INPUT_UNREADABLE;
	file->given_up = true;
	return SJ_OK;
}

/* --- into use ------------------------------------------------------------------------ */

enum sj_rc sj_bundle_apply(struct sj_bundle *bundle, const char **why)
{
	const unsigned mark = sj_memory_mark();
	struct sj_slot_version newest = { .version = bundle->manifest.version };
	struct sj_bundle_file *list;
	enum sj_rc rc;

	if (wanted(bundle, &list) != NULL)
		return SJ_USAGE;
	bundle->why[0] = 0;
	memcpy(newest.manifest, bundle->next.manifest, SJ_TRUST_HASH);
	rc = sj_bundle_fill(bundle);
	if (rc == SJ_OK)
		rc = sj_bundle_anchor_move(&bundle->own.io, bundle->folder, &bundle->signer);
	/* First: nothing older than what is in use, even where that cannot be read. */
	if (rc == SJ_OK)
		rc = sj_slot_newest_write(&bundle->own.io, bundle->folder, &newest);
	if (rc == SJ_OK)
		rc = sj_slot_switch(&bundle->own.io, bundle->folder, &bundle->next);
	if (rc == SJ_OK)
		rc = sj_trust_note_time(&bundle->own, bundle->manifest.created);
	if (rc == SJ_OK)
		sweep_files(bundle, &bundle->manifest);
	/* Of a master list's certificates some may have been told of, and not be why. */
	if (why != NULL)
		*why = rc == SJ_INPUT_REFUSED ? bundle->why : NULL;
	return sj_memory_rc(mark, rc);
}
