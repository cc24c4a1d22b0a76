#include "host/rf.h"

#include <string.h>

#define FC_PER_MS 13560.0 /* carrier: ISO/IEC 14443-2:2020, 6.1.2 */
#define RATE_BASE 106.0
#define FRAME_SIZE 256u /* FSC and FSD: ISO/IEC 14443-4:2018, 5.2.3 */
#define FRAME_OVERHEAD 3u /* PCB and CRC */
/* ISO/IEC 14443-3:2018, 6.2.1.1: frame delay time, and what a chip adds to it for a block. */
#define FDT_MS (1172 / FC_PER_MS)
#define BLOCK_MS 0.15

/* --- chips ------------------------------------------------------------------ */

struct chip_row {
	const char *name;
	double apdu; /* card OS, each command */
	double cost[CARD_RF_OPS]; /* ms */
};

/* In the order of enum card_rf_op up to the RSA operations; AES and hash as call and amount. */
#define PUBLIC_KEY(keygen, ecdh, sign, verify, rsa, rsa_public) \
	[CARD_RF_KEYGEN] = (keygen), [CARD_RF_ECDH] = (ecdh), [CARD_RF_SIGN] = (sign), \
	[CARD_RF_VERIFY] = (verify), [CARD_RF_POINT_Y] = (rsa_public), [CARD_RF_RSA] = (rsa), \
	[CARD_RF_RSA_PUBLIC] = (rsa_public)
#define CIPHER(call, per_256) [CARD_RF_CIPHER] = (call), [CARD_RF_CIPHER_BYTES] = (per_256) / 256.0
#define HASH(call, per_block) [CARD_RF_HASH] = (call), [CARD_RF_HASH_BLOCKS] = (per_block)
#define OS(select, write) [CARD_RF_SELECT] = (select), [CARD_RF_WRITE] = (write)

static const struct chip_row chips[] = {
	[CARD_CHIP_JCOP4_P71] = { "jcop4-p71",
				  2.0,
				  { PUBLIC_KEY(26.8, 20.0, 32.0, 30.2, 60.7, 11.0),
				    CIPHER(4.7, 0.4), HASH(0.8, 1.43), OS(8.0, 3.0) } },
	[CARD_CHIP_JCOP3_P60] = { "jcop3-p60",
				  3.0,
				  { PUBLIC_KEY(156.3, 55.1, 56.3, 50.3, 200.9, 18.8),
				    CIPHER(16.3, 0.5), HASH(0.5, 1.45), OS(10.0, 4.0) } },
	[CARD_CHIP_SLE78] = { "sle78",
			      5.0,
			      { PUBLIC_KEY(213.9, 126.2, 145.9, 100.8, 243.7, 38.0),
				CIPHER(10.0, 21.5), HASH(2.0, 6.6), OS(15.0, 4.0) } },
	[CARD_CHIP_NATIVE] = { "native",
			       0.5,
			       { PUBLIC_KEY(10.0, 10.0, 14.0, 14.0, 55.0, 6.0), CIPHER(0.1, 0.1),
				 HASH(0.05, 0.02), OS(1.0, 1.5) } },
	[CARD_CHIP_LOGIC] = { "logic", 0.3, { CIPHER(0.3, 0.2) } },
};

bool card_rf_rate_known(unsigned rate)
{
	return rate == 106 || rate == 212 || rate == 424 || rate == 848;
}

const char *card_chip_name(enum card_chip chip)
{
	return (size_t)chip < CARD_CHIPS ? chips[chip].name : NULL;
}

bool card_chip_find(const char *name, enum card_chip *out)
{
	for (size_t i = 0; i < CARD_CHIPS; i++) {
		if (strcmp(chips[i].name, name) == 0) {
			*out = (enum card_chip)i;
			return true;
		}
	}
	return false;
}

/* --- work ------------------------------------------------------------------- */

const char *card_rf_op_name(enum card_rf_op op)
{
	static const char *const names[CARD_RF_OPS] = {
		"keygen", "ecdh",        "sign", "verify",     "pointY", "rsa",   "rsaPublic",
		"cipher", "cipherBytes", "hash", "hashBlocks", "select", "write",
	};

	return (size_t)op < CARD_RF_OPS ? names[op] : NULL;
}

static double power(double base, unsigned exponent)
{
	return exponent == 0 ? 1 : base * power(base, exponent - 1);
}

