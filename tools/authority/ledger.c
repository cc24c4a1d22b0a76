#include "authority/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "authority/token.h"
#include "trust/status_build.h"
#include "wire/hex.h"

#define ISSUED "issued.txt"
#define LINE_MAX_CHARS 160

static const char *const suffixes[] = { "used", "revoked" };

bool ledger_partition(uint32_t expires, uint16_t *out)
{
	const time_t when = (time_t)expires;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || tm.tm_year < 120)
		return false;
	*out = (uint16_t)((tm.tm_year - 120) * 12 + tm.tm_mon);
	return true;
}

uint32_t ledger_indices(const struct authority *a)
{
	const json_int_t n =
		json_integer_value(json_object_get(json_object_get(a->state, "status"), "indices"));

	return n > 0 && n <= (json_int_t)TOKEN_INDICES_MAX ? (uint32_t)n : (uint32_t)TOKEN_INDICES;
}

/* --- bits ------------------------------------------------------------------ */

/* DIR/status/PPPP.<which>, to be freed; NULL: no memory, told. */
static char *bits_path(const struct authority *a, uint16_t partition, enum ledger_bits which)
{
	char *path;

	if (asprintf(&path, "%s/status/%04x.%s", a->directory, partition, suffixes[which]) < 0) {
		cli_fail(a->cli, SJ_NO_MEMORY, NULL);
		return NULL;
	}
	return path;
}

/* Reads at most `size` bytes into as many, zeros behind them. */
static int read_bits(const struct authority *a, const char *path, size_t size, uint8_t **out)
{
	uint8_t *bytes = NULL, *all;
	size_t len;
	int rc = cli_file_read(a->cli, path, size, &bytes, &len);

	if (rc != 0)
		return rc;
	all = calloc(1, size);
	if (all == NULL)
		rc = cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	else
		memcpy(all, bytes, len);
	free(bytes);
	*out = all;
	return rc;
}

int ledger_bits_read(const struct authority *a, uint16_t partition, enum ledger_bits which,
		     uint8_t **out)
{
	char *path = bits_path(a, partition, which);
	int rc = 0;

	*out = NULL;
	if (path == NULL)
		return cli_exit_code(a->cli);
	if (access(path, F_OK) == 0)
		rc = read_bits(a, path, (ledger_indices(a) + 7) / 8, out);
	free(path);
	return rc;
}

/* Opens the bits of a partition for change; -1: told. */
static int bits_open(const struct authority *a, uint16_t partition, enum ledger_bits which)
{
	char *path = bits_path(a, partition, which);
	int fd;

	if (path == NULL)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		cli_fail(a->cli, SJ_OUTPUT_FAILED, "%s: %s", path, strerror(errno));
	free(path);
	return fd;
}

/* Whether bit i of an open file is set; what lies behind the file's end is not. */
static bool bit_is_set(void *fd, uint32_t i)
{
	uint8_t byte = 0;

	return pread(*(int *)fd, &byte, 1, i / 8) == 1 && sj_status_bit(&byte, i % 8);
}

static bool bit_set(int fd, uint32_t i)
{
	uint8_t byte = 0;

	if (pread(fd, &byte, 1, i / 8) < 0)
		return false;
	byte |= (uint8_t)(1u << i % 8);
	return pwrite(fd, &byte, 1, i / 8) == 1;
}

/* --- the record --------------------------------------------------------------- */

