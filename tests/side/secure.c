/* Secure messaging, access and tickets, with secret keys, passwords and data. */
#include <stdlib.h>
#include <string.h>

#include "gate/ticket.h"
#include "secure/bac.h"
#include "secure/pace.h"
#include "secure/piv_sm.h"
#include "secure/scp03.h"
#include "secure/sm.h"
#include "tests/side/secret.h"
#include "wire/std/sp800-73.h"

static void need(bool ok)
{
	PUBLISHED(ok);
	if (!ok)
		abort();
}

/* There and back: both ends hold the keys. */
static void messaging(enum sj_cipher c)
{
	struct sj_sm_keys keys = { .cipher = c, .enc = { 1 }, .mac = { 2 } };
	struct sj_ssc ssc = { { 0 } };
	uint8_t data[40] = { 3 }, wire[256], plain[256];
	struct sj_apdu command = { .ins = 0xD6, .data = SJ_SPAN_OF(data), .ne = 0 }, got;
	struct sj_writer w = SJ_WRITER_OF(wire), p = SJ_WRITER_OF(plain);
	struct sj_response answer;

	SECRET(keys.enc);
	SECRET(keys.mac);
	SECRET(data);
	sj_sm_command_put(&w, &keys, &ssc, &command);
	PUBLISHED(wire);
	need(!w.failed && sj_apdu_parse(sj_written(&w), &got));
	need(sj_sm_command_open(&keys, &ssc, &got, &p, &got) == SJ_SM_OK);
	w = SJ_WRITER_OF(wire);
	p = SJ_WRITER_OF(plain);
	sj_sm_response_put(&w, &keys, &ssc, false, SJ_SPAN_OF(data), 0x9000);
	PUBLISHED(wire);
	need(!w.failed);
	need(sj_sm_response_open(&keys, &ssc, sj_span(wire, w.len - 2), &p, &answer) == SJ_SM_OK);
	wire[w.len - 3] ^= 1; /* the MAC */
	need(sj_sm_response_open(&keys, &ssc, sj_span(wire, w.len - 2), &p, &answer) ==
	     SJ_SM_INCORRECT);
}

static void messaging_aes(void)
{
	for (enum sj_cipher c = SJ_CIPHER_AES128; c <= SJ_CIPHER_AES256; c++)
		messaging(c);
}

static void messaging_3des(void)
{
	messaging(SJ_CIPHER_3DES);
}

static void bac(void)
{
	uint8_t mrz[24], token[SJ_BAC_TOKEN];
	struct sj_bac_keys keys;
	struct sj_bac_content content = { { 1 }, { 2 }, { 3 } }, got;
	struct sj_sm_keys session;
	struct sj_ssc ssc;

	memcpy(mrz, "L898902C<369080619406236", sizeof(mrz));
	SECRET(mrz);
	SECRET(content.keying);
	need(sj_bac_keys(SJ_SPAN_OF(mrz), &keys));
	need(sj_bac_token_seal(&keys, &content, token));
	PUBLISHED(token);
	need(sj_bac_token_open(&keys, SJ_SPAN_OF(token), &got));
	token[SJ_BAC_TOKEN - 1] ^= 1;
	need(!sj_bac_token_open(&keys, SJ_SPAN_OF(token), &got));
	need(sj_bac_session(content.keying, got.keying, content.rnd_own, content.rnd_peer, &session,
			    &ssc));
}

/* One end of PACE: the password, the nonce, both key pairs, the session. */
static void pace(enum sj_curve curve)
{
	const struct sj_pace_suite suite = { SJ_PACE_GM, SJ_CIPHER_AES128, curve, 0 };
	const struct sj_random rnd = sj_random_system();
	uint8_t can[6], k_pi[SJ_CIPHER_KEY_MAX], s[SJ_PACE_NONCE_MAX], z[SJ_PACE_NONCE_MAX] = { 8 };
	uint8_t token[SJ_MAC_SIZE];
	struct sj_pace_secret own, other;
	struct sj_pace_public peer, mine, generator;
	struct sj_sm_keys keys;

	memcpy(can, "123456", sizeof(can));
	SECRET(can);
	need(sj_pace_k_pi(suite.cipher, SJ_PACE_CAN, SJ_SPAN_OF(can), k_pi));
	need(sj_pace_nonce_decrypt(suite.cipher, k_pi, sj_span(z, 16), s));
	need(sj_pace_key_make(&suite, &rnd, NULL, &other, &peer) &&
	     sj_pace_key_make(&suite, &rnd, NULL, &own, &mine));
	secret(own.bytes, own.len);
	need(sj_pace_map_generic(&suite, sj_span(s, 16), &own, &peer, &generator));
	need(sj_pace_key_public(&suite, &own, &generator, &mine));
	PUBLISHED(mine);
	need(sj_pace_agree(&suite, &own, &peer, &keys));
	need(sj_pace_token(&keys, &suite, &mine, token));
}

static void pace_p256(void)
{
	pace(SJ_P256);
}

static void pace_brainpool(void)
{
	pace(SJ_BP256R1);
}

