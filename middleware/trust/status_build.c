/* status_build.c -- lists from what an issuer has revoked; fresh indices. */
#include "trust/status_build.h"

#include <stdlib.h>
#include <string.h>

/* The blocks of one partition. False: the indices are out of order or range. */
static bool put_part(struct sj_status_draft *draft, const struct sj_status_part *part,
		     const struct sj_status_revoked *revoked)
{
	uint32_t next = 0; /* the least index that may come */
	size_t at = 0;

	for (uint32_t b = 0; b < sj_status_blocks(part->size); b++) {
		for (; at < revoked->n && revoked->list[at] / SJ_STATUS_BLOCK == b; at++) {
			uint32_t index = revoked->list[at], i = index % SJ_STATUS_BLOCK;

			if (index < next || index >= part->size)
				return false;
			next = index + 1;
			draft->bits.bytes[i / 8] |= (uint8_t)(1u << i % 8);
		}
		sj_status_draft_block(draft, sj_status_block_size(part, b));
	}
	return at == revoked->n;
}

enum sj_rc sj_status_build(const struct sj_status_revoked *parts, size_t n,
			   struct sj_status_draft *draft, struct sj_span *body)
{
	struct sj_status_parts *table = calloc(1, sizeof(*table));
	bool ok = n <= SJ_STATUS_PARTS_MAX;
	enum sj_rc rc = SJ_OK;

	memset(draft, 0, sizeof(*draft));
	if (table == NULL)
		return SJ_NO_MEMORY;
	for (size_t i = 0; ok && i < n; i++)
		table->list[table->n++] =
			(struct sj_status_part){ parts[i].partition, parts[i].size, 0 };
	ok = ok && sj_status_parts_settle(table);
	if (ok && !sj_status_draft_begin(draft, table))
		rc = SJ_NO_MEMORY;
	for (size_t i = 0; ok && rc == SJ_OK && i < n; i++)
		ok = put_part(draft, &table->list[i], &parts[i]);
	if (rc == SJ_OK && !(ok && sj_status_draft_end(draft, body)))
		rc = SJ_INPUT_REFUSED;
	if (rc != SJ_OK)
		sj_status_draft_free(draft);
	free(table);
	return rc;
}

bool sj_status_head_put(struct sj_writer *w, const struct sj_status_head *head,
			const struct sj_key *key)
{
	uint8_t claim[8 + 2 * SJ_STATUS_ROOT];
	struct sj_writer c = SJ_WRITER_OF(claim);
	struct sj_cwt cwt = { .kind = SJ_CWT_HEAD,
			      .issuer = sj_span((const uint8_t *)head->issuer,
						strnlen(head->issuer, sizeof(head->issuer))),
			      .not_before = head->not_before,
			      .expires = head->next_update };

	sj_put_be(&c, 4, head->epoch);
	sj_put_be(&c, 4, head->indices);
	sj_put(&c, SJ_SPAN_OF(head->root));
	sj_put(&c, SJ_SPAN_OF(head->previous));
	cwt.head = sj_written(&c);
	return head->epoch > 0 && !c.failed && sj_cwt_put(w, &cwt, key);
}
