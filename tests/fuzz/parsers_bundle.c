/*
 * parsers_bundle.c -- a trust directory that is offered one bundle after the other: by whom it believes
 * and by others, older ones, with files that are not what they should be, cut off, and damage to what it has.
 * After each the old bundle is in use or the new one, whole; never an older one, never one that nobody
 * believed here has signed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sojourn/status.h>

#include "tests/failures/folder.h"
#include "tests/fuzz/bundle_world.h"
#include "tests/fuzz/failures.h"
#include "trust/pseudonyms.h"
#include "wire/hex.h"

/*
 * An input: steps, each begins with its number. OFFER: version (1), which files (2), how (1), and with
 * EDITED: of which file (1), where (2), so many (1) bytes; ALTER: where (2), so many (1) bytes of
 * the manifest offered last, how (1); DAMAGE: which file of the store (1), how (1); WAIT: hours (1).
 */
enum step { OFFER, ALTER, DAMAGE, WAIT, STEPS };
#define STEPS_MAX 5u

/* How, of an offer, beside its signer. */
#define EXPIRED 0x04u
#define MADE_BEFORE 0x08u
#define NO_DELTAS 0x10u
#define CUT_OFF 0x20u
#define EDITED 0x40u
#define SERVED_WRONG 0x80u

/* What is in use, as its readers see it. */
struct seen {
	char manifest[SJ_BUNDLE_NAME_SIZE]; /* its hash; "": none */
	uint32_t version, epoch, pseudonyms;
	size_t certificates, services;
};

#define FILE_MAX 16384u
#define MANIFEST_MAX 2048u

struct life {
	struct world *w;
	int64_t now;
	struct seen is;
	bool changed; /* by somebody: then it need not hold */
	bool handed_over; /* to the successor */
	bool taken; /* a bundle, in this input */
	bool worn; /* more than one call failed: what could not be read twice is repaired by what comes */
	uint8_t manifest[MANIFEST_MAX]; /* offered last */
	size_t len;
	/* Of the offer. */
	uint8_t signer, how;
	bool known; /* what is in it: `mask` */
	uint32_t mask;
	size_t edited; /* which file; FILES: none */
	uint8_t bytes[FILE_MAX];
};

/* --- the store ----------------------------------------------------------------------------------- */

static void path_in(const struct life *l, const char *name, char out[static 256])
{
	snprintf(out, 256, "%s/%s", l->w->r->store, name);
}

static void put_bytes(const struct life *l, const char *name, struct sj_span bytes)
{
	char path[256];
	int fd;

	path_in(l, name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes.ptr, bytes.len) != (ssize_t)bytes.len)
		abort();
	close(fd);
}

/* Empty, but for whom it believes. */
static void renew(const struct life *l)
{
	const struct rig_file *token = &l->w->tokens[OWN];
	char path[256];

	folder_empty(l->w->r->store, false);
	path_in(l, "bundle", path);
	if (mkdir(path, 0755) != 0)
		abort();
	put_bytes(l, "bundle/anchor.cwt", sj_span(token->bytes, token->len));
}

static void no_hash(char out[static SJ_BUNDLE_NAME_SIZE])
{
	memset(out, 0, SJ_BUNDLE_NAME_SIZE);
}

/* The hash in bundle/current. */
static void read_current(const struct life *l, char out[static SJ_BUNDLE_NAME_SIZE])
{
	char path[256], line[2 + SJ_BUNDLE_NAME_SIZE] = "";
	ssize_t n;
	int fd;

	no_hash(out);
	path_in(l, "bundle/current", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, line, sizeof(line));
	if (n == (ssize_t)sizeof(line))
		memcpy(out, line + 2, SJ_BUNDLE_NAME_SIZE - 1);
	close(fd);
}

static size_t certificates(const struct life *l)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	struct sj_trust *trust = NULL;
	size_t n = 0;

	if (sj_trust_open(l->w->r->store, &trust) != SJ_OK)
		return 0;
	for (; sj_trust_get(trust, n, &entry); n++)
		if (strcmp(entry.subject, "(unreadable)") == 0 && !l->changed)
			abort();
	if (sj_trust_check_crls(trust) != 0 && !l->changed)
		abort();
	sj_trust_close(trust);
	return n;
}

