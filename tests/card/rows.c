#include "tests/card/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

const struct row rows[ROWS] = {
	{ "transport", "metro gate", SJ_SERVICE_NONE, "pseudonym" },
	{ "transport", "city bus", SJ_SERVICE_NONE, "pseudonym" },
	{ "transport", "rail ticket and gate", SJ_SERVICE_CAN, "name document-number pseudonym" },
	{ "transport", "airline check-in", SJ_SERVICE_CAN,
	  "name nationality birth-date document-number expiry portrait" },
	{ "transport", "ferry and coach", SJ_SERVICE_CAN, "name document-number" },
	{ "transport", "car rental", SJ_SERVICE_CAN,
	  "name birth-date age-over-18 portrait document-number" },
	{ "transport", "ride hailing", SJ_SERVICE_NONE, "pseudonym age-over-18" },
	{ "finance", "bank account opening", SJ_SERVICE_PIN,
	  "name nationality birth-date document-number expiry portrait address" },
	{ "finance", "bank counter", SJ_SERVICE_CAN, "name portrait document-number" },
	{ "finance", "payment account", SJ_SERVICE_PIN, "name document-number phone" },
	{ "finance", "foreign exchange", SJ_SERVICE_CAN, "name nationality document-number" },
	{ "finance", "insurance", SJ_SERVICE_CAN, "name birth-date nationality document-number" },
	{ "finance", "securities account", SJ_SERVICE_PIN,
	  "name nationality birth-date document-number expiry portrait" },
	{ "education", "school enrolment", SJ_SERVICE_CAN, "name birth-date nationality address" },
	{ "education", "examination entry", SJ_SERVICE_CAN, "name portrait document-number" },
	{ "education", "university library", SJ_SERVICE_NONE, "pseudonym class" },
	{ "education", "degree authentication", SJ_SERVICE_CAN, "name birth-date document-number" },
	{ "telecom", "SIM registration", SJ_SERVICE_PIN,
	  "name nationality document-number portrait" },
	{ "telecom", "broadband contract", SJ_SERVICE_CAN, "name address document-number" },
	{ "telecom", "real-name online account", SJ_SERVICE_PIN, "pseudonym age-over-18" },
	{ "health", "hospital registration", SJ_SERVICE_CAN,
	  "name birth-date nationality insurance-number emergency" },
	{ "health", "clinic check-in", SJ_SERVICE_CAN, "name birth-date insurance-number" },
	{ "health", "pharmacy", SJ_SERVICE_CAN, "name age-over-18 insurance-number" },
	{ "health", "emergency ward", SJ_SERVICE_CAN, "name birth-date emergency" },
	{ "health", "vaccination", SJ_SERVICE_CAN, "name birth-date document-number" },
	{ "accommodation", "hotel check-in", SJ_SERVICE_CAN,
	  "name nationality birth-date document-number expiry portrait entry-records "
	  "home-passport" },
	{ "accommodation", "hotel door", SJ_SERVICE_NONE, "pseudonym" },
	{ "accommodation", "hostel check-in", SJ_SERVICE_CAN,
	  "name nationality document-number portrait" },
	{ "accommodation", "rental registration", SJ_SERVICE_CAN,
	  "name nationality document-number address" },
	{ "government", "border e-gate", SJ_SERVICE_CAN, "all fingerprint" },
	{ "government", "residence registration", SJ_SERVICE_CAN,
	  "name nationality birth-date document-number address entry-records home-passport" },
	{ "government", "social insurance", SJ_SERVICE_CAN,
	  "name birth-date document-number insurance-number" },
	{ "government", "tax office", SJ_SERVICE_CAN, "name document-number address" },
	{ "government", "driving licence office", SJ_SERVICE_CAN,
	  "name birth-date portrait document-number" },
	{ "government", "notary", SJ_SERVICE_CAN, "name birth-date document-number portrait" },
};

bool row_has(const struct row *row, const char *right)
{
	const size_t n = strlen(right);
	bool found = strncmp(row->rights, "all", 3) == 0 && strcmp(right, "ticket") != 0;

	for (const char *at = row->rights; at != NULL && !found; at = strchr(at, ' ')) {
		at += *at == ' ';
		found = strncmp(at, right, n) == 0 && (at[n] == ' ' || at[n] == '\0');
	}
	return found;
}

uint8_t row_sector(const struct row *row)
{
	const char *name;

	for (uint8_t i = 1; (name = sj_sector_name(i)) != NULL; i++)
		if (strcmp(name, row->sector) == 0)
			return i;
	fail();
	return 0;
}

struct sj_service row_service(const struct row *row)
{
	struct sj_service out = { .size = sizeof(out), .id = (unsigned)(row - rows) + 1 };
	const char *name;
	uint32_t bit;

	out.sector = row_sector(row);
	out.access = row->access;
	for (size_t i = 0; (name = sj_right_at(i, &bit)) != NULL; i++)
		if (i == 0 || row_has(row, name)) /* the first is valid */
			out.rights |= bit;
	return out;
}
