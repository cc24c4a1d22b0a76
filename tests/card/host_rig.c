#include "tests/card/host_rig.h"

#include <stdlib.h>
#include <string.h>

#include "wire/hex.h"

const struct sj_sm_keys rig_keys = {
	.cipher = SJ_CIPHER_AES128,
	.enc = "encrypting key!",
	.mac = "authentic. key!",
};

struct rig_state {
	uint8_t byte;
};

/* --- the applet --------------------------------------------------------------- */

static uint16_t ok(struct card_call *call)
{
	(void)call;
	return SJ_SW_OK;
}

static uint16_t echo(struct card_call *call)
{
	sj_put(call->out, call->apdu->data);
	return SJ_SW_OK;
}

static uint16_t count(struct card_call *call)
{
	struct sj_span data = call->apdu->data;

	sj_put_be(call->out, 4, (uint32_t)data.len);
	sj_put_u8(call->out, data.len > 0 ? data.ptr[data.len - 1] : 0);
	return SJ_SW_OK;
}

static uint16_t more(struct card_call *call)
{
	sj_put_u8(call->out, call->more);
	return SJ_SW_OK;
}

static uint16_t number(struct card_call *call)
{
	unsigned n = (unsigned)call->apdu->p1 << 8 | call->apdu->p2;

	for (unsigned i = 0; i < (n == 0xFFFF ? 65536 : n); i++)
		sj_put_u8(call->out, (uint8_t)i);
	return SJ_SW_OK;
}

static uint16_t start(struct card_call *call)
{
	card_grant(call->card, CARD_RIGHT_PACE);
	card_sm_start(call->card, &rig_keys, NULL);
	return call->apdu->p1 != 0 ? SJ_SW_WRONG_DATA : SJ_SW_OK;
}

static uint16_t store(struct card_call *call)
{
	if (!card_store_set(card_store_of(call->card), RIG_OBJECT, call->apdu->data))
		return SJ_SW_MEMORY_FAILURE;
	return call->apdu->p1 != 0 ? SJ_SW_WRONG_DATA : SJ_SW_OK;
}

static uint16_t show(struct card_call *call)
{
	struct rig_state *state = call->state;

	sj_put_u8(call->out, state->byte);
	sj_put_u8(call->out, (uint8_t)card_rights(call->card));
	sj_put_u8(call->out, call->channel);
	state->byte = call->apdu->p1;
	return SJ_SW_OK;
}

#define A CARD_ANY
const struct card_command rig_commands[RIG_COMMANDS] = {
	{ 0x00, RIG_PLAIN, 0x01, 0x02, 0, 0, CARD_ALWAYS, ok },
	{ 0x00, RIG_LENGTH, A, A, 2, 4, CARD_ALWAYS, echo },
	{ 0x00, RIG_SM, A, A, 0, 255, CARD_NEED_SM, ok },
	{ 0x00, RIG_NO_SM, A, A, 0, 0, CARD_NEED_PLAIN, ok },
	{ 0x00, RIG_CONTACT, A, A, 0, 0, CARD_ONLY_CONTACT, ok },
	{ 0x00, RIG_BASIC, A, A, 0, 0, CARD_ONLY_BASIC_CHANNEL, ok },
	{ 0x80, RIG_BLANK, A, A, 0, 0, CARD_ONLY_BLANK, ok },
	{ 0x80, RIG_ISSUED, A, A, 0, 0, CARD_ONLY_ISSUED, ok },
	{ 0x00, RIG_CHAIN, A, A, 2, 65535, CARD_TAKES_CHAIN, count },
	{ 0x00, RIG_STEPS, A, A, 0, 255, CARD_CHAIN_STEPS, more },
	{ 0x00, RIG_BYTES, A, A, 0, 255, CARD_ALWAYS, number },
	{ 0x00, RIG_EXACT, A, A, 0, 0, CARD_LE_EXACT, number },
	{ 0x00, RIG_START, A, A, 0, 0, CARD_ALWAYS, start },
	{ 0x00, RIG_STORE, A, A, 0, 255, CARD_ALWAYS, store },
	{ 0x00, RIG_STATE, A, A, 0, 0, CARD_ALWAYS, show },
};

