/* The card of the simulator at the gate of the library: taps through a direct transport. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <sojourn/gate.h>
#include <sojourn/status.h>

#include "link/direct.h"
#include "tests/by_scalar.h"
#include "tests/card/gate_rig.h"
#include "trust/status_build.h"

struct both {
	struct gate_room *room;
	struct sj_gate *gate;
	char directory[64];
};

static void store(struct both *b, const struct rig_token *token)
{
	int dir = open(b->directory, O_RDONLY | O_DIRECTORY);

	assert_true(dir >= 0);
	assert_int_equal(sj_signers_store(dir, token_span(token)), SJ_OK);
	close(dir);
}

static void list(struct both *b, uint32_t epoch, uint32_t revoked)
{
	const struct sj_status_revoked part = { 96, 4000, &revoked, 1 };
	struct sj_status_draft *draft = calloc(1, sizeof(*draft));
	struct sj_status_head head = { .issuer = RIG_ISSUER,
				       .epoch = epoch,
				       .indices = 4000,
				       .not_before = RIG_NOW - 3600 + epoch,
				       .next_update = RIG_NOW + RIG_DAY };
	struct sj_status_file file = { .kind = SJ_STATUS_FILE_LIST };
	uint8_t token[256], bytes[2048];
	struct sj_writer h = SJ_WRITER_OF(token), w = SJ_WRITER_OF(bytes);

	assert_non_null(draft);
	assert_int_equal(sj_status_build(&part, 1, draft, &file.body), SJ_OK);
	assert_true(sj_status_root(file.body, head.root));
	assert_true(head_put_by(&h, &head, &b->room->ca.status.key));
	file.head = sj_written(&h);
	sj_status_file_put(&w, &file);
	assert_int_equal(sj_status_import(b->directory, bytes, w.len, NULL), SJ_OK);
	sj_status_draft_free(draft);
	free(draft);
	assert_int_equal(sj_gate_load_trust(b->gate, b->directory), SJ_OK);
}

static int setup(void **state)
{
	static const uint8_t key[SJ_GATE_TICKET_KEY] = { 7 };
	struct both *b = calloc(1, sizeof(*b));
	void *room;

	assert_non_null(b);
	if (gate_room_setup(&room) != 0)
		return -1;
	b->room = room;
	strcpy(b->directory, "/tmp/sojourn-both-XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	store(b, &b->room->ca.ca_token);
	store(b, &b->room->ca.status_token);
	assert_int_equal(sj_gate_new(b->room->reader.key, 32, b->room->reader.token.bytes,
				     b->room->reader.token.len, &b->gate),
			 SJ_OK);
	assert_int_equal(sj_gate_set_ticket_keys(b->gate, key, 1), SJ_OK);
	list(b, 1, 1);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct both *b = *state;
	void *room = b->room;
	char command[128];

	sj_gate_free(b->gate);
	snprintf(command, sizeof(command), "rm -rf %s", b->directory);
	if (system(command) != 0)
		return -1;
	free(b);
	return gate_room_teardown(&room);
}

/* Power-up and a whole tap, `after` seconds later. */
static struct sj_gate_verdict tap(struct both *b, int64_t after, unsigned *commands)
{
	struct sj_gate_verdict v = { .size = sizeof(v) };
	uint8_t atr[33], *response = malloc(SJ_APDU_RESPONSE_MAX);
	struct card *card = b->room->tap->b->card;
	struct sj_tap *t = NULL;
	const uint8_t *command;
	size_t len;

	*commands = 0;
	assert_non_null(response);
	card_direct_power_off(card);
	assert_true(card_direct_power_on(card, atr) > 0);
	assert_int_equal(sj_tap_new(b->gate, RIG_NOW + after, 0, &t), SJ_OK);
	while (sj_tap_command(t, &command, &len)) {
		len = card_direct_transmit(card, sj_span(command, len), response);
		sj_tap_feed(t, response, len);
		++*commands;
	}
	assert_true(sj_tap_verdict(t, &v));
	sj_tap_free(t);
	free(response);
	return v;
}

static void first_and_repeated_taps(void **state)
{
	struct both *b = *state;
	struct sj_gate_verdict v, again;
	unsigned n;

	v = tap(b, 0, &n);
	assert_int_equal(v.reasons[0], SJ_OK);
	assert_int_equal(v.decision, SJ_GATE_OPEN);
	assert_int_equal(n, 4); /* SELECT, message_2, message_4, our head */
	for (int i = 1; i < 4; i++) {
		again = tap(b, i, &n);
		assert_int_equal(again.decision, SJ_GATE_OPEN);
		assert_true(again.resumed);
		assert_int_equal(n, 3);
		assert_memory_equal(again.pseudonym, v.pseudonym, SJ_GATE_PSEUDONYM);
	}
}

static void the_card_keeps_our_head_and_brings_it(void **state)
{
	struct both *b = *state;
	struct sj_gate *old = NULL;
	struct sj_gate_info info = { .size = sizeof(info) };
	unsigned n;

	assert_int_equal(sj_gate_new(b->room->reader.key, 32, b->room->reader.token.bytes,
				     b->room->reader.token.len, &old),
			 SJ_OK);
	assert_int_equal(sj_gate_load_trust(old, b->directory), SJ_OK);
	list(b, 7, 1);
	assert_int_equal(tap(b, 0, &n).card_epoch, 0);
	assert_int_equal(sj_gate_set_ticket_keys(b->gate, NULL, 0), SJ_OK);
	assert_int_equal(tap(b, 0, &n).card_epoch, 7);
	sj_gate_free(b->gate);
	b->gate = old;
	assert_int_equal(tap(b, 0, &n).decision, SJ_GATE_OPEN);
	assert_true(sj_gate_get_info(b->gate, &info));
	assert_int_equal(info.status_epoch, 1);
	assert_int_equal(info.head_epoch, 7);
}

