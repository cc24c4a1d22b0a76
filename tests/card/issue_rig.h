/* issue_rig.h -- a folder with an authority and a CAN, in which `sojourn issue` runs. For tests. */
#ifndef TESTS_CARD_ISSUE_RIG_H
#define TESTS_CARD_ISSUE_RIG_H

struct place {
	char directory[40];
	char self[400]; /* this program */
	char *build;
	unsigned cards; /* made so far: the last is card-<cards> */
};

/* Runs a shell command in the place; gives its exit code. What it prints goes to `log`. */
__attribute__((format(printf, 2, 3))) int shell(const struct place *p, const char *format, ...);
/* With `demo`, `tests`, `can` and the authority `ut`. As a fixture of cmocka. */
int open_place(void **state);
int close_place(void **state);

#define GENUINE "--authority ut --holder demo/holder.json --portrait demo/face.jpg "

#endif
