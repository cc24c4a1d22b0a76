#include "tests/hostile/monitor.h"

#include <stdio.h>

#include "applets/emrtd/state.h"
#include "applets/piv/state.h"
#include "host/card_internal.h"
#include "host/store_internal.h"
#include "tests/card/piv_rig.h"

/* --- saying so ------------------------------------------------------------------------------ */

static void keep_trail(struct monitor *m, struct sj_span command, struct sj_span response,
		       bool wrapped)
{
	char *at = m->trail[m->sent % MONITOR_TRAIL];
	const size_t room = sizeof(m->trail[0]), shown = command.len < 24 ? command.len : 24;
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	at[n++] = wrapped ? '*' : ' ';
	for (size_t i = 0; i < shown; i++) {
		at[n++] = digits[command.ptr[i] >> 4];
		at[n++] = digits[command.ptr[i] & 15];
	}
	snprintf(at + n, room - n, "%s (%zu) > %zu, %02X%02X", shown < command.len ? ".." : "",
		 command.len, response.len, response.len < 2 ? 0 : response.ptr[response.len - 2],
		 response.len < 2 ? 0 : response.ptr[response.len - 1]);
}

void monitor_complain(struct monitor *m, enum monitor_fault fault, const char *what)
{
	static const char *const names[MONITOR_FAULTS] = { "leak", "use", "counter", "form",
							   "store" };

	m->faults[fault]++;
	if (monitor_faults(m) > 20)
		return;
	print_error("%s: %s: %s\n", m->where, names[fault], what);
	for (unsigned long i = m->sent < MONITOR_TRAIL ? 0 : m->sent - MONITOR_TRAIL; i < m->sent;
	     i++)
		print_error("   %s\n", m->trail[i % MONITOR_TRAIL]);
}

unsigned long monitor_faults(const struct monitor *m)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < MONITOR_FAULTS; i++)
		sum += m->faults[i];
	return sum;
}

/* --- the card from outside -------------------------------------------------------------------- */

static enum monitor_place place_of(const struct monitor *m, uint8_t channel)
{
	static const char *const names[MONITOR_PLACES] = { "",     "eMRTD", "eID",
							   "gate", "key",   "manager" };
	const struct card_applet *applet = m->b->card->now.channels[channel].applet;

	if (applet == NULL || !m->b->card->now.channels[channel].open)
		return AT_MF;
	for (unsigned i = 1; i < MONITOR_PLACES; i++)
		if (strcmp(applet->name, names[i]) == 0)
			return (enum monitor_place)i;
	return AT_MF;
}

static uint64_t hash_of(const struct store_object *o)
{
	uint64_t h = o->len, w = 0;
	size_t i = 0;

	for (; i + 8 <= o->len; i += 8) {
		memcpy(&w, o->data + i, 8);
		h = (h ^ w) * UINT64_C(0x9E3779B97F4A7C15);
		h ^= h >> 29;
	}
	for (; i < o->len; i++)
		h = (h ^ o->data[i]) * UINT64_C(0x9E3779B97F4A7C15);
	return h ^ h >> 31;
}

static unsigned byte_of(const struct card_store *s, uint32_t id, size_t at, unsigned absent)
{
	struct sj_span bytes;

	return card_store_get(s, id, &bytes) && bytes.len > at ? bytes.ptr[at] : absent;
}

static void read_counters(const struct card_store *s, unsigned out[static MONITOR_COUNTERS])
{
	out[OF_PIV_PIN] = byte_of(s, PIV_STORE_PASSWORD + 0x80, 1, 0);
	out[OF_PIV_GLOBAL] = byte_of(s, PIV_STORE_PASSWORD, 1, 0);
	out[OF_PUK] = byte_of(s, PIV_STORE_PASSWORD + 0x81, 1, 0);
	out[OF_EID_PIN] = byte_of(s, EMRTD_OBJECT_PIN, 0, EMRTD_PIN_TRIES);
	out[OF_EID_PUK] = byte_of(s, EMRTD_OBJECT_PUK, 0, EMRTD_PUK_USES);
}

