/*
 * gate_rig.h -- an authority, readers and a gate for tests of the gate applet;
 * the gate is gate_responder.h and tells lies on demand.
 */
#ifndef TESTS_CARD_GATE_RIG_H
#define TESTS_CARD_GATE_RIG_H

#include "secure/gate.h"
#include "tests/card/emrtd_reader.h"
#include "tests/card/gate_responder.h"

#define RIG_NOW 1800000000u /* 15 January 2027; the card's date is a day before */
#define RIG_DAY 86400u
#define RIG_OPERATOR 0x0A0B0C0Du
#define RIG_BORN "19900615"
#define RIG_ISSUER "XTA"
#define GATE_SELECT "00A4040009F0534F4A4F55524E0100"
#define GATE_REFUSED "7C048F020160"

struct signer {
	struct sj_ec_secret key;
	struct sj_ec_point point;
};

struct rig_token {
	uint8_t bytes[SJ_CWT_MAX];
	size_t len;
};

struct issuer {
	struct signer ca, status;
	struct rig_token ca_token, status_token;
};

/* A reader's key and credential. */
struct rig_reader {
	uint8_t key[SJ_EDHOC_KEY], x[SJ_EDHOC_KEY];
	struct sj_cwt claims;
	struct rig_token token;
};

static inline struct sj_span token_span(const struct rig_token *t)
{
	return sj_span(t->bytes, t->len);
}

void signer_make(struct signer *s);
/* Appends `claims` signed by `s`. */
void token_make(struct rig_token *out, const struct sj_cwt *claims, const struct signer *s);
/* The token of a signer's key, signed by `by`. */
void signer_token(struct rig_token *out, const struct signer *s, uint8_t role, uint32_t nbf,
		  const struct signer *by);
void head_token(struct rig_token *out, uint32_t epoch, uint32_t nbf, const struct signer *by);
void issuer_make(struct issuer *ca);
/* A reader that may all: transport, RIG_OPERATOR, a week from RIG_NOW; then signed again as wanted. */
void reader_make(struct rig_reader *r, const struct issuer *ca);
void reader_sign(struct rig_reader *r, const struct signer *by);

/* Opens the personalisation of the gate applet. */
void gate_install(struct bench *b);
/* All groupings of PERSO.md; the card is not locked. */
void gate_personalise_all(struct bench *b, const struct issuer *ca);
/* A card with a document (BAC) and everything for gates, locked, powered. */
struct bench *gate_card(const struct issuer *ca);
/* The same of a blank one. */
void gate_issue(struct bench *b, const struct issuer *ca);

struct tap;
/* For cases: an authority, a reader of it, a card, and a tap at it. */
struct gate_room {
	struct issuer ca;
	struct rig_reader reader;
	struct tap *tap;
};
int gate_room_setup(void **state);
int gate_room_teardown(void **state);
#define GATE_CASE(name) cmocka_unit_test_setup_teardown(name, gate_room_setup, gate_room_teardown)

/* --- a tap ---------------------------------------------------------------------------- */

struct tap {
	struct bench *b;
	struct responder r;
	struct sj_span c_r, id_cred, ead_2; /* lies in message_2; empty: as the profile says */
	uint8_t x[SJ_EDHOC_KEY]; /* G_X that the card offered */
	uint8_t message_2[512], message_3[512];
	size_t message_2_len, message_3_len;
	uint8_t ticket[SJ_GATE_TICKET], psk[SJ_PRK_SIZE]; /* that the card is expected to use */
	struct sj_cwt credential; /* the card's */
	struct sj_gate_ead_3 ead_3;
	uint8_t token[SJ_CWT_MAX]; /* the card's credential */
	size_t token_len;
	struct sj_edhoc_prk exporter;
	struct sj_gate_channel keys;
	uint8_t object[256]; /* that the card answered last */
	size_t object_len;
};

/* SELECT, with the operator if `named`; false: the card answered with an error. */
bool tap_try_select(struct tap *t, bool named, uint32_t operator_id);
/* The same, which must succeed; the method that the card offers. */
uint8_t tap_select(struct tap *t, bool named, uint32_t operator_id);
/* Makes message_2 by this reader; NULL: method 4. */
void tap_make_2(struct tap *t, const struct rig_reader *reader);
/* Sends it; false: the card refused, with the one error; asserts that it was nothing else. */
bool tap_send_2(struct tap *t, const struct rig_reader *reader);
/* Checks message_3 against the authority; fills credential and ead_3. */
void tap_check_3(struct tap *t, const struct issuer *ca);
void tap_check_psk(struct tap *t);
/* message_4, with this ticket (NULL: none), which becomes t->ticket; false: refused, or 6581. */
bool tap_finish(struct tap *t, const uint8_t *ticket);
/* Sends an object, gives the type of the answer; content in t->object. */
uint8_t tap_object(struct tap *t, uint8_t type, struct sj_span content);
void tap_end(struct tap *t);

/* Sends 7C with these objects (hexadecimal tag numbers); NULL-terminated by tag 0. */
uint16_t gate_send(struct bench *b, struct sj_span objects);
/* The card answered with the one error, and has no session any more. */
void assert_refused(struct bench *b);
/* Power, SELECT without operator, message_2; false: refused. */
bool tap_ask(struct tap *t, const struct rig_reader *reader);
/* Power and a whole tap with the ticket that the card has of RIG_OPERATOR; false: refused. */
bool tap_repeat(struct tap *t, const uint8_t *ticket);
/* Power and a whole first tap by this reader. */
void tap_first(struct tap *t, const struct rig_reader *reader, const struct issuer *ca,
	       const uint8_t *ticket);

#endif
