/* access.c -- the access configuration of PERSO.md, grouping 0001. */
#include "state.h"

#define CAN_SIZE 6u /* digits */
#define MRZ_INFORMATION_MIN 24u
#define MRZ_INFORMATION_MAX 38u
#define CIPHER_LAST 3u /* SJ_CIPHER_AES256 */

/*
 * 1: c is one of the n from `first` on. What it is used for is read whenever the card is opened: nothing here takes
 * another way for another digit or letter, nor can a compiler make a table of it.
 */
static uint32_t is_one_of(uint8_t c, uint8_t first, uint32_t n)
{
	return ((uint32_t)(uint8_t)(c - first) - n) >> 31;
}

static uint32_t is_digits(struct sj_span v, size_t size)
{
	uint32_t good = 1;

	for (size_t i = 0; i < v.len; i++)
		good &= is_one_of(v.ptr[i], '0', 10);
	return good & (v.len == size);
}

static uint32_t is_mrz_information(struct sj_span v)
{
	uint32_t good = 1;

	for (size_t i = 0; i < v.len; i++)
		good &= is_one_of(v.ptr[i], 'A', 26) | is_one_of(v.ptr[i], '0', 10) |
			is_one_of(v.ptr[i], '<', 1);
	return good & (v.len >= MRZ_INFORMATION_MIN) & (v.len <= MRZ_INFORMATION_MAX);
}

static bool take_suite(struct sj_span v, struct sj_pace_suite *out)
{
	uint8_t mapping, cipher, parameter;

	if (!sj_take_u8(&v, &mapping) || !sj_take_u8(&v, &cipher) || !sj_take_u8(&v, &parameter) ||
	    v.len != 0 || mapping > SJ_PACE_IM || cipher > CIPHER_LAST)
		return false;
	*out = (struct sj_pace_suite){ .mapping = (enum sj_pace_mapping)mapping,
				       .cipher = (enum sj_cipher)cipher,
				       .curve = sj_curve_from_id(parameter),
				       .group = (enum sj_dh_group)parameter };
	return (out->curve != SJ_CURVE_NONE || parameter <= SJ_DH_2048_256) &&
	       sj_pace_oid(out).len > 0;
}

static bool add_suite(struct emrtd_access *a, struct sj_span v)
{
	struct sj_pace_suite s;

	if (a->suite_count == EMRTD_SUITES_MAX || !take_suite(v, &s))
		return false;
	for (size_t i = 0; i < a->suite_count; i++)
		if (sj_pace_suite_eq(&a->suites[i], &s))
			return false;
	a->suites[a->suite_count++] = s;
	return true;
}

/* Digits, once. */
static bool add_digits(struct sj_span *slot, struct sj_span v, size_t size)
{
	if (slot->len != 0 || is_digits(v, size) == 0)
		return false;
	*slot = v;
	return true;
}

static bool add_object(struct emrtd_access *a, uint32_t tag, struct sj_span v)
{
	switch (tag) {
	case 0x80:
		if (a->protocols != 0 || v.len != 1 || v.ptr[0] < 1 || v.ptr[0] > 3)
			return false;
		a->protocols = v.ptr[0];
		return true;
	case 0x81:
		return add_digits(&a->can, v, CAN_SIZE);
	case 0x82:
		if (a->mrz.len != 0 || is_mrz_information(v) == 0)
			return false;
		a->mrz = v;
		return true;
	case 0x83:
		return add_suite(a, v);
	case 0x84:
		return add_digits(&a->pin, v, EMRTD_PIN_SIZE);
	case 0x85:
		return add_digits(&a->puk, v, EMRTD_PUK_SIZE);
	default:
		return false;
	}
}

static bool is_complete(const struct emrtd_access *a)
{
	if (a->protocols == 0)
		return false;
	if ((a->protocols & EMRTD_BAC) != 0 && a->mrz.len == 0)
		return false;
	if ((a->protocols & EMRTD_PACE) != 0 &&
	    (a->suite_count == 0 || (a->can.len == 0 && a->mrz.len == 0)))
		return false;
	/* A suspended PIN is resumed with the CAN, a blocked one unblocked with the PUK. */
	if (a->pin.len != 0 &&
	    ((a->protocols & EMRTD_PACE) == 0 || a->can.len == 0 || a->puk.len == 0))
		return false;
	return true;
}

bool emrtd_access_parse(struct sj_span in, struct emrtd_access *out)
{
	struct emrtd_access a = { 0 };
	struct sj_span value;
	enum sj_tlv_rc rc;
	uint32_t tag;

	while ((rc = sj_tlv_next(&in, &tag, &value)) == SJ_TLV_FOUND)
		if (!add_object(&a, tag, value))
			return false;
	if (rc != SJ_TLV_ABSENT || !is_complete(&a))
		return false;
	*out = a;
	return true;
}

bool emrtd_access_load(struct card *card, struct emrtd_access *out)
{
	struct sj_span value;

	return card_store_get(card_store_of(card), EMRTD_OBJECT_ACCESS, &value) &&
	       emrtd_access_parse(value, out);
}
