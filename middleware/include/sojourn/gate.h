/*
 * gate.h -- decide at a gate, offline: EDHOC with the card, status, policy.
 *
 * The engine does no I/O with the card: it gives the next command, is fed the
 * response, and has decided after two of them (a card that does not know operator
 * ids in SELECT, or whose ticket is of no use, takes more). sj_gate_run() is the engine
 * around a card of reader.h. Sources: RFC 9528; middleware/secure/GATE.md.
 *
 * Threads: a gate may be used by several taps in several threads at once; it
 * locks what they share. A tap belongs to one thread.
 */
#ifndef SOJOURN_GATE_H
#define SOJOURN_GATE_H

#include <sojourn/reader.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SJ_GATE_WINDOWS 8u
#define SJ_GATE_REASONS 4u
#define SJ_GATE_TICKET_KEY 32u /* bytes */
#define SJ_GATE_TICKET_KEYS 8u
#define SJ_GATE_REQUEST 129u /* bytes */

enum sj_gate_decision { SJ_GATE_REFUSE, SJ_GATE_ASK, SJ_GATE_OPEN };
/* "refuse", "ask", "open". */
SJ_API const char *sj_gate_decision_name(enum sj_gate_decision decision);

enum sj_gate_when_stale {
	SJ_GATE_STALE_ASK,
	SJ_GATE_STALE_REFUSE,
	SJ_GATE_STALE_STAPLE, /* a credential or staple not older than stale_after opens, else ask */
};

/* A time window: bit i of `days` is a day from Monday; minutes of the local day, `to` exclusive. */
struct sj_gate_window {
	uint8_t days;
	uint16_t from, to;
};

struct sj_gate_policy {
	size_t size;
	unsigned
		classes; /* bit c: holder class c (1 visitor .. 4 return permit) passes; 0: all, class not asked */
	unsigned min_age; /* a threshold of sj_gate_age_at(); 0: none */
	uint32_t stale_after; /* seconds; a status list older than that is stale */
	enum sj_gate_when_stale when_stale;
	struct sj_gate_window windows[SJ_GATE_WINDOWS];
	size_t window_count; /* 0: always */
	uint32_t antipassback; /* seconds in which a pseudonym does not pass again; 0: off */
	bool fail_safe; /* an exit: doubt opens (said in the reasons); else doubt asks or refuses */
	bool tickets; /* leave tickets on cards, if the credential may */
	bool ask_when_behind; /* however young our list is: a card knows of a newer one, so ask */
};
#define SJ_GATE_POLICY_INIT \
	{ \
		sizeof(struct sj_gate_policy), 0, 0, 86400, SJ_GATE_STALE_ASK, { { 0, 0, 0 } }, 0, \
			0, false, true, false \
	}
/* The i-th age that a card can answer for, in years; 0 past the end. */
SJ_API unsigned sj_gate_age_at(size_t i);

struct sj_gate;

/*
 * A gate from its private key (32 bytes, big-endian scalar on P-256; copied)
 * and its credential (a reader's CWT). SJ_INPUT_MALFORMED: not such; or they
 * do not belong together (SJ_INPUT_REFUSED). It trusts nobody yet.
 */
SJ_API enum sj_rc sj_gate_new(const uint8_t *key, size_t key_len, const uint8_t *credential,
			      size_t credential_len, struct sj_gate **out);
/* No tap may be using it. Wipes keys (NULL is fine). */
SJ_API void sj_gate_free(struct sj_gate *gate);
/* Copies; takes effect with the next tap. SJ_USAGE: a value out of range. */
SJ_API enum sj_rc sj_gate_set_policy(struct sj_gate *gate, const struct sj_gate_policy *policy);
/*
 * Reads from a trust directory the gate CA's anchors, links, status signers
 * and status lists, and takes them into use at once; on failure everything stays
 * as it was. SJ_STATUS_BEHIND: a list there is older than the one in use.
 * SJ_TRUST_MISSING: no gate CA. Call it again to reload.
 */
SJ_API enum sj_rc sj_gate_load_trust(struct sj_gate *gate, const char *directory);
/*
 * It is at least `when`, on the caller's word: the last record of a journal. The
 * gate's time is the latest of this, the clock, and what it has seen signed.
 */
SJ_API void sj_gate_note_time(struct sj_gate *gate, int64_t when);
/*
 * The operator's ticket keys, newest first; the first seals, all open. None:
 * no tickets. Copied. Keys older than 7 days are the caller's to leave out.
 */
