#include "trust/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wire/hex.h"

#define CURRENT "current"
#define NEWEST "newest"
#define LINE_MAX_BYTES 96u
#define DIGITS (2 * SJ_TRUST_HASH)

/* A line: a word, a blank, a hash, a line feed. The word is ended by a NUL. SJ_INPUT_MALFORMED: it is none. */
static enum sj_rc read_line(int dir, const char *path, char word[static 16],
			    uint8_t hash[static SJ_TRUST_HASH])
{
	struct sj_writer w = sj_writer(hash, SJ_TRUST_HASH);
	struct sj_trust_file file = { NULL, 0 };
	enum sj_rc rc = sj_trust_read(dir, path, LINE_MAX_BYTES, &file);
	size_t n = file.len > DIGITS + 2 ? file.len - DIGITS - 2 : 0;

	if (rc == SJ_OK &&
	    (n == 0 || n > 15 || file.bytes[n] != ' ' || file.bytes[file.len - 1] != '\n' ||
	     !sj_hex_read((const char *)file.bytes + n + 1, DIGITS, &w)))
		rc = SJ_INPUT_MALFORMED;
	if (rc == SJ_OK) {
		memcpy(word, file.bytes, n);
		word[n] = 0;
	}
	sj_trust_file_free(&file);
	return rc;
}

static enum sj_rc write_line(const struct sj_trust_io *io, int dir, const char *path,
			     const char *word, const uint8_t hash[static SJ_TRUST_HASH])
{
	char digits[DIGITS + 1], line[LINE_MAX_BYTES];
	int n;

	if (!sj_hex_text(sj_span(hash, SJ_TRUST_HASH), SJ_HEX_LOWER, digits, sizeof(digits)))
		return SJ_INTERNAL;
	n = snprintf(line, sizeof(line), "%s %s\n", word, digits);
	return sj_trust_replace(io, dir, path, sj_span((const uint8_t *)line, (size_t)n));
}

enum sj_rc sj_slot_open(int dir, struct sj_slot *out)
{
	char word[16], path[24];
	enum sj_rc rc;

	out->fd = -1;
	rc = read_line(dir, SJ_SLOT_FOLDER "/" CURRENT, word, out->manifest);
	if (rc == SJ_TRUST_MISSING)
		return SJ_OK;
	if (rc != SJ_OK && rc != SJ_INPUT_MALFORMED)
		return rc;
	memcpy(out->name, SJ_SLOT_NONE, sizeof(out->name));
	if (rc != SJ_OK || (strcmp(word, "a") != 0 && strcmp(word, "b") != 0))
		return SJ_TRUST_UNREADABLE;
	memcpy(out->name, word, sizeof(out->name));
	snprintf(path, sizeof(path), SJ_SLOT_FOLDER "/%s", out->name);
	rc = sj_trust_folder(dir, path, &out->fd);
	return rc == SJ_OK && out->fd < 0 ? SJ_TRUST_UNREADABLE : rc;
}

enum sj_rc sj_slot_folder(int dir, const char *folder, int *out)
{
	struct sj_slot slot;
	enum sj_rc rc = sj_slot_open(dir, &slot);

	*out = -1;
	if (rc != SJ_OK || slot.fd < 0)
		return rc;
	rc = sj_trust_folder(slot.fd, folder, out);
	close(slot.fd);
	return rc;
}

enum sj_rc sj_slot_switch(const struct sj_trust_io *io, int bundle, const struct sj_slot *slot)
{
	return write_line(io, bundle, CURRENT, slot->name, slot->manifest);
}

static bool read_version(const char *word, uint32_t *out)
{
	uint64_t value = 0;

	for (; *word >= '0' && *word <= '9' && value <= UINT32_MAX; word++)
		value = value * 10 + (uint64_t)(*word - '0');
	*out = (uint32_t)value;
	return *word == 0 && value > 0 && value <= UINT32_MAX;
}

enum sj_rc sj_slot_newest_read(int bundle, struct sj_slot_version *out)
{
	char word[16];
	enum sj_rc rc;

	memset(out, 0, sizeof(*out));
	rc = read_line(bundle, NEWEST, word, out->manifest);
	if (rc == SJ_TRUST_MISSING)
		return SJ_OK;
	if (rc == SJ_INPUT_MALFORMED || (rc == SJ_OK && !read_version(word, &out->version)))
		rc = SJ_TRUST_UNREADABLE;
	return rc;
}

enum sj_rc sj_slot_newest_write(const struct sj_trust_io *io, int bundle,
				const struct sj_slot_version *version)
{
	char word[16];

	snprintf(word, sizeof(word), "%" PRIu32, version->version);
	return write_line(io, bundle, NEWEST, word, version->manifest);
}
