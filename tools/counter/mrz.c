/* mrz.c -- what a clerk types from a card whose chip is dead. */
#include <stdlib.h>
#include <string.h>

#include "counter/counter.h"

static void put(json_t *o, const char *name, const char *value)
{
	if (value[0] != '\0')
		json_object_set_new(o, name, json_string(value));
}

static void put_date(json_t *o, const char *name, const char *yyyymmdd)
{
	char text[11];

	if (strlen(yyyymmdd) != 8)
		return;
	snprintf(text, sizeof(text), "%.4s-%.2s-%.2s", yyyymmdd, yyyymmdd + 4, yyyymmdd + 6);
	put(o, name, text);
}

json_t *counter_mrz_json(const char *text, size_t len)
{
	struct sj_holder h = { .size = sizeof(h) };
	json_t *data = json_object();
	const char *problem = NULL;
	enum sj_rc rc = sj_mrz_holder(text, len, 0, &h, &problem);

	put(data, "surname", h.surname);
	put(data, "given-names", h.given_names);
	put(data, "nationality", h.nationality);
	put_date(data, "birth-date", h.birth_date);
	put(data, "sex", h.sex);
	put(data, "document-number", h.document_number);
	put_date(data, "expiry", h.expiry_date);
	explicit_bzero(&h, sizeof(h));
	return json_pack("{s:b, s:s?, s:o, s:o}", "ok", rc == SJ_OK, "problem", problem, "reason",
			 counter_reason_json(rc), "data", data);
}
