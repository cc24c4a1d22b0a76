#include "authority/batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authority/portrait.h"
#include "crypt/wipe.h"

struct batch_file {
	FILE *in;
	char *folder; /* portraits are seen from there; ends in '/', or is empty */
	unsigned long number; /* of the last line read */
	uint64_t read, size;
	char line[BATCH_LINE_MAX + 2];
	size_t len;
	struct holder holder; /* of the line before */
	char *json;
	size_t portrait_len; /* bytes that were read into it, whole or not */
	uint8_t portrait[BATCH_PORTRAIT_MAX];
};

/* --- the file ------------------------------------------------------------------------- */

/* What stands before the name, with its slash. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : strdup("");
}

struct batch_file *batch_open(const char *path)
{
	const bool standard = strcmp(path, "-") == 0;
	struct batch_file *file = calloc(1, sizeof(*file));
	struct stat st;

	if (file == NULL)
		return NULL;
	file->folder = folder_of(path);
	file->in = standard ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "re");
	if (file->in == NULL || file->folder == NULL) {
		batch_close(file);
		return NULL;
	}
	if (fstat(fileno(file->in), &st) == 0 && S_ISREG(st.st_mode))
		file->size = (uint64_t)st.st_size;
	return file;
}

static void forget_line(struct batch_file *file)
{
	holder_free(&file->holder);
	if (file->json != NULL)
		sj_wipe(file->json, strlen(file->json));
	free(file->json);
	file->json = NULL;
	sj_wipe(file->line, file->len);
	sj_wipe(file->portrait, file->portrait_len);
	file->len = file->portrait_len = 0;
}

void batch_close(struct batch_file *file)
{
	if (file == NULL)
		return;
	forget_line(file);
	if (file->in != NULL)
		fclose(file->in);
	free(file->folder);
	free(file);
}

void batch_place(const struct batch_file *file, uint64_t *read, uint64_t *size)
{
	*read = file->read;
	*size = file->size;
}

/* Reads on to the end of a line that did not fit. */
static void skip_line(struct batch_file *file)
{
	int c = 0;

	while (c != '\n' && c != EOF) {
		c = getc_unlocked(file->in);
		file->read++;
	}
}

/* The next line, without its end. False: there is none, or it could not be read. */
static bool read_line(struct batch_file *file, bool *overlong)
{
	int c = EOF;

	file->len = 0;
	while (file->len <= BATCH_LINE_MAX && (c = getc_unlocked(file->in)) != EOF && c != '\n')
		file->line[file->len++] = (char)c;
	file->number++;
	if (file->number == 1 && file->len >= 3 && memcmp(file->line, "\xef\xbb\xbf", 3) == 0) {
		file->len -= 3; /* a byte order mark */
		memmove(file->line, file->line + 3, file->len);
		sj_wipe(file->line + file->len, 3);
	}
	file->read += file->len + (c == '\n' ? 1 : 0);
	*overlong = file->len > BATCH_LINE_MAX;
	if (*overlong)
		skip_line(file);
	return (file->len > 0 || c == '\n') && !ferror(file->in);
}

static bool is_blank(const struct batch_file *file)
{
	for (size_t i = 0; i < file->len; i++) {
		if (strchr(" \t\r", file->line[i]) == NULL || file->line[i] == '\0')
			return false;
	}
	return true;
}

/* --- the portrait ------------------------------------------------------------------------ */

/* RFC 4648, 4: with padding, and nothing else in between. */
static bool read_base64(const char *text, struct sj_writer *w)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	const size_t len = strlen(text);
	const size_t padding = len < 2 ? 0 : text[len - 2] == '=' ? 2 : text[len - 1] == '=';
	uint32_t four = 0;

	if (len == 0 || len % 4 != 0)
		return false;
	for (size_t i = 0; i < len - padding; i++) {
		const char *digit = strchr(digits, text[i]);

		if (digit == NULL)
			return false;
		four = four << 6 | (uint32_t)(digit - digits);
		if (i % 4 == 3)
			sj_put_be(w, 3, four & 0xFFFFFFu);
	}
	if (padding == 1)
		sj_put_be(w, 2, four >> 2 & 0xFFFFu);
	if (padding == 2)
		sj_put_u8(w, (uint8_t)(four >> 4));
	return !w->failed;
}

/* *len: bytes in `out`, the file's first ones if it is too large for `cap`. */
static bool read_file(const char *path, uint8_t *out, size_t cap, size_t *len, bool *large)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;

	*len = 0;
	while (fd >= 0 && got > 0 && *len < cap) {
		got = read(fd, out + *len, cap - *len);
		if (got > 0)
			*len += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	*large = fd >= 0 && got > 0 && read(fd, &(uint8_t){ 0 }, 1) == 1;
	if (fd >= 0)
		close(fd);
	return fd >= 0 && got >= 0;
}

