/* answer.c -- what is answered: filling it in, and getting it out. */
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "eid/eid.h"
#include "wire/hex.h"

/* --- making and forgetting -------------------------------------------------------------- */

static void forget(struct sj_answer_bytes *b)
{
	if (b->bytes)
		sj_wipe(b->bytes, b->len);
	free(b->bytes);
	*b = (struct sj_answer_bytes){ NULL, 0 };
}

static void forget_data(struct sj_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++) {
		sj_wipe(answer->data[i].value, strlen(answer->data[i].value));
		free(answer->data[i].value);
	}
	answer->count = 0;
	forget(&answer->portrait);
	forget(&answer->fingerprint);
	forget(&answer->challenge);
	forget(&answer->response);
	forget(&answer->key);
	forget(&answer->statement);
	forget(&answer->groups);
}

void sj_answer_reset(struct sj_answer *answer)
{
	const struct sj_answer_info info = { .size = sizeof(info), .asked = answer->info.asked };

	forget_data(answer);
	*answer = (struct sj_answer){ .info = info };
	answer->statistics.size = sizeof(answer->statistics);
	for (unsigned i = 0; i < SJ_ANSWER_CHECKS; i++) {
		answer->checks[i].size = sizeof(struct sj_check);
		answer->checks[i].id = (enum sj_check_id)i;
	}
}

struct sj_answer *sj_answer_new(void)
{
	struct sj_answer *answer = calloc(1, sizeof(*answer));

	if (answer)
		sj_answer_reset(answer);
	return answer;
}

void sj_answer_free(struct sj_answer *answer)
{
	if (!answer)
		return;
	forget_data(answer);
	free(answer);
}

void sj_answer_withdraw(struct sj_answer *answer, uint32_t right)
{
	size_t kept = 0;

	for (size_t i = 0; i < answer->count; i++) {
		if (!(answer->data[i].right & right)) {
			answer->data[kept++] = answer->data[i];
			continue;
		}
		sj_wipe(answer->data[i].value, strlen(answer->data[i].value));
		free(answer->data[i].value);
	}
	answer->count = kept;
	if (right & SJ_RIGHT_PORTRAIT)
		forget(&answer->portrait);
	if (right & SJ_RIGHT_FINGERPRINT)
		forget(&answer->fingerprint);
	answer->info.granted &= ~right;
}

/* --- filling it in --------------------------------------------------------------------------- */

static bool is_granted(const struct sj_answer *answer, uint32_t right)
{
	return (answer->info.granted & right) != 0;
}

enum sj_rc sj_answer_add(struct sj_answer *answer, uint32_t right, const char *name,
			 struct sj_span text)
{
	struct sj_writer w;
	char *value;

	if (!is_granted(answer, right) || text.len == 0)
		return SJ_OK;
	if (answer->count == SJ_ANSWER_DATA_MAX)
		return SJ_INTERNAL;
	value = malloc(text.len + 1);
	if (!value)
		return SJ_NO_MEMORY;
	w = sj_writer((uint8_t *)value, text.len);
	sj_text_put(&w, text);
	value[w.len] = 0;
	answer->data[answer->count++] = (struct sj_answer_datum){ name, value, right };
	return SJ_OK;
}

/* Two digits that are a part of a date. */
static bool is_part(const uint8_t *two)
{
	return two[0] >= '0' && two[0] <= '9' && two[1] >= '0' && two[1] <= '9' &&
	       memcmp(two, "00", 2) != 0 && memcmp(two, "99", 2) != 0;
}

enum sj_rc sj_answer_add_date(struct sj_answer *answer, uint32_t right, const char *name,
			      struct sj_span date)
{
	uint8_t text[10];
	struct sj_writer w = SJ_WRITER_OF(text);

	if (date.len != 8)
		return SJ_OK;
	sj_put(&w, sj_span(date.ptr, 4));
	for (size_t at = 4; at < 8 && is_part(date.ptr + at); at += 2) {
		sj_put_u8(&w, '-');
		sj_put(&w, sj_span(date.ptr + at, 2));
	}
	return sj_answer_add(answer, right, name, sj_written(&w));
}

enum sj_rc sj_answer_add_bytes(struct sj_answer *answer, uint32_t right, const char *name,
			       struct sj_span bytes)
{
	char text[129];

	if (!sj_hex_text(bytes, SJ_HEX_LOWER, text, sizeof(text)))
		return SJ_INTERNAL;
	return sj_answer_add(answer, right, name, sj_span((const uint8_t *)text, strlen(text)));
}

enum sj_rc sj_answer_add_age(struct sj_answer *answer, uint32_t right, bool over)
{
	const char *name = NULL;
	uint32_t bit = 0;

	for (size_t i = 0; bit != right && (name = sj_right_at(i, &bit)) != NULL; i++)
		;
	return name ? sj_answer_add(answer, right, name,
				    over ? SJ_SPAN_STR("yes") : SJ_SPAN_STR("no"))
		    : SJ_INTERNAL;
}

