/*
 * kept.c -- what a card told, and its form on disk:
 * "SJK2" || GUID (16) || content (32) || entries || FNV-1a of all before (8);
 * an entry: kind (1) || tag (4) || size (4) || bytes; a key's bytes: algorithm (1) ||
 * flags (1) || SubjectPublicKeyInfo. Numbers are big-endian.
 * The sum is for accidents: whoever may write the file could make one. Nobody who only wants to know
 * which keys there are waits until OpenSSL is ready.
 */
#include "kept.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC SJ_SPAN_STR("SJK2")
#define SUM_SIZE 8u

enum { KEY_PIN_ALWAYS = 1, KEY_PIN_NEVER = 2, KEY_GENERATED = 4 };

const struct p11_kept *p11_kept_find(const struct p11_kept *list, enum p11_kind kind, uint32_t tag)
{
	while (list != NULL && (list->kind != kind || list->tag != tag))
		list = list->next;
	return list;
}

const struct p11_kept *p11_kept_add(struct p11_kept **list, enum p11_kind kind, uint32_t tag,
				    struct sj_span bytes)
{
	struct p11_kept *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->kind = kind;
	k->tag = tag;
	if (bytes.len > 0) {
		k->bytes = malloc(bytes.len);
		if (k->bytes == NULL) {
			free(k);
			return NULL;
		}
		memcpy(k->bytes, bytes.ptr, bytes.len);
		k->len = bytes.len;
	}
	k->next = *list;
	*list = k;
	return k;
}

void p11_kept_free(struct p11_kept **list)
{
	struct p11_kept *k;

	while ((k = *list) != NULL) {
		*list = k->next;
		free(k->bytes);
		free(k);
	}
}

/* --- keys ----------------------------------------------------------------------------- */

static void put_key(struct sj_writer *w, const struct sj_piv_key_info *key)
{
	sj_put_u8(w, (uint8_t)key->algorithm);
	sj_put_u8(w, (uint8_t)((key->pin_always ? KEY_PIN_ALWAYS : 0) |
			       (key->pin_never ? KEY_PIN_NEVER : 0) |
			       (key->generated ? KEY_GENERATED : 0)));
	sj_put(w, sj_span(key->spki, key->spki_len));
}

static bool read_key(struct sj_span in, struct sj_piv_key_info *key)
{
	uint8_t algorithm, flags;

	memset(key, 0, sizeof(*key));
	key->size = sizeof(*key);
	if (!sj_take_u8(&in, &algorithm) || !sj_take_u8(&in, &flags) || in.len > sizeof(key->spki))
		return false;
	key->algorithm = (enum sj_piv_algorithm)algorithm;
	key->pin_always = (flags & KEY_PIN_ALWAYS) != 0;
	key->pin_never = (flags & KEY_PIN_NEVER) != 0;
	key->generated = (flags & KEY_GENERATED) != 0;
	key->spki_len = in.len;
	return sj_take_copy(&in, in.len, key->spki);
}

/* --- the file ---------------------------------------------------------------------------- */

static void put_entry(struct sj_writer *w, const struct p11_kept *k)
{
	uint8_t bytes[SJ_PIV_SPKI_MAX + 2];
	struct sj_writer key = SJ_WRITER_OF(bytes);
	struct sj_piv_key_info info;
	struct sj_span value = sj_span(k->bytes, k->len);

	if (k->kind == P11_KEPT_KEY && k->len == sizeof(info)) {
		memcpy(&info, k->bytes, sizeof(info));
		put_key(&key, &info);
		value = sj_written(&key);
	}
	sj_put_u8(w, (uint8_t)k->kind);
	sj_put_be(w, 4, k->tag);
	sj_put_be(w, 4, (uint32_t)value.len);
	sj_put(w, value);
}

void p11_cache_put(struct sj_writer *w, const uint8_t guid[static SJ_PIV_GUID],
		   const uint8_t content[static SJ_PIV_CONTENT], const struct p11_kept *list)
{
	sj_put(w, MAGIC);
	sj_put(w, sj_span(guid, SJ_PIV_GUID));
	sj_put(w, sj_span(content, SJ_PIV_CONTENT));
	for (; list != NULL; list = list->next)
		put_entry(w, list);
	sj_put_u64(w, sj_fnv(SJ_FNV_BASIS, sj_written(w)));
}

static bool read_entry(struct sj_span *in, struct p11_kept **list)
{
	struct sj_piv_key_info key;
	struct sj_span value;
	uint32_t tag, len;
	uint8_t kind;

	if (!sj_take_u8(in, &kind) || !sj_take_be(in, 4, &tag) || !sj_take_be(in, 4, &len) ||
	    !sj_take(in, len, &value) || kind < P11_KEPT_KEY || kind > P11_KEPT_OBJECT)
		return false;
	if (kind == P11_KEPT_KEY && value.len > 0) {
		if (!read_key(value, &key))
			return false;
		value = sj_span((const uint8_t *)&key, sizeof(key));
	}
	return p11_kept_add(list, (enum p11_kind)kind, tag, value) != NULL;
}

/* Takes the sum from the end and compares it. */
static bool whole(struct sj_span *file)
{
	struct sj_span end = *file;
	uint64_t sum;

	return file->len >= SUM_SIZE && sj_take(&end, file->len - SUM_SIZE, file) &&
	       sj_take_u64(&end, &sum) && sum == sj_fnv(SJ_FNV_BASIS, *file);
}

static bool take_same(struct sj_span *in, struct sj_span expected)
{
	struct sj_span is;

	return sj_take(in, expected.len, &is) && sj_span_eq(is, expected);
}

bool p11_cache_read(struct sj_span file, const uint8_t guid[static SJ_PIV_GUID],
		    const uint8_t content[static SJ_PIV_CONTENT], struct p11_kept **list)
{
	if (!whole(&file) || !take_same(&file, MAGIC) ||
	    !take_same(&file, sj_span(guid, SJ_PIV_GUID)) ||
	    !take_same(&file, sj_span(content, SJ_PIV_CONTENT)))
		return false;
	while (file.len > 0) {
		if (!read_entry(&file, list)) {
			p11_kept_free(list);
			return false;
		}
	}
	return true;
}
