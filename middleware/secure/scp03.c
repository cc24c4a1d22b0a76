#include "secure/scp03.h"
#include "crypt/wipe.h"

#include <string.h>

#define BLOCK SJ_CIPHER_BLOCK_MAX
#define LABEL 12u
#define CLA_CHANNEL 0x0Fu /* logical channel and secure messaging */
#define CLA_SECURED 0x04u /* secure messaging of GlobalPlatform */

/* Amendment D, table 4-1; the cryptograms' are enum sj_scp03_end. */
enum constant { CARD_CHALLENGE = 0x02, S_ENC = 0x04, S_MAC = 0x06, S_RMAC = 0x07 };

struct context {
	struct sj_span first, second;
};

/* 4.1.5: label, separator, L in bits, counter, context; CMAC; `size` bytes of it. */
static bool derive(enum sj_cipher cipher, const uint8_t *key, uint8_t constant,
		   struct context context, size_t size, uint8_t *out)
{
	uint8_t fixed[LABEL + 4] = { 0 }, block[BLOCK];
	struct sj_span parts[] = { SJ_SPAN_OF(fixed), context.first, context.second };
	bool ok = true;

	fixed[LABEL - 1] = constant;
	fixed[LABEL + 1] = (uint8_t)(size * 8 >> 8);
	fixed[LABEL + 2] = (uint8_t)(size * 8);
	for (size_t done = 0; ok && done < size; done += BLOCK) {
		fixed[LABEL + 3]++;
		ok = sj_cmac(cipher, key, parts, sizeof(parts) / sizeof(parts[0]), block);
		memcpy(out + done, block, size - done < BLOCK ? size - done : BLOCK);
	}
	sj_wipe(block, sizeof(block));
	return ok;
}

static bool is_mode(size_t size)
{
	return size == SJ_SCP03_SHORT || size == SJ_SCP03_FULL;
}

bool sj_scp03_begin(struct sj_scp03 *s, const struct sj_scp03_keys *keys, size_t size,
		    struct sj_span host_challenge, struct sj_span card_challenge)
{
	const struct context context = { host_challenge, card_challenge };
	const enum sj_cipher c = keys->cipher;
	const size_t key = sj_cipher_key_size(c);

	sj_wipe(s, sizeof(*s));
	if (c == SJ_CIPHER_3DES || !is_mode(size) || host_challenge.len != size ||
	    card_challenge.len != size)
		return false;
	s->cipher = c;
	s->size = size;
	if (derive(c, keys->enc, S_ENC, context, key, s->enc) &&
	    derive(c, keys->mac, S_MAC, context, key, s->mac) &&
	    derive(c, keys->mac, S_RMAC, context, key, s->rmac))
		return true;
	sj_wipe(s, sizeof(*s));
	return false;
}

bool sj_scp03_cryptogram(const struct sj_scp03 *s, enum sj_scp03_end whose,
			 struct sj_span host_challenge, struct sj_span card_challenge,
			 uint8_t out[static SJ_SCP03_FULL])
{
	const struct context context = { host_challenge, card_challenge };

	return is_mode(s->size) && derive(s->cipher, s->mac, (uint8_t)whose, context, s->size, out);
}

bool sj_scp03_challenge(const struct sj_scp03_keys *keys, size_t size,
			const uint8_t sequence[static SJ_SCP03_SEQUENCE], struct sj_span aid,
			uint8_t out[static SJ_SCP03_FULL])
{
	const struct context context = { sj_span(sequence, SJ_SCP03_SEQUENCE), aid };

	return is_mode(size) && derive(keys->cipher, keys->enc, CARD_CHALLENGE, context, size, out);
}

/* --- commands ---------------------------------------------------------------------------- */

/*
 * 6.2.4: over the chaining value, the header with Lc as it is sent, and the data field, of which
 * the last s->size bytes are the MAC's own place.
 */
