/* op_piv.c -- the key application through the reader's library, before a liar. */
#include <stdio.h>

#include <sojourn/certificate.h>

#include "tests/hostile/liar.h"
#include "tests/reader/piv_stage.h"

#include "crypt/public.h"
#include "crypt/sign.h"
#include "piv/piv.h"

#define TIMEOUT_MS 10000u /* of a call, if the caller gives none */
#define ASKED_MS 25000 /* until there is an answer */

struct keys {
	struct card_store *store;
	enum card_interface interface;
	struct sj_context *ctx;
	struct sj_piv_options options;
	const char *secrets[2]; /* CAN, pairing code */
	struct liar *liar; /* who is being talked to */
	uint8_t spki[SJ_PIV_SPKI_MAX]; /* of 9A */
	size_t spki_len;
	uint8_t pkcs8[SJ_KEY_MAX], certificate[1200]; /* to be written */
	size_t pkcs8_len, certificate_len;
};

static enum sj_rc answer(void *user, const struct sj_piv_question *question, char *out, size_t cap,
			 bool *remember)
{
	const struct keys *k = user;

	liar_wait(ASKED_MS);
	k->liar->until += ASKED_MS; /* is not counted */
	*remember = false;
	if (question->again)
		return SJ_SECRET_NEEDED;
	snprintf(out, cap, "%s", k->secrets[question->what]);
	return SJ_OK;
}

static void make_key(struct keys *k)
{
	struct sj_key *key = sj_key_generate("P-256");
	struct sj_writer w = SJ_WRITER_OF(k->pkcs8);

	assert_true(key != NULL && sj_key_put(key, &w));
	k->pkcs8_len = w.len;
	sj_key_free(key);
}

static void *keys_new(const struct piv_plan *plan)
{
	struct keys *k = calloc(1, sizeof(*k));
	struct piv_plan contact = *plan;
	struct sj_piv_key_info info = { .size = sizeof(info) };
	struct piv_stage *s;

	assert_non_null(k);
	contact.interface = CARD_CONTACT;
	s = piv_stage_new(&contact);
	assert_int_equal(piv_stage_open(s), SJ_OK);
	piv_stage_fill(s);
	assert_int_equal(sj_piv_key_info(s->piv, 0x9A, &info), SJ_OK);
	memcpy(k->spki, info.spki, info.spki_len);
	k->spki_len = info.spki_len;
	k->certificate_len = piv_stage_certificate(sj_span(k->spki, k->spki_len), k->certificate,
						   sizeof(k->certificate));
	make_key(k);
	piv_stage_close(s);
	k->store = stores_copy(s->b->store);
	piv_stage_free(s);
	k->interface = plan->interface != 0 ? plan->interface : CARD_CONTACT;
	k->secrets[SJ_PIV_CAN] = CAN;
	k->secrets[SJ_PIV_PAIRING_CODE] = STAGE_PAIRING;
	k->options = (struct sj_piv_options)SJ_PIV_OPTIONS_INIT;
	k->options.ask = answer;
	k->options.user = k;
	assert_int_equal(sj_context_new(&k->ctx), SJ_OK);
	return k;
}

static void *open_contact(void)
{
	return keys_new(&(struct piv_plan){ .policy = 0 });
}

/* A reset wants its PIN and its PUK blocked. */
static void *open_blocked(void)
{
	struct keys *k = open_contact();
	struct bench *b = bench_new_in(k->store);

	bench_insert(b, CARD_CONTACT);
	assert_int_equal(bench_hex(b, SELECT_PIV), SJ_SW_OK);
	while (bench_hex(b, "0020008008303030303030FFFF") != SJ_SW_AUTH_BLOCKED)
		;
	while (bench_hex(b, "002C0080103030303030303030303030303030FFFF") != SJ_SW_AUTH_BLOCKED)
		;
	k->store = stores_copy(b->store);
	bench_free(b);
	return k;
}

static void *open_paired(void)
{
	return keys_new(&(struct piv_plan){ .interface = CARD_CONTACTLESS });
}

static void *open_private(void)
{
	return keys_new(&(struct piv_plan){ .interface = CARD_CONTACTLESS, .is_private = true });
}

