/*
 * rights.c -- the rights of the service registry, and where each stands on a card.
 *
 * Sources: BSI TR-03110-4 v2.21, tables 1 to 4; middleware/wire/std/sojourn.h (.3);
 * card-sim/applets/eid/EID.md (groups 23 to 30).
 */
#include <sojourn/service.h>

#include <string.h>

#include "secure/gate.h"
#include "wire/eid.h"
#include "wire/std/tr03110.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define AGE(i) ((uint32_t)SJ_RIGHT_AGE_FIRST << (i))

static const struct {
	const char *name;
	uint32_t bit;
} rights[] = {
	{ "valid", SJ_RIGHT_VALID },
	{ "class", SJ_RIGHT_CLASS },
	{ "pseudonym", SJ_RIGHT_PSEUDONYM },
	{ "name", SJ_RIGHT_NAME },
	{ "nationality", SJ_RIGHT_NATIONALITY },
	{ "birth-date", SJ_RIGHT_BIRTH_DATE },
	{ "document-number", SJ_RIGHT_DOCUMENT_NUMBER },
	{ "expiry", SJ_RIGHT_EXPIRY },
	{ "portrait", SJ_RIGHT_PORTRAIT },
	{ "address", SJ_RIGHT_ADDRESS },
	{ "phone", SJ_RIGHT_PHONE },
	{ "entry-records", SJ_RIGHT_ENTRY_RECORDS },
	{ "emergency", SJ_RIGHT_EMERGENCY },
	{ "insurance-number", SJ_RIGHT_INSURANCE_NUMBER },
	{ "fingerprint", SJ_RIGHT_FINGERPRINT },
	{ "home-passport", SJ_RIGHT_HOME_PASSPORT },
	{ "age-over-12", AGE(0) },
	{ "age-over-14", AGE(1) },
	{ "age-over-16", AGE(2) },
	{ "age-over-18", AGE(3) },
	{ "age-over-21", AGE(4) },
	{ "age-over-60", AGE(5) },
	{ "age-over-65", AGE(6) },
	{ "ticket", SJ_RIGHT_TICKET },
};

static const char *const sectors[] = { "transport", "finance",       "education", "telecom",
				       "health",    "accommodation", "government" };

#define SIZE sizeof(struct sj_right_place)
/* A data group with a bit of its own; one behind our extension; an answer without a group. */
#define OF_GROUP(right, n) \
	{ \
		SIZE, right, n, (int)SJ_AT_READ_DG(n), false, false \
	}
#define OF_EXTENSION(right, n) \
	{ \
		SIZE, right, n, -1, true, false \
	}
#define OF_AGE(i) \
	{ \
		SIZE, AGE(i), 0, SJ_AT_AGE, true, false \
	}

/*
 * An age stands in both: its bit alone would let a terminal ask for any. A ticket is the gate
 * applet's, and stands in none.
 */
static const struct sj_right_place places[] = {
	OF_EXTENSION(SJ_RIGHT_VALID, SJ_EID_STATUS),
	OF_EXTENSION(SJ_RIGHT_CLASS, SJ_EID_CLASS),
	{ SIZE, SJ_RIGHT_PSEUDONYM, 0, SJ_AT_RESTRICTED_ID, false, false },
	OF_GROUP(SJ_RIGHT_NAME, SJ_EID_GIVEN_NAMES),
	OF_GROUP(SJ_RIGHT_NAME, SJ_EID_FAMILY_NAMES),
	OF_GROUP(SJ_RIGHT_NATIONALITY, SJ_EID_NATIONALITY),
	OF_GROUP(SJ_RIGHT_BIRTH_DATE, SJ_EID_BIRTH_DATE),
	OF_EXTENSION(SJ_RIGHT_DOCUMENT_NUMBER, SJ_EID_DOCUMENT_NUMBER),
	OF_GROUP(SJ_RIGHT_EXPIRY, SJ_EID_EXPIRY),
	OF_EXTENSION(SJ_RIGHT_PORTRAIT, SJ_EID_PORTRAIT),
	OF_GROUP(SJ_RIGHT_ADDRESS, SJ_EID_ADDRESS),
	OF_GROUP(SJ_RIGHT_PHONE, SJ_EID_PHONE),
	OF_EXTENSION(SJ_RIGHT_ENTRY_RECORDS, SJ_EID_ENTRY_RECORDS),
	OF_EXTENSION(SJ_RIGHT_EMERGENCY, SJ_EID_EMERGENCY),
	OF_EXTENSION(SJ_RIGHT_INSURANCE_NUMBER, SJ_EID_INSURANCE),
	{ SIZE, SJ_RIGHT_FINGERPRINT, 0, -1, false, true },
	OF_EXTENSION(SJ_RIGHT_HOME_PASSPORT, SJ_EID_HOME_PASSPORT),
	OF_AGE(0),
	OF_AGE(1),
	OF_AGE(2),
	OF_AGE(3),
	OF_AGE(4),
	OF_AGE(5),
	OF_AGE(6),
};

const char *sj_right_at(size_t i, uint32_t *bit)
{
	if (i >= COUNT(rights))
		return NULL;
	*bit = rights[i].bit;
	return rights[i].name;
}

const char *sj_sector_name(unsigned sector)
{
	return sector >= 1 && sector <= COUNT(sectors) ? sectors[sector - 1] : NULL;
}

bool sj_right_place_at(size_t i, struct sj_right_place *out)
{
	const size_t room = out->size;

	if (i >= COUNT(places))
		return false;
	memcpy(out, &places[i], room < SIZE ? room : SIZE);
	out->size = room;
	return true;
}
