/* terminal.c -- a terminal's folder: reading it, and holding its parts against each other. */
#include "eid/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypt/wipe.h"
#include "journal/evidence.h"
#include "reader/memory.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

#define LINK_BEGIN "cvca-link"
#define LINK_END ".cvcert"

/* --- reading -------------------------------------------------------------------- */

/* What is wrong with a folder is one failure, but for memory and permissions. */
static enum sj_rc as_files(enum sj_rc rc)
{
	return rc == SJ_OK || rc == SJ_NO_MEMORY || rc == SJ_FILE_PERMISSION ? rc
									     : SJ_TERMINAL_FILES;
}

static enum sj_rc read_key(int dir, struct sj_terminal *t)
{
	struct sj_trust_file file = { 0 };
	enum sj_rc rc = sj_trust_read(dir, "terminal.key", SJ_KEY_MAX, &file);

	if (rc == SJ_OK) {
		t->key = sj_key_read(sj_span(file.bytes, file.len));
		t->curve = t->key ? sj_key_curve(t->key) : SJ_CURVE_NONE;
		if (t->curve == SJ_CURVE_NONE)
			rc = SJ_TERMINAL_FILES;
		sj_wipe(file.bytes, file.len);
	}
	sj_trust_file_free(&file);
	return as_files(rc);
}

static enum sj_rc read_cert(int dir, const char *name, struct sj_terminal_cert *out)
{
	enum sj_rc rc = sj_trust_read(dir, name, SJ_CVC_MAX, &out->file);

	if (rc == SJ_OK && !sj_cvc_read(sj_span(out->file.bytes, out->file.len), &out->cvc))
		rc = SJ_TERMINAL_FILES;
	return as_files(rc);
}

static bool is_link_name(const char *name)
{
	const size_t len = strlen(name), end = strlen(LINK_END);

	return strncmp(name, LINK_BEGIN, strlen(LINK_BEGIN)) == 0 && len > end &&
	       strcmp(name + len - end, LINK_END) == 0;
}

static enum sj_rc read_links(int dir, struct sj_terminal *t)
{
	DIR *entries = sj_trust_entries(dir, ".");
	enum sj_rc rc = entries ? SJ_OK : SJ_TERMINAL_FILES;
	const struct dirent *e;

	while (rc == SJ_OK && (errno = 0, e = readdir(entries)) != NULL) {
		if (!is_link_name(e->d_name))
			continue;
		rc = t->link_count < SJ_TERMINAL_LINKS
			     ? read_cert(dir, e->d_name, &t->links[t->link_count])
			     : SJ_TERMINAL_FILES;
		t->link_count += rc == SJ_OK;
	}
	if (rc == SJ_OK && errno != 0)
		rc = SJ_TERMINAL_FILES;
	if (entries)
		closedir(entries);
	return rc;
}

/* The sector's key, if there is one: the certificate names its hash (C.3.2). */
static enum sj_rc read_sector(int dir, struct sj_terminal *t)
{
	enum sj_rc rc = sj_trust_read(dir, "sector.cvkey", SJ_CVC_MAX, &t->sector);
	struct sj_span content, named[2];
	struct sj_ec_point point;
	enum sj_curve curve;

	if (rc == SJ_TRUST_MISSING)
		return SJ_OK;
	content = sj_span(t->sector.bytes, t->sector.len);
	if (rc == SJ_OK &&
	    (sj_tlv_take(&content, SJ_TAG_PUBLIC_KEY, &t->sector_key) != SJ_TLV_FOUND ||
	     content.len != 0 || !sj_ri_key_read(t->sector_key, &curve, &point) ||
	     !sj_ri_key_hash(SJ_SHA256, t->sector_key, t->sector_hash) ||
	     !sj_cvc_sectors_read(t->own.cvc.extensions, named) ||
	     (!sj_ri_key_is(t->sector_key, named[0]) && !sj_ri_key_is(t->sector_key, named[1]))))
		rc = SJ_TERMINAL_FILES;
	return as_files(rc);
}

/* --- do they belong together? ----------------------------------------------------- */

static bool is_dv(const struct sj_cvc *c)
{
	const enum sj_cvc_role role = sj_cvc_role(&c->rights);

	return role == SJ_CVC_DV_DOMESTIC || role == SJ_CVC_DV_FOREIGN;
}

/* The private key is that of the certificate, and signs with the hash that it names. */
static bool has_key(const struct sj_terminal *t)
{
	struct sj_ec_point point;
	enum sj_curve curve;

	return t->own.cvc.key.scheme == SJ_CVC_ECDSA &&
	       t->own.cvc.key.hash == sj_key_hash(t->key) &&
	       sj_key_get_point(t->key, &curve, &point) &&
	       sj_span_eq(t->own.cvc.key.point, sj_ec_point_span(&point));
}

static bool fits(struct sj_terminal *t)
{
	struct sj_cvc_key signer = t->dv.cvc.key;

	/* What the DV inherited, the terminal did, too. */
	if (signer.scheme == SJ_CVC_ECDSA && signer.curve == SJ_CURVE_NONE)
		signer.curve = t->curve;
	if (sj_cvc_role(&t->own.cvc.rights) != SJ_CVC_TERMINAL || !is_dv(&t->dv.cvc) ||
	    !sj_span_eq(t->own.cvc.authority, t->dv.cvc.holder) || !has_key(t) ||
	    !sj_cvc_verify(&t->own.cvc, &signer))
		return false;
	for (size_t i = 0; i < t->link_count; i++)
		if (sj_cvc_role(&t->links[i].cvc.rights) != SJ_CVC_CVCA ||
		    t->links[i].cvc.rights.terminal != t->own.cvc.rights.terminal)
			return false;
	t->rights = t->dv.cvc.rights;
	sj_cvc_narrow(&t->rights, &t->own.cvc.rights);
	return t->dv.cvc.rights.terminal == t->own.cvc.rights.terminal &&
	       t->own.cvc.rights.terminal != SJ_CVC_SIGNATURE &&
	       (t->own.cvc.extensions.len == 0 ||
		sj_cvc_service_read(t->own.cvc.extensions, &t->service));
}

