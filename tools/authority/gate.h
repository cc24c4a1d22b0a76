/*
 * gate.h -- what a card in the making gets for gates.
 *
 * Sources: middleware/secure/GATE.md; card-sim/applets/gate/PERSO.md.
 * Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_GATE_H
#define SJ_AUTHORITY_GATE_H

#include "authority/holder.h"
#include "authority/perso.h"
#include "authority/register.h"
#include "authority/token.h"
#include "secure/gate.h"

#define GATE_CREDENTIALS (SJ_GATE_SECTORS * SJ_GATE_SLOTS)

/* Starts zeroed; wiped with gate_wipe(). */
struct gate_data {
	bool wanted;
	struct token_signer ca, older_ca, status; /* older_ca.len 0: there is none */
	enum sj_gate_class class;
	uint8_t birth[4]; /* BCD */
	uint32_t not_before, expires; /* of the credentials */
	/* What the register knows; the last one is the document's own (DG13). */
	struct register_credential rows[GATE_CREDENTIALS + 1];
};

/* What is the same for every card: who signs, and whom cards believe. */
CLI_MUST_CHECK int gate_open(struct gate_data *g, const struct authority *a);
/*
 * Then everything that the holder file says, for one card after the other. A document that
 * has expired already gets nothing.
 */
CLI_MUST_CHECK int gate_set_holder(struct gate_data *g, const struct authority *a,
				   const struct holder *h);
/*
 * The gate applet's part: the card's keys, and the
 * credentials, whose indices were drawn. Not wanted: makes the card forget an earlier attempt's.
 */
CLI_MUST_CHECK int gate_personalise_card(struct gate_data *g, const struct authority *a,
					 struct perso *p);
/* Where the document itself stands; NULL: nowhere. */
const struct sj_status_ref *gate_document_status(const struct gate_data *g);
void gate_wipe(struct gate_data *g);

/* The holder file's class. */
enum sj_gate_class gate_class_of(const struct holder *h);
/* "visitor": as in the holder file. */
const char *gate_class_name(enum sj_gate_class class);

#endif
