/* bytes.c -- the functions of wire/bytes.c, proved. */
#include "tests/prove/spans.h"

#include "wire/bytes.c"
