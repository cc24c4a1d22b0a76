/* What others made is taken into a trust store: master lists, links, key CAs, CRLs, tokens; all of it or nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sojourn/bundle.h>
#include <sojourn/trust.h>

#include "tests/failures/folder.h"
#include "tests/failures/sweep.h"
#include "tests/unit/bundle_rig.h"

#define FILE_MAX_BYTES (1u << 16)

struct file {
	uint8_t *bytes;
	size_t len;
};

/* A country (trust_pki.py), the file that comes, and a store that believes what it needs. */
struct harbour {
	char pki[40], store[40], before[48];
	struct file first, file; /* file's signer or issuer, believed before; and file */
	struct sj_ec_secret ca, signer; /* of a gate */
	struct rig_file anchor; /* a bundle signer's token */
	size_t told;
};

static struct file load(const struct harbour *h, const char *name)
{
	struct file f = { malloc(FILE_MAX_BYTES), 0 };
	char path[96];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", h->pki, name);
	in = fopen(path, "rb");
	assert_true(f.bytes != NULL && in != NULL);
	f.len = fread(f.bytes, 1, FILE_MAX_BYTES, in);
	assert_true(f.len > 0 && f.len < FILE_MAX_BYTES);
	fclose(in);
	return f;
}

static struct harbour *harbour_new(void)
{
	struct harbour *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	strcpy(h->store, "/tmp/sojourn-store-XXXXXX");
	assert_non_null(mkdtemp(h->store));
	snprintf(h->before, sizeof(h->before), "%s.old", h->store);
	return h;
}

/* `first` (NULL: none) is believed, as a CSCA or a key CA. */
static int harbour_open(void **state, const char *first, bool key_ca, const char *file)
{
	struct sj_trust_counts counts = { .size = sizeof(counts) };
	struct harbour *h = harbour_new();
	struct sj_trust *trust = NULL;
	char command[128];

	strcpy(h->pki, "/tmp/sojourn-pki-XXXXXX");
	assert_non_null(mkdtemp(h->pki));
	snprintf(command, sizeof(command), "/usr/bin/python3 tests/unit/trust_pki.py %s", h->pki);
	assert_int_equal(system(command), 0);
	assert_int_equal(sj_trust_create(h->store, &trust), SJ_OK);
	if (first != NULL) {
		h->first = load(h, first);
		assert_int_equal((key_ca ? sj_trust_import_key_ca : sj_trust_import_csca)(
					 trust, h->first.bytes, h->first.len, &counts),
				 SJ_OK);
	}
	sj_trust_close(trust);
	h->file = load(h, file);
	folder_copy(h->store, h->before);
	*state = h;
	return 0;
}

static int list_open(void **state)
{
	return harbour_open(state, "old.cer", false, "list.ml");
}

static int link_open(void **state)
{
	return harbour_open(state, "old.cer", false, "new.link.cer");
}

static int key_ca_open(void **state)
{
	return harbour_open(state, NULL, false, "keys.cer");
}

static int crl_open(void **state)
{
	return harbour_open(state, "old.cer", false, "first.crl");
}

static int key_crl_open(void **state)
{
	return harbour_open(state, "keys.cer", true, "keys.crl");
}

/* Keys of a gate CA, its status signer, a bundle signer. */
static int tokens_open(void **state)
{
	struct harbour *h = harbour_new();

	rig_new_key(&h->ca);
	rig_new_key(&h->signer);
	h->file.bytes = malloc(SJ_CWT_MAX);
	h->first.bytes = malloc(SJ_CWT_MAX);
	assert_true(h->file.bytes != NULL && h->first.bytes != NULL);
	h->first.len = rig_token(SJ_CWT_GATE_CA, RIG_ISSUER, &h->ca, &h->ca, h->first.bytes);
	h->file.len =
		rig_token(SJ_CWT_STATUS_SIGNER, RIG_ISSUER, &h->signer, &h->ca, h->file.bytes);
	h->anchor = bundle_token(RIG_NOW, RIG_ISSUER, &h->signer, &h->signer);
	folder_copy(h->store, h->before);
	*state = h;
	return 0;
}

static int harbour_close(void **state)
{
	struct harbour *h = *state;

	folder_empty(h->store, true);
	folder_empty(h->before, true);
	if (h->pki[0] != '\0')
		folder_empty(h->pki, true);
	free(h->first.bytes);
	free(h->file.bytes);
	rig_file_free(&h->anchor);
	free(h);
	return 0;
}

/* The store as it was before. */
static void harbour_ready(void *room)
{
	struct harbour *h = room;

	folder_empty(h->store, true);
	folder_copy(h->before, h->store);
}

/* --- imports ------------------------------------------------------------------------------ */

static void hear(void *user, const char *what, const char *why)
{
	struct harbour *h = user;

	h->told += what != NULL && why != NULL;
}

static enum sj_rc begin(struct harbour *h, struct sj_trust **out)
{
	enum sj_rc rc = sj_trust_create(h->store, out);

	if (rc == SJ_OK)
		sj_trust_listen(*out, hear, h);
	return rc;
}

