#include "secure/piv_sm.h"

#include <string.h>

#include "crypt/wipe.h"
#include "secure/sm_objects.h"
#include "wire/tlv.h"

#define KEY_COUNT 4u
#define ROUNDS_MAX 3u
#define T16 16u /* bytes of the host's key in the key schedule */
#define HOST_CONTROL 0x00 /* CB_H: no other value is defined */
#define RESPONSE_BIT 0x80u /* of the counter that gives a response's IV */
#define DO_MAC_SIZE (2u + SJ_MAC_SIZE)

const struct sj_piv_suite *sj_piv_suite(uint8_t id)
{
	/* Part 2, table 14. */
	static const struct sj_piv_suite cs2 = { PIV_ALG_CS2, SJ_P256, SJ_SHA256, SJ_CIPHER_AES128,
						 16 };
	static const struct sj_piv_suite cs7 = { PIV_ALG_CS7, SJ_P384, SJ_SHA384, SJ_CIPHER_AES256,
						 24 };

	return id == PIV_ALG_CS2 ? &cs2 : id == PIV_ALG_CS7 ? &cs7 : NULL;
}

bool sj_piv_sm_card_id(struct sj_span cvc, uint8_t out[static SJ_PIV_SM_ID])
{
	uint8_t digest[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, &cvc, 1, digest))
		return false;
	memcpy(out, digest, SJ_PIV_SM_ID);
	return true;
}

/* --- key schedule ------------------------------------------------------------ */

static bool sizes_fit(const struct sj_piv_suite *suite, const struct sj_piv_sm_facts *f)
{
	const size_t field = sj_curve_field_size(suite->curve);

	return f->z.len == field && f->host_key.len == 1 + 2 * field &&
	       f->nonce.len == suite->nonce;
}

static void put_counted(struct sj_writer *w, struct sj_span part)
{
	sj_put_u8(w, (uint8_t)part.len);
	sj_put(w, part);
}

/* Part 2, table 15: OtherInfo. Its algorithm ids are those of AES in SP 800-78-5 plus one. */
static void put_other_info(struct sj_writer *w, const struct sj_piv_suite *suite,
			   const struct sj_piv_sm_facts *f)
{
	const uint8_t algorithm = suite->cipher == SJ_CIPHER_AES128 ? 0x09 : 0x0D;
	const uint8_t host_control = HOST_CONTROL;

	sj_put_u8(w, KEY_COUNT);
	sj_put_fill(w, algorithm, KEY_COUNT);
	put_counted(w, sj_span(f->host_id, SJ_PIV_SM_ID));
	put_counted(w, sj_span(&host_control, 1));
	put_counted(w, sj_span(f->host_key.bytes + 1, T16));
	put_counted(w, sj_span(f->card_id, SJ_PIV_SM_ID));
	put_counted(w, f->nonce);
	put_counted(w, sj_span(&f->card_control, 1));
}

/* Part 2, 4.1.6: hashes of counter || Z || OtherInfo give confirmation, MAC, ENC, RMAC. */
bool sj_piv_sm_derive(const struct sj_piv_suite *suite, const struct sj_piv_sm_facts *facts,
		      struct sj_piv_sm_keys *out)
{
	const size_t key = sj_cipher_key_size(suite->cipher), hash = sj_hash_size(suite->hash);
	uint8_t material[(ROUNDS_MAX - 1) * SJ_HASH_MAX + SJ_HASH_MAX], info[128];
	struct sj_writer w = SJ_WRITER_OF(info);
	bool ok = false;

