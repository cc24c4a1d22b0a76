/* terminal.h -- what hostile terminals do, by name; and at random. */
#ifndef TESTS_HOSTILE_TERMINAL_H
#define TESTS_HOSTILE_TERMINAL_H

#include "tests/hostile/stage.h"

struct sequence {
	const char *name; /* of its own among all */
	const char *scene;
	const char *script;
};

/* A page of them. */
struct sequences {
	const struct sequence *rows;
	size_t count;
};
extern const struct sequences terminal_host, terminal_manager, terminal_document, terminal_eid,
	terminal_keys, terminal_gate, terminal_sweeps;

/* At least so many commands, on cards in every state; the number sent. */
unsigned long terminal_random(struct stage *s, unsigned long count);

#endif
