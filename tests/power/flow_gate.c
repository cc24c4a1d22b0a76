#include "tests/card/gate_rig.h"
#include "tests/power/flows.h"

struct visits {
	struct issuer ca;
	struct rig_reader reader;
	struct tap tap;
	struct rig_token token;
	uint8_t tickets; /* left so far */
};

static const uint8_t *new_ticket(struct visits *v, uint8_t bytes[static SJ_GATE_TICKET])
{
	memset(bytes, ++v->tickets, SJ_GATE_TICKET);
	return bytes;
}

static void first_tap(struct visits *v)
{
	uint8_t ticket[SJ_GATE_TICKET];

	tap_first(&v->tap, &v->reader, &v->ca, new_ticket(v, ticket));
}

static void repeated_tap(struct visits *v)
{
	uint8_t ticket[SJ_GATE_TICKET];

	assert_true(tap_repeat(&v->tap, new_ticket(v, ticket)));
}

/* A ticket that is offered and never used, then an answer that is refused. */
static void taps_that_go_wrong(struct visits *v)
{
	struct tap *t = &v->tap;
	struct rig_reader stranger;

	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_PSK);
	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_DH_DH);
	reader_make(&stranger, &v->ca);
	reader_sign(&stranger, &v->ca.status); /* who signs no readers */
	tap_make_2(t, &stranger);
	assert_false(tap_send_2(t, &stranger));
	card_settle(t->b->card);
}

/* More operators than tickets are kept of, more readers than are remembered. */
static void many_operators(struct visits *v, uint32_t n)
{
	for (uint32_t i = 1; i <= n; i++) {
		v->reader.claims.reader.operator_id = RIG_OPERATOR + i;
		reader_sign(&v->reader, &v->ca.ca);
		first_tap(v);
	}
	v->reader.claims.reader.operator_id = RIG_OPERATOR;
	reader_sign(&v->reader, &v->ca.ca);
	first_tap(v);
}

static void give(struct visits *v, uint8_t type)
{
	assert_int_equal(tap_object(&v->tap, type, token_span(&v->token)), SJ_OBJECT_DONE);
	card_settle(v->tap.b->card);
}

static void objects(struct visits *v)
{
	struct sj_cwt claims = v->tap.credential;
	struct signer next;

	head_token(&v->token, 9, RIG_NOW + 1, &v->ca.status);
	give(v, SJ_OBJECT_HEAD);
	claims.not_before = RIG_NOW;
	token_make(&v->token, &claims, &v->ca.ca);
	give(v, SJ_OBJECT_STAPLE);
	signer_make(&next);
	signer_token(&v->token, &next, SJ_CWT_STATUS_SIGNER, RIG_NOW + RIG_DAY, &v->ca.ca);
	give(v, SJ_OBJECT_LINK);
}

void flow_gate(struct sweep *s)
{
	struct visits *v = calloc(1, sizeof(*v));

	assert_non_null(v);
	issuer_make(&v->ca);
	reader_make(&v->reader, &v->ca);
	v->tap.b = s->b;
	if (s->care == DISK_FEW)
		sweep_pause(s);
	gate_issue(s->b, &v->ca);
	sweep_go_on(s);
	first_tap(v);
	repeated_tap(v);
	repeated_tap(v);
	taps_that_go_wrong(v);
	many_operators(v, s->care == DISK_ALL ? 9 : 4);
	objects(v);
	repeated_tap(v);
	tap_end(&v->tap);
	free(v);
}
