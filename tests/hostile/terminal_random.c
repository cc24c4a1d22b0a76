/*
 * terminal_random.c -- commands at random that know where they are: most of them are right but for
 * a byte or two, many come inside sessions that were opened rightly, and then something goes wrong.
 */
#include "tests/hostile/terminal.h"

#include <stdio.h>

#include "host/card_internal.h"

#define VISIT_MAX 500u /* commands to one card, about */
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* --- what is sent ---------------------------------------------------------------------------------- */

static const char *const anywhere[] = {
	"00A4000C023F00",
	SELECT_LDS,
	EID_SELECT,
	SELECT_PIV,
	GATE_SELECT,
	SELECT_MANAGER,
	"00A404000DF0534F4A4F55524E010A0B0C0D00",
	"00A4040C05A000000308",
	"00A4040200",
	"00C0000000",
	"0070000001",
	"00700001",
	"00708001",
	"00A4000C",
};

static const char *const at_document[] = {
	"00A4020C020101",
	"00A4020C020103",
	"00A4020C02011D",
	"00A4080C0401000101",
	"00B0000000",
	"00B0810000",
	"00B0820000",
	"00B0830000",
	"00B0840000",
	"00B09D0000",
	"00B09E0000",
	"00B09C0000",
	"00B10102045402000000",
	"00B10103045402001000",
	"00B11D03045402000000",
	"0022C1A412800A04007F0007020204020283010284010D",
	"0022C1A40F800A04007F00070202040202830103",
	"10860000027C0000",
	"008600000C7C0A8508C2B0BD78D94BA86600",
	"002281B60D830B5554435643413030303031",
	"002281A40D830B55545445524D3030303031",
	"002A00BE027F4E00",
	"0084000008",
	"008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A728",
	"002241A40C800A04007F00070202030202",
	"002241A40F800A04007F00070202030202840101",
	"00860000047C028000",
	"0088000008010203040506070800",
	"002C020306323731383238",
	"002C0303",
	"00041003",
	"00441003",
};

static const char *const at_eid[] = {
	"00A4020C020101",
	"00A4020C02011E",
	"00B0000000",
	"00B0810000",
	"00B0840000",
	"00B0910000",
	"00B0970000",
	"00B09A0000",
	"00B09E0000",
	"00B10101045402000000",
	"00B10117045402000000",
	"00CB3FFF035C016100",
	"00CB3FFF045C02646800",
	"00CB3FFF035C017E00",
	"00D6910401AA",
	"00D692000172",
	"00D6810001AA",
	"802080000B060904007F000703010401",
	"802080000B060904007F000703010402",
	"002241A40F800A04007F00070202050203840101",
	"00860000047C02A000",
};

static const char *const at_keys[] = {
	"00CB3FFF055C035FC10900",
	"00CB3FFF055C035FC10300",
	"00CB3FFF055C035FC10800",
	"00CB3FFF055C035FC12100",
	"00CB3FFF055C035FC12300",
	"00CB3FFF055C035FC10200",
	"00CB3FFF055C035FC10500",
	"00CB3FFF035C017E00",
	"00CB3FFF045C027F6100",
	VERIFY_PIN,
	VERIFY_PIN,
	VERIFY_GLOBAL,
	VERIFY_PAIRING,
	"0020008008393939393939FFFF",
	"00200080",
	"0020FF80",
	"0024008010" PIN_HEX PIN_HEX,
	"0024008010" PIN_HEX "373737373737FFFF",
	"0024008010373737373737FFFF" PIN_HEX,
	"002C008010" PUK_HEX PIN_HEX,
	"0024008110" PUK_HEX PUK_HEX,
	"0087119A247C2282008120"
	"5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A00",
	"0087119A267C2482008120"
	"5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A00",
	"0087119C267C2482008120"
	"5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A00",
	"0087119D267C2482008120"
	"5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A00",
	"0087119E267C2482008120"
	"5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A00",
	"00871182267C2482008120"
	"5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A00",
	"00870A9B047C02800000",
	"00870A9B047C02810000",
	"00870A9B147C12821000112233445566778899AABBCCDDEEFF00",
	"00DB3FFF0B5C035FC10A530411223344",
	"10DB3FFF055C035FC10A",
	"00DB3FFF06530411223344",
	"00DB3FFF147E124F0BA0000003080000100001005F2F024800",
	"00DB3FFF147E124F0BA0000003080000100001005F2F026820",
	"0047009A05AC0380011100",
	"0047008308AC06800111AA010200",
	"00FFFFFF1B0A9B180102030405060708090A0B0C0D0E0F101112131415161718",
	"00F6839A",
	"00F69A83",
	"00FA0503",
	"00FB0000",
	"00F99A0000",
	"00F7009A00",
	"00F8000000",
	"00FD000000",
};

static const char *const at_gate[] = {
	"00870000027C0000",         "00870000047C02820000",     "00870000047C02850000",
	"00870000047C02840000",     "00870000067C048F02016000", "00870000087C068001AA8201BB00",
	"00870000067C048502AABB00",
};

