/* gate.c -- a tap at a gate: what a chip would take by the timing model. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/gate.h"
#include "tests/bench/peers.h"

#define AUTHORITY "libexec/sojourn/sojourn-authority"
#define TRUST "libexec/sojourn/sojourn-trust"
#define CPU_TAPS 31

/* --- a gate --------------------------------------------------------------------------- */

static bool write_file(const char *path, const uint8_t *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, bytes, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return ok;
}

static size_t read_file(const char *path, uint8_t *bytes, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, bytes, cap) : -1;

	if (fd >= 0)
		close(fd);
	return n > 0 ? (size_t)n : 0;
}

bool bench_gate_publish(struct bench *b, const struct bench_place *p)
{
	char ca[2 * BENCH_PATH], signer[2 * BENCH_PATH], list[2 * BENCH_PATH];
	const char *const build[] = {
		AUTHORITY, "authority", "status", "build", p->authority, NULL
	};
	const char *const import[] = { TRUST,    "trust",     "import", "--trust",
				       p->trust, "--gate-ca", ca,       "--gate-token",
				       signer,   "--status",  list,     NULL };

	snprintf(ca, sizeof(ca), "%s/gate-ca-1.cwt", p->authority);
	snprintf(signer, sizeof(signer), "%s/status-signer-1.cwt", p->authority);
	snprintf(list, sizeof(list), "%s/status.list", p->authority);
	return bench_run(b, build) && bench_run(b, import);
}

/* Key, request, credential: as `sojourn gate enrol` and `authority gate sign` do it. */
static bool enrol(struct bench *b, const struct bench_place *p, struct sj_gate **gate)
{
	char request[BENCH_PATH + 32], credential[BENCH_PATH + 32];
	const char *const sign[] = { AUTHORITY,   "authority", "gate",      "sign", p->authority,
				     "--request", request,     "--service", "1",    "--operator",
				     "0a0b0c0d",  "--out",     credential,  NULL };
	uint8_t key[32], bytes[512];
	size_t len = sizeof(bytes);
	bool ok;

	snprintf(request, sizeof(request), "%s/gate.req", b->dir);
	snprintf(credential, sizeof(credential), "%s/gate.cwt", b->dir);
	unlink(credential);
	ok = sj_gate_key_new(key) == SJ_OK && sj_gate_request(key, bytes, &len) == SJ_OK &&
	     write_file(request, bytes, len) && bench_run(b, sign);
	len = ok ? read_file(credential, bytes, sizeof(bytes)) : 0;
	return ok && sj_gate_new(key, sizeof(key), bytes, len, gate) == SJ_OK;
}

struct sj_gate *bench_gate_make(struct bench *b, const struct bench_place *p)
{
	static const uint8_t ticket_key[SJ_GATE_TICKET_KEY] = { 1 };
	struct sj_gate *gate = NULL;

	if (enrol(b, p, &gate) && sj_gate_load_trust(gate, p->trust) == SJ_OK &&
	    sj_gate_set_ticket_keys(gate, ticket_key, 1) == SJ_OK)
		return gate;
	sj_gate_free(gate);
	return NULL;
}

bool bench_gate_tickets(struct sj_gate *gate, bool on)
{
	struct sj_gate_policy policy = SJ_GATE_POLICY_INIT;

	policy.tickets = on;
	return sj_gate_set_policy(gate, &policy) == SJ_OK;
}

/* --- one tap, counted -------------------------------------------------------------------- */

struct tap {
	struct bench_exchange *e;
	struct bench_moment decision, complete;
	struct sj_gate_verdict verdict;
};

static void decided(void *user, const struct sj_gate_verdict *verdict)
{
	struct tap *t = user;

	(void)verdict;
	t->decision = bench_exchange_now(t->e);
}

/* Behind the n-th command and its response. */
static size_t steps_to(const struct bench_exchange *e, unsigned n)
{
	size_t i = 0;

	while (i < e->n && n > 0)
		n -= e->steps[i++].command > 0 ? 1 : 0;
	return i;
}

