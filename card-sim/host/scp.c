/*
 * scp.c -- the card's role in a secure channel: what is opened, refused, and when it ends.
 *
 * Source: GlobalPlatform Amendment D (SCP03) v1.2, 5.6 and 6.2.4 to 6.2.7. Initiation is the
 * manager's (../applets/manager/channel.c).
 */
#include "host/card_internal.h"

#include "crypt/wipe.h"

#define INS_INITIALIZE_UPDATE 0x50u
#define INS_EXTERNAL_AUTHENTICATE 0x82u
#define INS_SELECT 0xA4u
#define INS_MANAGE_CHANNEL 0x70u
#define INS_GET_RESPONSE 0xC0u

void card_scp_drop(struct card *card)
{
	bool wrapped = card->now.scp.wrapped; /* there is still something to wipe */

	sj_wipe(&card->now.scp, sizeof(card->now.scp));
	card->now.scp.wrapped = wrapped;
}

void card_scp_start(struct card *card, const struct sj_scp03 *session)
{
	card->now.scp.starts = true;
	card->now.scp.session = *session;
}

void card_scp_end(struct card *card)
{
	card->now.scp.ends = true;
}

void card_scp_undo(struct card *card)
{
	if (card->now.scp.starts)
		card_scp_drop(card);
}

void card_scp_settle(struct card *card)
{
	struct card_scp *scp = &card->now.scp;

	if (scp->ends)
		card_scp_drop(card);
	scp->running = scp->running || scp->starts;
	scp->starts = false;
}

unsigned card_scp_level(const struct card *card)
{
	const struct card_scp *scp = &card->now.scp;

	return scp->running && scp->wrapped ? scp->session.level : 0;
}

/* A channel can be here: with who is current on the basic channel. */
static bool is_here(const struct card *card)
{
	const struct card_applet *applet = card_current_applet(card);

	return card->now.channel == 0 && applet != NULL && applet->scp03;
}

/* What the host answers, and what ends the channel, are none of its commands. */
static bool goes_around(const struct sj_apdu *apdu, const struct card_class *class)
{
	if (class->base != 0)
		return apdu->ins == INS_INITIALIZE_UPDATE;
	return apdu->ins == INS_SELECT || apdu->ins == INS_MANAGE_CHANNEL ||
	       apdu->ins == INS_GET_RESPONSE;
}

/* Inside other secure messaging b3 of CLA is that one's: every command is one of the channel. */
static uint16_t unwrap(struct card *card, struct sj_apdu *apdu)
{
	struct sj_writer buffer = sj_writer(card->opened, SJ_APDU_NC_EXTENDED);
	struct card_scp *scp = &card->now.scp;

	scp->wrapped = true;
	if (sj_scp03_unwrap(&scp->session, apdu, &buffer, apdu) == SJ_SCP03_INTACT)
		return SJ_SW_OK;
	card_scp_drop(card);
	return SJ_SW_SECURITY_STATUS;
}

uint16_t card_scp_open(struct card *card, const struct card_class *class, struct sj_apdu *apdu)
{
	struct card_scp *scp = &card->now.scp;

	scp->wrapped = false;
	if (!is_here(card))
		return class->scp ? SJ_SW_SM_NOT_SUPPORTED : SJ_SW_OK;
	if (goes_around(apdu, class)) {
		if (class->base != 0)
			card_scp_drop(card);
		/* INITIALIZE UPDATE is never protected (7.1.1): no MAC of it would be looked at. */
		return class->scp ? SJ_SW_SECURITY_STATUS : SJ_SW_OK;
	}
	if (!scp->running) /* EXTERNAL AUTHENTICATE's MAC is the handler's to check */
		return class->scp && apdu->ins != INS_EXTERNAL_AUTHENTICATE ? SJ_SW_SECURITY_STATUS
									    : SJ_SW_OK;
	if (class->scp || class->secured)
		return unwrap(card, apdu);
	card_scp_drop(card);
	return SJ_SW_SECURITY_STATUS;
}

/* 6.2.5: all but 9000, 62xx and 63xx goes out bare. */
uint16_t card_scp_protect(struct card *card, struct sj_span *data, uint16_t sw)
{
	struct sj_writer w = sj_writer(card->opened, SJ_APDU_NC_EXTENDED);

	if (card_scp_level(card) == 0 || card_sw_is_error(sw))
		return sw;
	if (sj_scp03_wrap_response(&card->now.scp.session, *data, sw, &w)) {
		*data = sj_written(&w);
		return sw;
	}
	card_scp_drop(card);
	*data = sj_span(NULL, 0);
	return SJ_SW_UNKNOWN;
}
