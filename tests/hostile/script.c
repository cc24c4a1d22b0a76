/*
 * script.c -- what a terminal does, as text: steps with blanks between, each
 *
 *	[count*] what [=SW]
 *
 * what: hexadecimal, sent as it stands; s:HEX, inside of what is open; f:HOW:HEX, protected and
 * then spoilt (stage_forge.c); + before these: the terminal goes on as if it had not been; @verb, a whole protocol (below; ! is its wrong form). {name} stands for bytes. SW: four
 * digits, ? is any; of the last repetition. Without =SW the monitor alone judges.
 */
#include <stdio.h>

#include "tests/hostile/stage.h"

#define STEP_MAX 600u

/* --- names ----------------------------------------------------------------------------------- */

static const struct {
	const char *name, *bytes;
} names[] = {
	{ "mf", "00A4000C023F00" },
	{ "lds", SELECT_LDS },
	{ "eid", EID_SELECT },
	{ "piv", SELECT_PIV },
	{ "gate", GATE_SELECT },
	{ "mgr", SELECT_MANAGER },
	{ "nobody", "00A4040C05A0000099AA" },
	{ "pin", PIN_HEX },
	{ "global", GLOBAL_HEX },
	{ "puk", PUK_HEX },
	{ "code", PAIRING_HEX },
	{ "wrong", "393939393939FFFF" },
	{ "new", "373737373737FFFF" },
	{ "verify", VERIFY_PIN },
	{ "vglobal", VERIFY_GLOBAL },
	{ "vcode", VERIFY_PAIRING },
	{ "vwrong", "0020008008393939393939FFFF" },
	{ "dg1", "00B0810000" },
	{ "dg2", "00B0820000" },
	{ "dg3", "00B0830000" },
	{ "dg4", "00B0840000" },
	{ "com", "00B09E0000" },
	{ "sod", "00B09D0000" },
	{ "security", "00B09D0000" },
	{ "access", "00B09C0000" },
	{ "printed", "00CB3FFF055C035FC10900" },
	{ "fingers", "00CB3FFF055C035FC10300" },
	{ "chuid", "00CB3FFF055C035FC10200" },
	{ "cert", "00CB3FFF055C035FC10500" },
	{ "paircode", "00CB3FFF055C035FC12300" },
	{ "sign9a", "0087119A267C2482008120"
		    "5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A"
		    "00" },
	{ "sign9c", "0087119C267C2482008120"
		    "5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A"
		    "00" },
	{ "sign9d", "0087119D267C2482008120"
		    "5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A"
		    "00" },
	{ "sign9e", "0087119E267C2482008120"
		    "5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A"
		    "00" },
	{ "sign82", "00871182267C2482008120"
		    "5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A"
		    "00" },
	{ "aa", "0088000008010203040506070800" },
	{ "putobj", "00DB3FFF0B5C035FC10A530411223344" },
	{ "genkey", "0047009A05AC0380011100" },
	{ "install", INSTALL },
	{ "lock", LOCK },
};

/* The step with every {name} written out; false: no such name, or too long. */
static bool expand(const char *from, size_t n, char *to)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		const char *end = from[i] == '{' ? memchr(from + i, '}', n - i) : NULL;
		const char *bytes = NULL;
		size_t size;

		if (end == NULL) {
			if (len + 1 >= STEP_MAX)
				return false;
			to[len++] = from[i];
			continue;
		}
		size = (size_t)(end - from) - i - 1;
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (strlen(names[k].name) == size &&
			    memcmp(names[k].name, from + i + 1, size) == 0)
				bytes = names[k].bytes;
		if (bytes == NULL || len + strlen(bytes) >= STEP_MAX)
			return false;
		memcpy(to + len, bytes, strlen(bytes));
		len += strlen(bytes);
		i += size + 1;
	}
	to[len] = '\0';
	return true;
}

/* --- verbs -------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum sj_pace_password kind;
	const char *wrong;
} passwords[] = {
	{ "can", SJ_PACE_CAN, "000000" },
	{ "mrz", SJ_PACE_MRZ, "X00000000<000101<300101<" },
	{ "pin", SJ_PACE_PIN, "000000" },
	{ "puk", SJ_PACE_PUK, "0000000000" },
};

/* can, can!, can3: right, wrong, up to step 3; chat: with the CAN and a CHAT. */
static bool do_pace(struct stage *s, const char *verb, uint16_t *sw)
{
	const struct sj_cvc_rights chat = sj_cvc_all_rights(SJ_CVC_AUTHENTICATION, SJ_CVC_TERMINAL);

	if (strcmp(verb, "chat") == 0) {
		*sw = stage_pace(s, SJ_PACE_CAN, NULL, 5, &chat);
		return true;
	}
	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
		const size_t n = strlen(passwords[i].name);
		const bool wrong = verb[0] != '\0' && verb[n] == '!';
		const char digit = verb[n + wrong];

		if (strncmp(verb, passwords[i].name, n) != 0)
			continue;
		*sw = stage_pace(s, passwords[i].kind, wrong ? passwords[i].wrong : NULL,
				 digit == '\0' ? 5 : digit - '0', NULL);
		return true;
	}
	return false;
}

