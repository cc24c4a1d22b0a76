#include "tests/hostile/stage.h"

#include "host/card_internal.h"
#include "tests/card/rig_channel.h"

#define VERSION 0x30u
#define SECTOR 3u

uint32_t stage_draw(struct stage *s)
{
	s->seed = s->seed * 1664525u + 1013904223u;
	return s->seed >> 8;
}

/* --- cards ------------------------------------------------------------------------------------ */

struct stage *stage_new(struct world *w)
{
	struct stage *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->world = w;
	s->tap = calloc(1, sizeof(*s->tap));
	assert_non_null(s->tap);
	s->b = bench_new_in(world_copy(w, BASE_BLANK));
	s->seed = 1;
	return s;
}

void stage_free(struct stage *s)
{
	tap_end(s->tap);
	free(s->tap);
	bench_free(s->b);
	free(s);
}

bool stage_set(struct stage *s, const struct scene *scene, const char *where)
{
	struct bench *b = s->b;
	struct card_store *former = b->store;

	s->scene = scene;
	b->watch = NULL;
	b->store = world_copy(s->world, scene->base);
	bench_insert(b, scene->interface);
	card_store_close(former);
	s->card = s->world->cards[scene->base];
	s->card.b = b;
	s->t.card = NULL;
	s->tap->b = b;
	s->piv_open = false;
	monitor_begin(&s->m, b, s->world->marks[scene->base], base_is_eid(scene->base), where);
	return scene->before == NULL || stage_run(s, scene->before);
}

uint16_t stage_power(struct stage *s, bool warm)
{
	uint8_t atr[CARD_ATR_MAX];

	bench_power(s->b);
	if (warm)
		assert_true(card_reset(s->b->card, atr) > 0);
	s->piv_open = false;
	monitor_power(&s->m);
	return SJ_SW_OK;
}

uint16_t stage_insert(struct stage *s, enum card_interface interface)
{
	bench_insert(s->b, interface);
	s->m.interface = interface;
	s->piv_open = false;
	monitor_power(&s->m);
	return SJ_SW_OK;
}

static bool stands_at(const struct stage *s, const char *name)
{
	const struct card_applet *applet = s->b->card->now.channels[0].applet;

	return applet != NULL && strcmp(applet->name, name) == 0;
}

/* --- documents --------------------------------------------------------------------------------- */

static void need_terminal(struct stage *s)
{
	if (s->t.card == NULL)
		eac_terminal(&s->t, &s->card, &s->world->is);
}

static const char *password_of(const struct stage *s, enum sj_pace_password kind)
{
	switch (kind) {
	case SJ_PACE_MRZ:
		return MRZ;
	case SJ_PACE_CAN:
		return CAN;
	case SJ_PACE_PIN:
		return base_is_eid(s->scene->base) ? EAC_PIN : PIN;
	case SJ_PACE_PUK:
		break;
	}
	return EAC_PUK;
}

/* What came of a step that had to succeed only if it was right. */
static uint16_t proved(struct stage *s, uint16_t sw, bool right, const char *what)
{
	s->m.honest = false;
	if (sw == SJ_SW_OK && !right)
		monitor_complain(&s->m, FAULT_USE, what);
	return sw;
}

uint16_t stage_pace(struct stage *s, enum sj_pace_password kind, const char *wrong, int last,
		    const struct sj_cvc_rights *chat)
{
	struct pace_reader p;
	uint16_t sw;

	pace_init(&p, s->b, SUITE_DEFAULT, kind, wrong != NULL ? wrong : password_of(s, kind));
	p.chat = chat;
	s->m.honest = wrong == NULL;
	sw = pace_until(&p, last);
	if (last < 5)
		return proved(s, sw, true, "");
	if (sw == SJ_SW_OK) {
		need_terminal(s);
		s->t.id_icc_len = 32;
		memcpy(s->t.id_icc, p.pk_dh_ic.bytes + 1, 32);
		monitor_open(&s->m, &(struct monitor_session){ .kind = IN_PACE,
							       .password = (uint8_t)kind,
							       .chat = chat != NULL });
	}
	return proved(s, sw, wrong == NULL, "PACE with a wrong password");
}

