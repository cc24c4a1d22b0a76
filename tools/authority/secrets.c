#include "authority/secrets.h"

#include <stdlib.h>

#include "authority/keystore.h"
#include "crypt/cipher.h"
#include "crypt/random.h"
#include "crypt/wipe.h"

#define SUFFIX ".secret"
#define KIND "AES-256"
#define KEY_SIZE 32u
#define BLOCK 16u

int secrets_make(struct authority *a, const char *name)
{
	const struct sj_random rnd = sj_random_system();
	uint8_t key[KEY_SIZE];
	int rc;

	if (keystore_uri(a) != NULL)
		return keystore_make(a, name, KIND);
	if (sj_random_fill(&rnd, key, sizeof(key)))
		rc = keystore_file_write(a, name, SUFFIX, SJ_SPAN_OF(key));
	else
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "new key");
	if (rc == 0)
		rc = keystore_note(a, name, KIND);
	sj_wipe(key, sizeof(key));
	return rc;
}

/* A key that is here or in a token. */
struct secret {
	const struct authority *a;
	const char *name;
	struct hsm *hsm; /* NULL: the bytes */
	uint8_t id[HSM_ID_SIZE];
	uint8_t *bytes;
	size_t len;
};

static int secret_open(const struct authority *a, const char *name, struct secret *s)
{
	const char *kind;
	int rc;

	*s = (struct secret){ .a = a, .name = name };
	rc = keystore_find(a, name, &s->hsm, &kind, s->id);
	if (rc != 0 || s->hsm != NULL)
		return rc;
	rc = keystore_file_read(a, name, SUFFIX, &s->bytes, &s->len);
	if (rc == 0 && s->len != KEY_SIZE)
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s/%s" SUFFIX ": not a key of 32 bytes",
			      a->directory, name);
	return rc;
}

static void secret_close(struct secret *s)
{
	if (s->bytes != NULL)
		sj_wipe(s->bytes, s->len);
	free(s->bytes);
}

static int cmac(const struct secret *s, struct sj_span message, uint8_t out[static BLOCK])
{
	if (s->hsm != NULL)
		return hsm_cmac(s->hsm, s->name, s->id, message, out);
	if (sj_cmac(SJ_CIPHER_AES256, s->bytes, &message, 1, out))
		return 0;
	return cli_fail(s->a->cli, SJ_CRYPTO_FAILED, "%s", s->name);
}

/* NIST SP 800-108r1, 4.1: counter of one byte, length of two. */
int secrets_derive(const struct authority *a, const char *name, struct sj_span context,
		   uint8_t out[static SECRETS_SIZE])
{
	uint8_t message[4 + SECRETS_CONTEXT_MAX] = { 0 };
	struct secret s;
	int rc = secret_open(a, name, &s);

	for (uint8_t i = 0; rc == 0 && i < SECRETS_SIZE / BLOCK; i++) {
		struct sj_writer w = SJ_WRITER_OF(message);

		sj_put_be(&w, 2, (uint32_t)(i + 1) << 8);
		sj_put(&w, context);
		sj_put_be(&w, 2, 8 * SECRETS_SIZE);
		rc = w.failed ? cli_fail(a->cli, SJ_INTERNAL, "%s: context", name)
			      : cmac(&s, sj_written(&w), out + (size_t)i * BLOCK);
	}
	secret_close(&s);
	return rc;
}
