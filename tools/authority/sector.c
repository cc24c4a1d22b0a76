#include "authority/sector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/secrets.h"
#include "crypt/wipe.h"
#include "wire/hex.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

#define MASTER "sector-master-1"
#define ROWS "sectors"
#define SUFFIX ".cvkey"
#define OPERATOR 4u /* bytes of an id */

int sector_operator(struct cli *cli, bool needed, uint32_t *out)
{
	const char *text = cli_value(cli, "operator");
	uint8_t bytes[OPERATOR];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span in;

	*out = 0;
	if (text == NULL && !needed)
		return 0;
	if (text == NULL || strlen(text) != 2 * OPERATOR || !sj_hex_read(text, strlen(text), &w))
		return cli_usage(cli, "--operator HEX8: eight hexadecimal digits are needed");
	in = sj_written(&w);
	return sj_take_be(&in, OPERATOR, out) ? 0 : cli_usage(cli, "--operator");
}

/* --- the registry's rows --------------------------------------------------------------- */

bool sector_at(const struct authority *a, size_t i, uint32_t *operator_id)
{
	const json_t *row = json_array_get(json_object_get(a->state, ROWS), i);

	*operator_id = (uint32_t)json_integer_value(json_object_get(row, "operator"));
	return row != NULL;
}

bool sector_known(const struct authority *a, uint32_t operator_id)
{
	uint32_t found;

	for (size_t i = 0; sector_at(a, i, &found); i++)
		if (found == operator_id)
			return true;
	return false;
}

static int add_row(struct authority *a, uint32_t operator_id)
{
	json_t *rows = json_object_get(a->state, ROWS), *row;

	if (rows == NULL) {
		rows = json_array();
		if (json_object_set_new(a->state, ROWS, rows) != 0)
			return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	}
	row = json_pack("{s:I, s:s, s:I}", "operator", (json_int_t)operator_id, "master", MASTER,
			"made", (json_int_t)time(NULL));
	if (row == NULL || json_array_append_new(rows, row) != 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	return 0;
}

/* --- keys ---------------------------------------------------------------------------------- */

/* 32 bytes are a scalar on P-256 but once in 2^32 times: then the next ones. */
int sector_secret(const struct authority *a, uint32_t operator_id, struct sj_ec_secret *out)
{
	uint8_t context[16] = { 0 }, bytes[SECRETS_SIZE];
	bool good = false;
	int rc = 0;

	for (uint8_t again = 0; rc == 0 && !good && again < 8; again++) {
		struct sj_writer w = SJ_WRITER_OF(context);

		sj_put(&w, SJ_SPAN_STR("sector key"));
		sj_put_be(&w, OPERATOR, operator_id);
		sj_put_u8(&w, again);
		rc = secrets_derive(a, MASTER, sj_written(&w), bytes);
		good = rc == 0 && sj_ec_secret_read(SECTOR_CURVE, SJ_SPAN_OF(bytes), out);
	}
	sj_wipe(bytes, sizeof(bytes));
	return rc != 0 || good ? rc : cli_fail(a->cli, SJ_INTERNAL, "sector key");
}

/* The whole of 7F49 of the key with this private half. */
static bool put_public(struct sj_writer *w, const struct sj_ec_secret *secret)
{
	struct sj_ec_point point;

	if (!sj_ec_multiply(SECTOR_CURVE, secret, NULL, &point))
		return false;
	sj_ri_key_put(w, SECTOR_CURVE, &point);
	return !w->failed;
}

static void name_of(uint32_t operator_id, char out[static AUTHORITY_NAME_MAX])
{
	snprintf(out, AUTHORITY_NAME_MAX, "sector-%08x", operator_id);
}

int sector_get(const struct authority *a, uint32_t operator_id, struct sector *out)
{
	char name[AUTHORITY_NAME_MAX];
	struct sj_span file, content;
	struct sj_ec_point point;
	uint8_t *bytes = NULL, hash[SJ_HASH_MAX] = { 0 };
	enum sj_curve curve;
	int rc;

	if (!sector_known(a, operator_id))
		return cli_fail(a->cli, SJ_INPUT_REFUSED,
				"%08x: has no sector key; make it with `authority sector new "
				"--operator %08x`",
				operator_id, operator_id);
	name_of(operator_id, name);
	rc = authority_file_read(a, name, SUFFIX, SECTOR_KEY_MAX, &bytes, &out->key_len);
	if (rc != 0)
		return rc;
	memcpy(out->key, bytes, out->key_len);
	free(bytes);
	file = sj_span(out->key, out->key_len);
	if (sj_tlv_take(&file, SJ_TAG_PUBLIC_KEY, &content) != SJ_TLV_FOUND || file.len != 0 ||
	    !sj_ri_key_read(content, &curve, &point) || curve != SECTOR_CURVE ||
	    !sj_ri_key_hash(SJ_SHA256, content, hash))
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s/%s" SUFFIX ": not a sector key",
			      a->directory, name);
	memcpy(out->hash, hash, sizeof(out->hash));
	return rc;
}

int sector_make(struct authority *a, uint32_t operator_id)
{
	char name[AUTHORITY_NAME_MAX];
	uint8_t key[SECTOR_KEY_MAX];
	struct sj_writer w = SJ_WRITER_OF(key);
	struct sj_ec_secret secret = { .len = 0 };
	uint32_t first;
	int rc = 0;

	if (operator_id == 0)
		return cli_usage(a->cli, "--operator 00000000: an operator has another id");
	if (sector_known(a, operator_id))
		return cli_fail(a->cli, SJ_INPUT_REFUSED, "%08x: has a sector key already",
				operator_id);
	if (!sector_at(a, 0, &first))
		rc = secrets_make(a, MASTER);
	if (rc == 0)
		rc = sector_secret(a, operator_id, &secret);
	if (rc == 0 && !put_public(&w, &secret))
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "sector key");
	sj_wipe(&secret, sizeof(secret));
	name_of(operator_id, name);
	if (rc == 0)
		rc = authority_file_write(a, name, SUFFIX, sj_written(&w), 0644);
	return rc != 0 ? rc : add_row(a, operator_id);
}
