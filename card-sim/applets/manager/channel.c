/*
 * channel.c -- INITIALIZE UPDATE and EXTERNAL AUTHENTICATE.
 *
 * Source: GlobalPlatform Amendment D (SCP03) v1.2, 6.2.2, 6.2.3, 7.1.1, 7.1.2.
 */
#include <string.h>

#include "crypt/wipe.h"
#include "state.h"

#define PROTOCOL 0x03u
#define SEQUENCE_MAX 0xFFFFFFu

struct challenges {
	struct sj_span host;
	uint8_t card[SJ_SCP03_FULL];
	uint8_t sequence[SJ_SCP03_SEQUENCE];
	uint8_t i;
};

/* 6.2.2.1: counted and stored before it is used; at its end there is no channel any more. */
static uint16_t next_sequence(struct card *card, uint8_t version,
			      uint8_t out[static SJ_SCP03_SEQUENCE])
{
	struct sj_writer w = sj_writer(out, SJ_SCP03_SEQUENCE);
	struct card_store *store = card_store_of(card);
	struct sj_span in = sj_span(out, SJ_SCP03_SEQUENCE);
	uint32_t count;

	manager_sequence_get(store, version, out);
	if (!sj_take_be(&in, SJ_SCP03_SEQUENCE, &count) || count == SEQUENCE_MAX)
		return SJ_SW_CONDITIONS;
	sj_put_be(&w, SJ_SCP03_SEQUENCE, count + 1);
	return card_store_set(store, MANAGER_OBJECT_SEQUENCE + version, sj_written(&w))
		       ? SJ_SW_OK
		       : SJ_SW_MEMORY_FAILURE;
}

static uint16_t challenge(struct card *card, uint8_t version, const struct sj_scp03_keys *keys,
			  struct challenges *c)
{
	uint16_t sw;

	if ((c->i & SJ_SCP03_I_PSEUDO_RANDOM) == 0)
		return sj_random_fill(card_random(card), c->card, c->host.len) ? SJ_SW_OK
									       : SJ_SW_UNKNOWN;
	sw = next_sequence(card, version, c->sequence);
	if (sw != SJ_SW_OK)
		return sw;
	return sj_scp03_challenge(keys, c->host.len, c->sequence, SJ_SPAN_OF(manager_aid), c->card)
		       ? SJ_SW_OK
		       : SJ_SW_UNKNOWN;
}

/* Table 7-3: diversification data, key information, challenge, cryptogram, counter. */
static void put_answer(struct sj_writer *w, struct sj_span serial, uint8_t version,
		       const struct challenges *c, struct sj_span cryptogram)
{
	sj_put(w, SJ_SPAN_STR("SJ"));
	sj_put(w, serial);
	sj_put_u8(w, version);
	sj_put_u8(w, PROTOCOL);
	sj_put_u8(w, c->host.len == SJ_SCP03_FULL ? c->i | SJ_SCP03_I_S16 : c->i);
	sj_put(w, sj_span(c->card, c->host.len));
	sj_put(w, cryptogram);
	if ((c->i & SJ_SCP03_I_PSEUDO_RANDOM) != 0)
		sj_put(w, SJ_SPAN_OF(c->sequence));
}

static uint16_t open_with(struct card_call *call, uint8_t version, const struct sj_scp03_keys *keys)
{
	struct challenges c = { .host = call->apdu->data,
				.i = manager_scp_i(card_store_of(call->card)) };
	uint16_t sw = challenge(call->card, version, keys, &c);
	struct manager *m = call->state;
	struct manager_challenge *open = &m->challenge;
	const struct sj_span card = sj_span(c.card, c.host.len);
	uint8_t cryptogram[SJ_SCP03_FULL];
	struct sj_span serial;

	if (sw != SJ_SW_OK)
		return sw;
	if (!manager_serial(call->card, &serial))
		return SJ_SW_MEMORY_FAILURE;
	if (!sj_scp03_begin(&open->session, keys, c.host.len, c.host, card) ||
	    !sj_scp03_cryptogram(&open->session, SJ_SCP03_CARD, c.host, card, cryptogram) ||
	    !sj_scp03_cryptogram(&open->session, SJ_SCP03_HOST, c.host, card, open->expected))
		return SJ_SW_UNKNOWN;
	put_answer(call->out, serial, version, &c, sj_span(cryptogram, c.host.len));
	m->dek_cipher = keys->cipher;
	memcpy(m->dek, keys->dek, sizeof(m->dek));
	open->open = true;
	return SJ_SW_OK;
}

uint16_t manager_initialize_update(struct card_call *call)
{
	size_t size = call->apdu->data.len;
	struct sj_scp03_keys keys;
	uint8_t version;
	uint16_t sw;

	sj_wipe(call->state, sizeof(struct manager));
	if (size != SJ_SCP03_SHORT && size != SJ_SCP03_FULL)
		return SJ_SW_WRONG_LENGTH;
	if (!manager_keys_ensure(call->card))
		return SJ_SW_MEMORY_FAILURE;
	sw = manager_keys_find(call->card, call->apdu->p1, &version, &keys);
	if (sw == SJ_SW_OK)
		sw = open_with(call, version, &keys);
	sj_wipe(&keys, sizeof(keys));
	return sw;
}

/* Table 7-6, as far as parameter i says that responses can be protected. */
static bool is_level(uint8_t level, uint8_t i)
{
	bool r_mac = (level & SJ_SCP03_R_MAC) != 0, r_enc = (level & SJ_SCP03_R_ENC) != 0;

	if (level != 0x01 && level != 0x03 && level != 0x11 && level != 0x13 && level != 0x33)
		return false;
	return (!r_mac || (i & SJ_SCP03_I_R_MAC) != 0) && (!r_enc || (i & SJ_SCP03_I_R_ENC) != 0);
}

/* The MAC first, then the cryptogram: a wrong one of either is a failure that costs time. */
static uint16_t authenticate(struct card_call *call, struct manager_challenge *open)
{
	uint8_t bytes[2 * SJ_SCP03_FULL];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_apdu plain;

	card_delay_serve(call->card, CARD_DELAY_CHANNEL);
	if (!card_delay_raise(call->card, CARD_DELAY_CHANNEL))
		return SJ_SW_MEMORY_FAILURE;
	if (sj_scp03_unwrap(&open->session, call->apdu, &w, &plain) != SJ_SCP03_INTACT)
		return SJ_SW_SECURITY_STATUS;
	if (!sj_equal_secret(plain.data, sj_span(open->expected, open->session.size)))
		return SJ_SW_NO_INFORMATION;
	card_delay_clear(call->card, CARD_DELAY_CHANNEL);
	open->session.level = call->apdu->p1;
	card_scp_start(call->card, &open->session);
	return SJ_SW_OK;
}

uint16_t manager_external_authenticate(struct card_call *call)
{
	struct manager *m = call->state;
	struct manager_challenge *open = &m->challenge;
	uint16_t sw;

	if (!open->open)
		return SJ_SW_CONDITIONS;
	if (!call->scp && !call->secured)
		return SJ_SW_SECURITY_STATUS;
	if (!is_level(call->apdu->p1, manager_scp_i(card_store_of(call->card))))
		return SJ_SW_WRONG_P1P2;
	if (call->apdu->data.len != 2 * open->session.size)
		return SJ_SW_WRONG_LENGTH;
	sw = authenticate(call, open);
	sj_wipe(open, sizeof(*open));
	return sw;
}