static bool portrait_file(struct batch_file *file, const char *name, bool *large,
			  struct holder_fault *fault)
{
	char *path = NULL;
	bool ok;

	if (asprintf(&path, "%s%s", name[0] == '/' ? "" : file->folder, name) < 0)
		return holder_refuse(fault, SJ_NO_MEMORY, "/portrait", "no memory");
	ok = read_file(path, file->portrait, sizeof(file->portrait), &file->portrait_len, large) ||
	     holder_refuse(fault, SJ_INPUT_UNREADABLE, "/portrait", "%s", strerror(errno));
	free(path);
	return ok;
}

/* From a file that "portrait" names, or from "portraitData". */
static bool read_portrait(struct batch_file *file, const json_t *root, struct batch_line *out,
			  struct holder_fault *fault)
{
	const json_t *name = json_object_get(root, "portrait"),
		     *data = json_object_get(root, "portraitData");
	const char *where = name != NULL ? "/portrait" : "/portraitData";
	const char *text = json_string_value(name != NULL ? name : data);
	struct sj_writer w = SJ_WRITER_OF(file->portrait);
	struct sj_face face;
	bool large = false, decoded = true;

	if ((name == NULL) == (data == NULL))
		return holder_refuse(fault, SJ_INPUT_MALFORMED, "/portrait", "%s",
				     name == NULL ? "is missing (or portraitData)"
						  : "and portraitData: one of them");
	if (text == NULL || strlen(text) != json_string_length(name != NULL ? name : data))
		return holder_refuse(fault, SJ_INPUT_MALFORMED, where, "must be a string");
	if (name != NULL && !portrait_file(file, text, &large, fault))
		return false;
	if (name == NULL) {
		decoded = read_base64(text, &w);
		file->portrait_len = w.len;
		large = w.failed;
	}
	if (!decoded && !large)
		return holder_refuse(fault, SJ_INPUT_MALFORMED, where, "is not base64");
	if (large)
		return holder_refuse(fault, SJ_INPUT_REFUSED, where, "is larger than %u bytes",
				     BATCH_PORTRAIT_MAX);
	out->portrait = sj_span(file->portrait, file->portrait_len);
	if (!sj_portrait_read(out->portrait, &face))
		return holder_refuse(fault, SJ_INPUT_MALFORMED, where,
				     "is neither JPEG nor JPEG 2000");
	return sj_portrait_is_whole(&face) ||
	       holder_refuse(fault, SJ_INPUT_MALFORMED, where,
			     "is cut short, or something stands behind its end");
}

/* --- a line ------------------------------------------------------------------------------- */

/* The holder file alone, always written the same way. */
static bool read_holder(struct batch_file *file, json_t *root, struct batch_line *out,
			struct holder_fault *fault)
{
	json_object_del(root, "portrait");
	json_object_del(root, "portraitData");
	file->json = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
	if (file->json == NULL)
		return holder_refuse(fault, SJ_NO_MEMORY, "", "no memory");
	out->json = sj_span((const uint8_t *)file->json, strlen(file->json));
	if (out->json.len > HOLDER_FILE_MAX)
		return holder_refuse(fault, SJ_INPUT_REFUSED, "", "is larger than %u bytes",
				     HOLDER_FILE_MAX);
	if (!holder_read(file->json, out->json.len, &file->holder, fault))
		return false;
	out->holder = file->holder;
	return true;
}

static bool read_person(struct batch_file *file, struct batch_line *out, struct holder_fault *fault)
{
	json_t *root = holder_json(file->line, file->len, fault);
	const bool ok = root != NULL && read_portrait(file, root, out, fault) &&
			read_holder(file, root, out, fault);

	json_decref(root);
	return ok;
}

enum batch_rc batch_next(struct batch_file *file, struct batch_line *out,
			 struct holder_fault *fault)
{
	bool overlong = false;

	*fault = (struct holder_fault){ .rc = SJ_OK };
	forget_line(file);
	do {
		if (!read_line(file, &overlong))
			return ferror(file->in) ? BATCH_FAILED : BATCH_END;
	} while (is_blank(file));
	*out = (struct batch_line){ .number = file->number };
	if (overlong)
		(void)holder_refuse(fault, SJ_INPUT_REFUSED, "", "is longer than %u bytes",
				    BATCH_LINE_MAX);
	else if (read_person(file, out, fault))
		return BATCH_GOOD;
	return BATCH_BAD;
}
