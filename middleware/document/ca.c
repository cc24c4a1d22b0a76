/*
 * ca.c -- the reader's role in Chip Authentication version 1.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 6.2; BSI TR-03110-3 v2.21, B.2.
 */
#include "secure/ca.h"
#include "crypt/wipe.h"
#include "document/document.h"
#include "wire/std/icao9303.h"
#include "wire/std/iso7816.h"
#include "wire/std/tr03110.h"
#include "wire/sw.h"

#define TAG_EPHEMERAL_3DES 0x91u /* MSE:Set KAT, ephemeral public key */
#define TAG_EPHEMERAL 0x80u /* GENERAL AUTHENTICATE */

/* A key of DG14 and the best protocol for it. */
struct chip {
	struct sj_document *doc;
	enum sj_cipher cipher;
	enum sj_curve curve;
	struct sj_ec_point key;
	struct sj_optional_id key_id;
	bool usable;
	struct sj_ec_secret secret;
	struct sj_ec_point ephemeral;
};

/* The strongest ChipAuthenticationInfo for a key; none at all means 3DES (TR-03110-3, A.1.1.2). */
static bool best_cipher(struct sj_span items, const struct sj_optional_id *key_id,
			enum sj_cipher *out)
{
	struct sj_secinfo info;
	struct sj_ca_info ca;
	enum sj_cipher cipher;
	bool any = false, found = false;

	while (sj_secinfo_next(&items, &info) == SJ_TLV_FOUND) {
		if (info.kind != SJ_SECINFO_CA)
			continue;
		any = true;
		if (!sj_secinfo_ca(&info, &ca) || !sj_ca_from_oid(ca.oid, &cipher))
			continue;
		if (ca.key_id.present && key_id->present && ca.key_id.value != key_id->value)
			continue;
		if (!found || cipher > *out)
			*out = cipher;
		found = true;
	}
	if (!any)
		*out = SJ_CIPHER_3DES;
	return found || !any;
}

/* Whether DG14 has a key, and in *chip the best that we can use. */
static bool choose(struct sj_span items, struct chip *chip)
{
	struct sj_span rest = items;
	struct sj_secinfo info;
	bool any = false;

	while (sj_secinfo_next(&rest, &info) == SJ_TLV_FOUND) {
		struct sj_ca_key_info key;
		struct sj_ec_point point;
		enum sj_cipher cipher;
		enum sj_curve curve;

		if (info.kind != SJ_SECINFO_CA_KEY)
			continue;
		any = true;
		if (!sj_secinfo_ca_key(&info, &key) || !sj_ec_spki_read(key.spki, &curve, &point) ||
		    !best_cipher(items, &key.key_id, &cipher))
			continue;
		if (chip->usable && cipher <= chip->cipher)
			continue;
		chip->cipher = cipher;
		chip->curve = curve;
		chip->key = point;
		chip->key_id = key.key_id;
		chip->usable = true;
	}
	return any;
}

static void put_key_id(struct sj_writer *w, const struct chip *chip)
{
	uint8_t bytes[4];
	struct sj_writer id = SJ_WRITER_OF(bytes);
	size_t n = 1;

	if (!chip->key_id.present)
		return;
	while (n < 4 && chip->key_id.value >> (8 * n) != 0)
		n++;
	sj_put_be(&id, n, chip->key_id.value);
	sj_tlv_put(w, SJ_TAG_CRT_PRIVATE, sj_written(&id));
}

static enum sj_rc send(struct chip *chip, const struct sj_apdu *a, uint16_t *sw)
{
	struct sj_response r = { 0 };
	enum sj_rc rc = sj_session_command(chip->doc->session, a, &r);

	*sw = r.sw;
	return rc;
}

/* 3DES: the key goes with MSE:Set KAT (6.2.4.1). */
static enum sj_rc agree_3des(struct chip *chip, uint16_t *sw)
{
	uint8_t buffer[SJ_EC_POINT_MAX + 16];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu a = { .ins = SJ_INS_MSE, .p1 = SJ_MSE_SET_COMPUTE, .p2 = SJ_MSE_KAT };

