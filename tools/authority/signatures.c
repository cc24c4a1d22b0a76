#include "authority/signatures.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "authority/keystore.h"
#include "cli/frame.h"
#include "crypt/hash.h"
#include "crypt/wipe.h"
#include "wire/hex.h"

#define LOG "signatures.log"
#define PURPOSE_MAX 24u
#define DIGESTS_MAX 256u /* of a line; more make another one */
#define CHAIN_HEX (2u * SIGNATURES_CHAIN)
#define LINE_MAX_BYTES (512u + 2u * SJ_HASH_MAX * DIGESTS_MAX)

/* One key for one purpose, in the order of their first use. */
struct row {
	char key[AUTHORITY_NAME_MAX], purpose[PURPOSE_MAX];
	uint8_t *digests;
	size_t len, size; /* bytes of all, of one */
};

struct signatures {
	char purpose[PURPOSE_MAX]; /* "": by the key's role */
	struct row *rows;
	size_t n;
};

struct signatures *signatures_new(void)
{
	return calloc(1, sizeof(struct signatures));
}

static void clear(struct signatures *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->rows[i].digests);
	free(s->rows);
	s->rows = NULL;
	s->n = 0;
}

void signatures_free(struct signatures *s)
{
	if (s == NULL)
		return;
	clear(s);
	free(s);
}

/* --- what was signed -------------------------------------------------------------------------- */

/* By the beginning of a key's name: what it mostly signs. */
static const char *usual(const char *key)
{
	static const char *const table[][2] = {
		{ "csca-", "certificate" },   { "key-ca-", "certificate" },
		{ "signer-", "SOD" },         { "list-signer-", "master-list" },
		{ "gate-ca-", "credential" }, { "content-signer-", "card-object" },
		{ "status-", "status-head" }, { "bundle-", "bundle" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strncmp(key, table[i][0], strlen(table[i][0])) == 0)
			return table[i][1];
	return "certificate";
}

/* The row of this key and purpose that has room; NULL: no memory. */
static struct row *row_for(struct signatures *s, const char *key, const char *purpose, size_t size)
{
	struct row *rows;

	for (size_t i = 0; i < s->n; i++) {
		struct row *r = &s->rows[i];

		if (strcmp(r->key, key) == 0 && strcmp(r->purpose, purpose) == 0 &&
		    r->size == size && r->len < DIGESTS_MAX * size)
			return r;
	}
	rows = realloc(s->rows, (s->n + 1) * sizeof(*rows));
	if (rows == NULL)
		return NULL;
	s->rows = rows;
	rows[s->n] = (struct row){ .size = size };
	snprintf(rows[s->n].key, sizeof(rows->key), "%s", key);
	snprintf(rows[s->n].purpose, sizeof(rows->purpose), "%s", purpose);
	return &rows[s->n++];
}

bool signatures_add(struct signatures *s, const char *key, struct sj_span digest)
{
	struct row *r =
		row_for(s, key, s->purpose[0] != '\0' ? s->purpose : usual(key), digest.len);
	uint8_t *digests = r != NULL ? realloc(r->digests, r->len + digest.len) : NULL;

	if (digests == NULL)
		return false;
	memcpy(digests + r->len, digest.ptr, digest.len);
	r->digests = digests;
	r->len += digest.len;
	return true;
}

void signatures_for(const struct authority *a, const char *purpose)
{
	struct signatures *s = keystore_signatures(a->keys);

	if (s != NULL)
		snprintf(s->purpose, sizeof(s->purpose), "%s", purpose != NULL ? purpose : "");
}

/* --- writing ------------------------------------------------------------------------------------ */

/* The chain's next link: SHA-256(last link || the line up to it). */
static bool link_of(const uint8_t last[static SIGNATURES_CHAIN], struct sj_span line,
		    uint8_t out[static SIGNATURES_CHAIN])
{
	const struct sj_span parts[] = { sj_span(last, SIGNATURES_CHAIN), line };
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, parts, 2, hash))
		return false;
	memcpy(out, hash, SIGNATURES_CHAIN);
	return true;
}

/*
 * The last link of an open file; zeros: it is empty. A line that a power cut left unfinished
 * goes: what it is about never left either.
 */
static bool last_link(int fd, uint8_t chain[static SIGNATURES_CHAIN])
{
	struct sj_writer w = sj_writer(chain, SIGNATURES_CHAIN);
	off_t end = lseek(fd, 0, SEEK_END);
	char text[CHAIN_HEX + 1];
	off_t kept = end;

	while (kept > 0 && pread(fd, text, 1, kept - 1) == 1 && text[0] != '\n')
		kept--;
	memset(chain, 0, SIGNATURES_CHAIN);
	if (end < 0 || (kept < end && ftruncate(fd, kept) != 0))
		return false;
	if (kept == 0)
		return true;
	return kept > (off_t)sizeof(text) &&
	       pread(fd, text, sizeof(text), kept - (off_t)sizeof(text)) == (ssize_t)sizeof(text) &&
	       sj_hex_read(text, CHAIN_HEX, &w) && w.len == SIGNATURES_CHAIN;
}