static const struct {
	const char *name;
	enum sj_cvc_terminal who;
	enum sj_pace_password with;
	uint64_t bits, chat, extension;
} visits[] = {
	{ "at", SJ_CVC_AUTHENTICATION, SJ_PACE_PIN, EID_ALL_BITS, EID_ALL_BITS,
	  EID_ALL_EXTENSIONS },
	{ "few", SJ_CVC_AUTHENTICATION, SJ_PACE_PIN, EID_BIT(11), EID_ALL_BITS, 0 },
	{ "consent", SJ_CVC_AUTHENTICATION, SJ_PACE_PIN, EID_ALL_BITS, EID_BIT(11), 0 },
	{ "nothing", SJ_CVC_AUTHENTICATION, SJ_PACE_PIN, 0, EID_ALL_BITS, 0 },
	{ "bycan", SJ_CVC_AUTHENTICATION, SJ_PACE_CAN, EID_ALL_BITS, EID_ALL_BITS, 0 },
	{ "bycan0", SJ_CVC_AUTHENTICATION, SJ_PACE_CAN, EID_ALL_BITS & ~EID_BIT(4), EID_ALL_BITS,
	  0 },
	{ "bymrz", SJ_CVC_AUTHENTICATION, SJ_PACE_MRZ, EID_ALL_BITS, EID_ALL_BITS, 0 },
	{ "bypuk", SJ_CVC_AUTHENTICATION, SJ_PACE_PUK, EID_ALL_BITS, EID_ALL_BITS, 0 },
	{ "is", SJ_CVC_INSPECTION, SJ_PACE_CAN, 3, 3, 0 },
	{ "is0", SJ_CVC_INSPECTION, SJ_PACE_CAN, 0, 3, 0 },
	{ "is3", SJ_CVC_INSPECTION, SJ_PACE_CAN, 3, 1, 0 },
	{ "is4", SJ_CVC_INSPECTION, SJ_PACE_CAN, 2, 3, 0 },
};

/*
 * at, at:5: to the end, to step 5 (enum eac_step); at!: with another's signature, at?: with a forged
 * certificate, at~: with another key in Chip Authentication.
 */
static bool do_visit(struct stage *s, const char *verb, uint16_t *sw)
{
	const char *colon = strchr(verb, ':');
	size_t n = colon != NULL ? (size_t)(colon - verb) : strlen(verb);
	const char fault = n > 0 && strchr("!?~", verb[n - 1]) != NULL ? verb[n - 1] : '\0';

	n -= fault != '\0';
	for (size_t i = 0; i < sizeof(visits) / sizeof(visits[0]); i++) {
		struct visit v = { .who = visits[i].who,
				   .with = visits[i].with,
				   .bits = visits[i].bits,
				   .chat = visits[i].chat,
				   .wrong = fault == '!',
				   .forged = fault == '?',
				   .other_key = fault == '~' };

		if (strlen(visits[i].name) != n || memcmp(verb, visits[i].name, n) != 0)
			continue;
		v.extension = v.chat_extension = visits[i].extension;
		*sw = stage_eac(s, &v, colon != NULL ? (enum eac_step)(colon[1] - '0') : EAC_CA);
		return true;
	}
	return false;
}

enum simple {
	DO_POWER,
	DO_RESET,
	DO_CONTACT,
	DO_AIR,
	DO_BAC,
	DO_BAC_WRONG,
	DO_CA1,
	DO_TA1,
	DO_ADMIN,
	DO_ADMIN_WRONG,
	DO_MESSAGING,
	DO_SCP,
	DO_SCP_WRONG,
	DO_SCP_CRYPTOGRAM,
	DO_SCP_MAC,
	DO_TAP,
	DO_TAP_WRONG,
	DO_REPLAY,
	DO_SWEEP,
	DO_SWEEP_INSIDE,
	DO_NOTHING,
};
static const char *const simple_names[DO_NOTHING] = {
	"power", "reset", "contact", "air",  "bac",  "bac!", "ca1",  "ta1",    "admin", "admin!",
	"msg",   "scp",   "scp!",    "scp?", "cmac", "tap",  "tap!", "replay", "sweep", "sweepin",
};

