/* The counter's field maps: what one may say, where a field goes, what differs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "counter/counter.h"

static json_t *parse(const char *text, char why[static COUNTER_WHY])
{
	json_t *map;
	const enum sj_rc rc = counter_map_parse(text, strlen(text), &map, why);

	assert_int_equal(rc, map != NULL ? SJ_OK : SJ_INPUT_MALFORMED);
	return map;
}

/* Each in a buffer of its own length: a byte too far is seen. */
static void every_truncation_is_refused(void **state)
{
	static const char text[] = "{\"required\": [\"surname\"], \"fixed\": {\"a\": []}, "
				   "\"fields\": {\"surname\": \"/name/0/family\"}, \"lookup\": "
				   "\"?id={surname}\", \"entries\": \"entry\", \"compare\": "
				   "{\"surname\": \"/family\"}, \"verified\": \"/id\"}";
	const size_t len = sizeof(text) - 1;
	char why[COUNTER_WHY];
	json_t *map;

	(void)state;
	for (size_t n = 0; n < len; n++) {
		char *part = malloc(n + 1);

		assert_non_null(part);
		memcpy(part, text, n);
		why[0] = '\0';
		assert_int_equal(counter_map_parse(part, n, &map, why), SJ_INPUT_MALFORMED);
		assert_null(map);
		assert_true(why[0] != '\0');
		free(part);
	}
	assert_int_equal(counter_map_parse(text, len, &map, why), SJ_OK);
	json_decref(map);
}

static int wants;

static void *lack(size_t size)
{
	return wants > 0 && wants-- > 0 ? NULL : malloc(size);
}

static void a_want_of_memory_is_no_fault_of_the_map(void **state)
{
	char why[COUNTER_WHY];
	json_t *map;

	(void)state;
	json_set_alloc_funcs(lack, free);
	wants = 2; /* it is asked twice */
	assert_int_equal(counter_map_parse("{}", 2, &map, why), SJ_NO_MEMORY);
	assert_int_equal(wants, 0);
	assert_null(map);
	json_set_alloc_funcs(malloc, free);
}

#define SIXTY "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz01234567"

static void what_is_no_map_is_told(void **state)
{
	static const char *const rows[][2] = {
		{ "[]", "no object" },
		{ "{\"fields\": {}, \"fields\": {}}", "duplicate" },
		{ "{}", "'fields' is missing" },
		{ "{\"fields\": {}, \"more\": 1}", "'more' is no member" },
		{ "{\"fields\": []}", "'fields' must be" },
		{ "{\"fields\": {\"Surname\": \"/a\"}}", "'fields' must be" },
		{ "{\"fields\": {\"surname\": \"a\"}}", "'fields' must be" },
		{ "{\"fields\": {\"surname\": \"/\"}}", "'fields' must be" },
		{ "{\"fields\": {\"surname\": \"/b//c\"}}", "'fields' must be" },
		{ "{\"fields\": {\"surname\": \"/b/\"}}", "'fields' must be" },
		{ "{\"fields\": {\"surname\": \"/b~\"}}", "'fields' must be" },
		{ "{\"fields\": {\"surname\": \"/1/2/3/4/5/6/7/8/9\"}}", "'fields' must be" },
		{ "{\"fields\": {\"surname\": \"/" SIXTY "1234\"}}", "'fields' must be" },
		{ "{\"fields\": {}, \"compare\": {\"surname\": \"/b~2\"}}", "'compare' must be" },
		{ "{\"fields\": {}, \"verified\": \"\"}", "'verified' must be" },
		{ "{\"fields\": {}, \"required\": \"surname\"}", "'required' must be" },
		{ "{\"fields\": {}, \"required\": [1]}", "'required' must be" },
		{ "{\"fields\": {}, \"fixed\": []}", "'fixed' must be" },
		{ "{\"fields\": {}, \"lookup\": 1}", "'lookup' must be" },
		{ "{\"fields\": {}, \"verified\": \"id\"}", "'verified' must be" },
	};
	char why[COUNTER_WHY];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(parse(rows[i][0], why));
		if (strstr(why, rows[i][1]) == NULL)
			fail_msg("%s: %s", rows[i][0], why);
	}
}

