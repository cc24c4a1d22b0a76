/* wycheproof.h -- one test of Wycheproof asked of our verbs. */
#ifndef TESTS_VECTORS_WYCHEPROOF_H
#define TESTS_VECTORS_WYCHEPROOF_H

#include <jansson.h>
#include <stdbool.h>

enum wycheproof_answer {
	WYCHEPROOF_REFUSED,
	WYCHEPROOF_TAKEN, /* and with the result that the test names */
	WYCHEPROOF_OTHER, /* taken, with another result: never right */
	WYCHEPROOF_NOT_OURS, /* no verb of ours has such sizes */
};

/* By the group's "type"; NULL: unknown. The group has the file's "algorithm" too. */
typedef enum wycheproof_answer (*wycheproof_ask)(json_t *group, json_t *test);
wycheproof_ask wycheproof_asks(const char *type);

#endif
