/* code.c -- CANs and pairing codes: asked from the user, remembered if asked to (MEMORY.md). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt/wipe.h"
#include "piv/piv.h"
#include "reader/context.h"
#include "reader/memory.h"
#include "trust/store.h"
#include "wire/hex.h"

#define GUID_DIGITS (2u * SJ_PIV_GUID)
#define FILE_NAME_MAX (GUID_DIGITS + 9u) /* with ".pairing" and NUL */
#define FILE_MAX 32u

static const char *suffix_of(enum sj_piv_secret what)
{
	return what == SJ_PIV_CAN ? ".can" : ".pairing";
}

bool sj_piv_code_well_formed(enum sj_piv_secret what, const char *digits)
{
	return strlen(digits) == (what == SJ_PIV_CAN ? 6u : 8u) &&
	       strspn(digits, "0123456789") == strlen(digits);
}

/* --- asking ----------------------------------------------------------------- */

enum sj_rc sj_piv_ask(struct sj_piv *piv, enum sj_piv_secret what, bool again)
{
	struct sj_piv_question question = { sizeof(question), what, sj_card_reader(piv->card),
					    piv->has_cvc_guid ? piv->cvc_guid : NULL, again };
	struct sj_piv_code *code = &piv->code;
	enum sj_rc wrong = what == SJ_PIV_CAN ? SJ_WRONG_CAN : SJ_WRONG_PAIRING_CODE, rc;

	do {
		int64_t start;

		sj_wipe(code, sizeof(*code));
		if (!piv->options.ask || piv->asked++ == SJ_PIV_ASK_MAX)
			return question.again ? wrong : SJ_SECRET_NEEDED;
		start = sj_clock_ms();
		rc = piv->options.ask(piv->options.user, &question, code->digits,
				      sizeof(code->digits), &code->remember);
		code->digits[sizeof(code->digits) - 1] = '\0';
		sj_session_asked(piv->session, sj_clock_ms() - start);
		if (rc != SJ_OK) {
			sj_wipe(code, sizeof(*code));
			if (rc == SJ_CANCELLED)
				return rc;
			return question.again ? wrong : SJ_SECRET_NEEDED;
		}
		question.again = true;
		wrong = SJ_SECRET_MALFORMED;
	} while (!sj_piv_code_well_formed(what, code->digits));
	return SJ_OK;
}

/* --- the folder ------------------------------------------------------------- */

/* The folder's descriptor; SJ_FILE_PERMISSION: others can get at it. */
static enum sj_rc open_folder(const char *path, int *out)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == EACCES ? SJ_FILE_PERMISSION : SJ_INPUT_UNREADABLE;
	if (fstat(fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		close(fd);
		return SJ_FILE_PERMISSION;
	}
	*out = fd;
	return SJ_OK;
}

static bool open_memory(struct sj_piv *piv, int *out)
{
	enum sj_rc rc;

	if (!piv->options.memory)
		return false;
	rc = open_folder(piv->options.memory, out);
	if (rc == SJ_FILE_PERMISSION)
		sj_context_notice(piv->context, "the folder with remembered codes is not used: it "
						"must be yours alone (mode 0700)");
	return rc == SJ_OK;
}

static void name_of(const uint8_t *guid, enum sj_piv_secret what, char out[static FILE_NAME_MAX])
{
	const char *suffix = suffix_of(what);

	(void)sj_hex_text(sj_span(guid, SJ_PIV_GUID), SJ_HEX_LOWER, out, FILE_NAME_MAX);
	memcpy(out + GUID_DIGITS, suffix, strlen(suffix) + 1);
}

/* GUID and suffix, and nothing else: a file of ours. */
static bool is_code(const char *name, enum sj_piv_secret what)
{
	return strspn(name, "0123456789abcdef") == GUID_DIGITS &&
	       strcmp(name + GUID_DIGITS, suffix_of(what)) == 0;
}

static bool read_code(int dir, const char *name, enum sj_piv_secret what, char *out, size_t cap)
{
	struct sj_trust_file file = { NULL, 0 };
	bool ok = false;

	if (sj_trust_read(dir, name, FILE_MAX, &file) != SJ_OK)
		return false;
	file.len = strcspn((const char *)file.bytes, "\n");
	if (file.len < cap) {
		memcpy(out, file.bytes, file.len);
		out[file.len] = '\0';
		ok = sj_piv_code_well_formed(what, out);
	}
	sj_wipe(file.bytes, file.len);
	sj_trust_file_free(&file);
	return ok;
}