/* Appends a line and moves the chain. */
static bool write_row(int fd, const struct row *r, uint8_t chain[static SIGNATURES_CHAIN])
{
	char *line = malloc(LINE_MAX_BYTES);
	size_t n;
	bool ok;

	if (line == NULL)
		return false;
	n = (size_t)snprintf(line, LINE_MAX_BYTES, "%lld %s %s %zu ", (long long)time(NULL), r->key,
			     r->purpose, r->len / r->size);
	ok = sj_hex_text(sj_span(r->digests, r->len), SJ_HEX_LOWER, line + n, LINE_MAX_BYTES - n);
	if (ok) {
		n += 2 * r->len;
		line[n++] = ' ';
		ok = link_of(chain, sj_span((const uint8_t *)line, n), chain) &&
		     sj_hex_text(sj_span(chain, SIGNATURES_CHAIN), SJ_HEX_LOWER, line + n,
				 LINE_MAX_BYTES - n);
		n += CHAIN_HEX;
		line[n++] = '\n';
	}
	ok = ok && cli_write_all(fd, line, n);
	free(line);
	return ok;
}

/* All of them or none: who is told that it failed may come again with the same. */
static bool append(int fd, const struct signatures *s)
{
	uint8_t chain[SIGNATURES_CHAIN];
	const bool linked = last_link(fd, chain);
	const off_t end = lseek(fd, 0, SEEK_END);
	bool ok = linked && end >= 0;

	for (size_t i = 0; ok && i < s->n; i++)
		ok = write_row(fd, &s->rows[i], chain);
	ok = ok && fdatasync(fd) == 0;
	/* Taken back on the disk, too: after a power cut it would stand there twice. */
	if (!ok && end >= 0 && (ftruncate(fd, end) != 0 || fdatasync(fd) != 0))
		errno = EIO;
	return ok;
}

int signatures_flush(const struct authority *a)
{
	struct signatures *s = keystore_signatures(a->keys);
	char *path = NULL;
	int fd, rc = 0;

	if (s == NULL || s->n == 0)
		return 0;
	if (asprintf(&path, "%s/" LOG, a->directory) < 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) != 0 || !append(fd, s))
		rc = cli_fail(a->cli, errno == EACCES ? SJ_FILE_PERMISSION : SJ_OUTPUT_FAILED,
			      "%s: what was signed cannot be recorded, so nothing is handed out",
			      path);
	else
		clear(s);
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

/* --- reading -------------------------------------------------------------------------------------- */

/* A whole line, without its newline; its texts are cut in place. */
static bool read_line(char *line, size_t len, uint8_t chain[static SIGNATURES_CHAIN],
		      struct signature_row *row)
{
	uint8_t stands[SIGNATURES_CHAIN];
	struct sj_writer w = SJ_WRITER_OF(stands);
	char *part[5], *rest = line;

	if (len <= CHAIN_HEX + 1 || line[len - CHAIN_HEX - 1] != ' ' ||
	    !sj_hex_read(line + len - CHAIN_HEX, CHAIN_HEX, &w) ||
	    !link_of(chain, sj_span((const uint8_t *)line, len - CHAIN_HEX), chain) ||
	    !sj_equal_secret(SJ_SPAN_OF(stands), sj_span(chain, SIGNATURES_CHAIN)))
		return false;
	for (size_t i = 0; i < 5; i++) {
		part[i] = strsep(&rest, " ");
		if (part[i] == NULL)
			return false;
	}
	*row = (struct signature_row){ strtoll(part[0], NULL, 10), part[1], part[2],
				       strtoul(part[3], NULL, 10) };
	return true;
}

int signatures_check(const struct authority *a,
		     void (*found)(void *user, const struct signature_row *row), void *user,
		     size_t *records, uint8_t chain[static SIGNATURES_CHAIN])
{
	char *path = NULL, *line = NULL;
	struct signature_row row;
	size_t cap = 0;
	ssize_t len;
	FILE *in;
	int rc = 0;

	*records = 0;
	memset(chain, 0, SIGNATURES_CHAIN);
	if (asprintf(&path, "%s/" LOG, a->directory) < 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	in = fopen(path, "re");
	if (in == NULL && errno != ENOENT)
		rc = cli_fail(a->cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(errno));
	while (rc == 0 && in != NULL && (len = getline(&line, &cap, in)) > 0) {
		if (line[len - 1] != '\n')
			break; /* unfinished: see last_link() */
		line[len - 1] = '\0';
		if (read_line(line, (size_t)len - 1, chain, &row))
			found(user, &row);
		else
			rc = cli_fail(a->cli, SJ_INPUT_REFUSED,
				      "%s:%zu: the chain of hashes does not hold here", path,
				      *records + 1);
		*records += rc == 0;
	}
	if (rc == 0 && in != NULL && !feof(in))
		rc = cli_fail(a->cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(errno));
	if (in != NULL)
		fclose(in);
	free(line);
	free(path);
	return rc;
}
