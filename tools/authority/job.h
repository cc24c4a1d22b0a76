/*
 * job.h -- one card to issue: what goes in, what comes out.
 *
 * Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_JOB_H
#define SJ_AUTHORITY_JOB_H

#include "authority/eid.h"
#include "authority/gate.h"
#include "authority/keys.h"
#include "authority/perso.h"
#include "authority/register.h"
#include "authority/registry.h"

/* Defects that a laboratory can ask for. */
enum defect {
	DEFECT_NONE,
	DEFECT_COPY, /* genuine files on a card without their keys */
	DEFECT_STRIP_COM, /* that, and EF.COM does not list DG14 and DG15 */
	DEFECT_ALTER_DG1, /* one letter of the name changed after signing */
};

struct job {
	struct cli *cli;
	enum defect defect;
	unsigned sod_version;
	struct profile profile;
	struct file_set files;
	/* From an authority and a holder file; unused for copies. */
	struct authority authority;
	struct holder_register *reg;
	int64_t document, card; /* of a single card, once it was begun */
	struct authority_signer signer;
	struct holder holder;
	uint8_t *portrait; /* portrait_len bytes */
	size_t portrait_len;
	struct sj_face face;
	uint8_t *dg3; /* dg3_len bytes, or NULL */
	size_t dg3_len;
	struct gate_data gate;
	struct eid_data eid;
	struct key_data keys;
	bool open; /* the profile of the card: host/STATES.md */
	/* What opens the card. */
	struct sj_mrz mrz;
	uint8_t information[SJ_MRZ_INFORMATION_MAX];
	size_t information_len;
	char can[7]; /* "": the card has none */
};

/* Reads and checks everything that the options name; no card is touched. */
CLI_MUST_CHECK int job_prepare(struct job *job, struct cli *cli);
/* For many cards: what is the same for all, without a person. */
CLI_MUST_CHECK int job_open(struct job *job, struct cli *cli);
/*
 * Then a person, and secrets for the card; the portrait (malloc) is taken over. To be ended by
 * job_clear_person(), whatever this returned.
 */
CLI_MUST_CHECK int job_set_person(struct job *job, const uint8_t *json, size_t json_len,
				  uint8_t *portrait, size_t portrait_len);
void job_clear_person(struct job *job);
/* Reads the file of --holder; *out starts zeroed, free it whatever this returned. */
CLI_MUST_CHECK int job_read_holder(struct cli *cli, struct holder *out);
/* The file of --portrait, whole; free *bytes. */
CLI_MUST_CHECK int job_read_portrait(struct cli *cli, uint8_t **bytes, size_t *len,
				     struct sj_face *face);
/* Everything up to the lock, to a card that was begun; also the files for --files-out. */
CLI_MUST_CHECK int job_personalise(struct job *job, struct perso *p, struct card_keys *keys);

/*
 * What the register has to know, in the present change: before anything is signed for the card
 * its indices, which go to the rows of job->gate and job->keys; when all is written, its keys.
 */
CLI_MUST_CHECK int job_draw(struct job *job, int64_t card);
CLI_MUST_CHECK int job_record(struct job *job, const struct card_keys *keys, int64_t card);
/*
 * For a single card, each a change of its own; nothing for copies. Begin: the document is applied
 * for and approved if it was not, the card works, indices are drawn. Finish: its keys, before the
 * lock. End: issued, or scrapped. Settle: a card that was locked and is not in the register yet.
 */
CLI_MUST_CHECK int job_check_number(struct job *job);
CLI_MUST_CHECK int job_begin_card(struct job *job, const uint8_t serial[static REGISTER_SERIAL]);
CLI_MUST_CHECK int job_finish_card(struct job *job, const struct card_keys *keys,
				   uint8_t key_version, unsigned master);
CLI_MUST_CHECK int job_end_card(struct job *job, enum card_state state, const char *reason);
CLI_MUST_CHECK int job_settle_card(struct job *job, const uint8_t serial[static REGISTER_SERIAL]);

/* The letter to the holder, with a NUL; wipe it. False: `cap` is too small. */
SJ_MUST_CHECK bool job_letter(const struct job *job, char *out, size_t cap, size_t *len);
void job_free(struct job *job);

/* Reads the files that copy_write() wrote: a copyist's haul. */
CLI_MUST_CHECK int copy_read(struct job *job, const char *directory);
/* Writes every file as DIRECTORY/NAME.bin, readable by its owner. */
CLI_MUST_CHECK int copy_write(struct job *job, const char *directory);
/* Applies the job's defect to its files. */
CLI_MUST_CHECK int copy_spoil(struct job *job);

#endif
