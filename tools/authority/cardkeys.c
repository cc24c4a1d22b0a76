#include "authority/cardkeys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "wire/hex.h"
#include "wire/sw.h"

#define MASTER "card-master-"
#define TRANSPORT_FILE "transport.key"
#define HEX_FILE_MAX 80u
#define SERIAL_TEXT (2u * CARDKEYS_SERIAL + 1)

/* GlobalPlatform's test key, which new cards have unless they were made otherwise. */
#define PUBLISHED SJ_SPAN_STR("\x40\x41\x42\x43\x44\x45\x46\x47\x48\x49\x4A\x4B\x4C\x4D\x4E\x4F")

/* --- masters and versions ---------------------------------------------------------------- */

unsigned cardkeys_newest(const struct authority *a)
{
	const json_t *rows = json_object_get(a->state, "keys"), *row;
	const size_t prefix = sizeof(MASTER) - 1;
	unsigned newest = 0, n;
	const char *name;

	for (size_t i = 0; (row = json_array_get(rows, i)) != NULL; i++) {
		name = json_string_value(json_object_get(row, "name"));
		if (name == NULL || strncmp(name, MASTER, prefix) != 0)
			continue;
		n = (unsigned)strtoul(name + prefix, NULL, 10);
		newest = n > newest ? n : newest;
	}
	return newest;
}

static void master_name(unsigned n, char out[static AUTHORITY_NAME_MAX])
{
	snprintf(out, AUTHORITY_NAME_MAX, MASTER "%u", n);
}

int cardkeys_make_master(struct authority *a)
{
	char name[AUTHORITY_NAME_MAX];

	master_name(cardkeys_newest(a) + 1, name);
	return secrets_make(a, name);
}

uint8_t cardkeys_next_version(uint8_t version)
{
	return version >= CARDKEYS_TRANSPORT && version < CARDKEYS_LAST ? (uint8_t)(version + 1)
									: CARDKEYS_TRANSPORT;
}

const uint8_t *cardkeys_serial(const uint8_t diversification[static SJ_SCP03_DIVERSIFICATION])
{
	return diversification + SJ_SCP03_DIVERSIFICATION - CARDKEYS_SERIAL;
}

/* --- the keys ------------------------------------------------------------------------------ */

static int derive(const struct authority *a, const char *master, uint8_t version, uint8_t which,
		  struct sj_span diversification, uint8_t out[static SECRETS_SIZE])
{
	uint8_t context[SECRETS_CONTEXT_MAX];
	struct sj_writer w = SJ_WRITER_OF(context);

	sj_put(&w, SJ_SPAN_STR("sojourn scp03"));
	sj_put_u8(&w, version);
	sj_put_u8(&w, which);
	sj_put(&w, diversification);
	return secrets_derive(a, master, sj_written(&w), out);
}

/* The card's own keys of that version under card-master-`master`; wipe them. */
static int own_keys(const struct authority *a, unsigned master, uint8_t version,
		    const uint8_t diversification[static SJ_SCP03_DIVERSIFICATION],
		    struct sj_scp03_keys *out)
{
	const struct sj_span data = sj_span(diversification, SJ_SCP03_DIVERSIFICATION);
	char name[AUTHORITY_NAME_MAX];
	int rc;

	_Static_assert(sizeof(out->enc) == SECRETS_SIZE, "AES-256 takes all");
	master_name(master, name);
	out->cipher = CHANNEL_CIPHER;
	rc = derive(a, name, version, 1, data, out->enc);
	if (rc == 0)
		rc = derive(a, name, version, 2, data, out->mac);
	return rc != 0 ? rc : derive(a, name, version, 3, data, out->dek);
}

/* All three are one key, whose size tells the cipher. */
static bool set_transport(struct sj_span key, struct sj_scp03_keys *out)
{
	for (int c = SJ_CIPHER_AES128; c <= SJ_CIPHER_AES256; c++) {
		if (sj_cipher_key_size((enum sj_cipher)c) != key.len)
			continue;
		out->cipher = (enum sj_cipher)c;
		memcpy(out->enc, key.ptr, key.len);
		memcpy(out->mac, key.ptr, key.len);
		memcpy(out->dek, key.ptr, key.len);
		return true;
	}
	return false;
}

static int read_transport(struct cli *cli, const char *path, struct sj_scp03_keys *out)
{
	uint8_t *text = NULL, key[SJ_CIPHER_KEY_MAX];
	struct sj_writer w = SJ_WRITER_OF(key);
	size_t len = 0, digits;
	int rc = cli_file_read(cli, path, HEX_FILE_MAX, &text, &len);

	if (rc != 0)
		return rc;
	digits = strcspn((const char *)text, "\r\n");
	if (strspn((const char *)text + digits, "\r\n") != len - digits ||
	    !sj_hex_read((const char *)text, digits, &w) || !set_transport(sj_written(&w), out))
		rc = cli_fail(cli, SJ_INPUT_MALFORMED,
			      "%s: a transport key is a line of 32, 48 or 64 hexadecimal digits",
			      path);
	sj_wipe(key, sizeof(key));
	sj_wipe(text, len);
	free(text);
	return rc;
}

/*
 * --transport-key-file, else DIR/transport.key, else (*published) the one that everybody knows.
 * `a` NULL: there is no DIR.
 */
static int transport_keys(struct cli *cli, const struct authority *a, struct sj_scp03_keys *out,
			  bool *published)
{
	const char *given = cli_value(cli, "transport-key-file");
	char *path = NULL;
	bool there = false;
	int rc = 0;

	*published = false;
	if (given != NULL)
		return read_transport(cli, given, out);
	if (a != NULL && asprintf(&path, "%s/" TRANSPORT_FILE, a->directory) < 0)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	if (path != NULL)
		rc = cli_file_there(cli, path, &there);
	if (rc == 0 && there)
		rc = read_transport(cli, path, out);
	else if (rc == 0)
		*published = set_transport(PUBLISHED, out);
	free(path);
	return rc;
}

