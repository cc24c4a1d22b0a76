/*
 * pbes2.h -- secrets under a passphrase, as files of PKCS #8 have it.
 *
 * Sources: RFC 8018, 6.2 (PBES2); RFC 7914 (scrypt); RFC 5958, 3
 * (EncryptedPrivateKeyInfo); AES-256-CBC. `openssl pkcs8` reads what is written here.
 */
#ifndef SJ_CRYPT_PBES2_H
#define SJ_CRYPT_PBES2_H

#include "crypt/random.h"
#include "wire/bytes.h"

#define SJ_PBES2_SALT 16u
#define SJ_PBES2_KEY 32u
#define SJ_PBES2_MORE 160u /* bytes that a sealed secret has more than itself, at most */

/*
 * A passphrase, and the key that was stretched from it last: what shares its salt costs
 * nothing more. Set the passphrase (borrowed) and zero the rest; wipe it.
 */
struct sj_pbes2 {
	struct sj_span passphrase;
	bool ready; /* the rest is set */
	uint8_t salt[SJ_PBES2_SALT];
	uint8_t key[SJ_PBES2_KEY];
};

/* Is this one whole EncryptedPrivateKeyInfo under PBES2? */
bool sj_pbes2_is(struct sj_span der);
/* Appends `secret` sealed: with the salt of before, or a new one. */
SJ_MUST_CHECK bool sj_pbes2_seal(struct sj_pbes2 *p, const struct sj_random *rnd,
				 struct sj_span secret, struct sj_writer *w);
/*
 * Appends what was sealed. False: another passphrase, malformed, or not made here (the hash
 * and the cipher are others). A wrong passphrase goes unnoticed once in 256 times: look at
 * what comes out.
 */
SJ_MUST_CHECK bool sj_pbes2_open(struct sj_pbes2 *p, struct sj_span der, struct sj_writer *w);

#endif
