/* shared.h -- vectors that stay outside the tree, found by SOJOURN_SHARED. */
#ifndef TESTS_VECTORS_SHARED_H
#define TESTS_VECTORS_SHARED_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/skip.h"
#include "tests/vectors/hexbytes.h"

/*
 * The array `vectors` of $SOJOURN_SHARED/vectors/<file>, with the whole file
 * in *root, freed by the caller with json_decref(). NULL: the variable is unset.
 */
static inline json_t *shared_vectors(const char *file, json_t **root)
{
	const char *shared = getenv("SOJOURN_SHARED");
	char path[1024];

	if (shared == NULL)
		return NULL;
	snprintf(path, sizeof(path), "%s/vectors/%s", shared, file);
	*root = json_load_file(path, 0, NULL);
	assert_non_null(*root);
	return json_object_get(*root, "vectors");
}

/* A string member; NULL: absent. */
static inline const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* The bytes of a hexadecimal member, which must be there. */
static inline struct sj_span hex_of(const json_t *object, const char *name)
{
	assert_non_null(text_of(object, name));
	return hex(text_of(object, name));
}

#endif
