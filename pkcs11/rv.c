/* rv.c -- return values, and how outputs are given. */
#include <string.h>

#include "module.h"

CK_RV p11_rv(enum sj_rc rc)
{
	static const struct {
		enum sj_rc rc;
		CK_RV rv;
	} table[] = {
		{ SJ_OK, CKR_OK },
		{ SJ_NO_MEMORY, CKR_HOST_MEMORY },
		{ SJ_CRYPTO_FAILED, CKR_FUNCTION_FAILED },
		{ SJ_CANCELLED, CKR_FUNCTION_CANCELED },
		{ SJ_USAGE, CKR_ARGUMENTS_BAD },
		{ SJ_NO_PCSCD, CKR_DEVICE_REMOVED },
		{ SJ_NO_READER, CKR_DEVICE_REMOVED },
		{ SJ_READER_UNKNOWN, CKR_DEVICE_REMOVED },
		{ SJ_READER_LOST, CKR_DEVICE_REMOVED },
		{ SJ_NO_CARD, CKR_DEVICE_REMOVED },
		{ SJ_CARD_LOST, CKR_DEVICE_REMOVED },
		{ SJ_CARD_MUTE, CKR_DEVICE_ERROR },
		{ SJ_NO_KEY_APPLICATION, CKR_TOKEN_NOT_RECOGNIZED },
		{ SJ_NOT_A_DOCUMENT, CKR_TOKEN_NOT_RECOGNIZED },
		{ SJ_KEY_ABSENT, CKR_KEY_HANDLE_INVALID },
		{ SJ_FILE_TOO_LARGE, CKR_DEVICE_MEMORY },
		{ SJ_ACCESS_UNSUPPORTED, CKR_FUNCTION_NOT_SUPPORTED },
		{ SJ_SECRET_MALFORMED, CKR_PIN_LEN_RANGE },
		{ SJ_WRONG_PIN, CKR_PIN_INCORRECT },
		{ SJ_PIN_BLOCKED, CKR_PIN_LOCKED },
		{ SJ_WRONG_PUK, CKR_PIN_INCORRECT },
		{ SJ_PUK_BLOCKED, CKR_PIN_LOCKED },
		{ SJ_WRONG_ADMIN_KEY, CKR_PIN_INCORRECT },
		{ SJ_WRONG_CAN, CKR_TOKEN_NOT_RECOGNIZED },
		{ SJ_WRONG_PAIRING_CODE, CKR_TOKEN_NOT_RECOGNIZED },
		{ SJ_SECRET_NEEDED, CKR_TOKEN_NOT_RECOGNIZED },
		{ SJ_PIN_NEEDED, CKR_USER_NOT_LOGGED_IN },
		{ SJ_INPUT_MALFORMED, CKR_DATA_INVALID },
		{ SJ_INPUT_REFUSED, CKR_DATA_INVALID },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].rc == rc)
			return table[i].rv;
	}
	return CKR_DEVICE_ERROR;
}

bool p11_output_room(size_t n, CK_BYTE_PTR out, CK_ULONG_PTR len, CK_RV *rv)
{
	CK_ULONG room = *len;

	*rv = CKR_OK;
	if (out != NULL && room >= n)
		return true;
	*len = n;
	if (out != NULL)
		*rv = CKR_BUFFER_TOO_SMALL;
	return false;
}

CK_RV p11_output(struct sj_span value, CK_BYTE_PTR out, CK_ULONG_PTR len)
{
	CK_RV rv;

	if (!p11_output_room(value.len, out, len, &rv))
		return rv;
	if (value.len > 0)
		memcpy(out, value.ptr, value.len);
	*len = value.len;
	return CKR_OK;
}

void p11_pad(CK_UTF8CHAR *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len > size) {
		len = size;
		while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
			len--; /* not in the middle of a character (UTF-8) */
	}
	memset(out, ' ', size);
	for (size_t i = 0; i < len; i++)
		out[i] = (CK_UTF8CHAR)text[i];
}
