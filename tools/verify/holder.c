/* holder.c -- the holder's fields and their names. */
#include "verify/verify.h"

void verify_fields(const struct sj_holder *h, struct verify_field fields[VERIFY_FIELDS])
{
	const struct verify_field all[VERIFY_FIELDS] = {
		{ "surname", "surname", h->surname },
		{ "givenNames", "given names", h->given_names },
		{ "fullName", "full name", h->full_name },
		{ "birthDate", "born", h->birth_date },
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
		{ "issueDate", "issued", h->issue_date },
		{ "expiryDate", "expires", h->expiry_date },
		{ "optionalData", "optional data", h->optional_data },
	};

	for (size_t i = 0; i < VERIFY_FIELDS; i++)
		fields[i] = all[i];
}