SJ_API enum sj_rc sj_gate_set_ticket_keys(struct sj_gate *gate, const uint8_t *keys, size_t n);
/* A folder with staples, PPPP-IIIIIIII.cwt (lower-case hexadecimal), asked after decisions; NULL: none. */
SJ_API enum sj_rc sj_gate_set_staples(struct sj_gate *gate, const char *directory);

/*
 * Signs a request for a credential: the gate's public key and proof that it has
 * the private one, SJ_GATE_REQUEST bytes (see GATE.md, "Requests"). *len: room
 * before, size after. A new key: sj_gate_key_new(), 32 bytes.
 */
SJ_API enum sj_rc sj_gate_key_new(uint8_t key[32]);
SJ_API enum sj_rc sj_gate_request(const uint8_t key[32], uint8_t *out, size_t *len);

struct sj_gate_info {
	size_t size;
	char issuer[16];
	uint32_t operator_id;
	unsigned sector, service;
	uint32_t rights;
	int64_t not_before, expires; /* of the credential */
	bool status_known; /* a status list of this issuer is in use */
	uint32_t status_epoch;
	int64_t status_time; /* its head's not-before */
	uint32_t head_epoch; /* of the newest signed head known; greater: the list is behind */
};
SJ_API bool sj_gate_get_info(struct sj_gate *gate, struct sj_gate_info *out);
/*
 * The newest signed head of the gate's issuer, which a card may have brought, for
 * sj_status_note_head(). *len: room before (256 is enough), size after. SJ_STATUS_MISSING: none.
 */
SJ_API enum sj_rc sj_gate_head(struct sj_gate *gate, uint8_t *out, size_t *len);

/* --- one tap --------------------------------------------------------------- */

struct sj_gate_verdict {
	size_t size;
	enum sj_gate_decision decision;
	enum sj_rc reasons[SJ_GATE_REASONS]; /* why not open, or in spite of what; SJ_OK ends */
	bool resumed; /* by ticket */
	bool from_staple; /* a stale list, but a fresh staple */
	bool pseudonym_known;
	uint8_t pseudonym[16];
	unsigned holder_class; /* 0: not told */
	unsigned ages; /* bit i: at least sj_gate_age_at(i) */
	int64_t expires; /* of the card's credential; 0: unknown */
	uint32_t card_epoch; /* newest status head that the card has seen */
};

struct sj_tap;

/* Begins a tap at this time (seconds since 1970 UTC, local minute of the week from Monday 00:00). */
SJ_API enum sj_rc sj_tap_new(struct sj_gate *gate, int64_t now, unsigned minute_of_week,
			     struct sj_tap **out);
/* Wipes (NULL is fine). */
SJ_API void sj_tap_free(struct sj_tap *tap);
/* The command to send now; false: nothing more is to be sent. Valid until the next call. */
SJ_API bool sj_tap_command(struct sj_tap *tap, const uint8_t **command, size_t *len);
/* The response to it, with its status word; len 0: the card is gone. */
SJ_API void sj_tap_feed(struct sj_tap *tap, const uint8_t *response, size_t len);
/*
 * The verdict, once there is one (at the latest when sj_tap_command() has no
 * more); set out->size before. Commands after it bring the card a ticket, a head, a
 * staple, and fetch a newer head: the barrier need not wait for them. How it comes
 * about: middleware/gate/VERDICT.md.
 */
SJ_API bool sj_tap_verdict(const struct sj_tap *tap, struct sj_gate_verdict *out);
/* After the last command: a newer head that the card brought was taken into use. */
SJ_API bool sj_tap_brought_head(const struct sj_tap *tap);

/* Where the time of a tap went, in microseconds. */
struct sj_gate_times {
	size_t size;
	uint32_t select_us; /* SELECT to its answer */
	uint32_t card_us; /* message_2 to message_3 */
	uint32_t gate_us; /* the gate's own work before the decision */
	uint32_t decision_us; /* first command to decision */
	uint32_t complete_us; /* first command to the answer of step 3 */
	unsigned apdus; /* to the decision */
};

/*
 * Runs one tap with a connected card. `decided` is called at the decision,
 * before what comes after it. SJ_OK: there is a verdict (also when the card was
 * lost later); else the card was lost or the reader failed before. Set
 * verdict->size and times->size before; times may be NULL. The clock is the system's.
 */
typedef void (*sj_gate_decided_fn)(void *user, const struct sj_gate_verdict *verdict);
SJ_API enum sj_rc sj_gate_run(struct sj_gate *gate, struct sj_card *card, unsigned timeout_ms,
			      sj_gate_decided_fn decided, void *user,
			      struct sj_gate_verdict *verdict, struct sj_gate_times *times);

#ifdef __cplusplus
}
#endif

#endif