static const char *const at_manager[] = {
	"80CA9F7F00",
	"80CA004500",
	"80CA006600",
	"80CA00E000",
	"80503000081032547698BADCFE00",
	"80500000081032547698BADCFE00",
	"84823300101122334455667788112233445566778800",
	"80F28002024F0000",
	"80F24002024F0000",
	"80F21003024F0000",
	"80F0800F",
	"80F0807F",
	"80F0408007A0000002471001",
	"80F0400007A0000002471001",
	"80F040800BA000000308000010000100",
	"80F040000BA000000308000010000100",
	INSTALL,
	INSTALL_MANAGER,
	INSTALL_PIV,
	"80E208000B0002083F002F0000000061",
	"80E208010B0002083F002F0000000161",
	"80E288000400010101",
	"80E2080003000000",
	"80E40000094F07A0000002471001",
	"80E60C001907F0534F4A4F555207A000000247100107A000000247100101000000",
	"80D830810130",
};

/* Protocols, rightly and wrongly; each is a script. */
static const char *const protocols[] = {
	"00A4000C @can",
	"00A4000C @can!",
	"00A4000C @mrz",
	"00A4000C @pin",
	"00A4000C @pin!",
	"00A4000C @puk",
	"00A4000C @can2",
	"00A4000C @can3",
	"00A4000C @can4",
	"00A4000C @pin4",
	"00A4000C @chat",
	SELECT_LDS " @bac",
	SELECT_LDS " @bac",
	SELECT_LDS " @bac!",
	"@ca1",
	"@ta1",
	"s:" SELECT_LDS,
	"s:" SELECT_PIV,
	"s:" SELECT_MANAGER,
	"s:" EID_SELECT,
	"@tap",
	"@tap!",
	SELECT_PIV " " VERIFY_PIN,
	SELECT_PIV " @admin",
	SELECT_PIV " @admin!",
	"@admin",
	SELECT_PIV " 00FF0000 @msg",
	"s:" VERIFY_PAIRING,
	"s:" VERIFY_PIN,
	SELECT_MANAGER " @scp",
	SELECT_MANAGER " @scp!",
	SELECT_MANAGER " @cmac",
	SELECT_MANAGER " @scp?",
};

/* --- spoiling ---------------------------------------------------------------------------------------- */

static size_t mutate(struct stage *s, uint8_t *bytes, size_t n, size_t cap)
{
	const uint32_t kind = stage_draw(s) % 16;
	const size_t at = stage_draw(s) % n;

	switch (kind) {
	case 0:
		return 1 + at;
	case 1:
		if (n < cap)
			bytes[n] = (uint8_t)stage_draw(s);
		return n < cap ? n + 1 : n;
	case 2:
		bytes[0] ^= (uint8_t)(1u << stage_draw(s) % 5);
		return n;
	case 3:
		bytes[1] = (uint8_t)stage_draw(s);
		return n;
	case 4:
	case 5:
		bytes[2 + (kind & 1) % (n > 3 ? 2 : 1)] = (uint8_t)stage_draw(s);
		return n;
	case 6:
		if (n > 4)
			bytes[4] = (uint8_t)(bytes[4] + stage_draw(s) % 5 - 2);
		return n;
	case 7:
		bytes[at] ^= (uint8_t)(1u << stage_draw(s) % 8);
		return n;
	default:
		bytes[at] = (uint8_t)stage_draw(s);
		return n;
	}
}

/* Making an RSA key takes seconds and would tell nothing. */
static bool is_costly(const uint8_t *bytes, size_t n)
{
	if (n < 6 || bytes[1] != 0x47)
		return false;
	for (size_t i = 4; i + 2 < n; i++)
		if (bytes[i] == 0x80 && bytes[i + 1] == 1 && bytes[i + 2] != 0x11)
			return true;
	return false;
}

struct page {
	const char *applet;
	const char *const *seeds;
	size_t count;
};
static const struct page pages[] = {
	{ "", at_document, COUNT(at_document) }, { "eMRTD", at_document, COUNT(at_document) },
	{ "eID", at_eid, COUNT(at_eid) },        { "key", at_keys, COUNT(at_keys) },
	{ "gate", at_gate, COUNT(at_gate) },     { "manager", at_manager, COUNT(at_manager) },
};

/* Of where the basic channel is, mostly. */
static const char *draw_seed(struct stage *s)
{
	const struct card_applet *applet = s->b->card->now.channels[0].applet;
	const struct page *page = &pages[stage_draw(s) % COUNT(pages)];
	const uint32_t r = stage_draw(s) % 100;

	if (r < 8)
		return anywhere[stage_draw(s) % COUNT(anywhere)];
	for (size_t i = 0; r < 92 && i < COUNT(pages); i++)
		if (strcmp(pages[i].applet, applet != NULL ? applet->name : "") == 0)
			page = &pages[i];
	return page->seeds[stage_draw(s) % page->count];
}

static size_t draw_command(struct stage *s, uint8_t *bytes, size_t cap)
{
	size_t n = hex(draw_seed(s), bytes, cap).len;
	uint32_t times = stage_draw(s) % 8;

	for (times = times > 4 ? times - 4 : 0; times > 0; times--)
		n = mutate(s, bytes, n, cap);
	return is_costly(bytes, n) ? 0 : n;
}

