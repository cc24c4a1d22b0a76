/* tap.h -- a tap from inside: what its parts share. */
#ifndef SJ_GATE_TAP_H
#define SJ_GATE_TAP_H

#include "gate/gate.h"
#include "gate/responder.h"

#define SJ_TAP_COMMAND 261u /* bytes of a short command */
#define SJ_TAP_QUEUE 8u

enum sj_tap_step {
	SJ_TAP_SELECT_OPERATOR, /* SELECT with the operator id is under way */
	SJ_TAP_SELECT,
	SJ_TAP_AUTHENTICATE, /* message_2 */
	SJ_TAP_RESTART, /* an error: then SELECT again */
	SJ_TAP_REFUSE, /* an error: then the end */
	SJ_TAP_CONFIRM, /* message_4 */
	SJ_TAP_OBJECT,
	SJ_TAP_END,
};

struct sj_tap {
	struct sj_gate *gate;
	struct sj_gate_trust *trust;
	struct sj_gate_policy policy;
	int64_t clock; /* the system's */
	unsigned minute; /* of the week, by it */
	enum sj_tap_step step;
	unsigned mark; /* of the turn: sj_memory_lacked() */
	bool tickets; /* may be offered and taken */
	bool restarted;
	struct sj_responder r;
	uint8_t command[SJ_TAP_COMMAND];
	size_t command_len; /* 0: nothing to send */

	struct sj_ticket ticket; /* what the card is: opened, or filled by a full run */
	struct sj_cwt card; /* its credential, into r's text; full run only */
	bool ours; /* its issuer is our own */
	struct sj_gate_facts facts;
	bool decided;
	struct sj_gate_verdict verdict;

	/* after.c */
	struct sj_gate_channel channel;
	uint8_t queue[SJ_TAP_QUEUE]; /* what to send to the card still */
	size_t queued, sent;
	bool tokens_sent;
	bool brought_head;
};

/* A GENERAL AUTHENTICATE with one object, or two, as the next command. */
SJ_MUST_CHECK bool sj_tap_put(struct sj_tap *tap, struct sj_span credential, uint8_t tag,
			      struct sj_span value);
/* The one object of a response's template; the tag must be `tag` or that of an error. */
SJ_MUST_CHECK bool sj_tap_take(struct sj_span data, uint8_t tag, struct sj_span *value,
			       bool *error);

/* --- after.c: what follows the decision ------------------------------------------------ */

/* Writes message_4 with a ticket or without. */
SJ_MUST_CHECK bool sj_tap_confirm(struct sj_tap *tap);
/* message_4 was taken: the first object, if there is any. */
void sj_tap_after_confirm(struct sj_tap *tap);
void sj_tap_after_object(struct sj_tap *tap, struct sj_span data);

#endif