static uint32_t epoch(const struct life *l)
{
	struct sj_status_info info = { .size = sizeof(info) };
	struct sj_status *status;

	if (sj_status_open(l->w->r->store, RIG_ISSUER, &status) != SJ_OK)
		return 0;
	sj_status_describe(status, RIG_NOW, &info);
	if (sj_status_query(status, RIG_PARTITION, 0) != SJ_STATUS_REVOKED ||
	    sj_status_query(status, RIG_PARTITION, info.epoch) != SJ_STATUS_VALID)
		abort();
	sj_status_close(status);
	return info.epoch;
}

static uint32_t pseudonyms_epoch(const struct life *l)
{
	struct sj_pseudonyms_answer answer = { .epoch = 0 };
	int dir = open(l->w->r->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum sj_rc rc = sj_pseudonyms_ask(dir, bundle_sector, bundle_identifier, &answer);

	if (rc == SJ_OK && !answer.revoked)
		abort();
	close(dir);
	return rc == SJ_OK ? answer.epoch : 0;
}

static struct seen look(const struct life *l)
{
	struct sj_bundle_info info = { .size = sizeof(info) };
	struct seen s;
	char json[64];
	size_t len = sizeof(json);

	memset(&s, 0, sizeof(s)); /* compared as bytes */
	fuzz_calm_begin();
	if (sj_bundle_describe(l->w->r->store, l->now, &info) == SJ_OK)
		read_current(l, s.manifest);
	s.version = info.version;
	s.certificates = certificates(l);
	s.epoch = epoch(l);
	s.pseudonyms = pseudonyms_epoch(l);
	s.services = sj_bundle_services(l->w->r->store, json, &len) == SJ_OK ? len : 0;
	fuzz_calm_end();
	return s;
}

/* --- taking in ----------------------------------------------------------------------------------- */

static ssize_t quick_write(void *self, int fd, const void *bytes, size_t n)
{
	(void)self;
	return write(fd, bytes, n);
}

/* No plug is pulled here. */
static int quick_fsync(void *self, int fd)
{
	(void)self;
	(void)fd;
	return fuzz_fails(FUZZ_STORAGE) ? -1 : 0;
}

static int quick_rename(void *self, int dir, const char *from, const char *to)
{
	(void)self;
	return renameat(dir, from, dir, to);
}

static struct sj_span file_of(const struct life *l, size_t i)
{
	const struct rig_file *file = &l->w->r->files[i].file;

	return i == l->edited ? sj_span(l->bytes, file->len) : sj_span(file->bytes, file->len);
}

static void name_of(struct sj_span bytes, char out[static SJ_BUNDLE_NAME_SIZE])
{
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, &bytes, 1, hash) ||
	    !sj_hex_text(sj_span(hash, SJ_TRUST_HASH), SJ_HEX_LOWER, out, SJ_BUNDLE_NAME_SIZE))
		abort();
}

/* The file of that name, if the source gives it. */
static enum sj_rc answer(const struct life *l, struct sj_bundle *bundle, const char *wanted)
{
	char name[SJ_BUNDLE_NAME_SIZE];
	struct sj_span bytes = { NULL, 0 };
	bool found = false;

	fuzz_calm_begin();
	for (size_t i = 0; i < FILES && !found; i++) {
		bytes = file_of(l, i);
		name_of(bytes, name);
		found = strcmp(name, wanted) == 0 &&
			((l->how & NO_DELTAS) == 0 || (i != DELTA_2 && i != FALSE_DELTA));
	}
	fuzz_calm_end();
	if (!found)
		return sj_bundle_miss(bundle);
	if ((l->how & SERVED_WRONG) != 0 &&
	    sj_bundle_give(bundle, bytes.ptr, bytes.len - 1, NULL) == SJ_OK)
		abort();
	return sj_bundle_give(bundle, bytes.ptr, bytes.len, NULL);
}

/* *applied: else nothing in use was touched. */
static enum sj_rc take(const struct life *l, bool *applied)
{
	const struct sj_trust_io io = { quick_write, quick_fsync, quick_rename, NULL };
	struct sj_bundle_want want = { .size = sizeof(want) };
	struct sj_bundle *bundle = NULL;
	enum sj_rc rc = sj_bundle_begin_with(&io, l->w->r->store, l->manifest, l->len, l->now,
					     &bundle, NULL);

