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

#include "tests/bench/bench.h"

#define PIN "246802"
#define CARD "libexec/sojourn/sojourn-card"
#define AUTHORITY "libexec/sojourn/sojourn-authority"
#define LIBRARIES "/usr/lib/x86_64-linux-gnu/"
#define RUNS 15 /* of what is timed; the median counts */
#define ROUNDS 5 /* of a second each, in turn, so that noise meets all alike; the median counts */
#define MANY 11 /* signatures of a run that tells what one more costs */

enum { OURS, OPENSC, YKCS11, MODULES };
static const struct {
	const char *name, *path, *id;
} modules[MODULES] = {
	[OURS] = { "ours", NULL, "9A" },
	[OPENSC] = { "opensc", LIBRARIES "opensc-pkcs11.so", "01" },
	[YKCS11] = { "ykcs11", LIBRARIES "libykcs11.so.2", "01" },
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
};

/* --- the signing program ------------------------------------------------------------ */

static void path_of(const struct stage *s, unsigned module, char out[static 2 * BENCH_PATH])
{
	if (modules[module].path != NULL)
		snprintf(out, 2 * BENCH_PATH, "%s", modules[module].path);
	else
		snprintf(out, 2 * BENCH_PATH, "%s/lib/pkcs11/sojourn-pkcs11.so", s->b->build);
}

static bool plays(const struct stage *s, unsigned module)
{
	char path[2 * BENCH_PATH];

	path_of(s, module, path);
	return (module == OURS || s->peers) && access(path, R_OK) == 0;
}

/* `what`: "first", "rate"; `more`: arguments. What it prints; 0: it failed. */
static double signer(const struct stage *s, unsigned module, const char *what, const char *more)
{
	char path[2 * BENCH_PATH], line[6 * BENCH_PATH];
	double value = 0;
	FILE *out;

	path_of(s, module, path);
	snprintf(line, sizeof(line), "%s/tests/bench/signer %s %s %s " PIN " %s", s->b->build, what,
		 path, modules[module].id, more);
	out = popen(line, "r");
	if (out == NULL)
		return 0;
	if (fscanf(out, "%lf", &value) != 1)
		value = 0;
	return pclose(out) == 0 ? value : 0;
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
	for (unsigned i = OPENSC; i < MODULES; i++)
		if (f->of[i] > 0)
			peers[n++] = (struct bench_peer){ modules[i].name, f->of[i] };
	peers[n].name = NULL;
	bench_row_peers(s->b, name, f->of[OURS], unit, floor, peers, note);
}

/* Commands of a run with that many signatures. */
static double commands(const struct stage *s, unsigned module, struct bench_relay *through,
		       unsigned n)
{
	char more[32];
	unsigned before = through->count;

	snprintf(more, sizeof(more), "ec %u", n);
	return signer(s, module, "first", more) > 0 ? (double)(through->count - before) : 0;
}

static void command_rows(struct stage *s)
{
	struct figure first = { 0 }, known = { 0 }, more = { 0 };
	char port[16];
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
		first.of[i] = commands(s, i, through, 1);
		known.of[i] = commands(s, i, through, 1);
		more.of[i] = (commands(s, i, through, MANY) - known.of[i]) / (MANY - 1);
	}
	row(s, "new.apdus", &first, "apdus", BENCH_NO_FLOOR,
	    "C_Initialize to the first signature; aim: at most 14 on contact");
	row(s, "known.apdus", &known, "apdus", BENCH_NO_FLOOR,
	    "the same, card seen before; aim: at most 6 on contact");
	row(s, "sign.ec.apdus", &more, "apdus", 1, "one signature more; aim: 1");
	bench_relay_end(through, relay);
	bench_remove(s->b, 0);
}

/* The median of runs in turn, so that noise meets all alike. */
static bool walls(const struct stage *s, bool again, struct figure *out)
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
			ms = signer(s, i, "first", "ec");
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

static void wall_rows(const struct stage *s)
{
	struct figure first = { 0 }, known = { 0 };

	if (walls(s, false, &first))
		row(s, "new.wall", &first, "ms", BENCH_NO_FLOOR,
		    "C_Initialize to the first signature; aim: half of the better peer");
	if (walls(s, true, &known))
		row(s, "known.wall", &known, "ms", BENCH_NO_FLOOR, "the same, card seen before");
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
static bool rates(const struct stage *s, const char *kind, const char *threads,
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

static void rate_rows(const struct stage *s, const char *kind)
{
	static const char *const threads[] = { "1", "8" };

	for (size_t t = 0; t < 2; t++) {
		double of[MODULES + 1];
		struct figure f;
		char id[32];

		if (!rates(s, kind, threads[t], of))
			continue;
		memcpy(f.of, of, sizeof(f.of));
		snprintf(id, sizeof(id), "sign.%s.rate%s", kind, t == 0 ? "" : ".8");
		row(s, id, &f, "1/s", s->peers ? of[MODULES] : BENCH_NO_FLOOR,
		    t == 0 ? "one session; floor: GENERAL AUTHENTICATE through PC/SC; aim: 90 %"
			   : "8 threads, a session each; the same floor");
	}
}

static void contact(struct stage *s)
{
	s->peers = true;
	s->suffix = "contact";
	command_rows(s);
	if (run_card(s, s->ec, NULL)) {
		wall_rows(s);
		rate_rows(s, "ec");
	}
	if (run_card(s, s->rsa, NULL))
		rate_rows(s, "rsa");
	bench_remove(s->b, 0);
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
	command_rows(s);
	if (run_card(s, s->ec, NULL)) {
		wall_rows(s);
		rate_rows(s, "ec");
	}
	if (run_card(s, s->rsa, NULL))
		rate_rows(s, "rsa");
	bench_remove(s->b, 0);
	unsetenv("SOJOURN_PKCS11_CONF");
}

void bench_pkcs11(struct bench *b)
{
	struct stage s = { .b = b };
	const char *home = getenv("HOME");
	char *kept = home ? strdup(home) : NULL;

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
