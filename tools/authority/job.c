#include "authority/job.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "authority/portrait.h"
#include "authority/signatures.h"
#include "crypt/wipe.h"
#include "crypt/x509.h"

#define CAN_DIGITS 6u

static const struct {
	const char *name;
	enum defect defect;
} defects[] = {
	{ "copy", DEFECT_COPY },
	{ "strip-com", DEFECT_STRIP_COM },
	{ "alter-dg1", DEFECT_ALTER_DG1 },
};

/* --- options ------------------------------------------------------------------ */

static int read_defect(struct job *job)
{
	const char *name = cli_value(job->cli, "defect");
	bool copy;

	for (size_t i = 0; name != NULL && i < sizeof(defects) / sizeof(defects[0]); i++) {
		if (strcmp(name, defects[i].name) == 0)
			job->defect = defects[i].defect;
	}
	if (name != NULL && (cli_given(job->cli, "eid") || cli_given(job->cli, "dg3")))
		return cli_usage(job->cli,
				 "--defect with --eid or --dg3: such cards are plain ones");
	copy = job->defect == DEFECT_COPY || job->defect == DEFECT_STRIP_COM;
	if (copy != cli_given(job->cli, "clone-files"))
		return cli_usage(job->cli,
				 "--clone-files DIR goes with --defect copy or strip-com");
	return 0;
}

/* May a file of that name be made? errno says why not. */
static bool folder_is_open(const char *path)
{
	char *copy = strdup(path);
	bool open;

	if (copy == NULL)
		return false;
	open = access(dirname(copy), W_OK | X_OK) == 0;
	free(copy);
	return open;
}

/* Whoever cannot hand over the CAN must not make a card. */
static int check_letter(struct job *job)
{
	const char *path = cli_value(job->cli, "letter-out");
	bool there = false;
	int rc = path != NULL ? cli_file_there(job->cli, path, &there) : 0;

	if (rc != 0)
		return rc;
	if (there)
		return cli_fail(job->cli, SJ_INPUT_REFUSED, "%s: exists already", path);
	if (path != NULL && !folder_is_open(path))
		return cli_fail(job->cli, errno == EACCES ? SJ_FILE_PERMISSION : SJ_OUTPUT_FAILED,
				"%s: %s", path, strerror(errno));
	if (path == NULL && !isatty(STDOUT_FILENO))
		return cli_usage(job->cli, "--letter-out FILE is needed: standard output is no "
					   "terminal");
	return 0;
}

static int read_can(struct job *job)
{
	struct cli_secret can;
	int rc = 0;

	if (!cli_secret_given(job->cli, "can"))
		return keys_random_digits(job->can, CAN_DIGITS)
			       ? 0
			       : cli_fail(job->cli, SJ_CRYPTO_FAILED, "CAN");
	rc = cli_secret_read(job->cli, "can", "CAN", &can);
	if (rc != 0)
		return rc;
	if (can.len != CAN_DIGITS || strspn(can.text, "0123456789") != CAN_DIGITS)
		rc = cli_fail(job->cli, SJ_SECRET_MALFORMED, "a CAN has six digits");
	else
		memcpy(job->can, can.text, CAN_DIGITS + 1);
	cli_secret_wipe(&can);
	return rc;
}

/* --- the authority's side -------------------------------------------------------- */

int job_read_holder(struct cli *cli, struct holder *out)
{
	const char *path = cli_value(cli, "holder");
	struct holder_fault fault;
	uint8_t *text = NULL;
	size_t len;
	int rc;

	if (path == NULL)
		return cli_usage(cli, "--holder FILE is needed");
	rc = cli_file_read(cli, path, HOLDER_FILE_MAX, &text, &len);
	if (rc != 0)
		return rc;
	if (!holder_read((const char *)text, len, out, &fault))
		rc = cli_fail(cli, fault.rc, "%s:%d: %s%s%s", path, fault.line, fault.path,
			      fault.path[0] != '\0' ? " " : "", fault.what);
	sj_wipe(text, len);
	free(text);
	return rc;
}