	memset(out, 0, sizeof(*out));
	if (!sizes_fit(suite, facts))
		goto out;
	put_other_info(&w, suite, facts);
	for (uint8_t i = 0; i * hash < KEY_COUNT * key; i++) {
		const uint8_t counter[] = { 0, 0, 0, (uint8_t)(i + 1) };
		const struct sj_span parts[] = { SJ_SPAN_OF(counter), facts->z, sj_written(&w) };

		if (w.failed || !sj_hash(suite->hash, parts, 3, material + i * hash))
			goto out;
	}
	out->suite = suite;
	memcpy(out->confirm, material, key);
	memcpy(out->mac, material + key, key);
	memcpy(out->enc, material + 2 * key, key);
	memcpy(out->rmac, material + 3 * key, key);
	ok = true;
out:
	sj_wipe(material, sizeof(material));
	return ok;
}

bool sj_piv_sm_cryptogram(const struct sj_piv_sm_keys *keys, const struct sj_piv_sm_facts *facts,
			  uint8_t out[static SJ_PIV_SM_CRYPTOGRAM])
{
	const struct sj_span parts[] = {
		SJ_SPAN_STR("KC_1_V"),
		sj_span(facts->card_id, SJ_PIV_SM_ID),
		sj_span(facts->host_id, SJ_PIV_SM_ID),
		sj_span(facts->host_key.bytes + 1, facts->host_key.len - 1),
	};

	return sizes_fit(keys->suite, facts) &&
	       sj_cmac(keys->suite->cipher, keys->confirm, parts, 4, out);
}

/* --- the two messages of the key establishment ------------------------------ */

bool sj_piv_sm_request_read(const struct sj_piv_suite *suite, struct sj_span in,
			    struct sj_piv_sm_request *out)
{
	struct sj_piv_sm_request r;
	const size_t point = 1 + 2 * sj_curve_field_size(suite->curve);

	if (!sj_take_u8(&in, &r.control) || !sj_take(&in, SJ_PIV_SM_ID, &r.id) ||
	    !sj_take(&in, point, &r.key) || in.len != 0)
		return false;
	*out = r;
	return true;
}

void sj_piv_sm_request_put(struct sj_writer *w, const struct sj_piv_sm_request *r)
{
	sj_put_u8(w, r->control);
	sj_put(w, r->id);
	sj_put(w, r->key);
}

bool sj_piv_sm_answer_read(const struct sj_piv_suite *suite, struct sj_span in,
			   struct sj_piv_sm_answer *out)
{
	struct sj_piv_sm_answer a;

	if (!sj_take_u8(&in, &a.control) || !sj_take(&in, suite->nonce, &a.nonce) ||
	    !sj_take(&in, SJ_PIV_SM_CRYPTOGRAM, &a.cryptogram) ||
	    sj_tlv_take_element(&in, PIV_TAG_INTERMEDIATE_CVC, &a.cvc) != SJ_TLV_FOUND ||
	    in.len != 0)
		return false;
	*out = a;
	return true;
}

void sj_piv_sm_answer_put(struct sj_writer *w, const struct sj_piv_sm_answer *a)
{
	sj_put_u8(w, a->control);
	sj_put(w, a->nonce);
	sj_put(w, a->cryptogram);
	sj_put(w, a->cvc);
}

/* --- messages ---------------------------------------------------------------- */

/* 4.2.2: the IV is the encrypted counter, of a response with its first bit set. */
static bool make_cbc(const struct sj_piv_sm_keys *keys, const uint8_t *counter, bool response,
		     struct sj_sm_cbc *out)
{
	*out = (struct sj_sm_cbc){ .cipher = keys->suite->cipher, .key = keys->enc };
	memcpy(out->iv, counter, SJ_PIV_SM_BLOCK);
	if (response)
		out->iv[0] |= RESPONSE_BIT;
	return sj_cbc_encrypt(out->cipher, out->key, NULL, SJ_SPAN_OF(out->iv), out->iv);
}

/* 4.2.3 and 4.2.5: over the chaining value, the padded header of a command, the objects. */
static bool make_mac(const struct sj_piv_sm_keys *keys, const uint8_t *chain, const uint8_t *header,
		     struct sj_span objects, uint8_t mac[static SJ_PIV_SM_BLOCK])
{
	static const uint8_t padding[SJ_PIV_SM_BLOCK] = { 0x80 };
	const struct sj_span parts[] = {
		sj_span(chain, SJ_PIV_SM_BLOCK),
		sj_span(header, header != NULL ? 4 : 0),
		sj_span(padding, header != NULL ? SJ_PIV_SM_BLOCK - 4 : 0),
		objects,
	};

