#include "authority/statusbody.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCK_BYTES (SJ_STATUS_BLOCK / 8)

/* The register gives partition after partition: one is in hand, those before it are coded. */
struct pass {
	struct cli *cli;
	struct sj_status_parts parts;
	uint32_t at; /* the one in hand */
	uint8_t *bits; /* its revoked indices, in whole blocks */
	size_t size; /* bytes of them */
	size_t revoked;
	struct sj_status_draft *draft;
};

static void code_part(struct pass *p)
{
	const struct sj_status_part *part = &p->parts.list[p->at++];

	for (uint32_t b = 0; b < sj_status_blocks(part->size); b++) {
		memcpy(p->draft->bits.bytes, p->bits + (size_t)b * BLOCK_BYTES, BLOCK_BYTES);
		sj_status_draft_block(p->draft, sj_status_block_size(part, b));
	}
	memset(p->bits, 0, p->size);
}

static int take(void *user, struct sj_status_ref ref)
{
	struct pass *p = user;
	const uint8_t bit = (uint8_t)(1u << ref.index % 8);

	while (p->at < p->parts.n && p->parts.list[p->at].partition < ref.partition)
		code_part(p);
	if (p->at == p->parts.n) /* nobody is told of months this far */
		return 0;
	if (ref.partition != p->parts.list[p->at].partition ||
	    ref.index >= p->parts.list[p->at].size)
		return cli_fail(p->cli, SJ_INPUT_MALFORMED, "register: index %04x/%u",
				ref.partition, ref.index);
	p->revoked += (p->bits[ref.index / 8] & bit) == 0;
	p->bits[ref.index / 8] |= bit;
	return 0;
}

/* The months of a list, and room for them. */
static int begin(struct pass *p, uint32_t indices)
{
	uint16_t first;

	if (!register_partition((uint32_t)time(NULL), &first))
		return cli_fail(p->cli, SJ_INPUT_REFUSED, "the system's clock is wrong");
	for (uint32_t i = 0; i <= REGISTER_MONTHS_AHEAD; i++)
		p->parts.list[p->parts.n++] =
			(struct sj_status_part){ (uint16_t)(first + i), indices, 0 };
	if (indices == 0 || !sj_status_parts_settle(&p->parts))
		return cli_fail(p->cli, SJ_INPUT_REFUSED, "%u indices a partition", indices);
	p->size = (size_t)sj_status_blocks(indices) * BLOCK_BYTES;
	p->bits = calloc(1, p->size);
	if (p->bits == NULL || !sj_status_draft_begin(p->draft, &p->parts))
		return cli_fail(p->cli, SJ_NO_MEMORY, NULL);
	return 0;
}

int statusbody_code(struct cli *cli, struct holder_register *r, struct sj_status_draft *draft,
		    struct sj_span *body, size_t *revoked)
{
	struct pass *p = calloc(1, sizeof(*p));
	int rc;

	memset(draft, 0, sizeof(*draft));
	if (p == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	p->cli = cli;
	p->draft = draft;
	rc = begin(p, register_indices(r));
	if (rc == 0)
		rc = register_revoked(r, p->parts.list[0].partition, take, p);
	while (rc == 0 && p->at < p->parts.n)
		code_part(p);
	if (rc == 0 && !sj_status_draft_end(draft, body))
		rc = cli_fail(cli, SJ_INTERNAL, "status list");
	*revoked = p->revoked;
	free(p->bits);
	free(p);
	return rc;
}
