/* status_file.c -- signed heads, and files of lists and deltas. */
#include "trust/status_file.h"

#include <string.h>

#define MAGIC_SIZE 8u

static struct sj_span magic_of(enum sj_status_file_kind kind)
{
	return kind == SJ_STATUS_FILE_LIST ? SJ_SPAN_STR("SJSTLST1") : SJ_SPAN_STR("SJSTDLT1");
}

/* epoch (4) || indices (4) || root (32) || previous root (32) */
static bool take_claim(struct sj_span in, struct sj_status_head *out)
{
	return sj_take_be(&in, 4, &out->epoch) && sj_take_be(&in, 4, &out->indices) &&
	       sj_take_copy(&in, sizeof(out->root), out->root) &&
	       sj_take_copy(&in, sizeof(out->previous), out->previous) && in.len == 0 &&
	       out->epoch > 0;
}

enum sj_rc sj_status_head_read(struct sj_span token, const struct sj_signers *signers,
			       struct sj_status_head *out)
{
	struct sj_status_head head = { .epoch = 0 };
	struct sj_cwt cwt;

	if (token.len > SJ_STATUS_HEAD_MAX || !sj_cwt_parse(token, &cwt) ||
	    cwt.kind != SJ_CWT_HEAD || !take_claim(cwt.head, &head) ||
	    cwt.issuer.len >= sizeof(head.issuer))
		return SJ_INPUT_MALFORMED;
	if (sj_signers_of(signers, &cwt, SJ_CWT_STATUS_SIGNER) == NULL)
		return SJ_INPUT_REFUSED;
	memcpy(head.issuer, cwt.issuer.ptr, cwt.issuer.len);
	head.not_before = cwt.not_before;
	head.next_update = cwt.expires;
	*out = head;
	return SJ_OK;
}

bool sj_status_head_eq(const struct sj_status_head *a, const struct sj_status_head *b)
{
	return strcmp(a->issuer, b->issuer) == 0 && a->epoch == b->epoch &&
	       a->indices == b->indices && a->not_before == b->not_before &&
	       a->next_update == b->next_update && memcmp(a->root, b->root, sizeof(a->root)) == 0 &&
	       memcmp(a->previous, b->previous, sizeof(a->previous)) == 0;
}

bool sj_status_file_read(struct sj_span bytes, struct sj_status_file *out)
{
	struct sj_span magic;
	uint32_t size;

	if (!sj_take(&bytes, MAGIC_SIZE, &magic))
		return false;
	if (sj_span_eq(magic, magic_of(SJ_STATUS_FILE_LIST)))
		out->kind = SJ_STATUS_FILE_LIST;
	else if (sj_span_eq(magic, magic_of(SJ_STATUS_FILE_DELTA)))
		out->kind = SJ_STATUS_FILE_DELTA;
	else
		return false;
	if (!sj_take_be(&bytes, 2, &size) || !sj_take(&bytes, size, &out->head))
		return false;
	out->body = bytes;
	return true;
}

void sj_status_file_put(struct sj_writer *w, const struct sj_status_file *file)
{
	sj_put(w, magic_of(file->kind));
	sj_put_be(w, 2, (uint32_t)file->head.len);
	sj_put(w, file->head);
	sj_put(w, file->body);
}

bool sj_status_body_open(struct sj_span body, const struct sj_status_head *head,
			 struct sj_status_list *out)
{
	uint8_t root[SJ_STATUS_ROOT];

	return sj_status_root(body, root) && memcmp(root, head->root, sizeof(root)) == 0 &&
	       sj_status_list_open(body, out) && out->parts.indices == head->indices;
}
