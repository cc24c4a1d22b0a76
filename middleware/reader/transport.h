/*
 * transport.h -- how a reader moves bytes: one table of functions a maker.
 *
 * A transport serves one caller at a time. Times are deadlines in
 * milliseconds of sj_clock_ms(); a call that passes its deadline returns
 * SJ_TIMED_OUT and leaves a transport that can only be closed or reconnected. So does one
 * that is cancelled, with SJ_CANCELLED, which every further one says too until that is taken back.
 */
#ifndef SJ_READER_TRANSPORT_H
#define SJ_READER_TRANSPORT_H

#include "sojourn/failure.h"
#include "wire/apdu.h"
#include "wire/atr.h"

struct sj_transport;

struct sj_transport_ops {
	/* Opens the way to the card (power or share); fills `atr`. */
	enum sj_rc (*connect)(struct sj_transport *t, int64_t deadline, struct sj_writer *atr);
	/*
	 * One command, one response (both raw). SJ_CARD_RESET: another process
	 * reset the card and nothing was sent; SJ_CARD_LOST: it is gone; SJ_CARD_SM_BROKEN: `channel`
	 * is older than the last that others may have done, and nothing was sent.
	 */
	enum sj_rc (*transmit)(struct sj_transport *t, struct sj_span command, int64_t deadline,
			       struct sj_writer *response);
	/* Exclusive use for a short time; may be NULL where there is nobody to share with. */
	enum sj_rc (*begin)(struct sj_transport *t, int64_t deadline);
	void (*end)(struct sj_transport *t);
	/* Leaves the card; `reset` also resets it. connect() may follow. */
	void (*disconnect)(struct sj_transport *t, bool reset);
	/* Ends the transport and frees it. */
	void (*close)(struct sj_transport *t);
	/*
	 * VERIFY with a PIN typed on the reader's own keypad (PC/SC part 10, FEATURE_VERIFY_PIN_DIRECT):
	 * `command` has FF where the PIN goes; empty: only tells whether there is one.
	 * SJ_ACCESS_UNSUPPORTED: there is none. May be NULL, which means the same.
	 */
	enum sj_rc (*keypad)(struct sj_transport *t, struct sj_span command, int64_t deadline,
			     struct sj_writer *response);
	/*
	 * What the reader does of PACE by itself (PC/SC part 10, amendment 1, FEATURE_EXECUTE_PACE):
	 * `input` and output as there; empty: only tells whether it does.
	 * SJ_ACCESS_UNSUPPORTED: it does not. May be NULL, which means the same.
	 */
	enum sj_rc (*pace)(struct sj_transport *t, struct sj_span input, int64_t deadline,
			   struct sj_writer *output);
};

/*
 * The head of every maker's struct. A maker that can calls slow() once, on the
 * caller's thread, while transmit() waits past `slow_at`, and clears it.
 */
struct sj_transport {
	const struct sj_transport_ops *ops;
	void (*slow)(void *user); /* NULL: nobody wants to know */
	void *user;
	int64_t slow_at;
	/* How often others may have come between, up to the last command or begin(); 0 of who cannot tell. */
	unsigned others;
	/* For transmit(): a command of the channel that was made when `others` was `channel`. */
	bool of_channel;
	unsigned channel;
};

/* Milliseconds, microseconds of a monotonic clock. */
int64_t sj_clock_ms(void);
int64_t sj_clock_us(void);

/*
 * A card in this process, through a function table so that the reader never
 * includes the card: power() returns the ATR's size in `atr` (at most 33 bytes).
 */
struct sj_direct_ops {
	size_t (*power_on)(void *card, uint8_t atr[static 33]);
	void (*power_off)(void *card);
	/* `response` has room for SJ_APDU_RESPONSE_MAX; returns its size, 0: card gone. */
	size_t (*transmit)(void *card, struct sj_span command, uint8_t *response);
};
SJ_MUST_CHECK struct sj_transport *sj_transport_direct(const struct sj_direct_ops *ops, void *card);

#endif
