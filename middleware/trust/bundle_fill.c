/* bundle_fill.c -- the slot that is not in use, made of a bundle's files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/memory.h"
#include "trust/admit.h"
#include "trust/bundle.h"
#include "trust/pseudonyms.h"
#include "trust/status_folder.h"

#define CV_FOLDER "cv"
#define SERVICES_NAME "services.json"
#define PATH_CAP 40u
#define SLOT_DEPTH 16u /* of folders, ours are status/<issuer>/a: others in them go, too */

struct fill {
	struct sj_bundle *bundle;
	struct sj_trust slot; /* being made */
	struct sj_trust before; /* in use: what is in it was checked; no items if there is none */
	struct sj_trust_batch batch;
	struct sj_signers *signers;
};

static enum sj_rc refuse(struct sj_bundle *bundle, const struct sj_bundle_file *file,
			 const char *why)
{
	snprintf(bundle->why, sizeof(bundle->why), "The %s %.16s: %s",
		 sj_bundle_kind_name(file->entry.kind), file->name, why);
	return SJ_INPUT_REFUSED;
}

static void hear(void *user, const char *what, const char *why)
{
	struct sj_bundle *bundle = user;

	snprintf(bundle->why, sizeof(bundle->why), "%s: %s", what, why);
}

/* --- certificates and CRLs ----------------------------------------------------------- */

static enum sj_rc admit(struct fill *f, enum sj_bundle_kind kind, struct sj_span bytes)
{
	struct sj_trust_counts counts = { 0 };
	struct sj_trust view = f->slot; /* with what has come so far */
	int64_t when;

	view.items = f->batch.items;
	switch (kind) {
	case SJ_BUNDLED_CSCA:
	case SJ_BUNDLED_KEY_CA:
		return sj_admit_anchor(&f->batch, bytes, kind == SJ_BUNDLED_KEY_CA, &counts);
	case SJ_BUNDLED_MASTER_LIST:
		return sj_admit_masterlist(&view, &f->batch, bytes, &counts);
	case SJ_BUNDLED_LINK:
		return sj_admit_link(&view, &f->batch, bytes, &counts);
	case SJ_BUNDLED_CRL:
		return sj_admit_crl(&view, &f->batch, bytes, &when);
	case SJ_BUNDLED_GATE_TOKEN:
	case SJ_BUNDLED_STATUS_LIST:
	case SJ_BUNDLED_STATUS_DELTA:
	case SJ_BUNDLED_CV_LINK:
	case SJ_BUNDLED_SERVICES:
	case SJ_BUNDLED_PSEUDONYMS:
		break;
	}
	return SJ_OK;
}

static enum sj_rc admit_file(struct fill *f, const struct sj_bundle_file *file)
{
	struct sj_trust_file bytes = { NULL, 0 };
	enum sj_rc rc = sj_bundle_file_read(f->bundle, file, &bytes);

	if (rc == SJ_OK)
		rc = admit(f, file->entry.kind, sj_span(bytes.bytes, bytes.len));
	sj_trust_file_free(&bytes);
	if (rc == SJ_INPUT_MALFORMED)
		return refuse(f->bundle, file, "It cannot be read.");
	if (rc == SJ_MASTERLIST_SIGNER)
		return refuse(f->bundle, file, "No CSCA of the bundle stands above its signer.");
	return rc;
}

/* In the order of their kinds: issuers come before what they signed. */
static enum sj_rc admit_all(struct fill *f)
{
	enum sj_rc rc = sj_trust_batch_begin(&f->slot, &f->batch);

	if (rc != SJ_OK)
		return rc;
	f->batch.before = &f->before;
	for (size_t i = 0; rc == SJ_OK && i < f->bundle->manifest.count; i++)
		if (f->bundle->list[i].entry.kind <= SJ_BUNDLED_CRL)
			rc = admit_file(f, &f->bundle->list[i]);
	if (rc == SJ_OK)
		return sj_trust_batch_commit(&f->batch);
	sj_trust_batch_abort(&f->batch);
	return rc;
}