/* Complete is when step 3 is answered (GATE.md): what comes after it is not waited for. */
static bool play(struct sj_gate *gate, const char *file, struct tap *t)
{
	struct bench_inside *in;
	bool ok;

	t->verdict.size = sizeof(t->verdict);
	t->e = bench_exchange_new();
	in = t->e ? bench_inside_open(file, &t->e->rf) : NULL;
	ok = in &&
	     sj_gate_run(gate, bench_inside_card(in), 5000, decided, t, &t->verdict, NULL) == SJ_OK;
	if (ok) {
		t->complete = bench_exchange_now(t->e);
		t->complete.steps = steps_to(t->e, 3);
		ok = t->verdict.decision == SJ_GATE_OPEN &&
		     t->decision.steps >= steps_to(t->e, 2) &&
		     t->decision.steps < t->complete.steps;
	}
	bench_inside_close(in);
	return ok;
}

/* A reader that looked and went: the key that waited in the card is spent. */
static bool glance(const char *file)
{
	static const uint8_t select[] = { 0x00, 0xA4, 0x04, 0x00, 0x09, 0xF0, 0x53, 0x4F,
					  0x4A, 0x4F, 0x55, 0x52, 0x4E, 0x01, 0x00 };
	struct bench_inside *in = bench_inside_open(file, NULL);
	uint8_t response[300];
	size_t len = sizeof(response);
	uint16_t sw = 0;
	bool ok = in && sj_card_transmit(bench_inside_card(in), select, sizeof(select), 5000,
					 response, &len, &sw) == SJ_OK;

	bench_inside_close(in);
	return ok && sw == 0x9000;
}

/* --- rows ------------------------------------------------------------------------------- */

static const struct row {
	const char *prefix;
	bool complete; /* else: to the decision */
	bool peers;
	double p71, native; /* targets at 848; 0: none */
	const char *what;
} rows[] = {
	{ "gate.cold", false, false, 0, 0,
	  "the card has never seen the reader, and no key waits in it" },
	{ "gate.first", false, true, 250, 90,
	  "reader's credential known, a key waits in the card" },
	{ "gate.complete.first", true, false, 0, 0,
	  "to the answer of step 3: the card has a ticket, the holder may go" },
	{ "gate.repeat", false, true, 155, 60, "by ticket" },
	{ "gate.complete.repeat", true, false, 0, 0, "by ticket, to the answer of step 3" },
};

static void model_row(struct bench *b, const struct row *row, const struct tap *t,
		      enum card_chip chip, unsigned rate)
{
	static const char *const names[] = { "DESFire EV3 AES", "PIV SM-AUTH OPACITY-ZKM",
					     "PIV PKI-CAK P-256", "Aliro 1.0 expedited FAST",
					     "Aliro 1.0 expedited STANDARD" };
	struct bench_peer peers[6] = { { NULL, 0 } };
	const struct bench_moment *until = row->complete ? &t->complete : &t->decision;
	double target = rate != 848                   ? 0
			: chip == CARD_CHIP_JCOP4_P71 ? row->p71
			: chip == CARD_CHIP_NATIVE    ? row->native
						      : 0;
	char id[64], note[320], aim[32] = "";

	for (size_t i = 0; row->peers && chip == CARD_CHIP_JCOP4_P71 && i < 5; i++)
		peers[i] = (struct bench_peer){ names[i], bench_peer_ms(names[i], chip, rate) };
	if (target > 0)
		snprintf(aim, sizeof(aim), "; target: %.0f", target);
	snprintf(id, sizeof(id), "%s.model.%s.%u", row->prefix, card_chip_name(chip), rate);
	snprintf(
		note, sizeof(note),
		"%s%s; a model's lower bound: real cards take 1.5 to 2 times; floor: work and bytes%s",
		row->what, aim, peers[0].name ? "" : "; no peer");
	bench_row_peers(b, id, bench_model_ms(t->e, until, chip, rate), "ms",
			bench_model_least_ms(t->e, until, chip, rate), peers, note);
	if (rate == 848 && (chip == CARD_CHIP_JCOP4_P71 || chip == CARD_CHIP_NATIVE))
		bench_model_shares(t->e, until, chip);
}

static void model_rows(struct bench *b, const struct row *row, const struct tap *t)
{
	for (size_t chip = 0; chip < CARD_CHIPS; chip++) {
		model_row(b, row, t, (enum card_chip)chip, 106);
		model_row(b, row, t, (enum card_chip)chip, 848);
	}
}