static void keys_close(void *rig)
{
	struct keys *k = rig;

	sj_context_free(k->ctx);
	card_store_close(k->store);
	free(k);
}

/* A call begins. */
static struct sj_piv *due(struct liar *l, struct sj_piv *piv)
{
	(void)liar_call(l, TIMEOUT_MS);
	return piv;
}

static struct sj_piv *typing(struct liar *l, struct sj_piv *piv)
{
	(void)liar_call(l, SJ_PIV_TYPING_MS);
	return piv;
}

/* Opens and works; what `work` returns is how it ended. */
static void keys_run(struct keys *k, struct liar *l, struct outcome *o,
		     enum sj_rc (*work)(struct keys *k, struct sj_piv *piv, struct liar *l,
					struct outcome *o))
{
	struct sj_card *card = NULL;
	struct sj_piv *piv = NULL;
	enum sj_rc rc;

	k->liar = l;
	liar_insert(l, k->store, k->interface);
	rc = sj_card_over(k->ctx, &l->head, "liar", sj_deadline_after(liar_call(l, 30000)), &card);
	(void)liar_call(l, TIMEOUT_MS);
	if (rc == SJ_OK)
		rc = sj_piv_open(card, &k->options, &piv);
	if (rc == SJ_OK)
		rc = work(k, piv, l, o);
	if (piv != NULL)
		outcome_touch(&(uint16_t){ sj_piv_status_word(piv) }, 2);
	if (piv != NULL && sj_piv_commands(piv) > l->answers)
		o->wrong = "more commands than were sent";
	sj_piv_close(piv);
	sj_card_close(card);
	o->rc = rc;
	o->accepted = rc == SJ_OK && o->wrong == NULL;
}

/* --- what the card tells ------------------------------------------------------------------ */

static enum sj_rc read_objects(struct sj_piv *piv, struct liar *l)
{
	static const uint32_t tags[] = { PIV_OBJECT_CHUID, PIV_OBJECT_DISCOVERY, PIV_OBJECT_CCC,
					 PIV_OBJECT_KEY_HISTORY, PIV_OBJECT_PRINTED };
	static uint8_t bytes[SJ_PIV_OBJECT_MAX]; /* of this function */
	enum sj_rc first = SJ_OK;

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		size_t len = sizeof(bytes);
		const enum sj_rc rc = sj_piv_read(due(l, piv), tags[i], bytes, &len);

		if (rc == SJ_OK)
			outcome_touch(bytes, len);
		else if (rc != SJ_PIN_NEEDED && rc != SJ_KEY_ABSENT && first == SJ_OK)
			first = rc;
	}
	return first;
}

static enum sj_rc read_keys(struct sj_piv *piv, struct liar *l)
{
	static const uint8_t refs[] = { 0x9A, 0x9C, 0x9E, 0x82, 0x95, 0xF9 };
	static uint8_t bytes[SJ_PIV_OBJECT_MAX]; /* of this function */
	enum sj_rc first = SJ_OK;

	for (size_t i = 0; i < sizeof(refs); i++) {
		struct sj_piv_key_info info = { .size = sizeof(info) };
		size_t len = sizeof(bytes);
		enum sj_rc rc = sj_piv_key_info(due(l, piv), refs[i], &info);

		if (rc == SJ_OK)
			outcome_touch(info.spki, info.spki_len);
		else if (rc != SJ_KEY_ABSENT && first == SJ_OK)
			first = rc;
		rc = sj_piv_read_certificate(due(l, piv), refs[i], bytes, &len);
		if (rc == SJ_OK)
			outcome_touch(bytes, len);
	}
	return first;
}

/* As a program that keeps copies does, in a stretch of its own. */
static enum sj_rc identify(struct sj_piv *piv, struct liar *l)
{
	uint8_t guid[SJ_PIV_GUID], content[SJ_PIV_CONTENT];
	bool has_guid = false, has_content = false;
	enum sj_piv_pin pin;
	enum sj_rc rc = sj_piv_begin(due(l, piv));

