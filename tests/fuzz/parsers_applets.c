/*
 * parsers_applets.c -- every applet of an issued card, on any way to it: from nothing proved to a
 * session that has proved all; then commands, in plain or protected by the session.
 */
#include "tests/card/eid_rig.h"
#include "tests/card/gate_rig.h"
#include "tests/card/piv_rig.h"
#include "tests/fuzz/failures.h"
#include "tests/fuzz/snapshot.h"

/* --- cards as they were issued ---------------------------------------------------------------- */

/* What the bench's card is made of; the bench is gone. */
static void take_image(struct card_store **image, struct bench *b)
{
	*image = stores_copy(b->store);
	bench_free(b);
}

static struct bench *fresh(const struct card_store *image, enum card_interface interface)
{
	struct bench *b = bench_new_in(stores_copy(image));

	if (interface != CARD_CONTACTLESS)
		bench_insert(b, interface);
	return b;
}

/* --- ways to an applet; each is gone once -------------------------------------------------- */

static const struct sj_pace_suite gm = { SJ_PACE_GM, SJ_CIPHER_AES128, SJ_BP256R1, 0 };

static struct bench *to_document(unsigned way)
{
	static struct card_store *image;
	struct bench *b;

	if (image == NULL)
		take_image(&image, bench_issued(ACCESS_BOTH));
	b = fresh(image, CARD_CONTACTLESS);
	if (way == 1)
		bench_bac(b);
	if (way == 2)
		(void)pace_run(b, gm, SJ_PACE_CAN, CAN);
	if (way != 1)
		(void)bench_do(b, SELECT_LDS);
	return b;
}

static struct bench *to_eid(unsigned way)
{
	static const enum eac_step steps[] = { EAC_PACE, EAC_CHAIN, EAC_CHALLENGE, EAC_TA };
	static struct eid_room *room;
	static struct card_store *image;
	const struct eid_plan plan = eid_everything();

	if (room == NULL) {
		void *state = NULL;

		(void)eid_room_setup(&state);
		room = state;
		take_image(&image, room->card.b);
	}
	room->card.b = fresh(image, CARD_CONTACTLESS);
	if (way < 4)
		return eid_come_to(room, &plan, steps[way]);
	return way < 7 ? eid_come(room, &plan) : eid_inspect(room);
}

static struct bench *to_gate(unsigned way)
{
	static const uint8_t ticket[SJ_GATE_TICKET] = { 1 };
	static struct rig_reader reader;
	static struct issuer ca;
	static struct card_store *image;
	struct tap *t;
	struct bench *b;

	if (image == NULL) {
		issuer_make(&ca);
		reader_make(&reader, &ca);
		take_image(&image, gate_card(&ca));
	}
	b = fresh(image, CARD_CONTACTLESS);
	t = calloc(1, sizeof(*t));
	assert_non_null(t);
	t->b = b;
	if (way == 0)
		(void)tap_try_select(t, false, 0);
	else if (way == 1)
		(void)tap_ask(t, &reader);
	else
		tap_first(t, &reader, &ca, ticket);
	if (way == 3)
		(void)tap_repeat(t, ticket);
	tap_end(t);
	free(t);
	return b;
}

static struct bench *to_manager(unsigned way)
{
	static struct card_store *blank, *issued;
	struct bench *b;

	if (blank == NULL) {
		take_image(&blank, bench_new());
		take_image(&issued, bench_issued(ACCESS_BOTH));
	}
	b = fresh((way & 1) != 0 ? issued : blank, CARD_CONTACT);
	if (way < 2)
		(void)bench_do(b, SELECT_MANAGER);
	else
		bench_manage(b);
	if (way == 4)
		(void)bench_do(b, INSTALL);
	return b;
}

static struct bench *to_piv(unsigned way)
{
	static struct card_store *image;
	struct bench *b;

	if (image == NULL)
		take_image(&image, piv_contact());
	b = fresh(image, way < 4 ? CARD_CONTACT : CARD_CONTACTLESS);
	if (way >= 6)
		(void)pace_run(b, gm, SJ_PACE_CAN, CAN);
	(void)bench_do(b, SELECT_PIV);
	if (way == 1 || way == 3)
		piv_administer(b);
	if (way == 2 || way == 3)
		(void)bench_do(b, VERIFY_PIN);
	if (way == 7)
		(void)bench_do(b, VERIFY_PAIRING);
	return b;
}

/* --- commands: protected or not (1), length (2), bytes; the way in front ------------------------------ */

/* False: no such command. */
static bool protect(struct bench *b, struct sj_span command, struct sj_writer *w)
{
	struct sj_writer data = SJ_WRITER_OF(b->wrapped);
	struct sj_apdu apdu, wrapped;

	if (!sj_apdu_parse(command, &apdu))
		return false;
	if (b->channel.open && (apdu.cla & 0x80) != 0) {
		if (!sj_scp03_wrap(&b->channel.session, &apdu, &data, &wrapped))
			return false;
		apdu = wrapped;
	}
	if (!b->secured) {
		sj_apdu_put(w, &apdu);
		return !w->failed;
	}
	sj_ssc_increment(&b->ssc, b->keys.cipher);
	sj_sm_command_put(w, &b->keys, &b->ssc, &apdu);
	return !w->failed;
}

