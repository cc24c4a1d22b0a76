#include "authority/secrets.h"

#include <stdlib.h>

#include "crypt/cipher.h"
#include "crypt/random.h"
#include "crypt/wipe.h"

#define SUFFIX ".secret"
#define KEY_SIZE 32u
#define BLOCK 16u

int secrets_make(struct authority *a, const char *name)
{
	const struct sj_random rnd = sj_random_system();
	uint8_t key[KEY_SIZE];
	int rc;

	if (sj_random_fill(&rnd, key, sizeof(key)))
		rc = authority_file_write(a, name, SUFFIX, SJ_SPAN_OF(key), 0600);
	else
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "new key");
	if (rc == 0)
		rc = authority_key_placed(a, name, "AES-256", NULL);
	sj_wipe(key, sizeof(key));
	return rc;
}

/* NIST SP 800-108r1, 4.1: counter of one byte, length of two. */
static bool derive(const uint8_t key[static KEY_SIZE], struct sj_span context,
		   uint8_t out[static SECRETS_SIZE])
{
	static const uint8_t zero = 0, length[] = { 8 * SECRETS_SIZE >> 8, 0 };
	uint8_t counter;
	const struct sj_span parts[] = { sj_span(&counter, 1), sj_span(&zero, 1), context,
					 SJ_SPAN_OF(length) };

	for (counter = 1; counter <= SECRETS_SIZE / BLOCK; counter++)
		if (!sj_cmac(SJ_CIPHER_AES256, key, parts, 4, out + (size_t)(counter - 1) * BLOCK))
			return false;
	return true;
}

int secrets_derive(const struct authority *a, const char *name, struct sj_span context,
		   uint8_t out[static SECRETS_SIZE])
{
	uint8_t *key = NULL;
	size_t len = 0;
	int rc = authority_file_read(a, name, SUFFIX, KEY_SIZE, &key, &len);

	if (rc == 0 && len != KEY_SIZE)
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s/%s" SUFFIX ": not a key of 32 bytes",
			      a->directory, name);
	if (rc == 0 && !derive(key, context, out))
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "%s", name);
	if (key != NULL)
		sj_wipe(key, len);
	free(key);
	return rc;
}