enum sj_rc sj_answer_keep(struct sj_answer_bytes *to, struct sj_span bytes)
{
	uint8_t *copy = malloc(bytes.len + 1);

	if (!copy)
		return SJ_NO_MEMORY;
	if (bytes.len > 0)
		memcpy(copy, bytes.ptr, bytes.len);
	forget(to);
	to->bytes = copy;
	to->len = bytes.len;
	return SJ_OK;
}

static bool begins(struct sj_span bytes, struct sj_span with)
{
	return bytes.len >= with.len && memcmp(bytes.ptr, with.ptr, with.len) == 0;
}

enum sj_rc sj_answer_set_portrait(struct sj_answer *answer, struct sj_span image)
{
	const char *mime = NULL;

	if (begins(image, SJ_SPAN_STR("\xFF\xD8\xFF")))
		mime = "image/jpeg";
	else if (begins(image, SJ_SPAN_STR("\0\0\0\x0CjP  \r\n\x87\n")) ||
		 begins(image, SJ_SPAN_STR("\xFF\x4F\xFF\x51")))
		mime = "image/jp2";
	if (!mime || !is_granted(answer, SJ_RIGHT_PORTRAIT))
		return SJ_OK;
	answer->mime = mime;
	return sj_answer_keep(&answer->portrait, image);
}

void sj_answer_find_absent(struct sj_answer *answer)
{
	uint32_t found = SJ_RIGHT_VALID;

	for (size_t i = 0; i < answer->count; i++)
		found |= answer->data[i].right;
	if (answer->portrait.bytes)
		found |= SJ_RIGHT_PORTRAIT;
	if (answer->fingerprint.bytes)
		found |= SJ_RIGHT_FINGERPRINT;
	answer->info.absent = answer->info.granted & ~found;
}

/* --- getting it out ----------------------------------------------------------------------------- */

enum sj_verdict sj_answer_verdict(const struct sj_answer *answer)
{
	return answer->verdict;
}

enum sj_rc sj_answer_reason(const struct sj_answer *answer)
{
	return answer->reason;
}

const char *sj_answer_check_name(enum sj_answer_check check)
{
	static const char *const names[SJ_ANSWER_CHECKS] = {
		[SJ_ANSWER_ACCESS] = "access",     [SJ_ANSWER_TERMINAL] = "terminal",
		[SJ_ANSWER_SECURITY] = "security", [SJ_ANSWER_CHIP] = "chip",
		[SJ_ANSWER_EXPIRY] = "expiry",     [SJ_ANSWER_STATUS] = "status",
	};

	return (unsigned)check < SJ_ANSWER_CHECKS ? names[check] : "unknown";
}

/* Gives as much as the caller's struct has room for. */
static bool give(const void *from, size_t size, void *out, size_t *out_size)
{
	const size_t room = *out_size;

	memcpy(out, from, size < room ? size : room);
	*out_size = room;
	return true;
}

bool sj_answer_get_check(const struct sj_answer *answer, enum sj_answer_check check,
			 struct sj_check *out)
{
	return (unsigned)check < SJ_ANSWER_CHECKS &&
	       give(&answer->checks[check], sizeof(*out), out, &out->size);
}

bool sj_answer_datum(const struct sj_answer *answer, size_t i, struct sj_datum *out)
{
	struct sj_datum datum = { .size = sizeof(datum) };

	if (i >= answer->count)
		return false;
	datum.name = answer->data[i].name;
	datum.value = answer->data[i].value;
	datum.right = answer->data[i].right;
	return give(&datum, sizeof(datum), out, &out->size);
}

bool sj_answer_portrait(const struct sj_answer *answer, const uint8_t **bytes, size_t *len,
			const char **mime)
{
	if (!answer->portrait.bytes)
		return false;
	*bytes = answer->portrait.bytes;
	*len = answer->portrait.len;
	*mime = answer->mime;
	return true;
}

bool sj_answer_fingerprint(const struct sj_answer *answer, const uint8_t **bytes, size_t *len)
{
	if (!answer->fingerprint.bytes)
		return false;
	*bytes = answer->fingerprint.bytes;
	*len = answer->fingerprint.len;
	return true;
}

bool sj_answer_get_info(const struct sj_answer *answer, struct sj_answer_info *out)
{
	return give(&answer->info, sizeof(*out), out, &out->size);
}

bool sj_answer_statistics(const struct sj_answer *answer, struct sj_statistics *out)
{
	return give(&answer->statistics, sizeof(*out), out, &out->size);
}

bool sj_answer_proof(const struct sj_answer *answer, struct sj_proof *out)
{
	const struct sj_proof proof = { sizeof(proof),           answer->proof,
					answer->challenge.bytes, answer->response.bytes,
					answer->challenge.len,   answer->response.len,
					answer->key.bytes,       answer->key.len,
					answer->statement.bytes, answer->statement.len,
					answer->groups.bytes,    answer->groups.len };

	return answer->proof != SJ_PROOF_NONE && give(&proof, sizeof(proof), out, &out->size);
}