uint16_t stage_bac(struct stage *s, bool right)
{
	uint16_t sw;

	s->m.honest = right;
	sw = bac_run(s->b, right ? MRZ : "X00000000<000101<300101<");
	if (sw == SJ_SW_OK) {
		need_terminal(s);
		s->t.id_icc_len = 10;
		memcpy(s->t.id_icc, MRZ, 10);
		monitor_open(&s->m, &(struct monitor_session){ .kind = IN_BAC });
	}
	return proved(s, sw, right, "BAC with a wrong MRZ");
}

uint16_t stage_ca1(struct stage *s)
{
	struct monitor_session next = s->m.session;
	uint16_t sw;

	if (!stands_at(s, "eMRTD")) /* at the MF it would be version 2 */
		return SJ_SW_CONDITIONS;
	need_terminal(s);
	sw = eac_ca1(&s->t, &s->card.keys[0]);
	if (sw != SJ_SW_OK)
		return sw;
	next.kind = IN_CA1;
	next.authenticated = next.in_force = false;
	monitor_open(&s->m, &next);
	return sw;
}

/* EXTERNAL AUTHENTICATE, by the terminal's key or by another. */
static uint16_t sign(struct stage *s, struct eac_chain *chain, bool wrong)
{
	struct sj_key *own = chain->terminal.key;
	uint16_t sw;

	if (wrong)
		chain->terminal.key = chain->dv.key;
	s->m.honest = !wrong;
	sw = eac_external(&s->t);
	chain->terminal.key = own;
	return proved(s, sw, !wrong, "a terminal with another's signature");
}

uint16_t stage_ta1(struct stage *s)
{
	struct monitor_session next = s->m.session;
	uint16_t sw;

	need_terminal(s);
	eid_certify(&s->world->is, &(struct eid_plan){ .bits = 3 });
	s->t.chain = &s->world->is;
	s->m.honest = true;
	sw = eac_verify_chain(&s->t);
	s->m.honest = false;
	if (sw == SJ_SW_OK)
		sw = eac_ta1_set(&s->t);
	if (sw == SJ_SW_OK)
		sw = eac_challenge(&s->t);
	if (sw == SJ_SW_OK)
		sw = sign(s, &s->world->is, false);
	if (sw != SJ_SW_OK)
		return sw;
	next.in_force = next.authenticated = true;
	next.rights = s->world->is.terminal.plan.rights;
	monitor_open(&s->m, &next);
	return sw;
}

struct visit visit_of(enum sj_cvc_terminal who)
{
	const bool at = who == SJ_CVC_AUTHENTICATION;

	return (struct visit){ .who = who,
			       .with = at ? SJ_PACE_PIN : SJ_PACE_CAN,
			       .bits = at ? EID_ALL_BITS : 3,
			       .chat = at ? EID_ALL_BITS : 3,
			       .extension = at ? EID_ALL_EXTENSIONS : 0,
			       .chat_extension = at ? EID_ALL_EXTENSIONS : 0 };
}

/* The DV's name under the terminal's certificate, but not its signature. */
static void forge(struct eac_chain *chain)
{
	struct sj_key *own = chain->dv.key;

	chain->dv.key = chain->terminal.key;
	eac_sign(&chain->terminal, &chain->dv);
	chain->dv.key = own;
}

/* Chip Authentication with another key than the terminal signed. */
static uint16_t agree_otherwise(struct stage *s)
{
	const struct sj_random random = sj_random_system();
	struct sj_ec_secret sk;
	struct sj_ec_point pk;

	assert_true(sj_ec_secret_random(SJ_BP256R1, &random, &sk));
	assert_true(sj_ec_multiply(SJ_BP256R1, &sk, NULL, &pk));
	return proved(s, eac_ca_agree(&s->t, &sk, &pk), false, "another key than was signed");
}

/* The DV's certificate is genuine, the terminal's is not. */
static uint16_t verify_forged(struct stage *s)
{
	uint16_t sw;

	s->m.honest = true;
	sw = eac_verify(&s->t, &s->t.chain->dv);
	s->m.honest = false;
	if (sw != SJ_SW_OK)
		return sw;
	return proved(s, eac_verify(&s->t, &s->t.chain->terminal), false, "a forged certificate");
}

static uint16_t take_step(struct stage *s, struct eac_chain *chain, const struct visit *v,
			  enum eac_step step)
{
	uint16_t sw;