static void ticket(void)
{
	uint8_t key[SJ_TICKET_KEY] = { 1 }, salt[SJ_TICKET_SALT] = { 2 }, sealed[SJ_GATE_TICKET];
	struct sj_ticket t = { .operator_id = 1, .psk = { 3 } }, got;

	SECRET(key);
	SECRET(t);
	need(sj_ticket_seal(key, salt, &t, sealed));
	PUBLISHED(sealed);
	need(sj_ticket_open(key, SJ_SPAN_OF(sealed), &got));
	sealed[SJ_GATE_TICKET - 1] ^= 1;
	need(!sj_ticket_open(key, SJ_SPAN_OF(sealed), &got));
}

/* The card's static key agrees; cryptogram, then a command and its answer. */
static void piv_suite(uint8_t id)
{
	const struct sj_piv_suite *suite = sj_piv_suite(id);
	const struct sj_random rnd = sj_random_system();
	uint8_t z[SJ_EC_FIELD_MAX], ids[SJ_PIV_SM_ID] = { 1 }, nonce[24] = { 2 };
	uint8_t cryptogram[SJ_PIV_SM_CRYPTOGRAM], counter[SJ_PIV_SM_BLOCK] = { [15] = 1 };
	uint8_t chain[SJ_PIV_SM_BLOCK] = { 0 }, there[SJ_PIV_SM_BLOCK] = { 0 };
	uint8_t pin[8], wire[256], plain[256];
	struct sj_piv_sm_facts facts = { .host_id = ids, .card_id = ids };
	struct sj_writer w = SJ_WRITER_OF(wire), p = SJ_WRITER_OF(plain);
	struct sj_apdu command = { .ins = 0x20, .p2 = 0x80 }, got;
	struct sj_ec_secret card, host;
	struct sj_piv_sm_keys keys;

	need(sj_ec_secret_random(suite->curve, &rnd, &host) &&
	     sj_ec_multiply(suite->curve, &host, NULL, &facts.host_key) &&
	     sj_ec_secret_random(suite->curve, &rnd, &card));
	secret(card.bytes, card.len);
	need(sj_ec_agree(suite->curve, &card, &facts.host_key, z));
	facts.z = sj_span(z, sj_curve_field_size(suite->curve));
	facts.nonce = sj_span(nonce, suite->nonce);
	need(sj_piv_sm_derive(suite, &facts, &keys) &&
	     sj_piv_sm_cryptogram(&keys, &facts, cryptogram));
	memcpy(pin, "123456\xFF\xFF", sizeof(pin));
	SECRET(pin);
	command.data = SJ_SPAN_OF(pin);
	sj_piv_sm_command_put(&w, &keys, counter, chain, &command);
	PUBLISHED(wire);
	need(!w.failed && sj_apdu_parse(sj_written(&w), &got));
	need(sj_piv_sm_command_open(&keys, counter, there, &got, &p, &got) == SJ_SM_OK);
}

static void piv_cs2(void)
{
	piv_suite(PIV_ALG_CS2);
}

static void piv_cs7(void)
{
	piv_suite(PIV_ALG_CS7);
}

static void channel(void)
{
	struct sj_scp03_keys keys = { SJ_CIPHER_AES128, { 1 }, { 2 }, { 3 } };
	uint8_t host[SJ_SCP03_SHORT] = { 4 }, card[SJ_SCP03_SHORT] = { 5 }, out[SJ_SCP03_FULL];
	uint8_t secret_data[20] = { 6 }, wire[256], plain[256];
	struct sj_writer w = SJ_WRITER_OF(wire), p = SJ_WRITER_OF(plain);
	struct sj_apdu command = { .cla = 0x80, .ins = 0xE2, .data = SJ_SPAN_OF(secret_data) }, got;
	struct sj_scp03 a, b;

	SECRET(keys.enc);
	SECRET(keys.mac);
	SECRET(keys.dek);
	SECRET(secret_data);
	need(sj_scp03_begin(&a, &keys, sizeof(host), SJ_SPAN_OF(host), SJ_SPAN_OF(card)) &&
	     sj_scp03_cryptogram(&a, SJ_SCP03_CARD, SJ_SPAN_OF(host), SJ_SPAN_OF(card), out));
	a.level = SJ_SCP03_C_MAC | SJ_SCP03_C_ENC;
	b = a;
	need(sj_scp03_wrap(&a, &command, &w, &got));
	PUBLISHED(wire);
	need(sj_scp03_unwrap(&b, &got, &p, &got) == SJ_SCP03_INTACT);
}

const struct side_case side_secure[] = {
	{ "secure messaging, AES", messaging_aes, false },
	{ "secure messaging, 3DES", messaging_3des, false },
	{ "BAC", bac, false },
	{ "PACE, P-256", pace_p256, true },
	{ "PACE, brainpoolP256r1", pace_brainpool, false },
	{ "a gate's ticket", ticket, false },
	{ "PIV secure messaging, P-256", piv_cs2, true },
	{ "PIV secure messaging, P-384", piv_cs7, false },
	{ "SCP03", channel, false },
	{ NULL, NULL, false },
};
