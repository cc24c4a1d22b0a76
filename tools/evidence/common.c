/* common.c -- the journal, the record and the key that a verb is about. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/tool.h"

#define KEY_FILE_MAX 4096u

int evidence_open(struct cli *cli, struct cli_journal **out)
{
	const char *dir = cli_setting(cli, "journal");

	if (dir == NULL)
		return cli_usage(cli, "--journal DIR is due: none is configured");
	return cli_journal_read(cli, dir, out);
}

int evidence_number(struct cli *cli, uint64_t *out)
{
	const char *text = cli_argument(cli, 0);
	char *end = NULL;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || *out == 0)
		return cli_usage(cli, "%s: must be the number of a record", text);
	return 0;
}

int evidence_record(struct cli *cli, const struct cli_journal *journal, uint64_t number,
		    struct sj_journal_record *out)
{
	enum sj_rc rc = sj_journal_read(cli_journal_store(journal), number - 1, out);

	if (rc != SJ_OK)
		return cli_fail(cli, rc, "record %llu", (unsigned long long)number);
	if (out->number != number)
		return cli_fail(cli, SJ_INPUT_REFUSED, "record %llu: there is none",
				(unsigned long long)number);
	return 0;
}

static int open_key(struct cli *cli, const char *path, const uint8_t *file, size_t len,
		    uint8_t key[static SJ_OPERATOR_KEY])
{
	struct cli_secret secret;
	enum sj_rc rc = sj_operator_key_read(file, len, NULL, 0, key);
	int code = 0;

	if (rc == SJ_SECRET_NEEDED) {
		code = cli_secret_read(cli, "passphrase", "Passphrase of the operator's key",
				       &secret);
		if (code != 0)
			return code;
		rc = sj_operator_key_read(file, len, secret.text, secret.len, key);
		cli_secret_wipe(&secret);
	}
	if (rc == SJ_KEY_STORE)
		return cli_fail(cli, rc, "%s: the passphrase is another", path);
	return rc != SJ_OK ? cli_fail(cli, rc, "%s: not an operator's key", path) : 0;
}

int evidence_operator(struct cli *cli, uint8_t key[static SJ_OPERATOR_KEY], bool *given)
{
	const char *path = cli_value(cli, "operator-key");
	uint8_t *file = NULL;
	size_t len = 0;
	int rc;

	*given = path != NULL;
	if (path == NULL)
		return 0;
	rc = cli_file_read(cli, path, KEY_FILE_MAX, &file, &len);
	if (rc == 0) {
		rc = open_key(cli, path, file, len, key);
		explicit_bzero(file, len);
	}
	free(file);
	return rc;
}

struct cli_time evidence_time(int64_t when)
{
	struct cli_time out = cli_time_text(when);

	if (out.text[0] == '\0')
		strcpy(out.text, "?");
	return out;
}
