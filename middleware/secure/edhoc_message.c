#include "secure/edhoc.h"

#define KID 4 /* COSE header parameter */

/* Bytes that are a whole CBOR integer by themselves: 0..23 and -24..-1. */
static bool looks_like_int(uint8_t byte)
{
	return byte <= 0x17 || (byte >= 0x20 && byte <= 0x37);
}

bool sj_edhoc_take_id(struct sj_span *in, struct sj_span *id)
{
	struct sj_span rest = *in;

	if (rest.len > 0 && looks_like_int(rest.ptr[0])) {
		if (!sj_take(&rest, 1, id))
			return false;
	} else if (!sj_cbor_take_bytes(&rest, id) || (id->len == 1 && looks_like_int(id->ptr[0]))) {
		return false;
	}
	*in = rest;
	return true;
}

void sj_edhoc_put_id(struct sj_writer *w, struct sj_span id)
{
	if (id.len == 1 && looks_like_int(id.ptr[0]))
		sj_put(w, id);
	else
		sj_cbor_put_bytes(w, id);
}

bool sj_edhoc_ead_next(struct sj_span *ead, int64_t *label, struct sj_span *value)
{
	struct sj_span rest = *ead;
	enum sj_cbor_type type;

	if (!sj_cbor_take_int(&rest, label))
		return false;
	*value = sj_span(NULL, 0);
	if (sj_cbor_peek(rest, &type) && type == SJ_CBOR_BYTES && !sj_cbor_take_bytes(&rest, value))
		return false;
	*ead = rest;
	return true;
}

void sj_edhoc_put_ead(struct sj_writer *w, int64_t label, struct sj_span value)
{
	sj_cbor_put_int(w, label);
	if (value.ptr != NULL)
		sj_cbor_put_bytes(w, value);
}

bool sj_edhoc_ead_check(struct sj_span in)
{
	struct sj_span value;
	int64_t label;

	while (in.len > 0)
		if (!sj_edhoc_ead_next(&in, &label, &value))
			return false;
	return true;
}

bool sj_edhoc_suite_next(struct sj_span *suites, int64_t *id)
{
	enum sj_cbor_type type;
	size_t n;

	if (sj_cbor_peek(*suites, &type) && type == SJ_CBOR_ARRAY &&
	    !sj_cbor_take_array(suites, &n))
		return false;
	return sj_cbor_take_int(suites, id);
}

/* suite, or [ 2* suite ] */
static bool take_suites(struct sj_span *in, struct sj_span *suites, int64_t *last)
{
	struct sj_span rest = *in, walk;
	enum sj_cbor_type type;
	size_t n;

	if (!sj_cbor_take_item(&rest, suites) || !sj_cbor_peek(*suites, &type))
		return false;
	walk = *suites;
	if (type == SJ_CBOR_ARRAY && (!sj_cbor_take_array(&walk, &n) || n < 2))
		return false;
	while (sj_cbor_take_int(&walk, last))
		;
	if (walk.len != 0)
		return false;
	*in = rest;
	return true;
}

static void put_suites(struct sj_writer *w, struct sj_span ids)
{
	if (ids.len != 1)
		sj_cbor_put_array(w, ids.len);
	for (size_t i = 0; i < ids.len; i++)
		sj_cbor_put_int(w, ids.ptr[i]);
}

bool sj_edhoc_message_1_parse(struct sj_span in, struct sj_edhoc_message_1 *out)
{
	int64_t method;

	if (!sj_cbor_take_int(&in, &method) || method < 0 || method > SJ_EDHOC_PSK ||
	    !take_suites(&in, &out->suites, &out->selected) ||
	    !sj_cbor_take_bytes(&in, &out->g_x) || !sj_edhoc_take_id(&in, &out->c_i) ||
	    !sj_edhoc_ead_check(in))
		return false;
	out->method = (uint8_t)method;
	out->ead = in;
	return sj_edhoc_suite(out->selected) == NULL || out->g_x.len == SJ_EDHOC_KEY;
}

void sj_edhoc_message_1_put(struct sj_writer *w, uint8_t method, struct sj_span suites,
			    struct sj_span g_x, struct sj_span c_i, struct sj_span ead)
{
	sj_cbor_put_int(w, method);
	put_suites(w, suites);
	sj_cbor_put_bytes(w, g_x);
	sj_edhoc_put_id(w, c_i);
	sj_put(w, ead);
}

bool sj_edhoc_message_parse(struct sj_span in, struct sj_span *content)
{
	return sj_cbor_take_bytes(&in, content) && in.len == 0;
}

