#include "authority/secrets.h"

#include <stdlib.h>
#include <time.h>

#include "crypt/cipher.h"
#include "crypt/random.h"
#include "crypt/wipe.h"

#define FILE_SUFFIX ".secret"

int secrets_make(struct authority *a, const char *name)
{
	const struct sj_random rnd = sj_random_system();
	json_t *rows = json_object_get(a->state, "secrets");
	uint8_t key[SECRETS_SIZE];
	int rc = 0;

	if (rows == NULL) {
		rows = json_array();
		if (json_object_set_new(a->state, "secrets", rows) != 0)
			return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	}
	if (!sj_random_fill(&rnd, key, sizeof(key)))
		return cli_fail(a->cli, SJ_CRYPTO_FAILED, "%s", name);
	rc = authority_file_write(a, name, FILE_SUFFIX, SJ_SPAN_OF(key), 0600);
	if (rc == 0 && json_array_append_new(rows, json_pack("{s:s, s:I}", "name", name, "made",
							     (json_int_t)time(NULL))) != 0)
		rc = cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	sj_wipe(key, sizeof(key));
	return rc;
}

/* SP 800-108r1, 4.1: block i is CMAC(key, i || 00 || context || L), L: 256 bits. */
static bool derive(const uint8_t key[static SECRETS_SIZE], struct sj_span context,
		   uint8_t out[static SECRETS_SIZE])
{
	static const uint8_t zero[] = { 0 }, length[] = { 0x01, 0x00 };
	uint8_t i = 1;

	for (; i <= SECRETS_SIZE / SJ_CIPHER_BLOCK_MAX; i++) {
		const struct sj_span parts[] = {
			{ &i, 1 }, SJ_SPAN_OF(zero), context, SJ_SPAN_OF(length)
		};

		if (!sj_cmac(SJ_CIPHER_AES256, key, parts, 4, out + (i - 1u) * SJ_CIPHER_BLOCK_MAX))
			return false;
	}
	return true;
}

int secrets_derive(const struct authority *a, const char *name, struct sj_span context,
		   uint8_t out[static SECRETS_SIZE])
{
	uint8_t *key = NULL;
	size_t len = 0;
	int rc;

	if (context.len > SECRETS_CONTEXT_MAX)
		return cli_fail(a->cli, SJ_INTERNAL, "%s: context", name);
	rc = authority_file_read(a, name, FILE_SUFFIX, SECRETS_SIZE, &key, &len);
	if (rc == 0 && len != SECRETS_SIZE)
		rc = cli_fail(a->cli, SJ_KEY_STORE, "%s/%s" FILE_SUFFIX ": not a key of %u bytes",
			      a->directory, name, SECRETS_SIZE);
	if (rc == 0 && !derive(key, context, out))
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "%s", name);
	if (key != NULL)
		sj_wipe(key, len);
	free(key);
	return rc;
}
