/* lab.h -- a private pcscd with virtual readers, and cards for them, in a test. */
#ifndef TESTS_READER_LAB_H
#define TESTS_READER_LAB_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct lab {
	char dir[64];
	char socket[96]; /* exported as PCSCLITE_CSOCK_NAME */
	pid_t pcscd; /* 0: not running */
	uint16_t port; /* slot 0; slot 1 is one more */
};

/* Makes the folder and names the socket; the service does not run yet. False: no room. */
bool lab_init(struct lab *lab);
/* The service's socket, listening; -1: not possible. For services that are not pcscd. */
int lab_bind(const struct lab *lab);
/* Starts the service, with the two slots of the virtual reader or with none. */
bool lab_up(struct lab *lab, bool with_readers);
/* Ends it (`how`: SIGTERM, SIGKILL) and waits. */
void lab_down(struct lab *lab, int how);
void lab_free(struct lab *lab);

/* A card on a thread of its own: answers 9000, or data, to every command. */
struct lab_card {
	pthread_t thread;
	uint16_t port;
	int connection;
	atomic_bool stop;
	atomic_uint commands;
	atomic_uint delay_ms; /* before each answer */
	bool mute; /* gives noise for an ATR */
};
/* Puts a card into the slot. The reader sees it within about half a second. */
bool lab_insert(const struct lab *lab, struct lab_card *card, unsigned slot);
void lab_remove(struct lab_card *card);

#endif
