/* holder.c -- the holder's fields and their names. */
#include <stdio.h>
#include <string.h>

#include "verify/verify.h"

/* YYYYMMDD as ISO 8601 has it, in the form of the holder file that issue takes. */
static const char *iso_date(const char *date, char out[static 11])
{
	if (strlen(date) == 8)
		snprintf(out, 11, "%.4s-%.2s-%.2s", date, date + 4, date + 6);
	else
		out[0] = '\0';
	return out;
}

bool verify_holder(const struct sj_report *report, struct verify_holder *out)
{
	struct sj_holder *h = &out->holder;

	*out = (struct verify_holder){ .holder.size = sizeof(out->holder) };
	if (!sj_report_holder(report, h))
		return false;
	const struct verify_field all[VERIFY_FIELDS] = {
		{ "surname", "surname", h->surname },
		{ "givenNames", "given names", h->given_names },
		{ "fullName", "full name", h->full_name },
		{ "birthDate", "born", iso_date(h->birth_date, out->dates[0]) },
		{ "placeOfBirth", "place of birth", h->place_of_birth },
		{ "sex", "sex", h->sex },
		{ "nationality", "nationality", h->nationality },
		{ "personalNumber", "personal number", h->personal_number },
		{ "address", "address", h->address },
		{ "telephone", "telephone", h->telephone },
		{ "documentCode", "document", h->document_code },
		{ "documentNumber", "number", h->document_number },
		{ "issuingState", "state", h->issuing_state },
		{ "issuingAuthority", "authority", h->issuing_authority },
		{ "issueDate", "issued", iso_date(h->issue_date, out->dates[1]) },
		{ "expiryDate", "expires", iso_date(h->expiry_date, out->dates[2]) },
		{ "optionalData", "optional data", h->optional_data },
	};

	memcpy(out->fields, all, sizeof(all));
	return true;
}