static enum sj_rc read_folder(const char *directory, struct sj_terminal *t)
{
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum sj_rc rc = dir < 0 ? SJ_TERMINAL_FILES : read_key(dir, t);

	if (rc == SJ_OK)
		rc = read_cert(dir, "terminal.cvcert", &t->own);
	if (rc == SJ_OK)
		rc = read_cert(dir, "dv.cvcert", &t->dv);
	if (rc == SJ_OK)
		rc = read_links(dir, t);
	if (rc == SJ_OK && !fits(t))
		rc = SJ_TERMINAL_FILES;
	if (rc == SJ_OK)
		rc = read_sector(dir, t);
	if (dir >= 0)
		close(dir);
	return rc;
}

enum sj_rc sj_terminal_open(const char *directory, struct sj_terminal **out)
{
	const unsigned mark = sj_memory_mark();
	struct sj_terminal *t = calloc(1, sizeof(*t));
	enum sj_rc rc = t ? read_folder(directory, t) : SJ_NO_MEMORY;

	if (rc == SJ_OK)
		*out = t;
	else
		sj_terminal_close(t);
	return sj_memory_rc(mark, rc);
}

void sj_terminal_close(struct sj_terminal *t)
{
	if (!t)
		return;
	sj_key_free(t->key);
	sj_trust_file_free(&t->own.file);
	sj_trust_file_free(&t->dv.file);
	for (size_t i = 0; i < SJ_TERMINAL_LINKS; i++)
		sj_trust_file_free(&t->links[i].file);
	sj_trust_file_free(&t->sector);
	free(t);
}

/* --- what it says ------------------------------------------------------------------ */

static void copy_reference(struct sj_span reference, char out[static 17])
{
	const size_t n = reference.len < 16 ? reference.len : 16;

	memcpy(out, reference.ptr, n);
	out[n] = 0;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

bool sj_terminal_get_info(const struct sj_terminal *t, struct sj_terminal_info *out)
{
	const struct sj_cvc *own = &t->own.cvc, *dv = &t->dv.cvc;
	const size_t room = out->size;
	struct sj_terminal_info info = {
		.size = room,
		.inspection = own->rights.terminal == SJ_CVC_INSPECTION,
		.sector = t->service.sector,
		.service = t->service.service,
		.operator_id = t->service.operator_id,
		.rights = sj_rights_given(&t->rights),
		.not_before = later(own->from, dv->from),
		.expires = (own->until < dv->until ? own->until : dv->until) + SJ_DAY,
		.pseudonyms = t->sector_key.len > 0,
	};

	copy_reference(own->holder, info.holder);
	copy_reference(own->authority, info.issuer);
	memcpy(out, &info, room < sizeof(info) ? room : sizeof(info));
	return true;
}

bool sj_terminal_certificate(const struct sj_terminal *t, size_t i, const uint8_t **bytes,
			     size_t *len)
{
	const struct sj_terminal_cert *cert;

	if (i >= 2 + t->link_count)
		return false;
	cert = i == 0 ? &t->own : i == 1 ? &t->dv : &t->links[i - 2];
	*bytes = cert->cvc.element.ptr;
	*len = cert->cvc.element.len;
	return true;
}

enum sj_rc sj_terminal_sign(const struct sj_terminal *t, const uint8_t *message, size_t message_len,
			    uint8_t *signature, size_t *len)
{
	struct sj_writer w = sj_writer(signature, *len);
	bool signed_now = sj_key_sign_plain(t->key, sj_span(message, message_len), &w);

	if (w.failed)
		return SJ_USAGE;
	if (!signed_now)
		return SJ_CRYPTO_FAILED;
	*len = w.len;
	return SJ_OK;
}

/* --- the chain ---------------------------------------------------------------------- */

static bool is_one_of(struct sj_span reference, const struct sj_span *cars, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cars[i].len > 0 && sj_span_eq(cars[i], reference))
			return true;
	return false;
}

static const struct sj_cvc *link_to(const struct sj_terminal *t, struct sj_span holder)
{
	for (size_t i = 0; i < t->link_count; i++)
		if (sj_span_eq(t->links[i].cvc.holder, holder))
			return &t->links[i].cvc;
	return NULL;
}

size_t sj_terminal_chain(const struct sj_terminal *t, const struct sj_span *cars, size_t n,
			 const struct sj_cvc *out[static SJ_TERMINAL_CHAIN])
{
	const struct sj_cvc *back[SJ_TERMINAL_LINKS];
	struct sj_span needed = t->dv.cvc.authority;
	size_t links = 0, len = 0;

	while (!is_one_of(needed, cars, n)) {
		const struct sj_cvc *link = link_to(t, needed);

		if (!link || links == SJ_TERMINAL_LINKS)
			return 0;
		back[links++] = link;
		needed = link->authority;
	}
	while (links > 0)
		out[len++] = back[--links];
	out[len++] = &t->dv.cvc;
	out[len++] = &t->own.cvc;
	return len;
}
