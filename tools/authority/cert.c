#include "authority/cert.h"

#include <string.h>

#include "authority/der.h"
#include "authority/extension.h"
#include "authority/keycert.h"
#include "authority/oids.h"
#include "crypt/hash.h"
#include "wire/std/icao9303.h"

void sj_rdn_put(struct sj_writer *w, struct sj_span type, uint32_t string, const char *text)
{
	size_t set = sj_tlv_open(w), seq = sj_tlv_open(w);

	sj_tlv_put(w, SJ_ASN1_OID, type);
	sj_der_put_text(w, string, text);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, seq);
	sj_tlv_close(w, SJ_ASN1_SET, set);
}

static bool is_alpha2(const char *text)
{
	return strlen(text) == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' &&
	       text[1] <= 'Z';
}

bool sj_name_put(struct sj_writer *w, const char *alpha2, const char *organization,
		 const char *common_name)
{
	size_t at = sj_tlv_open(w);

	if (!is_alpha2(alpha2) || common_name[0] == '\0' ||
	    (organization != NULL && organization[0] == '\0'))
		return false;
	sj_rdn_put(w, SJ_OID_COUNTRY_NAME, SJ_ASN1_PRINTABLE_STRING, alpha2);
	if (organization != NULL)
		sj_rdn_put(w, SJ_OID_ORGANIZATION_NAME, SJ_DER_UTF8_STRING, organization);
	sj_rdn_put(w, SJ_OID_COMMON_NAME, SJ_DER_UTF8_STRING, common_name);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
	return !w->failed;
}

bool sj_key_identifier(struct sj_span spki, uint8_t out[static SJ_KEY_ID_SIZE])
{
	uint8_t hash[SJ_HASH_MAX];
	struct sj_span bits;

	if (!sj_der_public_key_bits(spki, &bits) || !sj_hash(SJ_SHA1, &bits, 1, hash))
		return false;
	memcpy(out, hash, SJ_KEY_ID_SIZE);
	return true;
}

static bool is_ca(enum sj_cert_kind kind)
{
	return kind == SJ_CERT_CSCA || kind == SJ_CERT_LINK;
}

static void put_private_key_usage(struct sj_writer *w, const struct sj_cert_plan *plan)
{
	struct sj_extension e = sj_extension_open(w, SJ_OID_PRIVATE_KEY_USAGE_PERIOD, false);
	size_t seq = sj_tlv_open(w);

	sj_der_put_generalized(w, SJ_DER_PRIMITIVE(0), plan->not_before);
	sj_der_put_generalized(w, SJ_DER_PRIMITIVE(1), plan->private_until);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, seq);
	sj_extension_close(w, e);
}

/* GeneralNames: a directoryName with the country as the MRZ spells it in L. */
static void put_alt_name(struct sj_writer *w, struct sj_span oid, const char *country)
{
	struct sj_extension e = sj_extension_open(w, oid, false);
	size_t names = sj_tlv_open(w), directory = sj_tlv_open(w), name = sj_tlv_open(w);

	sj_rdn_put(w, SJ_OID_LOCALITY_NAME, SJ_ASN1_PRINTABLE_STRING, country);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, name);
	sj_tlv_close(w, SJ_ASN1_CONTEXT(4), directory);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, names);
	sj_extension_close(w, e);
}

/* DocumentTypeListSyntax: version 0, SET OF PrintableString, given in DER's order. */
static void put_document_types(struct sj_writer *w, const char *const *types)
{
	struct sj_extension e = sj_extension_open(w, SJ_OID_ICAO_DOCUMENT_TYPE_LIST, false);
	size_t seq = sj_tlv_open(w), set;

	sj_der_put_small(w, 0);
	set = sj_tlv_open(w);
	for (; *types != NULL; types++)
		sj_der_put_text(w, SJ_ASN1_PRINTABLE_STRING, *types);
	sj_tlv_close(w, SJ_ASN1_SET, set);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, seq);
	sj_extension_close(w, e);
}

