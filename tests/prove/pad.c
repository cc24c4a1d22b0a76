/* pad.c -- the functions of crypt/pad.c, proved. */
#define PROVE_PAD
#include "tests/prove/cipher.h"

#include "crypt/pad.c"
