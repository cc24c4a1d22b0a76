#include "tests/pkcs11/plug.h"

#include <stdlib.h>

#include <sojourn/reader.h>

#include "reader/card.h"

#define READER "Plug 00 00"

struct plug plug;

/* The linker knows them by these names (--wrap). */
__typeof__(sj_readers_list) __wrap_sj_readers_list;
__typeof__(sj_readers_get) __wrap_sj_readers_get;
__typeof__(sj_readers_free) __wrap_sj_readers_free;
__typeof__(sj_card_wait) __wrap_sj_card_wait;

/* The list is the plug as it is. */
enum sj_rc __wrap_sj_readers_list(struct sj_context *ctx, unsigned timeout_ms,
				  struct sj_readers **out)
{
	(void)ctx;
	(void)timeout_ms;
	*out = malloc(1);
	return *out != NULL ? SJ_OK : SJ_NO_MEMORY;
}

bool __wrap_sj_readers_get(const struct sj_readers *list, size_t i, struct sj_reader_info *out)
{
	(void)list;
	*out = (struct sj_reader_info){ .size = out->size,
					.name = READER,
					.card_present = plug.card != NULL,
					.events = plug.events };
	return i == 0;
}

void __wrap_sj_readers_free(struct sj_readers *list)
{
	free(list);
}

enum sj_rc __wrap_sj_card_wait(struct sj_context *ctx, const char *reader, unsigned timeout_ms,
			       struct sj_card **out)
{
	if (plug.card == NULL)
		return SJ_NO_CARD;
	return sj_card_over(ctx, plug.card, reader != NULL ? reader : READER,
			    sj_clock_ms() + timeout_ms, out);
}
