/* scan.h -- secrets looked for in all that a process has in memory. */
#ifndef TESTS_FAILURES_SCAN_H
#define TESTS_FAILURES_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SCAN_NEEDLES 4096u
#define SCAN_NEEDLE 160u /* bytes */
#define SCAN_LEAST 4u

/* What is looked for; kept so that the scan does not find itself. */
struct scan {
	struct scan_needle {
		char name[40];
		uint8_t masked[SCAN_NEEDLE];
		size_t len;
		size_t next; /* number of the next that begins so; 0: none */
	} needles[SCAN_NEEDLES];
	size_t n;
	size_t first[256]; /* number, from 1, of one that begins with this byte; 0: none */
	bool full; /* a needle had no room */
	bool quiet; /* tells nothing of what it finds */
};

/* These bytes, under a name for people. */
void scan_add(struct scan *s, const char *name, const void *bytes, size_t len);
/* A number's bytes in both orders, and in hexadecimal, upper and lower; of a long one, stretches of 64 bytes. */
void scan_add_key(struct scan *s, const char *name, const void *bytes, size_t len);
/* Digits: as they are, as a PIN block of the key application, in hexadecimal. */
void scan_add_text(struct scan *s, const char *name, const char *text);
/* Whether the needle of this number is there. */
bool scan_is(const struct scan *s, size_t needle, const void *bytes);
/* How often one was found in all that that process (0: this one) can read. -1: not readable. */
long scan_process(struct scan *s, pid_t pid);
/* The same of bytes of this process. */
long scan_bytes(struct scan *s, const char *where, const void *bytes, size_t len);
/* The same of a file. */
long scan_file(struct scan *s, const char *path);

#endif
