/* crypt_calls.c -- the public-key calls that this process makes, recorded by crypt's meter. */
#include "tests/bench/bench.h"

static void note(struct sj_meter *self, enum sj_meter_op op, enum sj_curve curve, size_t amount)
{
	/* By the meter's operation: what the floor makes of it, which has no RSA. */
	static const enum bench_operation operations[] = {
		[SJ_METER_EC_BASE] = BENCH_BASE,      [SJ_METER_EC_POINT] = BENCH_POINT,
		[SJ_METER_EC_MAP] = BENCH_BASE,       [SJ_METER_EC_Y] = BENCH_Y,
		[SJ_METER_EC_SIGN] = BENCH_SIGN,      [SJ_METER_EC_VERIFY] = BENCH_VERIFY,
		[SJ_METER_RSA_PRIVATE] = BENCH_OTHER, [SJ_METER_RSA_PUBLIC] = BENCH_OTHER,
	};
	struct bench_calls *calls = (struct bench_calls *)self;
	struct bench_call *call = calls->call;

	(void)amount;
	if (op == SJ_METER_CIPHER || op == SJ_METER_HASH)
		return;
	while (call->count > 0 && (call->operation != operations[op] || call->curve != curve))
		call++;
	if (call == calls->call + BENCH_CALLS_MAX - 1)
		return; /* the last one stays empty, as the end */
	*call = (struct bench_call){ operations[op], curve, call->count + 1 };
}

void bench_record(struct bench_calls *calls)
{
	if (calls)
		calls->meter.count = note;
	(void)sj_meter_use(calls ? &calls->meter : NULL);
}
