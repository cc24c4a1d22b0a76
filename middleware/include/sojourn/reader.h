/* reader.h -- readers, cards in them, and raw commands (PC/SC). */
#ifndef SOJOURN_READER_H
#define SOJOURN_READER_H

#include <sojourn/sojourn.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SJ_READER_NAME_MAX 128 /* bytes with NUL (PC/SC: MAX_READERNAME) */
#define SJ_ATR_MAX 33

struct sj_reader_info {
	size_t size;
	char name[SJ_READER_NAME_MAX];
	bool card_present;
	bool in_use; /* another process has the card open */
	bool exclusive; /* another process has it for itself */
	bool mute; /* a card that does not answer */
	uint8_t atr[SJ_ATR_MAX];
	size_t atr_len;
	uint32_t events; /* grows with each card that comes or goes */
};

struct sj_readers; /* a list */

/* Lists the readers; an empty list is SJ_OK. Free with sj_readers_free(). */
SJ_API enum sj_rc sj_readers_list(struct sj_context *ctx, unsigned timeout_ms,
				  struct sj_readers **out);
SJ_API size_t sj_readers_count(const struct sj_readers *list);
/* The i-th; false past the end. Set out->size before. */
SJ_API bool sj_readers_get(const struct sj_readers *list, size_t i, struct sj_reader_info *out);
SJ_API void sj_readers_free(struct sj_readers *list);

/*
 * Waits until a reader or a card comes or goes compared with `known` (NULL:
 * returns the present state at once) and gives the new state. SJ_TIMED_OUT
 * when nothing happened. timeout_ms 0: without limit.
 */
SJ_API enum sj_rc sj_readers_wait(struct sj_context *ctx, const struct sj_readers *known,
				  unsigned timeout_ms, struct sj_readers **out);

/*
 * The longest APDU in bytes, command or response, that the driver of this reader
 * (its whole name) passes on; 0: the driver does not tell. No card is needed and
 * none is touched. SJ_READER_BUSY while another process has its card alone.
 */
SJ_API enum sj_rc sj_reader_apdu_max(struct sj_context *ctx, const char *reader,
				     unsigned timeout_ms, size_t *bytes);

struct sj_card;

/*
 * Waits for a card and connects to it, shared. `reader`: a name, or a part
 * that fits only one reader; NULL: whichever has a card. SJ_NO_READER and
 * SJ_READER_UNKNOWN return at once; SJ_NO_CARD after the timeout. Free with
 * sj_card_close().
 */
SJ_API enum sj_rc sj_card_wait(struct sj_context *ctx, const char *reader, unsigned timeout_ms,
			       struct sj_card **out);
/*
 * A card behind a program that speaks hex lines on standard input and output
 * (`sojourn card run --link stdio`): argv as for execvp, NULL-terminated. The
 * program is ended by sj_card_close(). SJ_TIMED_OUT: no ATR within timeout_ms
 * (0: without limit).
 */
SJ_API enum sj_rc sj_card_spawn(struct sj_context *ctx, const char *const argv[],
				unsigned timeout_ms, struct sj_card **out);
/*
 * Powers the card off and on. Behind a program another card may be there then (`sojourn card
 * feed`). After a failure the card can only be closed.
 */
SJ_API enum sj_rc sj_card_restart(struct sj_card *card, unsigned timeout_ms);
/* Leaves the card (NULL is fine). */
SJ_API void sj_card_close(struct sj_card *card);

/*
 * PACE with the card access number (six digits), for a card that hides its applications from a
 * contactless reader until then: sj_card_transmit() goes inside afterwards, and ends it when
 * the card is lost. Another program's turn at the reader ends it, too: then sj_card_transmit() is
 * SJ_CARD_SM_BROKEN, nothing was sent, and the caller begins anew with sj_card_pace(); what is sent
 * without that goes in clear. SJ_WRONG_CAN; SJ_NOT_A_DOCUMENT, SJ_ACCESS_UNSUPPORTED: no PACE that
 * we know.
 */
SJ_API enum sj_rc sj_card_pace(struct sj_card *card, const char *can, unsigned timeout_ms);

SJ_API const char *sj_card_reader(const struct sj_card *card);
/* Copies the ATR; returns its size. */
SJ_API size_t sj_card_atr(const struct sj_card *card, uint8_t atr[SJ_ATR_MAX]);

/*
 * Sends one command APDU and gets the whole response: 61xx and 6Cxx are
 * followed up, data over 255 bytes is chained when the card takes no extended
 * length. *response_len is the room before and the size after (without the
 * status word, which goes to *sw), also when it was too small: SJ_FILE_TOO_LARGE. Le of 256
 * (short: 00) asks for all that there is, which may be more. SJ_CARD_ANSWER also for data with a
 * status word of 63xx to 6Fxx in clear: half an answer looks so. (CLA of 80 and above: as it came.)
 */
SJ_API enum sj_rc sj_card_transmit(struct sj_card *card, const uint8_t *command, size_t command_len,
				   unsigned timeout_ms, uint8_t *response, size_t *response_len,
				   uint16_t *sw);
/* The name of a status word (ISO/IEC 7816-4); never NULL. */
SJ_API const char *sj_status_word_text(uint16_t sw);

#ifdef __cplusplus
}
#endif

#endif
