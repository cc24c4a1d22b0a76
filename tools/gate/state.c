/* state.c -- the gate's state directory, and small texts. */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/tool.h"

#define CREDENTIAL_MAX 1024u

void gate_wipe(void *bytes, size_t len)
{
	explicit_bzero(bytes, len);
}

struct gate_path gate_path(const struct gate_config *config, const char *name)
{
	struct gate_path path;

	if (snprintf(path.text, sizeof(path.text), "%s/%s", config->state, name) >=
	    (int)sizeof(path.text))
		path.text[0] = '\0'; /* opens nothing */
	return path;
}

struct gate_operator gate_operator_text(uint32_t id)
{
	struct gate_operator o;

	snprintf(o.text, sizeof(o.text), "%08x", (unsigned)id);
	return o;
}

void gate_hex(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 0x0F];
	}
	*out = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool gate_hex_read(const char *text, uint8_t *out, size_t len)
{
	if (strlen(text) != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

int gate_key_read(struct cli *cli, const struct gate_config *config, const char *name,
		  uint8_t key[static GATE_KEY])
{
	struct gate_path path = gate_path(config, name);
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc = cli_file_read(cli, path.text, GATE_KEY, &bytes, &len);

	if (rc != 0) {
		cli_note(cli, "keys are made by: sojourn gate enrol --state %s", config->state);
		return rc;
	}
	if (len == GATE_KEY)
		memcpy(key, bytes, GATE_KEY);
	else
		rc = cli_fail(cli, SJ_INPUT_MALFORMED, "%s: a key has %u bytes", path.text,
			      GATE_KEY);
	gate_wipe(bytes, len);
	free(bytes);
	return rc;
}

static int configure(struct cli *cli, const struct gate_config *config, struct sj_gate *gate)
{
	enum sj_rc rc = sj_gate_set_policy(gate, &config->policy);

	if (rc != SJ_OK)
		return cli_fail(cli, rc, "the policy");
	rc = config->staples != NULL ? sj_gate_set_staples(gate, config->staples) : SJ_OK;
	return rc != SJ_OK ? cli_fail(cli, rc, "%s", config->staples) : 0;
}

int gate_make(struct cli *cli, const struct gate_config *config, struct sj_gate **out)
{
	struct gate_path path = gate_path(config, "credential.cwt");
	uint8_t key[GATE_KEY], *credential = NULL;
	struct sj_gate *gate = NULL;
	size_t len = 0;
	enum sj_rc made;
	int rc = gate_key_read(cli, config, "gate.key", key);

	if (rc != 0)
		return rc;
	rc = cli_file_read(cli, path.text, CREDENTIAL_MAX, &credential, &len);
	if (rc != 0) {
		cli_note(cli, "the authority signs the gate's request; then: "
			      "sojourn gate enrol --install CREDENTIAL");
		goto out;
	}
	made = sj_gate_new(key, sizeof(key), credential, len, &gate);
	rc = made != SJ_OK ? cli_fail(cli, made, "%s", path.text) : configure(cli, config, gate);
	if (rc == 0)
		*out = gate;
	else
		sj_gate_free(gate);
out:
	gate_wipe(key, sizeof(key));
	free(credential);
	return rc;
}

/* Who runs the gate owns the state directory, and what root puts there. */
int gate_give(struct cli *cli, const struct gate_config *config, const char *path)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (stat(config->state, &st) != 0)
		return errno == ENOENT ? 0
				       : cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", config->state,
						  strerror(errno));
	if (st.st_uid == 0 || chown(path, st.st_uid, st.st_gid) == 0)
		return 0;
	return cli_output_failed(cli, path);
}

int gate_file_write(struct cli *cli, const struct gate_config *config, const char *path,
		    const void *bytes, size_t len, unsigned mode)
{
	int rc = cli_file_write(cli, path, bytes, len, mode);

	return rc != 0 ? rc : gate_give(cli, config, path);
}

#define FOLDER_LEVELS 3

/* FNV-1a over what changes when a file does. */
static uint64_t mix(uint64_t stamp, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		stamp = (stamp ^ (value >> 8 * i & 0xFF)) * 0x100000001B3u;
	return stamp;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

uint64_t gate_folder_stamp(const char *directory)
{
	char *path = strdup(directory);
	char *const paths[] = { path, NULL };
	uint64_t stamp = 0xCBF29CE484222325u;
	FTS *walk = path != NULL ? fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name) : NULL;
	FTSENT *e;

	while (walk != NULL && (e = fts_read(walk)) != NULL) {
		if (e->fts_info == FTS_D && e->fts_level >= FOLDER_LEVELS)
			fts_set(walk, e, FTS_SKIP);
		/* Of a bundle only what is in use counts, and `current` beside the slots says it. */
		if (e->fts_info == FTS_D && e->fts_level == 2 &&
		    strcmp(e->fts_parent->fts_name, "bundle") == 0) {
			fts_set(walk, e, FTS_SKIP);
			continue;
		}
		if (e->fts_statp == NULL || e->fts_info == FTS_DP)
			continue;
		stamp = mix(stamp, (uint64_t)e->fts_statp->st_ino);
		stamp = mix(stamp, (uint64_t)e->fts_statp->st_size);
		stamp = mix(stamp, (uint64_t)e->fts_statp->st_ctim.tv_sec);
		stamp = mix(stamp, (uint64_t)e->fts_statp->st_ctim.tv_nsec);
	}
	if (walk != NULL)
		fts_close(walk);
	free(path);
	return stamp;
}
