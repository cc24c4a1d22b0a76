#include "authority/cvrights.h"

#include "wire/std/tr03110.h"

#define BIT(n) (UINT64_C(1) << (n))
#define AGES ((uint32_t)(((1u << SJ_GATE_AGES) - 1) * (uint32_t)SJ_RIGHT_AGE_FIRST))

/*
 * Rights whose data has a bit of its own. All others stand in our authorization extension alone:
 * class, document number, portrait, entry records, emergency data, insurance number, home
 * passport, a status value (valid). Ages stand in both: the bit would let a terminal ask for any.
 */
static const struct {
	uint32_t right;
	uint64_t bits;
} data_groups[] = {
	{ SJ_RIGHT_EXPIRY, BIT(SJ_AT_READ_DG(3)) },
	{ SJ_RIGHT_NAME, BIT(SJ_AT_READ_DG(4)) | BIT(SJ_AT_READ_DG(5)) },
	{ SJ_RIGHT_BIRTH_DATE, BIT(SJ_AT_READ_DG(8)) },
	{ SJ_RIGHT_NATIONALITY, BIT(SJ_AT_READ_DG(10)) },
	{ SJ_RIGHT_ADDRESS, BIT(SJ_AT_READ_DG(17)) },
	{ SJ_RIGHT_PHONE, BIT(SJ_AT_READ_DG(21)) },
	{ SJ_RIGHT_PSEUDONYM, BIT(SJ_AT_RESTRICTED_ID) },
	{ AGES, BIT(SJ_AT_AGE) },
};

#define IN_EXTENSION \
	((uint32_t)(SJ_RIGHT_VALID | SJ_RIGHT_CLASS | SJ_RIGHT_DOCUMENT_NUMBER | \
		    SJ_RIGHT_PORTRAIT | SJ_RIGHT_ENTRY_RECORDS | SJ_RIGHT_EMERGENCY | \
		    SJ_RIGHT_INSURANCE_NUMBER | SJ_RIGHT_HOME_PASSPORT | AGES))
/* What the LDS application holds, which has no finer rights but fingerprints. */
#define IN_LDS \
	((uint32_t)(SJ_RIGHT_NAME | SJ_RIGHT_NATIONALITY | SJ_RIGHT_BIRTH_DATE | \
		    SJ_RIGHT_DOCUMENT_NUMBER | SJ_RIGHT_EXPIRY | SJ_RIGHT_PORTRAIT | \
		    SJ_RIGHT_ADDRESS | SJ_RIGHT_PHONE | SJ_RIGHT_FINGERPRINT))

struct sj_cvc_rights cv_rights_of(enum sj_cvc_terminal terminal, uint32_t rights)
{
	struct sj_cvc_rights out = { .terminal = terminal };

	if (terminal == SJ_CVC_INSPECTION && rights & SJ_RIGHT_FINGERPRINT)
		out.bits = BIT(SJ_IS_READ_DG3);
	if (terminal != SJ_CVC_AUTHENTICATION)
		return out;
	for (size_t i = 0; i < sizeof(data_groups) / sizeof(data_groups[0]); i++)
		if (rights & data_groups[i].right)
			out.bits |= data_groups[i].bits;
	out.extra[SJ_CVC_SOJOURN] = rights & IN_EXTENSION;
	return out;
}

bool cv_rights_of_row(enum sj_cvc_terminal terminal, const struct service *row,
		      struct sj_cvc_rights *out)
{
	if (terminal == SJ_CVC_SIGNATURE ||
	    (terminal == SJ_CVC_INSPECTION && (row->rights & IN_LDS) != IN_LDS))
		return false;
	*out = cv_rights_of(terminal, row->rights);
	if (terminal == SJ_CVC_AUTHENTICATION && row->access == SERVICE_CAN)
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

	name = service_right(i, &bit);
	if (name == NULL)
		return NULL;
	want = cv_rights_of(rights->terminal, bit);
	return (want.bits != 0 || want.extra[SJ_CVC_SOJOURN] != 0) && sj_cvc_within(&want, rights)
		       ? name
		       : "";
}

const char *cv_right_lost(const struct service *row)
{
	struct sj_cvc_rights inspection;

	return row->rights & SJ_RIGHT_FINGERPRINT &&
			       !cv_rights_of_row(SJ_CVC_INSPECTION, row, &inspection)
		       ? "fingerprint"
		       : NULL;
}
