/*
 * yubico.h -- the key applet's extensions: what programs for YubiKeys manage a card
 * with.
 *
 * Source: "PIV commands" and "PIV attestation" of Yubico's public documentation,
 * firmware 5.7, and what yubico-piv-tool 2.2.0, ykcs11 2.2.0 and ykman 4.0.9 send.
 * STATES.md says what each wants, and what RESET leaves.
 */
#ifndef CARD_APPLETS_PIV_YUBICO_H
#define CARD_APPLETS_PIV_YUBICO_H

#include "state.h"

/* The firmware that the card behaves like: the first with these algorithms and MOVE KEY. */
#define YUBICO_VERSION "\x05\x07\x00"

/* Tags of GET METADATA. */
#define YUBICO_META_ALGORITHM 0x01
#define YUBICO_META_POLICY 0x02
#define YUBICO_META_ORIGIN 0x03
#define YUBICO_META_PUBLIC 0x04
#define YUBICO_META_DEFAULT 0x05
#define YUBICO_META_RETRIES 0x06
#define YUBICO_META_PASSWORD 0xFF /* the algorithm of a PIN or PUK */

/* Objects of IMPORT ASYMMETRIC KEY: 01 to 05 are p, q, dP, dQ, qInv. */
#define YUBICO_IMPORT_RSA 0x01
#define YUBICO_IMPORT_EC 0x06
#define YUBICO_IMPORT_ED25519 0x07
#define YUBICO_IMPORT_X25519 0x08

#define YUBICO_PIN_TRIES 3u /* after RESET, of the PIN and of the PUK */

/*
 * 80 or 81 with the value that everybody knows, and so many tries. False: the store failed.
 */
SJ_MUST_CHECK bool yubico_password_default(struct card_store *store, uint8_t ref, uint8_t tries);
/* The management key that everybody knows. 9000, 6581. */
uint16_t yubico_admin_default(struct card_store *store);

/* 0: the card has none. */
uint32_t yubico_serial(const struct card_store *store);

/* The data field of IMPORT; policies 0: absent. The spans point into it. */
#define YUBICO_PARTS 8u
struct yubico_parts {
	struct sj_span part[YUBICO_PARTS + 1]; /* by tag; empty: absent */
	unsigned present; /* bit i: part i */
	uint8_t pin_policy, touch_policy;
};
/* False: malformed, an unknown object, or a part twice. */
SJ_MUST_CHECK bool yubico_parts_read(struct sj_span in, struct yubico_parts *out);

/* A key to import: what its command and its objects say; policies 0: the reference's own. */
struct yubico_import {
	uint8_t ref, algorithm, pin_policy, touch_policy;
	struct sj_span objects; /* 01 to 08, AA, AB */
};
/* Stores it as an imported key. 9000, 6A80, 6581. */
uint16_t yubico_import(struct card *card, const struct yubico_import *plan);

/* What an attestation takes from the certificate of F9: whole elements. */
struct yubico_signer {
	struct sj_span subject, validity;
};
SJ_MUST_CHECK bool yubico_signer_read(struct sj_span der, struct yubico_signer *out);

/*
 * The attestation of key `ref`: a certificate by key F9 with the subject of F9's certificate
 * as issuer. 9000, 6A80 (not generated here, or a key that is not attested), 6A88 (no such
 * key), 6985 (no key F9, or no certificate of it), 6F00.
 */
uint16_t yubico_attestation(struct card *card, uint8_t ref, struct sj_writer *out);

/* --- handlers ------------------------------------------------------------------ */

uint16_t piv_get_version(struct card_call *call);
uint16_t piv_get_serial(struct card_call *call);
uint16_t piv_get_metadata(struct card_call *call);
uint16_t piv_set_management_key(struct card_call *call);
uint16_t piv_set_pin_retries(struct card_call *call);
uint16_t piv_reset(struct card_call *call);
uint16_t piv_import_key(struct card_call *call);
uint16_t piv_move_key(struct card_call *call);
uint16_t piv_attest(struct card_call *call);

#endif
