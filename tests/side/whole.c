/*
 * whole.c -- whole cards, and a gate, whose keys, passwords and random numbers are secrets. What leaves them is for
 * everybody; so is what a message says inside once it was opened: how the other side goes on tells it.
 */
#include <stdlib.h>

#include "applets/emrtd/state.h"
#include "applets/gate/state.h"
#include "applets/manager/state.h"
#include "applets/piv/state.h"
#include "secure/edhoc.h"
#include "tests/card/gate_rig.h"
#include "tests/card/piv_rig.h"
#include "tests/card/rig_channel.h"
#include "tests/reader/gate_stage.h"
#include "tests/side/secret.h"

static bool side_hides_random; /* the card's random numbers are secrets */
static bool inside; /* that card or gate */

static void need(bool ok)
{
	PUBLISHED(ok);
	if (!ok)
		abort();
}

/* --- where secrets begin and end ------------------------------------------------------------- */

int __real_RAND_priv_bytes(unsigned char *out, int n),
	__wrap_RAND_priv_bytes(unsigned char *out, int n);
int __wrap_RAND_priv_bytes(unsigned char *out, int n)
{
	int rc = __real_RAND_priv_bytes(out, n);

	if (inside)
		secret(out, (size_t)n);
	return rc;
}

__typeof__(card_transmit) __real_card_transmit, __wrap_card_transmit;
size_t __wrap_card_transmit(struct card *card, struct sj_span command, uint8_t *response)
{
	const bool was = inside;
	size_t n;

	inside = inside || side_hides_random;
	n = __real_card_transmit(card, command, response);
	inside = was;
	PUBLISHED(n);
	published(response, n);
	return n;
}

/* The card of a gate's test is the other side. */
__typeof__(card_answer) __real_card_answer, __wrap_card_answer;
size_t __wrap_card_answer(struct test_card *card, struct sj_span command, uint8_t *response)
{
	const bool was = inside;
	size_t n;

	published(command.ptr, command.len);
	inside = false;
	n = __real_card_answer(card, command, response);
	inside = was;
	return n;
}

__typeof__(sj_edhoc_plaintext_2_parse) __real_sj_edhoc_plaintext_2_parse,
	__wrap_sj_edhoc_plaintext_2_parse;
bool __wrap_sj_edhoc_plaintext_2_parse(struct sj_span in, struct sj_edhoc_plaintext *out)
{
	published(in.ptr, in.len);
	return __real_sj_edhoc_plaintext_2_parse(in, out);
}

__typeof__(sj_aead_open) __real_sj_aead_open, __wrap_sj_aead_open;
bool __wrap_sj_aead_open(enum sj_aead alg, const uint8_t *key, const uint8_t *nonce,
			 struct sj_span aad, struct sj_span sealed, struct sj_writer *out)
{
	const bool ok = __real_sj_aead_open(alg, key, nonce, aad, sealed, out);

	if (inside)
		published(out->ptr, out->len);
	return ok;
}

/* A public key goes out. */
__typeof__(sj_pace_key_make) __real_sj_pace_key_make, __wrap_sj_pace_key_make;
bool __wrap_sj_pace_key_make(const struct sj_pace_suite *suite, const struct sj_random *rnd,
			     const struct sj_pace_public *base, struct sj_pace_secret *own,
			     struct sj_pace_public *out)
{
	const bool ok = __real_sj_pace_key_make(suite, rnd, base, own, out);

	PUBLISHED(*out);
	return ok;
}

/* Of an object of the card's store, the bytes from here on. */
static void hide(struct bench *b, uint32_t object, size_t from, size_t len)
{
	struct sj_span stored;

	if (!card_store_get(b->store, object, &stored) || stored.len < from + len)
		abort();
	secret(stored.ptr + from, len);
}

/* --- cards ------------------------------------------------------------------------------------ */

/* With what its owner knows, which stands in its access object. */
static struct bench *document(const char *access, const char *known)
{
	struct bench *b = bench_issued(access);
	const size_t len = strlen(known);
	struct sj_span stored;

	if (!card_store_get(b->store, EMRTD_OBJECT_ACCESS, &stored))
		abort();
	for (size_t at = 0; at + len <= stored.len; at++)
		if (memcmp(stored.ptr + at, known, len) == 0) {
			secret(stored.ptr + at, len);
			side_hides_random = true;
			return b;
		}
	abort();
}

static void end(struct bench *b)
{
	side_hides_random = false;
	bench_free(b);
}

