#include "wire/secinfo.h"

#include "wire/oid.h"
#include "wire/std/icao9303.h"
#include "wire/std/rfc5652.h"
#include "wire/std/tr03110.h"

/* id-PACE-DH-GM and its like name a mapping, the arc after them a cipher. */
static enum sj_secinfo_kind kind_of(struct sj_span oid)
{
	if (sj_span_eq(oid, SJ_OID_PK_DH) || sj_span_eq(oid, SJ_OID_PK_ECDH))
		return SJ_SECINFO_CA_KEY;
	if (sj_oid_under(oid, SJ_OID_CA_DH) || sj_oid_under(oid, SJ_OID_CA_ECDH))
		return SJ_SECINFO_CA;
	if (sj_span_eq(oid, SJ_OID_ICAO_AA))
		return SJ_SECINFO_AA;
	if (sj_span_eq(oid, SJ_OID_TA))
		return SJ_SECINFO_TA;
	if (sj_oid_under(oid, SJ_OID_PACE))
		return oid.len == SJ_OID_PACE.len + 1 ? SJ_SECINFO_PACE_DOMAIN : SJ_SECINFO_PACE;
	return SJ_SECINFO_UNKNOWN;
}

/* --- iteration ------------------------------------------------------------------ */

enum sj_tlv_rc sj_secinfo_next(struct sj_span *items, struct sj_secinfo *out)
{
	struct sj_span rest = *items, copy = *items, body;
	struct sj_secinfo info = { .kind = SJ_SECINFO_UNKNOWN };
	enum sj_tlv_rc rc;

	if (rest.len == 0)
		return SJ_TLV_ABSENT;
	if (sj_tlv_take_element(&rest, SJ_ASN1_SEQUENCE, &info.element) != SJ_TLV_FOUND ||
	    sj_tlv_take(&copy, SJ_ASN1_SEQUENCE, &body) != SJ_TLV_FOUND ||
	    sj_tlv_take(&body, SJ_ASN1_OID, &info.oid) != SJ_TLV_FOUND || !sj_oid_valid(info.oid) ||
	    sj_tlv_take_any(&body, &info.required) != SJ_TLV_FOUND)
		return SJ_TLV_MALFORMED;
	rc = sj_tlv_take_any(&body, &info.optional);
	if (rc == SJ_TLV_MALFORMED || body.len != 0)
		return SJ_TLV_MALFORMED;
	info.kind = kind_of(info.oid);
	*out = info;
	*items = rest;
	return SJ_TLV_FOUND;
}

bool sj_secinfos_parse(struct sj_span in, struct sj_span *items)
{
	struct sj_span set, rest;
	struct sj_secinfo ignored;
	enum sj_tlv_rc rc;

	if (sj_tlv_take(&in, SJ_ASN1_SET, &set) != SJ_TLV_FOUND || in.len != 0)
		return false;
	rest = set;
	while ((rc = sj_secinfo_next(&rest, &ignored)) == SJ_TLV_FOUND)
		;
	if (rc != SJ_TLV_ABSENT)
		return false;
	*items = set;
	return true;
}

bool sj_secinfos_contain(struct sj_span items, struct sj_span element)
{
	struct sj_secinfo info;

	while (sj_secinfo_next(&items, &info) == SJ_TLV_FOUND) {
		if (sj_span_eq(info.element, element))
			return true;
	}
	return false;
}

/* --- typed views ------------------------------------------------------------------- */

/* A whole element that is a small INTEGER. */
static bool small_read(struct sj_span element, uint32_t *out)
{
	return sj_der_take_small(&element, out) && element.len == 0;
}

static bool optional_id_read(struct sj_span element, struct sj_optional_id *out)
{
	*out = (struct sj_optional_id){ .present = element.len > 0 };
	return !out->present || small_read(element, &out->value);
}

static bool is_element(struct sj_span element, uint32_t tag, struct sj_span *value)
{
	return sj_tlv_take(&element, tag, value) == SJ_TLV_FOUND && element.len == 0;
}

bool sj_secinfo_pace(const struct sj_secinfo *i, struct sj_pace_info *out)
{
	out->oid = i->oid;
	return i->kind == SJ_SECINFO_PACE && small_read(i->required, &out->version) &&
	       optional_id_read(i->optional, &out->parameter_id);
}

bool sj_secinfo_pace_domain(const struct sj_secinfo *i, struct sj_pace_domain_info *out)
{
	struct sj_span ignored;

	out->oid = i->oid;
	out->parameters = i->required;
	return i->kind == SJ_SECINFO_PACE_DOMAIN &&
	       is_element(i->required, SJ_ASN1_SEQUENCE, &ignored) &&
	       optional_id_read(i->optional, &out->parameter_id);
}

bool sj_secinfo_ca(const struct sj_secinfo *i, struct sj_ca_info *out)
{
	out->oid = i->oid;
	return i->kind == SJ_SECINFO_CA && small_read(i->required, &out->version) &&
	       optional_id_read(i->optional, &out->key_id);
}

bool sj_secinfo_ca_key(const struct sj_secinfo *i, struct sj_ca_key_info *out)
{
	struct sj_span ignored;

	out->oid = i->oid;
	out->spki = i->required;
	return i->kind == SJ_SECINFO_CA_KEY &&
	       is_element(i->required, SJ_ASN1_SEQUENCE, &ignored) &&
	       optional_id_read(i->optional, &out->key_id);
}

bool sj_secinfo_aa(const struct sj_secinfo *i, struct sj_aa_info *out)
{
	return i->kind == SJ_SECINFO_AA && small_read(i->required, &out->version) &&
	       is_element(i->optional, SJ_ASN1_OID, &out->signature_oid);
}