static const struct card_applet first = {
	.aid = { (const uint8_t *)"\xA0\x00\x00\x09\x99\x01", 6 },
	.name = "first",
};
static const struct card_applet second = {
	.aid = { (const uint8_t *)"\xA0\x00\x00\x09\x99\x02", 6 },
	.name = "second",
	.le_optional = true,
};
static const struct card_applet third = {
	.aid = { (const uint8_t *)"\xA0\x00\x00\x09\x99\x03", 6 },
	.name = "third",
	.commands = rig_commands,
	.command_count = RIG_COMMANDS,
	.state_size = sizeof(struct rig_state),
};
static const struct card_applet *const applets[] = { &first, &second, &third, NULL };

/* --- the clock ------------------------------------------------------------------ */

static uint64_t now_us(void *self)
{
	return ((const struct rig_clock *)self)->now * 1000;
}

static void wait_us(void *self, uint64_t us)
{
	struct rig_clock *clock = self;
	uint64_t ms = us / 1000;

	clock->now += ms < clock->power_for ? ms : clock->power_for;
}

struct card_clock rig_clock(struct rig_clock *clock)
{
	return (struct card_clock){ now_us, wait_us, clock };
}

/* --- the card --------------------------------------------------------------------- */

struct rig *rig_new(enum card_interface interface)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct card_config config = { .interface = interface,
				      .random = sj_random_system(),
				      .applets = applets };
	uint8_t atr[CARD_ATR_MAX];

	if (r == NULL || card_store_memory(&r->store) != CARD_STORE_OK) {
		free(r);
		return NULL;
	}
	r->clock.power_for = UINT64_MAX;
	config.clock = rig_clock(&r->clock);
	config.store = r->store;
	r->card = card_new(&config);
	if (r->card != NULL && card_power_on(r->card, atr) > 0 &&
	    rig_send(r, "00A4040C06A00000099903") == SJ_SW_OK)
		return r;
	rig_free(r);
	return NULL;
}

void rig_free(struct rig *r)
{
	card_free(r->card);
	card_store_close(r->store);
	free(r);
}

unsigned rig_send_bytes(struct rig *r, struct sj_span command)
{
	struct sj_response response;

	if (!sj_response_parse(sj_span(r->response, card_transmit(r->card, command, r->response)),
			       &response))
		return 0;
	r->len = response.data.len;
	return response.sw;
}

unsigned rig_send(struct rig *r, const char *hex)
{
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	if (!sj_hex_read(hex, strlen(hex), &w))
		abort();
	return rig_send_bytes(r, sj_written(&w));
}

bool rig_answered(const struct rig *r, const char *hex)
{
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	if (!sj_hex_read(hex, strlen(hex), &w))
		abort();
	return sj_span_eq(sj_written(&w), sj_span(r->response, r->len));
}

unsigned rig_send_secure(struct rig *r, const struct sj_apdu *plain)
{
	uint8_t command[512], data[512];
	struct sj_writer w = SJ_WRITER_OF(command), buffer = SJ_WRITER_OF(data);
	struct sj_response response;
	unsigned sw;

	sj_ssc_increment(&r->ssc, rig_keys.cipher);
	sj_sm_command_put(&w, &rig_keys, &r->ssc, plain);
	sw = rig_send_bytes(r, sj_written(&w));
	if (r->len == 0)
		return sw;
	sj_ssc_increment(&r->ssc, rig_keys.cipher);
	if (sj_sm_response_open(&rig_keys, &r->ssc, sj_span(r->response, r->len), &buffer,
				&response) != SJ_SM_OK)
		return 0;
	if (response.data.len > 0)
		memcpy(r->response, response.data.ptr, response.data.len);
	r->len = response.data.len;
	return response.sw;
}
