/* perso_each.c -- several groupings, in one command or in many. */
#include "authority/perso.h"
#include "crypt/wipe.h"

#define TOGETHER_MIN 4096u /* what a card takes that answers much in one command, too */
#define EACH_MAX 128u /* bytes of all groupings that are asked for together */

int perso_store_each(struct perso *p, const struct perso_each *each, perso_taker *take, void *user)
{
	const size_t most = p->data_max < TOGETHER_MIN ? 1 : each->n;
	uint8_t data[EACH_MAX] = { 0 };
	struct sj_span answer = { NULL, 0 };
	int rc = 0;

	for (size_t from = 0, to; rc == 0 && from < each->n; from = to) {
		struct sj_writer w = SJ_WRITER_OF(data);

		for (to = from; to < each->n && to - from < most; to++)
			perso_put_grouping(&w, each->dgi,
					   sj_span(each->values + to * each->size, each->size));
		rc = w.failed ? perso_fail(p, SJ_INTERNAL, "%s", each->step)
			      : perso_store_groupings(p, each->step, sj_written(&w),
						      (unsigned)(to - from), &answer);
		for (size_t i = from; rc == 0 && i < to; i++)
			rc = take(user, i, &answer);
		if (rc == 0 && answer.len > 0)
			rc = perso_fail(p, SJ_CARD_ANSWER, "%s: too long", each->step);
	}
	return rc;
}

#define GROUPING_HEAD 5u /* at most */

int perso_packet_send(struct perso_packet *packet)
{
	int rc = 0;

	if (packet->w.failed)
		rc = perso_fail(packet->p, SJ_INTERNAL, "%s", packet->step);
	else if (packet->w.len > 0)
		rc = perso_store_groupings(packet->p, packet->step, sj_written(&packet->w), 0,
					   NULL);
	sj_wipe(packet->w.ptr, packet->w.len);
	packet->w.len = 0;
	return rc;
}

int perso_packet_put(struct perso_packet *packet, uint16_t dgi, struct sj_span value)
{
	const size_t most =
		packet->p->data_max < packet->w.cap ? packet->p->data_max : packet->w.cap;
	int rc = 0;

	if (packet->w.len > 0 && packet->w.len + GROUPING_HEAD + value.len > most)
		rc = perso_packet_send(packet);
	perso_put_grouping(&packet->w, dgi, value);
	return rc;
}
