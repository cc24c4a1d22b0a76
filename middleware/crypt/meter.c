#include "crypt/meter.h"

/*
 * The one variable of the library that is no constant. Handing a meter
 * through every verb of crypt and secure would cost more than it gives; it
 * belongs to one thread, holds no data, and is set around single commands.
 */
static _Thread_local struct sj_meter *sj_meter_of_thread;

struct sj_meter *sj_meter_use(struct sj_meter *meter)
{
	struct sj_meter *former = sj_meter_of_thread;

	sj_meter_of_thread = meter;
	return former;
}

void sj_meter_count(enum sj_meter_op op, enum sj_curve curve, size_t amount)
{
	struct sj_meter *meter = sj_meter_of_thread;

	if (meter != NULL)
		meter->count(meter, op, curve, amount);
}

void sj_meter_cipher(size_t bytes)
{
	sj_meter_count(SJ_METER_CIPHER, SJ_CURVE_NONE, bytes);
}

/* FIPS 180-4, 5.1: a one bit and the length, of 8 or 16 bytes, up to a whole block. */
static size_t blocks(enum sj_hash alg, size_t bytes)
{
	bool wide = sj_hash_size(alg) > 32;
	size_t block = wide ? 128 : 64, least = wide ? 17 : 9;

	return (bytes + least + block - 1) / block * (block / 64);
}

void sj_meter_hash(enum sj_hash alg, size_t bytes)
{
	sj_meter_count(SJ_METER_HASH, SJ_CURVE_NONE, blocks(alg, bytes));
}