/* Doc 9303-12, 7.1.1, table 8. */
static void put_icao_extensions(struct sj_writer *w, const struct sj_cert_plan *plan)
{
	const struct sj_span lists[] = { SJ_OID_ICAO_MASTER_LIST_SIGNER };

	sj_extension_put_authority_key_id(w, plan->issuer_spki);
	sj_extension_put_subject_key_id(w, plan->subject_spki);
	sj_extension_put_key_usage(w, is_ca(plan->kind) ? SJ_USAGE_BITS_CERTIFICATES_CRLS
							: SJ_USAGE_BITS_SIGNATURE);
	put_private_key_usage(w, plan);
	put_alt_name(w, SJ_OID_SUBJECT_ALT_NAME, plan->country);
	put_alt_name(w, SJ_OID_ISSUER_ALT_NAME, plan->country);
	if (is_ca(plan->kind))
		sj_extension_put_ca(w, 0); /* only signers follow */
	if (plan->kind == SJ_CERT_SIGNER)
		put_document_types(w, plan->document_types);
	if (plan->kind == SJ_CERT_LIST_SIGNER)
		sj_extension_put_extended_usage(w, true, lists, 1);
}

static void put_extensions(struct sj_writer *w, const struct sj_cert_plan *plan)
{
	size_t outer = sj_tlv_open(w), seq = sj_tlv_open(w);

	if (plan->kind < SJ_CERT_KEY_CA)
		put_icao_extensions(w, plan);
	else
		sj_key_cert_put_extensions(w, plan);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, seq);
	sj_tlv_close(w, SJ_ASN1_CONTEXT(3), outer);
}

static void put_tbs(struct sj_writer *w, const struct sj_cert_plan *plan,
		    const struct sj_key *issuer_key)
{
	size_t tbs = sj_tlv_open(w), at = sj_tlv_open(w);

	sj_der_put_small(w, 2);
	sj_tlv_close(w, SJ_ASN1_CONTEXT(0), at);
	sj_der_put_unsigned(w, plan->serial);
	if (!sj_key_put_algorithm(issuer_key, w))
		w->failed = true;
	sj_put(w, plan->issuer);
	at = sj_tlv_open(w);
	sj_der_put_time(w, plan->not_before);
	sj_der_put_time(w, plan->not_after);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
	sj_put(w, plan->subject);
	sj_put(w, plan->subject_spki);
	put_extensions(w, plan);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, tbs);
}

/* Signs what was written since `at` and closes the SEQUENCE of the three. */
static bool sign_and_close(struct sj_writer *w, size_t at, const struct sj_key *key)
{
	uint8_t algorithm[128], signature[520];
	struct sj_writer alg = SJ_WRITER_OF(algorithm), sig = SJ_WRITER_OF(signature);

	if (w->failed || !sj_key_sign(key, sj_span(w->ptr + at, w->len - at), &alg, &sig))
		return false;
	sj_put(w, sj_written(&alg));
	sj_der_put_bits(w, sj_written(&sig));
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
	return !w->failed;
}

bool sj_cert_put(struct sj_writer *w, const struct sj_cert_plan *plan,
		 const struct sj_key *issuer_key)
{
	size_t at = sj_tlv_open(w);

	put_tbs(w, plan, issuer_key);
	return sign_and_close(w, at, issuer_key);
}

static void put_revoked(struct sj_writer *w, const struct sj_crl_plan *plan)
{
	size_t list = sj_tlv_open(w), entry;

	for (size_t i = 0; i < plan->revoked_count; i++) {
		entry = sj_tlv_open(w);
		sj_der_put_unsigned(w, plan->revoked[i].serial);
		sj_der_put_time(w, plan->revoked[i].when);
		sj_tlv_close(w, SJ_ASN1_SEQUENCE, entry);
	}
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, list);
}

static void put_crl_extensions(struct sj_writer *w, const struct sj_crl_plan *plan)
{
	size_t outer = sj_tlv_open(w), seq = sj_tlv_open(w);
	struct sj_extension e;

	sj_extension_put_authority_key_id(w, plan->issuer_spki);
	e = sj_extension_open(w, SJ_OID_CRL_NUMBER, false);
	sj_der_put_small(w, plan->number);
	sj_extension_close(w, e);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, seq);
	sj_tlv_close(w, SJ_ASN1_CONTEXT(0), outer);
}

bool sj_crl_put(struct sj_writer *w, const struct sj_crl_plan *plan,
		const struct sj_key *issuer_key)
{
	size_t at = sj_tlv_open(w), tbs = sj_tlv_open(w);

	sj_der_put_small(w, 1);
	if (!sj_key_put_algorithm(issuer_key, w))
		return false;
	sj_put(w, plan->issuer);
	sj_der_put_time(w, plan->this_update);
	sj_der_put_time(w, plan->next_update);
	/* RFC 5280, 5.1.2.6: absent when there is nothing revoked. */
	if (plan->revoked_count > 0)
		put_revoked(w, plan);
	put_crl_extensions(w, plan);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, tbs);
	return sign_and_close(w, at, issuer_key);
}
