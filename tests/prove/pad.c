/*
 * pad.c -- the functions of crypt/pad.c, proved.
 *
 * refused: sj_unpad: padded.ptr[i - 1] => padded.ptr[i]
 */
#define PROVE_PAD
#include "tests/prove/cipher.h"

#include "crypt/pad.c"
