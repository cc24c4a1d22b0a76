/* tlv.c -- the functions of wire/tlv.c, proved. */
#include "tests/prove/tlv.h"

#include "wire/tlv.c"