/* Of the values of the passwords, not of their tries. */
static uint64_t hash_passwords(const struct card_store *s)
{
	static const uint32_t ids[] = { PIV_STORE_PASSWORD + 0x80, PIV_STORE_PASSWORD,
					PIV_STORE_PASSWORD + 0x81 };
	uint64_t sum = 0;
	uint8_t copy[8];
	struct sj_span bytes;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct store_object o = { .data = copy, .len = sizeof(copy) };

		if (!card_store_get(s, ids[i], &bytes) || bytes.len != 2 + sizeof(copy))
			continue;
		memcpy(copy, bytes.ptr + 2, sizeof(copy));
		sum = sum * 3 + hash_of(&o);
	}
	return sum;
}

static void read_store(struct monitor *m)
{
	const struct store_table *t = &m->b->store->table;

	assert_true(t->count <= MONITOR_OBJECTS);
	m->object_count = t->count;
	for (size_t i = 0; i < t->count; i++)
		m->objects[i] = (struct monitor_object){ t->rows[i].id, hash_of(&t->rows[i]) };
	read_counters(m->b->store, m->counters);
	m->passwords = hash_passwords(m->b->store);
}

/* --- after a command ------------------------------------------------------------------------------ */

static void check_change(struct monitor *m, const struct monitor_case *c, uint32_t id)
{
	char what[80];

	if (monitor_may_change(m, c, id))
		return;
	snprintf(what, sizeof(what), "object %08X after %02X%02X%02X%02X > %04X", id, c->apdu.cla,
		 c->apdu.ins, c->apdu.p1, c->apdu.p2, c->sw);
	monitor_complain(m, FAULT_STORE, what);
}

/* Two lists in order of id. */
static void check_store(struct monitor *m, const struct monitor_case *c)
{
	const struct store_table *t = &m->b->store->table;
	size_t i = 0, k = 0;
	bool changed = false;

	while (i < m->object_count || k < t->count) {
		const uint32_t was = i < m->object_count ? m->objects[i].id : UINT32_MAX;
		const uint32_t is = k < t->count ? t->rows[k].id : UINT32_MAX;

		if (was != is || m->objects[i].hash != hash_of(&t->rows[k])) {
			changed = true;
			check_change(m, c, was < is ? was : is);
		}
		i += was <= is;
		k += is <= was;
	}
	if (!changed)
		return;
	if (monitor_refused(c->sw) && hash_passwords(m->b->store) != m->passwords)
		monitor_complain(m, FAULT_STORE, "a refused command changed a password");
	read_store(m);
}

static void check_counters(struct monitor *m, const struct monitor_case *c)
{
	static const char *const names[MONITOR_COUNTERS] = { "PIN", "global PIN", "PUK",
							     "PIN of the eID card",
							     "PUK of the eID card" };
	unsigned now[MONITOR_COUNTERS];

	read_counters(m->b->store, now);
	for (unsigned i = 0; i < MONITOR_COUNTERS; i++)
		if (now[i] > m->counters[i] &&
		    !monitor_may_rise(m, c, (enum monitor_counter)i, m->counters[i]))
			monitor_complain(m, FAULT_COUNTER, names[i]);
	memcpy(m->counters, now, sizeof(now));
}

static void look(struct monitor *m, struct sj_span data, enum monitor_place at, bool secured)
{
	const struct mark *mark;
	char what[80];

	while ((mark = marks_next(m->marks, &data)) != NULL) {
		if (monitor_may_tell(m, mark, at, secured))
			continue;
		snprintf(what, sizeof(what), "kind %d, %X, sector %u, object %08X", (int)mark->kind,
			 mark->n, mark->sector, mark->id);
		monitor_complain(m, FAULT_LEAK, what);
		return;
	}
}

