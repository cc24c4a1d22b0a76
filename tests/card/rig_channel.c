#include "tests/card/rig_channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct sj_scp03_keys rig_well_known(void)
{
	struct sj_scp03_keys keys = { .cipher = SJ_CIPHER_AES128 };

	for (uint8_t i = 0; i < 16; i++)
		keys.enc[i] = keys.mac[i] = keys.dek[i] = (uint8_t)(0x40 + i);
	return keys;
}

struct sj_span rig_host_challenge(void)
{
	return SJ_SPAN_STR("\x10\x32\x54\x76\x98\xBA\xDC\xFE");
}

struct sj_apdu rig_channel_begin(struct rig_channel *c, const struct sj_scp03_keys *keys,
				 struct sj_span host_challenge, struct sj_span answer,
				 uint8_t level, struct sj_writer *data)
{
	const size_t size = host_challenge.len;
	uint8_t expected[SJ_SCP03_FULL], own[SJ_SCP03_FULL];
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0x82, .p1 = level };
	struct sj_span head, challenge = { NULL, 0 }, cryptogram = { NULL, 0 };

	assert_true(sj_take(&answer, 13, &head) && sj_take(&answer, size, &challenge) &&
		    sj_take(&answer, size, &cryptogram));
	assert_true(sj_scp03_begin(&c->session, keys, size, host_challenge, challenge));
	assert_true(sj_scp03_cryptogram(&c->session, SJ_SCP03_CARD, host_challenge, challenge,
					expected));
	assert_memory_equal(cryptogram.ptr, expected, size);
	assert_true(
		sj_scp03_cryptogram(&c->session, SJ_SCP03_HOST, host_challenge, challenge, own));
	apdu.data = sj_span(own, size);
	assert_true(sj_scp03_wrap(&c->session, &apdu, data, &apdu));
	c->session.level = level;
	return apdu;
}
