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

/*
 * The service as systemd keeps it: the socket stays, and who connects to it has pcscd started, again
 * and again. On a thread of its own.
 */
struct lab_keeper {
	const struct lab *lab;
	int fd; /* the socket */
	const char *
		auto_exit; /* NULL: never; else pcscd ends a minute after its last client, with this preloaded */
	atomic_int pcscd; /* 0: not running */
	atomic_uint starts;
	atomic_bool stop;
	pthread_t thread;
};
/* With the readers; instead of lab_up(). */
bool lab_keep(struct lab *lab, struct lab_keeper *keeper, const char *auto_exit);
/* Ends pcscd, which must run (`how`: SIGTERM, SIGKILL), and waits for that. */
void lab_keeper_kill(struct lab_keeper *keeper, int how);
void lab_keeper_end(struct lab_keeper *keeper);

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
