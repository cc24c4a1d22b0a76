#include "authority/channel.h"

#include <stdlib.h>
#include <string.h>

#include "authority/cardstatus.h"
#include "crypt/wipe.h"
#include "wire/std/iso7816.h"
#include "wire/sw.h"
#include "wire/tlv.h"

#define INS_INITIALIZE_UPDATE 0x50u
#define INS_EXTERNAL_AUTHENTICATE 0x82u
#define INS_PUT_KEY 0xD8u
#define SCP03 0x03u
#define I_S16 0x01u /* Amendment D, table 5-1: S16 mode is supported */
#define P2_THREE_KEYS 0x81u /* PUT KEY: several keys, the first has identifier 01 */
#define PUT_KEY_MAX (1u + 3u * (4u + SJ_CIPHER_KEY_MAX + SJ_SCP03_KCV))
#define KEYS 3u
#define TAG_KEYS 0x00E0u /* GET DATA: key information */

bool channel_begin(struct channel *c, struct sj_card *card)
{
	*c = (struct channel){ .card = card, .random = sj_random_system() };
	c->response = malloc(SJ_APDU_RESPONSE_MAX);
	c->plain = malloc(SJ_APDU_RESPONSE_MAX);
	return c->response != NULL && c->plain != NULL;
}

static void wipe_keys(struct channel *c)
{
	sj_wipe(&c->session, sizeof(c->session));
	sj_wipe(&c->keys, sizeof(c->keys));
}

static void free_buffer(uint8_t *buffer)
{
	if (buffer != NULL)
		sj_wipe(buffer, SJ_APDU_RESPONSE_MAX);
	free(buffer);
}

void channel_end(struct channel *c)
{
	free_buffer(c->response);
	free_buffer(c->plain);
	sj_wipe(c, sizeof(*c));
}

/* --- commands -------------------------------------------------------------------------- */

/* 9000 and warnings, whose data are protected (6.2.5). */
static bool is_success(uint16_t sw)
{
	return sw == SJ_SW_OK || (sw >> 8) == 0x62 || (sw >> 8) == 0x63;
}

/* The bytes of one command to the card, and its answer as it came. */
static enum sj_rc transmit(struct channel *c, const struct sj_apdu *a, unsigned timeout_ms,
			   struct sj_response *out)
{
	size_t room = a->data.len + 16, len = SJ_APDU_RESPONSE_MAX;
	uint8_t *command = malloc(room);
	struct sj_writer w = sj_writer(command, room);
	enum sj_rc rc = SJ_NO_MEMORY;

	out->sw = 0;
	if (command != NULL) {
		sj_apdu_put(&w, a);
		rc = w.failed ? SJ_INTERNAL
			      : sj_card_transmit(c->card, command, w.len, timeout_ms, c->response,
						 &len, &out->sw);
		sj_wipe(command, room);
	}
	free(command);
	out->data = sj_span(c->response, rc == SJ_OK ? len : 0);
	c->sw = out->sw;
	c->commands++;
	return rc;
}

/* What an open channel makes of an answer. */
static enum sj_rc open_response(struct channel *c, struct sj_response *r)
{
	struct sj_writer plain = sj_writer(c->plain, SJ_APDU_RESPONSE_MAX);

	if (!is_success(r->sw))
		return r->data.len == 0 ? SJ_OK : SJ_CARD_SM_BROKEN;
	if ((c->session.level & SJ_SCP03_R_MAC) == 0)
		return SJ_OK;
	if (sj_scp03_unwrap_response(&c->session, r->data, r->sw, &plain) != SJ_SCP03_INTACT)
		return SJ_CARD_SM_BROKEN;
	r->data = sj_written(&plain);
	return SJ_OK;
}

/* Wraps with the room that padding and MAC take. */
static enum sj_rc protected_transmit(struct channel *c, const struct sj_apdu *a,
				     unsigned timeout_ms, struct sj_response *out)
{
	const size_t room = a->data.len + SJ_CIPHER_BLOCK_MAX + SJ_SCP03_FULL;
	uint8_t *data = malloc(room);
	struct sj_writer w = sj_writer(data, room);
	struct sj_apdu wrapped = { .ne = 0 };
	enum sj_rc rc = SJ_NO_MEMORY;

	*out = (struct sj_response){ { NULL, 0 }, 0 };
	if (data != NULL)
		rc = sj_scp03_wrap(&c->session, a, &w, &wrapped) ? SJ_OK : SJ_CRYPTO_FAILED;
	/* No MAC is over Le, and there is always one to come. */
	if (rc == SJ_OK && wrapped.ne == 0 && (c->session.level & SJ_SCP03_R_MAC) != 0)
		wrapped.ne = SJ_APDU_NE_SHORT;
	if (rc == SJ_OK)
		rc = transmit(c, &wrapped, timeout_ms, out);
	free(data);
	return rc;
}

