/*
 * vpcd.h -- a card in the virtual reader of vsmartcard (vpcd), over TCP.
 *
 * Messages either way are a two-byte big-endian length and that many bytes. To
 * the card, one byte is control: 0 power off, 1 power on, 2 reset, 4 "give
 * the ATR" (answered with it); anything longer is a command, answered with
 * its response. Off, on and reset are not answered.
 */
#ifndef CARD_LINK_VPCD_H
#define CARD_LINK_VPCD_H

#include "host/card.h"

#define CARD_VPCD_PORT 35963u
#define CARD_VPCD_FRAME_MAX SJ_APDU_COMMAND_MAX

/* --- the stream, without a socket ----------------------------------------- */

enum card_vpcd_message {
	CARD_VPCD_NONE, /* not whole yet */
	CARD_VPCD_OFF,
	CARD_VPCD_ON,
	CARD_VPCD_RESET,
	CARD_VPCD_ATR,
	CARD_VPCD_COMMAND,
	CARD_VPCD_BROKEN, /* not a message of this protocol: close the connection */
};

/*
 * Takes the next message off the front of the bytes received so far; `body`
 * gets a command's bytes. NONE and BROKEN take nothing.
 */
enum card_vpcd_message card_vpcd_take(struct sj_span *in, struct sj_span *body);

/* --- the link ------------------------------------------------------------- */

enum card_vpcd_mode {
	CARD_VPCD_DIAL, /* the reader listens, as vpcd does by itself */
	CARD_VPCD_LISTEN, /* the reader dials: loopback only */
};

struct card_vpcd_config {
	enum card_vpcd_mode mode;
	const char *host; /* dialling: name or address */
	uint16_t port; /* listening: 0 takes a free one */
	int stop_fd; /* readable: end; -1: never */
	/* Told once after each connection; `port` is the one in use. May be NULL. */
	void (*connected)(void *self, uint16_t port);
	/* Listening: told once, when the port is open. May be NULL. */
	void (*listening)(void *self, uint16_t port);
	void *self;
};

enum card_vpcd_rc {
	CARD_VPCD_STOPPED, /* by stop_fd */
	CARD_VPCD_BAD_HOST, /* no such name or address */
	CARD_VPCD_IO, /* errno says why: the port is taken, no descriptors, ... */
	CARD_VPCD_NO_MEMORY,
};

struct card_vpcd;

/* NULL: no memory. The strings of `config` must outlive the link. */
SJ_MUST_CHECK struct card_vpcd *card_vpcd_new(const struct card_vpcd_config *config);
void card_vpcd_free(struct card_vpcd *v);

/*
 * The clock that a card on this link must have: a wait ends early when the
 * reader goes away, cuts the power, resets, or the link is to stop.
 */
struct card_clock card_vpcd_clock(struct card_vpcd *v);

/*
 * Serves the card until stop_fd is readable. When the reader goes away the
 * card loses power, and the link tries to reach a reader again, at first
 * after 50 ms, at last every 2 s.
 */
SJ_MUST_CHECK enum card_vpcd_rc card_vpcd_run(struct card_vpcd *v, struct card *card);

#endif
