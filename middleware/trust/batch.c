/* batch.c -- an import: everything becomes visible at once, or nothing. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/store.h"
#include "wire/hex.h"

static const char *const folders[] = { "csca", "link", "crl", "key" };
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

#define NAME_DIGITS 16u /* of name key and of hash in a file's name */

/* Whether a listed file has this name in this folder: "<16 digits>-<16 digits>.cer". */
static bool is_listed(const struct sj_trust_items *items, const char *folder, const char *name)
{
	char path[SJ_TRUST_FILE_NAME];
	uint8_t key[SJ_TRUST_NAME_KEY];
	struct sj_writer w = SJ_WRITER_OF(key);
	size_t i, len = strlen(folder);

	if (strlen(name) < NAME_DIGITS || !sj_hex_read(name, NAME_DIGITS, &w))
		return false;
	for (i = 0; i < items->n; i++) {
		if (memcmp(items->list[i].name_key, key, sizeof(key)) != 0)
			continue;
		sj_trust_item_path(&items->list[i], path);
		if (strncmp(path, folder, len) == 0 && path[len] == '/' &&
		    strcmp(path + len + 1, name) == 0)
			return true;
	}
	return false;
}

/* Deletes what no index names: leftovers of a killed import, replaced CRLs. */
static void sweep(int dir, const struct sj_trust_items *items)
{
	size_t i;

	for (i = 0; i < FOLDERS; i++) {
		DIR *stream = sj_trust_entries(dir, folders[i]);
		const struct dirent *entry;

		if (!stream)
			continue;
		while ((entry = readdir(stream)) != NULL)
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			    !is_listed(items, folders[i], entry->d_name))
				unlinkat(dirfd(stream), entry->d_name, 0);
		closedir(stream);
	}
}

static enum sj_rc make_folders(int dir)
{
	size_t i;

	for (i = 0; i < FOLDERS; i++)
		if (mkdirat(dir, folders[i], 0755) != 0 && errno != EEXIST)
			return sj_trust_errno(errno);
	return SJ_OK;
}

enum sj_rc sj_trust_batch_begin(struct sj_trust *trust, struct sj_trust_batch *out)
{
	struct sj_trust_batch batch = { trust, -1, { NULL, 0, 0 }, NULL };
	enum sj_rc rc;

	if (!trust->writable)
		return SJ_FILE_PERMISSION;
	rc = sj_trust_lock(trust->dir, &batch.lock);
	if (rc == SJ_OK)
		rc = make_folders(trust->dir);
	if (rc == SJ_OK)
		rc = sj_trust_index_read(trust->dir, &batch.items);
	if (rc != SJ_OK) {
		if (batch.lock >= 0)
			close(batch.lock);
		return rc;
	}
	sweep(trust->dir, &batch.items);
	*out = batch;
	return SJ_OK;
}

static bool make_item(enum sj_trust_kind kind, struct sj_span name, struct sj_span der,
		      struct sj_trust_item *out)
{
	uint8_t hash[SJ_HASH_MAX];

	*out = (struct sj_trust_item){ .kind = kind };
	if (!sj_trust_name_key(name, out->name_key) || !sj_hash(SJ_SHA256, &der, 1, hash))
		return false;
	memcpy(out->hash, hash, sizeof(out->hash));
	return true;
}

static bool is_intact(const struct sj_trust *trust, const struct sj_trust_item *item)
{
	struct sj_trust_file file = { NULL, 0 };
	bool intact = sj_trust_load(trust, item, &file) == SJ_OK;

	sj_trust_file_free(&file);
	return intact;
}

bool sj_trust_batch_checked(const struct sj_trust_batch *batch, enum sj_trust_kind kind,
			    struct sj_span name, struct sj_span der)
{
	struct sj_trust_item item;

	return batch->before != NULL && make_item(kind, name, der, &item) &&
	       sj_trust_items_find(&batch->before->items, &item) != NULL;
}

