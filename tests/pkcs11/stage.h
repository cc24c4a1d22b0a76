/* stage.h -- a private pcscd, real cards in its virtual readers, and the module over them. */
#ifndef TESTS_PKCS11_STAGE_H
#define TESTS_PKCS11_STAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "pkcs11/p11.h"
#include "tests/reader/lab.h"

#define STAGE_PIN "123456"
#define STAGE_PUK "12345678"

struct stage {
	struct lab lab;
	pid_t cards[2]; /* 0: none in this reader */
	char admin[80]; /* management key, as the module wants it */
	char can[16];
};

/* Once a program: pcscd and a card as issued (tests/programs/stage.sh) to copy from. */
bool stage_up(struct stage *s);
void stage_down(struct stage *s);

/* A fresh copy of the key card, or a blank one, put into a reader; returns when pcscd sees it. */
void stage_insert(struct stage *s, unsigned reader, const char *interface, bool blank);
/* The one that was there before, as it was left. */
void stage_insert_again(struct stage *s, unsigned reader, const char *interface);
void stage_remove(struct stage *s, unsigned reader);
/* Commands that the module sent to the card in a slot since it opened it. */
unsigned stage_commands(CK_SLOT_ID slot);

/* Writes a file below the stage's folder; its path, good until the next. */
const char *stage_write(struct stage *s, const char *name, const char *text, int mode);

#endif
