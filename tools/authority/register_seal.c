/* register_seal.c -- personal data at rest: a key for each holder, under the register's. */
#include <stdlib.h>
#include <string.h>

#include "authority/register_private.h"
#include "crypt/aead.h"
#include "crypt/random.h"
#include "crypt/wipe.h"

#define NONCE 12u
#define LABEL_WRAPPED "holder"

int register_seal(struct holder_register *r, const uint8_t *key, const char *label,
		  struct sj_span plain, struct sj_span *out)
{
	const struct sj_random rnd = sj_random_system();
	const size_t size = plain.len + REGISTER_SEALED_MORE;
	struct sj_writer w = sj_writer(malloc(size), size);
	uint8_t nonce[NONCE];
	int rc = 0;

	if (w.ptr == NULL)
		return cli_fail(r->cli, SJ_NO_MEMORY, NULL);
	if (!sj_random_fill(&rnd, nonce, sizeof(nonce)))
		rc = cli_fail(r->cli, SJ_CRYPTO_FAILED, "nonce");
	sj_put(&w, SJ_SPAN_OF(nonce));
	if (rc == 0 && !sj_aead_seal(SJ_AES_256_GCM, key, nonce,
				     sj_span((const uint8_t *)label, strlen(label)), plain, &w))
		rc = cli_fail(r->cli, SJ_CRYPTO_FAILED, "sealing %s", label);
	*out = sj_written(&w);
	if (rc != 0) {
		free(w.ptr);
		*out = sj_span(NULL, 0);
	}
	return rc;
}

int register_unseal(struct holder_register *r, const uint8_t *key, const char *label,
		    struct sj_span sealed, struct sj_span *out)
{
	struct sj_span nonce;
	struct sj_writer w;

	*out = sj_span(NULL, 0);
	if (!sj_take(&sealed, NONCE, &nonce))
		return cli_fail(r->cli, SJ_REGISTER_BROKEN, "%s in the register is cut short",
				label);
	w = sj_writer(malloc(sealed.len + 1), sealed.len + 1);
	if (w.ptr == NULL)
		return cli_fail(r->cli, SJ_NO_MEMORY, NULL);
	if (!sj_aead_open(SJ_AES_256_GCM, key, nonce.ptr,
			  sj_span((const uint8_t *)label, strlen(label)), sealed, &w)) {
		free(w.ptr);
		return cli_fail(r->cli, SJ_REGISTER_BROKEN,
				"%s in the register was not sealed with this key", label);
	}
	w.ptr[w.len] = 0; /* a text is one at once */
	*out = sj_written(&w);
	return 0;
}

void register_wipe(struct sj_span *secret)
{
	uint8_t *bytes;

	memcpy(&bytes, &secret->ptr, sizeof(bytes));
	if (bytes != NULL)
		sj_wipe(bytes, secret->len);
	free(bytes);
	*secret = sj_span(NULL, 0);
}

int register_blind(struct holder_register *r, const char *number, uint8_t out[static SJ_PRK_SIZE])
{
	const struct sj_span text = sj_span((const uint8_t *)number, strlen(number));

	return sj_hmac(r->number, &text, 1, out)
		       ? 0
		       : cli_fail(r->cli, SJ_CRYPTO_FAILED, "document number");
}

static int take_id(void *user, const struct db_value *columns, size_t n)
{
	*(int64_t *)user = n == 1 ? columns[0].integer : 0;
	return 0;
}

int register_holder_make(struct holder_register *r, uint8_t key[static REGISTER_KEY_SIZE],
			 int64_t *holder)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_span wrapped = { NULL, 0 };
	struct db_value values[2];
	int rc;

	if (!sj_random_fill(&rnd, key, REGISTER_KEY_SIZE))
		return cli_fail(r->cli, SJ_CRYPTO_FAILED, "key of a holder");
	rc = register_seal(r, r->wrap, LABEL_WRAPPED, sj_span(key, REGISTER_KEY_SIZE), &wrapped);
	if (rc != 0)
		return rc;
	values[0] = db_bytes(wrapped);
	values[1] = db_integer(register_now());
	rc = db_run(r->db, "INSERT INTO holders (wrapped, made) VALUES ($1, $2) RETURNING id",
		    values, 2, take_id, holder, NULL);
	register_wipe(&wrapped);
	return rc;
}

int register_unwrap(struct holder_register *r, struct sj_span wrapped,
		    uint8_t key[static REGISTER_KEY_SIZE])
{
	struct sj_span plain = { NULL, 0 };
	int rc = register_unseal(r, r->wrap, LABEL_WRAPPED, wrapped, &plain);

	if (rc == 0 && plain.len != REGISTER_KEY_SIZE)
		rc = cli_fail(r->cli, SJ_REGISTER_BROKEN, "key of a holder");
	if (rc == 0 && plain.ptr != NULL)
		memcpy(key, plain.ptr, REGISTER_KEY_SIZE);
	register_wipe(&plain);
	return rc;
}

struct unwrapping {
	struct holder_register *r;
	uint8_t *key;
	bool found;
};

static int take_wrapped(void *user, const struct db_value *columns, size_t n)
{
	struct unwrapping *u = user;

	if (n != 1 || columns[0].type != DB_BYTES)
		return 0;
	u->found = true;
	return register_unwrap(u->r, columns[0].bytes, u->key);
}

int register_holder_key(struct holder_register *r, int64_t holder,
			uint8_t key[static REGISTER_KEY_SIZE])
{
	const struct db_value id = db_integer(holder);
	struct unwrapping u = { r, key, false };
	int rc = db_run(r->db, "SELECT wrapped FROM holders WHERE id = $1", &id, 1, take_wrapped,
			&u, NULL);

	if (rc == 0 && !u.found)
		rc = cli_fail(r->cli, SJ_INPUT_REFUSED, "this holder was erased");
	return rc;
}
