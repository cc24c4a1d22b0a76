/*
 * gate.h -- a gate from inside: what it believes, what it remembers, how it judges.
 *
 * sj_gate is shared by taps in several threads: its lock guards all that can
 * change. What a gate believes (struct sj_gate_trust) never changes once it is in
 * use: taps hold on to the one they began with.
 */
#ifndef SJ_GATE_GATE_H
#define SJ_GATE_GATE_H

#include <pthread.h>

#include <sojourn/gate.h>

#include "gate/ticket.h"
#include "trust/status_store.h"

#define SJ_GATE_CLOCK_STEP (400 * 86400) /* most seconds that one signed date moves the clock */
#define SJ_GATE_SALTS 4096u /* tickets remembered as used */
#define SJ_GATE_PASSED 4096u /* pseudonyms remembered as passed */

/* --- trust.c: what is believed -------------------------------------------------- */

/* An issuer that has a gate CA, and its status list. */
struct sj_gate_list {
	uint8_t hash[SJ_TICKET_ISSUER]; /* as tickets name the issuer */
	struct sj_status *status; /* NULL: none */
	struct sj_status_info info; /* of it; the issuer's name always */
};

struct sj_gate_trust {
	unsigned users; /* under the gate's lock */
	int64_t evidence; /* newest verified date */
	struct sj_signers *signers;
	struct sj_gate_list *lists;
	size_t list_count;
};
/* All that a trust directory holds for gates. */
SJ_MUST_CHECK enum sj_rc sj_gate_trust_read(const char *directory, struct sj_gate_trust **out);
void sj_gate_trust_free(struct sj_gate_trust *trust);

/* NULL: none of that issuer, or of that hash. */
const struct sj_gate_list *sj_gate_list_of(const struct sj_gate_trust *trust, struct sj_span iss);
const struct sj_gate_list *sj_gate_list_hashed(const struct sj_gate_trust *trust,
					       const uint8_t hash[static SJ_TICKET_ISSUER]);
/*
 * Whether a gate CA of the token's issuer signed it, while it was valid, and still is
 * at `now`. SJ_ISSUER_UNKNOWN: none of that issuer; SJ_CHAIN_SIGNATURE: none of
 * them signed it; SJ_SIGNER_EXPIRED: one did that is no longer valid.
 */
SJ_MUST_CHECK enum sj_rc sj_gate_signed(const struct sj_gate_trust *trust, const struct sj_cwt *cwt,
					int64_t now);
/* The newest token of a kind and issuer; NULL: none. */
const struct sj_signer *sj_gate_newest(const struct sj_gate_trust *trust, struct sj_span iss,
				       enum sj_cwt_signer kind);

/* --- the gate ------------------------------------------------------------------- */

/* A signed head; len 0: none. */
struct sj_gate_head {
	uint32_t epoch;
	int64_t time; /* its not-before */
	uint8_t token[SJ_STATUS_HEAD_MAX];
	size_t len;
};

struct sj_gate_passed {
	uint8_t pseudonym[SJ_GATE_PSEUDONYM];
	int64_t when;
};

struct sj_gate_used {
	uint8_t salt[SJ_TICKET_SALT];
	int64_t when; /* 0: free */
};

struct sj_gate {
	uint8_t key[SJ_EDHOC_KEY];
	uint8_t credential[SJ_CWT_MAX];
	size_t credential_len;
	struct sj_cwt cwt; /* into credential */

	pthread_mutex_t lock; /* guards what follows */
	struct sj_gate_policy policy;
	struct sj_gate_trust *trust;
	int64_t newest; /* newest verified date */
	struct sj_gate_head head; /* newest one of our issuer, of a list or brought by a card */
	uint8_t ticket_keys[SJ_GATE_TICKET_KEYS][SJ_TICKET_KEY];
	size_t ticket_key_count;
	char *staples;
	struct sj_gate_used *used; /* rings */
	struct sj_gate_passed *passed;
	size_t used_next, passed_next;
};

/* What is believed now, and stays until it is released; NULL: nothing yet. */
struct sj_gate_trust *sj_gate_trust_hold(struct sj_gate *gate);
void sj_gate_trust_release(struct sj_gate *gate, struct sj_gate_trust *trust);

/* The time to use, and whether the clock is behind it. */
int64_t sj_gate_time(struct sj_gate *gate, int64_t now, bool *behind);
/* Learns a verified date. False: it lies too far ahead of the time used to be believed. */
bool sj_gate_learn(struct sj_gate *gate, int64_t when, int64_t now);
/* The newest head; and a verified one of our issuer, which counts if it is newer. */
void sj_gate_head_get(struct sj_gate *gate, struct sj_gate_head *out);
bool sj_gate_head_offer(struct sj_gate *gate, const struct sj_status_head *head,
			struct sj_span token);

/* Whether tickets can be sealed and opened here. */
bool sj_gate_has_tickets(struct sj_gate *gate);
SJ_MUST_CHECK bool sj_gate_ticket_open(struct sj_gate *gate, struct sj_span sealed,
				       struct sj_ticket *out);
SJ_MUST_CHECK bool sj_gate_ticket_seal(struct sj_gate *gate, const uint8_t *salt,
				       const struct sj_ticket *ticket,
				       uint8_t out[static SJ_GATE_TICKET]);
/* Remembers a ticket by its salt. False: it was used here within its life. */
SJ_MUST_CHECK bool sj_gate_ticket_use(struct sj_gate *gate, struct sj_span sealed, int64_t now);

/* --- verdict.c: VERDICT.md in C --------------------------------------------------- */

/* What a tap found out. */
struct sj_gate_facts {
	enum sj_rc card; /* SJ_OK: it proved who it is; else why not, and nothing else counts */
	bool gate_expired, clock_behind, signer_expired;
	bool resumed;
	int64_t now; /* the time used */
	unsigned minute_of_week; /* then */
	int64_t not_before, expires; /* of the card's credential; not_before 0: not known */
	bool early; /* not_before is too far ahead to be evidence of the time */
	bool list; /* there is one of its issuer */
	enum sj_status_answer status;
	int64_t list_time;
	uint32_t list_epoch, newest_epoch; /* in use; newest that the gate knows of */
	uint32_t card_epoch; /* 0: not told */
	uint32_t rights; /* under which the rest was told */
	uint8_t class, ages;
	uint8_t pseudonym[SJ_GATE_PSEUDONYM]; /* zeros: not told */
	bool passed; /* that pseudonym did, within the policy's time */
};

/* Pure: policy and facts make the verdict. */
void sj_gate_judge(const struct sj_gate_policy *policy, const struct sj_gate_facts *facts,
		   struct sj_gate_verdict *out);
/* The same with the gate's memory of who passed, which an `open` enters. */
void sj_gate_decide(struct sj_gate *gate, const struct sj_gate_policy *policy,
		    struct sj_gate_facts *facts, struct sj_gate_verdict *out);
bool sj_gate_pseudonym_told(const struct sj_gate_facts *facts);
/* The list is not what the policy wants, but it would take a fresh credential instead. */
bool sj_gate_stale(const struct sj_gate_policy *policy, const struct sj_gate_facts *facts);
/* Rights without which the policy cannot be judged. */
uint32_t sj_gate_rights_wanted(const struct sj_gate_policy *policy);

#endif