static enum sj_rc import_list_by(struct harbour *h, sj_signed_fn find)
{
	struct sj_trust_counts counts = { .size = sizeof(counts) };
	struct sj_trust *trust = NULL;
	enum sj_rc rc = begin(h, &trust);

	if (rc == SJ_OK) {
		sj_trust_find_signed(trust, find, NULL);
		rc = sj_trust_import_masterlist(trust, h->file.bytes, h->file.len, h->first.bytes,
						h->first.len, &counts);
	}
	sj_trust_close(trust);
	return rc;
}

static unsigned long import_list(void *room)
{
	return import_list_by(room, NULL);
}

/* Without memory there it is no answer, which is an error of memory here, too. */
static unsigned long import_list_elsewhere(void *room)
{
	const enum sj_rc rc = import_list_by(room, sweep_find_signed);

	return rc == SJ_SIGNED_UNREAD ? SJ_NO_MEMORY : rc;
}

static unsigned long import_link(void *room)
{
	struct sj_trust_counts counts = { .size = sizeof(counts) };
	struct harbour *h = room;
	struct sj_trust *trust = NULL;
	enum sj_rc rc = begin(h, &trust);

	if (rc == SJ_OK)
		rc = sj_trust_import_link(trust, h->file.bytes, h->file.len, &counts);
	sj_trust_close(trust);
	return rc;
}

static unsigned long import_key_ca(void *room)
{
	struct sj_trust_counts counts = { .size = sizeof(counts) };
	struct harbour *h = room;
	struct sj_trust *trust = NULL;
	enum sj_rc rc = begin(h, &trust);

	if (rc == SJ_OK)
		rc = sj_trust_import_key_ca(trust, h->file.bytes, h->file.len, &counts);
	sj_trust_close(trust);
	return rc;
}

static unsigned long import_crl(void *room)
{
	struct harbour *h = room;
	struct sj_trust *trust = NULL;
	enum sj_rc rc = begin(h, &trust);

	if (rc == SJ_OK)
		rc = sj_trust_import_crl(trust, h->file.bytes, h->file.len);
	sj_trust_close(trust);
	return rc;
}

static unsigned long import_tokens(void *room)
{
	struct harbour *h = room;
	struct sj_trust *trust = NULL;
	enum sj_rc rc = begin(h, &trust);

	if (rc == SJ_OK)
		rc = sj_trust_import_gate_ca(trust, h->first.bytes, h->first.len);
	if (rc == SJ_OK)
		rc = sj_trust_import_gate_token(trust, h->file.bytes, h->file.len);
	sj_trust_close(trust);
	return rc;
}

/* Certificates, of them with a CRL, of key CAs. All must be readable. */
struct stock {
	bool opens;
	size_t certificates, with_crl, key_cas;
};

static struct stock stock_of(const struct harbour *h)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	struct sj_trust *trust = NULL;
	const enum sj_rc rc = sj_trust_open(h->store, &trust);
	struct stock s = { .opens = rc == SJ_OK };

	if (rc == SJ_TRUST_MISSING)
		return (struct stock){ .opens = true };
	while (s.opens && sj_trust_get(trust, s.certificates, &entry)) {
		s.opens = strcmp(entry.subject, "(unreadable)") != 0;
		s.with_crl += entry.has_crl;
		s.key_cas += entry.key_ca;
		s.certificates++;
	}
	s.opens = s.opens && sj_trust_check_crls(trust) == 0;
	sj_trust_close(trust);
	return s;
}

/* `before` or `after`; after what said that it is done: `after`. */
static bool is_one_of(size_t n, size_t before, size_t after, unsigned long rc)
{
	return n == after || (rc != SJ_OK && n == before);
}

/* Four acceptable certificates, of which the store had one. */
static bool has_list(void *room, unsigned long rc)
{
	const struct stock s = stock_of(room);

	return s.opens && is_one_of(s.certificates, 1, 4, rc);
}

static bool has_link(void *room, unsigned long rc)
{
	const struct stock s = stock_of(room);

	return s.opens && is_one_of(s.certificates, 1, 2, rc);
}

static bool has_key_ca(void *room, unsigned long rc)
{
	const struct stock s = stock_of(room);

	return s.opens && is_one_of(s.key_cas, 0, 1, rc);
}

static bool has_crl(void *room, unsigned long rc)
{
	const struct stock s = stock_of(room);

	return s.opens && s.certificates == 1 && is_one_of(s.with_crl, 0, 1, rc);
}

/* The newer one is there. */
static void with_newer_crl(void *room)
{
	struct sj_trust *trust = NULL;
	struct harbour *h = room;
	struct file newer = load(h, "second.crl");

	harbour_ready(room);
	assert_int_equal(sj_trust_create(h->store, &trust), SJ_OK);
	assert_int_equal(sj_trust_import_crl(trust, newer.bytes, newer.len), SJ_OK);
	sj_trust_close(trust);
	free(newer.bytes);
}

/* And stays. */
static bool has_newer_crl(void *room, unsigned long rc)
{
	return rc != SJ_OK && import_crl(room) == SJ_INPUT_REFUSED;
}

