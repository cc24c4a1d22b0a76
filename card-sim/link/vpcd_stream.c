#include "link/vpcd.h"

static enum card_vpcd_message control(uint8_t code)
{
	static const enum card_vpcd_message messages[] = {
		[0] = CARD_VPCD_OFF,    [1] = CARD_VPCD_ON,  [2] = CARD_VPCD_RESET,
		[3] = CARD_VPCD_BROKEN, [4] = CARD_VPCD_ATR,
	};

	return code < sizeof(messages) / sizeof(messages[0]) ? messages[code] : CARD_VPCD_BROKEN;
}

enum card_vpcd_message card_vpcd_take(struct sj_span *in, struct sj_span *body)
{
	struct sj_span rest = *in, taken;
	enum card_vpcd_message message = CARD_VPCD_COMMAND;
	uint32_t len;

	if (!sj_take_be(&rest, 2, &len))
		return CARD_VPCD_NONE;
	if (len == 0 || len > CARD_VPCD_FRAME_MAX)
		return CARD_VPCD_BROKEN;
	if (!sj_take(&rest, len, &taken))
		return CARD_VPCD_NONE;
	if (len == 1)
		message = control(taken.ptr[0]);
	if (message == CARD_VPCD_BROKEN)
		return message;
	if (message == CARD_VPCD_COMMAND)
		*body = taken;
	*in = rest;
	return message;
}
