#include "tests/unit/rsa_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "wire/tlv.h"

static struct sj_span take(struct sj_span *in, uint32_t tag)
{
	struct sj_span value = { .len = 0 };

	assert_int_equal(sj_tlv_take(in, tag, &value), SJ_TLV_FOUND);
	return value;
}

void rsa_parts(struct sj_span pkcs8, struct sj_span part[static SJ_RSA_CRT])
{
	struct sj_span body = take(&pkcs8, 0x30), octets, numbers;

	take(&body, 0x02); /* version */
	take(&body, 0x30); /* algorithm */
	octets = take(&body, 0x04);
	numbers = take(&octets, 0x30);
	for (size_t i = 0; i < 4; i++)
		take(&numbers, 0x02); /* version, n, e, d */
	for (size_t i = 0; i < SJ_RSA_CRT; i++) {
		part[i] = take(&numbers, 0x02);
		if (part[i].ptr[0] == 0)
			part[i] = sj_span(part[i].ptr + 1, part[i].len - 1);
	}
}
