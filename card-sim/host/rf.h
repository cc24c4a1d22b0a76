/*
 * rf.h -- the timing model: what an exchange with a contactless chip takes.
 *
 *	T = activation
 *	  + for each command: air(command) + air(response) + host + card OS + operations
 *	  + the reader's own operations
 *
 * A LOWER BOUND: real EMV taps measure 1.5 to 2 times what such a model says.
 * Say so wherever a figure is shown.
 *
 * Sources: ISO/IEC 14443-3:2018 and 14443-4:2018, type A (framing, times);
 * JCAlgTest, public results for NXP J3R180 (P71) and J3H145 (P60) and Infineon
 * CJTOP (SLE 78): ms per call of the Java Card API, P-256, RSA-2048.
 * Assumptions: the whole `native` profile (a card OS in C with hardware for SHA
 * and AES); card OS time per command and selection; other curves and moduli by
 * the third power of their size (RSA public: the second); y from x as one RSA
 * public operation, which is how a Java Card gets at modular exponentiation;
 * 3 to 4 ms (native: 1.5) for a non-volatile write of whatever size; 1 ms for
 * each elliptic curve operation of the reader and 0.3 ms for RSA and for y from
 * x; randomness free.
 */
#ifndef CARD_HOST_RF_H
#define CARD_HOST_RF_H

#include "crypt/meter.h"

/* --- rates and chips ------------------------------------------------------- */

/* In kbit/s: 106, 212, 424 or 848. */
bool card_rf_rate_known(unsigned rate);

enum card_chip {
	CARD_CHIP_JCOP4_P71,
	CARD_CHIP_JCOP3_P60,
	CARD_CHIP_SLE78,
	CARD_CHIP_NATIVE,
	CARD_CHIPS, /* how many `--chip` knows */
	/* Fixed logic with AES, of transport cards: for rows of others only. */
	CARD_CHIP_LOGIC = CARD_CHIPS,
};

/* "jcop4-p71"; NULL: no such chip. */
const char *card_chip_name(enum card_chip chip);
bool card_chip_find(const char *name, enum card_chip *out);

/* --- work ------------------------------------------------------------------- */

/* What a chip does besides talking, each with its cost. */
enum card_rf_op {
	CARD_RF_KEYGEN, /* of an EC key pair; curve operations are in units of P-256 */
	CARD_RF_ECDH,
	CARD_RF_SIGN,
	CARD_RF_VERIFY,
	CARD_RF_POINT_Y, /* a point from its x */
	CARD_RF_RSA, /* in units of RSA-2048 */
	CARD_RF_RSA_PUBLIC,
	CARD_RF_CIPHER, /* a key set and a call */
	CARD_RF_CIPHER_BYTES,
	CARD_RF_HASH, /* a message */
	CARD_RF_HASH_BLOCKS, /* of 64 bytes, padding included */
	CARD_RF_SELECT, /* an application by name */
	CARD_RF_WRITE, /* a non-volatile write: a transaction that changed something */
	CARD_RF_OPS,
};
/* "keygen": for showing; NULL past the end. */
const char *card_rf_op_name(enum card_rf_op op);

struct card_rf_work {
	double n[CARD_RF_OPS];
};

/* Counts what the calling thread does: sj_meter_use(&m.head) after this. */
struct card_rf_meter {
	struct sj_meter head;
	struct card_rf_work work;
};
void card_rf_meter_init(struct card_rf_meter *meter);

double card_rf_work_ms(enum card_chip chip, const struct card_rf_work *work);
/* The same work done by a gate's controller (a Cortex-A53 in C). */
double card_rf_reader_ms(const struct card_rf_work *work);

/* --- the air ------------------------------------------------------------------ */

/* Mean wait until a polling reader looks. */
#define CARD_RF_POLL_MS 15.0
/* Host and reader firmware, each command: an embedded front end. USB CCID: 3 to 6. */
#define CARD_RF_HOST_MS 0.5

/* From the reader's look until the card takes commands: field, UID, RATS, PPS. */
double card_rf_activation_ms(unsigned rate);
/* An APDU of `bytes` one way: blocks of FSC/FSD 256, each acknowledged but the last. */
double card_rf_air_ms(unsigned rate, size_t bytes);
/* What the card is busy with for one command: both ways on the air, OS, work. */
double card_rf_command_ms(unsigned rate, enum card_chip chip, size_t command, size_t response,
			  const struct card_rf_work *work);

/* --- an exchange ---------------------------------------------------------------- */

/*
 * A command and its response in bytes, and the work in between. No command
 * (0 bytes): work after the response before it, while the host is busy; what
 * is left of it then delays the next command.
 */
struct card_rf_step {
	size_t command, response;
	struct card_rf_work work;
};

struct card_rf_model {
	unsigned rate;
	enum card_chip chip;
	double host_ms; /* each command: CARD_RF_HOST_MS */
};

/*
 * From card present to the n-th step's response, the wait for the reader's
 * look included; the reader's own work is not (card_rf_reader_ms()).
 */
double card_rf_exchange_ms(const struct card_rf_model *model, const struct card_rf_step *steps,
			   size_t n);

/* --- for struct card_config --------------------------------------------------------- */

struct card_rf {
	unsigned rate; /* 0: nothing is waited for, `step` is told all the same */
	enum card_chip chip;
	/* Told after each response, and after work that followed one. May be NULL. */
	void (*step)(void *self, const struct card_rf_step *step);
	void *self;
};

#endif
