#include "trust/pseudonyms.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypt/hash.h"
#include "trust/slot.h"
#include "wire/hex.h"

#define MAGIC "SJPSEUD1"
#define CLAIM_MARK "RIRL" /* makes the claim none of a status list's */
#define CLAIM_SIZE (4u + 4u + 32u + SJ_SECTOR_HASH + 4u)
#define NAMED 8u /* bytes of the hash in a file's name */

void sj_pseudonyms_name(const uint8_t sector[static SJ_SECTOR_HASH],
			char out[static SJ_PSEUDONYMS_NAME])
{
	sj_hex_text(sj_span(sector, NAMED), SJ_HEX_LOWER, out, SJ_PSEUDONYMS_NAME);
}

bool sj_pseudonym_entry(const uint8_t identifier[static SJ_RI_IDENTIFIER],
			uint8_t out[static SJ_PSEUDONYM_ENTRY])
{
	const struct sj_span part = sj_span(identifier, SJ_RI_IDENTIFIER);
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, &part, 1, hash))
		return false;
	memcpy(out, hash, SJ_PSEUDONYM_ENTRY);
	return true;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, SJ_PSEUDONYM_ENTRY);
}

/* Whole entries, each greater than the one before. */
static bool ascend(struct sj_span entries)
{
	for (size_t i = SJ_PSEUDONYM_ENTRY; i < entries.len; i += SJ_PSEUDONYM_ENTRY)
		if (compare(entries.ptr + i - SJ_PSEUDONYM_ENTRY, entries.ptr + i) >= 0)
			return false;
	return true;
}

/* --- reading ----------------------------------------------------------------------- */

/* epoch (4) || number (4) || SHA-256 of the entries (32) || sector (32) || mark (4) */
static bool take_claim(struct sj_span in, struct sj_span entries, struct sj_pseudonyms_head *out)
{
	struct sj_span root, mark;
	uint8_t hash[SJ_HASH_MAX];
	uint32_t n;

	return in.len == CLAIM_SIZE && sj_take_be(&in, 4, &out->epoch) && out->epoch > 0 &&
	       sj_take_be(&in, 4, &n) && (uint64_t)n * SJ_PSEUDONYM_ENTRY == entries.len &&
	       sj_take(&in, 32, &root) && sj_take_copy(&in, SJ_SECTOR_HASH, out->sector) &&
	       sj_take(&in, 4, &mark) && sj_span_eq(mark, SJ_SPAN_STR(CLAIM_MARK)) &&
	       sj_hash(SJ_SHA256, &entries, 1, hash) && sj_span_eq(root, sj_span(hash, root.len)) &&
	       ascend(entries);
}

enum sj_rc sj_pseudonyms_read(struct sj_span file, const struct sj_signers *signers,
			      struct sj_pseudonyms_head *head, struct sj_span *entries)
{
	struct sj_span magic, token;
	struct sj_cwt cwt;
	uint32_t size;

	if (!sj_take(&file, sizeof(MAGIC) - 1, &magic) || !sj_span_eq(magic, SJ_SPAN_STR(MAGIC)) ||
	    !sj_take_be(&file, 2, &size) || !sj_take(&file, size, &token) ||
	    !sj_cwt_parse(token, &cwt) || cwt.kind != SJ_CWT_HEAD ||
	    !take_claim(cwt.head, file, head))
		return SJ_INPUT_MALFORMED;
	if (sj_signers_of(signers, &cwt, SJ_CWT_STATUS_SIGNER) == NULL)
		return SJ_INPUT_REFUSED;
	head->issuer = cwt.issuer;
	head->not_before = cwt.not_before;
	head->next_update = cwt.expires;
	*entries = file;
	return SJ_OK;
}

static enum sj_rc ask(struct sj_span file, const struct sj_signers *signers, const uint8_t *sector,
		      const uint8_t *identifier, struct sj_pseudonyms_answer *out)
{
	struct sj_pseudonyms_head head;
	uint8_t entry[SJ_PSEUDONYM_ENTRY];
	struct sj_span entries;

	if (sj_pseudonyms_read(file, signers, &head, &entries) != SJ_OK ||
	    memcmp(head.sector, sector, sizeof(head.sector)) != 0)
		return SJ_TRUST_UNREADABLE;
	if (!sj_pseudonym_entry(identifier, entry))
		return SJ_CRYPTO_FAILED;
	*out = (struct sj_pseudonyms_answer){
		.revoked = entries.len > 0 &&
			   bsearch(entry, entries.ptr, entries.len / SJ_PSEUDONYM_ENTRY,
				   SJ_PSEUDONYM_ENTRY, compare) != NULL,
		.epoch = head.epoch,
		.not_before = head.not_before,
		.next_update = head.next_update,
	};
	return SJ_OK;
}

enum sj_rc sj_pseudonyms_ask(int dir, const uint8_t sector[static SJ_SECTOR_HASH],
			     const uint8_t identifier[static SJ_RI_IDENTIFIER],
			     struct sj_pseudonyms_answer *out)
{
	struct sj_signers *signers = malloc(sizeof(*signers));
	struct sj_trust_file file = { NULL, 0 };
	char name[SJ_PSEUDONYMS_NAME];
	int folder = -1;
	enum sj_rc rc =
		signers != NULL ? sj_slot_folder(dir, SJ_PSEUDONYMS_FOLDER, &folder) : SJ_NO_MEMORY;

	sj_pseudonyms_name(sector, name);
	if (rc == SJ_OK)
		rc = folder < 0 ? SJ_TRUST_MISSING
				: sj_trust_read(folder, name, SJ_PSEUDONYMS_MAX, &file);
	if (rc == SJ_OK)
		rc = sj_signers_load(dir, signers);
	if (rc == SJ_OK)
		rc = ask(sj_span(file.bytes, file.len), signers, sector, identifier, out);
	sj_trust_file_free(&file);
	free(signers);
	if (folder >= 0)
		close(folder);
	return rc;
}

/* --- writing ------------------------------------------------------------------------ */

bool sj_pseudonyms_put(struct sj_writer *w, const struct sj_pseudonyms_head *head,
		       struct sj_span entries, const struct sj_key *key)
{
	uint8_t claim[CLAIM_SIZE], token[SJ_CWT_MAX], root[SJ_HASH_MAX];
	struct sj_writer c = SJ_WRITER_OF(claim), t = SJ_WRITER_OF(token);
	struct sj_cwt cwt = { .kind = SJ_CWT_HEAD,
			      .issuer = head->issuer,
			      .not_before = head->not_before,
			      .expires = head->next_update };

	if (head->epoch == 0 || entries.len % SJ_PSEUDONYM_ENTRY != 0 || !ascend(entries) ||
	    !sj_hash(SJ_SHA256, &entries, 1, root))
		return false;
	sj_put_be(&c, 4, head->epoch);
	sj_put_be(&c, 4, (uint32_t)(entries.len / SJ_PSEUDONYM_ENTRY));
	sj_put(&c, sj_span(root, 32));
	sj_put(&c, SJ_SPAN_OF(head->sector));
	sj_put(&c, SJ_SPAN_STR(CLAIM_MARK));
	cwt.head = sj_written(&c);
	if (c.failed || !sj_cwt_put(&t, &cwt, key))
		return false;
	sj_put(w, SJ_SPAN_STR(MAGIC));
	sj_put_be(w, 2, (uint32_t)t.len);
	sj_put(w, sj_written(&t));
	sj_put(w, entries);
	return !w->failed;
}