	if (rc != SJ_OK)
		return rc;
	rc = sj_piv_identify(due(l, piv), guid, &has_guid, content, &has_content);
	if (rc == SJ_OK && has_guid)
		outcome_touch(guid, sizeof(guid));
	if (rc == SJ_OK && has_content)
		outcome_touch(content, sizeof(content));
	if (rc == SJ_OK)
		rc = sj_piv_user_pin(due(l, piv), &pin);
	sj_piv_end(piv);
	return rc;
}

static enum sj_rc tell(struct keys *k, struct sj_piv *piv, struct liar *l, struct outcome *o)
{
	struct sj_piv_info info = { .size = sizeof(info) };
	enum sj_rc rc = identify(piv, l);

	(void)k;
	(void)o;
	if (rc == SJ_OK)
		rc = sj_piv_get_info(due(l, piv), &info);
	if (rc == SJ_OK) {
		outcome_touch(info.guid, sizeof(info.guid));
		outcome_touch(info.content, sizeof(info.content));
		outcome_touch(info.version, sizeof(info.version));
		rc = read_objects(piv, l);
	}
	return rc == SJ_OK ? read_keys(piv, l) : rc;
}

/* --- PINs ----------------------------------------------------------------------------------- */

/* Nobody is logged in whom the card did not say so of: `before` answers of 9000 there were. */
static void login_was_said(struct liar *l, struct outcome *o, enum sj_rc rc, uint8_t ins,
			   unsigned before)
{
	if (rc == SJ_OK && l->good[ins] == before)
		o->wrong = "a PIN is right that the card did not call so";
}

static enum sj_rc use_pins(struct keys *k, struct sj_piv *piv, struct liar *l, struct outcome *o)
{
	struct sj_piv_pin_state state = { .size = sizeof(state) };
	int left = -1;
	unsigned before;
	enum sj_rc rc = sj_piv_pin_state(due(l, piv), SJ_PIV_PIN, &state);

	(void)k;
	if (rc == SJ_OK)
		outcome_touch(&state.tries_left, sizeof(state.tries_left));
	before = l->good[PIV_INS_VERIFY];
	if (rc == SJ_OK)
		login_was_said(l, o,
			       rc = sj_piv_verify(due(l, piv), SJ_PIV_PIN, STAGE_PIN, 6, &left),
			       PIV_INS_VERIFY, before);
	before = l->good[PIV_INS_VERIFY];
	l->keyed = STAGE_PIN;
	if (rc == SJ_OK && sj_piv_reader_has_keypad(piv))
		login_was_said(l, o,
			       rc = sj_piv_verify_on_reader(typing(l, piv), SJ_PIV_PIN, &left),
			       PIV_INS_VERIFY, before);
	l->keyed = NULL;
	before = l->good[PIV_INS_CHANGE_REFERENCE_DATA];
	if (rc == SJ_OK)
		login_was_said(l, o,
			       rc = sj_piv_change(due(l, piv), SJ_PIV_PIN, STAGE_PIN, 6, "246810",
						  6, &left),
			       PIV_INS_CHANGE_REFERENCE_DATA, before);
	if (rc == SJ_OK)
		rc = sj_piv_logout(due(l, piv), SJ_PIV_PIN);
	before = l->good[PIV_INS_RESET_RETRY_COUNTER];
	if (rc == SJ_OK)
		login_was_said(l, o,
			       rc = sj_piv_unblock(due(l, piv), STAGE_PUK, 8, STAGE_PIN, 6, &left),
			       PIV_INS_RESET_RETRY_COUNTER, before);
	outcome_touch(&left, sizeof(left));
	return rc;
}

/* --- keys -------------------------------------------------------------------------------------- */

static enum sj_rc use_keys(struct keys *k, struct sj_piv *piv, struct liar *l, struct outcome *o)
{
	uint8_t digest[32] = { 1 }, out[SJ_PIV_BLOCK_MAX], random[40];
	struct sj_public key;
	size_t len = sizeof(out);
	int left = -1;
	enum sj_rc rc = sj_piv_verify(due(l, piv), SJ_PIV_GLOBAL_PIN, STAGE_GLOBAL, 6, &left);

