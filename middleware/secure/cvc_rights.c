#include "secure/cvc_rights.h"

#include "wire/oid.h"
#include "wire/std/sojourn.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

#define EXTENSIONS_MAX 16u

/* Bytes of the template's discretionary data; 0: unknown kind. */
static size_t size_of(enum sj_cvc_terminal terminal)
{
	switch (terminal) {
	case SJ_CVC_INSPECTION:
	case SJ_CVC_SIGNATURE:
		return 1;
	case SJ_CVC_AUTHENTICATION:
		return 5;
	}
	return 0;
}

static unsigned role_shift(const struct sj_cvc_rights *r)
{
	return (unsigned)(8 * size_of(r->terminal) - 2);
}

static size_t extra_size(size_t i)
{
	static const size_t sizes[SJ_CVC_EXTRAS] = { 6, 1, 4 };

	return sizes[i];
}

static struct sj_span extra_oid(size_t i)
{
	return i == SJ_CVC_EID_ACCESS          ? SJ_OID_EID_ACCESS
	       : i == SJ_CVC_SPECIAL_FUNCTIONS ? SJ_OID_SPECIAL_FUNCTIONS
					       : SJ_OID_SOJOURN_RIGHTS;
}

/* All ones in so many bytes. */
static uint64_t ones(size_t bytes)
{
	return UINT64_MAX >> (64 - 8 * bytes);
}

enum sj_cvc_role sj_cvc_role(const struct sj_cvc_rights *rights)
{
	return (enum sj_cvc_role)(rights->bits >> role_shift(rights) & 3);
}

void sj_cvc_set_role(struct sj_cvc_rights *rights, enum sj_cvc_role role)
{
	const unsigned shift = role_shift(rights);

	rights->bits = (rights->bits & ~(UINT64_C(3) << shift)) | (uint64_t)role << shift;
}

struct sj_cvc_rights sj_cvc_all_rights(enum sj_cvc_terminal terminal, enum sj_cvc_role role)
{
	struct sj_cvc_rights all = { .terminal = terminal, .bits = ones(size_of(terminal)) };

	for (size_t i = 0; terminal == SJ_CVC_AUTHENTICATION && i < SJ_CVC_EXTRAS; i++)
		all.extra[i] = ones(extra_size(i));
	sj_cvc_set_role(&all, role);
	return all;
}

void sj_cvc_narrow(struct sj_cvc_rights *rights, const struct sj_cvc_rights *by)
{
	const uint64_t same = rights->terminal == by->terminal ? UINT64_MAX : 0;

	rights->bits &= by->bits & same;
	for (size_t i = 0; i < SJ_CVC_EXTRAS; i++)
		rights->extra[i] &= by->extra[i] & same;
}

bool sj_cvc_within(const struct sj_cvc_rights *rights, const struct sj_cvc_rights *limit)
{
	const uint64_t roles = UINT64_C(3) << role_shift(rights);
	bool within =
		rights->terminal == limit->terminal && (rights->bits & ~limit->bits & ~roles) == 0;

	for (size_t i = 0; i < SJ_CVC_EXTRAS; i++)
		within = within && (rights->extra[i] & ~limit->extra[i]) == 0;
	return within;
}

/* --- the template -------------------------------------------------------------- */

/* The rightmost 64 bits: bits appended on the left are nobody's we know (C.3.1). */
static uint64_t number(struct sj_span bytes)
{
	uint64_t n = 0;

	for (size_t i = 0; i < bytes.len; i++)
		n = n << 8 | bytes.ptr[i];
	return n;
}

static void put_bits(struct sj_writer *w, uint64_t bits, size_t size)
{
	sj_tlv_put_header(w, SJ_TAG_DISCRETIONARY, size);
	while (size-- > 0)
		sj_put_u8(w, (uint8_t)(bits >> 8 * size));
}

