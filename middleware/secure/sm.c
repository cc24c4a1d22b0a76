#include "secure/sm.h"
#include "crypt/wipe.h"
#include "secure/sm_objects.h"
#include "wire/tlv.h"

#include <string.h>

#define DO_MAC_SIZE (2u + SJ_MAC_SIZE)

void sj_ssc_increment(struct sj_ssc *ssc, enum sj_cipher c)
{
	for (size_t i = sj_cipher_block_size(c); i > 0; i--)
		if (++ssc->bytes[i - 1] != 0)
			return;
}

size_t sj_sm_short_response(enum sj_cipher c)
{
	size_t room = SJ_APDU_NE_SHORT - 4 - DO_MAC_SIZE - 4; /* 99, 8E, header of 87 */

	return room / sj_cipher_block_size(c) * sj_cipher_block_size(c) - 1;
}

/* 9.8.6.1: zero for 3DES, the encrypted SSC for AES. */
static bool make_iv(const struct sj_sm_keys *keys, const struct sj_ssc *ssc, struct sj_sm_cbc *out)
{
	*out = (struct sj_sm_cbc){ .cipher = keys->cipher, .key = keys->enc };
	if (keys->cipher == SJ_CIPHER_3DES)
		return true;
	return sj_cbc_encrypt(keys->cipher, keys->enc, NULL, SJ_SPAN_OF(ssc->bytes), out->iv);
}

static void put_cryptogram(struct sj_writer *w, const struct sj_sm_keys *keys,
			   const struct sj_ssc *ssc, bool odd, struct sj_span data)
{
	struct sj_sm_cbc cbc;

	if (!make_iv(keys, ssc, &cbc))
		w->failed = true;
	sj_sm_cryptogram_put(w, &cbc, odd, data);
}

static bool open_cryptogram(const struct sj_sm_keys *keys, const struct sj_ssc *ssc,
			    const struct sj_sm_objects *o, struct sj_writer *buffer,
			    struct sj_span *data)
{
	struct sj_sm_cbc cbc;

	if (o->cryptogram.ptr == NULL) {
		*data = sj_span(NULL, 0);
		return true;
	}
	return make_iv(keys, ssc, &cbc) && sj_sm_cryptogram_open(&cbc, o, buffer, data);
}

/*
 * 9.8.6.2: MAC over SSC || padded header || padded data objects. A response
 * has no header; without data objects nothing follows the header.
 */
static bool make_mac(const struct sj_sm_keys *keys, const struct sj_ssc *ssc, const uint8_t *header,
		     struct sj_span objects, uint8_t mac[static SJ_MAC_SIZE])
{
	static const uint8_t padding[SJ_CIPHER_BLOCK_MAX] = { 0x80 };
	const size_t block = sj_cipher_block_size(keys->cipher);
	const size_t pad = objects.len > 0 ? block - objects.len % block : 0;
	const struct sj_span parts[] = {
		sj_span(ssc->bytes, block),
		sj_span(header, header != NULL ? 4 : 0),
		sj_span(padding, header != NULL ? block - 4 : 0),
		objects,
		sj_span(padding, pad),
	};

	return sj_mac(keys->cipher, keys->mac, parts, sizeof(parts) / sizeof(parts[0]), mac);
}

static bool mac_holds(const struct sj_sm_keys *keys, const struct sj_ssc *ssc,
		      const uint8_t *header, struct sj_span objects, struct sj_span mac)
{
	uint8_t expected[SJ_MAC_SIZE];

	return make_mac(keys, ssc, header, objects, expected) &&
	       sj_equal_secret(mac, SJ_SPAN_OF(expected));
}

/* DO 8E over the objects written since `from`. */
static void put_mac(struct sj_writer *w, const struct sj_sm_keys *keys, const struct sj_ssc *ssc,
		    const uint8_t *header, size_t from)
{
	uint8_t mac[SJ_MAC_SIZE];

	if (w->failed)
		return;
	if (!make_mac(keys, ssc, header, sj_span(w->ptr + from, w->len - from), mac)) {
		w->failed = true;
		return;
	}
	sj_tlv_put(w, SJ_DO_MAC, SJ_SPAN_OF(mac));
}