/* A card taps three times; each tap leads to what the next one is to be. */
static bool model(struct bench *b, const struct bench_place *p, struct sj_gate *gate)
{
	struct tap cold = { .e = NULL }, first = { .e = NULL }, repeat = { .e = NULL };
	bool ok = glance(p->whole) && bench_gate_tickets(gate, false) &&
		  play(gate, p->whole, &cold) && bench_gate_tickets(gate, true) &&
		  play(gate, p->whole, &first) && play(gate, p->whole, &repeat) &&
		  !cold.verdict.resumed && !first.verdict.resumed && repeat.verdict.resumed;

	if (ok) {
		model_rows(b, &rows[0], &cold);
		model_rows(b, &rows[1], &first);
		model_rows(b, &rows[2], &first);
		model_rows(b, &rows[3], &repeat);
		model_rows(b, &rows[4], &repeat);
	}
	bench_exchange_free(repeat.e);
	bench_exchange_free(first.e);
	bench_exchange_free(cold.e);
	return ok || bench_fail(b, "no taps for the model");
}

/* The public-key operations of a tap: all, and those up to the decision. */
struct recorded {
	struct bench_calls all, decision;
};

static void keep_calls(void *user, const struct sj_gate_verdict *verdict)
{
	struct recorded *r = user;

	(void)verdict;
	r->decision = r->all;
}

/* Card and gate in this process; by ticket, or as if they had never met. */
static bool cpu_row(struct bench *b, const struct bench_place *p, struct sj_gate *gate, bool repeat,
		    const char *id, double *decided_ms)
{
	struct sj_gate_verdict v = { .size = sizeof(v) };
	struct recorded calls = { .all = { .call = { { .count = 0 } } } };
	struct bench_samples cpu;
	double floor;
	char text[320];
	bool ok = bench_samples_init(&cpu, CPU_TAPS) && bench_gate_tickets(gate, repeat);

	for (int i = -1; ok && i < CPU_TAPS; i++) { /* the first one is recorded */
		struct bench_inside *in = bench_inside_open(p->whole, NULL);
		const int64_t start = bench_own_cpu_ns();

		bench_record(i < 0 ? &calls.all : NULL);
		ok = in && sj_gate_run(gate, bench_inside_card(in), 5000, i < 0 ? keep_calls : NULL,
				       &calls, &v, NULL) == SJ_OK;
		bench_record(NULL);
		if (i >= 0)
			bench_sample(&cpu, bench_own_cpu_ns() - start);
		ok = ok && v.decision == SJ_GATE_OPEN && v.resumed == repeat;
		bench_inside_close(in);
	}
	ok = ok && bench_floor(&calls.decision, decided_ms, text, sizeof(text)) &&
	     bench_floor(&calls.all, &floor, text, sizeof(text));
	if (ok)
		bench_row(b, id, bench_percentile(&cpu, 50), "ms", floor, text);
	bench_samples_free(&cpu);
	return ok || bench_fail(b, id);
}

static bool have_programs(const struct bench *b)
{
	return bench_have(b, AUTHORITY) && bench_have(b, TRUST) &&
	       bench_have(b, "libexec/sojourn/sojourn-card");
}

void bench_gate(struct bench *b)
{
	struct bench_place p;
	struct bench_gate_bare bare;
	struct sj_gate *gate = NULL;

	if (!have_programs(b)) {
		bench_skip(b, "gate.*", "the programs that issue a card were not built");
		return;
	}
	if (bench_place_make(b, &p)) {
		unlink(p.whole);
		if (bench_blank(b, p.whole) && bench_issue_to(b, &p, p.whole, BENCH_WHOLE) &&
		    bench_gate_publish(b, &p))
			gate = bench_gate_make(b, &p);
	}
	if (!gate)
		bench_fail(b, "no gate, or no card for it");
	else if (model(b, &p, gate) &&
		 cpu_row(b, &p, gate, true, "gate.repeat.cpu.direct", &bare.repeat) &&
		 cpu_row(b, &p, gate, false, "gate.first.cpu.direct", &bare.first))
		bench_gate_real(b, &p, gate, &bare);
	sj_gate_free(gate);
}
