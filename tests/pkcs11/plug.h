/*
 * plug.h -- one reader with one card for the module, without pcscd: the calls of
 * sojourn/reader.h that it makes are wrapped (tests.mk, plug_wrap), everything above is real.
 */
#ifndef TESTS_PKCS11_PLUG_H
#define TESTS_PKCS11_PLUG_H

#include "reader/transport.h"

struct plug {
	struct sj_transport *card; /* NULL: the reader is empty; its close() must not free it */
	uint32_t events;
};

extern struct plug plug;

#endif
