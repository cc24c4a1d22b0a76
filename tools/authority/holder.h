/*
 * holder.h -- the holder file: what a document is to say about a person.
 *
 * JSON as tools/schema/holder.schema.json describes it; what is checked here is
 * what stands there, and then what no schema can say (dates that exist, an
 * order of dates, names that the machine readable zone can spell).
 */
#ifndef SJ_AUTHORITY_HOLDER_H
#define SJ_AUTHORITY_HOLDER_H

#include <jansson.h>
#include <sojourn/failure.h>

#include "wire/lds.h"
#include "wire/mrz.h"

#define HOLDER_FILE_MAX 65536u /* bytes of a holder file */

enum holder_field {
	HOLDER_DOCUMENT_TYPE, /* "TD1" or "TD3" */
	HOLDER_DOCUMENT_CODE,
	HOLDER_DOCUMENT_NUMBER,
	HOLDER_SURNAME, /* national writing, UTF-8 */
	HOLDER_GIVEN_NAMES,
	HOLDER_SURNAME_MRZ, /* the zone's spelling where it cannot be derived */
	HOLDER_GIVEN_NAMES_MRZ,
	HOLDER_NATIONALITY,
	HOLDER_BIRTH_DATE, /* YYYY-MM-DD; unknown month or day: 00 */
	HOLDER_SEX, /* "F", "M" or "X" */
	HOLDER_EXPIRY_DATE,
	HOLDER_ISSUE_DATE,
	HOLDER_OPTIONAL_DATA, /* of the zone */
	HOLDER_OPTIONAL_DATA_2, /* TD1, second line */
	HOLDER_PERSONAL_NUMBER,
	HOLDER_PLACE_OF_BIRTH,
	HOLDER_ADDRESS,
	HOLDER_TELEPHONE,
	HOLDER_PROFESSION,
	HOLDER_TITLE,
	HOLDER_ISSUING_AUTHORITY,
	HOLDER_CLASS, /* "visitor" (default), "resident", "permanent", "return" */
	/* Of eID cards alone. */
	HOLDER_ARTISTIC_NAME,
	HOLDER_BIRTH_NAME,
	HOLDER_COMMUNITY_ID, /* pairs of digits */
	HOLDER_EMAIL,
	HOLDER_INSURANCE_NUMBER,
	HOLDER_FIELD_COUNT
};

struct holder_person {
	const char *name;
	const char *telephone, *address, *recorded; /* or NULL; recorded: YYYY-MM-DD */
};

#define HOLDER_ENTRIES_MAX 64u

/* A border crossing. */
struct holder_entry {
	const char *date; /* YYYY-MM-DD */
	const char *kind; /* "entry", "exit" */
	const char *place;
};

/* A holder file that was accepted. */
struct holder {
	json_t *root; /* keeps the texts alive */
	const char *fields[HOLDER_FIELD_COUNT]; /* NULL: not given */
	struct holder_person persons[SJ_DG16_MAX];
	unsigned person_count;
	const char *home_state, *home_number; /* of the home passport; NULL: not given */
	const char *blood_group, *allergies, *contact; /* for an emergency; each may be NULL */
	struct holder_entry entries[HOLDER_ENTRIES_MAX];
	unsigned entry_count;
};

/* Why a holder file was not accepted. */
struct holder_fault {
	enum sj_rc rc; /* SJ_INPUT_MALFORMED: against the schema; SJ_INPUT_REFUSED: else */
	int line; /* from 1 */
	char path[64]; /* "/birthDate", "/personsToNotify/0/name"; "": the whole file */
	char what[160]; /* a clause; quotes none of the holder's data */
};
/* Notes a fault, but for its line; returns false, so that checks can return it. */
__attribute__((format(printf, 4, 5))) bool holder_refuse(struct holder_fault *fault, enum sj_rc rc,
							 const char *path, const char *format, ...);

/* An object, which the caller frees; NULL: *fault says why, with its line. */
SJ_MUST_CHECK json_t *holder_json(const char *text, size_t len, struct holder_fault *fault);

/*
 * Reads a holder file. False: *fault says why. Free with holder_free(),
 * whatever this returned.
 */
SJ_MUST_CHECK bool holder_read(const char *text, size_t len, struct holder *out,
			       struct holder_fault *fault);
void holder_free(struct holder *h);

/* The machine readable zone's fields for a document of `issuing_state`. */
SJ_MUST_CHECK bool holder_mrz(const struct holder *h, const char *issuing_state,
			      struct sj_mrz *out);

/* A date field as YYYYMMDD and NUL. */
void holder_date(const char *date, char out[static 9]);

/* The last second of a day YYYY-MM-DD that exists; seconds since 1970 UTC. */
int64_t holder_end_of(const char *date);

#endif