static void check_places(struct monitor *m)
{
	static const char *const names[MONITOR_PLACES] = {
		"the MF", "LDS1", "the eID application", "the gate", "the keys", "the manager"
	};

	for (uint8_t i = 0; i < CARD_CHANNELS; i++) {
		const enum monitor_place at = place_of(m, i);

		if (!monitor_may_stand(m, at))
			monitor_complain(m, FAULT_USE, names[at]);
	}
}

/* Puts a chain's data together (ISO/IEC 7816-4, 5.3.3). */
static void join(struct monitor *m, struct monitor_case *c)
{
	const struct sj_apdu *h = &m->chain_header;
	const struct sj_span data = c->apdu.data;

	if (m->chain_len > 0 && (h->cla != c->apdu.cla || h->ins != c->apdu.ins ||
				 h->p1 != c->apdu.p1 || h->p2 != c->apdu.p2))
		m->chain_len = 0;
	if (data.len > sizeof(m->chain) - m->chain_len)
		m->chain_len = 0;
	if (data.len <= sizeof(m->chain) && (c->chained || m->chain_len > 0)) {
		if (data.len > 0)
			memcpy(m->chain + m->chain_len, data.ptr, data.len);
		m->chain_len += data.len;
		c->apdu.data = sj_span(m->chain, m->chain_len);
	}
	m->chain_header = c->apdu;
	if (!c->chained || monitor_refused(c->sw))
		m->chain_len = 0;
}

/* A command and its answer as they were meant. */
static void meant(struct monitor *m, struct monitor_case *c)
{
	const char *why;

	c->channel = c->apdu.cla & 3;
	c->chained = (c->apdu.cla & 0x10) != 0;
	c->apdu.cla &= 0x80;
	join(m, c);
	c->at = place_of(m, c->channel);
	/* 63xx warns: GET STATUS has more. */
	if (monitor_refused(c->sw) && c->sw >> 8 != 0x63 && c->data.len > 0 && c->apdu.ins != 0xC0)
		monitor_complain(m, FAULT_FORM, "data with an error");
	why = monitor_judge(m, c);
	if (why != NULL)
		monitor_complain(m, FAULT_USE, why);
	look(m, c->data, c->at, c->secured);
	if (place_of(m, 0) != AT_PIV) {
		m->pin[0] = m->pairing = m->admin = false;
		if (m->session.kind == IN_PIV)
			m->session.kind = IN_NONE;
	}
	check_counters(m, c);
	card_settle(m->b->card);
	check_store(m, c);
	check_places(m);
}

/* --- what the bench tells -------------------------------------------------------------------------- */

static void check_form(struct monitor *m, const struct sj_apdu *apdu, struct sj_span response)
{
	const struct card_applet *applet = m->b->card->now.channels[apdu->cla & 3].applet;
	const uint32_t ne = apdu->ne == 0 && applet != NULL && applet->le_optional ? 256 : apdu->ne;

	if (response.len - 2 > ne)
		monitor_complain(m, FAULT_FORM, "longer than asked for");
}

/* The session of Doc 9303 and TR-03110 is over. */
static void drop(struct monitor *m)
{
	if (m->session.kind != IN_PIV)
		m->session = (struct monitor_session){ .kind = IN_NONE };
}

static bool is_protected(struct sj_span command)
{
	/* EXTERNAL AUTHENTICATE of a secure channel begins one. */
	if (command.len < 2 || (command.ptr[0] == 0x84 && command.ptr[1] == 0x82))
		return false;
	return command.ptr[0] < 0xA0 && (command.ptr[0] & 0x0C) != 0;
}

