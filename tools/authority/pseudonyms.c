#include "authority/pseudonyms.h"

#include <stdlib.h>
#include <string.h>

#include "authority/sector.h"
#include "authority/token.h"
#include "crypt/wipe.h"

/* --- whose ------------------------------------------------------------------------------- */

struct reading {
	struct cli *cli;
	struct pseudonyms *out;
};

static int grow(struct pseudonyms *p)
{
	const size_t cap = p->cap == 0 ? 64 : 2 * p->cap;
	struct sj_ec_point *cards = realloc(p->cards, cap * sizeof(*cards));

	if (cards == NULL)
		return -1;
	p->cards = cards;
	p->cap = cap;
	return 0;
}

static int take_card(void *user, struct sj_span spki)
{
	const struct reading *reading = user;
	struct pseudonyms *p = reading->out;
	enum sj_curve curve;

	if (p->n == p->cap && grow(p) != 0)
		return cli_fail(reading->cli, SJ_NO_MEMORY, NULL);
	if (!sj_ec_spki_read(spki, &curve, &p->cards[p->n]) || curve != SECTOR_CURVE)
		return cli_fail(reading->cli, SJ_REGISTER_BROKEN, "a key for pseudonyms");
	p->n++;
	return 0;
}

int pseudonyms_read(struct holder_register *r, struct cli *cli, int64_t now, struct pseudonyms *out)
{
	struct reading reading = { cli, out };

	*out = (struct pseudonyms){ NULL, 0, 0 };
	return register_bad_pseudonyms(r, now, take_card, &reading);
}

void pseudonyms_free(struct pseudonyms *p)
{
	free(p->cards);
	p->cards = NULL;
}

/* --- a sector's list ------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, SJ_PSEUDONYM_ENTRY);
}

/* Each card's entry, in ascending order, once. False: out of cryptography. */
static bool make_entries(const struct pseudonyms *p, const struct sj_ec_secret *sector,
			 uint8_t *entries, size_t *n)
{
	uint8_t identifier[SJ_RI_IDENTIFIER];
	size_t kept = 0;

	for (size_t i = 0; i < p->n; i++)
		if (!sj_ri_identifier(SECTOR_CURVE, sector, &p->cards[i], identifier) ||
		    !sj_pseudonym_entry(identifier, entries + i * SJ_PSEUDONYM_ENTRY))
			return false;
	if (p->n > 0)
		qsort(entries, p->n, SJ_PSEUDONYM_ENTRY, compare);
	for (size_t i = 0; i < p->n; i++) {
		uint8_t *entry = entries + i * SJ_PSEUDONYM_ENTRY;

		if (kept == 0 || compare(entry, entries + (kept - 1) * SJ_PSEUDONYM_ENTRY) != 0)
			memmove(entries + kept++ * SJ_PSEUDONYM_ENTRY, entry, SJ_PSEUDONYM_ENTRY);
	}
	*n = kept;
	return true;
}

static int sign(const struct authority *a, const struct sj_pseudonyms_head *head,
		struct sj_span entries, uint8_t **bytes, size_t *len)
{
	const size_t cap = SJ_PSEUDONYMS_SIZE(entries.len / SJ_PSEUDONYM_ENTRY);
	struct token_signer signer = { .name = NULL };
	struct sj_writer w;
	int rc = token_signer_get(a, AUTHORITY_STATUS_SIGNER, &signer);

	if (rc != 0)
		return rc;
	*bytes = malloc(cap);
	w = sj_writer(*bytes, cap);
	if (*bytes == NULL)
		rc = cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	else if (!sj_pseudonyms_put(&w, head, entries, signer.key))
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "%s: signature", signer.name);
	*len = w.len;
	token_signer_wipe(&signer);
	return rc;
}

int pseudonyms_list(const struct authority *a, const struct pseudonyms *p, size_t i,
		    const struct sj_pseudonyms_head *head, uint8_t **bytes, size_t *len)
{
	struct sj_pseudonyms_head own = *head;
	struct sj_ec_secret secret = { .len = 0 };
	struct sector sector;
	uint32_t operator_id;
	uint8_t *entries;
	size_t n = 0;
	int rc;

	*bytes = NULL;
	if (!sector_at(a, i, &operator_id))
		return 0;
	entries = malloc(p->n * SJ_PSEUDONYM_ENTRY + 1);
	if (entries == NULL)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	rc = sector_get(a, operator_id, &sector);
	if (rc == 0)
		rc = sector_secret(a, operator_id, &secret);
	if (rc == 0 && !make_entries(p, &secret, entries, &n))
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "pseudonyms");
	sj_wipe(&secret, sizeof(secret));
	if (rc == 0) {
		memcpy(own.sector, sector.hash, sizeof(own.sector));
		rc = sign(a, &own, sj_span(entries, n * SJ_PSEUDONYM_ENTRY), bytes, len);
	}
	free(entries);
	return rc;
}