	if (step == EAC_TA)
		return sign(s, chain, v->wrong);
	if (step == EAC_CA && v->other_key)
		return agree_otherwise(s);
	if (step == EAC_CHAIN && v->forged)
		return verify_forged(s);
	s->m.honest = step == EAC_PACE || step == EAC_CHAIN || step == EAC_CA;
	sw = eac_step(&s->t, step);
	s->m.honest = false;
	return sw;
}

/* The terminal with its certificate and the CHAT. */
static struct eac_chain *come(struct stage *s, const struct visit *v)
{
	const bool at = v->who == SJ_CVC_AUTHENTICATION;
	struct eac_chain *chain = at ? &s->world->at : &s->world->is;
	const struct eid_plan plan = { .bits = v->bits,
				       .extension = v->extension,
				       .sector = at ? SECTOR : 0,
				       .sectors = { at ? &s->world->sector : NULL } };

	eid_certify(chain, &plan);
	if (v->forged)
		forge(chain);
	eac_terminal(&s->t, &s->card, chain);
	s->t.sector = at ? SECTOR : 0;
	s->t.kind = v->with;
	s->t.password = password_of(s, v->with);
	s->t.chat.bits = v->chat;
	s->t.chat.extra[SJ_CVC_SOJOURN] = v->chat_extension;
	return chain;
}

/* What the terminal has reached with this step. */
static void reach(struct stage *s, const struct visit *v, enum eac_step step)
{
	struct monitor_session next = s->m.session;

	if (step == EAC_PACE)
		next = (struct monitor_session){ .kind = IN_PACE,
						 .password = (uint8_t)v->with,
						 .chat = true };
	if (step == EAC_TA) {
		next.authenticated = true;
		next.sector = s->t.sector;
		next.rights = s->t.chat;
		next.rights.bits = v->bits & v->chat;
		next.rights.extra[SJ_CVC_SOJOURN] = v->extension & v->chat_extension;
	}
	if (step == EAC_CA) {
		next.kind = IN_CA2;
		next.in_force = true;
	}
	monitor_open(&s->m, &next);
}

uint16_t stage_eac(struct stage *s, const struct visit *v, enum eac_step last)
{
	struct eac_chain *chain = come(s, v);
	uint16_t sw = SJ_SW_OK;

	for (enum eac_step step = EAC_PACE; step <= last && sw == SJ_SW_OK; step++) {
		sw = take_step(s, chain, v, step);
		if (sw == SJ_SW_OK)
			reach(s, v, step);
	}
	return sw;
}

/* --- keys and manager ---------------------------------------------------------------------------- */

static uint16_t authenticate(struct stage *s, const struct sj_piv_auth *auth)
{
	uint8_t data[96];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x87, .p1 = PIV_ALG_AES_192, .p2 = 0x9B, .ne = 256 };

	sj_piv_auth_put(&w, auth);
	apdu.data = sj_written(&w);
	return stage_inside(s, &apdu);
}

uint16_t stage_admin(struct stage *s, bool right)
{
	uint8_t key[24], clear[SJ_CIPHER_BLOCK_MAX];
	struct sj_piv_auth auth = { .has_witness = true };

	memcpy(key, HEX(ADMIN_HEX).ptr, sizeof(key));
	if (authenticate(s, &auth) != SJ_SW_OK)
		return s->b->sw;
	if (!sj_piv_auth_read(s->b->data, &auth) || auth.witness.len != sizeof(clear))
		return s->b->sw;
	assert_true(sj_cbc_decrypt(SJ_CIPHER_AES192, key, NULL, auth.witness, clear));
	clear[0] ^= !right;
	auth = (struct sj_piv_auth){ .has_witness = true,
				     .has_challenge = true,
				     .has_response = true,
				     .witness = SJ_SPAN_OF(clear),
				     .challenge = SJ_SPAN_STR("sixteen bytes...") };
	s->m.honest = right;
	return proved(s, authenticate(s, &auth), right, "a wrong witness");
}

uint16_t stage_messaging(struct stage *s)
{
	if (!stands_at(s, "key") || s->b->secured)
		return SJ_SW_CONDITIONS;
	piv_open(&s->piv, s->b, PIV_ALG_CS2);
	s->piv_open = true;
	monitor_open(&s->m, &(struct monitor_session){ .kind = IN_PIV });
	return SJ_SW_OK;
}