/* --- tokens, status list, the rest --------------------------------------------------- */

/* The file under another name, too. */
static enum sj_rc put_file(const struct sj_bundle *bundle, const struct sj_bundle_file *file,
			   int dir, const char *path)
{
	struct sj_trust_file bytes = { NULL, 0 };
	enum sj_rc rc;

	if (linkat(bundle->files, file->name, dir, path, 0) == 0)
		return SJ_OK;
	rc = sj_bundle_file_read(bundle, file, &bytes);
	if (rc == SJ_OK)
		rc = sj_trust_write(&bundle->own.io, dir, path, sj_span(bytes.bytes, bytes.len));
	sj_trust_file_free(&bytes);
	return rc;
}

static enum sj_rc put_named(const struct fill *f, const struct sj_bundle_file *file,
			    const char *folder, const char *suffix)
{
	char path[PATH_CAP];

	if (mkdirat(f->slot.dir, folder, 0755) != 0 && errno != EEXIST)
		return sj_trust_errno(errno);
	snprintf(path, sizeof(path), "%s/%.16s%s", folder, file->name, suffix);
	return put_file(f->bundle, file, f->slot.dir, path);
}

static bool is_issuer(const struct sj_bundle *bundle, struct sj_span name)
{
	const char *issuer = bundle->manifest.issuer;

	return sj_span_eq(name, sj_span((const uint8_t *)issuer, strlen(issuer)));
}

/* *added: it is believed, and was not before. */
static enum sj_rc add_token(struct fill *f, const struct sj_bundle_file *file, bool *added)
{
	struct sj_trust_file bytes = { NULL, 0 };
	struct sj_cwt cwt;
	enum sj_rc rc = sj_bundle_file_read(f->bundle, file, &bytes);
	const struct sj_span token = sj_span(bytes.bytes, bytes.len);

	if (rc == SJ_OK && (!sj_cwt_parse(token, &cwt) || cwt.kind != SJ_CWT_SIGNER))
		rc = refuse(f->bundle, file, "It is not a signer's token.");
	else if (rc == SJ_OK && !is_issuer(f->bundle, cwt.issuer))
		rc = refuse(f->bundle, file, "It is another authority's.");
	*added = rc == SJ_OK && sj_signers_add(f->signers, token);
	sj_trust_file_free(&bytes);
	return rc;
}

/* A link may come before what vouches for it: until nothing more is added. */
static enum sj_rc believe_tokens(struct fill *f)
{
	const struct sj_bundle *bundle = f->bundle;
	const struct sj_bundle_file *open = NULL; /* one that nobody vouches for yet */
	enum sj_rc rc = SJ_OK;
	bool added, more = true;
	size_t left;

	f->signers->n = 0;
	while (rc == SJ_OK && more) {
		more = false;
		left = 0;
		for (size_t i = 0; rc == SJ_OK && i < bundle->manifest.count; i++) {
			if (bundle->list[i].entry.kind != SJ_BUNDLED_GATE_TOKEN)
				continue;
			rc = add_token(f, &bundle->list[i], &added);
			more |= added;
			open = added ? open : &bundle->list[i];
			left++;
		}
		if (rc == SJ_OK && !more && open != NULL && left != f->signers->n)
			rc = refuse(
				f->bundle, open,
				"No gate CA of the bundle has signed it, or it is there twice.");
	}
	return rc;
}

/*
 * The slot in use is a trust directory of its own: as its signers have it, not those to come. A list
 * there that is damaged, which is one that cannot be read twice, is repaired by this one; where memory
 * lacks nothing is known of it.
 */