	(void)o;
	if (rc == SJ_OK)
		rc = sj_piv_sign(due(l, piv), 0x9A, SJ_PIV_P256, digest, 32, out, &len);
	if (rc == SJ_OK)
		outcome_touch(out, len);
	len = sizeof(out);
	if (rc == SJ_OK)
		rc = sj_piv_verify_and_sign(due(l, piv), SJ_PIV_GLOBAL_PIN, STAGE_GLOBAL, 6, 0x9C,
					    SJ_PIV_P256, digest, 32, out, &len, &left);
	if (rc == SJ_OK)
		outcome_touch(out, len);
	len = sizeof(out);
	assert_true(sj_public_read(sj_span(k->spki, k->spki_len), &key));
	if (rc == SJ_OK)
		rc = sj_piv_agree(due(l, piv), 0x9D, SJ_PIV_P256, key.point.bytes, 65, out, &len);
	if (rc == SJ_OK)
		outcome_touch(out, len);
	if (rc == SJ_OK && sj_piv_random(due(l, piv), random, sizeof(random)) == SJ_OK)
		outcome_touch(random, sizeof(random));
	return rc;
}

static enum sj_rc administer(struct keys *k, struct sj_piv *piv, struct liar *l, struct outcome *o)
{
	static const uint8_t value[40] = { 1, 2, 3 };
	enum sj_piv_algorithm algorithm;
	uint8_t key[24], spki[SJ_PIV_SPKI_MAX], bytes[3000];
	size_t len = sizeof(spki);
	enum sj_rc rc = sj_piv_admin_algorithm(due(l, piv), &algorithm);

	(void)hex(ADMIN_HEX, key, sizeof(key));
	if (rc == SJ_OK)
		rc = sj_piv_administer(due(l, piv), SJ_PIV_AES_192, key, sizeof(key));
	if (rc == SJ_OK && l->good[PIV_INS_GENERAL_AUTHENTICATE] < 2)
		o->wrong = "a management key is right that the card did not call so";
	if (rc == SJ_OK)
		rc = sj_piv_generate(due(l, piv), 0x82, SJ_PIV_P256, SJ_PIV_POLICY_DEFAULT, spki,
				     &len);
	if (rc == SJ_OK)
		outcome_touch(spki, len);
	if (rc == SJ_OK)
		rc = sj_piv_write(due(l, piv), YUBICO_OBJECT_FIRST, value, sizeof(value));
	if (rc == SJ_OK)
		rc = sj_piv_import(due(l, piv), 0x83, k->pkcs8, k->pkcs8_len,
				   SJ_PIV_POLICY_DEFAULT);
	if (rc == SJ_OK)
		rc = sj_piv_write_certificate(due(l, piv), 0x82, k->certificate,
					      k->certificate_len);
	len = sizeof(bytes);
	if (rc == SJ_OK && sj_piv_attest(due(l, piv), 0x82, bytes, &len) == SJ_OK)
		outcome_touch(bytes, len);
	if (rc == SJ_OK)
		rc = sj_piv_set_admin_key(due(l, piv), SJ_PIV_AES_192, key, sizeof(key));
	return rc == SJ_OK ? sj_piv_delete_key(due(l, piv), 0x82) : rc;
}

/* Until the card has said so, nothing of it is gone. */
static enum sj_rc reset(struct keys *k, struct sj_piv *piv, struct liar *l, struct outcome *o)
{
	const enum sj_rc rc = sj_piv_reset(due(l, piv));

	(void)k;
	if (rc == SJ_OK && l->good[YUBICO_INS_RESET] == 0)
		o->wrong = "a card is empty that did not say so";
	return rc;
}

/* --- what a key signs about itself ---------------------------------------------------------------- */

static enum sj_rc certify(struct keys *k, struct sj_piv *piv, struct liar *l, struct outcome *o)
{
	const struct sj_piv_unlock unlock = { SJ_PIV_GLOBAL_PIN, STAGE_GLOBAL, 6, NULL };
	uint8_t out[SJ_CERTIFICATE_MADE_MAX];
	size_t len = sizeof(out);
	enum sj_rc rc =
		sj_piv_sign_message(due(l, piv), 0x9C, &unlock, k->spki, k->spki_len, out, &len);