/* The file of the store before under the same name, if it is what it was. */
static bool link_before(const struct sj_trust_batch *batch, const struct sj_trust_item *item,
			const char *path)
{
	return batch->before != NULL && sj_trust_items_find(&batch->before->items, item) != NULL &&
	       linkat(batch->before->dir, path, batch->trust->dir, path, 0) == 0 &&
	       is_intact(batch->trust, item);
}

enum sj_rc sj_trust_batch_add(struct sj_trust_batch *batch, enum sj_trust_kind kind,
			      struct sj_span name, struct sj_span der, bool *known)
{
	struct sj_trust_item item;
	char path[SJ_TRUST_FILE_NAME];
	enum sj_rc rc;

	if (!make_item(kind, name, der, &item))
		return SJ_CRYPTO_FAILED;
	*known = sj_trust_items_find(&batch->items, &item) != NULL;
	if (*known && is_intact(batch->trust, &item))
		return SJ_OK;
	sj_trust_item_path(&item, path);
	rc = link_before(batch, &item, path)
		     ? SJ_OK
		     : sj_trust_write(&batch->trust->io, batch->trust->dir, path, der);
	if (rc == SJ_OK && !*known && !sj_trust_items_add(&batch->items, &item))
		rc = SJ_NO_MEMORY;
	return rc;
}

bool sj_trust_batch_names(const struct sj_trust_batch *batch, enum sj_trust_class sought,
			  struct sj_span name)
{
	uint8_t key[SJ_TRUST_NAME_KEY];
	size_t at = 0, there = 0;

	return sj_trust_name_key(name, key) &&
	       (sj_trust_next(&batch->items, sought, key, &at) != NULL ||
		sj_trust_next(&batch->trust->items, sought, key, &there) != NULL);
}

enum sj_rc sj_trust_batch_replace_crl(struct sj_trust_batch *batch, struct sj_span name,
				      struct sj_span der)
{
	struct sj_trust_item item;
	size_t i, kept = 0;

	if (!make_item(SJ_TRUST_CRL, name, der, &item))
		return SJ_CRYPTO_FAILED;
	for (i = 0; i < batch->items.n; i++) {
		const struct sj_trust_item *old = &batch->items.list[i];
		bool replaced = old->kind == SJ_TRUST_CRL &&
				memcmp(old->name_key, item.name_key, sizeof(item.name_key)) == 0 &&
				memcmp(old->hash, item.hash, sizeof(item.hash)) != 0;

		if (!replaced)
			batch->items.list[kept++] = *old;
	}
	batch->items.n = kept;
	return SJ_OK;
}

static void release(struct sj_trust_batch *batch)
{
	sj_trust_items_free(&batch->items);
	close(batch->lock);
	batch->lock = -1;
}

enum sj_rc sj_trust_batch_commit(struct sj_trust_batch *batch)
{
	struct sj_trust *trust = batch->trust;
	enum sj_rc rc = SJ_OK;
	size_t i;

	if (!sj_trust_items_merge(&batch->items, &trust->items))
		rc = SJ_NO_MEMORY;
	for (i = 0; i < FOLDERS && rc == SJ_OK; i++)
		rc = sj_trust_sync(&trust->io, trust->dir, folders[i]);
	if (rc == SJ_OK)
		rc = sj_trust_index_write(&trust->io, trust->dir, &batch->items);
	if (rc != SJ_OK) {
		sj_trust_batch_abort(batch);
		return rc;
	}
	sj_trust_items_free(&trust->items);
	trust->items = batch->items;
	batch->items = (struct sj_trust_items){ NULL, 0, 0 };
	release(batch);
	return SJ_OK;
}

void sj_trust_batch_abort(struct sj_trust_batch *batch)
{
	struct sj_trust_items present = { NULL, 0, 0 };

	if (sj_trust_index_read(batch->trust->dir, &present) == SJ_OK)
		sweep(batch->trust->dir, &present);
	sj_trust_items_free(&present);
	release(batch);
}