void sj_sm_command_put(struct sj_writer *w, const struct sj_sm_keys *keys, const struct sj_ssc *ssc,
		       const struct sj_apdu *plain)
{
	const uint8_t header[4] = { (uint8_t)(plain->cla | SJ_CLA_SM), plain->ins, plain->p1,
				    plain->p2 };
	const bool odd = plain->ins & 1;
	const size_t nc = plain->data.len;
	const bool long_fields =
		plain->extended || nc > SJ_APDU_NC_SHORT || plain->ne > SJ_APDU_NE_SHORT;
	const size_t le = plain->ne == 0 ? 0 : long_fields ? 2 : 1;
	size_t lc = DO_MAC_SIZE + (le > 0 ? 2 + le : 0), content = 0, from;
	bool extended;

	if (nc > 0) {
		content = sj_sm_cryptogram_size(keys->cipher, odd, nc);
		lc += sj_tlv_header_size(SJ_DO_CRYPTOGRAM, content) + content;
	}
	if (lc > SJ_APDU_NC_EXTENDED || plain->ne > SJ_APDU_NE_EXTENDED) {
		w->failed = true;
		return;
	}
	extended = long_fields || lc > SJ_APDU_NC_SHORT;
	sj_put(w, SJ_SPAN_OF(header));
	sj_put_be(w, extended ? 3 : 1, (uint32_t)lc); /* extended: a zero byte in front */
	from = w->len;
	if (nc > 0)
		put_cryptogram(w, keys, ssc, odd, plain->data);
	if (le > 0) {
		sj_tlv_put_header(w, SJ_DO_LE, le);
		sj_put_be(w, le, plain->ne); /* the maximum is written as zero: its low bytes are */
	}
	put_mac(w, keys, ssc, header, from);
	sj_put_be(w, extended ? 2 : 1, 0);
}

void sj_sm_response_put(struct sj_writer *w, const struct sj_sm_keys *keys,
			const struct sj_ssc *ssc, bool odd_ins, struct sj_span data, uint16_t sw)
{
	const size_t from = w->len;

	if (data.len > 0)
		put_cryptogram(w, keys, ssc, odd_ins, data);
	sj_tlv_put_header(w, SJ_DO_STATUS, 2);
	sj_put_be(w, 2, sw);
	put_mac(w, keys, ssc, NULL, from);
	sj_put_be(w, 2, sw);
}

enum sj_sm_rc sj_sm_command_open(const struct sj_sm_keys *keys, const struct sj_ssc *ssc,
				 const struct sj_apdu *protected_command, struct sj_writer *buffer,
				 struct sj_apdu *plain)
{
	const struct sj_apdu *in = protected_command;
	const uint8_t header[4] = { in->cla, in->ins, in->p1, in->p2 };
	struct sj_apdu a = { .cla = in->cla & (uint8_t)~SJ_CLA_SM, in->ins, in->p1, in->p2 };
	struct sj_sm_objects o;
	enum sj_sm_rc rc;

	if ((in->cla & SJ_CLA_SM) != SJ_CLA_SM)
		return SJ_SM_INCORRECT;
	rc = sj_sm_objects_take(in->data, SJ_DO_LE, &o);
	if (rc != SJ_SM_OK)
		return rc;
	if (!mac_holds(keys, ssc, header, o.covered, o.mac) ||
	    (o.cryptogram.ptr != NULL && o.odd != (in->ins & 1)) || !sj_sm_le_open(o.second, &a) ||
	    !open_cryptogram(keys, ssc, &o, buffer, &a.data))
		return SJ_SM_INCORRECT;
	a.extended = a.extended || a.data.len > SJ_APDU_NC_SHORT;
	*plain = a;
	return SJ_SM_OK;
}

enum sj_sm_rc sj_sm_response_open(const struct sj_sm_keys *keys, const struct sj_ssc *ssc,
				  struct sj_span data, struct sj_writer *buffer,
				  struct sj_response *plain)
{
	struct sj_response r;
	struct sj_sm_objects o;
	enum sj_sm_rc rc;
	uint32_t sw;

	rc = sj_sm_objects_take(data, SJ_DO_STATUS, &o);
	if (rc != SJ_SM_OK)
		return rc;
	if (o.second.ptr == NULL)
		return SJ_SM_MISSING;
	if (!mac_holds(keys, ssc, NULL, o.covered, o.mac) || o.second.len != 2 ||
	    !sj_take_be(&o.second, 2, &sw) || !open_cryptogram(keys, ssc, &o, buffer, &r.data))
		return SJ_SM_INCORRECT;
	r.sw = (uint16_t)sw;
	*plain = r;
	return SJ_SM_OK;
}