/* A protected command that is not ours to be accepted: PIV's chains begin with 9000 and no data. */
static void forged(struct monitor *m, struct sj_span command, struct monitor_case *c)
{
	const bool chained = (command.ptr[0] & 0x10) != 0 && c->data.len == 0;

	if (!monitor_refused(c->sw) && !(chained && m->session.kind == IN_PIV))
		monitor_complain(m, FAULT_USE, "a forged command was taken");
	c->apdu = (struct sj_apdu){ .ins = 0xC0 }; /* nobody meant it */
	if (m->session.kind != IN_PIV || ((command.ptr[0] & 0x6C) == 0x0C && !chained))
		m->session = (struct monitor_session){ .kind = IN_NONE };
}

static void keep_last(struct monitor *m, struct sj_span command)
{
	if (!is_protected(command) || command.len > sizeof(m->last))
		return;
	memcpy(m->last, command.ptr, command.len);
	m->last_len = command.len;
}

static void on_sent(void *self, struct sj_span command, struct sj_span response, bool wrapped)
{
	struct monitor *m = self;
	struct monitor_case c = { .at = AT_MF };
	struct sj_response r = { .sw = 0 };
	bool parsed;

	keep_trail(m, command, response, wrapped);
	m->sent++;
	if (!sj_response_parse(response, &r)) {
		monitor_complain(m, FAULT_FORM, "no status word");
		return;
	}
	if (r.sw >> 12 != 6 && r.sw != SJ_SW_OK)
		monitor_complain(m, FAULT_FORM, "a status word that is none");
	parsed = sj_apdu_parse(command, &c.apdu);
	if (parsed)
		check_form(m, &c.apdu, response);
	c.data = r.data;
	c.sw = r.sw;
	if (wrapped) {
		keep_last(m, command);
		look(m, r.data, place_of(m, c.apdu.cla & 3), false);
		return;
	}
	m->commands += !m->chaining;
	m->chaining = parsed && (c.apdu.cla & 0x10) != 0 && !monitor_refused(r.sw);
	if (is_protected(command))
		forged(m, command, &c);
	else if (!parsed || c.apdu.ins != 0xC0)
		drop(m);
	if (!parsed && !monitor_refused(r.sw))
		monitor_complain(m, FAULT_FORM, "bytes that are no command were taken");
	meant(m, &c);
}

static void on_opened(void *self, const struct sj_apdu *plain, struct sj_span data, uint16_t sw,
		      bool in_channel)
{
	struct monitor *m = self;
	struct monitor_case c = { .apdu = *plain,
				  .secured = !in_channel || m->b->secured,
				  .in_channel = in_channel,
				  .data = data,
				  .sw = sw };

	m->commands++;
	m->chaining = (plain->cla & 0x10) != 0 && !monitor_refused(sw);
	if (!m->b->secured && m->session.kind != IN_PIV)
		drop(m);
	meant(m, &c);
}

/* --- begin ------------------------------------------------------------------------------------------ */

void monitor_power(struct monitor *m)
{
	m->session = (struct monitor_session){ .kind = IN_NONE };
	m->pin[0] = m->pin[1] = m->pairing = m->admin = m->gate = false;
	m->level = 0;
	m->chain_len = 0;
	m->chaining = false;
	m->commands = m->pin_at = 0;
	m->honest = false;
	m->was_blank = !card_is_issued(m->b->card);
	read_store(m);
}

void monitor_open(struct monitor *m, const struct monitor_session *s)
{
	m->session = *s;
}

void monitor_begin(struct monitor *m, struct bench *b, const struct marks *marks, bool is_eid,
		   const char *where)
{
	m->b = b;
	m->watch = (struct bench_watch){ on_sent, on_opened, m };
	m->marks = marks;
	m->last_len = 0; /* cards that are copies would take it from each other */
	m->where = where;
	m->is_eid = is_eid;
	m->is_open = card_profile(b->card) == CARD_OPEN;
	m->interface = b->card->interface;
	memcpy(m->value[0], HEX(PIN_HEX).ptr, 8);
	memcpy(m->value[1], HEX(GLOBAL_HEX).ptr, 8);
	memcpy(m->value[2], HEX(PUK_HEX).ptr, 8);
	b->watch = &m->watch;
	monitor_power(m);
}
