/* bundle_anchor.c -- whose bundles are believed: the token that was given, then who followed it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/memory.h"
#include "trust/bundle.h"

#define GIVEN "anchor.cwt"
#define FOLLOWED "signer.cwt"

static enum sj_rc read_token(int folder, const char *name, struct sj_bundle_signer *out)
{
	struct sj_trust_file file = { NULL, 0 };
	enum sj_rc rc = sj_trust_read(folder, name, SJ_CWT_MAX, &file);

	if (rc == SJ_OK && !sj_bundle_signer_read(sj_span(file.bytes, file.len), out))
		rc = SJ_TRUST_UNREADABLE;
	sj_trust_file_free(&file);
	return rc;
}

enum sj_rc sj_bundle_anchor_read(int folder, struct sj_bundle_signer *out)
{
	enum sj_rc rc = read_token(folder, FOLLOWED, out);

	return rc == SJ_TRUST_MISSING ? read_token(folder, GIVEN, out) : rc;
}

enum sj_rc sj_bundle_anchor_move(const struct sj_trust_io *io, int folder,
				 const struct sj_bundle_signer *signer)
{
	const struct sj_span token = sj_span(signer->token, signer->len);
	struct sj_bundle_signer there;

	if (sj_bundle_anchor_read(folder, &there) == SJ_OK &&
	    sj_span_eq(sj_span(there.token, there.len), token))
		return SJ_OK;
	return sj_trust_replace(io, folder, FOLLOWED, token);
}

static enum sj_rc store(int folder, struct sj_span token)
{
	const struct sj_trust_io io = sj_trust_io_system();
	struct sj_bundle_signer there;
	enum sj_rc rc = read_token(folder, GIVEN, &there);

	if (rc == SJ_OK)
		return sj_span_eq(sj_span(there.token, there.len), token) ? SJ_OK
									  : SJ_INPUT_REFUSED;
	if (rc != SJ_TRUST_MISSING && rc != SJ_TRUST_UNREADABLE)
		return rc;
	return sj_trust_replace(&io, folder, GIVEN, token);
}

static enum sj_rc store_in(int dir, struct sj_span token)
{
	const struct sj_trust_io io = sj_trust_io_system();
	enum sj_rc rc;
	int folder;

	if (mkdirat(dir, SJ_SLOT_FOLDER, 0755) != 0 && errno != EEXIST)
		return sj_trust_errno(errno);
	folder = openat(dir, SJ_SLOT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return sj_trust_errno(errno);
	rc = store(folder, token);
	close(folder);
	return rc == SJ_OK ? sj_trust_sync(&io, dir, ".") : rc;
}

enum sj_rc sj_bundle_anchor(const char *directory, const uint8_t *token, size_t len)
{
	const unsigned mark = sj_memory_mark();
	struct sj_bundle_signer signer;
	enum sj_rc rc;
	int dir;

	if (!sj_bundle_signer_read(sj_span(token, len), &signer))
		return sj_memory_rc(mark, SJ_INPUT_MALFORMED);
	if (!sj_cwt_verify(&signer.cwt, &signer.key))
		return sj_memory_rc(mark, SJ_INPUT_REFUSED);
	if (mkdir(directory, 0755) != 0 && errno != EEXIST)
		return sj_memory_rc(mark, sj_trust_errno(errno));
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return sj_memory_rc(mark, sj_trust_errno(errno));
	rc = store_in(dir, sj_span(token, len));
	close(dir);
	return sj_memory_rc(mark, rc);
}