/* efCVCA FileID: SEQUENCE { fid OCTET STRING, sfid OCTET STRING OPTIONAL } */
static bool file_id_read(struct sj_span element, struct sj_ta_info *out)
{
	struct sj_span body;

	if (element.len == 0)
		return true;
	if (!is_element(element, SJ_ASN1_SEQUENCE, &body) ||
	    sj_tlv_take(&body, SJ_ASN1_OCTET_STRING, &out->file_id) != SJ_TLV_FOUND ||
	    out->file_id.len != 2)
		return false;
	return body.len == 0 ||
	       (is_element(body, SJ_ASN1_OCTET_STRING, &out->short_id) && out->short_id.len == 1);
}

bool sj_secinfo_ta(const struct sj_secinfo *i, struct sj_ta_info *out)
{
	*out = (struct sj_ta_info){ .version = 0 };
	return i->kind == SJ_SECINFO_TA && small_read(i->required, &out->version) &&
	       file_id_read(i->optional, out);
}

/* --- writing ------------------------------------------------------------------------- */

static void put_optional_id(struct sj_writer *w, struct sj_optional_id id)
{
	if (id.present)
		sj_der_put_small(w, id.value);
}

/* OID, version, optional number: PACEInfo and ChipAuthenticationInfo. */
static void put_versioned(struct sj_writer *w, struct sj_span oid, uint32_t version,
			  struct sj_optional_id id)
{
	size_t at = sj_tlv_open(w);

	sj_tlv_put(w, SJ_ASN1_OID, oid);
	sj_der_put_small(w, version);
	put_optional_id(w, id);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

/* OID, a structure, optional number: the two infos with an AlgorithmIdentifier inside. */
static void put_structured(struct sj_writer *w, struct sj_span oid, struct sj_span required,
			   struct sj_optional_id id)
{
	size_t at = sj_tlv_open(w);

	sj_tlv_put(w, SJ_ASN1_OID, oid);
	sj_put(w, required);
	put_optional_id(w, id);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

void sj_secinfo_put_pace(struct sj_writer *w, const struct sj_pace_info *i)
{
	put_versioned(w, i->oid, i->version, i->parameter_id);
}

void sj_secinfo_put_pace_domain(struct sj_writer *w, const struct sj_pace_domain_info *i)
{
	put_structured(w, i->oid, i->parameters, i->parameter_id);
}

void sj_secinfo_put_ca(struct sj_writer *w, const struct sj_ca_info *i)
{
	put_versioned(w, i->oid, i->version, i->key_id);
}

void sj_secinfo_put_ca_key(struct sj_writer *w, const struct sj_ca_key_info *i)
{
	put_structured(w, i->oid, i->spki, i->key_id);
}

void sj_secinfo_put_aa(struct sj_writer *w, const struct sj_aa_info *i)
{
	size_t at = sj_tlv_open(w);

	sj_tlv_put(w, SJ_ASN1_OID, SJ_OID_ICAO_AA);
	sj_der_put_small(w, i->version);
	sj_tlv_put(w, SJ_ASN1_OID, i->signature_oid);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

void sj_secinfo_put_ta(struct sj_writer *w, const struct sj_ta_info *i)
{
	size_t at = sj_tlv_open(w), file;

	sj_tlv_put(w, SJ_ASN1_OID, SJ_OID_TA);
	sj_der_put_small(w, i->version);
	if (i->file_id.len > 0) {
		file = sj_tlv_open(w);
		sj_tlv_put(w, SJ_ASN1_OCTET_STRING, i->file_id);
		if (i->short_id.len > 0)
			sj_tlv_put(w, SJ_ASN1_OCTET_STRING, i->short_id);
		sj_tlv_close(w, SJ_ASN1_SEQUENCE, file);
	}
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

/* version 1, key id, authorizedOnly; no maxKeyLen */
void sj_secinfo_put_ri(struct sj_writer *w, const struct sj_ri_info *i)
{
	const uint8_t only = i->authorized_only ? 0xFF : 0x00;
	size_t at = sj_tlv_open(w), parameters;

	sj_tlv_put(w, SJ_ASN1_OID, i->oid);
	parameters = sj_tlv_open(w);
	sj_der_put_small(w, 1);
	sj_der_put_small(w, i->key_id);
	sj_tlv_put(w, SJ_ASN1_BOOLEAN, sj_span(&only, 1));
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, parameters);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

void sj_secinfo_put_domain(struct sj_writer *w, struct sj_span oid, uint32_t parameter_id,
			   struct sj_optional_id key_id)
{
	size_t at = sj_tlv_open(w), algorithm;

	sj_tlv_put(w, SJ_ASN1_OID, oid);
	algorithm = sj_tlv_open(w);
	sj_tlv_put(w, SJ_ASN1_OID, SJ_OID_STANDARDIZED_PARAMETERS);
	sj_der_put_small(w, parameter_id);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, algorithm);
	put_optional_id(w, key_id);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

void sj_secinfos_put(struct sj_writer *w, struct sj_span items)
{
	struct sj_span elements[SJ_SECINFOS_MAX];
	struct sj_secinfo info;
	enum sj_tlv_rc rc;
	size_t n = 0;

	while ((rc = sj_secinfo_next(&items, &info)) == SJ_TLV_FOUND && n < SJ_SECINFOS_MAX)
		elements[n++] = info.element;
	if (rc != SJ_TLV_ABSENT)
		w->failed = true;
	else
		sj_der_put_set(w, elements, n);
}
