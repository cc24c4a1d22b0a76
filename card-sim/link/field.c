#include "link/field.h"

#define CLA_READER 0xFFu
#define INS_GET_DATA 0xCAu

static bool asks_for_uid(const struct card *card, const struct sj_apdu *apdu)
{
	return card_uid(card).len > 0 && apdu->cla == CLA_READER && apdu->ins == INS_GET_DATA;
}

/* 6Cxx: Le is smaller than the UID; 6A81: P1 asks for something else (ATS). */
static size_t answer_uid(struct sj_span uid, const struct sj_apdu *apdu, uint8_t *response)
{
	struct sj_writer w = sj_writer(response, SJ_APDU_RESPONSE_MAX);

	if (apdu->p1 != 0 || apdu->p2 != 0) {
		sj_put_be(&w, 2, SJ_SW_FUNCTION_NOT_SUPPORTED);
	} else if (apdu->data.len > 0 || apdu->ne == 0) {
		sj_put_be(&w, 2, SJ_SW_WRONG_LENGTH);
	} else if (apdu->ne < uid.len) {
		sj_put_be(&w, 2, (uint32_t)(SJ_SW_WRONG_LE | uid.len));
	} else {
		sj_put(&w, uid);
		sj_put_be(&w, 2, SJ_SW_OK);
	}
	return w.len;
}

size_t card_field_transmit(struct card *card, struct sj_span command, uint8_t *response)
{
	struct sj_apdu apdu;

	if (sj_apdu_parse(command, &apdu) && asks_for_uid(card, &apdu))
		return answer_uid(card_uid(card), &apdu, response);
	return card_transmit(card, command, response);
}