/* After a failure, the same again is done. */
static bool imports_again(void *room, unsigned long rc)
{
	return rc == SJ_OK || import_tokens(room) == SJ_OK;
}

/* --- looking ------------------------------------------------------------------------------------ */

static void with_crl(void *room)
{
	harbour_ready(room);
	assert_int_equal(import_crl(room), SJ_OK);
	((struct harbour *)room)->told = 0;
}

/* What cannot be read is told, and never counted as good. */
static unsigned long look(void *room)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	struct harbour *h = room;
	struct sj_trust *trust = NULL;
	enum sj_rc rc = sj_trust_open(h->store, &trust);
	bool behind = false;

	if (rc != SJ_OK)
		return rc;
	sj_trust_listen(trust, hear, h);
	if (!sj_trust_get(trust, 0, &entry) || sj_trust_time(trust, RIG_NOW, &behind) < RIG_NOW)
		rc = SJ_INTERNAL;
	if (rc == SJ_OK && strcmp(entry.subject, "(unreadable)") == 0)
		rc = SJ_TRUST_UNREADABLE;
	if (sj_trust_check_crls(trust) != 0 || h->told > 0)
		rc = SJ_TRUST_UNREADABLE;
	sj_trust_close(trust);
	return rc;
}

/* --- bundles -------------------------------------------------------------------------------------- */

static unsigned long anchor(void *room)
{
	struct harbour *h = room;

	return sj_bundle_anchor(h->store, h->anchor.bytes, h->anchor.len);
}

/* None or this one: it can be believed again. */
static bool has_anchor(void *room, unsigned long rc)
{
	return rc == SJ_OK || anchor(room) == SJ_OK;
}

/* A bundle with a service registry in use, and one with a delta on offer. */
static int offer_open(void **state)
{
	struct bundle_rig *r;

	assert_int_equal(bundle_rig_setup(state), 0);
	r = *state;
	bundle_add_status(r, 5);
	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{\"a\": 1}"));
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, 6));
	(void)bundle_add_delta(r, 5);
	bundle_sign(r);
	return 0;
}

/* The delta cannot be had: the list is wanted whole. */
static unsigned long offer(void *room)
{
	struct sj_bundle_want want = { .size = sizeof(want) };
	struct sj_bundle_info info = { .size = sizeof(info) };
	struct bundle_rig *r = room;
	struct sj_bundle *bundle = NULL;
	enum sj_rc rc = sj_bundle_begin(r->store, r->manifest.bytes, r->manifest.len, r->now,
					&bundle, &r->why);

	if (rc != SJ_OK)
		return rc;
	sj_bundle_offered(bundle, r->now, &info);
	if (info.version != 2 || !sj_bundle_wanted(bundle, &want))
		rc = SJ_INTERNAL;
	if (rc == SJ_OK)
		rc = sj_bundle_miss(bundle);
	if (rc == SJ_OK && !sj_bundle_wanted(bundle, &want))
		rc = SJ_INTERNAL;
	sj_bundle_end(bundle);
	return rc;
}

static bool is_the_old_one(void *room, unsigned long rc)
{
	const struct bundle_rig *r = room;

	(void)rc;
	return bundle_version(r) == 1 && bundle_epoch(r) == 5;
}

static unsigned long services(void *room)
{
	struct bundle_rig *r = room;
	char json[64];
	size_t len = sizeof(json);
	enum sj_rc rc = sj_bundle_services(r->store, json, &len);

	return rc == SJ_OK && len != 8 ? (unsigned long)SJ_INTERNAL : rc;
}

#define ROW(name, open, ready, run, check) \
	{ \
		name, FAIL_ALL, open, harbour_close, ready, run, .bad = sweep_files, \
								 .holds = check \
	}

const struct operation sweep_import[] = {
	ROW("trust: import a master list", list_open, harbour_ready, import_list, has_list),
	ROW("trust: import a master list taken apart elsewhere", list_open, harbour_ready,
	    import_list_elsewhere, has_list),
	ROW("trust: import a link", link_open, harbour_ready, import_link, has_link),
	ROW("trust: import a key CA", key_ca_open, harbour_ready, import_key_ca, has_key_ca),
	ROW("trust: import a CRL", crl_open, harbour_ready, import_crl, has_crl),
	{ "trust: import an older CRL", FAIL_ALL, crl_open, harbour_close, with_newer_crl,
	  import_crl, .good = SJ_INPUT_REFUSED, .bad = sweep_files, .holds = has_newer_crl },
	ROW("trust: import a key CA's CRL", key_crl_open, harbour_ready, import_crl, has_crl),
	ROW("trust: import tokens of a gate", tokens_open, harbour_ready, import_tokens,
	    imports_again),
	ROW("trust: look at it", crl_open, with_crl, look, NULL),
	ROW("bundle: anchor", tokens_open, harbour_ready, anchor, has_anchor),
	{ "bundle: an offer", FAIL_ALL, offer_open, bundle_rig_teardown, NULL, offer,
	  .bad = sweep_files, .holds = is_the_old_one },
	{ "bundle: services", FAIL_ALL, offer_open, bundle_rig_teardown, NULL, services,
	  .bad = sweep_files },
	OPERATIONS_END,
};