/* --- acting ---------------------------------------------------------------------------------------------- */

static bool is_inside(const struct stage *s)
{
	return s->b->secured || s->piv_open || s->b->channel.open;
}

static void act_forged(struct stage *s, const struct sj_apdu *apdu)
{
	static const char *const ways[] = { "mac",  "no8e", "no97",  "no87",  "twice", "cut",
					    "long", "body", "empty", "stale", "skip",  "bare",
					    "cla8", "cla4", "ch1",   "ch3",   "cla80", "more",
					    "ins",  "p1",   "p2" };

	(void)stage_forge(s, ways[stage_draw(s) % COUNT(ways)], apdu);
}

static void act_single(struct stage *s)
{
	uint8_t bytes[512];
	const size_t n = draw_command(s, bytes, sizeof(bytes));
	const uint32_t r = stage_draw(s) % 100;
	struct sj_apdu apdu;

	if (n == 0)
		return;
	if (!is_inside(s) || r < 1 || !sj_apdu_parse(sj_span(bytes, n), &apdu) ||
	    (apdu.cla & 0x6C) != 0 || apdu.cla > 0x83)
		(void)stage_plain(s, sj_span(bytes, n));
	else if (r < 3)
		act_forged(s, &apdu);
	else
		(void)stage_inside(s, &apdu);
}

static uint64_t draw_rights(struct stage *s, uint64_t all)
{
	const uint64_t r =
		(uint64_t)stage_draw(s) << 40 ^ (uint64_t)stage_draw(s) << 20 ^ stage_draw(s);

	return stage_draw(s) % 3 == 0 ? all : r & all;
}

/* A terminal with rights as they come, as far as it comes. */
static void act_visit(struct stage *s)
{
	const bool at = stage_draw(s) % 4 != 0;
	struct visit v = visit_of(at ? SJ_CVC_AUTHENTICATION : SJ_CVC_INSPECTION);

	v.bits = draw_rights(s, v.bits);
	v.chat = draw_rights(s, v.chat);
	v.extension = draw_rights(s, v.extension);
	v.chat_extension = draw_rights(s, v.chat_extension);
	v.wrong = stage_draw(s) % 8 == 0;
	v.forged = stage_draw(s) % 16 == 0;
	v.other_key = stage_draw(s) % 16 == 0;
	if (stage_draw(s) % 3 == 0)
		v.with = SJ_PACE_CAN;
	(void)stage_power(s, false);
	(void)stage_eac(s, &v, stage_draw(s) % 3 != 0 ? EAC_CA : 1 + stage_draw(s) % EAC_CA);
	if (s->b->secured && stage_draw(s) % 4 != 0)
		(void)stage_run(s, stage_draw(s) % 4 != 0 ? "s:" EID_SELECT : "s:" SELECT_LDS);
}

static void act(struct stage *s)
{
	const uint32_t r = stage_draw(s) % 1000;

	if (r < 3 && base_is_eid(s->scene->base))
		act_visit(s);
	else if (r < 17)
		(void)stage_run(s, protocols[stage_draw(s) % COUNT(protocols)]);
	else if (r < 20)
		(void)stage_replay(s);
	else if (r < 22)
		(void)stage_power(s, r & 1);
	else if (r < 23)
		(void)stage_insert(s, r & 1 ? CARD_CONTACT : CARD_CONTACTLESS);
	else
		act_single(s);
}

/* How a visit begins. */
static void enter(struct stage *s)
{
	static const char *const ways[] = {
		"",
		SELECT_LDS " @bac",
		SELECT_LDS " @bac @ca1 @ta1",
		"@can s:" SELECT_PIV,
		"@can s:" SELECT_LDS,
		"@can s:" SELECT_MANAGER " @scp",
		SELECT_PIV " " VERIFY_PIN,
		SELECT_PIV " @admin " VERIFY_PIN,
		SELECT_PIV " 00FF0000 @msg s:" VERIFY_PAIRING " s:" VERIFY_PIN,
		SELECT_MANAGER " @scp",
		GATE_SELECT,
	};

	if (base_is_eid(s->scene->base) && stage_draw(s) % 4 != 0)
		act_visit(s);
	else
		(void)stage_run(s, ways[stage_draw(s) % COUNT(ways)]);
}

unsigned long terminal_random(struct stage *s, unsigned long count)
{
	const unsigned long from = s->m.sent;
	char where[64];

	while (s->m.sent - from < count) {
		const struct scene *scene = &scenes[stage_draw(s) % SCENES];
		const unsigned long end = s->m.sent + 1 + stage_draw(s) % VISIT_MAX * 2;

		snprintf(where, sizeof(where), "at random, %u, %s", s->seed, scene->name);
		if (!stage_set(s, scene, where))
			monitor_complain(&s->m, FAULT_FORM, "the scene was not reached");
		enter(s);
		while (s->m.sent < end)
			act(s);
		s->m.where = "";
	}
	return s->m.sent - from;
}