static enum sj_rc check_after(const struct fill *f, const struct sj_bundle_file *file,
			      const struct sj_status_head *head)
{
	const unsigned mark = sj_memory_mark();
	const struct sj_status_head *last;
	struct sj_status *before = NULL;
	enum sj_rc rc = f->before.dir >= 0 ? SJ_TRUST_UNREADABLE : SJ_TRUST_MISSING;

	for (unsigned i = 0; i < 2 && rc == SJ_TRUST_UNREADABLE; i++)
		rc = sj_memory_rc(mark, sj_status_open_at(f->before.dir, head->issuer, &before));
	if (rc != SJ_OK)
		return rc == SJ_NO_MEMORY ? rc : SJ_OK;
	last = &before->slot.head;
	if (head->epoch < last->epoch)
		rc = refuse(f->bundle, file, "It is older than the one in use.");
	else if (head->epoch == last->epoch && !sj_status_head_eq(head, last))
		rc = refuse(f->bundle, file, "Another list of the same epoch is in use.");
	sj_status_close(before);
	return rc;
}

static enum sj_rc judge_status(struct fill *f, const struct sj_bundle_file *file,
			       struct sj_span bytes)
{
	struct sj_status_list *list = malloc(sizeof(*list));
	struct sj_status_head head;
	struct sj_status_file parts;
	enum sj_rc rc = SJ_OK;

	if (list == NULL)
		return SJ_NO_MEMORY;
	if (!sj_status_file_read(bytes, &parts) || parts.kind != SJ_STATUS_FILE_LIST)
		rc = refuse(f->bundle, file, "It is not a status list.");
	else if (sj_status_head_read(parts.head, f->signers, &head) != SJ_OK)
		rc = refuse(f->bundle, file, "No status signer of the bundle has signed it.");
	else if (strcmp(head.issuer, f->bundle->manifest.issuer) != 0)
		rc = refuse(f->bundle, file, "It is another authority's.");
	else if (!sj_status_body_open(parts.body, &head, list))
		rc = refuse(f->bundle, file, "It is not what its head signs.");
	else
		rc = check_after(f, file, &head);
	free(list);
	return rc;
}

static enum sj_rc put_status(struct fill *f, const struct sj_bundle_file *file)
{
	const char *issuer = f->bundle->manifest.issuer;
	struct sj_status_folders folders = { -1, -1 };
	struct sj_trust_file bytes = { NULL, 0 };
	enum sj_rc rc = sj_bundle_file_read(f->bundle, file, &bytes);

	if (rc == SJ_OK)
		rc = judge_status(f, file, sj_span(bytes.bytes, bytes.len));
	sj_trust_file_free(&bytes);
	if (rc == SJ_OK)
		rc = sj_status_folder_make(f->slot.dir, issuer);
	if (rc == SJ_OK)
		rc = sj_status_folders_open(f->slot.dir, issuer, &folders);
	if (rc == SJ_OK)
		rc = put_file(f->bundle, file, folders.own, sj_status_slot_name(0));
	if (rc == SJ_OK)
		rc = sj_trust_sync(&f->slot.io, folders.own, ".");
	if (rc == SJ_OK)
		rc = sj_trust_sync(&f->slot.io, f->slot.dir, SJ_STATUS_FOLDER);
	sj_status_folders_close(&folders);
	return rc;
}

static enum sj_rc read_before(const struct fill *f, const char *path, struct sj_trust_file *bytes,
			      struct sj_signers *signers)
{
	enum sj_rc rc = sj_trust_read(f->before.dir, path, SJ_PSEUDONYMS_MAX, bytes);

	if (rc == SJ_OK)
		rc = sj_signers_load(f->before.dir, signers);
	if (rc != SJ_OK)
		sj_trust_file_free(bytes);
	return rc;
}

/*
 * Whether it is older than the list of the slot in use, which is never followed by such a one. As of a
 * status list: what cannot be read twice is damaged, and repaired by this one.
 */