	sj_tlv_put(&w, TAG_EPHEMERAL_3DES, sj_ec_point_span(&chip->ephemeral));
	put_key_id(&w, chip);
	if (w.failed)
		return SJ_INTERNAL;
	a.data = sj_written(&w);
	return send(chip, &a, sw);
}

/* AES: MSE:Set AT names protocol and key, GENERAL AUTHENTICATE carries ours (6.2.4.2). */
static enum sj_rc agree_aes(struct chip *chip, uint16_t *sw)
{
	uint8_t buffer[SJ_EC_POINT_MAX + 16];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu mse = { .ins = SJ_INS_MSE, .p1 = SJ_MSE_SET_COMPUTE, .p2 = SJ_MSE_AT };
	struct sj_apdu ga = { .ins = SJ_INS_GENERAL_AUTHENTICATE, .ne = SJ_APDU_NE_SHORT };
	enum sj_rc rc;
	size_t at;

	sj_tlv_put(&w, SJ_TAG_CRT_OID, sj_ca_oid(chip->cipher));
	put_key_id(&w, chip);
	if (w.failed)
		return SJ_INTERNAL;
	mse.data = sj_written(&w);
	rc = send(chip, &mse, sw);
	if (rc != SJ_OK || *sw != SJ_SW_OK)
		return rc;
	w = SJ_WRITER_OF(buffer);
	at = sj_tlv_open(&w);
	sj_tlv_put(&w, TAG_EPHEMERAL, sj_ec_point_span(&chip->ephemeral));
	sj_tlv_close(&w, SJ_TAG_DYNAMIC_AUTHENTICATION, at);
	if (w.failed)
		return SJ_INTERNAL;
	ga.data = sj_written(&w);
	return send(chip, &ga, sw);
}

static enum sj_rc run(struct chip *chip)
{
	struct sj_check *check = &chip->doc->report->checks[SJ_CHECK_CHIP];
	struct sj_sm_keys keys;
	uint16_t sw = 0;
	enum sj_rc rc;

	if (!sj_ec_secret_random(chip->curve, &chip->doc->random, &chip->secret) ||
	    !sj_ec_multiply(chip->curve, &chip->secret, NULL, &chip->ephemeral))
		return SJ_CRYPTO_FAILED;
	rc = chip->cipher == SJ_CIPHER_3DES ? agree_3des(chip, &sw) : agree_aes(chip, &sw);
	if (rc != SJ_OK)
		return rc;
	if (sw != SJ_SW_OK) {
		sj_check_set(check, SJ_CHECK_FAILED, SJ_CA_FAILED,
			     "The chip refuses Chip Authentication (status %04X).", sw);
		return SJ_OK;
	}
	if (sj_ca_session(chip->cipher, chip->curve, &chip->secret, &chip->key, &keys)) {
		sj_session_sm_start(chip->doc->session, &keys, NULL);
		chip->doc->chip_started = true;
		chip->doc->chip_curve = chip->curve;
		chip->doc->chip_ephemeral = chip->ephemeral;
		/* Taken back if no answer comes under the new keys. */
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK, "Chip Authentication ECDH %s %s.",
			     sj_curve_name(chip->curve), sj_cipher_name(chip->cipher));
	} else {
		rc = SJ_CRYPTO_FAILED;
	}
	sj_wipe(&keys, sizeof(keys));
	return rc;
}

enum sj_rc sj_check_chip(struct sj_document *doc)
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_CHIP];
	struct sj_span file = sj_report_bytes(doc->report, SJ_DG14), content, items;
	struct chip chip = { .doc = doc };
	enum sj_rc rc = SJ_OK;

	if (!file.ptr)
		return SJ_OK;
	if (!sj_lds_open(file, SJ_TAG_DG14, &content) || !sj_secinfos_parse(content, &items)) {
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "DG14 cannot be understood.");
		return SJ_OK;
	}
	doc->chip_key = choose(items, &chip);
	if (doc->chip_key && !chip.usable)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "DG14's key is of a kind that is not known here.");
	else if (doc->chip_key && !doc->session)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_COPY_NOT_EXCLUDED,
			     "There is no chip to ask.");
	else if (doc->chip_key)
		rc = run(&chip);
	sj_wipe(&chip, sizeof(chip));
	return rc;
}
