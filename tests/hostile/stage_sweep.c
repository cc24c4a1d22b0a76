/* stage_sweep.c -- every instruction with edges of P1, P2, Lc and Le, each in the state it is swept in. */
#include "tests/hostile/stage.h"

#include "applets/gate/state.h"
#include "applets/piv/state.h"
#include "host/card_internal.h"

#define PREFIX_MAX 600u

/* --- the state that is swept ------------------------------------------------------------------ */

/* Of card and terminal; what the store holds beside it is in the monitor. */
struct held {
	const struct card_applet *applet; /* of the basic channel */
	enum card_life life;
	bool session, channel; /* secure messaging, a secure channel */
	unsigned rights;
	bool authenticated; /* a terminal */
	enum gate_state gate; /* of an exchange */
	bool pin, global_pin, pairing, admin;
	bool secured, piv_open, channel_open; /* as the terminal has it */
	struct monitor_session opened;
};

/* What was there when the sweep began. */
struct sweeping {
	struct held held;
	struct monitor_object objects[MONITOR_OBJECTS];
	size_t object_count;
	char way[PREFIX_MAX]; /* the script that led there */
	bool inside;
};

static void look_at(const struct stage *s, struct held *out)
{
	struct card *card = s->b->card;
	const struct card_volatile *now = &card->now;

	*out = (struct held){ .applet = now->channels[0].applet,
			      .life = card_life(card),
			      .session = now->session.running,
			      .channel = now->scp.running,
			      .rights = now->rights,
			      .authenticated = now->terminal.authenticated,
			      .secured = s->b->secured,
			      .piv_open = s->piv_open,
			      .channel_open = s->b->channel.open,
			      .opened = s->m.session };
	for (size_t i = 0; i < card->applet_count; i++) {
		const void *state = card_state_of(card, card->applets[i]);
		const struct piv *piv = state;

		if (strcmp(card->applets[i]->name, "gate") == 0 && state != NULL)
			out->gate = ((const struct gate *)state)->session.state;
		if (strcmp(card->applets[i]->name, "key") != 0 || piv == NULL)
			continue;
		out->pin = piv->pin;
		out->global_pin = piv->global_pin;
		out->pairing = piv->pairing;
		out->admin = piv->admin;
	}
}

static bool is_same(const struct held *a, const struct held *b)
{
	return a->applet == b->applet && a->life == b->life && a->session == b->session &&
	       a->channel == b->channel && a->rights == b->rights &&
	       a->authenticated == b->authenticated && a->gate == b->gate && a->pin == b->pin &&
	       a->global_pin == b->global_pin && a->pairing == b->pairing && a->admin == b->admin &&
	       a->secured == b->secured && a->piv_open == b->piv_open &&
	       a->channel_open == b->channel_open && a->opened.kind == b->opened.kind &&
	       a->opened.password == b->opened.password && a->opened.chat == b->opened.chat &&
	       a->opened.authenticated == b->opened.authenticated &&
	       a->opened.in_force == b->opened.in_force;
}

static void note_store(struct sweeping *w, const struct monitor *m)
{
	w->object_count = m->object_count;
	memcpy(w->objects, m->objects, m->object_count * sizeof(w->objects[0]));
}

static bool store_is_same(const struct sweeping *w, const struct monitor *m)
{
	if (w->object_count != m->object_count)
		return false;
	for (size_t i = 0; i < m->object_count; i++)
		if (w->objects[i].id != m->objects[i].id ||
		    w->objects[i].hash != m->objects[i].hash)
			return false;
	return true;
}

/* The card stands where the sweep began; if a command led away, another card comes there. */
static bool hold(struct stage *s, struct sweeping *w)
{
	struct held now;

	look_at(s, &now);
	if (is_same(&now, &w->held) && store_is_same(w, &s->m))
		return true;
	if (!stage_set(s, s->scene, s->m.where) || !stage_run(s, w->way))
		return false;
	look_at(s, &now);
	note_store(w, &s->m);
	return is_same(&now, &w->held);
}

/* --- what is sent --------------------------------------------------------------------------------- */

/* Lengths that fit, that do not, short and extended. */
static const char *const tails[] = {
	"",
	"00",
	"01",
	"0100",
	"083132333435363738",
	"08313233343536373800",
	"05010203",
	"0201020304",
	"025C00",
	"047C028000"
	"00",
	"000000",
	"0000010000",
	"000004010203",
	"00000401020304"
	"0000",
	"00FFFF00",
	"FF00",
};
#define TAILS (sizeof(tails) / sizeof(tails[0]))
static const uint8_t edges[][2] = { { 0x00, 0x00 }, { 0xFF, 0xFF }, { 0x00, 0x80 }, { 0x80, 0x00 },
				    { 0x3F, 0xFF }, { 0x81, 0xB6 }, { 0x01, 0x01 }, { 0x9F, 0x7F },
				    { 0x7F, 0xFF }, { 0x00, 0x9A } };
#define EDGES (sizeof(edges) / sizeof(edges[0]))

/* Whether it was sent: some bytes are no command that could be protected. */
static bool sweep_one(struct stage *s, struct sweeping *w, struct sj_span command, bool *held)
{
	const unsigned long before = s->m.sent;
	struct sj_apdu apdu;

	if (w->inside && !sj_apdu_parse(command, &apdu))
		return false;
	*held = *held && hold(s, w);
	if (!*held)
		return false;
	if (w->inside)
		(void)stage_inside(s, &apdu);
	else
		(void)stage_plain(s, command);
	return s->m.sent > before;
}

/* One or two of them, the bare header among them. */
static bool is_drawn(size_t e, size_t t, uint8_t ins)
{
	return e * TAILS + t == ins || (t == 0 && e == ins % EDGES);
}

/* False: the state could not be held, or nothing was sent in it. */
static bool sweep_instruction(struct stage *s, struct sweeping *w, uint8_t cla, uint8_t ins)
{
	uint8_t bytes[32] = { cla, ins };
	unsigned long sent = 0;
	bool held = true;

	for (size_t e = 0; e < EDGES; e++) {
		for (size_t t = 0; t < TAILS; t++) {
			struct sj_span tail;

			if (!s->thorough && !is_drawn(e, t, ins))
				continue;
			bytes[2] = edges[e][0];
			bytes[3] = edges[e][1];
			tail = hex(tails[t], bytes + 4, sizeof(bytes) - 4);
			sent += sweep_one(s, w, sj_span(bytes, 4 + tail.len), &held);
		}
	}
	if (!held || sent == 0)
		print_error("%s: %02X %02X: %s\n", s->m.where, cla, ins,
			    held ? "never sent" : "its state is not reached again");
	s->swept += sent > 0;
	return held && sent > 0;
}

bool stage_sweep(struct stage *s, bool inside)
{
	static const uint8_t classes[] = { 0x00, 0x80, 0x01, 0x0C, 0x84, 0x10 };
	struct sweeping *w = calloc(1, sizeof(*w));
	bool good = s->done < PREFIX_MAX;

	assert_non_null(w);
	w->inside = inside;
	look_at(s, &w->held);
	note_store(w, &s->m);
	good = good && (!inside || w->held.session || w->held.channel);
	if (good)
		memcpy(w->way, s->script, s->done);
	for (size_t c = 0; c < sizeof(classes); c++) {
		if (inside && (classes[c] & 0x1F) != 0)
			continue;
		if (!s->thorough && c > 1)
			continue;
		for (unsigned ins = 0; good && ins <= 0xFF; ins++)
			good = sweep_instruction(s, w, classes[c], (uint8_t)ins);
	}
	free(w);
	return good;
}