/* Where each operation of crypt is booked: count, and the amount beside it. */
static void count(struct sj_meter *self, enum sj_meter_op op, enum sj_curve curve, size_t amount)
{
	double *n = ((struct card_rf_meter *)self)->work.n;
	double ec = power((double)sj_curve_field_size(curve) / 32, 3);

	switch (op) {
	case SJ_METER_EC_BASE:
		n[CARD_RF_KEYGEN] += ec;
		break;
	case SJ_METER_EC_POINT:
	case SJ_METER_EC_MAP:
		n[CARD_RF_ECDH] += ec;
		break;
	case SJ_METER_EC_Y:
		n[CARD_RF_POINT_Y] += ec;
		break;
	case SJ_METER_EC_SIGN:
		n[CARD_RF_SIGN] += ec;
		break;
	case SJ_METER_EC_VERIFY:
		n[CARD_RF_VERIFY] += ec;
		break;
	case SJ_METER_RSA_PRIVATE:
		n[CARD_RF_RSA] += power((double)amount / 256, 3);
		break;
	case SJ_METER_RSA_PUBLIC:
		n[CARD_RF_RSA_PUBLIC] += power((double)amount / 256, 2);
		break;
	case SJ_METER_CIPHER:
		n[CARD_RF_CIPHER] += 1;
		n[CARD_RF_CIPHER_BYTES] += (double)amount;
		break;
	case SJ_METER_HASH:
	default:
		n[CARD_RF_HASH] += 1;
		n[CARD_RF_HASH_BLOCKS] += (double)amount;
		break;
	}
}

void card_rf_meter_init(struct card_rf_meter *meter)
{
	*meter = (struct card_rf_meter){ .head = { count } };
}

double card_rf_work_ms(enum card_chip chip, const struct card_rf_work *work)
{
	double ms = 0;

	for (size_t i = 0; i < CARD_RF_OPS; i++)
		ms += chips[chip].cost[i] * work->n[i];
	return ms;
}

double card_rf_reader_ms(const struct card_rf_work *work)
{
	const double *n = work->n;

	return n[CARD_RF_KEYGEN] + n[CARD_RF_ECDH] + n[CARD_RF_SIGN] + n[CARD_RF_VERIFY] +
	       0.3 * (n[CARD_RF_POINT_Y] + n[CARD_RF_RSA] + n[CARD_RF_RSA_PUBLIC]);
}

/* --- the air ------------------------------------------------------------------ */

/* A frame of type A: each byte with its parity bit, start and end. ISO/IEC 14443-3:2018, 6.2.3. */
static double frame_ms(double rate, size_t bytes)
{
	double etu = 128 / FC_PER_MS / (rate / RATE_BASE);

	return (9 * (double)bytes + 3) * etu + FDT_MS;
}

double card_rf_activation_ms(unsigned rate)
{
	/*
	 * At 106 kbit/s: REQA, ATQA, one cascade level with a UID of 4 bytes
	 * (ISO/IEC 14443-3:2018, 6.5), RATS and ATS, then PPS where there is
	 * another rate (ISO/IEC 14443-4:2018, 5.6).
	 */
	static const size_t frames[] = { 1, 2, 2, 5, 9, 3, 4, 14 };
	static const size_t pps[] = { 5, 3 };
	double ms = 5.1; /* ISO/IEC 14443-3:2018, 5: unmodulated field first */

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		ms += frame_ms(RATE_BASE, frames[i]);
	ms += 2.0 + 1.0; /* the card makes its ATS; start-up guard time after it */
	for (size_t i = 0; rate > RATE_BASE && i < sizeof(pps) / sizeof(pps[0]); i++)
		ms += frame_ms(RATE_BASE, pps[i]);
	return rate > RATE_BASE ? ms + 0.5 : ms;
}

double card_rf_air_ms(unsigned rate, size_t bytes)
{
	const size_t most = FRAME_SIZE - FRAME_OVERHEAD;
	double ms = 0;
	size_t now;

	do {
		now = bytes < most ? bytes : most;
		bytes -= now;
		ms += frame_ms(rate, now + FRAME_OVERHEAD) + BLOCK_MS;
		if (bytes > 0)
			ms += frame_ms(rate, FRAME_OVERHEAD) + BLOCK_MS; /* R(ACK) */
	} while (bytes > 0);
	return ms;
}

double card_rf_command_ms(unsigned rate, enum card_chip chip, size_t command, size_t response,
			  const struct card_rf_work *work)
{
	return card_rf_air_ms(rate, command) + card_rf_air_ms(rate, response) + chips[chip].apdu +
	       card_rf_work_ms(chip, work);
}

/* --- an exchange ---------------------------------------------------------------- */

double card_rf_exchange_ms(const struct card_rf_model *model, const struct card_rf_step *steps,
			   size_t n)
{
	double ms = CARD_RF_POLL_MS + card_rf_activation_ms(model->rate), behind = 0;

	for (size_t i = 0; i < n; i++) {
		const struct card_rf_step *s = &steps[i];

		if (s->command == 0) {
			behind += card_rf_work_ms(model->chip, &s->work);
			continue;
		}
		ms += model->host_ms + (behind > model->host_ms ? behind - model->host_ms : 0);
		ms += card_rf_command_ms(model->rate, model->chip, s->command, s->response,
					 &s->work);
		behind = 0;
	}
	return ms;
}
