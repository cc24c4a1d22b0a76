/* evidence.c -- the journal of a desk: a folder with its keys, and a record at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cli/journal.h"

#define PATH_SIZE 512u

struct cli_journal {
	char dir[PATH_SIZE - 32];
	struct cli_store *store;
	uint8_t key[SJ_JOURNAL_KEY];
	bool has_key;
	uint8_t public_key[SJ_JOURNAL_PUBLIC];
	uint8_t operator_key[SJ_OPERATOR_PUBLIC];
	bool has_operator;
};

struct path {
	char text[PATH_SIZE];
};

static struct path in(const struct cli_journal *j, const char *name)
{
	struct path path;

	snprintf(path.text, sizeof(path.text), "%s/%s", j->dir, name);
	return path;
}

/* Whoever writes to the journal or makes its files waits for the others. -1: errno. */
static int lock(const struct cli_journal *j)
{
	int fd = open(in(j, "lock").text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	while (fd >= 0 && flock(fd, LOCK_EX) != 0) {
		if (errno == EINTR)
			continue;
		close(fd);
		fd = -1;
	}
	return fd;
}

/* --- files ------------------------------------------------------------------------- */

/* A file of exactly so many bytes. */
static int read_exact(struct cli *cli, const char *path, uint8_t *out, size_t size)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc = cli_file_read(cli, path, size, &bytes, &len);

	if (rc != 0)
		return rc;
	if (len == size && bytes != NULL)
		memcpy(out, bytes, size);
	else
		rc = cli_fail(cli, SJ_INPUT_MALFORMED, "%s: not a key of %zu bytes", path, size);
	if (bytes != NULL)
		explicit_bzero(bytes, len);
	free(bytes);
	return rc;
}

/* A journal whose key is lost cannot go on; only where there is none at all is one begun. */
static int make_key(struct cli *cli, struct cli_journal *j)
{
	struct path path = in(j, "journal.key");
	bool key, db = false;
	int code = cli_file_there(cli, path.text, &key);
	enum sj_rc rc;

	if (code == 0 && !key)
		code = cli_file_there(cli, in(j, "journal.db").text, &db);
	if (code != 0 || key)
		return code;
	if (db)
		return cli_fail(cli, SJ_KEY_STORE, "%s is missing", path.text);
	rc = sj_gate_key_new(j->key);
	if (rc != SJ_OK)
		return cli_fail(cli, rc, NULL);
	return cli_file_write(cli, path.text, j->key, sizeof(j->key), 0600);
}

static int read_key(struct cli *cli, struct cli_journal *j)
{
	struct path path = in(j, "journal.pub");
	int rc = read_exact(cli, in(j, "journal.key").text, j->key, sizeof(j->key));
	bool there;

	if (rc != 0)
		return rc;
	j->has_key = true;
	if (sj_journal_public(j->key, j->public_key) != SJ_OK)
		return cli_fail(cli, SJ_KEY_STORE, "%s", in(j, "journal.key").text);
	rc = cli_file_there(cli, path.text, &there);
	if (rc != 0 || there)
		return rc;
	return cli_file_write(cli, path.text, j->public_key, sizeof(j->public_key), 0644);
}

static int read_operator(struct cli *cli, struct cli_journal *j)
{
	struct path path = in(j, "operator.pub");
	bool there;
	int rc = cli_file_there(cli, path.text, &there);

	if (rc != 0 || !there)
		return rc;
	rc = read_exact(cli, path.text, j->operator_key, sizeof(j->operator_key));
	j->has_operator = rc == 0;
	return rc;
}

static int open_store(struct cli *cli, struct cli_journal *j, bool create)
{
	struct path path = in(j, "journal.db");
	char why[128];
	enum sj_rc rc = cli_store_open(path.text, create, &j->store, why);

	return rc != SJ_OK ? cli_fail(cli, rc, "%s: %s", path.text, why) : 0;
}

