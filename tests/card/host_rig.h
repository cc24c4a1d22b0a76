/* host_rig.h -- a card with a small applet that shows what the host hands it. */
#ifndef TESTS_CARD_HOST_RIG_H
#define TESTS_CARD_HOST_RIG_H

#include "host/applet.h"

/* AIDs A000000999 01, 02, 03; the third is the applet with the table below. */
#define RIG_COMMANDS 15u
extern const struct card_command rig_commands[RIG_COMMANDS];

/* What each row does (INS, with CLA 00 unless said): */
enum rig_ins {
	RIG_PLAIN = 0x10, /* P1 01, P2 02, no data: 9000 */
	RIG_LENGTH = 0x11, /* 2 to 4 bytes: answers them */
	RIG_SM = 0x12, /* needs secure messaging: 9000 */
	RIG_NO_SM = 0x13, /* needs none */
	RIG_CONTACT = 0x14,
	RIG_BASIC = 0x15,
	RIG_BLANK = 0x16,
	RIG_ISSUED = 0x17,
	RIG_CHAIN = 0x18, /* takes chains, answers count (4 bytes) and last byte */
	RIG_STEPS = 0x19, /* every command of a chain: answers 1 if more follow, else 0 */
	RIG_BYTES = 0x1A, /* answers P1 P2 bytes, numbered from 0 */
	RIG_EXACT = 0x1B, /* the same, with exact Le */
	RIG_START =
		0x1C, /* starts secure messaging (fixed keys), grants PACE; P1: status to fail with */
	RIG_STORE = 0x1D, /* writes its data to object RIG_OBJECT; P1 1: then fails with 6A80 */
	RIG_STATE =
		0x1E, /* answers its volatile byte, rights and channel; then sets the byte to P1 */
};
#define RIG_OBJECT 0x7F000000u

/* A clock that only moves when waited for. */
struct rig_clock {
	uint64_t now; /* ms, as below */
	uint64_t power_for; /* a wait longer than this is cut short */
};
struct card_clock rig_clock(struct rig_clock *clock);

struct rig {
	struct card *card;
	struct card_store *store;
	struct rig_clock clock;
	uint8_t response[SJ_APDU_RESPONSE_MAX];
	size_t len; /* of the last response, without status word */
	/* The reader's side of secure messaging. */
	struct sj_ssc ssc;
};

/* Powered, the table's applet selected on channel 0. NULL: no memory. */
struct rig *rig_new(enum card_interface interface);
void rig_free(struct rig *r);
/* Sends hex; returns the status word, 0 without response. */
unsigned rig_send(struct rig *r, const char *hex);
unsigned rig_send_bytes(struct rig *r, struct sj_span command);
/* The last response's data are these (hex). */
bool rig_answered(const struct rig *r, const char *hex);
/* Sends a command under the keys of RIG_START; the protected status word, or the bare one. */
unsigned rig_send_secure(struct rig *r, const struct sj_apdu *plain);

extern const struct sj_sm_keys rig_keys;

#endif
