/* pem.c -- PEM files. Source: RFC 7468. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key/key.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define LINE 48u /* bytes in a line of 64 characters */

/* --- writing ---------------------------------------------------------------------- */

static char *put_line(char *at, const uint8_t *in, size_t n)
{
	for (size_t i = 0; i < n; i += 3) {
		const uint32_t b = (uint32_t)in[i] << 16 |
				   (i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0) |
				   (i + 2 < n ? in[i + 2] : 0u);

		*at++ = digits[b >> 18];
		*at++ = digits[b >> 12 & 63];
		*at++ = i + 1 < n ? digits[b >> 6 & 63] : '=';
		*at++ = i + 2 < n ? digits[b & 63] : '=';
	}
	*at++ = '\n';
	return at;
}

int key_pem_write(struct cli *cli, const char *path, const char *label, const uint8_t *der,
		  size_t len)
{
	char *text, *at;
	int code;

	if (!path)
		path = "-";
	if (cli_given(cli, "der"))
		return cli_file_write(cli, path, der, len, 0644);
	text = malloc(len / 3 * 4 + len / LINE + 2 * strlen(label) + 64);
	if (!text)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	at = text + sprintf(text, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < len; i += LINE)
		at = put_line(at, der + i, len - i < LINE ? len - i : LINE);
	at += sprintf(at, "-----END %s-----\n", label);
	code = cli_file_write(cli, path, text, (size_t)(at - text), 0644);
	free(text);
	return code;
}

/* --- reading ----------------------------------------------------------------------- */

/* Decodes in place, up to the dash that begins the last line. False: not base64. */
static bool decode(char *text, size_t *len)
{
	uint8_t *out = (uint8_t *)text;
	uint32_t bits = 0;
	unsigned have = 0, padding = 0;

	for (; *text != '-' && *text != '\0'; text++) {
		const char *digit = strchr(digits, *text);

		if (strchr(" \t\r\n", *text))
			continue;
		if (*text == '=' && padding++ < 2)
			continue;
		if (!digit || padding > 0)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[(*len)++] = (uint8_t)(bits >> have);
		}
	}
	return *text == '-' && have < 6 && (bits & ((1u << have) - 1)) == 0;
}

int key_pem_read(struct cli *cli, const char *path, const char *label, uint8_t **der, size_t *len)
{
	char begin[64], *start;
	size_t size;
	int code = cli_file_read(cli, path, KEY_FILE_MAX, der, &size);

	*len = 0;
	if (code != 0)
		return code;
	if (size > 0 && (*der)[0] == 0x30) {
		*len = size;
		return 0;
	}
	snprintf(begin, sizeof(begin), "-----BEGIN %s-----", label);
	start = strstr((char *)*der, begin);
	if (start && decode(start + strlen(begin), len)) {
		memmove(*der, start + strlen(begin), *len);
		return 0;
	}
	explicit_bzero(*der, size);
	free(*der);
	*der = NULL;
	return cli_fail(cli, SJ_INPUT_MALFORMED, "%s: neither DER nor PEM with %s", path, begin);
}