	return sj_cmac(keys->suite->cipher, header != NULL ? keys->mac : keys->rmac, parts, 4, mac);
}

/* DO 8E over the objects written since `from`; then the chain goes on. */
static void put_mac(struct sj_writer *w, const struct sj_piv_sm_keys *keys, uint8_t *chain,
		    const uint8_t *header, size_t from, struct sj_span behind)
{
	uint8_t mac[SJ_PIV_SM_BLOCK];

	if (w->failed || !make_mac(keys, chain, header, sj_span(w->ptr + from, w->len - from), mac))
		w->failed = true;
	else
		sj_tlv_put(w, SJ_DO_MAC, sj_span(mac, SJ_MAC_SIZE));
	sj_put(w, behind);
	if (!w->failed)
		memcpy(chain, mac, sizeof(mac));
}

static void put_cryptogram(struct sj_writer *w, const struct sj_piv_sm_keys *keys,
			   const uint8_t *counter, bool response, struct sj_span data)
{
	struct sj_sm_cbc cbc;

	if (data.len == 0)
		return;
	if (!make_cbc(keys, counter, response, &cbc))
		w->failed = true;
	sj_sm_cryptogram_put(w, &cbc, false, data);
}

/* Ne up to 256 is told in one byte, whatever the length of the data: the captured cards. */
void sj_piv_sm_command_put(struct sj_writer *w, const struct sj_piv_sm_keys *keys,
			   const uint8_t counter[static SJ_PIV_SM_BLOCK],
			   uint8_t chain[static SJ_PIV_SM_BLOCK], const struct sj_apdu *plain)
{
	static const uint8_t zeros[2];
	const uint8_t header[4] = { (uint8_t)(plain->cla | SJ_CLA_SM), plain->ins, plain->p1,
				    plain->p2 };
	const size_t le = plain->ne == 0 ? 0 : plain->ne > SJ_APDU_NE_SHORT ? 2 : 1;
	size_t lc = DO_MAC_SIZE + (le > 0 ? 2 + le : 0), content, from;
	bool extended;

	if (plain->data.len > 0) {
		content = sj_sm_cryptogram_size(keys->suite->cipher, false, plain->data.len);
		lc += sj_tlv_header_size(SJ_DO_CRYPTOGRAM, content) + content;
	}
	if (lc > SJ_APDU_NC_EXTENDED || plain->ne > SJ_APDU_NE_EXTENDED) {
		w->failed = true;
		return;
	}
	extended = lc > SJ_APDU_NC_SHORT || le == 2;
	sj_put(w, SJ_SPAN_OF(header));
	sj_put_be(w, extended ? 3 : 1, (uint32_t)lc); /* extended: a zero byte in front */
	from = w->len;
	put_cryptogram(w, keys, counter, false, plain->data);
	if (le > 0) {
		sj_tlv_put_header(w, SJ_DO_LE, le);
		sj_put_be(w, le, plain->ne); /* the maximum is written as zero: its low bytes are */
	}
	put_mac(w, keys, chain, header, from, sj_span(zeros, extended ? 2 : 1));
}

void sj_piv_sm_response_put(struct sj_writer *w, const struct sj_piv_sm_keys *keys,
			    const uint8_t counter[static SJ_PIV_SM_BLOCK],
			    uint8_t chain[static SJ_PIV_SM_BLOCK], struct sj_span data, uint16_t sw)
{
	static const uint8_t outer[] = { 0x90, 0x00 }; /* the message is right; `sw` is inside */
	const uint8_t status[] = { (uint8_t)(sw >> 8), (uint8_t)sw };
	const size_t from = w->len;

	put_cryptogram(w, keys, counter, true, data);
	sj_tlv_put(w, SJ_DO_STATUS, SJ_SPAN_OF(status));
	put_mac(w, keys, chain, NULL, from, SJ_SPAN_OF(outer));
}