int job_read_portrait(struct cli *cli, uint8_t **bytes, size_t *len, struct sj_face *face)
{
	const char *path = cli_value(cli, "portrait");
	int rc;

	if (path == NULL)
		return cli_usage(cli, "--portrait FILE is needed");
	/* A kilobyte is left for what DG2 puts around it. */
	*len = 0;
	rc = cli_file_read(cli, path, CARD_FILE_MAX - 1024, bytes, len);
	if (rc == 0 && !sj_portrait_read(sj_span(*bytes, *len), face))
		rc = cli_fail(cli, SJ_INPUT_MALFORMED, "%s: neither JPEG nor JPEG 2000", path);
	else if (rc == 0 && !sj_portrait_is_whole(face))
		rc = cli_fail(cli, SJ_INPUT_MALFORMED,
			      "%s: the image is cut short, or something stands behind its end",
			      path);
	return rc;
}

/* A document must not outlive its signer's certificate: nobody could verify it. */
static int check_expiry(struct job *job)
{
	const time_t last = (time_t)json_integer_value(
		json_object_get(authority_row(&job->authority, job->signer.name), "not_after"));
	char day[16];
	struct tm tm;

	if (gmtime_r(&last, &tm) == NULL || strftime(day, sizeof(day), "%Y-%m-%d", &tm) == 0)
		return cli_fail(job->cli, SJ_INPUT_MALFORMED, "registry.json: not_after");
	if (strcmp(job->holder.fields[HOLDER_EXPIRY_DATE], day) > 0)
		return cli_fail(job->cli, SJ_INPUT_REFUSED,
				"/expiryDate lies after the signer's certificate (%s)", day);
	return 0;
}

/* Fingerprints that nobody could read are not put onto a card. */
static int check_dg3(const struct job *job)
{
	if (job->dg3 == NULL || job->eid.anchor_count > 0)
		return 0;
	return cli_fail(job->cli, SJ_INPUT_REFUSED,
			"--dg3: %s has no cvca for inspection systems, whom the card could show "
			"fingerprints; make it with `authority cvca init --type is`",
			job->authority.directory);
}

static int open_authority(struct job *job)
{
	const char *directory = cli_value(job->cli, "authority");
	int rc;

	if (directory == NULL)
		return cli_usage(job->cli, "--authority DIR is needed");
	rc = authority_open(job->cli, directory, AUTHORITY_READ, &job->authority);
	/* A defective card is no document: nothing is given to it, and no number. */
	if (rc == 0 && job->defect == DEFECT_NONE)
		rc = register_open(&job->authority, &job->reg);
	if (rc == 0)
		rc = authority_signer_get(&job->authority, AUTHORITY_SIGNER, &job->signer);
	if (rc == 0 && job->defect == DEFECT_NONE && !cli_given(job->cli, "no-gate"))
		rc = gate_open(&job->gate, &job->authority);
	if (rc == 0 && job->defect == DEFECT_NONE && !cli_given(job->cli, "no-keys"))
		rc = keys_open(&job->keys, &job->authority);
	if (rc == 0 && job->defect == DEFECT_NONE)
		rc = eid_open(&job->eid, &job->authority, job->profile.eid);
	return rc != 0 ? rc : check_dg3(job);
}

/* What the authority makes of the holder file. */
static int set_holder(struct job *job)
{
	int rc = check_expiry(job);

	if (rc == 0 && !holder_mrz(&job->holder, authority_country(&job->authority), &job->mrz))
		rc = cli_fail(job->cli, SJ_INTERNAL, "zone");
	if (rc == 0 && job->defect == DEFECT_NONE && !cli_given(job->cli, "no-gate"))
		rc = gate_set_holder(&job->gate, &job->authority, &job->holder);
	if (rc == 0 && job->defect == DEFECT_NONE && !cli_given(job->cli, "no-keys"))
		rc = keys_set_holder(&job->keys, &job->authority, &job->holder);
	if (rc == 0 && job->eid.wanted)
		rc = eid_set_holder(&job->eid, &job->authority, &job->holder,
				    sj_span(job->portrait, job->portrait_len));
	return rc;
}

/* The file of --dg3, whole: tag 63 and nothing behind it. */
static int read_dg3(struct job *job)
{
	const char *path = cli_value(job->cli, "dg3");
	struct sj_span content;
	int rc;

	if (path == NULL)
		return 0;
	rc = cli_file_read(job->cli, path, CARD_FILE_MAX, &job->dg3, &job->dg3_len);
	if (rc == 0 &&
	    !sj_lds_open(sj_span(job->dg3, job->dg3_len), sj_lds_entry(SJ_DG3)->tag, &content))
		rc = cli_fail(job->cli, SJ_INPUT_MALFORMED, "%s: not a whole DG3 (tag 63)", path);
	return rc;
}

