/*
 * pkcs11.c -- our PKCS#11 module beside opensc-pkcs11 and ykcs11: same card, same pcscd,
 * commands counted at the card's end, programs of their own that sign (signer.c).
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sojourn/piv.h>

#include "tests/bench/bench.h"

#define PIN "246802"
#define CARD "libexec/sojourn/sojourn-card"
#define AUTHORITY "libexec/sojourn/sojourn-authority"
#define RUNS 15 /* of what is timed; the median counts */
#define ROUNDS 5 /* of a second each, in turn, so that noise meets all alike; the median counts */
#define MANY 11 /* signatures of a run that tells what one more costs */
#define LISTED 12 /* certificates of 9A, 9C, 9D, 9E and F9; seven data objects that want no PIN */

enum { OURS, OPENSC, YKCS11, MODULES };
static const struct {
	const char *name, *library, *id;
} modules[MODULES] = {
	[OURS] = { "ours", NULL, "9A" },
	[OPENSC] = { "opensc", "opensc-pkcs11.so", "01" },
	[YKCS11] = { "ykcs11", "libykcs11.so.2", "01" },
};

/* What each module took; 0: it failed, or is not here. */
struct figure {
	double of[MODULES];
};

struct stage {
	struct bench *b;
	struct bench_place place;
	char pin[BENCH_PATH + 32], ec[BENCH_PATH + 32], rsa[BENCH_PATH + 32];
	bool peers; /* they know no channel: on contact only */
	const char *suffix;
	char path[MODULES][2 * BENCH_PATH]; /* empty: it is not here */
	/* Signatures a second by PC/SC alone, on contact: EC, RSA; beside 1 and 8 threads. */
	double bare[2][2];
	double channel_ms,
		operations_ms; /* of card and reader, bare: until it is open; up to a signature */
	unsigned objects[MODULES]; /* that each has listed */
	struct bench_least listed, first, known; /* what so many commands and these take */
};

/* --- the signing program ------------------------------------------------------------ */

static void find_modules(struct stage *s)
{
	char why[64];

	snprintf(s->path[OURS], sizeof(s->path[OURS]), "%s/lib/pkcs11/sojourn-pkcs11.so",
		 s->b->build);
	for (unsigned i = OPENSC; i < MODULES; i++) {
		snprintf(why, sizeof(why), "%s is not installed", modules[i].library);
		if (!bench_library(modules[i].library, s->path[i]))
			bench_lack(s->b, modules[i].name, why);
	}
}

static bool plays(const struct stage *s, unsigned module)
{
	return module == OURS || (s->peers && s->path[module][0] != '\0');
}

/* `what`: "discover", whose objects are counted, "first", "rate"; `more`: arguments. What it prints; 0: it failed. */
static double signer(struct stage *s, unsigned module, const char *what, const char *more)
{
	char line[6 * BENCH_PATH];
	double value = 0;
	FILE *out;
	int n;

	snprintf(line, sizeof(line), "%s/tests/bench/signer %s %s %s " PIN " %s", s->b->build, what,
		 s->path[module], modules[module].id, more);
	out = popen(line, "r");
	if (out == NULL)
		return 0;
	n = fscanf(out, "%lf %u", &value, &s->objects[module]);
	return pclose(out) == 0 && n > 0 ? value : 0;
}

/* From now on the module knows no card. */
static bool forget(const struct stage *s)
{
	static unsigned n;
	char home[BENCH_PATH + 32];

	snprintf(home, sizeof(home), "%s/home-%u", s->b->dir, n++);
	return setenv("HOME", home, 1) == 0 && setenv("XDG_CACHE_HOME", home, 1) == 0;
}

/* --- cards --------------------------------------------------------------------------- */