bool sj_edhoc_message_2_parse(struct sj_span in, struct sj_span *g_y, struct sj_span *ciphertext_2)
{
	if (!sj_edhoc_message_parse(in, ciphertext_2) || !sj_take(ciphertext_2, SJ_EDHOC_KEY, g_y))
		return false;
	return ciphertext_2->len > 0;
}

/* A map that is not { kid } alone, or an identifier. */
static bool take_id_cred(struct sj_span *in, struct sj_span *id_cred)
{
	struct sj_span rest = *in, id, key, value;
	struct sj_cbor_map map;
	enum sj_cbor_type type;
	int64_t number;

	if (!sj_cbor_peek(rest, &type))
		return false;
	if (type != SJ_CBOR_MAP) {
		if (!sj_edhoc_take_id(&rest, &id))
			return false;
	} else {
		if (!sj_cbor_take_map(&rest, &map) || !sj_cbor_next(&map, &key, &value) ||
		    (map.pairs.len == 0 && sj_cbor_take_int(&key, &number) && number == KID))
			return false;
	}
	*id_cred = sj_span(in->ptr, in->len - rest.len);
	*in = rest;
	return true;
}

static bool rest_parse(struct sj_span in, struct sj_edhoc_plaintext *out)
{
	if (!take_id_cred(&in, &out->id_cred) || !sj_cbor_take_bytes(&in, &out->proof) ||
	    out->proof.len < SJ_EDHOC_MAC_MIN || !sj_edhoc_ead_check(in))
		return false;
	out->ead = in;
	return true;
}

bool sj_edhoc_plaintext_2_parse(struct sj_span in, struct sj_edhoc_plaintext *out)
{
	return sj_edhoc_take_id(&in, &out->c_r) && rest_parse(in, out);
}

bool sj_edhoc_plaintext_2a_parse(struct sj_span in, struct sj_edhoc_plaintext *out)
{
	*out = (struct sj_edhoc_plaintext){ .ead = in };
	return sj_edhoc_take_id(&out->ead, &out->c_r) && sj_edhoc_ead_check(out->ead);
}

bool sj_edhoc_plaintext_3_parse(struct sj_span in, struct sj_edhoc_plaintext *out)
{
	out->c_r = sj_span(NULL, 0);
	return rest_parse(in, out);
}

bool sj_edhoc_plaintext_3a_parse(struct sj_span in, struct sj_span *id_cred,
				 struct sj_span *ciphertext_3b)
{
	return take_id_cred(&in, id_cred) && sj_cbor_take_bytes(&in, ciphertext_3b) && in.len == 0;
}

void sj_edhoc_put_id_cred(struct sj_writer *w, struct sj_span map)
{
	struct sj_span in = map, key, value, kid;
	struct sj_cbor_map pairs;
	int64_t number;

	if (sj_cbor_take_map(&in, &pairs) && sj_cbor_next(&pairs, &key, &value) &&
	    pairs.pairs.len == 0 && sj_cbor_take_int(&key, &number) && number == KID &&
	    sj_cbor_take_bytes(&value, &kid))
		sj_edhoc_put_id(w, kid);
	else
		sj_put(w, map);
}

void sj_edhoc_put_id_cred_map(struct sj_writer *w, struct sj_span travelling)
{
	struct sj_span in = travelling, kid;

	if (sj_edhoc_take_id(&in, &kid)) {
		sj_cbor_put_map(w, 1);
		sj_cbor_put_int(w, KID);
		sj_cbor_put_bytes(w, kid);
	} else {
		sj_put(w, travelling);
	}
}

void sj_edhoc_error_put(struct sj_writer *w, enum sj_edhoc_error code, struct sj_span suites)
{
	sj_cbor_put_int(w, code);
	if (code == SJ_EDHOC_WRONG_SUITE)
		put_suites(w, suites);
	else
		sj_cbor_put_text(w, sj_span(NULL, 0));
}

bool sj_edhoc_error_parse(struct sj_span in, int64_t *code, struct sj_span *info)
{
	struct sj_span walk, text;
	int64_t last;

	if (!sj_cbor_take_int(&in, code) || *code == 0 || !sj_cbor_take_item(&in, info) ||
	    in.len != 0)
		return false;
	walk = *info;
	if (*code == SJ_EDHOC_UNSPECIFIED)
		return sj_cbor_take_text(&walk, &text);
	return *code != SJ_EDHOC_WRONG_SUITE || take_suites(&walk, &text, &last);
}
