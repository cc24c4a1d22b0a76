/* secrets.c -- symmetric keys in files. */
#include "authority/secrets.h"

#include <stdlib.h>
#include <string.h>

#include "crypt/cipher.h"
#include "crypt/random.h"
#include "crypt/wipe.h"

#define SUFFIX ".secret"
#define ROWS "secrets"
#define OUTPUT_BITS 0x0100u

static int add_row(struct authority *a, const char *name)
{
	json_t *rows = json_object_get(a->state, ROWS);

	if (rows == NULL) {
		rows = json_array();
		if (json_object_set_new(a->state, ROWS, rows) != 0)
			return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	}
	return json_array_append_new(rows, json_pack("{s:s}", "name", name)) == 0
		       ? 0
		       : cli_fail(a->cli, SJ_NO_MEMORY, NULL);
}

int secrets_make(struct authority *a, const char *name)
{
	const struct sj_random rnd = sj_random_system();
	uint8_t key[SECRETS_SIZE];
	int rc;

	if (!sj_random_fill(&rnd, key, sizeof(key)))
		return cli_fail(a->cli, SJ_CRYPTO_FAILED, "%s", name);
	rc = authority_file_write(a, name, SUFFIX, SJ_SPAN_OF(key), 0600);
	sj_wipe(key, sizeof(key));
	return rc != 0 ? rc : add_row(a, name);
}

static bool derive(const uint8_t *key, struct sj_span context, uint8_t *out)
{
	uint8_t text[1 + 1 + SECRETS_CONTEXT_MAX + 2];

	for (uint8_t i = 1; i <= SECRETS_SIZE / SJ_CIPHER_BLOCK_MAX; i++) {
		struct sj_writer w = SJ_WRITER_OF(text);
		struct sj_span all;

		sj_put_u8(&w, i);
		sj_put_u8(&w, 0x00);
		sj_put(&w, context);
		sj_put_be(&w, 2, OUTPUT_BITS);
		all = sj_written(&w);
		if (w.failed || !sj_cmac(SJ_CIPHER_AES256, key, &all, 1,
					 out + (i - 1u) * SJ_CIPHER_BLOCK_MAX))
			return false;
	}
	return true;
}

int secrets_derive(const struct authority *a, const char *name, struct sj_span context,
		   uint8_t out[static SECRETS_SIZE])
{
	uint8_t *key = NULL;
	size_t len = 0;
	int rc = authority_file_read(a, name, SUFFIX, SECRETS_SIZE, &key, &len);

	if (rc == 0 && (len != SECRETS_SIZE || !derive(key, context, out)))
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s/%s" SUFFIX ": not a key",
			      a->directory, name);
	if (key != NULL)
		sj_wipe(key, len);
	free(key);
	return rc;
}