/* Amendment D, 6.2.4: what fails ends the session, at either end. */
static enum sj_rc break_channel(struct channel *c, enum sj_rc rc)
{
	wipe_keys(c);
	c->state = CHANNEL_BROKEN;
	return rc;
}

enum sj_rc channel_send(struct channel *c, const struct sj_apdu *a, unsigned timeout_ms,
			struct sj_response *out)
{
	enum sj_rc rc;

	if (c->state == CHANNEL_BROKEN) {
		*out = (struct sj_response){ { NULL, 0 }, 0 };
		return SJ_CARD_SM_BROKEN;
	}
	if (c->state != CHANNEL_OPEN)
		return transmit(c, a, timeout_ms, out);
	rc = protected_transmit(c, a, timeout_ms, out);
	if (rc == SJ_OK)
		rc = open_response(c, out);
	if (rc != SJ_OK || out->sw == SJ_SW_SECURITY_STATUS)
		return break_channel(c, rc);
	return SJ_OK;
}

enum sj_rc channel_select(struct channel *c, struct sj_span aid, struct sj_response *out)
{
	const struct sj_apdu select = { 0x00, SJ_INS_SELECT, SJ_SELECT_DF_NAME,
					0x00, aid,           SJ_APDU_NE_SHORT,
					false };

	wipe_keys(c);
	c->state = CHANNEL_PLAIN;
	return transmit(c, &select, CHANNEL_TIMEOUT_MS, out);
}

/* --- opening ---------------------------------------------------------------------------- */

/* Table 7-3: diversification data, version, 03, i, challenge, cryptogram[, sequence counter]. */
static bool read_answer(struct channel *c, struct sj_span in)
{
	struct sj_span sequence = { NULL, 0 };
	uint8_t protocol;

	return sj_take_copy(&in, sizeof(c->diversification), c->diversification) &&
	       sj_take_u8(&in, &c->version) && sj_take_u8(&in, &protocol) && protocol == SCP03 &&
	       sj_take_u8(&in, &c->i) && sj_take_copy(&in, c->size, c->challenge) &&
	       sj_take_copy(&in, c->size, c->cryptogram) &&
	       ((c->i & SJ_SCP03_I_PSEUDO_RANDOM) == 0 ||
		sj_take(&in, SJ_SCP03_SEQUENCE, &sequence)) &&
	       in.len == 0;
}

static enum sj_rc initialize(struct channel *c, uint8_t version, size_t size)
{
	struct sj_apdu a = { .cla = CHANNEL_CLA,
			     .ins = INS_INITIALIZE_UPDATE,
			     .p1 = version,
			     .ne = SJ_APDU_NE_SHORT };
	struct sj_response r;
	enum sj_rc rc;

	wipe_keys(c);
	c->state = CHANNEL_PLAIN;
	c->size = size;
	if (!sj_random_fill(&c->random, c->host, size))
		return SJ_CRYPTO_FAILED;
	a.data = sj_span(c->host, size);
	rc = transmit(c, &a, CHANNEL_TIMEOUT_MS, &r);
	if (rc != SJ_OK)
		return rc;
	if (r.sw != SJ_SW_OK)
		return SJ_CARD_REFUSED;
	if (!read_answer(c, r.data) || (version != 0 && c->version != version))
		return SJ_CARD_ANSWER;
	c->state = CHANNEL_ASKED;
	return SJ_OK;
}

enum sj_rc channel_ask(struct channel *c, uint8_t version, size_t size)
{
	enum sj_rc rc = initialize(c, version, size);

	if (rc == SJ_OK && size != SJ_SCP03_FULL && (c->i & I_S16) != 0)
		rc = initialize(c, version, SJ_SCP03_FULL);
	return rc;
}

bool channel_fits(struct channel *c, const struct sj_scp03_keys *keys)
{
	const struct sj_span host = sj_span(c->host, c->size);
	const struct sj_span card = sj_span(c->challenge, c->size);
	uint8_t due[SJ_SCP03_FULL];
	bool fits;

	if (c->state != CHANNEL_ASKED)
		return false;
	fits = sj_scp03_begin(&c->session, keys, c->size, host, card) &&
	       sj_scp03_cryptogram(&c->session, SJ_SCP03_CARD, host, card, due) &&
	       sj_equal_secret(sj_span(due, c->size), sj_span(c->cryptogram, c->size));
	if (fits)
		c->keys = *keys;
	else
		wipe_keys(c);
	sj_wipe(due, sizeof(due));
	return fits;
}

/* Table 7-6: responses are protected where the card can. */
static unsigned highest_level(uint8_t i)
{
	unsigned level = SJ_SCP03_C_MAC | SJ_SCP03_C_ENC;

	if ((i & SJ_SCP03_I_R_MAC) != 0)
		level |= SJ_SCP03_R_MAC;
	if ((i & SJ_SCP03_I_R_MAC) != 0 && (i & SJ_SCP03_I_R_ENC) != 0)
		level |= SJ_SCP03_R_ENC;
	return level;
}

