/* auth.c -- who may ask: a code that is good once, tokens that tabs keep, one for integrators. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "counter/counter.h"

/* 32 random bytes in base64url. */
static bool make(char out[static COUNTER_TOKEN + 1])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[33] = { 0 };
	bool ok = getrandom(bytes, 32, 0) == 32;

	for (size_t i = 0; i < COUNTER_TOKEN; i++) {
		size_t bit = i * 6, at = bit / 8;
		unsigned pair = (unsigned)bytes[at] << 8 | bytes[at + 1];

		out[i] = digits[pair >> (10 - bit % 8) & 0x3Fu];
	}
	out[COUNTER_TOKEN] = '\0';
	explicit_bzero(bytes, sizeof(bytes));
	return ok;
}

/* Takes as long wherever they differ; an empty secret is never met. */
static bool same(const char *secret, const char *given)
{
	size_t n = strlen(secret);
	unsigned differ = n == 0 || strlen(given) != n;

	if (differ != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		differ |= (unsigned char)secret[i] ^ (unsigned char)given[i];
	return differ == 0;
}

/* The page's address with the code, for who may read the state directory. */
static int publish(struct cli *cli, const struct counter_auth *auth)
{
	const struct counter_config *c = auth->config;
	bool six = strchr(c->address, ':') != NULL;
	char url[160];
	int n = snprintf(url, sizeof(url), "http://%s%s%s:%u/#code=%s\n", six ? "[" : "",
			 c->address, six ? "]" : "", c->port, auth->code),
	    rc;

	rc = cli_file_write(cli, counter_path(c, "address").text, url, (size_t)n, 0600);
	explicit_bzero(url, sizeof(url));
	return rc;
}

static int load_api_token(struct cli *cli, struct counter_auth *auth)
{
	const char *path = auth->config->api_token_file;
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc;

	if (path == NULL)
		return 0;
	rc = cli_file_read(cli, path, 4096, &bytes, &len);
	if (rc != 0)
		return rc;
	len = strcspn((char *)bytes, " \r\n");
	if (len < 32 || len >= sizeof(auth->api))
		rc = cli_fail(cli, SJ_INPUT_REFUSED, "%s: a token has 32 to 128 characters", path);
	else
		memcpy(auth->api, bytes, len);
	explicit_bzero(bytes, len);
	free(bytes);
	return rc;
}

int counter_auth_open(struct cli *cli, struct counter_auth *auth,
		      const struct counter_config *config)
{
	*auth = (struct counter_auth){ .config = config, .cli = cli };
	pthread_mutex_init(&auth->lock, NULL);
	if (!make(auth->code))
		return cli_fail(cli, SJ_INTERNAL, "random numbers");
	return load_api_token(cli, auth);
}

int counter_auth_publish(struct counter_auth *auth)
{
	int rc = publish(auth->cli, auth);

	auth->published = rc == 0;
	return rc;
}

void counter_auth_close(struct counter_auth *auth)
{
	if (auth->config == NULL)
		return;
	if (auth->published) /* its code opens nothing any more */
		(void)unlink(counter_path(auth->config, "address").text);
	pthread_mutex_destroy(&auth->lock);
	explicit_bzero(auth, sizeof(*auth));
}

bool counter_auth_login(struct counter_auth *auth, const char *code,
			char token[static COUNTER_TOKEN + 1])
{
	bool ok;

	pthread_mutex_lock(&auth->lock);
	ok = same(auth->code, code) && make(token);
	if (ok) {
		memcpy(auth->tokens[auth->next], token, COUNTER_TOKEN + 1);
		auth->next = (auth->next + 1) % COUNTER_SESSIONS;
		if (!make(auth->code) || publish(auth->cli, auth) != 0)
			auth->code[0] = '\0'; /* nobody else comes in; told already */
	}
	pthread_mutex_unlock(&auth->lock);
	return ok;
}

bool counter_auth_check(struct counter_auth *auth, const char *token)
{
	bool ok;

	pthread_mutex_lock(&auth->lock);
	ok = same(auth->api, token);
	for (size_t i = 0; i < COUNTER_SESSIONS; i++)
		ok |= same(auth->tokens[i], token);
	pthread_mutex_unlock(&auth->lock);
	return ok;
}

void counter_auth_logout(struct counter_auth *auth, const char *token)
{
	pthread_mutex_lock(&auth->lock);
	for (size_t i = 0; i < COUNTER_SESSIONS; i++) {
		if (same(auth->tokens[i], token))
			explicit_bzero(auth->tokens[i], sizeof(auth->tokens[i]));
	}
	pthread_mutex_unlock(&auth->lock);
}
