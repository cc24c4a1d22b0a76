#include "secure/gate.h"

#include "crypt/wipe.h"

#include <string.h>

/* Labels of EDHOC_Exporter (RFC 9528, 10.1: 32768 and up are for private use). */
enum label { LABEL_PSK = 32768, LABEL_TO_CARD = 32769, LABEL_TO_GATE = 32770 };

#define EAD_3_SIZE (4u + 1u + 1u + SJ_GATE_PSEUDONYM)
#define EAD_4_SIZE (1u + SJ_GATE_TICKET)
#define TICKET_SALT 16u
#define PSK_KID 8u

struct sj_span sj_gate_aid(void)
{
	static const uint8_t aid[] = { 0xF0, 0x53, 0x4F, 0x4A, 0x4F, 0x55, 0x52, 0x4E, 0x01 };

	return SJ_SPAN_OF(aid);
}

struct sj_span sj_gate_c_i(void)
{
	return SJ_SPAN_STR("\x00");
}

struct sj_span sj_gate_c_r(void)
{
	return SJ_SPAN_STR("\x01");
}

struct sj_span sj_gate_kid_r(void)
{
	return SJ_SPAN_STR("\x02");
}

unsigned sj_gate_age(size_t i)
{
	static const uint8_t ages[SJ_GATE_AGES] = { 12, 14, 16, 18, 21, 60, 65 };

	return i < SJ_GATE_AGES ? ages[i] : 0;
}

bool sj_gate_may_resume(const struct sj_cwt_reader *reader)
{
	return reader->sector == SJ_SECTOR_TRANSPORT || (reader->rights & SJ_RIGHT_TICKET) != 0;
}

/* The one item of this profile, of this size. */
static bool take_ead(struct sj_span in, size_t size, struct sj_span *value)
{
	int64_t label;

	return sj_edhoc_ead_next(&in, &label, value) && label == SJ_GATE_EAD_LABEL &&
	       value->len == size && in.len == 0;
}

void sj_gate_ead_3_put(struct sj_writer *w, const struct sj_gate_ead_3 *ead)
{
	sj_cbor_put_int(w, SJ_GATE_EAD_LABEL);
	sj_cbor_put_bytes_head(w, EAD_3_SIZE);
	sj_put_be(w, 4, ead->epoch);
	sj_put_u8(w, ead->class);
	sj_put_u8(w, ead->ages);
	sj_put(w, SJ_SPAN_OF(ead->pseudonym));
}

bool sj_gate_ead_3_parse(struct sj_span in, struct sj_gate_ead_3 *out)
{
	struct sj_span value;

	return take_ead(in, EAD_3_SIZE, &value) && sj_take_be(&value, 4, &out->epoch) &&
	       sj_take_u8(&value, &out->class) && out->class <= SJ_CLASS_RETURN &&
	       sj_take_u8(&value, &out->ages) &&
	       sj_take_copy(&value, SJ_GATE_PSEUDONYM, out->pseudonym);
}

void sj_gate_ead_4_put(struct sj_writer *w, struct sj_span ticket)
{
	sj_cbor_put_int(w, SJ_GATE_EAD_LABEL);
	sj_cbor_put_bytes_head(w, EAD_4_SIZE);
	sj_put_u8(w, ticket.len > 0 ? 1 : 0);
	sj_put(w, ticket);
	if (ticket.len == 0)
		sj_put_fill(w, 0, SJ_GATE_TICKET);
	else if (ticket.len != SJ_GATE_TICKET)
		w->failed = true;
}

bool sj_gate_ead_4_parse(struct sj_span in, struct sj_span *ticket)
{
	struct sj_span value;
	uint8_t flags;

	if (!take_ead(in, EAD_4_SIZE, &value) || !sj_take_u8(&value, &flags) || flags > 1)
		return false;
	*ticket = flags == 1 ? value : sj_span(NULL, 0);
	return true;
}

bool sj_gate_psk(struct sj_edhoc_prk *exporter, struct sj_span ticket,
		 uint8_t psk[static SJ_PRK_SIZE])
{
	struct sj_span salt;

	return ticket.len == SJ_GATE_TICKET && sj_take(&ticket, TICKET_SALT, &salt) &&
	       sj_edhoc_kdf(exporter, LABEL_PSK, &salt, 1, psk, SJ_PRK_SIZE);
}

/* { 2 : sub, 8 : { 1 : { 1 : 4, 2 : kid } } } */
bool sj_gate_psk_cred(uint8_t sub, struct sj_span ticket, uint8_t out[static SJ_GATE_PSK_CRED])
{
	struct sj_writer w = sj_writer(out, SJ_GATE_PSK_CRED);
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, &ticket, 1, hash))
		return false;
	sj_put(&w, SJ_SPAN_STR("\xA2\x02\x61"));
	sj_put_u8(&w, sub);
	sj_put(&w, SJ_SPAN_STR("\x08\xA1\x01\xA2\x01\x04\x02"));
	sj_cbor_put_bytes(&w, sj_span(hash, PSK_KID));
	return !w.failed;
}

bool sj_gate_channel_make(struct sj_edhoc_prk *exporter, struct sj_gate_channel *out)
{
	out->sent = 0;
	out->received = 0;
	return sj_edhoc_kdf(exporter, LABEL_TO_CARD, NULL, 0, out->to_card, 16) &&
	       sj_edhoc_kdf(exporter, LABEL_TO_GATE, NULL, 0, out->to_gate, 16);
}

bool sj_gate_object_seal(const uint8_t key[static 16], uint8_t counter, uint8_t type,
			 struct sj_span content, struct sj_writer *out)
{
	const uint8_t nonce[SJ_AEAD_NONCE_MAX] = { [SJ_AEAD_NONCE_MAX - 1] = counter };
	uint8_t plain[1 + SJ_GATE_OBJECT_MAX];
	struct sj_writer w = SJ_WRITER_OF(plain);

	sj_put_u8(&w, type);
	sj_put(&w, content);
	return !w.failed && sj_aead_seal(SJ_AES_CCM_16_128_128, key, nonce, sj_span(NULL, 0),
					 sj_written(&w), out);
}

bool sj_gate_object_open(const uint8_t key[static 16], uint8_t counter, struct sj_span sealed,
			 struct sj_writer *buffer, uint8_t *type, struct sj_span *content)
{
	const uint8_t nonce[SJ_AEAD_NONCE_MAX] = { [SJ_AEAD_NONCE_MAX - 1] = counter };
	const size_t start = buffer->len;

	if (!sj_aead_open(SJ_AES_CCM_16_128_128, key, nonce, sj_span(NULL, 0), sealed, buffer))
		return false;
	*content = sj_span(buffer->ptr + start, buffer->len - start);
	return sj_take_u8(content, type);
}
