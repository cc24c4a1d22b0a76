/*
 * asker.c -- asks cards what they are. `asker TRUST` reads lines "FILE CAN" or "FILE -" and prints
 * "FILE issued|blank SERIAL NUMBER EXIT": with a CAN the document is verified, and EXIT is the
 * exit code that `sojourn verify` has for it; else NUMBER and EXIT are "-".
 */
#include <stdio.h>
#include <string.h>

#include <sojourn/document.h>

#include "host/card.h"
#include "host/store.h"
#include "link/direct.h"
#include "reader/card.h"
#include "reader/transport.h"

#define SELECT SJ_SPAN_STR("\x00\xA4\x04\x00\x08\xA0\x00\x00\x01\x51\x00\x00\x00\x00")
#define UPDATE SJ_SPAN_STR("\x80\x50\x00\x00\x08\x01\x02\x03\x04\x05\x06\x07\x08\x00")
#define SERIAL_AT 2u /* in the diversification data, behind 534A */
#define SERIAL 8u

/* By INITIALIZE UPDATE, as a worker does, on the contact interface. */
static void put_serial(struct card *card)
{
	static uint8_t response[SJ_APDU_RESPONSE_MAX];
	uint8_t atr[CARD_ATR_MAX];
	size_t n = card_power_on(card, atr);

	n = n > 0 ? card_transmit(card, SELECT, response) : 0;
	n = n > 0 ? card_transmit(card, UPDATE, response) : 0;
	for (size_t i = 0; i < SERIAL && n > SERIAL_AT + SERIAL; i++)
		printf("%02x", response[SERIAL_AT + i]);
	if (n <= SERIAL_AT + SERIAL)
		printf("-");
	card_power_off(card);
}

static int verify(struct sj_card *card, struct sj_trust *trust, const char *can,
		  struct sj_holder *holder)
{
	const struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_access *access = NULL;
	struct sj_report *report = NULL;
	enum sj_rc rc = sj_access_can(can, strlen(can), &access);

	if (rc == SJ_OK)
		rc = sj_document_verify(card, trust, access, &options, &report);
	if (rc == SJ_OK) {
		rc = sj_report_reason(report);
		if (!sj_report_holder(report, holder))
			holder->document_number[0] = '\0';
	}
	sj_report_free(report);
	sj_access_free(access);
	return sj_exit_code(rc);
}

static void put_verdict(struct card *card, struct sj_trust *trust, const char *can)
{
	static const struct sj_direct_ops ops = { card_direct_power_on, card_direct_power_off,
						  card_direct_transmit };
	struct sj_holder holder = { .size = sizeof(holder) };
	struct sj_context *ctx = NULL;
	struct sj_card *open = NULL;
	int code = -1;

	if (sj_context_new(&ctx) == SJ_OK &&
	    sj_card_over(ctx, sj_transport_direct(&ops, card), "asked", sj_deadline_after(0),
			 &open) == SJ_OK)
		code = verify(open, trust, can, &holder);
	printf(" %s %d", holder.document_number[0] != '\0' ? holder.document_number : "-", code);
	sj_card_close(open);
	sj_context_free(ctx);
}

static int ask(const char *path, const char *can, struct sj_trust *trust)
{
	struct card_config config = { .interface = CARD_CONTACT,
				      .clock = card_clock_system(),
				      .random = sj_random_system() };
	struct card *card;

	if (card_store_open(path, &config.store) != CARD_STORE_OK)
		return 1;
	card = card_new(&config);
	if (card == NULL)
		return 1;
	printf("%s %s ", path, card_is_issued(card) ? "issued" : "blank");
	put_serial(card);
	if (strcmp(can, "-") != 0)
		put_verdict(card, trust, can);
	else
		printf(" - -");
	printf("\n");
	card_free(card);
	card_store_close(config.store);
	return 0;
}

int main(int argc, char **argv)
{
	struct sj_trust *trust = NULL;
	char path[512], can[16];
	int rc = 0;

	if (argc != 2 || (strcmp(argv[1], "-") != 0 && sj_trust_open(argv[1], &trust) != SJ_OK))
		return 2;
	while (rc == 0 && scanf("%511s %15s", path, can) == 2) {
		rc = ask(path, can, trust);
		if (rc != 0)
			fprintf(stderr, "%s: cannot be opened\n", path);
	}
	sj_trust_close(trust);
	return rc;
}