	(void)o;
	if (rc == SJ_OK)
		outcome_touch(out, len);
	len = sizeof(out);
	if (rc == SJ_OK)
		rc = sj_piv_request(due(l, piv), 0x9A, &unlock, "C=UT,CN=Anna", out, &len);
	if (rc == SJ_OK)
		outcome_touch(out, len);
	len = sizeof(out);
	if (rc == SJ_OK)
		rc = sj_piv_self_sign(due(l, piv), 0x9A, &unlock, "C=UT,CN=Anna", 1790000000, 30,
				      out, &len);
	if (rc == SJ_OK)
		outcome_touch(out, len);
	return rc;
}

/* --- through a channel: nothing that it brings may be another's --------------------------------- */

static enum sj_rc read_inside(struct keys *k, struct sj_piv *piv, struct liar *l, struct outcome *o)
{
	static uint8_t bytes[SJ_PIV_OBJECT_MAX]; /* of this function */
	struct sj_piv_key_info info = { .size = sizeof(info) };
	size_t len = sizeof(bytes);
	enum sj_rc rc = sj_piv_read(due(l, piv), PIV_OBJECT_CCC, bytes, &len);

	(void)k;
	if (rc == SJ_OK)
		outcome_put(o, "ccc", bytes, len);
	if (rc == SJ_OK)
		rc = sj_piv_key_info(due(l, piv), 0x9A, &info);
	if (rc == SJ_OK)
		outcome_put(o, "key", info.spki, info.spki_len);
	len = sizeof(bytes);
	if (rc == SJ_OK)
		rc = sj_piv_read_certificate(due(l, piv), 0x9A, bytes, &len);
	if (rc == SJ_OK)
		outcome_put(o, "certificate", bytes, len);
	return rc;
}

static void tell_run(void *rig, struct liar *l, struct outcome *o)
{
	keys_run(rig, l, o, tell);
}

static void pins_run(void *rig, struct liar *l, struct outcome *o)
{
	keys_run(rig, l, o, use_pins);
}

static void use_run(void *rig, struct liar *l, struct outcome *o)
{
	keys_run(rig, l, o, use_keys);
}

static void administer_run(void *rig, struct liar *l, struct outcome *o)
{
	keys_run(rig, l, o, administer);
}

static void reset_run(void *rig, struct liar *l, struct outcome *o)
{
	keys_run(rig, l, o, reset);
}

static void certify_run(void *rig, struct liar *l, struct outcome *o)
{
	keys_run(rig, l, o, certify);
}

static void inside_run(void *rig, struct liar *l, struct outcome *o)
{
	keys_run(rig, l, o, read_inside);
}

const struct operation *const *operations_piv(void)
{
#define PIV(name_, kind_, open_, run_) \
	{ \
		.name = name_, .kind = ON_PIV | (kind_), .card_is_believed = true, .open = open_, \
		.run = run_, .close = keys_close \
	}
	static const struct operation all_told =
		PIV("piv-tell", ON_CONTACT, open_contact, tell_run);
	static const struct operation pins = PIV("piv-pins", ON_CONTACT, open_contact, pins_run);
	static const struct operation use = PIV("piv-use", ON_CONTACT, open_contact, use_run);
	static const struct operation administration =
		PIV("piv-administer", ON_CONTACT | ON_ADMIN, open_contact, administer_run);
	static const struct operation emptying =
		PIV("piv-reset", ON_CONTACT, open_blocked, reset_run);
	static const struct operation certifying =
		PIV("piv-certify", ON_CONTACT, open_contact, certify_run);
	static const struct operation paired =
		PIV("piv-paired", ON_PIV_SM, open_paired, inside_run);
	static const struct operation private =
		PIV("piv-pace", ON_SM | ON_PACE, open_private, inside_run);
	static const struct operation *const all[] = { &all_told,       &pins,     &use,
						       &administration, &emptying, &certifying,
						       &paired,         &private,  NULL };

	return all;
}
