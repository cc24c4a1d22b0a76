/* issue.c -- cards to measure, and how fast they are issued. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define ISSUED 20u
#define KEYS 6 /* of the key application */
#define OBJECTS 3 /* that its content signer signs */
#define CERTIFICATES 5 /* that the CA for card keys signs, on P-384 */
#define CREDENTIALS 56 /* for gates: seven sectors, eight each */
#define AUTHORITY "libexec/sojourn/sojourn-authority"
#define TRUST "libexec/sojourn/sojourn-trust"
#define CARD "libexec/sojourn/sojourn-card"

static void name_places(const struct bench *b, struct bench_place *p)
{
	snprintf(p->authority, sizeof(p->authority), "%s/authority", b->dir);
	snprintf(p->csca, sizeof(p->csca), "%s/authority/csca-1.cer", b->dir);
	snprintf(p->trust, sizeof(p->trust), "%s/trust", b->dir);
	snprintf(p->can, sizeof(p->can), "%s/can", b->dir);
	snprintf(p->letter, sizeof(p->letter), "%s/letter", b->dir);
	snprintf(p->holder, sizeof(p->holder), "%s/holder.json", b->dir);
	snprintf(p->whole, sizeof(p->whole), "%s/whole.card", b->dir);
	snprintf(p->lean, sizeof(p->lean), "%s/lean.card", b->dir);
}

static bool write_can(const struct bench_place *p)
{
	int fd = open(p->can, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, BENCH_CAN "\n", strlen(BENCH_CAN) + 1) ==
				     (ssize_t)strlen(BENCH_CAN) + 1;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* The demo's holder with what DG1 needs alone: no DG11, DG12, DG16. */
static bool write_lean_holder(const struct bench_place *p)
{
	static const char *const more[] = { "issueDate",      "personalNumber", "placeOfBirth",
					    "address",        "telephone",      "issuingAuthority",
					    "personsToNotify" };
	json_t *holder = json_load_file("tools/demo/holder.json", 0, NULL);
	bool ok = holder != NULL;

	for (size_t i = 0; ok && i < sizeof(more) / sizeof(more[0]); i++)
		json_object_del(holder, more[i]);
	ok = ok && json_dump_file(holder, p->holder, 0) == 0;
	json_decref(holder);
	return ok;
}

bool bench_holder_number(const struct bench_place *p, const char *number)
{
	json_t *holder = json_load_file(p->holder, 0, NULL);
	bool ok = holder != NULL &&
		  json_object_set_new(holder, "documentNumber", json_string(number)) == 0 &&
		  json_dump_file(holder, p->holder, 0) == 0;

	json_decref(holder);
	return ok;
}

bool bench_place_make(struct bench *b, struct bench_place *p)
{
	const char *const init[] = { AUTHORITY, "authority", "init", p->authority, NULL };
	const char *const import[] = { TRUST,    "trust",  "import", "--trust",
				       p->trust, "--csca", p->csca,  NULL };

	name_places(b, p);
	if (access(p->authority, F_OK) == 0)
		return true;
	return write_can(p) && write_lean_holder(p) && bench_run(b, init) && bench_run(b, import);
}

bool bench_blank(struct bench *b, const char *file)
{
	const char *const make[] = { CARD, "card", "new", file, NULL };

	return bench_run(b, make);
}

bool bench_issue_to(struct bench *b, const struct bench_place *p, const char *file,
		    enum bench_kind kind)
{
	char card[2 * BENCH_PATH];
	const char *argv[32] = { AUTHORITY,    "issue",      "--authority",
				 p->authority, "--portrait", "tools/demo/face.jpg",
				 "--can-file", p->can,       "--letter-out",
				 p->letter };
	const char *const whole_words[] = { "--holder", "tools/demo/holder.json" };
	const char *const lean_words[] = { "--holder", p->holder, "--access",  "pace",
					   "--aa",     "none",    "--no-gate", "--no-keys" };
	const char *const program[] = {
		"--exec", "--", card, "card", "run", file, "--link", "stdio"
	};
	const bool whole = kind == BENCH_WHOLE;
	size_t n = 10, more = whole ? 2 : kind == BENCH_LEAN ? 8 : 6;

	snprintf(card, sizeof(card), "%s/" CARD, b->build);
	unlink(p->letter);
	memcpy(argv + n, whole ? whole_words : lean_words, more * sizeof(*argv));
	memcpy(argv + n + more, program, sizeof(program));
	return bench_run(b, argv);
}

/* --- how many a second -------------------------------------------------------------------- */

/* Keys of the default card, signatures of its security objects, credentials and certificates. */
static bool floor_ms(double *ms)
{
	double key, sign, certify;

	if (!bench_bare(BENCH_BASE, SJ_P256, &key) || !bench_bare(BENCH_SIGN, SJ_P256, &sign) ||
	    !bench_bare(BENCH_SIGN, SJ_P384, &certify))
		return false;
	*ms = (2 + CREDENTIALS + KEYS) * key + (1 + CREDENTIALS + OBJECTS) * sign +
	      CERTIFICATES * certify;
	return true;
}

void bench_issue(struct bench *b)
{
	char file[BENCH_PATH + 32];
	struct bench_place p;
	struct bench_samples s = { .ns = NULL };
	double floor;
	bool ok;

	if (!bench_have(b, AUTHORITY) || !bench_have(b, TRUST) || !bench_have(b, CARD)) {
		bench_skip("issue.rate", "the programs that issue a card were not built");
		return;
	}
	ok = bench_samples_init(&s, ISSUED) && bench_place_make(b, &p) && floor_ms(&floor);
	for (unsigned i = 0; ok && i < ISSUED; i++) {
		int64_t start;

		snprintf(file, sizeof(file), "%s/rate-%u.card", b->dir, i);
		ok = bench_blank(b, file);
		start = bench_ns();
		ok = ok && bench_issue_to(b, &p, file, BENCH_WHOLE);
		bench_sample(&s, bench_ns() - start);
		unlink(file);
	}
	if (ok)
		bench_row(b, "issue.rate", 1000 / bench_percentile(&s, 50), "1/s", 1000 / floor,
			  "sojourn issue to a card on tmpfs, one after the other, start of both "
			  "programs included; floor: P-256, 64 key pairs, 60 "
			  "signatures; P-384, 5 signatures");
	else
		bench_fail(b, "issuing failed");
	bench_samples_free(&s);
}
