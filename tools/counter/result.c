/* result.c -- what a reading gave: made, and wiped. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "counter/counter.h"

void counter_wipe_free(void *bytes)
{
	if (bytes != NULL)
		explicit_bzero(bytes, malloc_usable_size(bytes));
	free(bytes);
}

static void free_text(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

void counter_result_free(struct counter_result *result)
{
	for (size_t i = 0; i < result->data_n; i++) {
		free(result->data[i].name);
		free_text(result->data[i].value);
	}
	if (result->portrait != NULL)
		explicit_bzero(result->portrait, result->portrait_len);
	free(result->portrait);
	json_decref(result->absent);
	explicit_bzero(result, sizeof(*result));
}

bool counter_result_put(struct counter_result *result, const char *name, const char *value)
{
	struct counter_datum d = { strdup(name), strdup(value) };

	if (result->data_n == COUNTER_DATA_MAX || d.name == NULL || d.value == NULL) {
		free(d.name);
		free_text(d.value);
		return false;
	}
	result->data[result->data_n++] = d;
	return true;
}