static void send(struct bench *b, bool protected, struct sj_span command)
{
	struct sj_writer w = SJ_WRITER_OF(b->command);
	bool secured = protected && b->secured;
	size_t n;

	fuzz_calm_begin();
	protected = protected && protect(b, command, &w);
	fuzz_calm_end();
	n = card_transmit(b->card, protected ? sj_written(&w) : command, b->response);
	fuzz_touch(sj_span(b->response, n));
	if (secured)
		sj_ssc_increment(&b->ssc, b->keys.cipher);
}

#define WAYS 8u

/* Where each way ended. */
struct ends {
	struct snapshot ways[WAYS];
};

static bool run(struct sj_span in, struct bench *(*to)(unsigned way), struct ends *ends)
{
	struct sj_span command;
	struct snapshot *end;
	uint32_t way, how, n;
	struct bench *b;

	if (!sj_take_be(&in, 1, &way))
		return false;
	end = &ends->ways[way % WAYS];
	fuzz_calm_begin();
	if (end->b == NULL) {
		snapshot_take(end, to(way % WAYS));
		fuzz_stays();
	}
	b = snapshot_restore(end);
	fuzz_calm_end();
	while (sj_take_be(&in, 1, &how) && sj_take_be(&in, 2, &n) && sj_take(&in, n, &command))
		send(b, (how & 1) != 0, command);
	return in.len == 0;
}

static bool document_run(struct sj_span in)
{
	static struct ends ends;

	return run(in, to_document, &ends);
}

static bool eid_run(struct sj_span in)
{
	static struct ends ends;

	return run(in, to_eid, &ends);
}

static bool gate_run(struct sj_span in)
{
	static struct ends ends;

	return run(in, to_gate, &ends);
}

static bool manager_run(struct sj_span in)
{
	static struct ends ends;

	return run(in, to_manager, &ends);
}

static bool piv_run(struct sj_span in)
{
	static struct ends ends;

	return run(in, to_piv, &ends);
}

/* --- seeds: from every way the commands that the applet knows ------------------------------------------ */

static bool seed(size_t way, struct sj_writer *w, const char *const *commands, size_t n)
{
	uint8_t bytes[64];

	if (way >= WAYS)
		return false;
	sj_put_u8(w, (uint8_t)way);
	for (size_t i = 0; i < n; i++) {
		struct sj_writer c = SJ_WRITER_OF(bytes);

		if (!sj_hex_read(commands[i], strlen(commands[i]), &c))
			return false;
		sj_put_u8(w, 1);
		sj_put_be(w, 2, (uint32_t)c.len);
		sj_put(w, sj_written(&c));
	}
	return !w->failed;
}

#define SEED(i, w, commands) seed(i, w, commands, sizeof(commands) / sizeof((commands)[0]))

static bool document_seed(size_t i, struct sj_writer *w)
{
	static const char *const commands[] = {
		"00A4020C02011E00",
		"00B0000004",
		"00B0810008",
		"00B1000004540200FF00",
		"0084000008",
		"0088000008010203040506070800",
		"0022C1A40F800A04007F0007020204020283010200",
		"10860000027C0000",
		"002241A406800404007F0000",
		"002A00BE0400000000",
		"00200001083132333435363738",
		"002C020300",
	};

	return SEED(i, w, commands);
}

static bool eid_seed(size_t i, struct sj_writer *w)
{
	static const char *const commands[] = {
		"00A4040C09E80704007F00070302",
		"00B0840000",
		"00A4020C02010400",
		"00D6000003040102",
		"008C000000",
		"0020800009060704007F00070301",
		EID_RI_SET,
		"00860000027C00",
		"00B09C0000",
	};

	return SEED(i, w, commands);
}

static bool gate_seed(size_t i, struct sj_writer *w)
{
	static const char *const commands[] = {
		GATE_SELECT,
		"008700000A7C08800284438202410000",
		"00870000057C0384014000",
		"00CB3FFF055C035FC10200",
		"00CA000000",
	};

	return SEED(i, w, commands);
}

static bool manager_seed(size_t i, struct sj_writer *w)
{
	static const char *const commands[] = {
		"80CA00E000",
		"80CA006600",
		"80F28002024F0000",
		"80F24002024F0000",
		INSTALL,
		"80E28800050001020300",
		"80F0800F00",
		"80D8000000",
		"80E400000B4F09F0534F4A4F55524E01",
		"8050300008010203040506070800",
	};

	return SEED(i, w, commands);
}

static bool piv_seed(size_t i, struct sj_writer *w)
{
	static const char *const commands[] = {
		"00CB3FFF055C035FC10200",
		"00CB3FFF035C017E00",
		"002000800831323334353600FF",
		"0087039B047C02810000",
		"0087119A067C04820081000000",
		"0047009A05AC0380011100",
		"00DB3FFF0A5C035FC1025303300100",
		"0024008010313233343536FFFF363534333231FFFF",
		"002C008010313233343536373836353433323130FF",
		"00F79A0000",
	};

	return SEED(i, w, commands);
}

struct fuzz_room fuzz_applets(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "applet-document", document_seed, document_run },
		{ "applet-eid", eid_seed, eid_run },
		{ "applet-gate", gate_seed, gate_run },
		{ "applet-manager", manager_seed, manager_run },
		{ "applet-piv", piv_seed, piv_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