bool sj_cvc_chat_read(struct sj_span content, struct sj_cvc_rights *out)
{
	struct sj_cvc_rights rights = { .bits = 0 };
	struct sj_span oid, bits;

	if (sj_tlv_take(&content, SJ_OID_TAG, &oid) != SJ_TLV_FOUND ||
	    oid.len != SJ_OID_ROLES.len + 1 || !sj_oid_under(oid, SJ_OID_ROLES) ||
	    sj_tlv_take(&content, SJ_TAG_DISCRETIONARY, &bits) != SJ_TLV_FOUND || content.len != 0)
		return false;
	rights.terminal = (enum sj_cvc_terminal)oid.ptr[oid.len - 1];
	rights.bits = number(bits);
	if (bits.len == 0 || bits.len != size_of(rights.terminal))
		return false;
	*out = rights;
	return true;
}

void sj_cvc_chat_put(struct sj_writer *w, const struct sj_cvc_rights *rights)
{
	const size_t at = sj_tlv_open(w), oid = sj_tlv_open(w);

	sj_put(w, SJ_OID_ROLES);
	sj_put_u8(w, (uint8_t)rights->terminal);
	sj_tlv_close(w, SJ_OID_TAG, oid);
	put_bits(w, rights->bits, size_of(rights->terminal));
	sj_tlv_close(w, SJ_TAG_CVC_CHAT, at);
}

/* --- extensions ------------------------------------------------------------------ */

/* A template: an OID and at least one object, context-specific or discretionary data. */
static bool take_extension(struct sj_span *in, struct sj_span *oid, struct sj_span *value)
{
	struct sj_span template, rest, object;
	uint32_t tag;

	if (sj_tlv_take(in, SJ_TAG_DISCRETIONARY_TEMPLATE, &template) != SJ_TLV_FOUND ||
	    sj_tlv_take(&template, SJ_OID_TAG, oid) != SJ_TLV_FOUND || !sj_oid_valid(*oid) ||
	    template.len == 0)
		return false;
	*value = template;
	for (rest = template; rest.len > 0;) {
		if (sj_tlv_next(&rest, &tag, &object) != SJ_TLV_FOUND ||
		    (tag != SJ_TAG_DISCRETIONARY && (tag < 0x80 || tag >= 0xC0)))
			return false;
	}
	return true;
}

/* An authorization: exactly one discretionary data object (C.3.1). */
static bool read_extra(struct sj_span value, uint64_t *out)
{
	struct sj_span bits;

	if (sj_tlv_take(&value, SJ_TAG_DISCRETIONARY, &bits) != SJ_TLV_FOUND || value.len != 0 ||
	    bits.len == 0)
		return false;
	*out = number(bits);
	return true;
}

bool sj_cvc_extensions_read(struct sj_span content, struct sj_cvc_rights *rights)
{
	struct sj_span seen[EXTENSIONS_MAX], value;
	size_t n = 0;

	for (; content.len > 0; n++) {
		if (n == EXTENSIONS_MAX || !take_extension(&content, &seen[n], &value))
			return false;
		for (size_t i = 0; i < n; i++)
			if (sj_span_eq(seen[i], seen[n]))
				return false;
		for (size_t i = 0; i < SJ_CVC_EXTRAS; i++)
			if (sj_span_eq(seen[n], extra_oid(i)) &&
			    !read_extra(value, &rights->extra[i]))
				return false;
	}
	return n > 0;
}

bool sj_cvc_extension(struct sj_span content, struct sj_span oid, struct sj_span *value)
{
	struct sj_span type, found;

	while (take_extension(&content, &type, &found)) {
		if (sj_span_eq(type, oid)) {
			*value = found;
			return true;
		}
	}
	return false;
}

void sj_cvc_extras_put(struct sj_writer *w, const struct sj_cvc_rights *rights)
{
	size_t at;

	for (size_t i = 0; i < SJ_CVC_EXTRAS; i++) {
		if (rights->extra[i] == 0)
			continue;
		at = sj_tlv_open(w);
		sj_tlv_put(w, SJ_OID_TAG, extra_oid(i));
		put_bits(w, rights->extra[i], extra_size(i));
		sj_tlv_close(w, SJ_TAG_DISCRETIONARY_TEMPLATE, at);
	}
}
