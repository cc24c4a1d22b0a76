/* status_rig.h -- a trust directory with a gate CA and its status signer, and lists signed by it. */
#ifndef TESTS_UNIT_STATUS_RIG_H
#define TESTS_UNIT_STATUS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "trust/status_build.h"
#include "trust/status_store.h"

#define RIG_ISSUER "UTO"
#define RIG_PARTITION 80u
#define RIG_SIZE 100000u /* indices */
#define RIG_NOW 1790000000u
#define RIG_DAY 86400u

struct status_rig {
	char directory[64];
	struct sj_ec_secret ca, signer;
	/* System calls that fail on demand. */
	struct sj_trust_io io;
	unsigned calls; /* of every kind so far */
	unsigned fail_at; /* 0: never; else the number of the first call that fails */
	bool fail_on; /* later ones fail, too: the power is off */
	bool synced; /* what was written is on the disk */
};

/* New keys, and their tokens into r->directory. */
void rig_found(struct status_rig *r);
int status_rig_setup(void **state);
int status_rig_teardown(void **state);
#define STATUS_CASE(name) \
	cmocka_unit_test_setup_teardown(name, status_rig_setup, status_rig_teardown)

/* A token of a kind for a key, signed by another; returns its size. */
size_t rig_token(enum sj_cwt_signer kind, const char *issuer, const struct sj_ec_secret *key,
		 const struct sj_ec_secret *by, uint8_t out[static SJ_CWT_MAX]);
void rig_new_key(struct sj_ec_secret *out);

/* A file in memory. */
struct rig_file {
	uint8_t *bytes;
	size_t len;
};
void rig_file_free(struct rig_file *file);

/* The list of an epoch: in it index i is revoked if i % 1000 < epoch. */
struct rig_file rig_list(const struct status_rig *r, uint32_t epoch);
/* The delta to it from the epoch before. */
struct rig_file rig_delta(const struct status_rig *r, uint32_t epoch);
/* Its signed head. */
struct rig_file rig_head(const struct status_rig *r, uint32_t epoch);
/* A file with this head, signed by this key. */
struct rig_file rig_seal(enum sj_status_file_kind kind, const struct sj_status_head *head,
			 struct sj_span body, const struct sj_ec_secret *key);
/* A list or delta with another head. */
struct rig_file rig_resign(const struct rig_file *file, const struct sj_status_head *head,
			   const struct sj_ec_secret *key);
/* What a file's head says. */
struct sj_status_head rig_head_of(const struct status_rig *r, const struct rig_file *file);

/* Imports through the rig's system calls, and frees the file. */
enum sj_rc rig_import(struct status_rig *r, struct rig_file file);
/* The epoch that opening gives, checked against what it answers; 0: it does not open. */
uint32_t rig_epoch(const struct status_rig *r);

#endif