/* The MAC holds, the cryptogram opens; `mac` gets the chain's next value. */
static bool open_message(const struct sj_piv_sm_keys *keys, const uint8_t *counter,
			 const uint8_t *chain, const uint8_t *header, const struct sj_sm_objects *o,
			 struct sj_writer *buffer, struct sj_span *data,
			 uint8_t mac[static SJ_PIV_SM_BLOCK])
{
	struct sj_sm_cbc cbc;

	if (!make_mac(keys, chain, header, o->covered, mac) ||
	    !sj_equal_secret(o->mac, sj_span(mac, SJ_MAC_SIZE)) || o->odd)
		return false;
	*data = sj_span(NULL, 0);
	return o->cryptogram.ptr == NULL || (make_cbc(keys, counter, header == NULL, &cbc) &&
					     sj_sm_cryptogram_open(&cbc, o, buffer, data));
}

enum sj_sm_rc sj_piv_sm_command_open(const struct sj_piv_sm_keys *keys,
				     const uint8_t counter[static SJ_PIV_SM_BLOCK],
				     uint8_t chain[static SJ_PIV_SM_BLOCK],
				     const struct sj_apdu *protected_command,
				     struct sj_writer *buffer, struct sj_apdu *plain)
{
	const struct sj_apdu *in = protected_command;
	const uint8_t header[4] = { in->cla, in->ins, in->p1, in->p2 };
	struct sj_apdu a = { .cla = in->cla & (uint8_t)~SJ_CLA_SM, in->ins, in->p1, in->p2 };
	uint8_t mac[SJ_PIV_SM_BLOCK];
	struct sj_sm_objects o;
	enum sj_sm_rc rc;

	if ((in->cla & SJ_CLA_SM) != SJ_CLA_SM)
		return SJ_SM_INCORRECT;
	rc = sj_sm_objects_take(in->data, SJ_DO_LE, &o);
	if (rc != SJ_SM_OK)
		return rc;
	if (!sj_sm_le_open(o.second, &a) ||
	    !open_message(keys, counter, chain, header, &o, buffer, &a.data, mac))
		return SJ_SM_INCORRECT;
	a.extended = a.extended || a.data.len > SJ_APDU_NC_SHORT;
	memcpy(chain, mac, sizeof(mac));
	*plain = a;
	return SJ_SM_OK;
}

enum sj_sm_rc sj_piv_sm_response_open(const struct sj_piv_sm_keys *keys,
				      const uint8_t counter[static SJ_PIV_SM_BLOCK],
				      uint8_t chain[static SJ_PIV_SM_BLOCK], struct sj_span data,
				      struct sj_writer *buffer, struct sj_response *plain)
{
	uint8_t mac[SJ_PIV_SM_BLOCK];
	struct sj_sm_objects o;
	struct sj_response r;
	enum sj_sm_rc rc;
	uint32_t sw;

	rc = sj_sm_objects_take(data, SJ_DO_STATUS, &o);
	if (rc != SJ_SM_OK)
		return rc;
	if (o.second.ptr == NULL)
		return SJ_SM_MISSING;
	if (o.second.len != 2 || !sj_take_be(&o.second, 2, &sw) ||
	    !open_message(keys, counter, chain, NULL, &o, buffer, &r.data, mac))
		return SJ_SM_INCORRECT;
	r.sw = (uint16_t)sw;
	memcpy(chain, mac, sizeof(mac));
	*plain = r;
	return SJ_SM_OK;
}

bool sj_piv_sm_count(uint8_t counter[static SJ_PIV_SM_BLOCK])
{
	for (size_t i = SJ_PIV_SM_BLOCK; i > 0; i--)
		if (++counter[i - 1] != 0)
			return true;
	return false;
}
