/* signers.c -- the tokens of gate CAs and status signers in a trust directory. */
#include "trust/signers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/slot.h"
#include "wire/hex.h"

#define SUFFIX ".cwt"
#define NAME_HASH 8u /* bytes of a file name's hash */

const struct sj_signer *sj_signers_of(const struct sj_signers *signers, const struct sj_cwt *cwt,
				      enum sj_cwt_signer kind)
{
	for (size_t i = 0; i < signers->n; i++) {
		const struct sj_signer *signer = &signers->list[i];

		if (signer->kind == kind && sj_span_eq(signer->cwt.issuer, cwt->issuer) &&
		    cwt->not_before >= signer->cwt.not_before &&
		    cwt->not_before <= signer->cwt.expires && sj_cwt_verify(cwt, &signer->key))
			return signer;
	}
	return NULL;
}

static bool is_known(const struct sj_signers *signers, struct sj_span token)
{
	for (size_t i = 0; i < signers->n; i++)
		if (sj_span_eq(sj_span(signers->list[i].token, signers->list[i].len), token))
			return true;
	return false;
}

bool sj_signers_add(struct sj_signers *signers, struct sj_span token)
{
	struct sj_signer *new = &signers->list[signers->n];

	if (signers->n == SJ_SIGNERS_MAX || token.len > sizeof(new->token) ||
	    is_known(signers, token))
		return false;
	memset(new, 0, sizeof(*new));
	memcpy(new->token, token.ptr, token.len);
	new->len = token.len;
	if (!sj_cwt_parse(sj_span(new->token, new->len), &new->cwt) ||
	    new->cwt.kind != SJ_CWT_SIGNER || !sj_cwt_signer_key(&new->cwt, &new->key))
		return false;
	/* Whoever signs bundles has no say at gates. */
	new->kind = (enum sj_cwt_signer) new->cwt.signer;
	if (new->kind == SJ_CWT_BUNDLE_SIGNER)
		return false;
	new->anchor = new->kind == SJ_CWT_GATE_CA &&sj_cwt_verify(&new->cwt, &new->key);
	if (!new->anchor && sj_signers_of(signers, &new->cwt, SJ_CWT_GATE_CA) == NULL)
		return false;
	signers->n++;
	return true;
}

static bool is_token_name(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > strlen(SUFFIX) &&
	       strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static enum sj_rc add_file(int folder, const char *name, struct sj_signers *signers)
{
	struct sj_trust_file file = { NULL, 0 };
	enum sj_rc rc = sj_trust_read(folder, name, SJ_CWT_MAX, &file);

	if (rc == SJ_OK)
		(void)sj_signers_add(signers, sj_span(file.bytes, file.len));
	sj_trust_file_free(&file);
	return rc == SJ_TRUST_MISSING ? SJ_OK : rc;
}

/* One pass over the folder; -1: none. Who is missing because a disk fails is not believed to be unknown. */
static enum sj_rc add_files(int folder, struct sj_signers *signers)
{
	DIR *stream = folder >= 0 ? sj_trust_entries(folder, ".") : NULL;
	const struct dirent *entry;
	enum sj_rc rc = SJ_OK;

	if (stream == NULL)
		return folder >= 0 ? sj_trust_unopened(errno) : SJ_OK;
	while (rc == SJ_OK && (errno = 0, entry = readdir(stream)) != NULL)
		if (is_token_name(entry->d_name))
			rc = add_file(folder, entry->d_name, signers);
	if (rc == SJ_OK && errno != 0)
		rc = SJ_TRUST_UNREADABLE;
	closedir(stream);
	return rc;
}

enum sj_rc sj_signers_load(int dir, struct sj_signers *out)
{
	int folder, bundled = -1;
	enum sj_rc rc = sj_trust_folder(dir, SJ_SIGNERS_FOLDER, &folder);
	size_t before;

	out->n = 0;
	if (rc == SJ_OK)
		rc = sj_slot_folder(dir, SJ_SIGNERS_FOLDER, &bundled);
	/* A link may be read before what vouches for it: until nothing more comes. */
	do {
		before = out->n;
		if (rc == SJ_OK)
			rc = add_files(folder, out);
		if (rc == SJ_OK)
			rc = add_files(bundled, out);
	} while (rc == SJ_OK && out->n > before);
	if (folder >= 0)
		close(folder);
	if (bundled >= 0)
		close(bundled);
	return rc == SJ_OK && out->n == 0 ? SJ_TRUST_MISSING : rc;
}

static enum sj_rc write_token(int dir, struct sj_span token)
{
	const struct sj_trust_io io = sj_trust_io_system();
	char name[2 * NAME_HASH + sizeof(SUFFIX)];
	uint8_t hash[SJ_HASH_MAX];
	enum sj_rc rc;
	int folder;

	if (!sj_hash(SJ_SHA256, &token, 1, hash) ||
	    !sj_hex_text(sj_span(hash, NAME_HASH), SJ_HEX_LOWER, name, 2 * NAME_HASH + 1))
		return SJ_CRYPTO_FAILED;
	memcpy(name + 2 * NAME_HASH, SUFFIX, sizeof(SUFFIX));
	if (mkdirat(dir, SJ_SIGNERS_FOLDER, 0755) != 0 && errno != EEXIST)
		return sj_trust_errno(errno);
	folder = openat(dir, SJ_SIGNERS_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return sj_trust_errno(errno);
	rc = sj_trust_replace(&io, folder, name, token);
	close(folder);
	return rc;
}

enum sj_rc sj_signers_store(int dir, struct sj_span token)
{
	struct sj_signers *known = malloc(sizeof(*known));
	struct sj_cwt cwt;
	enum sj_rc rc;

	if (known == NULL)
		return SJ_NO_MEMORY;
	rc = sj_signers_load(dir, known);
	if (rc == SJ_TRUST_MISSING)
		rc = SJ_OK;
	if (rc == SJ_OK && (!sj_cwt_parse(token, &cwt) || cwt.kind != SJ_CWT_SIGNER))
		rc = SJ_INPUT_MALFORMED;
	/* Known by the bundle only, perhaps: written all the same. */
	if (rc == SJ_OK && !is_known(known, token) && !sj_signers_add(known, token))
		rc = SJ_INPUT_REFUSED;
	if (rc == SJ_OK)
		rc = write_token(dir, token);
	free(known);
	return rc;
}
