/* Whole cards that keep secret passwords and are asked with secret ones. */
#include <stdlib.h>

#include "applets/piv/state.h"
#include "tests/card/piv_rig.h"
#include "tests/side/secret.h"

/* The value of a password in the card's store, whose counters are no secret. */
static void hide(struct bench *b, uint8_t ref)
{
	struct sj_span stored;

	if (!card_store_get(b->store, PIV_STORE_PASSWORD + ref, &stored) ||
	    stored.len != 2 + PIV_PIN_SIZE)
		abort();
	secret(stored.ptr + 2, PIV_PIN_SIZE);
}

static void ask(struct bench *b, const char *text, uint16_t sw)
{
	struct sj_span command = hex(text, b->command, sizeof(b->command));

	hide(b, PIV_REF_PIN);
	hide(b, PIV_REF_PUK);
	secret(command.ptr + 5, command.len - 5);
	if (bench_raw(b, command) != sw)
		abort();
}

static void verifying(void)
{
	struct bench *b = piv_contact();

	ask(b, VERIFY_PIN, SJ_SW_OK);
	ask(b, "0020008008" PUK_HEX, SJ_SW_COUNTER | (PIN_TRIES - 1));
	ask(b,
	    "0020008008"
	    "313233343536FFFE",
	    SJ_SW_COUNTER | (PIN_TRIES - 2));
	ask(b, VERIFY_PIN, SJ_SW_OK);
	bench_free(b);
}

static void changing(void)
{
	struct bench *b = piv_contact();

	ask(b, "0024008010" PIN_HEX "36363636363636FF", SJ_SW_OK);
	ask(b, "0024008010" PIN_HEX "3636363636363636", SJ_SW_COUNTER | (PIN_TRIES - 1));
	ask(b, "002C008010" PUK_HEX PIN_HEX, SJ_SW_OK);
	ask(b, VERIFY_PIN, SJ_SW_OK);
	bench_free(b);
}

static void pairing(void)
{
	struct bench *b = piv_contact();
	struct sj_span code;

	if (!card_store_get(b->store, PIV_STORE_PAIRING, &code))
		abort();
	secret(code.ptr, code.len);
	ask(b, VERIFY_PAIRING, SJ_SW_OK);
	ask(b, "0020009808" PUK_HEX, SJ_SW_NO_INFORMATION);
	bench_free(b);
}

const struct side_case side_card[] = {
	{ "a card verifies a PIN", verifying, false },
	{ "a card changes a PIN, by PIN and PUK", changing, false },
	{ "a card compares a pairing code", pairing, false },
	{ NULL, NULL, false },
};
