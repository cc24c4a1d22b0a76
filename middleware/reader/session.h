/*
 * session.h -- a conversation with one card: commands in, whole answers out.
 *
 * The session hides what differs between cards and readers: response pieces
 * (61xx), a wrong Le (6Cxx), command chaining and extended length, and it is
 * the reader's role in secure messaging: it counts, protects, checks and ends.
 * It never opens a lost conversation again by itself: SJ_CARD_RESET and
 * SJ_CARD_SM_BROKEN tell the owner that everything gained is gone.
 *
 * Sources: ISO/IEC 7816-4:2020, 5.3 (chaining, 61xx, 6Cxx), 10 (secure
 * messaging); ICAO Doc 9303-11 (8th ed.), 9.8; NIST SP 800-73-5, part 2, 4.
 */
#ifndef SJ_READER_SESSION_H
#define SJ_READER_SESSION_H

#include "reader/transport.h"
#include "secure/piv_sm.h"
#include "secure/sm.h"

struct sj_context;
struct sj_card;
struct sj_session;

/* Opens a session over `t`, which it owns from now on, failure or not. Connects. */
SJ_MUST_CHECK enum sj_rc sj_session_open(struct sj_context *ctx, struct sj_transport *t,
					 int64_t deadline, struct sj_session **out);
/* Leaves the card, wipes keys and buffers (NULL is fine). */
void sj_session_close(struct sj_session *s);

/* The session inside a card of the public API; it belongs to the card. */
struct sj_session *sj_card_session(struct sj_card *card);
struct sj_context *sj_card_context(struct sj_card *card);
/*
 * Not a card of ours: sj_card_wait() of this context passes it over until it
 * is taken away.
 */
void sj_card_refuse(struct sj_card *card);

/* No command goes past this time (sj_clock_ms()); set it before the first command. */
void sj_session_deadline(struct sj_session *s, int64_t deadline);
/* Somebody was asked for so long (ms), which is not counted. */
void sj_session_asked(struct sj_session *s, int64_t ms);

/*
 * A stretch in which no other process gets at the card. Does not nest. Keep
 * it for what must not be interrupted (a login and what it opened) and end it.
 */
SJ_MUST_CHECK enum sj_rc sj_session_begin(struct sj_session *s);
void sj_session_end(struct sj_session *s);
bool sj_session_begun(const struct sj_session *s);
/* There may be other processes at the card, and not everything that goes wrong is the card's doing. */
bool sj_session_shared(const struct sj_session *s);

/*
 * After SJ_CARD_RESET, or to start afresh after SJ_CARD_SM_BROKEN: wipes the
 * keys, connects again (`reset`: resets the card) and begins again if
 * a stretch was begun. Nothing is selected then. SJ_CARD_LOST: the card has gone meanwhile.
 */
SJ_MUST_CHECK enum sj_rc sj_session_restart(struct sj_session *s, bool reset);

/*
 * Sends `a` and gets the whole response; r->data stays valid until the next
 * call. SJ_OK: r->sw is any status word but 61xx and 6Cxx (with secure
 * messaging: the protected one).
 *
 * a->ne over 256 asks for at most that much: where the card takes no extended
 * length, what a short command gets is returned (read on from there).
 * a->extended means: extended form is worth trying although nothing announced
 * it. A refusal is remembered and the command repeated in short form.
 *
 * 6883 to a command that is none of a chain is the end of another program's chain: it is repeated.
 *
 * SJ_CARD_SM_BROKEN: secure messaging ended; r->sw is the status word that
 * came in clear, 0 if the protection itself was wrong. If extended length
 * was the reason, sj_session_extended() says no from now on.
 * SJ_CARD_ANSWER: an answer that the standard does not allow, or what looks like half of one.
 */
SJ_MUST_CHECK enum sj_rc sj_session_command(struct sj_session *s, const struct sj_apdu *a,
					    struct sj_response *r);

/* Selects an application by its name: 00 A4 04 0C, and with P2 = 00 if that form is refused. */
SJ_MUST_CHECK enum sj_rc sj_session_select(struct sj_session *s, struct sj_span aid,
					   struct sj_response *r);

/*
 * Protects every command from the next one on. Replaces keys that run. `ssc`
 * is the counter before its first increment; NULL: zero.
 */
void sj_session_sm_start(struct sj_session *s, const struct sj_sm_keys *keys,
			 const struct sj_ssc *ssc);
/*
 * The same by the scheme of SP 800-73-5: a protected command is one APDU however
 * long, then chained; a response is put together, then opened. The counter
 * begins at 1, the chaining values at zero.
 */
void sj_session_piv_start(struct sj_session *s, const struct sj_piv_sm_keys *keys);
/* One command in clear while that protection runs, which goes on. */
SJ_MUST_CHECK enum sj_rc sj_session_plain(struct sj_session *s, const struct sj_apdu *a,
					  struct sj_response *r);
/* Ends protection of either scheme and wipes the keys. */
void sj_session_sm_end(struct sj_session *s);
bool sj_session_sm_active(const struct sj_session *s);

/*
 * The card takes extended length (its EF.ATR/INFO or ATR says so), with APDUs
 * of at most `command_max` and `response_max` bytes on the wire, all of them
 * counted; 0: no limit is known.
 */
void sj_session_allow_extended(struct sj_session *s, size_t command_max, size_t response_max);
/* Never to be used on this session. */
void sj_session_forbid_extended(struct sj_session *s);
/* Announced and not refused so far. */
bool sj_session_extended(const struct sj_session *s);
/* The card capabilities in the ATR's historical bytes announce it (ISO/IEC 7816-4, 12.1.1.9). */
bool sj_session_atr_extended(const struct sj_session *s);
/* The ATR says that the card has an MF (ISO/IEC 7816-4:2020, 12.1.1.7: card service data). */
bool sj_session_atr_mf(const struct sj_session *s);

/*
 * The most data that one response can carry now: 256 or what extended length
 * allows, less what secure messaging takes. For Ne of READ BINARY.
 */
size_t sj_session_read_max(const struct sj_session *s);

/*
 * One VERIFY on the reader's keypad, or (command empty) whether it has one: as
 * `keypad` in transport.h. Never inside secure messaging, which the reader cannot do.
 */
SJ_MUST_CHECK enum sj_rc sj_session_keypad(struct sj_session *s, struct sj_span command,
					   struct sj_response *r);

/*
 * PACE by the reader itself, or (input empty) whether it does it: as `pace` in transport.h.
 * Afterwards the reader protects what goes in clear, and this session goes on in clear.
 */
SJ_MUST_CHECK enum sj_rc sj_session_reader_pace(struct sj_session *s, struct sj_span input,
						struct sj_writer *output);

/*
 * Around password steps: tells the listener, once, if the card makes us wait
 * because earlier attempts failed.
 */
void sj_session_patient(struct sj_session *s, bool on);

struct sj_span sj_session_atr(const struct sj_session *s);

struct sj_session_counts {
	unsigned apdus; /* command-response pairs on the wire */
	unsigned bytes_sent, bytes_received;
	unsigned card_ms; /* waiting for the card */
};
struct sj_session_counts sj_session_count(const struct sj_session *s);

#endif
