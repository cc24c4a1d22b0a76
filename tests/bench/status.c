/* status.c -- a status list of 100 million indices, beside what others would send. */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>
#include <zlib.h>

#include "tests/bench/bench.h"
#include "trust/status_build.h"
#include "trust/status_delta.h"

#define PARTS 20u /* months */
#define PART_SIZE 5000000u
#define INDICES (PARTS * PART_SIZE)
#define DAILY 10000u /* newly revoked in a day */
#define LOADS 21u
#define QUERIES 5000000u
#define SLICE 5000u
#define INFLATIONS 51u
#define PACKED_PARTS 8u

/* Revoked indices as a plain bitmap and as the list's builder takes them. */
struct world {
	uint64_t seed;
	uint32_t revoked;
	uint8_t *bitmap; /* INDICES / 8 bytes */
	uint32_t *list;
	struct sj_status_revoked part[PARTS];
	struct sj_status_draft *draft;
	struct sj_status_list *coded;
	X509_CRL *crl;
	ASN1_INTEGER *number;
	uint8_t *packed; /* the bitmap, as a Token Status List has it */
	uLong packed_size;
};

/* SplitMix64: the same lists in each run. */
static uint64_t draw(struct world *w)
{
	uint64_t z = w->seed += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

static void revoke_more(struct world *w, uint32_t n)
{
	w->revoked += n;
	while (n > 0) {
		uint64_t i = draw(w) % INDICES;

		if (sj_status_bit(w->bitmap, (uint32_t)i))
			continue;
		w->bitmap[i / 8] |= (uint8_t)(1u << i % 8);
		n--;
	}
}

/* The coded list of what the bitmap says. */
static bool code(struct world *w)
{
	struct sj_span body;
	size_t n = 0;

	w->list = realloc(w->list, w->revoked * sizeof(*w->list));
	if (w->list == NULL)
		return false;
	for (uint32_t p = 0; p < PARTS; p++) {
		w->part[p] =
			(struct sj_status_revoked){ (uint16_t)(80 + p), PART_SIZE, w->list + n, n };
		for (uint32_t i = 0; i < PART_SIZE; i++)
			if (sj_status_bit(w->bitmap, p * PART_SIZE + i))
				w->list[n++] = i;
		w->part[p].n = n - w->part[p].n;
	}
	sj_status_draft_free(w->draft);
	return sj_status_build(w->part, PARTS, w->draft, &body) == SJ_OK &&
	       sj_status_list_open(body, w->coded);
}

static enum sj_status_answer ask(const struct world *w, uint32_t i)
{
	return sj_status_list_query(w->coded, (uint16_t)(80 + i / PART_SIZE), i % PART_SIZE);
}

static bool exact(const struct world *w)
{
	for (uint32_t i = 0; i < INDICES; i++)
		if (ask(w, i) !=
		    (sj_status_bit(w->bitmap, i) ? SJ_STATUS_REVOKED : SJ_STATUS_VALID))
			return false;
	return true;
}

double bench_entropy_bytes(double n, double m)
{
	return (lgamma(n + 1) - lgamma(m + 1) - lgamma(n - m + 1)) / log(2) / 8;
}

/* --- what others would send ----------------------------------------------------------- */

static bool add_revoked(X509_CRL *crl, ASN1_TIME *when, uint32_t serial)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	bool ok = entry != NULL && number != NULL && ASN1_INTEGER_set_uint64(number, serial) == 1 &&
		  X509_REVOKED_set_serialNumber(entry, number) == 1 &&
		  X509_REVOKED_set_revocationDate(entry, when) == 1 &&
		  X509_CRL_add0_revoked(crl, entry) == 1;

	ASN1_INTEGER_free(number);
	return ok;
}

/* NULL: failed. */
static X509_CRL *make_crl(const uint8_t *bitmap, uint32_t n)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	ASN1_TIME *when = ASN1_TIME_set(NULL, 1790000000);
	X509_CRL *crl = X509_CRL_new();
	bool ok = key != NULL && when != NULL && crl != NULL && X509_CRL_set_version(crl, 1) == 1 &&
		  X509_CRL_set1_lastUpdate(crl, when) == 1 &&
		  X509_CRL_set1_nextUpdate(crl, when) == 1;

	for (uint32_t i = 0; ok && i < n; i++)
		if (sj_status_bit(bitmap, i))
			ok = add_revoked(crl, when, i);
	ok = ok && X509_CRL_sign(crl, key, EVP_sha256()) > 0;
	ASN1_TIME_free(when);
	EVP_PKEY_free(key);
	if (ok)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}

