/* kept.c -- the two parts that are sealed, as bytes: the chip's proof, and the holder's data. */
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "journal/evidence.h"
#include "secure/gate.h"

#define DATUM 1u
#define PORTRAIT 2u
#define DATUM_HEAD (1u + 4u + 1u + 4u)

/* A buffer of this size that begins with a salt. */
static enum sj_rc begin(size_t cap, struct sj_bytes *out, struct sj_writer *w)
{
	const struct sj_random random = sj_random_system();
	uint8_t salt[SJ_EVIDENCE_SALT];

	*out = (struct sj_bytes){ malloc(cap), cap };
	if (out->ptr == NULL)
		return SJ_NO_MEMORY;
	*w = sj_writer(out->ptr, cap);
	if (!sj_random_fill(&random, salt, sizeof(salt)))
		return SJ_CRYPTO_FAILED;
	sj_put(w, SJ_SPAN_OF(salt));
	return SJ_OK;
}

static enum sj_rc end(enum sj_rc rc, const struct sj_writer *w, struct sj_bytes *out)
{
	if (rc == SJ_OK && w->failed)
		rc = SJ_INTERNAL;
	if (rc == SJ_OK)
		out->len = w->len;
	else
		sj_bytes_free(out);
	return rc;
}

/* --- the chip's proof --------------------------------------------------------------- */

enum sj_rc sj_proof_put(const struct sj_proof *proof, struct sj_bytes *out)
{
	const struct sj_span parts[] = {
		sj_span(proof->challenge, proof->challenge_len),
		sj_span(proof->answer, proof->answer_len),
		sj_span(proof->key, proof->key_len),
		sj_span(proof->statement, proof->statement_len),
		sj_span(proof->groups, proof->groups_len),
	};
	const size_t n = sizeof(parts) / sizeof(parts[0]);
	struct sj_writer w;
	enum sj_rc rc;

	*out = (struct sj_bytes){ 0 };
	if (proof->kind == SJ_PROOF_NONE)
		return SJ_OK;
	rc = begin(SJ_EVIDENCE_SALT + 4 * n + sj_spans_len(parts, n), out, &w);
	for (size_t i = 0; rc == SJ_OK && i < n; i++) {
		sj_put_be(&w, 4, (uint32_t)parts[i].len);
		if (parts[i].len != 0)
			sj_put(&w, parts[i]);
	}
	return end(rc, &w, out);
}

static bool take_part(struct sj_span *in, const uint8_t **bytes, size_t *len)
{
	struct sj_span part;
	uint32_t n;

	if (!sj_take_be(in, 4, &n) || !sj_take(in, n, &part))
		return false;
	*bytes = part.ptr;
	*len = part.len;
	return true;
}

bool sj_proof_take(struct sj_span plain, enum sj_proof_kind kind, struct sj_proof *out)
{
	struct sj_span salt;

	*out = (struct sj_proof){ .size = sizeof(*out), .kind = kind };
	return sj_take(&plain, SJ_EVIDENCE_SALT, &salt) &&
	       take_part(&plain, &out->challenge, &out->challenge_len) &&
	       take_part(&plain, &out->answer, &out->answer_len) &&
	       take_part(&plain, &out->key, &out->key_len) &&
	       take_part(&plain, &out->statement, &out->statement_len) &&
	       take_part(&plain, &out->groups, &out->groups_len) && plain.len == 0;
}

/* --- the holder's data ----------------------------------------------------------------- */

static void put_item(struct sj_writer *w, uint8_t kind, uint32_t right, struct sj_span name,
		     struct sj_span value)
{
	sj_put_u8(w, kind);
	sj_put_be(w, 4, right);
	sj_put_u8(w, (uint8_t)name.len);
	sj_put(w, name);
	sj_put_be(w, 4, (uint32_t)value.len);
	if (value.len != 0)
		sj_put(w, value);
	w->failed = w->failed || name.len > UINT8_MAX;
}

static struct sj_span text_of(const char *text)
{
	return sj_span((const uint8_t *)text, strlen(text));
}

/* Writes what is kept, or, without a writer, counts its bytes. */
static size_t each_item(const struct sj_answer *answer, uint32_t keep, uint32_t *kept,
			struct sj_writer *w)
{
	struct sj_datum d = { .size = sizeof(d) };
	const char *mime = NULL;
	const uint8_t *bytes = NULL;
	size_t len = 0, size = 0;

	for (size_t i = 0; sj_answer_datum(answer, i, &d); i++) {
		if ((d.right & keep) == 0)
			continue;
		*kept |= d.right & keep;
		size += DATUM_HEAD + strlen(d.name) + strlen(d.value);
		if (w != NULL)
			put_item(w, DATUM, d.right, text_of(d.name), text_of(d.value));
	}
	if ((keep & SJ_RIGHT_PORTRAIT) != 0 && sj_answer_portrait(answer, &bytes, &len, &mime)) {
		*kept |= SJ_RIGHT_PORTRAIT;
		size += DATUM_HEAD + strlen(mime) + len;
		if (w != NULL)
			put_item(w, PORTRAIT, SJ_RIGHT_PORTRAIT, text_of(mime),
				 sj_span(bytes, len));
	}
	return size;
}

