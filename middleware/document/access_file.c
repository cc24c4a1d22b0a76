/*
 * access_file.c -- EF.CardAccess is not signed: what it says must be signed elsewhere.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 9.2 and 4.4.2.
 */
#include "document/document.h"
#include "wire/std/icao9303.h"

struct signed_infos {
	struct sj_span group; /* DG14's items */
	struct sj_span security; /* EF.CardSecurity's items */
};

static bool decides(enum sj_secinfo_kind kind)
{
	return kind == SJ_SECINFO_PACE || kind == SJ_SECINFO_PACE_DOMAIN || kind == SJ_SECINFO_CA ||
	       kind == SJ_SECINFO_CA_KEY || kind == SJ_SECINFO_AA;
}

/* Everything in EF.CardAccess that decides something is signed. */
static bool all_signed(struct sj_span access, const struct signed_infos *s)
{
	struct sj_secinfo info;
	enum sj_tlv_rc rc;

	while ((rc = sj_secinfo_next(&access, &info)) == SJ_TLV_FOUND)
		if (decides(info.kind) && !sj_secinfos_contain(s->group, info.element) &&
		    !sj_secinfos_contain(s->security, info.element))
			return false;
	return rc == SJ_TLV_ABSENT;
}

/* Every PACEInfo that is signed was offered. */
static bool all_offered(struct sj_span items, struct sj_span access)
{
	struct sj_secinfo info;
	enum sj_tlv_rc rc;

	while ((rc = sj_secinfo_next(&items, &info)) == SJ_TLV_FOUND)
		if (info.kind == SJ_SECINFO_PACE && !sj_secinfos_contain(access, info.element))
			return false;
	return rc == SJ_TLV_ABSENT;
}

static bool has_pace(struct sj_span items)
{
	struct sj_secinfo info;

	while (sj_secinfo_next(&items, &info) == SJ_TLV_FOUND)
		if (info.kind == SJ_SECINFO_PACE)
			return true;
	return false;
}

/* DG14 if its hash held, EF.CardSecurity if its signature and chain do; empty if not. */
static void collect(struct sj_document *doc, struct signed_infos *out)
{
	struct sj_span file = sj_report_bytes(doc->report, SJ_DG14), content;
	struct sj_finding unused;

	*out = (struct signed_infos){ { NULL, 0 }, { NULL, 0 } };
	if (doc->report->groups[SJ_DG14].state == SJ_CHECK_PASSED &&
	    (!sj_lds_open(file, SJ_TAG_DG14, &content) || !sj_secinfos_parse(content, &out->group)))
		out->group = sj_span(NULL, 0);
	if (doc->report->files[SJ_EF_CARD_SECURITY].state == SJ_FILE_READ &&
	    (!sj_card_security_holds(doc, &content, &unused) ||
	     !sj_secinfos_parse(content, &out->security)))
		out->security = sj_span(NULL, 0);
}

void sj_check_access_file(struct sj_document *doc)
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_ACCESS_FILE];
	struct sj_span file = sj_report_bytes(doc->report, SJ_EF_CARD_ACCESS);
	struct sj_span access = { NULL, 0 };
	struct signed_infos signed_infos;

	collect(doc, &signed_infos);
	if (file.ptr && !sj_secinfos_parse(file, &access))
		sj_check_set(check, SJ_CHECK_FAILED, SJ_ACCESS_FILE_MISMATCH,
			     "EF.CardAccess cannot be understood.");
	else if (!doc->session && !file.ptr)
		sj_check_set(check, SJ_CHECK_NOT_DONE, SJ_OK, "EF.CardAccess was not given.");
	else if (!has_pace(access) && !has_pace(signed_infos.group) &&
		 !has_pace(signed_infos.security) && access.len == 0)
		sj_check_set(check, SJ_CHECK_NOT_DONE, SJ_OK, "The document has no PACE.");
	else if (signed_infos.group.len == 0 && signed_infos.security.len == 0)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "Nothing that is signed tells what EF.CardAccess must say.");
	else if (!all_signed(access, &signed_infos))
		sj_check_set(check, SJ_CHECK_FAILED, SJ_ACCESS_FILE_MISMATCH,
			     "EF.CardAccess says what is not signed.");
	else if (!all_offered(signed_infos.group, access) ||
		 !all_offered(signed_infos.security, access))
		sj_check_set(check, SJ_CHECK_FAILED, SJ_ACCESS_FILE_MISMATCH,
			     "EF.CardAccess leaves out what is signed.");
	else
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK,
			     "EF.CardAccess agrees with what is signed.");
}