static enum sj_rc goes_back(const struct fill *f, const char *path,
			    const struct sj_pseudonyms_head *head, bool *older)
{
	const unsigned mark = sj_memory_mark();
	struct sj_pseudonyms_head before;
	struct sj_trust_file bytes = { NULL, 0 };
	struct sj_signers *signers = malloc(sizeof(*signers));
	struct sj_span entries;
	enum sj_rc rc = f->before.dir >= 0 ? SJ_TRUST_UNREADABLE : SJ_TRUST_MISSING;

	*older = false;
	if (signers == NULL)
		return SJ_NO_MEMORY;
	for (unsigned i = 0; i < 2 && rc == SJ_TRUST_UNREADABLE; i++)
		rc = sj_memory_rc(mark, read_before(f, path, &bytes, signers));
	if (rc == SJ_OK && sj_pseudonyms_read(sj_span(bytes.bytes, bytes.len), signers, &before,
					      &entries) == SJ_OK)
		*older = head->epoch < before.epoch;
	else if (rc == SJ_OK && sj_memory_lacked(mark))
		rc = SJ_NO_MEMORY;
	sj_trust_file_free(&bytes);
	free(signers);
	return rc == SJ_TRUST_MISSING || rc == SJ_TRUST_UNREADABLE ? SJ_OK : rc;
}

static enum sj_rc put_pseudonyms(const struct fill *f, const struct sj_bundle_file *file)
{
	struct sj_pseudonyms_head head;
	struct sj_trust_file bytes = { NULL, 0 };
	struct sj_span entries;
	char name[SJ_PSEUDONYMS_NAME], path[PATH_CAP] = "";
	enum sj_rc read, rc = sj_bundle_file_read(f->bundle, file, &bytes);
	bool older = false, there = false;

	if (rc != SJ_OK)
		return rc;
	read = sj_pseudonyms_read(sj_span(bytes.bytes, bytes.len), f->signers, &head, &entries);
	if (read == SJ_OK) {
		sj_pseudonyms_name(head.sector, name);
		snprintf(path, sizeof(path), SJ_PSEUDONYMS_FOLDER "/%s", name);
		rc = goes_back(f, path, &head, &older);
	}
	if (read == SJ_OK && rc == SJ_OK)
		rc = sj_trust_there(f->slot.dir, path, &there);
	if (rc != SJ_OK)
		goto out;
	if (read == SJ_INPUT_MALFORMED)
		rc = refuse(f->bundle, file, "It is no such list.");
	else if (read != SJ_OK)
		rc = refuse(f->bundle, file, "No status signer of the bundle has signed it.");
	else if (!is_issuer(f->bundle, head.issuer))
		rc = refuse(f->bundle, file, "It is another authority's.");
	else if (older)
		rc = refuse(f->bundle, file, "It is older than the one in use.");
	else if (mkdirat(f->slot.dir, SJ_PSEUDONYMS_FOLDER, 0755) != 0 && errno != EEXIST)
		rc = sj_trust_errno(errno);
	else if (there)
		rc = refuse(f->bundle, file, "Another one of the same sector key is there.");
	else
		rc = put_file(f->bundle, file, f->slot.dir, path);
out:
	sj_trust_file_free(&bytes);
	return rc;
}

static enum sj_rc put_rest(struct fill *f)
{
	const struct sj_bundle *bundle = f->bundle;
	enum sj_rc rc = SJ_OK;

	for (size_t i = 0; rc == SJ_OK && i < bundle->manifest.count; i++) {
		const struct sj_bundle_file *file = &bundle->list[i];

		if (file->entry.kind == SJ_BUNDLED_GATE_TOKEN)
			rc = put_named(f, file, SJ_SIGNERS_FOLDER, ".cwt");
		else if (file->entry.kind == SJ_BUNDLED_STATUS_LIST)
			rc = put_status(f, file);
		else if (file->entry.kind == SJ_BUNDLED_CV_LINK)
			rc = put_named(f, file, CV_FOLDER, ".cvcert");
		else if (file->entry.kind == SJ_BUNDLED_SERVICES)
			rc = put_file(bundle, file, f->slot.dir, SERVICES_NAME);
		else if (file->entry.kind == SJ_BUNDLED_PSEUDONYMS)
			rc = put_pseudonyms(f, file);
	}
	return rc;
}

/* --- the slot ------------------------------------------------------------------------ */

