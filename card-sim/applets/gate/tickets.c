/* tickets.c -- tickets by operator: operator id || ticket || PSK || CRED_I || CRED_R. */
#include <string.h>

#include "crypt/wipe.h"
#include "state.h"

#define TICKETS_MAX 4u
#define ROW (SJ_GATE_OPERATOR + SJ_GATE_TICKET + SJ_PRK_SIZE + 2u * SJ_GATE_PSK_CRED)

/* The operator's row; the others go to `rest`. */
static struct sj_span split(const struct card_store *store, uint32_t operator_id,
			    struct sj_writer *rest)
{
	struct sj_span rows, row, found = { NULL, 0 };
	uint32_t owner;

	if (!card_store_get(store, GATE_OBJECT_TICKETS, &rows))
		return found;
	while (sj_take(&rows, ROW, &row)) {
		struct sj_span content = row;

		if (sj_take_be(&content, SJ_GATE_OPERATOR, &owner) && owner == operator_id)
			found = content;
		else
			sj_put(rest, row);
	}
	return found;
}

bool gate_ticket_take(struct card_store *store, uint32_t operator_id, struct gate_ticket *out)
{
	uint8_t bytes[TICKETS_MAX * ROW];
	struct sj_writer rest = SJ_WRITER_OF(bytes);
	struct sj_span row = split(store, operator_id, &rest);
	bool ok = sj_take_copy(&row, sizeof(out->ticket), out->ticket) &&
		  sj_take_copy(&row, sizeof(out->psk), out->psk) &&
		  sj_take_copy(&row, sizeof(out->cred_i), out->cred_i) &&
		  sj_take_copy(&row, sizeof(out->cred_r), out->cred_r) && !rest.failed &&
		  card_store_set(store, GATE_OBJECT_TICKETS, sj_written(&rest));

	sj_wipe(bytes, sizeof(bytes));
	return ok;
}

bool gate_ticket_keep(struct card_store *store, uint32_t operator_id,
		      const struct gate_ticket *ticket)
{
	uint8_t bytes[(TICKETS_MAX + 1) * ROW];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span all;
	bool ok;

	(void)split(store, operator_id, &w);
	sj_put_be(&w, SJ_GATE_OPERATOR, operator_id);
	sj_put(&w, SJ_SPAN_OF(ticket->ticket));
	sj_put(&w, SJ_SPAN_OF(ticket->psk));
	sj_put(&w, SJ_SPAN_OF(ticket->cred_i));
	sj_put(&w, SJ_SPAN_OF(ticket->cred_r));
	all = sj_written(&w);
	if (all.len > TICKETS_MAX * ROW)
		all = sj_span(all.ptr + ROW, all.len - ROW);
	ok = !w.failed && card_store_set(store, GATE_OBJECT_TICKETS, all);
	sj_wipe(bytes, sizeof(bytes));
	return ok;
}
