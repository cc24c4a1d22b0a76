#include "authority/cvrights.h"

#include <sojourn/service.h>

#include "wire/std/tr03110.h"

#define BIT(n) (UINT64_C(1) << (n))

/* What the LDS application holds, which has no finer rights but fingerprints. */
#define IN_LDS \
	((uint32_t)(SJ_RIGHT_NAME | SJ_RIGHT_NATIONALITY | SJ_RIGHT_BIRTH_DATE | \
		    SJ_RIGHT_DOCUMENT_NUMBER | SJ_RIGHT_EXPIRY | SJ_RIGHT_PORTRAIT | \
		    SJ_RIGHT_ADDRESS | SJ_RIGHT_PHONE | SJ_RIGHT_FINGERPRINT))

struct sj_cvc_rights cv_rights_of(enum sj_cvc_terminal terminal, uint32_t rights)
{
	struct sj_cvc_rights out = { .terminal = terminal };
	struct sj_right_place p = { .size = sizeof(p) };

	for (size_t i = 0; sj_right_place_at(i, &p); i++) {
		if (!(rights & p.right))
			continue;
		if (terminal == SJ_CVC_INSPECTION && p.inspection)
			out.bits |= BIT(SJ_IS_READ_DG3);
		if (terminal != SJ_CVC_AUTHENTICATION)
			continue;
		if (p.chat_bit >= 0)
			out.bits |= BIT(p.chat_bit);
		if (p.extension)
			out.extra[SJ_CVC_SOJOURN] |= p.right;
	}
	return out;
}

bool cv_rights_of_row(enum sj_cvc_terminal terminal, const struct sj_service *row,
		      struct sj_cvc_rights *out)
{
	if (terminal == SJ_CVC_SIGNATURE ||
	    (terminal == SJ_CVC_INSPECTION && (row->rights & IN_LDS) != IN_LDS))
		return false;
	*out = cv_rights_of(terminal, row->rights);
	if (terminal == SJ_CVC_AUTHENTICATION && row->access == SJ_SERVICE_CAN)
		out->bits |= BIT(SJ_AT_CAN_ALLOWED);
	return true;
}

struct sj_cvc_rights cv_rights_of_all_rows(enum sj_cvc_terminal terminal)
{
	struct sj_cvc_rights all = cv_rights_of(terminal, UINT32_MAX);

	if (terminal == SJ_CVC_AUTHENTICATION)
		all.bits |= BIT(SJ_AT_CAN_ALLOWED);
	if (terminal == SJ_CVC_SIGNATURE)
		all = sj_cvc_all_rights(terminal, SJ_CVC_TERMINAL);
	return all;
}

const char *cv_right_at(const struct sj_cvc_rights *rights, size_t i)
{
	struct sj_cvc_rights want;
	const char *name;
	uint32_t bit;

	name = sj_right_at(i, &bit);
	if (name == NULL)
		return NULL;
	want = cv_rights_of(rights->terminal, bit);
	return (want.bits != 0 || want.extra[SJ_CVC_SOJOURN] != 0) && sj_cvc_within(&want, rights)
		       ? name
		       : "";
}

const char *cv_right_lost(const struct sj_service *row)
{
	struct sj_cvc_rights inspection;

	return row->rights & SJ_RIGHT_FINGERPRINT &&
			       !cv_rights_of_row(SJ_CVC_INSPECTION, row, &inspection)
		       ? "fingerprint"
		       : NULL;
}
