/* card.h -- the open card, for card.c and card_use.c. */
#ifndef P11_CARD_H
#define P11_CARD_H

#include "kept.h"
#include "state.h"

struct p11_card {
	struct sj_card *card;
	struct sj_piv *piv;
	struct sj_piv_info identity; /* GUID and content only */
	struct p11_kept *kept;
	uint8_t *loose; /* an object that is not kept: good until the next one */
	size_t loose_len;
	unsigned generation;
	bool rested; /* no session: others may have changed it */
	bool changed; /* by us: the content is not what `identity` says */
	bool unsaved; /* something was learnt */
	bool reading; /* a stretch without other processes, until the slot is left */
};

#endif
