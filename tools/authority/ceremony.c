#include "authority/ceremony.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/keystore.h"
#include "crypt/hash.h"
#include "wire/hex.h"

#define HASH 32u
#define GROUP 4u /* letters that are read aloud at once */

struct ceremony ceremony_begin(const struct authority *a)
{
	return (struct ceremony){ json_array_size(json_object_get(a->state, "keys")),
				  json_array_size(json_object_get(a->state, "certificates")),
				  json_array_size(json_object_get(a->state, "tokens")),
				  json_array_size(json_object_get(a->state, "cv")) };
}

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text != NULL ? text : "";
}

static void put_head(FILE *out, const struct authority *a, size_t number)
{
	const time_t now = time(NULL);
	const char *witness;
	char date[32];
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(date, sizeof(date), "?");
	fprintf(out, "Protocol %zu of the authority %s\n\nDate (UTC):  %s\n", number,
		authority_country(a), date);
	for (size_t i = 0; (witness = cli_value_at(a->cli, "witness", i)) != NULL; i++)
		fprintf(out, "%s%s\n", i == 0 ? "Witnesses:   " : "             ", witness);
}

static void put_keys(FILE *out, const struct authority *a, size_t from)
{
	const json_t *rows = json_object_get(a->state, "keys"), *row;
	const unsigned custodians = keystore_custodians(a);

	fprintf(out, "\nKeys that were made, and where they lie:\n");
	for (size_t i = from; (row = json_array_get(rows, i)) != NULL; i++) {
		fprintf(out, "  %-18s %-16s ", text_of(row, "name"), text_of(row, "kind"));
		if (text_of(row, "where")[0] != '\0')
			fprintf(out, "token %s\n%39sCKA_ID %s\n", text_of(row, "where"), "",
				text_of(row, "id"));
		else if (custodians > 0)
			fprintf(out, "file, under a passphrase of %u custodian%s\n", custodians,
				custodians == 1 ? "" : "s");
		else
			fprintf(out, "file, not encrypted\n");
	}
}

/* SHA-256 of DIR/<name><suffix>, as lower-case hexadecimal. */
static int hash_file(const struct authority *a, const char *name, const char *suffix,
		     char hex[static 2 * HASH + 1])
{
	uint8_t hash[SJ_HASH_MAX], *bytes = NULL;
	struct sj_span file;
	size_t len = 0;
	int rc = authority_file_read(a, name, suffix, SJ_ISSUED_CERT_MAX, &bytes, &len);

	file = sj_span(bytes, len);
	if (rc == 0 && (!sj_hash(SJ_SHA256, &file, 1, hash) ||
			!sj_hex_text(sj_span(hash, HASH), SJ_HEX_LOWER, hex, 2 * HASH + 1)))
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "%s%s", name, suffix);
	free(bytes);
	return rc;
}

static void put_groups(FILE *out, const char *hex)
{
	for (size_t i = 0; hex[i] != '\0'; i += GROUP)
		fprintf(out, "%s%.*s", i % (8 * GROUP) == 0 ? "\n    " : " ", (int)GROUP, hex + i);
	fprintf(out, "\n");
}

static int put_prints(FILE *out, const struct authority *a, const char *list, const char *suffix,
		      size_t from)
{
	const json_t *rows = json_object_get(a->state, list), *row;
	char hex[2 * HASH + 1];
	int rc = 0;

	for (size_t i = from; rc == 0 && (row = json_array_get(rows, i)) != NULL; i++) {
		rc = hash_file(a, text_of(row, "name"), suffix, hex);
		if (rc != 0)
			break;
		fprintf(out, "  %s%s", text_of(row, "name"), suffix);
		put_groups(out, hex);
	}
	return rc;
}

static int is_public(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot != NULL &&
	       (strcmp(dot, ".cer") == 0 || strcmp(dot, ".cwt") == 0);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* What `sha256sum *.cer *.cwt | sort -k 2 | sha256sum` says in the directory. */
static int put_list(FILE *out, const struct authority *a)
{
	struct dirent **entries = NULL;
	const int n = scandir(a->directory, &entries, is_public, by_bytes);
	char hex[2 * HASH + 1], *text = NULL;
	uint8_t hash[SJ_HASH_MAX];
	size_t len = 0;
	FILE *list = n >= 0 ? open_memstream(&text, &len) : NULL;
	int rc = list != NULL ? 0 : cli_fail(a->cli, SJ_NO_MEMORY, NULL);

	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = hash_file(a, entries[i]->d_name, "", hex);
		if (rc == 0)
			fprintf(list, "%s  %s\n", hex, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (list != NULL && fclose(list) != 0 && rc == 0)
		rc = cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	if (rc == 0 &&
	    (!sj_hash(SJ_SHA256, &(struct sj_span){ (const uint8_t *)text, len }, 1, hash) ||
	     !sj_hex_text(sj_span(hash, HASH), SJ_HEX_LOWER, hex, sizeof(hex))))
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, NULL);
	if (rc == 0) {
		fprintf(out,
			"\nAll %d certificates and tokens of the directory together "
			"(sha256sum *.cer *.cwt |\nLC_ALL=C sort -k 2 | sha256sum):",
			n);
		put_groups(out, hex);
	}
	free(text);
	return rc;
}

static void put_signatures(FILE *out, const struct authority *a)
{
	const char *witness;

	for (size_t i = 0; (witness = cli_value_at(a->cli, "witness", i)) != NULL; i++)
		fprintf(out, "\n\n______________________________\n%s\n", witness);
}

static int note(struct authority *a, const char *name)
{
	json_t *list = json_object_get(a->state, "ceremonies");

	if (list == NULL) {
		list = json_array();
		if (json_object_set_new(a->state, "ceremonies", list) != 0)
			return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	}
	if (json_array_append_new(list, json_string(name)) != 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	return 0;
}

int ceremony_end(struct authority *a, const struct ceremony *before)
{
	const size_t number = json_array_size(json_object_get(a->state, "ceremonies")) + 1;
	char *text = NULL, name[40];
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int rc;

	if (out == NULL)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	snprintf(name, sizeof(name), "ceremony-%zu.txt", number);
	put_head(out, a, number);
	put_keys(out, a, before->keys);
	fprintf(out, "\nCertificates and tokens that were signed, with their SHA-256:\n");
	rc = put_prints(out, a, "certificates", ".cer", before->certificates);
	if (rc == 0)
		rc = put_prints(out, a, "tokens", ".cwt", before->tokens);
	if (rc == 0)
		rc = put_prints(out, a, "cv", ".cvcert", before->cv);
	if (rc == 0)
		rc = put_list(out, a);
	put_signatures(out, a);
	if (fclose(out) != 0 && rc == 0)
		rc = cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	if (rc == 0)
		rc = authority_file_write(a, name, "", sj_span((const uint8_t *)text, len), 0644);
	if (rc == 0)
		rc = note(a, name);
	if (rc == 0 && cli_given(a->cli, "witness"))
		cli_print(a->cli, "%s", text);
	free(text);
	return rc;
}