static int read_sources(struct job *job)
{
	const char *directory = cli_value(job->cli, "clone-files");
	int rc;

	if (directory != NULL)
		return copy_read(job, directory);
	rc = profile_read(job->cli, &job->profile);
	if (rc == 0)
		rc = job_read_holder(job->cli, &job->holder);
	if (rc == 0)
		rc = job_read_portrait(job->cli, &job->portrait, &job->portrait_len, &job->face);
	if (rc == 0)
		rc = read_dg3(job);
	if (rc == 0)
		rc = open_authority(job);
	if (rc == 0 && job->reg != NULL)
		rc = job_check_number(job);
	return rc != 0 ? rc : set_holder(job);
}

static int make_information(struct job *job)
{
	struct sj_writer w = SJ_WRITER_OF(job->information);

	sj_mrz_put_information(&w, &job->mrz);
	job->information_len = w.len;
	return w.failed ? cli_fail(job->cli, SJ_INTERNAL, "MRZ information") : 0;
}

/* What every job begins with. */
static int begin(struct job *job, struct cli *cli)
{
	const char *profile = cli_value(cli, "profile");
	unsigned long version = 0;
	int rc;

	*job = (struct job){ .cli = cli, .authority = { .lock = -1 } };
	job->open = profile != NULL && strcmp(profile, "open") == 0;
	rc = cli_number(cli, "sod-version", 0, 1, &version);
	job->sod_version = (unsigned)version;
	return rc;
}

int job_prepare(struct job *job, struct cli *cli)
{
	int rc = begin(job, cli);

	if (rc == 0)
		rc = read_defect(job);
	if (rc == 0)
		rc = check_letter(job);
	if (rc == 0)
		rc = read_sources(job);
	if (rc == 0)
		rc = make_information(job);
	if (rc == 0 && job->profile.pace)
		rc = read_can(job);
	return rc;
}

int job_open(struct job *job, struct cli *cli)
{
	int rc = begin(job, cli);

	if (rc == 0)
		rc = profile_read(cli, &job->profile);
	return rc != 0 ? rc : open_authority(job);
}

int job_set_person(struct job *job, const uint8_t *json, size_t json_len, uint8_t *portrait,
		   size_t portrait_len)
{
	struct holder_fault fault;
	int rc = 0;

	job->portrait = portrait;
	job->portrait_len = portrait_len;
	if (!holder_read((const char *)json, json_len, &job->holder, &fault))
		rc = cli_fail(job->cli, fault.rc, "%s %s", fault.path, fault.what);
	else if (!sj_portrait_read(sj_span(portrait, portrait_len), &job->face))
		rc = cli_fail(job->cli, SJ_INPUT_MALFORMED, "portrait");
	if (rc == 0)
		rc = set_holder(job);
	if (rc == 0)
		rc = make_information(job);
	if (rc == 0 && job->profile.pace && !keys_random_digits(job->can, CAN_DIGITS))
		rc = cli_fail(job->cli, SJ_CRYPTO_FAILED, "CAN");
	return rc;
}

void job_clear_person(struct job *job)
{
	file_set_free(&job->files);
	holder_free(&job->holder);
	keys_clear_holder(&job->keys);
	eid_clear_holder(&job->eid);
	if (job->portrait != NULL)
		sj_wipe(job->portrait, job->portrait_len);
	free(job->portrait);
	job->portrait = NULL;
	sj_wipe(&job->mrz, sizeof(job->mrz));
	sj_wipe(job->information, sizeof(job->information));
	sj_wipe(job->can, sizeof(job->can));
}

void job_free(struct job *job)
{
	file_set_free(&job->files);
	gate_wipe(&job->gate);
	keys_wipe(&job->keys);
	eid_wipe(&job->eid);
	authority_signer_free(&job->signer);
	register_close(job->reg);
	authority_close(&job->authority);
	holder_free(&job->holder);
	profile_free(&job->profile);
	free(job->portrait);
	if (job->dg3 != NULL)
		sj_wipe(job->dg3, job->dg3_len);
	free(job->dg3);
	sj_wipe(job, sizeof(*job));
}

/* --- what comes out --------------------------------------------------------------- */