	for (unsigned i = 0; rc == SJ_OK && bundle != NULL && sj_bundle_wanted(bundle, &want); i++)
		rc = i > 2 && (l->how & CUT_OFF) != 0 ? SJ_INPUT_UNREADABLE
						      : answer(l, bundle, want.name);
	*applied = rc == SJ_OK && bundle != NULL;
	if (*applied)
		rc = sj_bundle_apply(bundle, NULL);
	sj_bundle_end(bundle);
	return rc;
}

static void insist_at(bool holds, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d does not hold\n", __FILE__, line);
	abort();
}
#define insist(holds) insist_at((holds), __LINE__)

/* What has come into use is what was offered, by somebody believed, whole, and no step back. */
static void check_new(const struct life *l, const struct seen *was, const struct seen *is)
{
	const uint32_t lists =
		(l->mask >> LIST_1 & 1) + 2 * (l->mask >> LIST_2 & 1) + 3 * (l->mask >> LIST_3 & 1);
	const uint32_t revoked = (l->mask >> PSEUDONYMS_1 & 1) + 2 * (l->mask >> PSEUDONYMS_2 & 1);
	const size_t anchors = (l->mask >> CSCA & 1) + (l->mask >> LINK & 1);
	char offered[SJ_BUNDLE_NAME_SIZE];

	name_of(sj_span(l->manifest, l->len), offered);
	insist(strcmp(is->manifest, offered) == 0);
	insist(l->signer == OWN || l->signer == SUCCESSOR);
	if (l->changed)
		return;
	insist(l->signer == SUCCESSOR || !l->handed_over);
	insist(is->version > was->version);
	insist(l->worn || is->epoch >= was->epoch || is->epoch == 0);
	insist(l->worn || is->pseudonyms >= was->pseudonyms || is->pseudonyms == 0);
	if (!l->known)
		return;
	insist(is->epoch == lists && is->pseudonyms == revoked);
	insist(is->certificates == anchors);
	insist((is->services > 0) == ((l->mask >> SERVICES & 3) != 0));
}

static void offer(struct life *l)
{
	const struct seen was = l->is;
	const unsigned failures = fuzz_failures();
	char offered[SJ_BUNDLE_NAME_SIZE];
	bool applied;
	enum sj_rc rc = take(l, &applied);

	l->worn = fuzz_failures() - failures > 1;
	if (!applied)
		return;
	fuzz_calm_begin();
	l->is = look(l);
	if (strcmp(l->is.manifest, was.manifest) != 0) {
		insist(rc == SJ_OK || !fuzz_is_calm());
		if (l->is.manifest[0] != '\0' || !l->changed)
			check_new(l, &was, &l->is);
		l->handed_over |= l->signer == SUCCESSOR;
		l->taken = true;
	} else {
		/* What is in use already is taken again if a failure kept that from being seen. */
		name_of(sj_span(l->manifest, l->len), offered);
		insist(rc != SJ_OK || l->changed ||
		       (strcmp(offered, was.manifest) == 0 && !fuzz_is_calm()));
		insist(l->changed || memcmp(&l->is, &was, sizeof(was)) == 0);
	}
	fuzz_calm_end();
}

/* --- steps -------------------------------------------------------------------------------------- */

/* Bytes of the input over those of a file; false: that changed nothing. */
static bool edit(struct life *l, struct sj_span *in)
{
	uint32_t which, at, n;
	struct sj_span bytes;
	const struct rig_file *file;

	if (!sj_take_be(in, 1, &which) || !sj_take_be(in, 2, &at) || !sj_take_be(in, 1, &n) ||
	    !sj_take(in, n < in->len ? n : in->len, &bytes))
		return false;
	file = &l->w->r->files[which % FILES].file;
	insist(file->len <= sizeof(l->bytes));
	memcpy(l->bytes, file->bytes, file->len);
	for (size_t i = 0; i < bytes.len; i++)
		l->bytes[(at + i) % file->len] = bytes.ptr[i];
	if (memcmp(l->bytes, file->bytes, file->len) == 0)
		return false;
	l->edited = which % FILES;
	return true;
}

