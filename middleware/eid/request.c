/* request.c -- a terminal's key, and the request for its certificate (BSI TR-03110-3, C.2). */
#include <string.h>

#include "crypt/wipe.h"
#include "eid/terminal.h"
#include "reader/memory.h"

static bool put_request(struct sj_writer *w, const char *holder, const struct sj_key *key,
			const struct sj_terminal *previous)
{
	struct sj_cvc plan = { .holder = sj_span((const uint8_t *)holder, strlen(holder)) };
	uint8_t bytes[SJ_CVC_MAX / 2];
	struct sj_writer inner = SJ_WRITER_OF(bytes);
	struct sj_ec_point point;

	if (!sj_cvc_key_of(key, &point, &plan.key) || !sj_cvc_request_put(&inner, &plan, key))
		return false;
	if (previous)
		return sj_cvc_outer_put(w, sj_written(&inner), previous->own.cvc.holder,
					previous->key);
	sj_put(w, sj_written(&inner));
	return !w->failed;
}

enum sj_rc sj_terminal_request(const char *holder, const char *curve,
			       const struct sj_terminal *previous, uint8_t *key, size_t *key_len,
			       uint8_t *request, size_t *request_len)
{
	const unsigned mark = sj_memory_mark();
	struct sj_writer k = sj_writer(key, *key_len), r = sj_writer(request, *request_len);
	enum sj_rc rc = SJ_CRYPTO_FAILED;
	struct sj_key *made;

	if (!sj_cvc_is_reference(sj_span((const uint8_t *)holder, strlen(holder))) ||
	    sj_curve_from_name(curve) == SJ_CURVE_NONE)
		return SJ_USAGE;
	made = sj_key_generate(curve);
	if (made && sj_key_put(made, &k) && put_request(&r, holder, made, previous))
		rc = SJ_OK;
	else if (k.failed || r.failed)
		rc = SJ_USAGE;
	sj_key_free(made);
	if (rc != SJ_OK)
		sj_wipe(key, *key_len);
	*key_len = k.len;
	*request_len = r.len;
	return sj_memory_rc(mark, rc);
}
