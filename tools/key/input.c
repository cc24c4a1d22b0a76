/* input.c -- names of keys, secrets, and what they unlock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "key/key.h"

/* --- keys ------------------------------------------------------------------------ */

const char *key_ref(uint8_t key, char text[static 3])
{
	snprintf(text, 3, "%02X", key);
	return text;
}

static uint8_t named_key(const char *text)
{
	static const struct {
		const char *name;
		uint8_t key;
	} names[] = {
		{ "authentication", SJ_PIV_KEY_AUTHENTICATION },
		{ "signature", SJ_PIV_KEY_SIGNATURE },
		{ "management", SJ_PIV_KEY_MANAGEMENT },
		{ "card", SJ_PIV_KEY_CARD },
		{ "attestation", 0xF9 },
	};
	static const char retired[] = "retired-";
	unsigned long number;
	char *end;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i].name, text) == 0)
			return names[i].key;
	if (strncasecmp(text, retired, sizeof(retired) - 1) != 0)
		return 0;
	number = strtoul(text + sizeof(retired) - 1, &end, 10);
	return *end == '\0' && number >= 1 && number <= 20 ? (uint8_t)(0x82 + number - 1) : 0;
}

int key_argument(struct cli *cli, uint8_t *key)
{
	const char *text = cli_argument(cli, 0);
	char ref[3];

	*key = named_key(text);
	if (*key != 0)
		return 0;
	for (size_t i = 0; (*key = sj_piv_key_at(i)) != 0; i++)
		if (strcasecmp(key_ref(*key, ref), text) == 0)
			return 0;
	return cli_usage(cli,
			 "%s: a key is 9A (authentication), 9C (signature), 9D (management), 9E "
			 "(card), 82 to 95 (retired-1 to retired-20) or F9 (attestation)",
			 text);
}

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

bool key_hex(const char *text, uint8_t *out, size_t n)
{
	size_t digits = 0;

	for (; *text != '\0'; text++) {
		const int value = digit(*text);

		if (*text == ' ' || *text == ':')
			continue;
		if (value < 0 || digits == 2 * n)
			return false;
		out[digits / 2] = (uint8_t)(digits % 2 == 0 ? value << 4 : out[digits / 2] | value);
		digits++;
	}
	return digits == 2 * n;
}

/* --- secrets ----------------------------------------------------------------------- */

int key_read_pin(struct key_run *run, enum sj_piv_pin *pin, struct cli_secret *out)
{
	struct sj_piv_pin_state state = { .size = sizeof(state) };
	enum sj_rc rc = sj_piv_user_pin(run->piv, pin);

	if (rc == SJ_OK)
		rc = sj_piv_pin_state(run->piv, *pin, &state);
	if (rc != SJ_OK)
		return key_fail(run, rc, "PIN");
	run->pin = *pin;
	run->log_out = !state.verified;
	return cli_secret_read(run->cli, "pin", *pin == SJ_PIV_GLOBAL_PIN ? "Global PIN" : "PIN",
			       out);
}

int key_read_new(struct cli *cli, const char *name, const char *prompt, struct cli_secret *out)
{
	struct cli_secret again = { 0 };
	char question[64];
	int code = cli_secret_read(cli, name, prompt, out);

	if (code != 0 || cli_secret_given(cli, name))
		return code;
	snprintf(question, sizeof(question), "%s once more", prompt);
	code = cli_secret_read(cli, name, question, &again);
	if (code == 0 && !cli_secret_equal(&again, out))
		code = cli_fail(cli, SJ_SECRET_MALFORMED, "%s: the two are not the same", prompt);
	cli_secret_wipe(&again);
	if (code != 0)
		cli_secret_wipe(out);
	return code;
}

static size_t admin_size(enum sj_piv_algorithm algorithm)
{
	return algorithm == SJ_PIV_AES_128 ? 16 : algorithm == SJ_PIV_AES_256 ? 32 : 24;
}

int key_read_admin(struct cli *cli, const char *name, const char *prompt,
		   enum sj_piv_algorithm algorithm, uint8_t out[static 32], size_t *len)
{
	struct cli_secret secret = { 0 };
	int code = cli_secret_read(cli, name, prompt, &secret);

	*len = admin_size(algorithm);
	if (code == 0 && !key_hex(secret.text, out, *len))
		code = cli_fail(cli, SJ_SECRET_MALFORMED, "%s: %s has %zu hexadecimal digits",
				prompt, sj_piv_algorithm_text(algorithm), 2 * *len);
	cli_secret_wipe(&secret);
	return code;
}

int key_administer(struct key_run *run)
{
	enum sj_piv_algorithm algorithm;
	uint8_t key[32];
	size_t len;
	enum sj_rc rc = sj_piv_admin_algorithm(run->piv, &algorithm);
	int code;

	if (rc != SJ_OK)
		return key_fail(run, rc, "management key");
	code = key_read_admin(run->cli, "admin-key", "Management key", algorithm, key, &len);
	if (code == 0) {
		rc = sj_piv_administer(run->piv, algorithm, key, len);
		if (rc != SJ_OK)
			code = key_fail(run, rc, "management key");
	}
	explicit_bzero(key, sizeof(key));
	return code;
}

enum sj_piv_policy key_policy(const struct cli *cli)
{
	static const char *const words[] = { "default", "never", "once", "always" };
	const char *word = cli_value(cli, "pin-policy");

	for (unsigned i = 1; word && i < 4; i++)
		if (strcmp(words[i], word) == 0)
			return (enum sj_piv_policy)i;
	return SJ_PIV_POLICY_DEFAULT;
}

/* --- signing --------------------------------------------------------------------------- */

int key_sign_with(struct key_run *run, uint8_t key, key_signing sign, void *arg)
{
	struct sj_piv_key_info info = { .size = sizeof(info) };
	struct cli_secret pin = { 0 };
	int left = -1, code = 0;
	struct sj_piv_unlock unlock = { .tries_left = &left };
	enum sj_rc rc = sj_piv_key_info(run->piv, key, &info);
	char ref[3];

	if (rc != SJ_OK)
		return key_fail(run, rc, key_ref(key, ref));
	if (!info.pin_never) {
		code = key_read_pin(run, &unlock.pin, &pin);
		unlock.value = pin.text;
		unlock.len = pin.len;
	}
	if (code == 0) {
		rc = sign(run, info.pin_never ? NULL : &unlock, arg);
		if (rc == SJ_USAGE)
			code = cli_usage(run->cli, "%s is a %s key: it does not sign",
					 key_ref(key, ref), sj_piv_algorithm_text(info.algorithm));
		else if (rc == SJ_INPUT_MALFORMED) /* a request's name */
			code = cli_usage(run->cli,
					 "--subject is C=UT,O=Embassy,CN=Anna or the like: C (two "
					 "letters), ST, L, O, OU, CN, serialNumber");
		else if (rc != SJ_OK)
			code = key_fail_tries(run, rc, key_ref(key, ref), left);
	}
	cli_secret_wipe(&pin);
	return code;
}
