#include "tests/failures/folder.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DEEP 16 /* descriptors */

static int drop_inside(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	return at->level == 0 ? 0 : remove(path);
}

void folder_empty(const char *path, bool whole)
{
	if (access(path, F_OK) != 0)
		return;
	assert_int_equal(nftw(path, drop_inside, DEEP, FTW_DEPTH | FTW_PHYS), 0);
	if (whole)
		assert_int_equal(rmdir(path), 0);
}

static void copy_file(const char *from, const char *to)
{
	uint8_t bytes[2048];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	size_t n;

	assert_true(in != NULL && out != NULL);
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

void folder_copy(const char *from, const char *to)
{
	DIR *folder = opendir(from);
	const struct dirent *entry;
	char source[512], target[512];
	struct stat st;

	assert_non_null(folder);
	assert_int_equal(mkdir(to, 0755), 0);
	while ((entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(source, sizeof(source), "%s/%s", from, entry->d_name);
		snprintf(target, sizeof(target), "%s/%s", to, entry->d_name);
		assert_int_equal(stat(source, &st), 0);
		if (S_ISDIR(st.st_mode))
			folder_copy(source, target);
		else
			copy_file(source, target);
	}
	closedir(folder);
}