/* The right one and a wrong one. */
static void by_can(const char *access, enum sj_curve curve)
{
	const struct sj_pace_suite suite = { SJ_PACE_GM, SJ_CIPHER_AES128, curve, 0 };
	struct bench *b = document(access, CAN);

	need(pace_run(b, suite, SJ_PACE_CAN, CAN) == SJ_SW_OK);
	need(bench_hex(b, "00A4040C07A0000002471001") != 0); /* in clear: the session ends */
	bench_power(b);
	need((pace_run(b, suite, SJ_PACE_CAN, "654321") & 0xFF00) == 0x6300);
	end(b);
}

static void can_p256(void)
{
	by_can("800102" ACCESS_CAN "830300010C", SJ_P256);
}

static void can_brainpool(void)
{
	by_can("800102" ACCESS_CAN "830300010D", SJ_BP256R1);
}

static void by_mrz(void)
{
	struct bench *b = document(ACCESS_BAC, MRZ);

	need(bench_hex(b, SELECT_LDS) == SJ_SW_OK);
	need(bac_run(b, MRZ) == SJ_SW_OK);
	bench_power(b);
	need(bench_hex(b, SELECT_LDS) == SJ_SW_OK);
	need(bac_run(b, "L898902C<369080619406237") != SJ_SW_OK);
	end(b);
}

/* SCP03: the host's cryptogram, right and wrong. */
static void by_manager(void)
{
	const struct sj_scp03_keys keys = rig_well_known();
	struct bench *b = bench_new();
	uint8_t data[32];

	for (unsigned wrong = 0; wrong < 2; wrong++) {
		struct sj_writer w = SJ_WRITER_OF(data);
		struct sj_apdu apdu;

		bench_power(b);
		need(bench_hex(b, SELECT_MANAGER) == SJ_SW_OK); /* now it has keys */
		need(bench_hex(b, "80500000081032547698BADCFE00") == SJ_SW_OK);
		hide(b, MANAGER_OBJECT_KEYS + MANAGER_VERSION_TRANSPORT, 1, 3 * 16);
		side_hides_random = true;
		need(bench_hex(b, "80500000081032547698BADCFE00") == SJ_SW_OK);
		apdu = rig_channel_begin(&b->channel, &keys, rig_host_challenge(), b->data, 0x33,
					 &w);
		data[10] ^= (uint8_t)wrong;
		need((bench_send(b, &apdu) == SJ_SW_OK) == (wrong == 0));
		side_hides_random = false;
	}
	end(b);
}

static void by_management_key(void)
{
	struct bench *b = piv_contact();

	hide(b, PIV_STORE_ADMIN, 2, 24);
	side_hides_random = true;
	piv_administer(b);
	end(b);
}

/* --- EDHOC, both ends ------------------------------------------------------------------------- */

static void at_a_gate(void)
{
	void *state = NULL;
	struct gate_room *r;

	need(gate_room_setup(&state) == 0);
	r = state;
	for (uint8_t sector = 1; sector <= SJ_GATE_SECTORS; sector++)
		for (uint8_t slot = 0; slot < SJ_GATE_SLOTS; slot++) {
			const uint32_t object = gate_credential_object(sector, slot);
			struct sj_span stored;

			if (card_store_get(r->tap->b->store, object, &stored))
				hide(r->tap->b, object, 0, SJ_EDHOC_KEY);
		}
	side_hides_random = true;
	tap_first(r->tap, &r->reader, &r->ca, NULL);
	side_hides_random = false;
	need(gate_room_teardown(&state) == 0);
}

static void of_a_gate(void)
{
	struct test_card card;
	struct stage *s = NULL;
	void *state = NULL;

	need(stage_open(&state) == 0);
	s = state;
	card_make(s, &card, 5);
	inside = true;
	need(stage_tap(s->gate, &card, 0).decision == SJ_GATE_OPEN);
	inside = false;
	card_end(&card);
	need(stage_close(&state) == 0);
}

const struct side_case side_whole[] = {
	{ "a card opened by its CAN, P-256", can_p256, true },
	{ "a card opened by its CAN, brainpoolP256r1", can_brainpool, false },
	{ "a card opened by its MRZ, BAC", by_mrz, false },
	{ "a card's manager, SCP03", by_manager, false },
	{ "a card's management key", by_management_key, false },
	{ "a card at a gate, EDHOC on P-256", at_a_gate, true },
	{ "a gate, EDHOC on P-256", of_a_gate, true },
	{ NULL, NULL, false },
};