double bench_crl_bytes(const uint8_t *bitmap, uint32_t n)
{
	X509_CRL *crl = make_crl(bitmap, n);
	const int size = crl != NULL ? i2d_X509_CRL(crl, NULL) : 0;

	X509_CRL_free(crl);
	return size;
}

/* The bitmap under zlib at its best. Its bytes; 0: failed. */
static double pack(struct world *w)
{
	w->packed_size = compressBound(INDICES / 8);
	free(w->packed);
	w->packed = malloc(w->packed_size);
	return w->packed && compress2(w->packed, &w->packed_size, w->bitmap, INDICES / 8,
				      Z_BEST_COMPRESSION) == Z_OK
		       ? (double)w->packed_size
		       : 0;
}

/* --- the rows --------------------------------------------------------------------------- */

static void size_row(struct bench *b, struct world *w, const char *id, const char *note)
{
	const struct bench_peer peers[] = {
		{ "crl", bench_crl_bytes(w->bitmap, INDICES) },
		{ "bitmap", INDICES / 8 },
		{ "token-status-list", pack(w) },
		{ NULL, 0 },
	};

	if (peers[0].value == 0 || peers[2].value == 0)
		bench_fail(b, "a peer of the status list could not be made");
	else
		bench_row_peers(b, id, (double)w->coded->body.len, "bytes",
				bench_entropy_bytes(INDICES, w->revoked), peers, note);
}

/* With one number object for all, which the list's own numbers are compared with. */
static int ask_crl(const struct world *w, uint32_t index)
{
	X509_REVOKED *entry = NULL;

	return ASN1_INTEGER_set_uint64(w->number, index) == 1 &&
	       X509_CRL_get0_by_serial(w->crl, &entry, w->number) == 1;
}

static int ask_list(const struct world *w, uint32_t index)
{
	return (int)ask(w, index);
}

/* Inflated as far as its byte; -1: failed. */
static int ask_packed(const struct world *w, uint32_t index)
{
	static uint8_t out[65536];
	z_stream z = { .next_in = w->packed, .avail_in = (uInt)w->packed_size };
	size_t left = index / 8 + 1, n = 0;
	int rc = inflateInit(&z);

	while (left > 0 && rc == Z_OK) {
		n = left < sizeof(out) ? left : sizeof(out);
		z.next_out = out;
		z.avail_out = (uInt)n;
		rc = inflate(&z, Z_NO_FLUSH);
		left -= n - z.avail_out;
	}
	inflateEnd(&z);
	return left == 0 ? sj_status_bit(out + n - 1, index % 8) : -1;
}

static int ask_bitmap(const struct world *w, uint32_t index)
{
	return sj_status_bit(w->bitmap, index);
}

/*
 * Each query's index depends on the answer before, so that nothing overlaps. In ns: the median of
 * slices of so many: what else the machine does is not the list's. Negative: it failed.
 */
static double query_ns(const struct world *w, uint32_t queries, uint32_t slice,
		       int (*answer)(const struct world *, uint32_t))
{
	struct bench_samples slices = { .ns = NULL };
	uint64_t at = 1;
	bool failed = false;
	double ns;
	int said;

	if (!bench_samples_init(&slices, queries / slice))
		return -1;
	for (uint32_t s = 0; s < queries / slice; s++) {
		int64_t start = bench_ns();

		for (uint32_t i = 0; i < slice; i++) {
			at = at * 6364136223846793005u + 1442695040888963407u;
			said = answer(w, (uint32_t)((at >> 32) * INDICES >> 32));
			at += (uint64_t)said;
			failed |= said < 0;
		}
		bench_sample(&slices, bench_ns() - start);
	}
	ns = bench_percentile(&slices, 50) * 1e6 / slice;
	bench_samples_free(&slices);
	return failed ? -1 : ns;
}

static double query_crl_ns(struct world *w)
{
	double ns = -1;

	w->crl = make_crl(w->bitmap, INDICES);
	w->number = ASN1_INTEGER_new();
	if (w->crl != NULL && w->number != NULL && ask_crl(w, 0) >= 0) /* it is sorted then */
		ns = query_ns(w, QUERIES, SLICE, ask_crl);
	X509_CRL_free(w->crl);
	ASN1_INTEGER_free(w->number);
	return ns;
}

/* The last of each of so many parts say what the bitmap says, or it is no peer. */
static double query_packed_ns(const struct world *w)
{
	for (uint32_t part = 0; part < PACKED_PARTS; part++)
		for (uint32_t i = 0; i < 8; i++) {
			const uint32_t at = INDICES / PACKED_PARTS * (part + 1) - 1 - i;

			if (ask_packed(w, at) != ask_bitmap(w, at))
				return -1;
		}
	return query_ns(w, INFLATIONS, 1, ask_packed);
}

