/* pcsc_keypad.c -- what a reader does by itself (PC/SC part 10, 2.02.09). */
#include <reader.h>
#include <string.h>

#include "reader/pcsc_calls.h"
#include "reader/pcsc_link.h"

#define FEATURE_PACE 0x20u /* FEATURE_EXECUTE_PACE: amendment 1, 2.6 */

/* The control code of a feature; 0: the reader has it not. */
static DWORD feature_code(const struct sj_link *l, uint8_t feature)
{
	uint8_t list[256];
	struct sj_span rest, value;
	uint32_t code;
	uint8_t tag, len;
	DWORD n = 0;

	if (SCardControl(l->card, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, list, sizeof(list), &n) !=
	    SCARD_S_SUCCESS)
		return 0;
	rest = sj_span(list, n <= sizeof(list) ? (size_t)n : 0);
	while (sj_take_u8(&rest, &tag) && sj_take_u8(&rest, &len) && sj_take(&rest, len, &value))
		if (tag == feature && sj_take_be(&value, 4, &code))
			return code;
	return 0;
}

/* A PIN of 6 to 8 ASCII digits, left-justified in a block of 8 bytes, ended by the OK key. */
static size_t put_keypad(const struct sj_job *job, uint8_t *out)
{
	PIN_VERIFY_STRUCTURE head = {
		.bTimerOut = 30,
		.bTimerOut2 = 30,
		.bmFormatString = 0x82,
		.bmPINBlockString = 0x08,
		.wPINMaxExtraDigit = 0x0608,
		.bEntryValidationCondition = 0x02,
		.bNumberMessage = 0x01,
		.wLangId = 0x0409,
	};
	const size_t size = offsetof(PIN_VERIFY_STRUCTURE, abData);

	head.ulDataLength = (uint32_t)job->command_len;
	memcpy(out, &head, size);
	memcpy(out + size, job->command, job->command_len);
	return size + job->command_len;
}

/* What a feature says to these bytes; nothing of a job without a command: whether there is one. */
static enum sj_rc ask_feature(struct sj_link *l, struct sj_job *job, uint8_t feature,
			      const uint8_t *bytes, size_t n)
{
	DWORD code, len = 0;
	LONG rv;

	job->response_len = 0;
	if (!l->has_card)
		return SJ_CARD_LOST;
	code = feature_code(l, feature);
	if (code == 0)
		return SJ_ACCESS_UNSUPPORTED;
	if (job->command_len == 0)
		return SJ_OK;
	sj_pcsc_call_again();
	rv = SCardControl(l->card, code, bytes, (DWORD)n, job->response, sizeof(job->response),
			  &len);
	sj_pcsc_call_again(); /* a user may have typed for long */
	if (rv != SCARD_S_SUCCESS)
		return sj_link_failure(l, rv);
	job->response_len = (size_t)len;
	return SJ_OK;
}

enum sj_rc sj_link_keypad(struct sj_link *l, struct sj_job *job)
{
	uint8_t bytes[sizeof(PIN_VERIFY_STRUCTURE) + SJ_KEYPAD_COMMAND_MAX];
	const size_t n = put_keypad(job, bytes);
	const enum sj_rc rc = ask_feature(l, job, FEATURE_VERIFY_PIN_DIRECT, bytes, n);

	return rc == SJ_OK && job->command_len > 0 && job->response_len < 2 ? SJ_CARD_LOST : rc;
}

enum sj_rc sj_link_pace(struct sj_link *l, struct sj_job *job)
{
	return ask_feature(l, job, FEATURE_PACE, job->command, job->command_len);
}