static bool issue(const struct stage *s, const char *file, const char *key_algorithm)
{
	char card[2 * BENCH_PATH];
	const char *const argv[] = { AUTHORITY,
				     "issue",
				     "--again",
				     "--authority",
				     s->place.authority,
				     "--portrait",
				     "tools/demo/face.jpg",
				     "--can-file",
				     s->place.can,
				     "--letter-out",
				     s->place.letter,
				     "--holder",
				     s->place.holder,
				     "--no-gate",
				     "--pin-file",
				     s->pin,
				     "--key-algorithm",
				     key_algorithm,
				     "--exec",
				     "--",
				     card,
				     "card",
				     "run",
				     file,
				     "--link",
				     "stdio",
				     NULL };

	snprintf(card, sizeof(card), "%s/" CARD, s->b->build);
	unlink(s->place.letter);
	return bench_blank(s->b, file) && bench_run(s->b, argv);
}

static bool prepare(struct stage *s)
{
	FILE *f;

	snprintf(s->pin, sizeof(s->pin), "%s/pin", s->b->dir);
	snprintf(s->ec, sizeof(s->ec), "%s/ec.card", s->b->dir);
	snprintf(s->rsa, sizeof(s->rsa), "%s/rsa.card", s->b->dir);
	f = fopen(s->pin, "w");
	if (f == NULL)
		return false;
	fputs(PIN "\n", f);
	if (fclose(f) != 0 || chmod(s->pin, 0600) != 0)
		return false;
	return bench_place_make(s->b, &s->place) && issue(s, s->ec, "9A:P-256") &&
	       issue(s, s->rsa, "9A:RSA-2048");
}

static bool present(void)
{
	struct bench_client *there = bench_client_open(BENCH_READER_0);

	bench_client_close(there);
	return there != NULL;
}

/* In the reader, or, `listen` not NULL, waiting at that port for whom it may concern. */
static bool run_card(struct stage *s, const char *file, const char *listen)
{
	char port[16];
	const char *const argv[] = { CARD,          "card",
				     "run",         file,
				     "--interface", s->peers ? "contact" : "contactless",
				     "--link",      listen != NULL ? "listen" : "dial",
				     "--port",      listen != NULL ? listen : port,
				     NULL };

	snprintf(port, sizeof(port), "%u", s->b->port);
	bench_remove(s->b, 0);
	s->b->card[0] = bench_start(s->b, argv);
	return s->b->card[0] > 0 && (listen != NULL || present());
}

/* --- what the keys cost ---------------------------------------------------------------- */

static enum sj_rc tell_can(void *user, const struct sj_piv_question *question, char *out,
			   size_t cap, bool *remember)
{
	(void)user;
	(void)question;
	(void)remember;
	snprintf(out, cap, "%s", BENCH_CAN);
	return SJ_OK;
}

