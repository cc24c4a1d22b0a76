#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/frame.h"

static const struct cli_noun nouns[] = {
	{ "verify", "verify", "verify the identity document on the reader, offline" },
	{ "reader", "reader", "readers and the cards on them" },
	{ "key", "key", "the keys of a card: PINs, certificates, signatures" },
	{ "pin", "pin", "the PIN of the holder of an eID card" },
	{ "trust", "trust", "whom to believe: master lists, issuers, revocation lists" },
	{ "doctor", "reader", "find out why it does not work" },
	{ "terminal", "terminal", "the key and certificates of who asks cards" },
	{ "gate", "gate", "decide at a gate who passes, offline" },
	{ "counter", "counter", "a page for the clerk at a counter, and its API" },
	{ "evidence", "evidence", "what shows afterwards that a card was asked" },
	{ "authority", "authority", "the issuing side's keys and certificates" },
	{ "register", "authority", "who has which document, on which card, in what state" },
	{ "service", "authority", "who may ask a card for what" },
	{ "issue", "authority", "personalise a blank card for a holder" },
	{ "card", "card", "make, run and look at simulated cards" },
	{ "lab", "lab", "a private set of readers and cards to play with" },
	{ "bench", "bench", "model how long a tap takes, ours and others'" },
	{ "demo", "demo", "see the main job end to end" },
};

const struct cli_noun *cli_noun_at(size_t i)
{
	return i < sizeof(nouns) / sizeof(nouns[0]) ? &nouns[i] : NULL;
}

const struct cli_noun *cli_noun_find(const char *noun)
{
	const struct cli_noun *n;

	for (size_t i = 0; (n = cli_noun_at(i)) != NULL; i++) {
		if (strcmp(n->noun, noun) == 0)
			return n;
	}
	return NULL;
}

#define WORD_MAX 20

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edit distance with neighbouring letters swapped counted once (optimal string alignment). */
static size_t distance(const char *a, const char *b)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			size_t change = a[i - 1] == b[j - 1] ? 0 : 1;

			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
					d[i - 1][j - 1] + change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[la][lb];
}

const char *cli_suggest(const char *typo, const char *const *words)
{
	size_t len = strlen(typo);
	size_t best = len <= 3 ? 1 : len / 3 + 1;
	const char *found = NULL;

	if (len == 0)
		return NULL;
	for (; *words != NULL; words++) {
		size_t d = len >= 3 && strncmp(*words, typo, len) == 0 ? 0 : distance(typo, *words);

		if (d < best || (d == best && found == NULL)) {
			best = d;
			found = *words;
		}
	}
	return found;
}

struct cli_id cli_failure_id(enum sj_rc rc)
{
	struct cli_id id = { "" };

	if (rc != SJ_OK)
		snprintf(id.text, sizeof(id.text), "SJ-%04u", (unsigned)rc % 10000u);
	return id;
}
