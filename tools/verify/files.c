/* files.c -- documents that were read before: one file each in a folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify.h"

#define FILE_MAX (1u << 20)

static const char *const names[] = {
	"EF.COM", "EF.SOD", "EF.CardAccess", "DG1",  "DG2",  "DG3",  "DG4",  "DG5",  "DG6",  "DG7",
	"DG8",    "DG9",    "DG10",          "DG11", "DG12", "DG13", "DG14", "DG15", "DG16",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

struct folder {
	struct sj_file files[NAMES];
	uint8_t *bytes[NAMES];
	size_t n;
};

/* Takes DIRECTORY/NAME.bin, if it is there. */
static int take(struct cli *cli, const char *directory, const char *name, struct folder *folder)
{
	char path[2048];
	size_t len = 0;
	bool there;
	int code, n = snprintf(path, sizeof(path), "%s/%s.bin", directory, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s", directory);
	code = cli_file_there(cli, path, &there);
	if (code != 0 || !there)
		return code;
	code = cli_file_read(cli, path, FILE_MAX, &folder->bytes[folder->n], &len);
	if (code != 0)
		return code;
	folder->files[folder->n] = (struct sj_file){ name, folder->bytes[folder->n], len };
	folder->n++;
	return 0;
}

int verify_files_out(struct cli *cli, const char *directory, const struct sj_report *report)
{
	int code = cli_directory_make(cli, directory, 0700);
	const uint8_t *bytes;
	char path[2048];
	bool there;
	size_t len;

	for (size_t i = 0; i < NAMES && code == 0; i++) {
		int n = snprintf(path, sizeof(path), "%s/%s.bin", directory, names[i]);

		if (n < 0 || (size_t)n >= sizeof(path))
			return cli_fail(cli, SJ_OUTPUT_FAILED, "%s", directory);
		if (sj_report_file(report, names[i], &bytes, &len)) {
			code = cli_file_write(cli, path, bytes, len, 0600);
			continue;
		}
		code = cli_file_there(cli, path, &there);
		if (code == 0 && there)
			cli_warn(cli, "%s was there before: it is not of this document", path);
	}
	return code;
}

static void wipe(struct folder *folder)
{
	for (size_t i = 0; i < folder->n; i++) {
		explicit_bzero(folder->bytes[i], folder->files[i].len);
		free(folder->bytes[i]);
	}
}

int verify_files(struct cli *cli, const char *directory, struct sj_trust *trust,
		 struct sj_report **out)
{
	struct folder folder = { .n = 0 };
	enum sj_rc rc;
	int code = 0;

	for (size_t i = 0; i < NAMES && code == 0; i++)
		code = take(cli, directory, names[i], &folder);
	if (code == 0 && folder.n == 0)
		code = cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: no file of a document", directory);
	if (code == 0) {
		rc = sj_document_verify_files(folder.files, folder.n, trust, NULL, out);
		if (rc != SJ_OK)
			code = cli_fail(cli, rc, "%s", directory);
	}
	wipe(&folder);
	return code;
}
