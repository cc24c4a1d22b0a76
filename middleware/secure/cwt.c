#include "secure/cwt.h"

#include <string.h>

#include "secure/cose.h"

/* Registered claims and header parameters (RFC 8392, 9053), then ours (GATE.md). */
enum claim {
	ISS = 1,
	EXP = 4,
	NBF = 5,
	CNF = 8,
	STATUS = -65537,
	READER = -65538,
	SIGNER = -65539,
	HEAD = -65540,
};
enum cose_key { KTY = 1, CRV = -1, X = -2, Y = -3, COSE_KEY = 1, EC2 = 2, P256 = 1 };

#define STATUS_SIZE 6u
#define READER_SIZE 10u
#define HEAD_MIN 4u
#define PAYLOAD_MAX (SJ_CWT_MAX - 74u)

static bool take_key(struct sj_span *in, int64_t wanted)
{
	int64_t key;

	return sj_cbor_take_int(in, &key) && key == wanted;
}

static bool take_constant(struct sj_span *in, int64_t key, int64_t value)
{
	int64_t found;

	return take_key(in, key) && sj_cbor_take_int(in, &found) && found == value;
}

/* A time has one width; it ends in 2106. */
static bool take_time(struct sj_span *in, int64_t key, uint32_t *out)
{
	int64_t value;

	if (!take_key(in, key) || !sj_cbor_take_int(in, &value) || value < 0x10000 ||
	    value > UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

static bool take_coordinate(struct sj_span *in, int64_t key, struct sj_span *out)
{
	return take_key(in, key) && sj_cbor_take_bytes(in, out) && out->len == SJ_CWT_KEY;
}

/* { 1 : { 1: 2, -1: 1, -2: x, ? -3: y } } */
static bool take_cnf(struct sj_span *in, struct sj_cwt *out)
{
	struct sj_span rest = *in, item;
	struct sj_cbor_map cnf, key;

	if (!sj_cbor_take_map(&rest, &cnf) || !take_key(&cnf.pairs, COSE_KEY) ||
	    !sj_cbor_take_item(&cnf.pairs, &item) || cnf.pairs.len != 0 ||
	    !sj_cbor_take_map(&item, &key))
		return false;
	if (!take_constant(&key.pairs, KTY, EC2) || !take_constant(&key.pairs, CRV, P256) ||
	    !take_coordinate(&key.pairs, X, &out->key_x) ||
	    (key.pairs.len > 0 && !take_coordinate(&key.pairs, Y, &out->key_y)))
		return false;
	*in = rest;
	return key.pairs.len == 0;
}

static bool take_reader(struct sj_span value, struct sj_cwt_reader *out)
{
	return value.len == READER_SIZE && sj_take_be(&value, 4, &out->operator_id) &&
	       sj_take_u8(&value, &out->sector) && sj_take_u8(&value, &out->service) &&
	       sj_take_be(&value, 4, &out->rights);
}

static bool take_status(struct sj_span value, struct sj_status_ref *out)
{
	uint32_t partition;

	if (value.len != STATUS_SIZE || !sj_take_be(&value, 2, &partition) ||
	    !sj_take_be(&value, 4, &out->index))
		return false;
	out->partition = (uint16_t)partition;
	return true;
}

/* The claim that says what the token is, the last one. */
static bool take_kind(struct sj_span in, struct sj_cwt *out)
{
	struct sj_span value = { NULL, 0 };
	int64_t key, number = 0;

	if (!sj_cbor_take_int(&in, &key) ||
	    !(key == SIGNER ? sj_cbor_take_int(&in, &number) : sj_cbor_take_bytes(&in, &value)) ||
	    in.len != 0)
		return false;
	switch (key) {
	case STATUS:
		out->kind = SJ_CWT_CARD;
		return take_status(value, &out->status);
	case READER:
		out->kind = SJ_CWT_READER;
		return take_reader(value, &out->reader);
	case SIGNER:
		out->kind = SJ_CWT_SIGNER;
		out->signer = (uint8_t)number;
		return number >= SJ_CWT_GATE_CA && number <= SJ_CWT_BUNDLE_SIGNER;
	case HEAD:
		out->kind = SJ_CWT_HEAD;
		out->head = value;
		return value.len >= HEAD_MIN;
	default:
		return false;
	}
}

/* Keys by kind: none, x alone, or the whole point. */
static bool keys_fit(const struct sj_cwt *cwt)
{
	return (cwt->kind == SJ_CWT_HEAD) == (cwt->key_x.len == 0) &&
	       (cwt->kind == SJ_CWT_SIGNER) == (cwt->key_y.len != 0);
}

/* Visible ASCII: it is a name in C and in files, too. */
static bool is_issuer(struct sj_span name)
{
	size_t i = 0;

	while (i < name.len && name.ptr[i] > ' ' && name.ptr[i] < 0x7F)
		i++;
	return i == name.len && name.len > 0 && name.len <= SJ_CWT_ISSUER_MAX;
}

static bool take_claims(struct sj_span payload, struct sj_cwt *out)
{
	struct sj_cbor_map claims;
	struct sj_span *in = &claims.pairs;
	struct sj_span ahead;

	if (!sj_cbor_take_map(&payload, &claims) || payload.len != 0 || !take_key(in, ISS) ||
	    !sj_cbor_take_text(in, &out->issuer) || !is_issuer(out->issuer) ||
	    !take_time(in, EXP, &out->expires) || !take_time(in, NBF, &out->not_before) ||
	    out->expires < out->not_before)
		return false;
	ahead = *in;
	if (take_key(&ahead, CNF)) {
		*in = ahead;
		if (!take_cnf(in, out))
			return false;
	}
	return take_kind(*in, out) && keys_fit(out);
}

bool sj_cwt_parse(struct sj_span in, struct sj_cwt *out)
{
	struct sj_cose cose;

	memset(out, 0, sizeof(*out));
	if (in.len > SJ_CWT_MAX || !sj_cose_parse(in, &cose))
		return false;
	out->payload = cose.payload;
	out->signature = cose.signature;
	return take_claims(out->payload, out);
}

bool sj_cwt_verify(const struct sj_cwt *cwt, const struct sj_ec_point *key)
{
	const struct sj_cose cose = { cwt->payload, cwt->signature };

	return sj_cose_verify(&cose, key);
}

static void put_pair(struct sj_writer *w, int64_t key, int64_t value)
{
	sj_cbor_put_int(w, key);
	sj_cbor_put_int(w, value);
}

static void put_cnf(struct sj_writer *w, const struct sj_cwt *cwt)
{
	sj_cbor_put_int(w, CNF);
	sj_cbor_put_map(w, 1);
	sj_cbor_put_int(w, COSE_KEY);
	sj_cbor_put_map(w, cwt->key_y.len > 0 ? 4 : 3);
	put_pair(w, KTY, EC2);
	put_pair(w, CRV, P256);
	sj_cbor_put_int(w, X);
	sj_cbor_put_bytes(w, cwt->key_x);
	if (cwt->key_y.len > 0) {
		sj_cbor_put_int(w, Y);
		sj_cbor_put_bytes(w, cwt->key_y);
	}
}

static void put_kind(struct sj_writer *w, const struct sj_cwt *cwt)
{
	switch (cwt->kind) {
	case SJ_CWT_CARD:
		sj_cbor_put_int(w, STATUS);
		sj_cbor_put_bytes_head(w, STATUS_SIZE);
		sj_put_be(w, 2, cwt->status.partition);
		sj_put_be(w, 4, cwt->status.index);
		break;
	case SJ_CWT_READER:
		sj_cbor_put_int(w, READER);
		sj_cbor_put_bytes_head(w, READER_SIZE);
		sj_put_be(w, 4, cwt->reader.operator_id);
		sj_put_u8(w, cwt->reader.sector);
		sj_put_u8(w, cwt->reader.service);
		sj_put_be(w, 4, cwt->reader.rights);
		break;
	case SJ_CWT_SIGNER:
		put_pair(w, SIGNER, cwt->signer);
		break;
	case SJ_CWT_HEAD:
		sj_cbor_put_int(w, HEAD);
		sj_cbor_put_bytes(w, cwt->head);
		break;
	}
}

static void put_claims(struct sj_writer *w, const struct sj_cwt *cwt)
{
	sj_cbor_put_map(w, cwt->key_x.len > 0 ? 5 : 4);
	sj_cbor_put_int(w, ISS);
	sj_cbor_put_text(w, cwt->issuer);
	put_pair(w, EXP, cwt->expires);
	put_pair(w, NBF, cwt->not_before);
	if (cwt->key_x.len > 0)
		put_cnf(w, cwt);
	put_kind(w, cwt);
}

bool sj_cwt_put(struct sj_writer *w, const struct sj_cwt *cwt, const struct sj_key *key)
{
	uint8_t bytes[PAYLOAD_MAX];
	struct sj_writer payload = SJ_WRITER_OF(bytes);
	const size_t start = w->len;
	struct sj_cwt check;

	put_claims(&payload, cwt);
	return !payload.failed && sj_cose_put(w, sj_written(&payload), key) &&
	       sj_cwt_parse(sj_span(w->ptr + start, w->len - start), &check);
}

bool sj_cwt_signer_key(const struct sj_cwt *cwt, struct sj_ec_point *out)
{
	uint8_t point[1 + 2 * SJ_CWT_KEY] = { 0x04 };

	if (cwt->key_x.len != SJ_CWT_KEY || cwt->key_y.len != SJ_CWT_KEY)
		return false;
	memcpy(point + 1, cwt->key_x.ptr, SJ_CWT_KEY);
	memcpy(point + 1 + SJ_CWT_KEY, cwt->key_y.ptr, SJ_CWT_KEY);
	return sj_ec_point_read(SJ_P256, SJ_SPAN_OF(point), out);
}
