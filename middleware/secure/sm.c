#include "secure/sm.h"
#include "crypt/wipe.h"
#include "wire/tlv.h"

#include <string.h>

/* Data objects of ISO/IEC 7816-4:2020, 10, as ICAO Doc 9303-11, 9.8.4 uses them. */
enum {
	DO_CRYPTOGRAM_ODD = 0x85, /* of a BER-TLV command: no padding indicator */
	DO_CRYPTOGRAM = 0x87, /* padding indicator 01, then the cryptogram */
	DO_MAC = 0x8E,
	DO_LE = 0x97,
	DO_STATUS = 0x99,
};

#define CLA_SM 0x0Cu /* secure messaging, header authenticated */
#define PADDING_METHOD_2 0x01u
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
static bool make_iv(const struct sj_sm_keys *keys, const struct sj_ssc *ssc,
		    uint8_t iv[static SJ_CIPHER_BLOCK_MAX])
{
	memset(iv, 0, SJ_CIPHER_BLOCK_MAX);
	if (keys->cipher == SJ_CIPHER_3DES)
		return true;
	return sj_cbc_encrypt(keys->cipher, keys->enc, NULL, SJ_SPAN_OF(ssc->bytes), iv);
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

static size_t padded_size(const struct sj_sm_keys *keys, size_t n)
{
	const size_t block = sj_cipher_block_size(keys->cipher);

	return n + block - n % block;
}

/* Content size of DO 85 or 87 over n > 0 plain bytes. */
static size_t cryptogram_size(const struct sj_sm_keys *keys, bool odd, size_t n)
{
	return padded_size(keys, n) + !odd;
}

static void put_cryptogram(struct sj_writer *w, const struct sj_sm_keys *keys,
			   const struct sj_ssc *ssc, bool odd, struct sj_span data)
{
	uint8_t iv[SJ_CIPHER_BLOCK_MAX];
	struct sj_span padded;
	size_t at;

	sj_tlv_put_header(w, odd ? DO_CRYPTOGRAM_ODD : DO_CRYPTOGRAM,
			  cryptogram_size(keys, odd, data.len));
	if (!odd)
		sj_put_u8(w, PADDING_METHOD_2);
	at = w->len;
	sj_put(w, data);
	sj_pad(w, at, sj_cipher_block_size(keys->cipher));
	if (w->failed)
		return;
	padded = sj_span(w->ptr + at, w->len - at);
	if (!make_iv(keys, ssc, iv) ||
	    !sj_cbc_encrypt(keys->cipher, keys->enc, iv, padded, w->ptr + at)) {
		sj_wipe(w->ptr + at, w->len - at);
		w->failed = true;
	}
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
	sj_tlv_put(w, DO_MAC, SJ_SPAN_OF(mac));
}

void sj_sm_command_put(struct sj_writer *w, const struct sj_sm_keys *keys, const struct sj_ssc *ssc,
		       const struct sj_apdu *plain)
{
	const uint8_t header[4] = { (uint8_t)(plain->cla | CLA_SM), plain->ins, plain->p1,
				    plain->p2 };
	const bool odd = plain->ins & 1;
	const size_t nc = plain->data.len;
	const bool long_fields =
		plain->extended || nc > SJ_APDU_NC_SHORT || plain->ne > SJ_APDU_NE_SHORT;
	const size_t le = plain->ne == 0 ? 0 : long_fields ? 2 : 1;
	size_t lc = DO_MAC_SIZE + (le > 0 ? 2 + le : 0), content = 0, from;
	bool extended;

	if (nc > 0) {
		content = cryptogram_size(keys, odd, nc);
		lc += sj_tlv_header_size(DO_CRYPTOGRAM, content) + content;
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
		sj_tlv_put_header(w, DO_LE, le);
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
	sj_tlv_put_header(w, DO_STATUS, 2);
	sj_put_be(w, 2, sw);
	put_mac(w, keys, ssc, NULL, from);
	sj_put_be(w, 2, sw);
}

/* A protected message taken apart; an absent object has ptr NULL. */
struct objects {
	struct sj_span cryptogram; /* value of DO 85 or 87 */
	bool odd; /* it is DO 85 */
	struct sj_span second; /* value of DO 97 (command) or 99 (response) */
	struct sj_span mac; /* value of DO 8E */
	struct sj_span covered; /* the bytes before DO 8E */
};

/*
 * The grammar [85 | 87] [second] 8E, nothing else; only then does a missing
 * object differ from a malformed message.
 */
static enum sj_sm_rc take_objects(struct sj_span in, uint32_t second_tag, struct objects *o)
{
	const struct sj_span whole = in;
	enum sj_tlv_rc rc;

	memset(o, 0, sizeof(*o));
	rc = sj_tlv_take(&in, DO_CRYPTOGRAM, &o->cryptogram);
	if (rc == SJ_TLV_ABSENT) {
		rc = sj_tlv_take(&in, DO_CRYPTOGRAM_ODD, &o->cryptogram);
		o->odd = rc == SJ_TLV_FOUND;
	}
	if (rc == SJ_TLV_MALFORMED)
		return SJ_SM_INCORRECT;
	if (sj_tlv_take(&in, second_tag, &o->second) == SJ_TLV_MALFORMED)
		return SJ_SM_INCORRECT;
	o->covered = sj_span(whole.ptr, whole.len - in.len);
	if (in.len == 0)
		return SJ_SM_MISSING;
	if (sj_tlv_take(&in, DO_MAC, &o->mac) != SJ_TLV_FOUND || in.len != 0 ||
	    o->mac.len != SJ_MAC_SIZE)
		return SJ_SM_INCORRECT;
	return SJ_SM_OK;
}

/* Decrypts into `buffer`; on failure nothing stays there. */
static bool open_cryptogram(const struct sj_sm_keys *keys, const struct sj_ssc *ssc,
			    const struct objects *o, struct sj_writer *buffer, struct sj_span *data)
{
	const size_t block = sj_cipher_block_size(keys->cipher);
	const size_t before = buffer->len;
	struct sj_span in = o->cryptogram;
	uint8_t iv[SJ_CIPHER_BLOCK_MAX], indicator = PADDING_METHOD_2, *to;
	size_t len;

	if (in.ptr == NULL) {
		*data = sj_span(NULL, 0);
		return true;
	}
	if ((!o->odd && !sj_take_u8(&in, &indicator)) || indicator != PADDING_METHOD_2)
		return false;
	to = sj_put_space(buffer, in.len);
	if (to == NULL)
		return false;
	if (!make_iv(keys, ssc, iv) || !sj_cbc_decrypt(keys->cipher, keys->enc, iv, in, to) ||
	    !sj_unpad(sj_span(to, in.len), block, &len)) {
		sj_wipe(to, in.len);
		buffer->len = before;
		return false;
	}
	buffer->len = before + len;
	*data = sj_span(to, len);
	return true;
}

/* Ne from the value of DO 97: one or two bytes, zero for the maximum; absent: none. */
static bool open_le(struct sj_span le, struct sj_apdu *a)
{
	if (le.ptr == NULL)
		return true;
	a->extended = le.len == 2;
	if (le.len > 2 || !sj_take_be(&le, le.len, &a->ne))
		return false;
	if (a->ne == 0)
		a->ne = a->extended ? SJ_APDU_NE_EXTENDED : SJ_APDU_NE_SHORT;
	return true;
}

enum sj_sm_rc sj_sm_command_open(const struct sj_sm_keys *keys, const struct sj_ssc *ssc,
				 const struct sj_apdu *protected_command, struct sj_writer *buffer,
				 struct sj_apdu *plain)
{
	const struct sj_apdu *in = protected_command;
	const uint8_t header[4] = { in->cla, in->ins, in->p1, in->p2 };
	struct sj_apdu a = { .cla = in->cla & (uint8_t)~CLA_SM, in->ins, in->p1, in->p2 };
	struct objects o;
	enum sj_sm_rc rc;

	if ((in->cla & CLA_SM) != CLA_SM)
		return SJ_SM_INCORRECT;
	rc = take_objects(in->data, DO_LE, &o);
	if (rc != SJ_SM_OK)
		return rc;
	if (!mac_holds(keys, ssc, header, o.covered, o.mac) ||
	    (o.cryptogram.ptr != NULL && o.odd != (in->ins & 1)) || !open_le(o.second, &a) ||
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
	struct objects o;
	enum sj_sm_rc rc;
	uint32_t sw;

	rc = take_objects(data, DO_STATUS, &o);
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
