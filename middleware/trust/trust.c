/* trust.c -- opening a trust store and looking things up in it. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/memory.h"
#include "trust/certificate.h"
#include "trust/slot.h"
#include "trust/store.h"
#include "trust/time.h"
#include "wire/hex.h"

#define NAME_TEXT_MAX 1024u /* bytes of a name's text that its key covers */

static bool has_certificate(const struct sj_trust_items *items)
{
	/* CRLs come first: the last item tells. */
	return items->n > 0 && items->list[items->n - 1].kind != SJ_TRUST_CRL;
}

/* What the bundle in use brought, beside the store's own. */
static enum sj_rc add_bundled(struct sj_trust *trust)
{
	struct sj_trust_items items = { NULL, 0, 0 };
	struct sj_slot slot;
	enum sj_rc rc = sj_slot_open(trust->dir, &slot);

	trust->slot = slot.fd;
	if (rc != SJ_OK || slot.fd < 0)
		return rc;
	rc = sj_trust_index_read(slot.fd, &items);
	for (size_t i = 0; i < items.n; i++)
		items.list[i].bundled = true;
	if (rc == SJ_OK && !sj_trust_items_merge(&trust->items, &items))
		rc = SJ_NO_MEMORY;
	sj_trust_items_free(&items);
	return rc;
}

static enum sj_rc open_directory(const char *directory, bool writable, struct sj_trust **out)
{
	struct sj_trust *trust = calloc(1, sizeof(*trust));
	enum sj_rc rc;

	if (!trust)
		return SJ_NO_MEMORY;
	trust->writable = writable;
	trust->slot = -1;
	trust->io = sj_trust_io_system();
	trust->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (trust->dir < 0) {
		rc = sj_trust_unopened(errno);
		free(trust);
		return rc;
	}
	rc = sj_trust_index_read(trust->dir, &trust->items);
	if (rc == SJ_OK)
		rc = add_bundled(trust);
	if (rc == SJ_OK)
		rc = sj_trust_time_read(trust);
	if (rc == SJ_OK && !writable && !has_certificate(&trust->items))
		rc = SJ_TRUST_MISSING;
	if (rc != SJ_OK) {
		sj_trust_close(trust);
		return rc;
	}
	*out = trust;
	return SJ_OK;
}

enum sj_rc sj_trust_open(const char *directory, struct sj_trust **out)
{
	const unsigned mark = sj_memory_mark();

	return sj_memory_rc(mark, open_directory(directory, false, out));
}

enum sj_rc sj_trust_create(const char *directory, struct sj_trust **out)
{
	const unsigned mark = sj_memory_mark();

	if (mkdir(directory, 0755) != 0 && errno != EEXIST)
		return sj_memory_rc(mark, sj_trust_errno(errno));
	return sj_memory_rc(mark, open_directory(directory, true, out));
}

void sj_trust_close(struct sj_trust *trust)
{
	if (!trust)
		return;
	sj_trust_items_free(&trust->items);
	if (trust->slot >= 0)
		close(trust->slot);
	close(trust->dir);
	free(trust);
}

void sj_trust_listen(struct sj_trust *trust, sj_trust_tell_fn fn, void *user)
{
	trust->tell = fn;
	trust->user = user;
}

void sj_trust_find_signed(struct sj_trust *trust, sj_signed_fn fn, void *user)
{
	trust->find = fn;
	trust->find_user = user;
}

void sj_trust_say(const struct sj_trust *trust, const char *what, const char *why)
{
	if (trust->tell)
		trust->tell(trust->user, what, why);
}

/* Lower case, runs of white space one space, none at the ends. */
static size_t fold(char *text)
{
	size_t from, to = 0;

	for (from = 0; text[from]; from++) {
		unsigned char c = (unsigned char)text[from];

		if (isspace(c)) {
			if (to > 0 && text[to - 1] != ' ')
				text[to++] = ' ';
			continue;
		}
		text[to++] = (char)(c < 0x80 ? tolower(c) : c);
	}
	while (to > 0 && text[to - 1] == ' ')
		to--;
	text[to] = 0;
	return to;
}

bool sj_trust_name_key(struct sj_span name, uint8_t out[static SJ_TRUST_NAME_KEY])
{
	char text[NAME_TEXT_MAX];
	uint8_t hash[SJ_HASH_MAX];
	struct sj_span folded;

	sj_name_text(name, text, sizeof(text));
	folded = sj_span((const uint8_t *)text, fold(text));
	if (!sj_hash(SJ_SHA256, &folded, 1, hash))
		return false;
	memcpy(out, hash, SJ_TRUST_NAME_KEY);
	return true;
}

void sj_trust_item_path(const struct sj_trust_item *item, char out[static SJ_TRUST_FILE_NAME])
{
	static const char *const folder[] = { "crl", "csca", "link", "key" };
	char key[2 * SJ_TRUST_NAME_KEY + 1], hash[2 * SJ_TRUST_NAME_KEY + 1];

	(void)sj_hex_text(SJ_SPAN_OF(item->name_key), SJ_HEX_LOWER, key, sizeof(key));
	(void)sj_hex_text(sj_span(item->hash, SJ_TRUST_NAME_KEY), SJ_HEX_LOWER, hash, sizeof(hash));
	snprintf(out, SJ_TRUST_FILE_NAME, "%s/%s-%s.%s", folder[item->kind], key, hash,
		 item->kind == SJ_TRUST_CRL ? "crl" : "cer");
}