static bool sign(struct life *l, uint32_t version)
{
	const struct world *w = l->w;
	const struct sj_span tokens[2] = {
		sj_span(w->tokens[OWN].bytes, w->tokens[OWN].len),
		sj_span(w->tokens[l->signer].bytes, w->tokens[l->signer].len),
	};
	const bool two = l->signer == SUCCESSOR;
	struct sj_bundle_entry entries[FILES];
	struct sj_bundle_plan plan = {
		.issuer = RIG_ISSUER,
		.version = version,
		.created = (uint32_t)(l->now - ((l->how & MADE_BEFORE) != 0 ? 90000 : 3600)),
		.expires =
			(uint32_t)(l->now + ((l->how & EXPIRED) != 0 ? -1 : 7 * (int64_t)RIG_DAY)),
		.signers = two ? tokens : tokens + 1,
		.signer_count = two ? 2 : 1,
		.entries = entries,
	};
	struct sj_writer out = SJ_WRITER_OF(l->manifest);
	uint8_t hash[SJ_HASH_MAX];

	for (size_t i = 0; i < FILES; i++) {
		const struct sj_span bytes = file_of(l, i);

		if ((l->mask >> i & 1) == 0)
			continue;
		entries[plan.count] = w->r->files[i].entry;
		if (i == l->edited && sj_hash(SJ_SHA256, &bytes, 1, hash))
			memcpy(entries[plan.count].hash, hash, SJ_TRUST_HASH);
		plan.count++;
	}
	if (!sj_bundle_put(&out, &plan, w->keys[l->signer]))
		return false;
	l->len = out.len;
	l->manifest[l->len - 1] ^= l->signer == NOBODY;
	return true;
}

static bool on_offer(struct life *l, struct sj_span *in)
{
	uint32_t version, how;
	bool made;

	if (!sj_take_be(in, 1, &version) || !sj_take_be(in, 2, &l->mask) ||
	    !sj_take_be(in, 1, &how))
		return false;
	fuzz_calm_begin();
	l->how = (uint8_t)how;
	l->signer = how % SIGNERS;
	l->edited = FILES;
	l->known = (how & EDITED) == 0 || !edit(l, in);
	made = sign(l, version);
	fuzz_calm_end();
	if (made)
		offer(l);
	return true;
}

/* The payload with bytes of the input in it, signed again or not. */
static bool on_alter(struct life *l, struct sj_span *in)
{
	uint32_t at, n, how;
	uint8_t payload[MANIFEST_MAX];
	struct sj_writer out = SJ_WRITER_OF(l->manifest), w = SJ_WRITER_OF(payload);
	struct sj_span bytes;
	struct sj_cose cose;
	bool same = true;

	if (!sj_take_be(in, 2, &at) || !sj_take_be(in, 1, &n) ||
	    !sj_take(in, n < in->len ? n : in->len, &bytes) || !sj_take_be(in, 1, &how))
		return false;
	if (!sj_cose_parse(sj_span(l->manifest, l->len), &cose))
		return true;
	fuzz_calm_begin();
	sj_put(&w, cose.payload);
	for (size_t i = 0; i < bytes.len; i++) {
		same &= payload[(at + i) % w.len] == bytes.ptr[i];
		payload[(at + i) % w.len] = bytes.ptr[i];
	}
	l->how = (uint8_t)how;
	if ((how & 1) != 0 && l->signer != NOBODY) {
		insist(sj_cose_put(&out, sj_written(&w), l->w->keys[l->signer]));
		l->len = out.len;
	} else {
		memcpy(l->manifest + (cose.payload.ptr - l->manifest), payload, w.len);
		l->signer = same ? l->signer : NOBODY;
	}
	l->known &= same;
	fuzz_calm_end();
	offer(l);
	return true;
}

static bool on_damage(struct life *l, struct sj_span *in)
{
	static const char *const names[] = {
		"current",    "newest",     "signer.cwt", "a/index", "b/index",
		"a/manifest", "b/manifest", "a",          "files",   "a/services.json",
	};
	uint32_t which, how;
	char name[64], path[256];

	if (!sj_take_be(in, 1, &which) || !sj_take_be(in, 1, &how))
		return false;
	fuzz_calm_begin();
	snprintf(name, sizeof(name), "bundle/%s",
		 names[which % (sizeof(names) / sizeof(names[0]))]);
	path_in(l, name, path);
	if (access(path, F_OK) == 0) {
		folder_empty(path, false);
		(void)remove(path);
		if (how % 4 == 1)
			put_bytes(l, name, sj_span((const uint8_t *)path, how >> 2));
		else if (how % 4 == 2)
			insist(mkdir(path, 0755) == 0);
		else if (how % 4 == 3)
			insist(symlink("/dev/null", path) == 0);
		l->changed = true;
	}
	fuzz_calm_end();
	l->is = look(l);
	return true;
}

