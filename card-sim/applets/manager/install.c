/*
 * install.c -- INSTALL and DELETE of what is built in.
 *
 * Source: GlobalPlatform Card Specification 2.3.1, 11.2 and 11.5. An instance has its module's
 * AID; nothing is loaded, and there are no privileges to give.
 */
#include "state.h"

#include "crypt/wipe.h"
#include "wire/tlv.h"

#define AID_MIN 5u
#define FOR_INSTALL 0x04u
#define MAKE_SELECTABLE 0x08u

/* 11.5.2.3: load file, module, application, privileges, parameters, token. */
struct install {
	struct sj_span file, module, aid, privileges, parameters, token;
};

/* The token is of delegated management, the privileges of security domains: not here. */
static bool take_install(struct sj_span in, struct install *out)
{
	if (!manager_take_lv(&in, &out->file) || !manager_take_lv(&in, &out->module) ||
	    !manager_take_lv(&in, &out->aid) || !manager_take_lv(&in, &out->privileges) ||
	    !manager_take_lv(&in, &out->parameters) || !manager_take_lv(&in, &out->token))
		return false;
	for (size_t i = 0; i < out->privileges.len; i++)
		if (out->privileges.ptr[i] != 0)
			return false;
	return in.len == 0 && out->token.len == 0 && out->aid.len >= AID_MIN &&
	       out->aid.len <= MANAGER_AID_MAX &&
	       (out->privileges.len <= 1 || out->privileges.len == 3);
}

/* Of an application that is there: nothing names its load file or module. */
static bool take_for_application(struct sj_span in, struct install *out)
{
	return take_install(in, out) && out->file.len == 0 && out->module.len == 0;
}

static uint16_t installed(struct card_call *call)
{
	sj_put_u8(call->out, 0x00); /* no confirmation */
	return SJ_SW_OK;
}

uint16_t manager_install_personalise(struct card_call *call)
{
	struct manager *m = call->state;
	struct manager_sequence opened = { .open = true };
	struct install in;

	if (!take_for_application(call->apdu->data, &in) || in.privileges.len != 0 ||
	    in.parameters.len != 0)
		return SJ_SW_WRONG_DATA;
	if (!card_has_applet(call->card, in.aid))
		return SJ_SW_REFERENCE_NOT_FOUND;
	opened.aid_size = in.aid.len;
	if (!sj_take_copy(&in.aid, opened.aid_size, opened.aid))
		return SJ_SW_WRONG_DATA;
	m->sequence = opened;
	return installed(call);
}

/* [for install]: its module is one of ours, and it is not there. */
static uint16_t bring(struct card_call *call, const struct install *in, uint8_t life)
{
	struct card_app app;

	if (!sj_span_eq(in->file, SJ_SPAN_OF(manager_load_file)) ||
	    !card_app_find(call->card, in->module, &app))
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (!sj_span_eq(in->aid, in->module))
		return SJ_SW_WRONG_DATA;
	if (app.life != CARD_APP_REMOVED)
		return SJ_SW_CONDITIONS;
	return card_app_set(call->card, in->aid, life) ? installed(call) : SJ_SW_MEMORY_FAILURE;
}

uint16_t manager_install(struct card_call *call)
{
	uint8_t what = call->apdu->p1;
	struct card_app app;
	struct install in;

	if ((what & FOR_INSTALL) != 0) {
		if (!take_install(call->apdu->data, &in))
			return SJ_SW_WRONG_DATA;
		return bring(call, &in,
			     (what & MAKE_SELECTABLE) != 0 ? CARD_APP_SELECTABLE
							   : CARD_APP_INSTALLED);
	}
	if (!take_for_application(call->apdu->data, &in))
		return SJ_SW_WRONG_DATA;
	if (!card_app_find(call->card, in.aid, &app) || app.life == CARD_APP_REMOVED)
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (app.life != CARD_APP_INSTALLED)
		return SJ_SW_CONDITIONS;
	return card_app_set(call->card, in.aid, CARD_APP_SELECTABLE) ? installed(call)
								     : SJ_SW_MEMORY_FAILURE;
}

/* There is no privilege or parameter that could change: it must be there, and be asked nothing. */
uint16_t manager_install_update(struct card_call *call)
{
	struct card_app app;
	struct install in;

	if (!take_for_application(call->apdu->data, &in) || in.parameters.len != 0)
		return SJ_SW_WRONG_DATA;
	if (!card_app_find(call->card, in.aid, &app) || app.life == CARD_APP_REMOVED)
		return SJ_SW_REFERENCE_NOT_FOUND;
	return installed(call);
}

/* 4F: an instance, with all that it stored. What is built in cannot go. */
uint16_t manager_delete(struct card_call *call)
{
	struct sj_span in = call->apdu->data, aid;
	struct manager *m = call->state;
	struct card_app app;

	if (sj_tlv_take(&in, 0x4F, &aid) != SJ_TLV_FOUND || in.len != 0)
		return SJ_SW_WRONG_DATA;
	if (sj_span_eq(aid, SJ_SPAN_OF(manager_aid)) ||
	    sj_span_eq(aid, SJ_SPAN_OF(manager_load_file)))
		return SJ_SW_CONDITIONS;
	if (!card_app_find(call->card, aid, &app) || app.life == CARD_APP_REMOVED)
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (!card_app_set(call->card, aid, CARD_APP_REMOVED))
		return SJ_SW_MEMORY_FAILURE;
	sj_wipe(&m->sequence, sizeof(m->sequence)); /* it may have been this one's */
	return installed(call);
}