bool channel_is_mutual(const struct channel *c)
{
	return (highest_level(c->i) & SJ_SCP03_R_MAC) != 0;
}

enum sj_rc channel_open(struct channel *c)
{
	const unsigned level = highest_level(c->i);
	uint8_t cryptogram[SJ_SCP03_FULL];
	const struct sj_apdu a = { .cla = CHANNEL_CLA,
				   .ins = INS_EXTERNAL_AUTHENTICATE,
				   .p1 = (uint8_t)level,
				   .data = sj_span(cryptogram, c->size) };
	struct sj_response r;
	enum sj_rc rc;

	if (c->state != CHANNEL_ASKED || c->session.size == 0)
		return SJ_INTERNAL;
	rc = sj_scp03_cryptogram(&c->session, SJ_SCP03_HOST, sj_span(c->host, c->size),
				 sj_span(c->challenge, c->size), cryptogram)
		     ? protected_transmit(c, &a, CHANNEL_TIMEOUT_MS, &r)
		     : SJ_CRYPTO_FAILED;
	if (rc == SJ_OK && r.sw != SJ_SW_OK)
		rc = SJ_CARD_CHANNEL;
	if (rc == SJ_OK && r.data.len != 0)
		rc = SJ_CARD_ANSWER;
	if (rc != SJ_OK)
		return break_channel(c, rc);
	c->session.level = level;
	c->state = CHANNEL_OPEN;
	return SJ_OK;
}

size_t channel_room(const struct channel *c, size_t most)
{
	size_t room = most - c->size;

	/* Padding takes a byte at least. */
	return room / SJ_CIPHER_BLOCK_MAX * SJ_CIPHER_BLOCK_MAX - 1;
}

/* --- keys ---------------------------------------------------------------------------------- */

/* 11.8.3.1: the version and the check values of what was stored. */
static bool put_receipt(struct sj_writer *w, uint8_t version, const struct sj_scp03_keys *keys)
{
	const uint8_t *const each[KEYS] = { keys->enc, keys->mac, keys->dek };
	uint8_t value[SJ_SCP03_KCV];

	sj_put_u8(w, version);
	for (size_t i = 0; i < KEYS; i++) {
		if (!sj_scp03_kcv(keys->cipher, each[i], value))
			return false;
		sj_put(w, SJ_SPAN_OF(value));
	}
	return true;
}

enum sj_rc channel_put_keys(struct channel *c, uint8_t version, const struct sj_scp03_keys *fresh)
{
	uint8_t data[PUT_KEY_MAX], receipt[1 + KEYS * SJ_SCP03_KCV];
	struct sj_writer w = SJ_WRITER_OF(data), due = SJ_WRITER_OF(receipt);
	struct sj_apdu a = { .cla = CHANNEL_CLA,
			     .ins = INS_PUT_KEY,
			     .p1 = c->version,
			     .p2 = P2_THREE_KEYS,
			     .ne = SJ_APDU_NE_SHORT };
	struct sj_response r;
	enum sj_rc rc = SJ_CRYPTO_FAILED;

	if (c->state != CHANNEL_OPEN)
		return SJ_INTERNAL;
	if (!sj_scp03_put_keys(&w, version, fresh, c->keys.cipher, c->keys.dek) ||
	    !put_receipt(&due, version, fresh))
		goto out;
	a.data = sj_written(&w);
	rc = channel_send(c, &a, CHANNEL_TIMEOUT_MS, &r);
	if (rc == SJ_OK && r.sw != SJ_SW_OK)
		rc = SJ_CARD_REFUSED;
	else if (rc == SJ_OK && !sj_span_eq(r.data, sj_written(&due)))
		rc = SJ_CARD_ANSWER;
out:
	sj_wipe(data, sizeof(data));
	return rc;
}

enum sj_rc channel_other_keys(struct channel *c, uint8_t *version)
{
	const struct sj_apdu a = {
		.cla = CHANNEL_CLA, .ins = SJ_INS_GET_DATA, .p2 = TAG_KEYS, .ne = SJ_APDU_NE_SHORT
	};
	struct cardstatus_key key;
	struct sj_response r;
	struct sj_span rows = { NULL, 0 };
	enum sj_rc rc = channel_send(c, &a, CHANNEL_TIMEOUT_MS, &r);

	*version = 0;
	if (rc == SJ_OK && r.sw != SJ_SW_OK)
		rc = SJ_CARD_REFUSED;
	else if (rc == SJ_OK && sj_tlv_find(r.data, TAG_KEYS, &rows) != SJ_TLV_FOUND)
		rc = SJ_CARD_ANSWER;
	while (rc == SJ_OK && rows.len > 0 && *version == 0) {
		if (!cardstatus_take_key(&rows, &key))
			rc = SJ_CARD_ANSWER;
		else if (key.version != c->version)
			*version = key.version;
	}
	return rc;
}