static bool do_simple(struct stage *s, const char *verb, uint16_t *sw)
{
	enum simple which = DO_POWER;

	while (which < DO_NOTHING && strcmp(verb, simple_names[which]) != 0)
		which++;
	switch (which) {
	case DO_POWER:
	case DO_RESET:
		*sw = stage_power(s, which == DO_RESET);
		break;
	case DO_CONTACT:
	case DO_AIR:
		*sw = stage_insert(s, which == DO_AIR ? CARD_CONTACTLESS : CARD_CONTACT);
		break;
	case DO_BAC:
	case DO_BAC_WRONG:
		*sw = stage_bac(s, which == DO_BAC);
		break;
	case DO_CA1:
		*sw = stage_ca1(s);
		break;
	case DO_TA1:
		*sw = stage_ta1(s);
		break;
	case DO_ADMIN:
	case DO_ADMIN_WRONG:
		*sw = stage_admin(s, which == DO_ADMIN);
		break;
	case DO_MESSAGING:
		*sw = stage_messaging(s);
		break;
	case DO_SCP:
	case DO_SCP_WRONG:
		*sw = stage_channel(s, 0x33, which == DO_SCP ? CHANNEL_RIGHT : CHANNEL_MAC);
		break;
	case DO_SCP_CRYPTOGRAM:
		*sw = stage_channel(s, 0x33, CHANNEL_CRYPTOGRAM);
		break;
	case DO_SCP_MAC:
		*sw = stage_channel(s, 0x01, CHANNEL_RIGHT);
		break;
	case DO_TAP:
	case DO_TAP_WRONG:
		*sw = stage_gate_tap(s, which == DO_TAP_WRONG);
		break;
	case DO_REPLAY:
		*sw = stage_replay(s);
		break;
	case DO_SWEEP:
	case DO_SWEEP_INSIDE:
		if (!stage_sweep(s, which == DO_SWEEP_INSIDE))
			return false;
		*sw = s->b->sw;
		break;
	case DO_NOTHING:
		return false;
	}
	return true;
}

/* --- steps ------------------------------------------------------------------------------------------- */

static bool do_forge(struct stage *s, const char *how, uint16_t *sw)
{
	uint8_t bytes[STEP_MAX / 2];
	struct sj_apdu apdu;
	char name[16];
	const char *colon = strchr(how, ':');
	const size_t n = colon != NULL ? (size_t)(colon - how) : sizeof(name);

	if (n >= sizeof(name))
		return false;
	memcpy(name, how, n);
	name[n] = '\0';
	if (!sj_apdu_parse(hex(colon + 1, bytes, sizeof(bytes)), &apdu) ||
	    !stage_forge(s, name, &apdu))
		return false;
	*sw = s->b->sw;
	return true;
}

static bool do_once(struct stage *s, const char *what, uint16_t *sw)
{
	uint8_t bytes[STEP_MAX / 2];
	struct sj_apdu apdu;

	s->believes = what[0] == '+';
	what += s->believes;
	if (what[0] == '@')
		return do_simple(s, what + 1, sw) || do_visit(s, what + 1, sw) ||
		       do_pace(s, what + 1, sw);
	if (strncmp(what, "f:", 2) == 0)
		return do_forge(s, what + 2, sw);
	if (strncmp(what, "s:", 2) != 0) {
		*sw = stage_plain(s, hex(what, bytes, sizeof(bytes)));
		return true;
	}
	if (!sj_apdu_parse(hex(what + 2, bytes, sizeof(bytes)), &apdu))
		return false;
	*sw = stage_inside(s, &apdu);
	return true;
}

static bool fits(uint16_t sw, const char *expected)
{
	char got[5];

	snprintf(got, sizeof(got), "%04X", sw);
	for (unsigned i = 0; i < 4; i++)
		if (expected[i] != '?' && expected[i] != got[i])
			return false;
	return true;
}

static bool step(struct stage *s, const char *text, size_t n)
{
	char what[STEP_MAX], *expected;
	unsigned times = 1;
	uint16_t sw = 0;
	const char *star = memchr(text, '*', n);

	if (star != NULL) {
		times = (unsigned)strtoul(text, NULL, 10);
		n -= (size_t)(star + 1 - text);
		text = star + 1;
	}
	if (!expand(text, n, what)) {
		print_error("%s: %.*s: no such name\n", s->m.where, (int)n, text);
		return false;
	}
	expected = strchr(what, '=');
	if (expected != NULL)
		*expected++ = '\0';
	for (unsigned i = 0; i < times; i++) {
		if (do_once(s, what, &sw))
			continue;
		print_error("%s: %s: cannot be done\n", s->m.where, what);
		return false;
	}
	if (expected == NULL || fits(sw, expected))
		return true;
	print_error("%s: %.*s: %04X\n", s->m.where, (int)n, text, sw);
	return false;
}

bool stage_run(struct stage *s, const char *script)
{
	const char *const whole = script;

	while (*script != '\0') {
		const size_t n = strcspn(script, " ");

		s->script = whole;
		s->done = (size_t)(script - whole);
		if (n > 0 && !step(s, script, n))
			return false;
		script += n + (script[n] == ' ');
	}
	return true;
}