static bool on_wait(struct life *l, struct sj_span *in)
{
	uint32_t hours;

	if (!sj_take_be(in, 1, &hours))
		return false;
	l->now += 3600 * (int64_t)hours;
	return true;
}

static bool run(struct sj_span in)
{
	static bool (*const steps[STEPS])(struct life *, struct sj_span *) = { on_offer, on_alter,
									       on_damage, on_wait };
	static struct life l;
	uint32_t step;

	fuzz_calm_begin();
	l.w = bundle_world();
	renew(&l);
	fuzz_calm_end();
	l.now = RIG_NOW;
	memset(&l.is, 0, sizeof(l.is));
	l.changed = l.handed_over = l.taken = l.known = false;
	l.len = 0;
	l.edited = FILES;
	for (unsigned i = 0; i < STEPS_MAX && sj_take_be(&in, 1, &step); i++)
		if (!steps[step % STEPS](&l, &in))
			break;
	return l.taken;
}

#define BIT(file) (1u << (file))
#define TOKENS (BIT(STATUS_SIGNER) | BIT(GATE_CA))
#define COUNTRY (BIT(CSCA) | BIT(LINK) | BIT(CRL))

static void put_offer(struct sj_writer *w, uint8_t version, uint32_t mask, uint8_t how)
{
	sj_put_u8(w, OFFER);
	sj_put_u8(w, version);
	sj_put_be(w, 2, mask);
	sj_put_u8(w, how);
}

static bool seed(size_t i, struct sj_writer *w)
{
	const uint32_t first = TOKENS | COUNTRY | BIT(LIST_1) | BIT(SERVICES) | BIT(PSEUDONYMS_1);
	const uint32_t next = TOKENS | COUNTRY | BIT(LIST_2) | BIT(DELTA_2) | BIT(FALSE_DELTA) |
			      BIT(PSEUDONYMS_2);

	if (i > 6)
		return false;
	put_offer(w, 2, first, i == 1 ? OWN | CUT_OFF : OWN);
	if (i == 1) { /* what was cut off goes on; what is wrong is asked for again */
		put_offer(w, 2, first, OWN);
		put_offer(w, 3, next, OWN | NO_DELTAS | SERVED_WRONG);
	} else if (i == 2) { /* by the successor, then by who has handed over, and older */
		put_offer(w, 3, next | BIT(CV), SUCCESSOR);
		put_offer(w, 4, first, OWN);
		put_offer(w, 4, first, SUCCESSOR);
		put_offer(w, 5, first, SUCCESSOR | MADE_BEFORE);
	} else if (i == 3) { /* nobody's */
		put_offer(w, 3, next, STRANGER);
		put_offer(w, 3, next, NOBODY);
		sj_put(w, SJ_SPAN_STR("\1\0\7\1\x09\0"));
		put_offer(w, 9, next, OWN | EXPIRED);
	} else if (i == 4) { /* a file that is signed for, but not what it should be */
		put_offer(w, 3, next, OWN | EDITED);
		sj_put(w, SJ_SPAN_STR("\2\0\x20\1\x55"));
		sj_put(w, SJ_SPAN_STR("\1\0\7\1\4\1"));
	} else if (i == 5) { /* damaged where it lies, and made good by the next */
		sj_put(w, SJ_SPAN_STR("\2\5\1\3\x20"));
		put_offer(w, 4, BIT(OTHER_SERVICES), OWN);
		sj_put(w, SJ_SPAN_STR("\2\0\0"));
		put_offer(w, 5, TOKENS | BIT(LIST_3), OWN);
	} else if (i == 6) { /* newer, but not its lists */
		put_offer(w, 3, next, OWN);
		put_offer(w, 4, TOKENS | BIT(LIST_1), OWN);
		put_offer(w, 4, TOKENS | BIT(PSEUDONYMS_1), OWN);
	} else {
		put_offer(w, 3, next, OWN);
		put_offer(w, 2, first, OWN);
		put_offer(w, 9, TOKENS | BIT(LIST_3), OWN);
	}
	return true;
}

struct fuzz_room fuzz_bundle(void)
{
	static const struct fuzz_parser parsers[] = { { "bundle-take", seed, run } };

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
