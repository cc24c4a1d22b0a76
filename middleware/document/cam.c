/*
 * cam.c -- what the chip-authentication mapping of PACE proves.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 4.4.3.5.2: PK_Map,IC = CA_IC * PK_IC, with
 * PK_IC out of the signed EF.CardSecurity.
 */
#include "document/document.h"
#include "wire/std/icao9303.h"

static bool fits(const struct sj_pace_result *pace, const struct sj_ec_point *key)
{
	struct sj_ec_point product;

	return sj_ec_multiply(pace->suite.curve, &pace->ca_data, key, &product) &&
	       sj_span_eq(sj_ec_point_span(&product), sj_ec_point_span(&pace->map_public));
}

/* One of the keys in EF.CardSecurity is the one that took part in the mapping. */
static bool any_key_fits(const struct sj_pace_result *pace, struct sj_span infos)
{
	struct sj_ca_key_info key;
	struct sj_secinfo info;
	struct sj_ec_point point;
	enum sj_curve curve;

	if (!sj_secinfos_parse(infos, &infos))
		return false;
	while (sj_secinfo_next(&infos, &info) == SJ_TLV_FOUND)
		if (sj_secinfo_ca_key(&info, &key) && sj_ec_spki_read(key.spki, &curve, &point) &&
		    curve == pace->suite.curve && fits(pace, &point))
			return true;
	return false;
}

static bool is_forgery(enum sj_rc rc)
{
	return rc == SJ_CAM_FAILED || rc == SJ_CHAIN_SIGNATURE || rc == SJ_SIGNER_INVALID;
}

/*
 * EF.CardSecurity tells of a chip, not of these data: only an authentic DG14
 * that names the mapping ties the two together.
 */
static bool is_named(const struct sj_document *doc)
{
	struct sj_span oid = sj_pace_oid(&doc->pace.suite);
	struct sj_span file = sj_report_bytes(doc->report, SJ_DG14), content, items;
	struct sj_secinfo info;

	if (doc->report->groups[SJ_DG14].state != SJ_CHECK_PASSED ||
	    !sj_lds_open(file, SJ_TAG_DG14, &content) || !sj_secinfos_parse(content, &items))
		return false;
	while (sj_secinfo_next(&items, &info) == SJ_TLV_FOUND)
		if (sj_span_eq(info.oid, oid))
			return true;
	return false;
}

void sj_check_mapping(struct sj_document *doc)
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_CHIP];
	struct sj_span infos = { NULL, 0 };
	struct sj_finding f;

	if (!doc->pace.done || doc->pace.suite.mapping != SJ_PACE_CAM)
		return;
	/* What Chip Authentication found wrong stays. */
	if (check->state == SJ_CHECK_FAILED)
		return;
	if (!doc->pace.ca_data_given) {
		sj_check_set(check, SJ_CHECK_FAILED, SJ_CAM_FAILED,
			     "The chip gives no chip authentication data.");
	} else if (!sj_card_security_holds(doc, &infos, &f)) {
		if (is_forgery(f.rc))
			sj_check_set(check, SJ_CHECK_FAILED, SJ_CAM_FAILED, "%s", f.detail);
		else if (check->state != SJ_CHECK_PASSED)
			sj_check_from(check, SJ_CHECK_NOT_POSSIBLE, &f);
	} else if (!any_key_fits(&doc->pace, infos)) {
		sj_check_set(check, SJ_CHECK_FAILED, SJ_CAM_FAILED,
			     "The chip's key is none of those in EF.CardSecurity.");
	} else if (check->state != SJ_CHECK_PASSED && !is_named(doc)) {
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_COPY_NOT_EXCLUDED,
			     "The signed data do not name the chip-authentication mapping.");
	} else if (check->state != SJ_CHECK_PASSED) {
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK,
			     "Chip-authentication mapping with a key of EF.CardSecurity.");
	}
}
