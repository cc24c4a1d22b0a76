/*
 * store_io.h -- the store's system calls as a table, so that a test can make
 * each of them fail, cut it short, or stop in the middle.
 */
#ifndef CARD_HOST_STORE_IO_H
#define CARD_HOST_STORE_IO_H

#include <sys/types.h>

#include "host/store.h"

/* As the system calls of these names: -1 and errno on failure. */
struct card_store_io {
	ssize_t (*pwrite)(void *self, int fd, const void *bytes, size_t n, off_t at);
	int (*fdatasync)(void *self, int fd);
	int (*ftruncate)(void *self, int fd, off_t length);
	int (*rename)(void *self, const char *from, const char *to);
};

SJ_MUST_CHECK enum card_store_rc card_store_create_with(const char *path,
							const struct card_store_io *io, void *self,
							struct card_store **out);
SJ_MUST_CHECK enum card_store_rc card_store_keep_with(struct card_store *s, const char *path,
						      const struct card_store_io *io, void *self);
SJ_MUST_CHECK enum card_store_rc card_store_open_with(const char *path,
						      const struct card_store_io *io, void *self,
						      struct card_store **out);
/* A store in memory with the content of a file's bytes: what opening does, without the file. */
SJ_MUST_CHECK enum card_store_rc card_store_parse(struct sj_span image, struct card_store **out);

#endif
