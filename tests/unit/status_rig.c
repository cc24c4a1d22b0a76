#include "tests/unit/status_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/by_scalar.h"
#include "trust/status_delta.h"

/* --- system calls ------------------------------------------------------------------- */

static bool fails(struct status_rig *r)
{
	r->calls++;
	if (r->fail_at == 0 || r->calls < r->fail_at || (r->calls > r->fail_at && !r->fail_on))
		return false;
	errno = EIO;
	return true;
}

static ssize_t rig_write(void *self, int fd, const void *bytes, size_t n)
{
	struct status_rig *r = self;

	r->synced = false;
	if (fails(r)) {
		/* Half of it is there all the same. */
		if (write(fd, bytes, n / 2) < 0)
			abort();
		return -1;
	}
	/* Several calls a file, so that there is a cut between them. */
	return write(fd, bytes, n > 1000 ? n / 2 : n);
}

static int rig_fsync(void *self, int fd)
{
	struct status_rig *r = self;

	(void)fd;
	if (fails(r))
		return -1;
	r->synced = true;
	return 0;
}

static int rig_rename(void *self, int dir, const char *from, const char *to)
{
	struct status_rig *r = self;

	assert_true(r->synced); /* else a power cut may leave a name without bytes */
	return fails(r) ? -1 : renameat(dir, from, dir, to);
}

/* --- keys and tokens ------------------------------------------------------------------- */

void rig_new_key(struct sj_ec_secret *out)
{
	const struct sj_random rnd = sj_random_system();

	assert_true(sj_ec_secret_random(SJ_P256, &rnd, out));
}

size_t rig_token(enum sj_cwt_signer kind, const char *issuer, const struct sj_ec_secret *key,
		 const struct sj_ec_secret *by, uint8_t out[static SJ_CWT_MAX])
{
	struct sj_writer w = sj_writer(out, SJ_CWT_MAX);
	struct sj_ec_point point;
	struct sj_cwt cwt = {
		.kind = SJ_CWT_SIGNER,
		.issuer = sj_span((const uint8_t *)issuer, strlen(issuer)),
		.not_before = RIG_NOW - 100 * RIG_DAY,
		.expires = RIG_NOW + 100 * RIG_DAY,
		.signer = (uint8_t)kind,
	};

	assert_true(sj_ec_multiply(SJ_P256, key, NULL, &point));
	cwt.key_x = sj_span(point.bytes + 1, SJ_CWT_KEY);
	cwt.key_y = sj_span(point.bytes + 1 + SJ_CWT_KEY, SJ_CWT_KEY);
	assert_true(cwt_put_by(&w, &cwt, by));
	return w.len;
}

void rig_found(struct status_rig *r)
{
	uint8_t token[SJ_CWT_MAX];
	int dir;

	rig_new_key(&r->ca);
	rig_new_key(&r->signer);
	r->io = (struct sj_trust_io){ rig_write, rig_fsync, rig_rename, r };
	dir = open(r->directory, O_RDONLY | O_DIRECTORY);
	assert_int_equal(sj_signers_store(dir, sj_span(token, rig_token(SJ_CWT_GATE_CA, RIG_ISSUER,
									&r->ca, &r->ca, token))),
			 SJ_OK);
	assert_int_equal(
		sj_signers_store(dir, sj_span(token, rig_token(SJ_CWT_STATUS_SIGNER, RIG_ISSUER,
							       &r->signer, &r->ca, token))),
		SJ_OK);
	close(dir);
}

int status_rig_setup(void **state)
{
	struct status_rig *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -1;
	strcpy(r->directory, "/tmp/sojourn-status-XXXXXX");
	if (mkdtemp(r->directory) == NULL)
		return -1;
	rig_found(r);
	*state = r;
	return 0;
}

int status_rig_teardown(void **state)
{
	struct status_rig *r = *state;
	char command[96];

	snprintf(command, sizeof(command), "rm -rf %s", r->directory);
	free(r);
	return system(command);
}

/* --- files ---------------------------------------------------------------------------------- */

void rig_file_free(struct rig_file *file)
{
	free(file->bytes);
	*file = (struct rig_file){ NULL, 0 };
}

/* A list in the clear with its head, not signed yet. */
struct epoch {
	struct sj_status_draft draft;
	struct sj_status_list list;
	struct sj_status_head head;
};

static struct epoch *epoch_new(uint32_t number)
{
	struct epoch *e = calloc(1, sizeof(*e));
	uint32_t *revoked = calloc(RIG_SIZE, sizeof(*revoked));
	struct sj_status_revoked part = { RIG_PARTITION, RIG_SIZE, revoked, 0 };
	struct sj_span body;