/* From an open card to its channel, or to the first signature, by the calls that the module makes. */
static bool use_inside(struct sj_card *card, bool signs)
{
	const struct sj_piv_options options = { .size = sizeof(options), .ask = tell_can };
	const uint8_t digest[32] = { 1 };
	uint8_t signature[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(signature);
	struct sj_piv *piv = NULL;
	bool ok = sj_piv_open(card, &options, &piv) == SJ_OK;

	ok = ok && (!signs || (sj_piv_verify(piv, SJ_PIV_PIN, PIN, strlen(PIN), NULL) == SJ_OK &&
			       sj_piv_sign(piv, SJ_PIV_KEY_AUTHENTICATION, SJ_PIV_P256, digest,
					   sizeof(digest), signature, &len) == SJ_OK));

	sj_piv_close(piv);
	return ok;
}

/* Bare: on contact the signature alone, if any; over the air the channel of both ends, too. */
static bool measure_operations(const struct stage *s, bool signs, double *ms)
{
	struct bench_calls calls = { .call = { { BENCH_SIGN, SJ_P256, 1 } } };
	struct bench_inside *in = NULL;
	char text[320];
	bool ok = true;

	*ms = 0;
	if (s->peers && !signs)
		return true;
	if (!s->peers) {
		calls.call[0].count = 0;
		in = bench_inside_open(s->ec, NULL);
		bench_record(&calls);
		ok = in && use_inside(bench_inside_card(in), signs);
		bench_record(NULL);
		bench_inside_close(in);
	}
	return ok && bench_floor(&calls, ms, text, sizeof(text));
}

/* --- what is measured ------------------------------------------------------------------- */

static void row(const struct stage *s, const char *id, const struct figure *f, const char *unit,
		double floor, const char *note)
{
	struct bench_peer peers[MODULES] = { { NULL, 0 } };
	char name[64];
	size_t n = 0;

	snprintf(name, sizeof(name), "pkcs11.%s.%s", id, s->suffix);
	if (f->of[OURS] <= 0) {
		bench_fail(s->b, name);
		return;
	}
	for (unsigned i = OPENSC; i < MODULES; i++) {
		if (f->of[i] > 0)
			peers[n++] = (struct bench_peer){ modules[i].name, f->of[i] };
		else if (plays(s, i))
			bench_lack(s->b, name, i == OPENSC ? "opensc failed" : "ykcs11 failed");
	}
	if (s->peers)
		bench_row_peers(s->b, name, f->of[OURS], unit, floor, peers, note);
	else
		bench_row(s->b, name, f->of[OURS], unit, floor, note);
}

/* Commands of a run; with signatures: so many. */
static double commands(struct stage *s, unsigned module, struct bench_relay *through,
		       const char *what, unsigned n)
{
	char more[32];
	unsigned before = through->count;

	snprintf(more, sizeof(more), "ec %u", n);
	return signer(s, module, what, more) > 0 ? (double)(through->count - before) : 0;
}

static bool measure_least(const struct stage *s, double apdus, double operations_ms,
			  struct bench_least *out)
{
	const struct bench_talk talk = { .apdus = (unsigned)apdus,
					 .operations_ms = operations_ms,
					 .connects = true };

	return bench_least(s->b, &talk, out);
}

/* And how long so many take at least. */
static bool command_rows(struct stage *s)
{
	const double channel = s->peers ? 0 : 5;
	struct figure listed = { 0 }, first = { 0 }, known = { 0 }, more = { 0 };
	char port[16], note[320];
	pid_t relay = 0;
	struct bench_relay *through = NULL;
	bool there;

	snprintf(port, sizeof(port), "%u", s->b->port + BENCH_SLOTS);
	if (run_card(s, s->ec, port))
		through = bench_relay(s->b->port, s->b->port + BENCH_SLOTS, &relay);
	there = through != NULL && present();
	for (unsigned i = 0; there && i < MODULES; i++) {
		if (!plays(s, i) || !forget(s))
			continue;
		listed.of[i] = commands(s, i, through, "discover", 0);
		if (!forget(s))
			continue;
		first.of[i] = commands(s, i, through, "first", 1);
		known.of[i] = commands(s, i, through, "first", 1);
		more.of[i] = (commands(s, i, through, "first", MANY) - known.of[i]) / (MANY - 1);
	}
	snprintf(
		note, sizeof(note),
		"C_Initialize until all is listed that a module shows of a new card without a PIN (objects: ours %u, "
		"opensc %u, ykcs11 %u); floor: SELECT, and each that may be there asked for once%s",
		s->objects[OURS], s->objects[OPENSC], s->objects[YKCS11],
		s->peers ? "" : "; PACE's 5");
	row(s, "discover.apdus", &listed, "apdus", channel + 1 + LISTED, note);
	if (s->objects[OURS] < LISTED)
		bench_fail(s->b, "our module lists less than the card has");
	row(s, "new.apdus", &first, "apdus", channel + 4,
	    s->peers ? "C_Initialize to the first signature; aim: at most 14; "
		       "floor: SELECT, certificate, VERIFY, signature"
		     : "C_Initialize to the first signature; floor: as on contact, and PACE's 5");
	row(s, "known.apdus", &known, "apdus", channel + 3,
	    s->peers ? "the same, card seen before; aim: at most 6; floor: no certificate"
		     : "the same, card seen before; floor: no certificate");
	row(s, "sign.ec.apdus", &more, "apdus", 1, "one signature more; aim: 1");
	bench_relay_end(through, relay);
	bench_remove(s->b, 0);
	return measure_operations(s, false, &s->channel_ms) &&
	       measure_operations(s, true, &s->operations_ms) &&
	       measure_least(s, listed.of[OURS], s->channel_ms, &s->listed) &&
	       measure_least(s, first.of[OURS], s->operations_ms, &s->first) &&
	       measure_least(s, known.of[OURS], s->operations_ms, &s->known);
}

/* The median of runs in turn, so that noise meets all alike. */
static bool walls(struct stage *s, const char *what, bool again, struct figure *out)
{
	struct bench_samples samples[MODULES];
	bool ok = true;

	for (unsigned i = 0; i < MODULES; i++)
		ok = bench_samples_init(&samples[i], RUNS) && ok;
	if (again) /* once before, so that it is known */
		ok = ok && forget(s);
	for (int run = again ? -1 : 0; ok && run < RUNS; run++) {
		for (unsigned i = 0; i < MODULES; i++) {
			double ms;

			if (!plays(s, i) || (!again && !forget(s)))
				continue;
			ms = signer(s, i, what, "ec");
			if (run >= 0 && ms > 0)
				bench_sample(&samples[i], (int64_t)(ms * 1e6));
		}
	}
	for (unsigned i = 0; i < MODULES; i++) {
		out->of[i] = bench_percentile(&samples[i], 50);
		bench_samples_free(&samples[i]);
	}
	return ok;
}

static void wall_rows(struct stage *s)
{
	struct figure listed = { 0 }, first = { 0 }, known = { 0 };
	char note[256];

	snprintf(note, sizeof(note), "C_Initialize until all is listed, without a PIN; %s",
		 s->listed.text);
	if (walls(s, "discover", false, &listed))
		row(s, "discover.wall", &listed, "ms", s->listed.ms, note);
	snprintf(note, sizeof(note), "C_Initialize to the first signature; %s%s",
		 s->peers ? "aim: half of the better peer; " : "", s->first.text);
	if (walls(s, "first", false, &first))
		row(s, "new.wall", &first, "ms", s->first.ms, note);
	snprintf(note, sizeof(note), "the same, card seen before; %s", s->known.text);
	if (walls(s, "first", true, &known))
		row(s, "known.wall", &known, "ms", s->known.ms, note);
}

/* --- the floor ------------------------------------------------------------------------------ */

static bool plain(struct bench_client *c, const uint8_t *command, size_t len)
{
	uint8_t response[300];
	size_t n = bench_client_send(c, command, len, response, sizeof(response));

	return n >= 2 && response[n - 2] == 0x90;
}

/* Signatures a second by key 9A and nothing else. */
static double floor_rate(bool rsa)
{
	static const uint8_t select[] = { 0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0,
					  0x00, 0x00, 0x03, 0x08, 0x00 };
	static const uint8_t verify[] = { 0x00, 0x20, 0x00, 0x80, 0x08, '2', '4',
					  '6',  '8',  '0',  '2',  0xFF, 0xFF };
	uint8_t ec[5 + 38 + 1] = {
		0x00, 0x87, 0x11, 0x9A, 0x26, 0x7C, 0x24, 0x82, 0x00, 0x81, 0x20
	};
	uint8_t big[7 + 266 + 2] = { 0x00, 0x87, 0x07, 0x9A, 0x00, 0x01, 0x0A, 0x7C, 0x82,
				     0x01, 0x06, 0x82, 0x00, 0x81, 0x82, 0x01, 0x00, 0x00 };
	struct bench_client *c = bench_client_open(BENCH_READER_0);
	bool ok = c && plain(c, select, sizeof(select)) && plain(c, verify, sizeof(verify));
	int64_t start = bench_ns(), end = start + 1000000000;
	unsigned n = 0;

	for (; ok && bench_ns() < end; n++)
		ok = rsa ? plain(c, big, sizeof(big)) : plain(c, ec, sizeof(ec));
	bench_client_close(c);
	return ok ? n / ((double)(bench_ns() - start) / 1e9) : 0;
}

/* Per second: the median round of each, the floor's in `of[MODULES]`. */
static bool rates(struct stage *s, const char *kind, const char *threads,
		  double of[static MODULES + 1])
{
	struct bench_samples samples[MODULES + 1];
	char more[32];
	bool ok = true;

	snprintf(more, sizeof(more), "%s %s 1", kind, threads);
	for (unsigned i = 0; i <= MODULES; i++)
		ok = bench_samples_init(&samples[i], ROUNDS) && ok;
	for (int round = 0; ok && round < ROUNDS; round++) {
		if (s->peers)
			bench_sample(&samples[MODULES],
				     (int64_t)(floor_rate(strcmp(kind, "rsa") == 0) * 1000));
		for (unsigned i = 0; i < MODULES; i++)
			if (plays(s, i))
				bench_sample(&samples[i],
					     (int64_t)(signer(s, i, "rate", more) * 1000));
	}
	for (unsigned i = 0; i <= MODULES; i++) {
		of[i] = bench_percentile(&samples[i], 50) * 1000;
		bench_samples_free(&samples[i]);
	}
	return ok;
}

static void rate_rows(struct stage *s, const char *kind)
{
	static const char *const threads[] = { "1", "8" };
	double *const bare = s->bare[strcmp(kind, "rsa") == 0];

	for (size_t t = 0; t < 2; t++) {
		double of[MODULES + 1];
		struct figure f;
		char id[32];

		if (!rates(s, kind, threads[t], of))
			continue;
		memcpy(f.of, of, sizeof(f.of));
		if (s->peers)
			bare[t] = of[MODULES];
		snprintf(id, sizeof(id), "sign.%s.rate%s", kind, t == 0 ? "" : ".8");
		row(s, id, &f, "1/s", bare[t],
		    t == 0 ? "one session; floor: GENERAL AUTHENTICATE through PC/SC, on contact; aim: 90 %"
			   : "8 threads, a session each; the same floor");
	}
}

/* A card on a reader of either kind. */
static void all_rows(struct stage *s)
{
	memset(s->objects, 0, sizeof(s->objects));
	if (!command_rows(s)) {
		bench_fail(s->b, "no floor for the module");
		return;
	}
	if (run_card(s, s->ec, NULL)) {
		wall_rows(s);
		rate_rows(s, "ec");
	}
	if (run_card(s, s->rsa, NULL))
		rate_rows(s, "rsa");
	bench_remove(s->b, 0);
}

static void contact(struct stage *s)
{
	s->peers = true;
	s->suffix = "contact";
	all_rows(s);
}

/* A private card on a contactless reader, opened with its CAN: nobody but us knows how. */
static void contactless(struct stage *s)
{
	char conf[BENCH_PATH + 32];
	FILE *f;

	s->peers = false;
	s->suffix = "vci";
	snprintf(conf, sizeof(conf), "%s/pkcs11.conf", s->b->dir);
	f = fopen(conf, "w");
	if (f == NULL)
		return;
	fprintf(f, "[pkcs11]\ncan-file = %s\n", s->place.can);
	fclose(f);
	setenv("SOJOURN_PKCS11_CONF", conf, 1);
	all_rows(s);
	unsetenv("SOJOURN_PKCS11_CONF");
}

void bench_pkcs11(struct bench *b)
{
	struct stage s = { .b = b };
	const char *home = getenv("HOME");
	char *kept = home ? strdup(home) : NULL;

	find_modules(&s);
	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
	if (!prepare(&s)) {
		bench_fail(b, "no card with keys could be issued");
	} else {
		contact(&s);
		contactless(&s);
	}
	if (kept)
		setenv("HOME", kept, 1);
	free(kept);
	unsetenv("XDG_CACHE_HOME");
	unsetenv("SOJOURN_PKCS11_CONF");
}