/* Opens DIR/<file> for appending and waits for its lock; -1: told. */
static int open_locked(const struct authority *a, const char *file)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s/%s", a->directory, file) < 0) {
		cli_fail(a->cli, SJ_NO_MEMORY, NULL);
		return -1;
	}
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) != 0) {
		cli_fail(a->cli, SJ_OUTPUT_FAILED, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

/* Opens DIR/issued.txt; its lock covers the bits, too; -1: told. */
static int record_open(const struct authority *a)
{
	char *path = NULL;
	int rc;

	if (asprintf(&path, "%s/status", a->directory) < 0) {
		cli_fail(a->cli, SJ_NO_MEMORY, NULL);
		return -1;
	}
	rc = cli_directory_make(a->cli, path, 0700);
	free(path);
	return rc == 0 ? open_locked(a, ISSUED) : -1;
}

/* After what a power cut left unfinished a line end comes first. */
static bool append(int fd, const char *lines, size_t len)
{
	const off_t end = lseek(fd, 0, SEEK_END);
	char last = '\n';

	if (end < 0 || (end > 0 && pread(fd, &last, 1, end - 1) != 1))
		return false;
	return (last == '\n' || write(fd, "\n", 1) == 1) && write(fd, lines, len) == (ssize_t)len &&
	       fdatasync(fd) == 0;
}

int ledger_append(const struct authority *a, const char *file, const char *lines, size_t len)
{
	int fd = open_locked(a, file), rc = 0;

	if (fd < 0)
		return cli_exit_code(a->cli);
	if (!append(fd, lines, len))
		rc = cli_fail(a->cli, SJ_OUTPUT_FAILED, "%s/%s: %s", a->directory, file,
			      strerror(errno));
	close(fd);
	return rc;
}

/* number sector slot partition index expires key */
static bool record_add(int fd, const struct ledger_row *rows, size_t n)
{
	const size_t cap = n * LINE_MAX_CHARS + 2;
	char *text = malloc(cap), key[2 * SJ_CWT_KEY + 1];
	size_t len = 0;
	bool ok;

	if (text == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct ledger_row *r = &rows[i];

		sj_hex_text(SJ_SPAN_OF(r->key_x), SJ_HEX_LOWER, key, sizeof(key));
		len += (size_t)snprintf(text + len, cap - len, "%s %u %u %04x %08x %u %s\n",
					r->document, r->sector, r->slot, r->status.partition,
					r->status.index, r->expires, key);
	}
	ok = append(fd, text, len);
	free(text);
	return ok;
}

/* False: a line that a power cut left, or not of this document. */
static bool parse_line(const char *line, const char *document, struct ledger_row *out)
{
	unsigned sector, slot, partition;
	struct sj_writer w = SJ_WRITER_OF(out->key_x);
	char key[2 * SJ_CWT_KEY + 1], end;

	/* NOLINTNEXTLINE(cert-err34-c): what does not fit its place was not written here */
	if (sscanf(line, "%22s %u %u %4x %8" SCNx32 " %" SCNu32 " %64s%c", out->document, &sector,
		   &slot, &partition, &out->status.index, &out->expires, key, &end) != 8 ||
	    end != '\n' || (document != NULL && strcmp(out->document, document) != 0) ||
	    !sj_hex_read(key, strlen(key), &w) || w.len != SJ_CWT_KEY)
		return false;
	out->sector = (uint8_t)sector;
	out->slot = (uint8_t)slot;
	out->status.partition = (uint16_t)partition;
	return true;
}

int ledger_find(const struct authority *a, const char *document,
		int (*row)(void *user, const struct ledger_row *row), void *user)
{
	struct ledger_row found;
	char *path, *line = NULL;
	size_t cap = 0;
	FILE *f;
	int rc = 0;

	if (asprintf(&path, "%s/" ISSUED, a->directory) < 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	f = fopen(path, "re");
	if (f == NULL && errno != ENOENT)
		rc = cli_fail(a->cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(errno));
	while (rc == 0 && f != NULL && getline(&line, &cap, f) > 0) {
		if (parse_line(line, document, &found))
			rc = row(user, &found);
	}
	if (f != NULL)
		fclose(f);
	free(line);
	free(path);
	return rc;
}

/* --- issuing and revoking -------------------------------------------------------- */

/* Draws and marks; the record is locked. */
static int draw(const struct authority *a, int used, struct ledger_row *rows, size_t n)
{
	const struct sj_random rnd = sj_random_system();

	for (size_t i = 0; i < n; i++) {
		if (!sj_status_draw(&rnd, ledger_indices(a), bit_is_set, &used,
				    &rows[i].status.index))
			return cli_fail(a->cli, SJ_INPUT_REFUSED,
					"partition %04x of the status list is full; enlarge with "
					"`authority status build --indices`",
					rows[i].status.partition);
		if (!bit_set(used, rows[i].status.index))
			return cli_fail(a->cli, SJ_OUTPUT_FAILED, "status/%04x.used: %s",
					rows[i].status.partition, strerror(errno));
	}
	if (fdatasync(used) != 0)
		return cli_fail(a->cli, SJ_OUTPUT_FAILED, "status/%04x.used: %s",
				rows[0].status.partition, strerror(errno));
	return 0;
}

int ledger_issue(const struct authority *a, struct ledger_row *rows, size_t n)
{
	int record = record_open(a), used, rc;

	if (record < 0)
		return cli_exit_code(a->cli);
	used = bits_open(a, rows[0].status.partition, LEDGER_USED);
	rc = used < 0 ? cli_exit_code(a->cli) : draw(a, used, rows, n);
	if (rc == 0 && !record_add(record, rows, n))
		rc = cli_fail(a->cli, SJ_OUTPUT_FAILED, "%s/" ISSUED ": %s", a->directory,
			      strerror(errno));
	if (used >= 0)
		close(used);
	close(record);
	return rc;
}

struct revoking {
	const struct authority *a;
	size_t marked;
	int fd; /* bits of this partition; -1: none yet */
	uint16_t partition;
};

/* Ends with the partition at hand. */
static int revoke_end(struct revoking *r)
{
	bool ok = r->fd < 0 || fdatasync(r->fd) == 0;

	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	return ok ? 0
		  : cli_fail(r->a->cli, SJ_OUTPUT_FAILED, "status/%04x.revoked: %s", r->partition,
			     strerror(errno));
}

static int revoke_row(void *user, const struct ledger_row *row)
{
	struct revoking *r = user;
	int rc = 0;

	if (r->fd >= 0 && r->partition != row->status.partition)
		rc = revoke_end(r);
	if (rc == 0 && r->fd < 0) {
		r->partition = row->status.partition;
		r->fd = bits_open(r->a, r->partition, LEDGER_REVOKED);
		rc = r->fd < 0 ? cli_exit_code(r->a->cli) : 0;
	}
	if (rc == 0 && !bit_set(r->fd, row->status.index))
		rc = cli_fail(r->a->cli, SJ_OUTPUT_FAILED, "status/%04x.revoked: %s", r->partition,
			      strerror(errno));
	r->marked++;
	return rc;
}

int ledger_revoke(const struct authority *a, const char *document, size_t *marked)
{
	struct revoking r = { .a = a, .fd = -1 };
	int record = record_open(a), rc, end;

	if (record < 0)
		return cli_exit_code(a->cli);
	rc = ledger_find(a, document, revoke_row, &r);
	end = revoke_end(&r);
	if (rc == 0)
		rc = end;
	close(record);
	*marked = r.marked;
	if (rc == 0 && r.marked == 0)
		rc = cli_fail(a->cli, SJ_INPUT_REFUSED, "%s: nothing was issued to this number",
			      document);
	return rc;
}
