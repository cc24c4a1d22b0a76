/* bundle_rig.h -- an authority that publishes bundles, and a terminal that takes them in. */
#ifndef TESTS_UNIT_BUNDLE_RIG_H
#define TESTS_UNIT_BUNDLE_RIG_H

#include "tests/unit/status_rig.h"
#include "trust/bundle.h"

#define BUNDLE_FILES 32u

struct bundle_file {
	struct sj_bundle_entry entry;
	struct rig_file file;
	bool withheld; /* by the source */
};

struct bundle_rig {
	struct status_rig
		*authority; /* its gate CA and status signer, and system calls that fail */
	char store[64]; /* the terminal's */
	int64_t now;
	struct sj_ec_secret key; /* of the bundle signer */
	struct rig_file tokens[SJ_BUNDLE_SIGNERS_MAX]; /* as the manifest has them */
	size_t token_count;
	struct bundle_file files[BUNDLE_FILES];
	size_t count;
	uint32_t version, created, expires;
	sj_signed_fn find; /* takes master lists apart; NULL: the library */
	void *find_user;
	struct rig_file manifest; /* of the last bundle_sign() */
	const char *why;
	char why_text[SJ_BUNDLE_WHY];
	char asked
		[256]; /* what the terminal wanted in the last bundle_take(), with a comma after each */
};

/* At this time: keys, a token signed by itself, which the terminal believes. */
int bundle_rig_setup_at(void **state, int64_t now);
int bundle_rig_setup(void **state); /* at RIG_NOW */
int bundle_rig_teardown(void **state);
#define BUNDLE_CASE(name) \
	cmocka_unit_test_setup_teardown(name, bundle_rig_setup, bundle_rig_teardown)

/* A bundle signer's token, of `now` - 100 days to `now` + 100 days. */
struct rig_file bundle_token(int64_t now, const char *issuer, const struct sj_ec_secret *key,
			     const struct sj_ec_secret *by);
/* The next signer: its token joins those of the manifest. */
void bundle_hand_over(struct bundle_rig *r);

/* Adds a file to the bundle; the rig owns it then. */
struct bundle_file *bundle_add(struct bundle_rig *r, enum sj_bundle_kind kind,
			       struct rig_file file);
/* Gate CA and status signer, and the list of an epoch. */
void bundle_add_status(struct bundle_rig *r, uint32_t epoch);
/* The delta to that list from another epoch's. */
struct bundle_file *bundle_add_delta(struct bundle_rig *r, uint32_t from);
/* A CSCA with a key of its own, its successor's link certificate, and its revocation list. */
void bundle_add_country(struct bundle_rig *r);
/* A list in which this one identifier is revoked. */
void bundle_add_pseudonym(struct bundle_rig *r, const uint8_t sector[static 32],
			  const uint8_t identifier[static 32], uint32_t epoch);
void bundle_remove(struct bundle_rig *r, enum sj_bundle_kind kind);
/* A text as a file. */
struct rig_file bundle_text(const char *text);

/* Signs what is there as the next version. */
void bundle_sign(struct bundle_rig *r);
/* Writes the signed bundle into a folder as it is published. */
void bundle_publish(const struct bundle_rig *r, const char *folder);

/* The terminal takes the last manifest in. SJ_OK with nothing asked: it had it. */
enum sj_rc bundle_take(struct bundle_rig *r);
/* Both. */
enum sj_rc bundle_next(struct bundle_rig *r);
/* A line of the shell in the store has to succeed. */
void bundle_shell(const struct bundle_rig *r, const char *line);
/* The version in use; 0: none. */
uint32_t bundle_version(const struct bundle_rig *r);
/* The epoch of the terminal's list; 0: none. */
uint32_t bundle_epoch(const struct bundle_rig *r);

#endif