static bool query_row(struct bench *b, struct world *w)
{
	const double ours = query_ns(w, QUERIES, SLICE, ask_list);
	const double floor = query_ns(w, QUERIES, SLICE, ask_bitmap);
	const struct bench_peer peers[] = { { "crl", query_crl_ns(w) },
					    { "token-status-list", query_packed_ns(w) },
					    { NULL, 0 } };

	if (ours < 0 || floor < 0 || peers[0].value < 0 || peers[1].value < 0)
		return false;
	bench_row_peers(
		b, "status.query.ns", ours, "ns", floor, peers,
		"random index among 100 M with 5 M revoked, one after the other; the Token Status List stays "
		"packed and is inflated up to the index; floor: a bitmap of 12.5 MB, which it is once inflated");
	return true;
}

/* What a reader of a Token Status List does before it asks: all of it is inflated. Negative: it failed. */
static double inflate_ms(const struct world *w)
{
	uLong whole = INDICES / 8;
	uint8_t *out = malloc(whole);
	const int64_t start = bench_ns();
	const bool ok = out != NULL && uncompress(out, &whole, w->packed, w->packed_size) == Z_OK;
	const double ms = (double)(bench_ns() - start) / 1e6;

	free(out);
	return ok ? ms : -1;
}

/* What opening does with a mapped file, but for the signatures of head and signer. */
static bool load_row(struct bench *b, struct world *w)
{
	struct sj_span body = w->coded->body;
	struct sj_status_head head = { .indices = INDICES };
	struct bench_samples loads = { .ns = NULL };
	const struct bench_peer peers[] = { { "token-status-list", inflate_ms(w) }, { NULL, 0 } };
	bool ok = peers[0].value >= 0 && bench_samples_init(&loads, LOADS) &&
		  sj_status_root(body, head.root);

	for (uint32_t i = 0; ok && i < LOADS; i++) {
		int64_t start = bench_ns();

		ok = sj_status_body_open(body, &head, w->coded);
		bench_sample(&loads, bench_ns() - start);
	}
	if (ok)
		bench_row_peers(
			b, "status.load.wall", bench_percentile(&loads, 50), "ms", BENCH_NO_FLOOR,
			peers,
			"root and directory of the list with 5 M revoked, before it is asked");
	bench_samples_free(&loads);
	return ok;
}

/* A day later: the delta must bring the old list to the new one. */
static bool delta_row(struct bench *b, struct world *w)
{
	struct sj_status_draft *old_draft = w->draft, *applied = calloc(1, sizeof(*applied));
	struct sj_status_list *old = w->coded;
	uint8_t *delta = NULL;
	struct sj_span body;
	size_t len = 0;
	bool ok;

	w->draft = calloc(1, sizeof(*w->draft));
	w->coded = calloc(1, sizeof(*w->coded));
	revoke_more(w, DAILY);
	ok = applied && w->draft && w->coded && code(w) &&
	     sj_status_delta_make(old, w->coded, &delta, &len) == SJ_OK &&
	     sj_status_delta_apply(old, sj_span(delta, len), applied, &body) == SJ_OK &&
	     sj_span_eq(body, w->coded->body);
	if (ok)
		bench_row(b, "status.delta.bytes", (double)len, "bytes",
			  bench_entropy_bytes(INDICES - (w->revoked - DAILY), DAILY),
			  "10,000 more revoked of 100 M with 5 M; without its head");
	if (applied != NULL)
		sj_status_draft_free(applied);
	free(applied);
	free(delta);
	sj_status_draft_free(old_draft);
	free(old_draft);
	free(old);
	return ok;
}

static bool rows(struct bench *b, struct world *w)
{
	revoke_more(w, 1000000);
	if (!code(w) || !exact(w))
		return false;
	size_row(b, w, "status.bytes.1m", "1 M of 100 M revoked, 20 partitions; floor: entropy");
	revoke_more(w, 4000000);
	if (!code(w) || !exact(w))
		return false;
	size_row(b, w, "status.bytes.5m", "5 M of 100 M revoked, 20 partitions; floor: entropy");
	return query_row(b, w) && load_row(b, w) && delta_row(b, w);
}

void bench_status(struct bench *b)
{
	struct world w = { .seed = 1,
			   .bitmap = calloc(INDICES / 8, 1),
			   .draft = calloc(1, sizeof(*w.draft)),
			   .coded = calloc(1, sizeof(*w.coded)) };

	if (w.bitmap == NULL || w.draft == NULL || w.coded == NULL || !rows(b, &w))
		bench_fail(b, "a status list was not exact, or could not be made");
	if (w.draft != NULL)
		sj_status_draft_free(w.draft);
	free(w.draft);
	free(w.coded);
	free(w.packed);
	free(w.list);
	free(w.bitmap);
}