enum sj_rc sj_data_put(const struct sj_answer *answer, uint32_t keep, uint32_t *kept,
		       struct sj_bytes *out)
{
	struct sj_writer w;
	size_t size;
	enum sj_rc rc;

	*out = (struct sj_bytes){ 0 };
	*kept = 0;
	size = each_item(answer, keep, kept, NULL);
	if (*kept == 0)
		return SJ_OK;
	rc = begin(SJ_EVIDENCE_SALT + size, out, &w);
	if (rc == SJ_OK)
		(void)each_item(answer, keep, kept, &w);
	return end(rc, &w, out);
}

bool sj_data_take(struct sj_span *in, struct sj_data_item *out)
{
	struct sj_span rest = *in;
	uint32_t len;
	uint8_t kind, n;

	if (!sj_take_u8(&rest, &kind) || (kind != DATUM && kind != PORTRAIT) ||
	    !sj_take_be(&rest, 4, &out->right) || !sj_take_u8(&rest, &n) ||
	    !sj_take(&rest, n, &out->name) || !sj_take_be(&rest, 4, &len) ||
	    !sj_take(&rest, len, &out->value))
		return false;
	out->portrait = kind == PORTRAIT;
	*in = rest;
	return true;
}

/* --- for those who read it ------------------------------------------------------------------ */

struct sj_kept {
	struct sj_bytes plain;
	char *texts; /* names and values, each with its NUL */
	size_t texts_len;
	struct sj_datum *data;
	size_t n;
	struct sj_span portrait;
	const char *mime;
};

static const char *put_text(struct sj_kept *k, struct sj_span text)
{
	char *at = k->texts + k->texts_len;

	if (text.len != 0)
		memcpy(at, text.ptr, text.len);
	at[text.len] = '\0';
	k->texts_len += text.len + 1;
	return at;
}

static const char *mime_of(struct sj_span name)
{
	static const char *const types[] = { "image/jpeg", "image/jp2" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (sj_span_eq(name, text_of(types[i])))
			return types[i];
	return "application/octet-stream";
}

static bool fill(struct sj_kept *k, struct sj_span in)
{
	struct sj_data_item item;

	while (in.len != 0) {
		if (!sj_data_take(&in, &item))
			return false;
		if (item.portrait) {
			k->portrait = item.value;
			k->mime = mime_of(item.name);
			continue;
		}
		k->data[k->n].size = sizeof(k->data[0]);
		k->data[k->n].right = item.right;
		k->data[k->n].name = put_text(k, item.name);
		k->data[k->n++].value = put_text(k, item.value);
	}
	return true;
}

enum sj_rc sj_kept_of(struct sj_bytes *plain, struct sj_kept **out)
{
	struct sj_kept *k = calloc(1, sizeof(*k));
	struct sj_span in, salt;
	enum sj_rc rc = SJ_NO_MEMORY;

	if (k == NULL)
		goto out;
	k->plain = *plain;
	*plain = (struct sj_bytes){ 0 };
	in = sj_span(k->plain.ptr, k->plain.len);
	/* An item has ten bytes besides its texts, which are enough for two NULs. */
	k->texts = malloc(k->plain.len + 1);
	k->data = calloc(k->plain.len / DATUM_HEAD + 1, sizeof(k->data[0]));
	if (k->texts == NULL || k->data == NULL)
		goto out;
	rc = sj_take(&in, SJ_EVIDENCE_SALT, &salt) && fill(k, in) ? SJ_OK : SJ_EVIDENCE_BROKEN;
	if (rc == SJ_OK) {
		*out = k;
		k = NULL;
	}
out:
	sj_bytes_free(plain);
	sj_kept_free(k);
	return rc;
}

bool sj_kept_datum(const struct sj_kept *kept, size_t i, struct sj_datum *out)
{
	size_t size = out->size < sizeof(*out) ? out->size : sizeof(*out);

	if (i >= kept->n)
		return false;
	memcpy(out, &kept->data[i], size);
	out->size = size;
	return true;
}

bool sj_kept_portrait(const struct sj_kept *kept, const uint8_t **bytes, size_t *len,
		      const char **mime)
{
	*bytes = kept->portrait.ptr;
	*len = kept->portrait.len;
	*mime = kept->mime;
	return kept->mime != NULL;
}

void sj_kept_free(struct sj_kept *kept)
{
	if (kept == NULL)
		return;
	if (kept->texts != NULL)
		sj_wipe(kept->texts, kept->texts_len);
	free(kept->texts);
	free(kept->data);
	sj_bytes_free(&kept->plain);
	free(kept);
}