/* The same command with another cryptogram and a MAC that fits. */
static struct sj_apdu other_cryptogram(struct rig_channel *c, const struct sj_scp03_keys *keys,
				       struct sj_span answer, uint8_t level, struct sj_writer *data)
{
	static const uint8_t guess[SJ_SCP03_SHORT] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	const struct sj_span host = rig_host_challenge();
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0x82, .p1 = level, .data = SJ_SPAN_OF(guess) };
	struct sj_span head, challenge = { NULL, 0 };

	assert_true(sj_take(&answer, 13, &head) && sj_take(&answer, host.len, &challenge));
	assert_true(sj_scp03_begin(&c->session, keys, host.len, host, challenge));
	assert_true(sj_scp03_wrap(&c->session, &apdu, data, &apdu));
	return apdu;
}

uint16_t stage_channel(struct stage *s, uint8_t level, enum channel_fault fault)
{
	const struct sj_scp03_keys keys = rig_well_known();
	struct bench *b = s->b;
	struct sj_apdu apdu = {
		.cla = 0x80, .ins = 0x50, .p1 = VERSION, .data = rig_host_challenge(), .ne = 256
	};
	uint8_t bytes[2 * SJ_SCP03_FULL];
	struct sj_writer data = SJ_WRITER_OF(bytes);

	b->channel.open = false;
	if (bench_send(b, &apdu) != SJ_SW_OK)
		return b->sw;
	apdu = fault == CHANNEL_CRYPTOGRAM
		       ? other_cryptogram(&b->channel, &keys, b->data, level, &data)
		       : rig_channel_begin(&b->channel, &keys, rig_host_challenge(), b->data, level,
					   &data);
	bytes[8 + stage_draw(s) % 8] ^= fault == CHANNEL_MAC;
	s->m.honest = fault == CHANNEL_RIGHT;
	bench_send(b, &apdu);
	b->channel.open = b->sw == SJ_SW_OK;
	return proved(s, b->sw, fault == CHANNEL_RIGHT, "a channel without its keys");
}

uint16_t stage_gate_tap(struct stage *s, bool wrong)
{
	uint8_t ticket[SJ_GATE_TICKET];
	struct rig_reader reader = s->world->reader;
	struct tap *t = s->tap;
	const struct sj_random random = sj_random_system();
	bool good;

	tap_end(t);
	*t = (struct tap){ .b = s->b };
	if (!tap_try_select(t, false, 0))
		return s->b->sw;
	reader.key[0] ^= wrong;
	tap_make_2(t, &reader);
	s->m.honest = s->m.gate = !wrong;
	good = tap_send_2(t, &reader);
	if (good) {
		tap_check_3(t, &s->world->gates);
		assert_true(sj_random_fill(&random, ticket, sizeof(ticket)));
		(void)tap_finish(t, ticket);
	}
	return proved(s, good ? SJ_SW_OK : SJ_SW_CONDITIONS, !wrong, "a gate with another key");
}

/* --- single commands -------------------------------------------------------------------------------- */

uint16_t stage_plain(struct stage *s, struct sj_span command)
{
	struct bench *b = s->b;
	const bool pieces = command.len > 1 && command.ptr[1] == 0xC0;

	bench_raw(b, command);
	if (pieces || s->believes)
		return b->sw;
	b->secured = false;
	if (command.len > 0 && (command.ptr[0] & 0x80) != 0)
		b->channel.open = false;
	return b->sw;
}

uint16_t stage_inside(struct stage *s, const struct sj_apdu *apdu)
{
	struct bench *b = s->b;
	uint16_t sw;

	if (!s->piv_open || b->secured)
		return bench_send(b, apdu);
	sw = piv_secure(&s->piv, apdu, 0);
	if (b->sw != SJ_SW_OK)
		s->piv_open = false;
	return b->sw = sw;
}

uint16_t stage_replay(struct stage *s)
{
	uint8_t again[sizeof(s->m.last)];
	const size_t n = s->m.last_len;

	memcpy(again, s->m.last, n);
	s->piv_open = s->b->channel.open = false;
	return stage_plain(s, sj_span(again, n));
}
