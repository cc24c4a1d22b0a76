/* secret.c -- what is printed on the card and opens it. */
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "document/document.h"
#include "reader/memory.h"

#include <sojourn/service.h>

#define CAN_DIGITS 6u
#define PIN_DIGITS 6u
#define PUK_DIGITS 10u

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Digits, and no other number of them; blanks around them do not count. */
static enum sj_rc digits(enum sj_secret_kind kind, size_t size, const char *text, size_t len,
			 struct sj_access **out)
{
	struct sj_access *access;
	size_t i;

	for (; len > 0 && is_blank(text[0]); text++)
		len--;
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	if (len != size)
		return SJ_SECRET_MALFORMED;
	for (i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return SJ_SECRET_MALFORMED;
	access = calloc(1, sizeof(*access));
	if (!access)
		return SJ_NO_MEMORY;
	access->kind = kind;
	memcpy(access->secret, text, len);
	access->len = len;
	*out = access;
	return SJ_OK;
}

enum sj_rc sj_access_can(const char *text, size_t len, struct sj_access **out)
{
	return digits(SJ_SECRET_CAN, CAN_DIGITS, text, len, out);
}

enum sj_rc sj_access_pin(const char *text, size_t len, struct sj_access **out)
{
	const unsigned mark = sj_memory_mark();

	return sj_memory_rc(mark, digits(SJ_SECRET_PIN, PIN_DIGITS, text, len, out));
}

enum sj_rc sj_access_puk(const char *text, size_t len, struct sj_access **out)
{
	const unsigned mark = sj_memory_mark();

	return sj_memory_rc(mark, digits(SJ_SECRET_PUK, PUK_DIGITS, text, len, out));
}

static const struct {
	enum sj_pace_password password;
	const char *name;
} kinds[] = {
	[SJ_SECRET_CAN] = { SJ_PACE_CAN, "CAN" },
	[SJ_SECRET_MRZ] = { SJ_PACE_MRZ, "MRZ" },
	[SJ_SECRET_PIN] = { SJ_PACE_PIN, "PIN" },
	[SJ_SECRET_PUK] = { SJ_PACE_PUK, "PUK" },
};

enum sj_pace_password sj_access_password(const struct sj_access *access)
{
	return kinds[access->kind].password;
}

const char *sj_access_name(const struct sj_access *access)
{
	return kinds[access->kind].name;
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