/* Deletes what is in a folder, if there is one, and in those below. What stayed would come into use. */
static enum sj_rc empty(int dir, const char *folder, unsigned depth)
{
	DIR *stream = sj_trust_entries(dir, folder);
	const struct dirent *entry;
	enum sj_rc rc = SJ_OK;

	if (stream == NULL)
		return errno == ENOENT ? SJ_OK : sj_trust_errno(errno);
	while (errno = 0, rc == SJ_OK && (entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    unlinkat(dirfd(stream), entry->d_name, 0) == 0)
			continue;
		rc = depth > 0 ? empty(dirfd(stream), entry->d_name, depth - 1) : SJ_OUTPUT_FAILED;
		if (rc == SJ_OK && unlinkat(dirfd(stream), entry->d_name, AT_REMOVEDIR) != 0)
			rc = sj_trust_errno(errno);
	}
	if (rc == SJ_OK && errno != 0)
		rc = sj_trust_errno(errno);
	closedir(stream);
	return rc;
}

static enum sj_rc make_slot(struct sj_bundle *bundle)
{
	enum sj_rc rc;

	if (bundle->next.fd >= 0)
		close(bundle->next.fd);
	/* Anything but a folder goes: a link is not followed. */
	(void)unlinkat(bundle->folder, bundle->next.name, 0);
	rc = empty(bundle->folder, bundle->next.name, SLOT_DEPTH);
	if (rc != SJ_OK)
		return rc;
	if (mkdirat(bundle->folder, bundle->next.name, 0755) != 0 && errno != EEXIST)
		return sj_trust_errno(errno);
	bundle->next.fd =
		openat(bundle->folder, bundle->next.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return bundle->next.fd >= 0 ? SJ_OK : sj_trust_errno(errno);
}

static enum sj_rc sync_slot(const struct fill *f)
{
	static const char *const folders[] = { SJ_SIGNERS_FOLDER, CV_FOLDER, SJ_PSEUDONYMS_FOLDER,
					       "." };
	enum sj_rc rc = SJ_OK;
	bool there;

	for (size_t i = 0; rc == SJ_OK && i < sizeof(folders) / sizeof(folders[0]); i++) {
		rc = sj_trust_there(f->slot.dir, folders[i], &there);
		if (rc == SJ_OK && there)
			rc = sj_trust_sync(&f->slot.io, f->slot.dir, folders[i]);
	}
	return rc == SJ_OK ? sj_trust_sync(&f->slot.io, f->bundle->folder, ".") : rc;
}

static enum sj_rc fill_slot(struct fill *f)
{
	struct sj_bundle *bundle = f->bundle;
	enum sj_rc rc = admit_all(f);

	if (rc == SJ_OK)
		rc = believe_tokens(f);
	if (rc == SJ_OK)
		rc = put_rest(f);
	if (rc == SJ_OK)
		rc = sj_trust_write(&f->slot.io, f->slot.dir, "manifest",
				    sj_span(bundle->bytes, bundle->len));
	return rc == SJ_OK ? sync_slot(f) : rc;
}

enum sj_rc sj_bundle_fill(struct sj_bundle *bundle)
{
	struct fill f = { .bundle = bundle };
	enum sj_rc rc = make_slot(bundle);

	if (rc != SJ_OK)
		return rc;
	f.slot = bundle->own;
	f.slot.dir = bundle->next.fd;
	f.slot.items = (struct sj_trust_items){ NULL, 0, 0 };
	f.slot.tell = hear;
	f.slot.user = bundle;
	f.before.dir = bundle->present.fd;
	f.signers = malloc(sizeof(*f.signers));
	if (f.signers == NULL)
		return SJ_NO_MEMORY;
	/* Without the index in use everything is new. */
	if (f.before.dir < 0 || sj_trust_index_read(f.before.dir, &f.before.items) != SJ_OK)
		f.before.items = (struct sj_trust_items){ NULL, 0, 0 };
	rc = fill_slot(&f);
	sj_trust_items_free(&f.before.items);
	sj_trust_items_free(&f.slot.items);
	free(f.signers);
	return rc;
}
