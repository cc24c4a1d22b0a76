/*
 * piv_rig.h -- a card with the key applet, and a reader's half of its secure messaging of its
 * own, made of the verbs of secure/ only.
 */
#ifndef TESTS_CARD_PIV_RIG_H
#define TESTS_CARD_PIV_RIG_H

#include "secure/piv_cvc.h"
#include "secure/piv_sm.h"
#include "tests/card/pace_reader.h"
#include "wire/piv.h"

#define SELECT_PIV "00A404000BA00000030800001000010000"
#define INSTALL_PIV "80E620001100000BA00000030800001000010000000000"
#define PIV_GUID "00112233445566778899AABBCCDDEEFF"
#define PIN_HEX "313233343536FFFF"
#define GLOBAL_HEX "363534333231FFFF"
#define PUK_HEX "3132333435363738"
#define PAIRING_HEX "3832393133373436"
#define ADMIN_HEX "0102030405060708090A0B0C0D0E0F101112131415161718" /* AES-192 */
#define PIN_TRIES 5u
#define VERIFY_PIN "0020008008" PIN_HEX
#define VERIFY_GLOBAL "0020000008" GLOBAL_HEX
#define VERIFY_PAIRING "0020009808" PAIRING_HEX

/* What a card is made of; zeros: AES-192, CS2, policy 6820, keys on P-256. */
struct piv_plan {
	enum card_interface interface; /* 0: contact */
	bool is_private;
	uint8_t suite; /* 0: CS2; FF: none */
	uint16_t policy; /* 0: PIN, global PIN, VCI, asks for the global one */
	uint8_t admin; /* 0: 0A */
};

/* In the store behind `b`; objects hold their tag's last two bytes. */
void piv_personalise_all(struct bench *b, const struct piv_plan *plan);
/* A card with a document (BAC, PACE) and the key applet, locked, powered, the application selected (unless private and over the air). */
struct bench *piv_card(const struct piv_plan *plan);
/* Contact, all zeros. */
struct bench *piv_contact(void);

/* A case with such a card in *state. */
int piv_contact_setup(void **state);
int piv_teardown(void **state);
#define PIV_CASE(name) cmocka_unit_test_setup_teardown(name, piv_contact_setup, piv_teardown)

/* The same card on another interface, powered; the application is selected. */
void piv_move(struct bench *b, enum card_interface interface);

/* The management key is proved (mutually). */
void piv_administer(struct bench *b);
/* GENERAL AUTHENTICATE, 7C with these objects in hexadecimal. */
uint16_t piv_authenticate(struct bench *b, uint8_t algorithm, uint8_t ref, const char *objects);
/* The same with 82 00 and one object; the card's 82 is in b->data. */
uint16_t piv_use(struct bench *b, uint8_t algorithm, uint8_t ref, uint32_t tag, struct sj_span in);
/* The public key of a reference, from the card's store; valid until that changes. */
struct sj_piv_public piv_public_key(struct bench *b, uint8_t ref);
uint16_t piv_get(struct bench *b, uint32_t tag);
uint16_t piv_put(struct bench *b, uint32_t tag, struct sj_span value);

/* --- secure messaging, the reader's half (SP 800-73-5, part 2, 4) -------------------------- */

struct piv_reader {
	struct bench *b;
	struct sj_piv_sm_keys keys;
	uint8_t counter[SJ_PIV_SM_BLOCK];
	uint8_t command_chain[SJ_PIV_SM_BLOCK], response_chain[SJ_PIV_SM_BLOCK];
};

/* Key establishment; checks cryptogram and CVC. */
void piv_open(struct piv_reader *r, struct bench *b, uint8_t suite);
/* Protects, sends in parts of `part` bytes (0: whole), opens; the inner status word. */
uint16_t piv_secure(struct piv_reader *r, const struct sj_apdu *plain, size_t part);
uint16_t piv_secure_hex(struct piv_reader *r, const char *command);

/* --- where commands come from (STATES.md) ----------------------------------------------------- */

enum piv_way { CONTACT, PACE, VCI, MESSAGING, AIR };
#define PIV_WAYS 5u

struct piv_visit {
	enum piv_way way;
	struct bench *b;
	struct piv_reader r;
};

/* A card, the application selected on this way. */
void visit_begin(struct piv_visit *v, enum piv_way way);
void visit_end(struct piv_visit *v);
/* A plain command, protected as the way has it. */
uint16_t visit_send(struct piv_visit *v, const struct sj_apdu *apdu);
uint16_t visit_say(struct piv_visit *v, const char *command);
/* GET DATA; GENERAL AUTHENTICATE with a digest of 32 bytes, or for 9B with 81 00. */
uint16_t visit_get(struct piv_visit *v, uint32_t tag);
uint16_t visit_use(struct piv_visit *v, uint8_t ref);

#endif