/* --- opening --------------------------------------------------------------------------------- */

struct attempt {
	struct channel *c;
	struct cli *cli;
	const struct authority *a;
	struct cardkeys_found *found;
	struct sj_scp03_keys keys;
	bool fits;
};

static int try_transport(struct attempt *t)
{
	int rc = transport_keys(t->cli, t->a, &t->keys, &t->found->published);

	t->fits = rc == 0 && channel_fits(t->c, &t->keys);
	if (!t->fits)
		t->found->published = false;
	return rc;
}

static int try_masters(struct attempt *t)
{
	int rc = 0;

	for (unsigned n = cardkeys_newest(t->a); rc == 0 && !t->fits && n > 0; n--) {
		rc = own_keys(t->a, n, t->c->version, t->c->diversification, &t->keys);
		t->fits = rc == 0 && channel_fits(t->c, &t->keys);
		t->found->master = t->fits ? n : 0;
	}
	return rc;
}

static void serial_text(const struct channel *c, char out[static SERIAL_TEXT])
{
	sj_hex_text(sj_span(cardkeys_serial(c->diversification), CARDKEYS_SERIAL), SJ_HEX_UPPER,
		    out, SERIAL_TEXT);
}

static int tell_foreign(const struct attempt *t)
{
	char serial[SERIAL_TEXT];

	serial_text(t->c, serial);
	if (t->c->version == CARDKEYS_TRANSPORT)
		return cli_fail(t->cli, SJ_CARD_CHANNEL,
				"card %s has another key of version 30 than the transport key; "
				"give it with --transport-key-file",
				serial);
	return cli_fail(t->cli, SJ_CARD_CHANNEL, "card %s: its keys of version %02X are not %s's",
			serial, t->c->version,
			t->a != NULL ? t->a->directory : "the transport key");
}

static int tell_ask(struct cli *cli, const struct channel *c, enum sj_rc rc)
{
	if (rc == SJ_CARD_REFUSED && c->sw == SJ_SW_CONDITIONS)
		return cli_fail(cli, SJ_CARD_STATE, "the card is terminated");
	if (rc == SJ_CARD_REFUSED)
		return cli_fail(cli, rc, "INITIALIZE UPDATE: %04X, %s", c->sw, sj_sw_text(c->sw));
	return cli_fail(cli, rc, "INITIALIZE UPDATE");
}

static int authenticate(const struct attempt *t)
{
	enum sj_rc rc = channel_open(t->c);

	if (rc == SJ_CARD_CHANNEL)
		return cli_fail(t->cli, rc,
				"EXTERNAL AUTHENTICATE with keys of version %02X: %04X; each "
				"failure makes the card wait longer before the next attempt",
				t->c->version, t->c->sw);
	return rc == SJ_OK ? 0 : cli_fail(t->cli, rc, "EXTERNAL AUTHENTICATE");
}

int cardkeys_open(struct channel *c, struct cli *cli, const struct authority *a,
		  struct cardkeys_found *out)
{
	struct attempt t = { .c = c, .cli = cli, .a = a, .found = out };
	enum sj_rc asked = channel_ask(c, 0, SJ_SCP03_SHORT);
	int rc = 0;

	*out = (struct cardkeys_found){ .master = 0 };
	if (asked != SJ_OK)
		return tell_ask(cli, c, asked);
	if (c->version == CARDKEYS_TRANSPORT)
		rc = try_transport(&t);
	if (rc == 0 && !t.fits && a != NULL)
		rc = try_masters(&t);
	if (rc == 0)
		rc = t.fits ? authenticate(&t) : tell_foreign(&t);
	sj_wipe(&t.keys, sizeof(t.keys));
	return rc;
}

static int put(struct channel *c, struct cli *cli, uint8_t version,
	       const struct sj_scp03_keys *keys)
{
	enum sj_rc rc = channel_put_keys(c, version, keys);

	if (rc == SJ_CARD_REFUSED)
		return cli_fail(cli, rc, "PUT KEY: %04X, %s", c->sw, sj_sw_text(c->sw));
	return rc == SJ_OK ? 0 : cli_fail(cli, rc, "PUT KEY");
}

int cardkeys_replace(struct channel *c, struct cli *cli, const struct authority *a, uint8_t version,
		     bool *sent)
{
	struct attempt t = { .c = c, .cli = cli, .a = a };
	const unsigned master = cardkeys_newest(a);
	const bool mutual = channel_is_mutual(c);
	enum sj_rc asked;
	int rc;

	if (master == 0)
		return cli_fail(cli, SJ_INPUT_REFUSED,
				"%s: has no master key for cards; make it with `authority card "
				"master`",
				a->directory);
	rc = own_keys(a, master, version, c->diversification, &t.keys);
	if (rc != 0)
		goto out;
	*sent = true;
	rc = put(c, cli, version, &t.keys);
	if (rc != 0)
		goto out;
	asked = channel_ask(c, version, c->size);
	if (asked != SJ_OK)
		rc = tell_ask(cli, c, asked);
	else if (mutual && !channel_is_mutual(c))
		rc = cli_fail(cli, SJ_CARD_CHANNEL,
			      "the card's answers carried a MAC, and now it says that they do not");
	else
		rc = channel_fits(c, &t.keys) ? authenticate(&t) : tell_foreign(&t);
out:
	sj_wipe(&t.keys, sizeof(t.keys));
	return rc;
}
