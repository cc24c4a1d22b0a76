/*
 * terminal.h -- who asks, from inside: the terminal's key, its certificates, its sector's key.
 *
 * Source: BSI TR-03110-3 v2.21, 2.5, 2.7, C. Cards judge the chain for themselves; here it is held
 * only against itself, so that a folder with parts of two terminals is found when it is opened.
 */
#ifndef SJ_EID_TERMINAL_H
#define SJ_EID_TERMINAL_H

#include <sojourn/service.h>

#include "secure/cvc.h"
#include "secure/cvc_service.h"
#include "secure/ri.h"
#include "trust/store.h"

#define SJ_TERMINAL_LINKS 8u
#define SJ_TERMINAL_CHAIN (SJ_TERMINAL_LINKS + 2u)
#define SJ_DAY INT64_C(86400)

/* A certificate and the file that it points into. */
struct sj_terminal_cert {
	struct sj_trust_file file;
	struct sj_cvc cvc;
};

struct sj_terminal {
	struct sj_key *key;
	enum sj_curve curve; /* of all keys of the chain: they inherit it (D.3) */
	struct sj_terminal_cert own, dv, links[SJ_TERMINAL_LINKS];
	size_t link_count;
	struct sj_cvc_rights
		rights; /* of both certificates; what the CVCA's leave of it the card knows */
	struct sj_cvc_service service; /* sector 0: not told */
	struct sj_trust_file sector; /* the whole 7F49; empty: none */
	struct sj_span sector_key; /* its content */
	uint8_t sector_hash[SJ_HASH_MAX]; /* SHA-256 */
};

/*
 * The certificates to show, in their order, to a card that believes one of these CVCA keys
 * (`cars`, an empty one is none): links from there, the DV's, the terminal's own. 0: nothing leads there.
 */
size_t sj_terminal_chain(const struct sj_terminal *terminal, const struct sj_span *cars, size_t n,
			 const struct sj_cvc *out[static SJ_TERMINAL_CHAIN]);

/* A right stands in these rights: all of its places do. */
bool sj_right_given(const struct sj_cvc_rights *rights, uint32_t right);
/* The registry's bits that do. */
uint32_t sj_rights_given(const struct sj_cvc_rights *rights);
/* What is to be asked for with these bits: no more than they need, of an authentication terminal. */
struct sj_cvc_rights sj_rights_ask(uint32_t wanted);

#endif