static bool matches(const struct sj_trust_item *item, const struct sj_trust_file *file)
{
	struct sj_span bytes = sj_span(file->bytes, file->len);
	uint8_t hash[SJ_HASH_MAX];

	return sj_hash(SJ_SHA256, &bytes, 1, hash) &&
	       memcmp(hash, item->hash, sizeof(item->hash)) == 0;
}

enum sj_rc sj_trust_load(const struct sj_trust *trust, const struct sj_trust_item *item,
			 struct sj_trust_file *out)
{
	const unsigned mark = sj_memory_mark();
	struct sj_trust_file file = { NULL, 0 };
	char path[SJ_TRUST_FILE_NAME];
	enum sj_rc rc;

	sj_trust_item_path(item, path);
	rc = sj_trust_read(item->bundled ? trust->slot : trust->dir, path, SJ_TRUST_FILE_MAX,
			   &file);
	if (rc == SJ_NO_MEMORY)
		return rc;
	if (rc == SJ_OK && matches(item, &file)) {
		*out = file;
		return SJ_OK;
	}
	if (sj_memory_lacked(mark)) { /* it was not looked at */
		sj_trust_file_free(&file);
		return SJ_NO_MEMORY;
	}
	sj_trust_say(trust, path,
		     rc == SJ_OK ? "It is not the file that was imported." : "It cannot be read.");
	sj_trust_file_free(&file);
	return rc == SJ_OK || rc == SJ_TRUST_MISSING ? SJ_INPUT_MALFORMED : SJ_TRUST_UNREADABLE;
}

static enum sj_trust_class class_of(enum sj_trust_kind kind)
{
	static const enum sj_trust_class classes[] = {
		[SJ_TRUST_CRL] = SJ_TRUST_CRLS,
		[SJ_TRUST_CSCA] = SJ_TRUST_DOCUMENT_CAS,
		[SJ_TRUST_LINK] = SJ_TRUST_DOCUMENT_CAS,
		[SJ_TRUST_KEY_CA] = SJ_TRUST_KEY_CAS,
	};

	return classes[kind];
}

const struct sj_trust_item *sj_trust_next(const struct sj_trust_items *items,
					  enum sj_trust_class sought,
					  const uint8_t name_key[static SJ_TRUST_NAME_KEY],
					  size_t *at)
{
	while (*at < items->n) {
		const struct sj_trust_item *item = &items->list[(*at)++];

		if (class_of(item->kind) == sought &&
		    memcmp(item->name_key, name_key, SJ_TRUST_NAME_KEY) == 0)
			return item;
	}
	return NULL;
}

static bool has_crl(const struct sj_trust *trust, const struct sj_trust_item *of)
{
	size_t at = 0;

	return sj_trust_next(&trust->items, SJ_TRUST_CRLS, of->name_key, &at) != NULL;
}

static void describe(const struct sj_cert *cert, struct sj_trust_entry *entry)
{
	sj_name_text(cert->subject, entry->subject, sizeof(entry->subject));
	sj_name_text(cert->issuer, entry->issuer, sizeof(entry->issuer));
	sj_name_country(cert->subject, entry->country);
	sj_cert_key_text(cert, entry->key, sizeof(entry->key));
	entry->not_before = cert->not_before;
	entry->not_after = cert->not_after;
	entry->explicit_parameters = cert->explicit_parameters;
}

bool sj_trust_get(const struct sj_trust *trust, size_t i, struct sj_trust_entry *out)
{
	struct sj_trust_entry entry = { .size = out->size, .subject = "(unreadable)" };
	struct sj_trust_file file = { NULL, 0 };
	const struct sj_trust_item *item;
	struct sj_cert cert;
	size_t crls = 0;

	while (crls < trust->items.n && trust->items.list[crls].kind == SJ_TRUST_CRL)
		crls++;
	if (i >= trust->items.n - crls)
		return false;
	item = &trust->items.list[crls + i];
	(void)sj_hex_text(SJ_SPAN_OF(item->hash), SJ_HEX_LOWER, entry.sha256, sizeof(entry.sha256));
	entry.link = item->kind == SJ_TRUST_LINK;
	entry.key_ca = item->kind == SJ_TRUST_KEY_CA;
	entry.bundled = item->bundled;
	entry.has_crl = has_crl(trust, item);
	if (sj_trust_load(trust, item, &file) == SJ_OK &&
	    sj_cert_read(sj_span(file.bytes, file.len), &cert))
		describe(&cert, &entry);
	sj_trust_file_free(&file);
	memcpy(out, &entry, out->size < sizeof(entry) ? out->size : sizeof(entry));
	return true;
}

size_t sj_trust_check_crls(const struct sj_trust *trust)
{
	struct sj_trust_file file;
	size_t damaged = 0;

	for (size_t i = 0; i < trust->items.n && trust->items.list[i].kind == SJ_TRUST_CRL; i++) {
		file = (struct sj_trust_file){ NULL, 0 };
		if (sj_trust_load(trust, &trust->items.list[i], &file) != SJ_OK)
			damaged++;
		sj_trust_file_free(&file);
	}
	return damaged;
}
