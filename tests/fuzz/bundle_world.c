#include "tests/fuzz/bundle_world.h"

#include <stdlib.h>
#include <string.h>

#include "crypt/memory.h"
#include "tests/failures/folder.h"
#include "tests/fuzz/failures.h"
#include "tools/authority/cert.h"
#include "trust/pseudonyms.h"

const uint8_t bundle_sector[SJ_TRUST_HASH] = { 7 }, bundle_identifier[SJ_TRUST_HASH] = { 7 };

/* --- signatures --------------------------------------------------------------------------------- */

/* Those of the files that there are hold each time: they are judged once, by OpenSSL, and looked up then. */
struct judged {
	struct sj_ec_point key;
	uint8_t digest[SJ_TRUST_HASH], signature[SJ_COSE_SIGNATURE];
};

static struct judged_all {
	struct judged each[64];
	size_t n;
	bool learning;
} * judged(void)
{
	static struct judged_all all;

	return &all;
}

/* The linker knows it by this name (--wrap). */
__typeof__(sj_ec_verify) __real_sj_ec_verify, __wrap_sj_ec_verify;

bool __wrap_sj_ec_verify(enum sj_curve curve, const struct sj_ec_point *key, struct sj_span digest,
			 struct sj_span signature)
{
	struct judged_all *all = judged();
	struct judged one;
	bool failed;

	memset(&one, 0, sizeof(one));
	if (curve != SJ_P256 || digest.len != sizeof(one.digest) ||
	    signature.len != sizeof(one.signature) || key->len > sizeof(one.key.bytes))
		return __real_sj_ec_verify(curve, key, digest, signature);
	one.key.len = key->len;
	memcpy(one.key.bytes, key->bytes, key->len);
	memcpy(one.digest, digest.ptr, digest.len);
	memcpy(one.signature, signature.ptr, signature.len);
	for (size_t i = 0; i < all->n; i++)
		if (memcmp(&all->each[i], &one, sizeof(one)) == 0) {
			failed = fuzz_fails(FUZZ_CRYPTO);
			if (failed)
				sj_memory_note(); /* it was not judged */
			return !failed;
		}
	if (!__real_sj_ec_verify(curve, key, digest, signature))
		return false;
	if (all->learning && all->n < sizeof(all->each) / sizeof(all->each[0]))
		all->each[all->n++] = one;
	return true;
}

void bundle_world_learns(bool learns)
{
	judged()->learning = learns;
}

/* --- what there is to offer ------------------------------------------------------------------- */

static struct rig_file pseudonyms(const struct status_rig *a, uint32_t epoch)
{
	struct rig_file file = { malloc(SJ_PSEUDONYMS_SIZE(1)), 0 };
	struct sj_writer w = sj_writer(file.bytes, SJ_PSEUDONYMS_SIZE(1));
	struct sj_key *key = sj_key_from_ec(SJ_P256, &a->signer);
	struct sj_pseudonyms_head head = { .issuer = SJ_SPAN_STR(RIG_ISSUER),
					   .epoch = epoch,
					   .not_before = RIG_NOW,
					   .next_update = RIG_NOW + RIG_DAY };
	uint8_t entry[SJ_PSEUDONYM_ENTRY];

	memcpy(head.sector, bundle_sector, sizeof(head.sector));
	if (!sj_pseudonym_entry(bundle_identifier, entry) ||
	    !sj_pseudonyms_put(&w, &head, SJ_SPAN_OF(entry), key))
		abort();
	sj_key_free(key);
	file.len = w.len;
	return file;
}