/* The newest CAN's file: of the card opened last. */
static bool newest(int dir, char out[static FILE_NAME_MAX])
{
	struct timespec best = { 0, 0 };
	DIR *entries = sj_trust_entries(dir, ".");
	const struct dirent *e;
	bool found = false;
	struct stat st;

	while (entries && (e = readdir(entries)) != NULL) {
		if (!is_code(e->d_name, SJ_PIV_CAN) ||
		    fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (found &&
		    (st.st_mtim.tv_sec < best.tv_sec ||
		     (st.st_mtim.tv_sec == best.tv_sec && st.st_mtim.tv_nsec <= best.tv_nsec)))
			continue;
		best = st.st_mtim;
		memcpy(out, e->d_name, strlen(e->d_name) + 1);
		found = true;
	}
	if (entries)
		closedir(entries);
	return found;
}

bool sj_piv_recall(struct sj_piv *piv, enum sj_piv_secret what)
{
	struct sj_piv_code *code = &piv->code;
	char name[FILE_NAME_MAX] = "";
	bool ok = false;
	int dir;

	if (!open_memory(piv, &dir))
		return false;
	if (what == SJ_PIV_PAIRING_CODE)
		name_of(piv->cvc_guid, what, name);
	if (name[0] != '\0' || newest(dir, name))
		ok = read_code(dir, name, what, code->digits, sizeof(code->digits));
	close(dir);
	code->remember = ok; /* and is touched when the card takes it */
	if (!ok)
		sj_wipe(code, sizeof(*code));
	return ok;
}

static bool write_code(int dir, const char *name, const char *digits)
{
	char temporary[FILE_NAME_MAX + 8], line[SJ_PIV_CODE_MAX + 1];
	int n = snprintf(line, sizeof(line), "%s\n", digits), fd;
	bool ok;

	snprintf(temporary, sizeof(temporary), ".tmp-%s", name);
	(void)unlinkat(dir, temporary, 0);
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	ok = fd >= 0 && write(fd, line, (size_t)n) == n && fsync(fd) == 0;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && renameat(dir, temporary, dir, name) == 0;
	if (!ok)
		(void)unlinkat(dir, temporary, 0);
	sj_wipe(line, sizeof(line));
	return ok;
}

void sj_piv_keep(struct sj_piv *piv, enum sj_piv_secret what, const uint8_t *guid)
{
	char name[FILE_NAME_MAX], text[512];
	bool ok = false;
	int dir;

	if (!piv->code.remember || !piv->options.memory)
		return;
	if (mkdir(piv->options.memory, 0700) == 0 || errno == EEXIST)
		ok = open_memory(piv, &dir);
	if (ok) {
		name_of(guid, what, name);
		ok = write_code(dir, name, piv->code.digits);
		close(dir);
	}
	if (ok)
		return;
	snprintf(text, sizeof(text),
		 "%.400s: the code is not remembered; look whether there is room and you may write",
		 piv->options.memory);
	sj_context_notice(piv->context, text);
}

void sj_piv_unlearn(struct sj_piv *piv, enum sj_piv_secret what, const uint8_t *guid)
{
	char name[FILE_NAME_MAX];
	int dir;

	if (!open_memory(piv, &dir))
		return;
	name_of(guid, what, name);
	(void)unlinkat(dir, name, 0);
	close(dir);
}

enum sj_rc sj_piv_forget(const char *memory, const uint8_t *guid)
{
	const unsigned mark = sj_memory_mark();
	char prefix[FILE_NAME_MAX] = "";
	const struct dirent *e;
	enum sj_rc rc = SJ_OK;
	DIR *entries;
	int dir;

	if (guid)
		(void)sj_hex_text(sj_span(guid, SJ_PIV_GUID), SJ_HEX_LOWER, prefix, sizeof(prefix));
	dir = open(memory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return sj_memory_rc(mark, SJ_INPUT_UNREADABLE);
	entries = sj_trust_entries(dir, ".");
	while (entries && (errno = 0, e = readdir(entries)) != NULL) {
		if (!is_code(e->d_name, SJ_PIV_CAN) && !is_code(e->d_name, SJ_PIV_PAIRING_CODE))
			continue;
		if (strncmp(e->d_name, prefix, strlen(prefix)) == 0 &&
		    unlinkat(dir, e->d_name, 0) != 0)
			rc = sj_trust_errno(errno);
	}
	/* What was not seen was not forgotten. */
	if (!entries || errno != 0)
		rc = rc == SJ_OK ? SJ_INPUT_UNREADABLE : rc;
	if (entries)
		closedir(entries);
	close(dir);
	return sj_memory_rc(mark, rc);
}
