/* secret.c -- what is printed on the card and opens it. */
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "document/document.h"

#define CAN_DIGITS 6u

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum sj_rc sj_access_can(const char *text, size_t len, struct sj_access **out)
{
	struct sj_access *access;
	size_t i;

	for (; len > 0 && is_blank(text[0]); text++)
		len--;
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	if (len != CAN_DIGITS)
		return SJ_SECRET_MALFORMED;
	for (i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return SJ_SECRET_MALFORMED;
	access = calloc(1, sizeof(*access));
	if (!access)
		return SJ_NO_MEMORY;
	access->kind = SJ_SECRET_CAN;
	memcpy(access->secret, text, len);
	access->len = len;
	*out = access;
	return SJ_OK;
}

enum sj_rc sj_access_mrz(const char *text, size_t len, struct sj_access **out)
{
	struct sj_access *access = calloc(1, sizeof(*access));
	struct sj_writer information;

	if (!access)
		return SJ_NO_MEMORY;
	access->kind = SJ_SECRET_MRZ;
	information = SJ_WRITER_OF(access->secret);
	if (sj_mrz_access(text, len, &information) != SJ_MRZ_OK) {
		sj_access_free(access);
		return SJ_SECRET_MALFORMED;
	}
	access->len = information.len;
	*out = access;
	return SJ_OK;
}

void sj_access_free(struct sj_access *access)
{
	if (!access)
		return;
	sj_wipe(access, sizeof(*access));
	free(access);
}