static bool command_mac(const struct sj_scp03 *s, const struct sj_apdu *a,
			uint8_t out[static BLOCK])
{
	uint8_t bytes[7];
	struct sj_writer header = SJ_WRITER_OF(bytes);
	struct sj_span parts[3];

	sj_put_u8(&header, (uint8_t)((a->cla & ~CLA_CHANNEL) | CLA_SECURED));
	sj_put_u8(&header, a->ins);
	sj_put_u8(&header, a->p1);
	sj_put_u8(&header, a->p2);
	sj_put_be(&header, a->extended ? 3 : 1, (uint32_t)a->data.len);
	parts[0] = SJ_SPAN_OF(s->chain);
	parts[1] = sj_written(&header);
	parts[2] = sj_span(a->data.ptr, a->data.len - s->size);
	return sj_cmac(s->cipher, s->mac, parts, sizeof(parts) / sizeof(parts[0]), out);
}

/* 6.2.6, 6.2.7: the counter, encrypted; a response's with its first bit set. */
static bool make_icv(const struct sj_scp03 *s, bool response, uint8_t out[static BLOCK])
{
	uint8_t block[BLOCK] = { response ? 0x80 : 0x00 };
	struct sj_writer end = sj_writer(block + BLOCK - 4, 4);

	sj_put_be(&end, 4, s->counter);
	return sj_cbc_encrypt(s->cipher, s->enc, NULL, SJ_SPAN_OF(block), out);
}

static bool put_encrypted(const struct sj_scp03 *s, bool response, struct sj_span plain,
			  struct sj_writer *w)
{
	const size_t from = w->len;
	uint8_t icv[BLOCK];

	sj_put(w, plain);
	sj_pad(w, from, BLOCK);
	return !w->failed && make_icv(s, response, icv) &&
	       sj_cbc_encrypt(s->cipher, s->enc, icv, sj_span(w->ptr + from, w->len - from),
			      w->ptr + from);
}

static enum sj_scp03_fault put_decrypted(const struct sj_scp03 *s, bool response, struct sj_span in,
					 struct sj_writer *w, struct sj_span *plain)
{
	uint8_t icv[BLOCK], *at;
	size_t len;

	if (in.len % BLOCK != 0)
		return SJ_SCP03_PADDING;
	at = sj_put_space(w, in.len);
	if (at == NULL || !make_icv(s, response, icv) ||
	    !sj_cbc_decrypt(s->cipher, s->enc, icv, in, at))
		return SJ_SCP03_FAILED;
	if (!sj_unpad(sj_span(at, in.len), BLOCK, &len)) {
		sj_wipe(at, in.len);
		w->len -= in.len;
		return SJ_SCP03_PADDING;
	}
	w->len -= in.len - len;
	*plain = sj_span(at, len);
	return SJ_SCP03_INTACT;
}

/* The counter goes on with every command, one without data too. */
static bool count(struct sj_scp03 *s)
{
	if ((s->level & SJ_SCP03_C_ENC) == 0)
		return true;
	return ++s->counter != 0;
}

bool sj_scp03_wrap(struct sj_scp03 *s, const struct sj_apdu *plain, struct sj_writer *data,
		   struct sj_apdu *out)
{
	const size_t from = data->len;
	struct sj_scp03 next = *s;
	struct sj_apdu a = *plain;
	uint8_t *at;
	bool ok = false;

	if (!count(&next))
		goto out;
	if (plain->data.len == 0 || (s->level & SJ_SCP03_C_ENC) == 0)
		sj_put(data, plain->data);
	else if (!put_encrypted(&next, false, plain->data, data))
		goto out;
	at = sj_put_space(data, s->size);
	if (at == NULL)
		goto out;
	a.cla |= CLA_SECURED;
	a.data = sj_span(data->ptr + from, data->len - from);
	a.extended = a.data.len > SJ_APDU_NC_SHORT || a.ne > SJ_APDU_NE_SHORT;
	if (a.data.len > SJ_APDU_NC_EXTENDED || !command_mac(&next, &a, next.chain))
		goto out;
	memcpy(at, next.chain, s->size);
	*s = next;
	*out = a;
	ok = true;
out:
	sj_wipe(&next, sizeof(next));
	return ok;
}

