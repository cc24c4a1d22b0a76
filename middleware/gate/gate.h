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

#define SJ_GATE_CLOCK_STEP (400 * 86400) /* most seconds that one signed date moves the clock */
#define SJ_GATE_SALTS 4096u /* tickets remembered as used */
#define SJ_GATE_PASSED 4096u /* pseudonyms remembered as passed */

/* --- trust.c: what is believed -------------------------------------------------- */

/* A gate CA or status signer. */
struct sj_gate_signer {
	uint8_t role; /* enum sj_cwt_signer */
	uint8_t token[SJ_CWT_MAX];
	size_t token_len;
	struct sj_cwt cwt; /* into token */
	struct sj_ec_point key;
};

enum sj_gate_status { SJ_GATE_STATUS_UNKNOWN, SJ_GATE_STATUS_VALID, SJ_GATE_STATUS_REVOKED };

/* A signed head; empty: none. */
struct sj_gate_head {
	uint32_t epoch;
	int64_t time; /* its not-before */
	uint8_t token[SJ_CWT_MAX];
	size_t len;
};

/* An issuer's status list. */
struct sj_gate_list {
	uint8_t issuer[SJ_CWT_ISSUER_MAX];
	size_t issuer_len;
	uint8_t hash[SJ_TICKET_ISSUER];
	struct sj_gate_head head;
	enum sj_gate_status (*query)(void *self, struct sj_status_ref ref);
	void (*close)(void *self);
	void *self;
};

struct sj_gate_trust {
	unsigned users; /* under the gate's lock */
	int64_t evidence; /* newest verified date */
	struct sj_gate_signer *signers;
	size_t signer_count;
	struct sj_gate_list *lists;
	size_t list_count;
};
/* Empty; NULL: no memory. */
SJ_MUST_CHECK struct sj_gate_trust *sj_gate_trust_new(void);
void sj_gate_trust_free(struct sj_gate_trust *trust);
/* Adds a signer's token, believed already. SJ_INPUT_MALFORMED: it is none. */
SJ_MUST_CHECK enum sj_rc sj_gate_trust_add_signer(struct sj_gate_trust *trust,
						  struct sj_span token);
/* Adds a list, which belongs to `trust` from now on, failure or not. */
SJ_MUST_CHECK enum sj_rc sj_gate_trust_add_list(struct sj_gate_trust *trust,
						const struct sj_gate_list *list);
/* All that a trust directory holds for gates. */
SJ_MUST_CHECK enum sj_rc sj_gate_trust_read(const char *directory, struct sj_gate_trust **out);

/* NULL: none of that issuer, or of that hash. */
const struct sj_gate_list *sj_gate_list_of(const struct sj_gate_trust *trust, struct sj_span iss);
const struct sj_gate_list *sj_gate_list_hashed(const struct sj_gate_trust *trust,
					       const uint8_t hash[static SJ_TICKET_ISSUER]);
/*
 * Whether a signer of this role and the token's issuer signed it and is in its
 * time at `now`. SJ_ISSUER_UNKNOWN: none of that issuer; SJ_CHAIN_SIGNATURE:
 * none of them signed it; SJ_SIGNER_EXPIRED: one did, out of its time.
 */
SJ_MUST_CHECK enum sj_rc sj_gate_signed(const struct sj_gate_trust *trust,
					const struct sj_cwt *cwt, enum sj_cwt_signer role,
					int64_t now);
/* The newest token of a role and issuer; NULL: none. */
const struct sj_gate_signer *sj_gate_newest(const struct sj_gate_trust *trust, struct sj_span iss,
					    enum sj_cwt_signer role);

/* status.c: opens the list of an issuer. SJ_TRUST_MISSING: there is none. */
SJ_MUST_CHECK enum sj_rc sj_gate_list_open(const char *directory, struct sj_span iss,
					   struct sj_gate_list *out);

/* --- the gate ------------------------------------------------------------------- */

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

/* Takes `trust`, whatever comes of it. SJ_STATUS_BEHIND: one of its lists is older than ours. */
SJ_MUST_CHECK enum sj_rc sj_gate_use_trust(struct sj_gate *gate, struct sj_gate_trust *trust);
struct sj_gate_trust *sj_gate_trust_hold(struct sj_gate *gate);
void sj_gate_trust_release(struct sj_gate *gate, struct sj_gate_trust *trust);

/* The time to use, and whether the clock is behind it. */
int64_t sj_gate_time(struct sj_gate *gate, int64_t now, bool *behind);
/* Learns a verified date. False: it lies too far ahead of the time used to be believed. */
bool sj_gate_learn(struct sj_gate *gate, int64_t when, int64_t now);
/* The newest head; and a verified one of our issuer, which counts if it is newer. */
void sj_gate_head_get(struct sj_gate *gate, struct sj_gate_head *out);
bool sj_gate_head_offer(struct sj_gate *gate, const struct sj_gate_head *head);

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
	unsigned minute_of_week;
	int64_t not_before, expires; /* of the card's credential; not_before 0: not known */
	bool early; /* not_before is too far ahead to be evidence of the time */
	bool list; /* there is one of its issuer */
	enum sj_gate_status status;
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
