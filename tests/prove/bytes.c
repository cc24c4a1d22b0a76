/*
 * bytes.c -- the functions of wire/bytes.c, proved.
 *
 * refused: sj_take: n > in->len => n > in->len + 1
 */
#include "tests/prove/spans.h"

#include "wire/bytes.c"