enum sj_scp03_fault sj_scp03_unwrap(struct sj_scp03 *s, const struct sj_apdu *wrapped,
				    struct sj_writer *data, struct sj_apdu *out)
{
	enum sj_scp03_fault fault = SJ_SCP03_FAILED;
	struct sj_scp03 next = *s;
	struct sj_apdu a = *wrapped;
	struct sj_span mac = wrapped->data;

	if (mac.len < s->size || !sj_take(&mac, mac.len - s->size, &a.data)) {
		fault = SJ_SCP03_MAC;
		goto out;
	}
	if (!command_mac(s, wrapped, next.chain) || !count(&next))
		goto out;
	if (!sj_equal_secret(sj_span(next.chain, s->size), mac)) {
		fault = SJ_SCP03_MAC;
		goto out;
	}
	if (a.data.len > 0 && (s->level & SJ_SCP03_C_ENC) != 0) {
		fault = put_decrypted(&next, false, a.data, data, &a.data);
		if (fault != SJ_SCP03_INTACT)
			goto out;
	}
	a.cla &= (uint8_t)~CLA_SECURED;
	*s = next;
	*out = a;
	fault = SJ_SCP03_INTACT;
out:
	sj_wipe(&next, sizeof(next));
	return fault;
}

/* --- responses --------------------------------------------------------------------------- */

/* 6.2.5: chained to the command's MAC, and not a link of the chain itself. */
static bool response_mac(const struct sj_scp03 *s, struct sj_span data, uint16_t sw,
			 uint8_t out[static BLOCK])
{
	const uint8_t status[] = { (uint8_t)(sw >> 8), (uint8_t)sw };
	const struct sj_span parts[] = { SJ_SPAN_OF(s->chain), data, SJ_SPAN_OF(status) };

	return sj_cmac(s->cipher, s->rmac, parts, sizeof(parts) / sizeof(parts[0]), out);
}

bool sj_scp03_wrap_response(struct sj_scp03 *s, struct sj_span plain, uint16_t sw,
			    struct sj_writer *w)
{
	const size_t from = w->len;
	uint8_t mac[BLOCK];

	if (plain.len == 0 || (s->level & SJ_SCP03_R_ENC) == 0)
		sj_put(w, plain);
	else if (!put_encrypted(s, true, plain, w))
		return false;
	if ((s->level & SJ_SCP03_R_MAC) == 0 || w->failed)
		return !w->failed;
	if (!response_mac(s, sj_span(w->ptr + from, w->len - from), sw, mac))
		return false;
	sj_put(w, sj_span(mac, s->size));
	return !w->failed;
}

enum sj_scp03_fault sj_scp03_unwrap_response(struct sj_scp03 *s, struct sj_span wrapped,
					     uint16_t sw, struct sj_writer *w)
{
	struct sj_span data = wrapped, mac = wrapped;
	uint8_t expected[BLOCK];

	if ((s->level & SJ_SCP03_R_MAC) != 0) {
		if (mac.len < s->size || !sj_take(&mac, mac.len - s->size, &data))
			return SJ_SCP03_MAC;
		if (!response_mac(s, data, sw, expected))
			return SJ_SCP03_FAILED;
		if (!sj_equal_secret(sj_span(expected, s->size), mac))
			return SJ_SCP03_MAC;
	}
	if (data.len > 0 && (s->level & SJ_SCP03_R_ENC) != 0)
		return put_decrypted(s, true, data, w, &data);
	sj_put(w, data);
	return w->failed ? SJ_SCP03_FAILED : SJ_SCP03_INTACT;
}
