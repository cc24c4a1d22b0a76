/* copy.c -- files of a card as files of a directory, and defects for laboratories. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/job.h"
#include "wire/secinfo.h"

/* DIRECTORY/NAME.bin; EF.ATR/INFO is EF.ATR-INFO. */
static char *path_of(struct job *job, const char *directory, enum sj_lds_file file)
{
	size_t start = strlen(directory) + 1;
	char *path, *slash;

	if (asprintf(&path, "%s/%s.bin", directory, sj_lds_entry(file)->name) < 0) {
		cli_fail(job->cli, SJ_NO_MEMORY, NULL);
		return NULL;
	}
	slash = strchr(path + start, '/');
	if (slash != NULL)
		*slash = '-';
	return path;
}

int copy_write(struct job *job, const char *directory)
{
	int rc = cli_directory_make(job->cli, directory, 0700);
	struct sj_span content;
	char *path;

	for (unsigned f = SJ_DG1; rc == 0 && f <= SJ_EF_ATR_INFO; f++) {
		content = file_set_get(&job->files, (enum sj_lds_file)f);
		if (content.len == 0)
			continue;
		path = path_of(job, directory, (enum sj_lds_file)f);
		rc = path == NULL ? cli_exit_code(job->cli)
				  : cli_file_write(job->cli, path, content.ptr, content.len, 0600);
		free(path);
	}
	return rc;
}

static int read_one(struct job *job, const char *directory, enum sj_lds_file file)
{
	char *path = path_of(job, directory, file);
	struct card_file *into = &job->files.files[file];
	bool there;
	int rc;

	if (path == NULL)
		return cli_exit_code(job->cli);
	rc = cli_file_there(job->cli, path, &there);
	if (rc == 0 && there)
		rc = cli_file_read(job->cli, path, CARD_FILE_MAX, &into->bytes, &into->len);
	free(path);
	return rc;
}

/* The copyist's card offers what EF.CardAccess offers. */
static bool read_suites(struct sj_span card_access, struct profile *p)
{
	struct sj_pace_suite suite;
	struct sj_pace_info info;
	struct sj_secinfo item;
	struct sj_span items;

	if (!sj_secinfos_parse(card_access, &items))
		return false;
	while (sj_secinfo_next(&items, &item) == SJ_TLV_FOUND) {
		if (item.kind != SJ_SECINFO_PACE || p->suite_count == PROFILE_PACE_MAX)
			continue;
		if (!sj_secinfo_pace(&item, &info) || !info.parameter_id.present ||
		    !sj_pace_suite_read(info.oid, info.parameter_id.value, &suite))
			return false;
		p->suites[p->suite_count++] = suite;
	}
	return true;
}

static int read_profile(struct job *job)
{
	struct sj_span card_access = file_set_get(&job->files, SJ_EF_CARD_ACCESS);
	const char *access = cli_value(job->cli, "access");

	job->profile = (struct profile){ .bac = true, .pace = card_access.len > 0 };
	if (job->profile.pace && access != NULL && strcmp(access, "pace") == 0)
		job->profile.bac = false;
	if (job->profile.pace && !read_suites(card_access, &job->profile))
		return cli_fail(job->cli, SJ_INPUT_MALFORMED, "EF.CardAccess.bin");
	return 0;
}

int copy_read(struct job *job, const char *directory)
{
	struct sj_span zone;
	int rc = 0;

	for (unsigned f = SJ_DG1; rc == 0 && f <= SJ_EF_ATR_INFO; f++)
		rc = read_one(job, directory, (enum sj_lds_file)f);
	if (rc != 0)
		return rc;
	if (!sj_dg1_parse(file_set_get(&job->files, SJ_DG1), &zone) ||
	    sj_mrz_parse((const char *)zone.ptr, zone.len, &job->mrz) != SJ_MRZ_OK)
		return cli_fail(job->cli, SJ_INPUT_MALFORMED, "%s/DG1.bin", directory);
	return read_profile(job);
}

/*
 * Changes the first letter of the surname: no check digit covers it. It is the
 * first of the third line (TD1), or the sixth of the first (TD3).
 */
static bool alter_name(struct job *job)
{
	struct card_file *dg1 = &job->files.files[SJ_DG1];
	struct sj_span zone;
	uint8_t *letter;

	if (!sj_dg1_parse(sj_span(dg1->bytes, dg1->len), &zone))
		return false;
	letter = dg1->bytes + (zone.ptr - dg1->bytes) + (zone.len == SJ_MRZ_SIZE_MAX ? 60 : 5);
	*letter = *letter == 'Z' ? 'A' : (uint8_t)(*letter + 1);
	return true;
}

int copy_spoil(struct job *job)
{
	const uint32_t proofs = 1u << SJ_DG14 | 1u << SJ_DG15;
	bool ok = true;

	if (job->defect == DEFECT_STRIP_COM)
		ok = files_put_com(&job->files, file_set_groups(&job->files) & ~proofs,
				   job->sod_version);
	if (job->defect == DEFECT_ALTER_DG1)
		ok = alter_name(job);
	return ok ? 0 : cli_fail(job->cli, SJ_INTERNAL, "defect");
}