/* Applies {"fields": {"a": pointer}, "fixed": fixed} to a = "x"; free the text. */
static char *applied(const char *fixed, const char *pointer)
{
	char text[256], why[COUNTER_WHY];
	const char *stuck = NULL;
	json_t *map, *fields = json_pack("{s:s}", "a", "x"), *form;
	char *out;

	snprintf(text, sizeof(text), "{\"fixed\": %s, \"fields\": {\"a\": \"%s\"}}", fixed,
		 pointer);
	map = parse(text, why);
	assert_non_null(map);
	form = counter_map_apply(map, fields, &stuck);
	out = form != NULL ? json_dumps(form, JSON_COMPACT) : NULL;
	assert_true((out == NULL) == (stuck != NULL));
	json_decref(form);
	json_decref(map);
	json_decref(fields);
	return out;
}

static void a_field_goes_where_its_pointer_says(void **state)
{
	static const char *const rows[][3] = {
		{ "{}", "/b/c", "{\"b\":{\"c\":\"x\"}}" },
		{ "{}", "/b/0/c", "{\"b\":[{\"c\":\"x\"}]}" },
		{ "{\"b\":[{\"d\":1}]}", "/b/0/c", "{\"b\":[{\"d\":1,\"c\":\"x\"}]}" },
		{ "{\"b\":[1]}", "/b/1", "{\"b\":[1,\"x\"]}" },
		{ "{\"b\":[]}", "/b/1", NULL }, /* arrays grow by one */
		{ "{\"b\":1}", "/b/c", NULL }, /* a number has no members */
		{ "{\"b\":[1]}", "/b/x", NULL },
		{ "{\"b\":[1]}", "/b/01", NULL },
		{ "{\"b\":[1,{},3,4,5,6,7,8,9,10]}", "/b/10",
		  "{\"b\":[1,{},3,4,5,6,7,8,9,10,\"x\"]}" },
		{ "{\"b\":[1,{}]}", "/b/10/c", NULL }, /* not the second */
		{ "{}", "/b/10", NULL }, /* digits begin an array */
		{ "{}", "/b/1000", "{\"b\":{\"1000\":\"x\"}}" },
		{ "{\"b\":{}}", "/b/10", "{\"b\":{\"10\":\"x\"}}" },
		{ "{}", "/1/a/c/d/e/f/g/h",
		  "{\"1\":{\"a\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":\"x\"}}}}}}}}" },
		{ "{}", "/" SIXTY "123", "{\"" SIXTY "123\":\"x\"}" },
		{ "{}", "/b~01", "{\"b~1\":\"x\"}" },
		{ "{}", "/b~1c~0/d", "{\"b/c~\":{\"d\":\"x\"}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *out = applied(rows[i][0], rows[i][1]);

		if (rows[i][2] == NULL ? out != NULL : out == NULL || strcmp(out, rows[i][2]) != 0)
			fail_msg("%s in %s: %s", rows[i][1], rows[i][0], out != NULL ? out : "-");
		free(out);
	}
}

static void only_what_differs_is_a_difference(void **state)
{
	char why[COUNTER_WHY];
	json_t *map = parse("{\"fields\": {}, \"compare\": {\"a\": \"/a\", \"b\": \"/b/0\", "
			    "\"c\": \"/b/1x\", \"d\": \"/e/10\"}}",
			    why);
	json_t *ours = json_pack("{s:s, s:s, s:s, s:s}", "a", "Same", "b", "Other", "c", "None",
				 "d", "Eleventh");
	json_t *theirs = json_pack("{s:s, s:[s,s], s:[ssssssssssss]}", "a", "SAME", "b", "others",
				   "1", "e", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
				   "eleventh", "11"),
	       *found = NULL;

	(void)state;
	counter_map_compare(map, theirs, ours, &found);
	assert_int_equal(json_object_size(found), 1);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(found, "b"), "theirs")),
		"others");
	json_decref(found);
	json_decref(theirs);
	json_decref(ours);
	json_decref(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_want_of_memory_is_no_fault_of_the_map),
		cmocka_unit_test(what_is_no_map_is_told),
		cmocka_unit_test(a_field_goes_where_its_pointer_says),
		cmocka_unit_test(only_what_differs_is_a_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
