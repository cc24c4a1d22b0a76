/* config.h -- the configuration file of the module (sojourn-pkcs11(7)). */
#ifndef P11_CONFIG_H
#define P11_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define P11_CONFIG_KEYS 32u
#define P11_CONFIG_PROBLEM 160u

/* Strings are NULL where nothing was said. */
struct p11_config {
	char *readers; /* parts of names, with commas between */
	char *applets; /* "piv" */
	char *pinentry;
	char *can_file, *pairing_code_file;
	char *trust;
	char *cache_folder;
	bool no_cache, remember;
	unsigned cache_max; /* cards */
	unsigned timeout_ms;
	bool some_keys; /* only those in keys */
	uint8_t keys[P11_CONFIG_KEYS];
	size_t n_keys;
	bool hide_certificates, hide_public_keys, hide_private_keys, hide_data;
};

/* With nothing said: the defaults. */
void p11_config_init(struct p11_config *c);
/*
 * Reads the files; $SOJOURN_PKCS11_CONF names the only one. False: `problem` says
 * what is wrong, file and line first.
 */
bool p11_config_load(struct p11_config *c, char problem[static P11_CONFIG_PROBLEM]);
void p11_config_free(struct p11_config *c);

/* May this reader be used? */
bool p11_config_reader(const struct p11_config *c, const char *reader);
bool p11_config_piv(const struct p11_config *c);

#endif