/* The files with the card's keys, and the defect. */
static int make_files(struct job *job, const struct card_keys *keys, bool extended_length)
{
	struct files_plan plan = {
		.profile = &job->profile,
		.holder = &job->holder,
		.face = &job->face,
		.keys = keys,
		.extended_length = extended_length,
		.sod_version = job->sod_version,
		.status = gate_document_status(&job->gate),
		.dg3 = sj_span(job->dg3, job->dg3_len),
		.ta1 = job->eid.anchor_count > 0,
		.sector_keys = job->eid.wanted ? job->eid.ca : NULL,
		.gate = job->gate.wanted,
		.piv = job->keys.wanted,
		.signer = { job->signer.key,
			    sj_span(job->signer.certificate.bytes, job->signer.certificate.len),
			    (int64_t)time(NULL) },
	};
	const char *failed;

	if (job->signer.key != NULL) {
		plan.country = authority_country(&job->authority);
		if (!files_build(&job->files, &plan, &failed))
			return cli_fail(job->cli, SJ_INTERNAL, "%s cannot be made", failed);
	}
	return copy_spoil(job);
}

int job_personalise(struct job *job, struct perso *p, struct card_keys *keys)
{
	const struct perso_access access = {
		.profile = &job->profile,
		.can = job->can[0] != '\0' ? job->can : NULL,
		.mrz_information = sj_span(job->information, job->information_len),
		.pin = job->eid.wanted ? job->eid.pin : NULL,
		.puk = job->eid.wanted ? job->eid.puk : NULL,
	};
	const char *files_out = cli_value(job->cli, "files-out");
	int rc = perso_set_access(p, &access);

	if (rc == 0)
		rc = perso_make_keys(p, &job->profile, keys);
	if (rc == 0)
		rc = eid_make_keys(&job->eid, p, &job->profile);
	if (rc == 0)
		rc = eid_personalise_card(&job->eid, p);
	if (rc == 0)
		rc = gate_personalise_card(&job->gate, &job->authority, p);
	if (rc == 0)
		rc = keys_personalise(&job->keys, &job->authority, p);
	if (rc == 0)
		rc = perso_set_profile(p, job->open);
	if (rc == 0)
		rc = make_files(job, keys, p->data_max > 255);
	/* Everything is signed: on record before the card or a file has the last of it. */
	if (rc == 0)
		rc = signatures_flush(&job->authority);
	if (rc == 0 && files_out != NULL)
		rc = copy_write(job, files_out);
	return rc != 0 ? rc : perso_write_files(p, &job->files);
}

static void put_secret(struct sj_writer *letter, const char *what, const char *secret)
{
	if (secret[0] == '\0')
		return;
	sj_put(letter, sj_span((const uint8_t *)what, strlen(what)));
	sj_put(letter, sj_span((const uint8_t *)secret, strlen(secret)));
}

bool job_letter(const struct job *job, char *out, size_t cap, size_t *len)
{
	uint8_t zone[SJ_MRZ_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(zone), letter = sj_writer((uint8_t *)out, cap - 1);
	size_t line = sj_mrz_line_size(job->mrz.format);
	struct sj_span rest, part;

	sj_mrz_put(&w, &job->mrz);
	sj_put(&letter, SJ_SPAN_STR("Document number: "));
	sj_put(&letter, sj_span((const uint8_t *)job->mrz.document_number,
				strlen(job->mrz.document_number)));
	put_secret(&letter, "\nCard access number (CAN): ", job->can);
	put_secret(&letter, "\nPIN of the card: ", job->eid.pin);
	put_secret(&letter, "\nPUK of the card, when its PIN is blocked: ", job->eid.puk);
	put_secret(&letter, "\nPIN of the keys: ", job->keys.pin);
	put_secret(&letter, "\nPUK, for a new PIN: ", job->keys.puk);
	put_secret(&letter, "\nPairing code: ", job->keys.pairing);
	sj_put(&letter, SJ_SPAN_STR("\nMachine readable zone:\n"));
	rest = sj_written(&w);
	while (rest.len > 0 && sj_take(&rest, line, &part)) {
		sj_put(&letter, part);
		sj_put(&letter, SJ_SPAN_STR("\n"));
	}
	out[letter.len] = '\0';
	*len = letter.len;
	return !w.failed && !letter.failed && line != 0;
}
