#include "authority/keycert.h"

#include <stdio.h>
#include <string.h>

#include "authority/der.h"
#include "authority/extension.h"
#include "authority/oids.h"
#include "wire/std/sojourn.h"

#define URN "urn:uuid:"

void sj_uuid_text(const uint8_t guid[static PIV_GUID_SIZE], char out[static SJ_UUID_TEXT])
{
	size_t at = 0;

	for (size_t i = 0; i < PIV_GUID_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		snprintf(out + at, 3, "%02x", guid[i]);
		at += 2;
	}
}

/* The longest beginning of UTF-8 that fits. */
static void cut(const char *text, char out[static SJ_PERSON_NAME_MAX + 1])
{
	size_t len = strnlen(text, SJ_PERSON_NAME_MAX + 1);

	if (len > SJ_PERSON_NAME_MAX) {
		for (len = SJ_PERSON_NAME_MAX; len > 0 && ((uint8_t)text[len] & 0xC0) == 0x80;)
			len--;
	}
	memcpy(out, text, len);
	out[len] = '\0';
}

bool sj_key_name_put(struct sj_writer *w, const char *alpha2, const char *organization,
		     const char *person, const uint8_t guid[static PIV_GUID_SIZE])
{
	char name[SJ_PERSON_NAME_MAX + 1], uuid[SJ_UUID_TEXT];
	size_t at = sj_tlv_open(w);

	sj_uuid_text(guid, uuid);
	sj_rdn_put(w, SJ_OID_COUNTRY_NAME, SJ_ASN1_PRINTABLE_STRING, alpha2);
	if (organization != NULL)
		sj_rdn_put(w, SJ_OID_ORGANIZATION_NAME, SJ_DER_UTF8_STRING, organization);
	if (person != NULL) {
		cut(person, name);
		sj_rdn_put(w, SJ_OID_COMMON_NAME, SJ_DER_UTF8_STRING, name);
	}
	sj_rdn_put(w, SJ_OID_SERIAL_NUMBER, SJ_ASN1_PRINTABLE_STRING, uuid);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
	return !w->failed;
}

/* What it signs or opens, by the reference of the key. */
static void put_usages(struct sj_writer *w, const struct sj_key_card *card)
{
	const struct sj_span sign_in[] = { SJ_OID_CLIENT_AUTH, SJ_OID_SMARTCARD_LOGON },
			     mail[] = { SJ_OID_EMAIL_PROTECTION },
			     door[] = { SJ_OID_PIV_CARD_AUTH };

	switch (card->ref) {
	case PIV_KEY_SIGNATURE:
		sj_extension_put_key_usage(w, SJ_USAGE_BITS_SIGNATURE_COMMITMENT);
		sj_extension_put_extended_usage(w, false, mail, 1);
		return;
	case PIV_KEY_MANAGEMENT:
		sj_extension_put_key_usage(w, card->agrees ? SJ_USAGE_BITS_KEY_AGREEMENT
							   : SJ_USAGE_BITS_KEY_ENCIPHERMENT);
		sj_extension_put_extended_usage(w, false, mail, 1);
		return;
	case PIV_KEY_CARD_AUTHENTICATION:
		sj_extension_put_key_usage(w, SJ_USAGE_BITS_SIGNATURE);
		sj_extension_put_extended_usage(w, true, door, 1);
		return;
	default:
		sj_extension_put_key_usage(w, SJ_USAGE_BITS_SIGNATURE);
		sj_extension_put_extended_usage(w, false, sign_in, 2);
		return;
	}
}

/* GeneralNames: uniformResourceIdentifier, the card's UUID (SP 800-73-5, part 1, 3.4.1). */
static void put_uuid(struct sj_writer *w, const struct sj_key_card *card)
{
	struct sj_extension e = sj_extension_open(w, SJ_OID_SUBJECT_ALT_NAME, false);
	size_t names = sj_tlv_open(w);
	char text[sizeof(URN) + SJ_UUID_TEXT] = URN;

	sj_uuid_text(card->guid, text + strlen(URN));
	sj_der_put_text(w, SJ_DER_PRIMITIVE(6), text);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, names);
	sj_extension_close(w, e);
}

static void put_status(struct sj_writer *w, const struct sj_key_card *card)
{
	struct sj_extension e = sj_extension_open(w, SJ_OID_SOJOURN_KEY_STATUS, false);

	sj_key_status_put(w, &card->status);
	sj_extension_close(w, e);
}

static void put_by_kind(struct sj_writer *w, const struct sj_cert_plan *plan)
{
	const struct sj_span content[] = { SJ_OID_PIV_CONTENT_SIGNING },
			     attestation[] = { SJ_OID_SOJOURN_ATTESTATION };

	switch (plan->kind) {
	case SJ_CERT_KEY_CA: /* below it signers, keys, and attestation keys with one step more */
		sj_extension_put_key_usage(w, SJ_USAGE_BITS_CERTIFICATES_CRLS);
		sj_extension_put_ca(w, 1);
		return;
	case SJ_CERT_CONTENT_SIGNER:
		sj_extension_put_key_usage(w, SJ_USAGE_BITS_SIGNATURE);
		sj_extension_put_extended_usage(w, true, content, 1);
		return;
	case SJ_CERT_ATTESTATION:
		sj_extension_put_key_usage(w, SJ_USAGE_BITS_CERTIFICATES);
		sj_extension_put_ca(w, 0);
		sj_extension_put_extended_usage(w, false, attestation, 1);
		break;
	case SJ_CERT_KEY:
		put_usages(w, plan->card);
		break;
	case SJ_CERT_CSCA:
	case SJ_CERT_LINK:
	case SJ_CERT_SIGNER:
	case SJ_CERT_LIST_SIGNER:
		w->failed = true;
		return;
	}
	put_uuid(w, plan->card);
	put_status(w, plan->card);
}

void sj_key_cert_put_extensions(struct sj_writer *w, const struct sj_cert_plan *plan)
{
	sj_extension_put_authority_key_id(w, plan->issuer_spki);
	sj_extension_put_subject_key_id(w, plan->subject_spki);
	put_by_kind(w, plan);
}