/* --- opening ---------------------------------------------------------------------------- */

/* NULL: told. */
static struct cli_journal *prepare(struct cli *cli, const char *dir)
{
	struct cli_journal *j = calloc(1, sizeof(*j));

	if (j == NULL) {
		cli_fail(cli, SJ_NO_MEMORY, NULL);
	} else if (strlen(dir) >= sizeof(j->dir)) {
		cli_usage(cli, "%s: the path is too long", dir);
		free(j);
		j = NULL;
	} else {
		memcpy(j->dir, dir, strlen(dir) + 1);
	}
	return j;
}

int cli_journal_open(struct cli *cli, const char *dir, struct cli_journal **out)
{
	struct cli_journal *j = prepare(cli, dir);
	int fd = -1, rc;

	if (j == NULL)
		return cli_exit_code(cli);
	rc = cli_directory_make(cli, dir, 0700);
	if (rc == 0 && (fd = lock(j)) < 0)
		rc = cli_output_failed(cli, in(j, "lock").text);
	if (rc == 0)
		rc = make_key(cli, j);
	if (rc == 0)
		rc = read_key(cli, j);
	if (rc == 0)
		rc = read_operator(cli, j);
	if (rc == 0)
		rc = open_store(cli, j, true);
	if (fd >= 0)
		close(fd);
	if (rc == 0)
		*out = j;
	else
		cli_journal_close(j);
	return rc;
}

int cli_journal_read(struct cli *cli, const char *dir, struct cli_journal **out)
{
	struct cli_journal *j = prepare(cli, dir);
	int rc;

	if (j == NULL)
		return cli_exit_code(cli);
	rc = read_exact(cli, in(j, "journal.pub").text, j->public_key, sizeof(j->public_key));
	if (rc == 0)
		rc = read_operator(cli, j);
	if (rc == 0)
		rc = open_store(cli, j, false);
	if (rc == 0)
		*out = j;
	else
		cli_journal_close(j);
	return rc;
}

void cli_journal_close(struct cli_journal *journal)
{
	if (journal == NULL)
		return;
	cli_store_close(journal->store);
	explicit_bzero(journal, sizeof(*journal));
	free(journal);
}

const struct sj_journal_store *cli_journal_store(const struct cli_journal *journal)
{
	return &journal->store->store;
}

const uint8_t *cli_journal_public(const struct cli_journal *journal)
{
	return journal->public_key;
}

const uint8_t *cli_journal_operator(const struct cli_journal *journal)
{
	return journal->has_operator ? journal->operator_key : NULL;
}

/* --- working ------------------------------------------------------------------------------ */

/* The end is looked up each time: another process may have gone on with it. */
enum sj_rc cli_journal_record(struct cli_journal *journal, struct sj_evidence *evidence,
			      const struct sj_answer *answer, enum sj_rc failure,
			      uint32_t proof_retention, uint64_t *number)
{
	struct sj_evidence_options options = SJ_EVIDENCE_OPTIONS_INIT;
	struct sj_journal *open = NULL;
	bool clean;
	int fd = lock(journal);
	enum sj_rc rc;

	if (fd < 0)
		return errno == EACCES ? SJ_FILE_PERMISSION : SJ_OUTPUT_FAILED;
	options.operator_key = cli_journal_operator(journal);
	options.proof_retention = proof_retention;
	options.failure = failure;
	rc = sj_journal_open(&journal->store->store, journal->key, &open, &clean);
	if (rc == SJ_OK) {
		sj_journal_sign_every(open, 1);
		rc = sj_evidence_add(evidence, open, answer, &options, number);
	}
	sj_journal_close(open);
	close(fd);
	return rc;
}

enum sj_rc cli_journal_erase_due(struct cli_journal *journal, uint64_t *erased)
{
	return sj_journal_erase_due(&journal->store->store, (int64_t)time(NULL), erased);
}