	assert_true(e != NULL && revoked != NULL);
	for (uint32_t i = 0; i < RIG_SIZE; i++)
		if (i % 1000 < number)
			revoked[part.n++] = i;
	assert_int_equal(sj_status_build(&part, 1, &e->draft, &body), SJ_OK);
	assert_true(sj_status_list_open(body, &e->list));
	e->head = (struct sj_status_head){ .issuer = RIG_ISSUER,
					   .epoch = number,
					   .indices = RIG_SIZE,
					   .not_before = RIG_NOW + number * RIG_DAY,
					   .next_update = RIG_NOW + (number + 1) * RIG_DAY };
	assert_true(sj_status_root(body, e->head.root));
	free(revoked);
	return e;
}

static void epoch_free(struct epoch *e)
{
	sj_status_draft_free(&e->draft);
	free(e);
}

struct rig_file rig_seal(enum sj_status_file_kind kind, const struct sj_status_head *head,
			 struct sj_span body, const struct sj_ec_secret *key)
{
	uint8_t token[SJ_STATUS_HEAD_MAX];
	struct sj_writer signed_head = SJ_WRITER_OF(token), w;
	struct sj_status_file file = { kind, { NULL, 0 }, body };

	assert_true(head_put_by(&signed_head, head, key));
	file.head = sj_written(&signed_head);
	w = sj_writer(malloc(SJ_STATUS_FILE_HEAD + file.head.len + body.len),
		      SJ_STATUS_FILE_HEAD + file.head.len + body.len);
	assert_non_null(w.ptr);
	sj_status_file_put(&w, &file);
	assert_false(w.failed);
	return (struct rig_file){ w.ptr, w.len };
}

struct rig_file rig_list(const struct status_rig *r, uint32_t epoch)
{
	struct epoch *e = epoch_new(epoch), *before = epoch_new(epoch - 1);
	struct rig_file file;

	if (epoch > 1)
		memcpy(e->head.previous, before->head.root, sizeof(e->head.previous));
	file = rig_seal(SJ_STATUS_FILE_LIST, &e->head, e->list.body, &r->signer);
	epoch_free(e);
	epoch_free(before);
	return file;
}

struct rig_file rig_delta(const struct status_rig *r, uint32_t epoch)
{
	struct epoch *e = epoch_new(epoch), *before = epoch_new(epoch - 1);
	struct rig_file file;
	uint8_t *delta;
	size_t len;

	memcpy(e->head.previous, before->head.root, sizeof(e->head.previous));
	assert_int_equal(sj_status_delta_make(&before->list, &e->list, &delta, &len), SJ_OK);
	file = rig_seal(SJ_STATUS_FILE_DELTA, &e->head, sj_span(delta, len), &r->signer);
	free(delta);
	epoch_free(e);
	epoch_free(before);
	return file;
}

struct rig_file rig_head(const struct status_rig *r, uint32_t epoch)
{
	struct rig_file list = rig_list(r, epoch), head;
	struct sj_status_file file;

	assert_true(sj_status_file_read(sj_span(list.bytes, list.len), &file));
	head = (struct rig_file){ malloc(file.head.len), file.head.len };
	assert_non_null(head.bytes);
	memcpy(head.bytes, file.head.ptr, file.head.len);
	rig_file_free(&list);
	return head;
}

struct sj_status_head rig_head_of(const struct status_rig *r, const struct rig_file *file)
{
	struct sj_signers *signers = malloc(sizeof(*signers));
	int dir = open(r->directory, O_RDONLY | O_DIRECTORY);
	struct sj_status_file parts;
	struct sj_status_head head;

	assert_non_null(signers);
	assert_int_equal(sj_signers_load(dir, signers), SJ_OK);
	assert_true(sj_status_file_read(sj_span(file->bytes, file->len), &parts));
	assert_int_equal(sj_status_head_read(parts.head, signers, &head), SJ_OK);
	close(dir);
	free(signers);
	return head;
}

struct rig_file rig_resign(const struct rig_file *file, const struct sj_status_head *head,
			   const struct sj_ec_secret *key)
{
	struct sj_status_file parts;

	assert_true(sj_status_file_read(sj_span(file->bytes, file->len), &parts));
	return rig_seal(parts.kind, head, parts.body, key);
}

/* --- using it ---------------------------------------------------------------------------------- */

enum sj_rc rig_import(struct status_rig *r, struct rig_file file)
{
	enum sj_rc rc =
		sj_status_import_with(&r->io, r->directory, sj_span(file.bytes, file.len), NULL);

	rig_file_free(&file);
	return rc;
}

uint32_t rig_epoch(const struct status_rig *r)
{
	struct sj_status_info info = { .size = sizeof(info) };
	struct sj_status *status;

	if (sj_status_open(r->directory, RIG_ISSUER, &status) != SJ_OK)
		return 0;
	sj_status_describe(status, RIG_NOW, &info);
	for (uint32_t i = 0; i < RIG_SIZE; i += 37)
		assert_int_equal(sj_status_query(status, RIG_PARTITION, i),
				 i % 1000 < info.epoch ? SJ_STATUS_REVOKED : SJ_STATUS_VALID);
	sj_status_close(status);
	return info.epoch;
}
