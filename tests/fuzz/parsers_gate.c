#include "tests/fuzz/failures.h"

#include <stdlib.h>
#include <string.h>

#include "gate/tap.h"
#include "tests/by_scalar.h"

/* --- tickets ------------------------------------------------------------------------- */

static const uint8_t ticket_key[SJ_TICKET_KEY], salt[SJ_TICKET_SALT];

static bool ticket_seed(size_t i, struct sj_writer *out)
{
	static const struct sj_ticket ticket = { .issued = 1, .sector = 1 };
	uint8_t sealed[SJ_GATE_TICKET];

	if (i > 0 || !sj_ticket_seal(ticket_key, salt, &ticket, sealed))
		return false;
	sj_put(out, SJ_SPAN_OF(sealed));
	return !out->failed;
}

static bool ticket_run(struct sj_span in)
{
	struct sj_ticket ticket;

	return sj_ticket_open(ticket_key, in, &ticket);
}

/* --- what a card answers, to a gate that believes nobody -------------------------------- */

/* A gate of its own making. */
static struct sj_gate *make_gate(void)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_cwt claims = { .kind = SJ_CWT_READER,
				 .issuer = SJ_SPAN_STR("UTO"),
				 .not_before = 1700000000,
				 .expires = 1800000000,
				 .reader = { 1, SJ_SECTOR_TRANSPORT, 1, 0xFF } };
	struct sj_ec_secret key;
	struct sj_ec_point point;
	uint8_t token[SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(token);
	struct sj_gate *gate = NULL;

	if (!sj_ec_secret_random(SJ_P256, &rnd, &key) ||
	    !sj_ec_multiply(SJ_P256, &key, NULL, &point))
		return NULL;
	claims.key_x = sj_span(point.bytes + 1, SJ_CWT_KEY);
	if (!cwt_put_by(&w, &claims, &key) ||
	    sj_gate_new(key.bytes, key.len, token, w.len, &gate) != SJ_OK)
		return NULL;
	gate->trust = calloc(1, sizeof(*gate->trust));
	gate->trust->signers = calloc(1, sizeof(*gate->trust->signers));
	gate->trust->users = 1;
	return gate;
}

/* 6F { 84 AID, A5 { 80 01, 81 message_1 } }, the base point as G_X. */
static bool select_seed(size_t i, struct sj_writer *out)
{
	if (i > 0)
		return false;
	sj_put(out, SJ_SPAN_STR("\x6F\x37\x84\x09\xF0\x53\x4F\x4A\x4F\x55\x52\x4E\x01\xA5\x2A"
				"\x80\x01\x01\x81\x25\x03\x03\x58\x20"
				"\x6B\x17\xD1\xF2\xE1\x2C\x42\x47\xF8\xBC\xE6\xE5\x63\xA4\x40\xF2"
				"\x77\x03\x7D\x81\x2D\xEB\x33\xA0\xF4\xA1\x39\x45\xD8\x98\xC2\x96"
				"\x00\x90\x00"));
	return !out->failed;
}

/* Feeds `first` to a tap, and `second` if it asks for more; the reason why it ended. */
static enum sj_rc feed(struct sj_span first, struct sj_span second, bool *asked)
{
	struct sj_gate_verdict verdict = { .size = sizeof(verdict) };
	static struct sj_gate *gate; /* made once: signing takes longer than a run */
	struct sj_tap *tap = NULL;
	const uint8_t *command;
	size_t len;

	fuzz_calm_begin();
	if (gate == NULL) {
		gate = make_gate();
		fuzz_stays();
	}
	fuzz_calm_end();
	*asked = false;
	if (gate == NULL || sj_tap_new(gate, 1750000000, 0, &tap) != SJ_OK)
		return SJ_NO_MEMORY;
	sj_tap_feed(tap, first.ptr, first.len);
	*asked = sj_tap_command(tap, &command, &len) && !sj_tap_verdict(tap, &verdict);
	if (*asked)
		sj_tap_feed(tap, second.ptr, second.len);
	if (sj_tap_verdict(tap, &verdict) && verdict.decision == SJ_GATE_OPEN)
		abort();
	sj_tap_free(tap);
	return verdict.reasons[0];
}

static bool select_run(struct sj_span in)
{
	bool asked;

	(void)feed(in, sj_span(NULL, 0), &asked);
	return asked;
}

/* 7C { 83 message_3 }, or an error: well-formed, and no proof. */
static bool answer_seed(size_t i, struct sj_writer *out)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR("\x7C\x15\x83\x13\x52\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0\1\2\x90\x00"),
		SJ_SPAN_STR("\x7C\x04\x8F\x02\x01\x60\x90\x00"),
	};

	if (i >= sizeof(seeds) / sizeof(seeds[0]))
		return false;
	sj_put(out, seeds[i]);
	return !out->failed;
}

static bool answer_run(struct sj_span in)
{
	uint8_t bytes[128];
	struct sj_writer first = SJ_WRITER_OF(bytes);
	enum sj_rc rc;
	bool asked;

	if (!select_seed(0, &first))
		return false;
	rc = feed(sj_written(&first), in, &asked);
	return rc == SJ_GATE_PROOF || rc == SJ_GATE_REFUSED;
}

struct fuzz_room fuzz_gate(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "gate-ticket", ticket_seed, ticket_run },
		{ "gate-select", select_seed, select_run },
		{ "gate-answer", answer_seed, answer_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
