/*
 * gate_stage.h -- an authority, a gate and a card for tests of the gate engine.
 *
 * The card is written here from RFC 9528 and GATE.md, apart from the simulator's,
 * so that it can do what no honest card does.
 */
#ifndef TESTS_READER_GATE_STAGE_H
#define TESTS_READER_GATE_STAGE_H

#include <sojourn/gate.h>

#include "secure/gate.h"

#define STAGE_NOW INT64_C(1780000000) /* a Thursday in May 2026 */
#define STAGE_DAY INT64_C(86400)
#define STAGE_OPERATOR 0x00010203u
#define STAGE_INDICES 1000u
#define STAGE_REVOKED 77u /* the index that every list names */

struct stage {
	char directory[64];
	struct sj_ec_secret ca, signer, gate_key;
	uint8_t credential[SJ_CWT_MAX]; /* the gate's */
	size_t credential_len;
	struct sj_gate *gate;
	struct sj_gate_policy policy;
	uint16_t partition; /* of cards' credentials */
};

/* A gate of an operator, its trust directory filled, no ticket keys, default policy. */
int stage_open(void **state);
int stage_close(void **state);
/* Takes the policy of the stage into use. */
void stage_policy(struct stage *s);
/* One ticket key of this byte, or of these two; 0: none. */
void stage_ticket_keys(struct stage *s, uint8_t first, uint8_t second);
/* A status list of this epoch and date, into a directory. */
enum sj_rc stage_list(struct stage *s, const char *directory, uint32_t epoch, int64_t when);
/* A signed head as a card may carry it; returns its size. */
size_t stage_head(struct stage *s, uint32_t epoch, int64_t when, uint8_t out[static 256]);
void stage_load(struct stage *s);
/* Another gate of the same operator with these rights, sharing nothing but trust. */
struct sj_gate *stage_gate(struct stage *s, uint32_t operator_id, uint32_t rights);
void stage_random(struct sj_ec_secret *key);
/* Signs the claims with a key whose x is filled in where `subject` is given. */
size_t stage_token(struct sj_cwt *claims, const struct sj_ec_secret *subject,
		   const struct sj_ec_secret *signer, uint8_t out[static SJ_CWT_MAX]);

enum mood {
	HONEST,
	NO_SUFFIX, /* knows no SELECT with an operator id */
	NO_APPLICATION,
	REFUSES_GATE, /* EDHOC error instead of message_3 */
	WRONG_KEY, /* has not the key of its credential */
	WRONG_PSK, /* has a ticket, not its PSK */
	KEEPS_TICKET, /* uses a ticket again */
	DENIES_HEAD, /* refuses heads until it got tokens */
};

struct test_card {
	enum mood mood;
	/* Changes a response before the gate sees it; step counts commands from 0. */
	void (*meddle)(struct test_card *card, unsigned step, uint8_t *response, size_t *len);
	void *user;
	unsigned step, selects;

	struct sj_ec_secret key;
	uint8_t credential[SJ_CWT_MAX];
	size_t credential_len;
	struct sj_cwt claims;
	struct sj_gate_ead_3 ead;
	uint8_t head[256]; /* its head */
	size_t head_len;
	uint8_t taken[256]; /* head or staple that a gate gave */
	size_t taken_len;
	uint8_t taken_type;
	unsigned tokens; /* signers' tokens that came */

	bool has_ticket;
	uint8_t ticket[SJ_GATE_TICKET], psk[SJ_PRK_SIZE];

	bool resuming, confirmed;
	uint8_t x[SJ_EDHOC_KEY], g_x[SJ_EDHOC_KEY], th[SJ_EDHOC_HASH];
	struct sj_edhoc_prk prk, exporter;
	struct sj_gate_channel channel;
};

/* A card of the stage's authority with this status index. */
void card_make(struct stage *s, struct test_card *card, uint32_t index);
/* Signs its claims anew, after they were changed. */
void card_sign(struct test_card *card, const struct sj_ec_secret *authority);
void card_end(struct test_card *card);
/* One command; the response with its status word. */
size_t card_answer(struct test_card *card, struct sj_span command, uint8_t response[static 300]);

/* A whole tap at STAGE_NOW + after, a Monday at ten; returns the verdict. */
struct sj_gate_verdict stage_tap(struct sj_gate *gate, struct test_card *card, int64_t after);
/* The same, and whether the card brought a head. */
struct sj_gate_verdict stage_tap_head(struct sj_gate *gate, struct test_card *card, int64_t after,
				      bool *brought);

#endif