static void a_revoked_card_is_refused_ticket_or_not(void **state)
{
	struct both *b = *state;
	struct sj_gate_verdict v;
	unsigned n;

	assert_int_equal(tap(b, 0, &n).decision, SJ_GATE_OPEN);
	/* The index that the operator sees: of one of eight slots. */
	for (uint32_t slot = 0; slot < 8; slot++) {
		list(b, 2 + slot, 1008 + slot);
		v = tap(b, slot, &n);
		if (v.decision == SJ_GATE_REFUSE)
			break;
	}
	assert_int_equal(v.reasons[0], SJ_CARD_REVOKED);
	assert_int_equal(tap(b, 20, &n).reasons[0], SJ_CARD_REVOKED);
}

/* --- a gate that dies --------------------------------------------------------------------- */

/* What left both sides in all taps: no key twice. */
struct shown {
	uint8_t keys[128][SJ_EDHOC_KEY];
	size_t n;
};

static void note_key(struct shown *shown, struct sj_span message, const uint8_t *head, size_t len)
{
	size_t at = 0;

	while (at + len + SJ_EDHOC_KEY <= message.len && memcmp(message.ptr + at, head, len) != 0)
		at++;
	assert_true(at + len + SJ_EDHOC_KEY <= message.len);
	for (size_t i = 0; i < shown->n; i++)
		assert_memory_not_equal(shown->keys[i], message.ptr + at + len, SJ_EDHOC_KEY);
	assert_true(shown->n < sizeof(shown->keys) / sizeof(shown->keys[0]));
	memcpy(shown->keys[shown->n++], message.ptr + at + len, SJ_EDHOC_KEY);
}

/* The gate dies and comes again: nothing is left of it but its files. */
static void die(struct both *b)
{
	static const uint8_t key[SJ_GATE_TICKET_KEY] = { 7 };

	sj_gate_free(b->gate);
	assert_int_equal(sj_gate_new(b->room->reader.key, 32, b->room->reader.token.bytes,
				     b->room->reader.token.len, &b->gate),
			 SJ_OK);
	assert_int_equal(sj_gate_set_ticket_keys(b->gate, key, 1), SJ_OK);
	assert_int_equal(sj_gate_load_trust(b->gate, b->directory), SJ_OK);
}

/*
 * A tap of which the gate sends `last` commands, the answer to the last one lost
 * or not, and then dies. The method that the card offered: 3 or 4.
 */
static uint8_t tap_until(struct both *b, struct shown *shown, unsigned last, bool lost)
{
	static const uint8_t psk_head[] = { 0x04, 0x03, 0x58, 0x20 };
	uint8_t atr[33], head[] = { 0x03, 0x03, 0x58, 0x20 }, method = 0;
	uint8_t *response = malloc(SJ_APDU_RESPONSE_MAX);
	struct card *card = b->room->tap->b->card;
	struct sj_tap *t = NULL;
	const uint8_t *command;
	size_t len;

	assert_non_null(response);
	card_direct_power_off(card);
	assert_true(card_direct_power_on(card, atr) > 0);
	assert_int_equal(sj_tap_new(b->gate, RIG_NOW + 1, 0, &t), SJ_OK);
	for (unsigned i = 1; i <= last && sj_tap_command(t, &command, &len); i++) {
		if (i == 2) /* message_2 ends the command: G_Y leads it */
			note_key(shown, sj_span(command, len),
				 method == 4 ? (const uint8_t *)"\x82\x23\x58\x21"
					     : (const uint8_t *)"\x82\x35\x58\x33",
				 4);
		len = card_direct_transmit(card, sj_span(command, len), response);
		if (i == 1) {
			method = memmem(response, len, psk_head, sizeof(psk_head)) ? 4 : 3;
			head[0] = method;
			note_key(shown, sj_span(response, len), head, sizeof(head));
		}
		if (i < last || !lost)
			sj_tap_feed(t, response, len);
	}
	sj_tap_free(t);
	free(response);
	die(b);
	return method;
}

static void a_gate_that_dies_at_any_step(void **state)
{
	struct both *b = *state;
	struct shown *shown = calloc(1, sizeof(*shown));
	unsigned n;

	assert_non_null(shown);
	for (unsigned last = 1; last <= 4; last++)
		for (unsigned i = 0; i < 4; i++) {
			/* A whole tap leaves a ticket. */
			assert_int_equal(tap(b, 0, &n).decision, SJ_GATE_OPEN);
			assert_int_equal(tap_until(b, shown, last, i % 2), 4);
			/* The ticket is gone, unless message_4 left another. */
			assert_int_equal(tap_until(b, shown, last, i % 2), last < 3 ? 3 : 4);
			assert_int_equal(tap(b, 0, &n).decision, SJ_GATE_OPEN);
			assert_int_equal(tap(b, 0, &n).resumed, true);
		}
	assert_true(shown->n > 40);
	free(shown);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_and_repeated_taps, setup, teardown),
		cmocka_unit_test_setup_teardown(the_card_keeps_our_head_and_brings_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_revoked_card_is_refused_ticket_or_not, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_gate_that_dies_at_any_step, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
