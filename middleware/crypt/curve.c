#include "crypt/internal.h"

#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <stdatomic.h>
#include <string.h>

struct curve_row {
	enum sj_curve curve;
	int nid;
	const char *name;
	uint8_t size; /* bytes of the field and of the order: the same for all of these */
	uint8_t oid_size;
	uint8_t oid[9]; /* content bytes; RFC 5480, 2.1.1.1, and RFC 5639, 4 */
};

static const struct curve_row curves[] = {
	{ SJ_P224, NID_secp224r1, "P-224", 28, 5, { 0x2B, 0x81, 0x04, 0, 0x21 } },
	{ SJ_BP224R1,
	  NID_brainpoolP224r1,
	  "brainpoolP224r1",
	  28,
	  9,
	  { 0x2B, 0x24, 3, 3, 2, 8, 1, 1, 5 } },
	{ SJ_P256,
	  NID_X9_62_prime256v1,
	  "P-256",
	  32,
	  8,
	  { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7 } },
	{ SJ_BP256R1,
	  NID_brainpoolP256r1,
	  "brainpoolP256r1",
	  32,
	  9,
	  { 0x2B, 0x24, 3, 3, 2, 8, 1, 1, 7 } },
	{ SJ_BP320R1,
	  NID_brainpoolP320r1,
	  "brainpoolP320r1",
	  40,
	  9,
	  { 0x2B, 0x24, 3, 3, 2, 8, 1, 1, 9 } },
	{ SJ_P384, NID_secp384r1, "P-384", 48, 5, { 0x2B, 0x81, 0x04, 0, 0x22 } },
	{ SJ_BP384R1,
	  NID_brainpoolP384r1,
	  "brainpoolP384r1",
	  48,
	  9,
	  { 0x2B, 0x24, 3, 3, 2, 8, 1, 1, 11 } },
	{ SJ_BP512R1,
	  NID_brainpoolP512r1,
	  "brainpoolP512r1",
	  64,
	  9,
	  { 0x2B, 0x24, 3, 3, 2, 8, 1, 1, 13 } },
	{ SJ_P521, NID_secp521r1, "P-521", 66, 5, { 0x2B, 0x81, 0x04, 0, 0x23 } },
};

#define CURVES (sizeof(curves) / sizeof(curves[0]))

static const struct curve_row *find(enum sj_curve curve)
{
	for (size_t i = 0; i < CURVES; i++)
		if (curves[i].curve == curve)
			return &curves[i];
	return NULL;
}

enum sj_curve sj_curve_at(size_t index)
{
	return index < CURVES ? curves[index].curve : SJ_CURVE_NONE;
}

size_t sj_curve_field_size(enum sj_curve curve)
{
	const struct curve_row *row = find(curve);

	return row != NULL ? row->size : 0;
}

size_t sj_curve_order_size(enum sj_curve curve)
{
	return sj_curve_field_size(curve);
}

const char *sj_curve_name(enum sj_curve curve)
{
	const struct curve_row *row = find(curve);

	return row != NULL ? row->name : "unknown curve";
}

enum sj_curve sj_curve_from_id(uint32_t parameter_id)
{
	for (size_t i = 0; i < CURVES; i++)
		if ((uint32_t)curves[i].curve == parameter_id)
			return curves[i].curve;
	return SJ_CURVE_NONE;
}

enum sj_curve sj_curve_from_name(const char *name)
{
	for (size_t i = 0; i < CURVES; i++)
		if (strcmp(curves[i].name, name) == 0)
			return curves[i].curve;
	return SJ_CURVE_NONE;
}

const char *sj_curve_openssl_name(enum sj_curve curve)
{
	const struct curve_row *row = find(curve);

	return row != NULL ? OBJ_nid2sn(row->nid) : NULL;
}

enum sj_curve sj_curve_from_openssl_name(const char *name)
{
	for (size_t i = 0; i < CURVES; i++)
		if (strcmp(OBJ_nid2sn(curves[i].nid), name) == 0)
			return curves[i].curve;
	return SJ_CURVE_NONE;
}

struct sj_span sj_curve_oid(enum sj_curve curve)
{
	const struct curve_row *row = find(curve);

	return row != NULL ? sj_span(row->oid, row->oid_size) : sj_span(NULL, 0);
}

enum sj_curve sj_curve_from_oid(struct sj_span oid)
{
	for (size_t i = 0; i < CURVES; i++)
		if (sj_span_eq(oid, sj_span(curves[i].oid, curves[i].oid_size)))
			return curves[i].curve;
	return SJ_CURVE_NONE;
}

/*
 * Making a group costs as much as multiplying by the generator, and a verification
 * wants some forty. So each is made when it is first asked for, and kept:
 * constants of the standards, not a state, so that rule 6's reason (two cards in one
 * process) does not reach them, and a handle would pass through every call of every
 * protocol. Threads that race make one too many; the first to arrive is kept.
 */
const EC_GROUP *sj_ec_group(enum sj_curve curve)
{
	static _Atomic(EC_GROUP *) ec_groups[CURVES];
	const struct curve_row *row = find(curve);
	EC_GROUP *made, *kept = NULL;

	if (row == NULL)
		return NULL;
	kept = atomic_load(&ec_groups[row - curves]);
	if (kept != NULL)
		return kept;
	made = EC_GROUP_new_by_curve_name(row->nid);
	if (atomic_compare_exchange_strong(&ec_groups[row - curves], &kept, made))
		return made;
	EC_GROUP_free(made);
	return kept;
}
