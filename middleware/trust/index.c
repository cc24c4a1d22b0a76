/* index.c -- the text that says which files of the trust store count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/store.h"
#include "wire/hex.h"

#define INDEX_MAX (1u << 24) /* bytes of the index: some 180,000 entries */
#define LINE_MAX_BYTES 96u
#define HEAD "sojourn-trust 1\n"

static const char *const kind_names[] = { "crl", "csca", "link", "key" };

static int compare(const void *a, const void *b)
{
	const struct sj_trust_item *x = a, *y = b;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = memcmp(x->name_key, y->name_key, sizeof(x->name_key));
	return order ? order : memcmp(x->hash, y->hash, sizeof(x->hash));
}

bool sj_trust_items_add(struct sj_trust_items *items, const struct sj_trust_item *item)
{
	size_t at = items->n;

	if (items->n == items->cap) {
		size_t cap = items->cap ? items->cap * 2 : 64;
		struct sj_trust_item *list = realloc(items->list, cap * sizeof(*list));

		if (!list)
			return false;
		items->list = list;
		items->cap = cap;
	}
	while (at > 0 && compare(&items->list[at - 1], item) > 0) {
		items->list[at] = items->list[at - 1];
		at--;
	}
	items->list[at] = *item;
	items->n++;
	return true;
}

const struct sj_trust_item *sj_trust_items_find(const struct sj_trust_items *items,
						const struct sj_trust_item *item)
{
	if (items->n == 0)
		return NULL;
	return bsearch(item, items->list, items->n, sizeof(*item), compare);
}

bool sj_trust_items_merge(struct sj_trust_items *items, const struct sj_trust_items *from)
{
	for (size_t i = 0; i < from->n; i++)
		if (from->list[i].bundled && sj_trust_items_find(items, &from->list[i]) == NULL &&
		    !sj_trust_items_add(items, &from->list[i]))
			return false;
	return true;
}

void sj_trust_items_free(struct sj_trust_items *items)
{
	free(items->list);
	*items = (struct sj_trust_items){ NULL, 0, 0 };
}

static bool take_line(struct sj_span *text, struct sj_span *line)
{
	const uint8_t *end = text->len ? memchr(text->ptr, '\n', text->len) : NULL;
	struct sj_span newline;

	return end && sj_take(text, (size_t)(end - text->ptr), line) && sj_take(text, 1, &newline);
}

/* Takes the word up to the next blank (or the end), and the blank. */
static struct sj_span take_word(struct sj_span *line)
{
	struct sj_span word = { line->ptr, 0 }, blank;

	while (word.len < line->len && line->ptr[word.len] != ' ')
		word.len++;
	line->ptr += word.len;
	line->len -= word.len;
	if (line->len > 1 && !sj_take(line, 1, &blank))
		word.len = 0;
	return word;
}

static bool read_hex(struct sj_span word, uint8_t *out, size_t n)
{
	struct sj_writer w = sj_writer(out, n);

	return word.len == 2 * n && sj_hex_read((const char *)word.ptr, word.len, &w);
}

static bool read_item(struct sj_span line, struct sj_trust_item *out)
{
	struct sj_span kind = take_word(&line);
	size_t i;

	for (i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
		const char *name = kind_names[i];

		if (!sj_span_eq(kind, sj_span((const uint8_t *)name, strlen(name))))
			continue;
		out->kind = (enum sj_trust_kind)i;
		return read_hex(take_word(&line), out->name_key, sizeof(out->name_key)) &&
		       read_hex(take_word(&line), out->hash, sizeof(out->hash)) && line.len == 0;
	}
	return false;
}

/* The last line: "end" and the number of lines before it. */
static bool is_end(struct sj_span line, size_t n)
{
	char expected[32];
	int len = snprintf(expected, sizeof(expected), "end %zu", n);

	return sj_span_eq(line, sj_span((const uint8_t *)expected, (size_t)len));
}

static enum sj_rc parse(struct sj_span text, struct sj_trust_items *out)
{
	struct sj_trust_items items = { NULL, 0, 0 };
	struct sj_trust_item item = { 0 };
	struct sj_span line;
	enum sj_rc rc = SJ_TRUST_UNREADABLE;

	if (!sj_take(&text, sizeof(HEAD) - 1, &line) || !sj_span_eq(line, SJ_SPAN_STR(HEAD)))
		return SJ_TRUST_UNREADABLE;
	while (take_line(&text, &line)) {
		if (text.len == 0 && is_end(line, items.n)) {
			*out = items;
			return SJ_OK;
		}
		if (!read_item(line, &item))
			goto out;
		if (items.n > 0 && compare(&items.list[items.n - 1], &item) >= 0)
			goto out;
		if (!sj_trust_items_add(&items, &item)) {
			rc = SJ_NO_MEMORY;
			goto out;
		}
	}
out:
	sj_trust_items_free(&items);
	return rc;
}

enum sj_rc sj_trust_index_read(int dir, struct sj_trust_items *out)
{
	struct sj_trust_file file = { NULL, 0 };
	enum sj_rc rc = sj_trust_read(dir, "index", INDEX_MAX, &file);

	if (rc == SJ_TRUST_MISSING) {
		*out = (struct sj_trust_items){ NULL, 0, 0 };
		return SJ_OK;
	}
	if (rc == SJ_OK)
		rc = parse(sj_span(file.bytes, file.len), out);
	sj_trust_file_free(&file);
	return rc;
}

static void put_text(struct sj_writer *w, const char *text)
{
	sj_put(w, sj_span((const uint8_t *)text, strlen(text)));
}

static void put_item(struct sj_writer *w, const struct sj_trust_item *item)
{
	char key[2 * SJ_TRUST_NAME_KEY + 1], hash[2 * SJ_TRUST_HASH + 1];

	if (!sj_hex_text(SJ_SPAN_OF(item->name_key), SJ_HEX_LOWER, key, sizeof(key)) ||
	    !sj_hex_text(SJ_SPAN_OF(item->hash), SJ_HEX_LOWER, hash, sizeof(hash)))
		w->failed = true;
	put_text(w, kind_names[item->kind]);
	put_text(w, " ");
	put_text(w, key);
	put_text(w, " ");
	put_text(w, hash);
	put_text(w, "\n");
}

enum sj_rc sj_trust_index_write(const struct sj_trust_io *io, int dir,
				const struct sj_trust_items *items)
{
	size_t i, own = 0, cap = (items->n + 2) * LINE_MAX_BYTES;
	uint8_t *text = malloc(cap);
	struct sj_writer w = sj_writer(text, cap);
	char end[32];
	enum sj_rc rc = SJ_INTERNAL;

	if (!text)
		return SJ_NO_MEMORY;
	put_text(&w, HEAD);
	for (i = 0; i < items->n; i++)
		if (!items->list[i].bundled) {
			put_item(&w, &items->list[i]);
			own++;
		}
	snprintf(end, sizeof(end), "end %zu\n", own);
	put_text(&w, end);
	if (!w.failed)
		rc = sj_trust_write(io, dir, "index", sj_written(&w));
	if (rc == SJ_OK)
		rc = sj_trust_sync(io, dir, ".");
	free(text);
	return rc;
}
