/* session_in.h -- inside a session: shared by session.c (policy) and exchange.c (one command). */
#ifndef SJ_READER_SESSION_IN_H
#define SJ_READER_SESSION_IN_H

#include "reader/session.h"
#include "wire/sw.h"

enum sj_extended { SJ_EXTENDED_UNKNOWN, SJ_EXTENDED_ALLOWED, SJ_EXTENDED_REFUSED };

/* Buffers of one level: protected commands run inside plain ones. */
struct sj_level {
	uint8_t command[SJ_APDU_COMMAND_MAX];
	uint8_t response[SJ_APDU_RESPONSE_MAX];
	uint8_t whole[SJ_APDU_NE_EXTENDED]; /* pieces put together */
};

/* Our end of PIV secure messaging: who counts and chains. */
struct sj_piv_role {
	bool on;
	struct sj_piv_sm_keys keys;
	uint8_t counter[SJ_PIV_SM_BLOCK]; /* of the next command */
	uint8_t sent[SJ_PIV_SM_BLOCK], received[SJ_PIV_SM_BLOCK]; /* MAC chaining values */
};

struct sj_session {
	struct sj_context *ctx;
	struct sj_transport *transport;
	int64_t deadline;
	bool begun; /* inside a stretch of sj_session_begin() */
	bool patient;
	uint8_t atr[SJ_ATR_SIZE_MAX];
	size_t atr_len;

	enum sj_extended extended;
	size_t command_max, response_max; /* 0: no limit known */

	bool protect;
	struct sj_sm_keys keys;
	struct sj_ssc ssc;
	struct sj_piv_role piv; /* the other scheme; never both */

	bool secret_answer; /* the response at hand is not for the listener */
	struct sj_session_counts counts;
	struct sj_level outer; /* what goes over the wire */
	struct sj_level inner; /* what secure messaging protects */
};

/*
 * One command in exactly the form given, protected if protection runs, with
 * 61xx and 6Cxx followed up.
 */
SJ_MUST_CHECK enum sj_rc sj_session_exchange(struct sj_session *s, const struct sj_apdu *a,
					     struct sj_response *r);

/*
 * PIV secure messaging: `a` as one protected command in inner.command, and what a
 * whole answer `r` to it holds. After a failure protection is over.
 */
SJ_MUST_CHECK enum sj_rc sj_session_piv_wrap(struct sj_session *s, const struct sj_apdu *a,
					     struct sj_apdu *wrapped);
SJ_MUST_CHECK enum sj_rc sj_session_piv_unwrap(struct sj_session *s, struct sj_response *r);

/* Around each wait for the card. */
void sj_session_watch(struct sj_session *s, int64_t now);
void sj_session_unwatch(struct sj_session *s, int64_t took);

#endif