/* A CSCA, its successor's link certificate, and its revocation list. */
static void add_country(struct bundle_rig *r)
{
	struct sj_key *old = sj_key_generate("P-256"), *new = sj_key_generate("P-256");
	struct rig_file files[3] = { { malloc(SJ_ISSUED_CERT_MAX), 0 },
				     { malloc(SJ_ISSUED_CERT_MAX), 0 },
				     { malloc(SJ_ISSUED_CERT_MAX), 0 } };
	uint8_t name[SJ_ISSUED_NAME_MAX], spki[2][SJ_EC_SPKI_MAX];
	struct sj_writer n = SJ_WRITER_OF(name), o = SJ_WRITER_OF(spki[0]),
			 s = SJ_WRITER_OF(spki[1]);
	struct sj_cert_plan plan = { .kind = SJ_CERT_CSCA,
				     .serial = SJ_SPAN_STR("\1"),
				     .not_before = RIG_NOW - RIG_DAY,
				     .not_after = RIG_NOW + 900 * RIG_DAY,
				     .private_until = RIG_NOW + 300 * RIG_DAY,
				     .country = RIG_ISSUER };
	struct sj_crl_plan crl = { .number = 1,
				   .this_update = RIG_NOW - RIG_DAY,
				   .next_update = RIG_NOW + 90 * RIG_DAY };
	struct sj_writer w[3];

	for (size_t i = 0; i < 3; i++)
		w[i] = sj_writer(files[i].bytes, SJ_ISSUED_CERT_MAX);
	if (!sj_name_put(&n, "UT", NULL, "CSCA") || !sj_key_put_public(old, false, &o) ||
	    !sj_key_put_public(new, false, &s))
		abort();
	plan.issuer = plan.subject = crl.issuer = sj_written(&n);
	plan.issuer_spki = plan.subject_spki = crl.issuer_spki = sj_written(&o);
	if (!sj_cert_put(&w[0], &plan, old) || !sj_crl_put(&w[2], &crl, old))
		abort();
	plan.kind = SJ_CERT_LINK;
	plan.subject_spki = sj_written(&s);
	if (!sj_cert_put(&w[1], &plan, old))
		abort();
	for (size_t i = 0; i < 3; i++)
		files[i].len = w[i].len;
	bundle_add(r, SJ_BUNDLED_CSCA, files[0]);
	bundle_add(r, SJ_BUNDLED_LINK, files[1]);
	bundle_add(r, SJ_BUNDLED_CRL, files[2]);
	sj_key_free(old);
	sj_key_free(new);
}

static void add_files(struct bundle_rig *r)
{
	const struct bundle_file *delta;

	bundle_add_status(r, 2);
	delta = bundle_add_delta(r, 1);
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, 1));
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, 3));
	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{\"a\": 1}"));
	bundle_add(r, SJ_BUNDLED_CV_LINK, bundle_text("cv"));
	bundle_add(r, SJ_BUNDLED_PSEUDONYMS, pseudonyms(r->authority, 1));
	bundle_add(r, SJ_BUNDLED_PSEUDONYMS, pseudonyms(r->authority, 2));
	add_country(r);
	bundle_add(r, SJ_BUNDLED_STATUS_DELTA, bundle_text("to nowhere"));
	memcpy(r->files[FALSE_DELTA].entry.from, delta->entry.from, sizeof(delta->entry.from));
	if (r->count != FILES)
		abort();
}

static void tidy(void)
{
	void *r = bundle_world()->r;

	(void)bundle_rig_teardown(&r);
}

/* Memory is quicker than a disk. */
static void move_store(struct bundle_rig *r)
{
	char path[] = "/dev/shm/sojourn-store-XXXXXX";

	if (mkdtemp(path) == NULL)
		return;
	folder_empty(r->store, true);
	strcpy(r->store, path);
}

struct world *bundle_world(void)
{
	static struct world w;
	struct sj_ec_secret successor, stranger;
	void *state = NULL;

	if (w.r != NULL)
		return &w;
	if (bundle_rig_setup(&state) != 0)
		abort();
	w.r = state;
	move_store(w.r);
	add_files(w.r);
	rig_new_key(&successor);
	rig_new_key(&stranger);
	w.keys[OWN] = w.keys[NOBODY] = sj_key_from_ec(SJ_P256, &w.r->key);
	w.keys[SUCCESSOR] = sj_key_from_ec(SJ_P256, &successor);
	w.keys[STRANGER] = sj_key_from_ec(SJ_P256, &stranger);
	w.tokens[OWN] = w.tokens[NOBODY] = w.r->tokens[0];
	w.tokens[SUCCESSOR] = bundle_token(RIG_NOW, RIG_ISSUER, &successor, &w.r->key);
	w.tokens[STRANGER] = bundle_token(RIG_NOW, RIG_ISSUER, &stranger, &stranger);
	(void)atexit(tidy);
	fuzz_stays();
	return &w;
}
