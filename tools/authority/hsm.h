/*
 * hsm.h -- keys in a PKCS#11 token, through p11-kit.
 *
 * Sources: PKCS #11 v2.40 (C_GenerateKeyPair, C_Sign; mechanisms), RFC 7512 (URIs). A key is
 * found by its CKA_ID. Functions that return int return 0 or the exit code of what they told:
 * SJ_KEY_STORE, which names token, key and what to do.
 */
#ifndef SJ_AUTHORITY_HSM_H
#define SJ_AUTHORITY_HSM_H

#include "cli/cli.h"
#include "crypt/sign.h"

#define HSM_ID_SIZE 16u
#define HSM_CMAC_SIZE 16u

/*
 * A token. Its session is made when it is needed, and made anew when the token went away or the
 * process was forked. `cli` must outlive it.
 */
struct hsm;

/* Whether this names a token: "pkcs11:" and at least its label or serial number. No PIN in it. */
CLI_MUST_CHECK int hsm_check_uri(struct cli *cli, const char *uri);
/* Nothing is opened yet. NULL: no memory. */
struct hsm *hsm_new(struct cli *cli, const char *uri);
/* Keys that were read keep it alive. */
void hsm_release(struct hsm *h);

/*
 * Makes a key pair of a kind (as for sj_key_generate()) in the token, or with kind "AES-256" a
 * key for CMAC, sensitive and not extractable; `id` gets its CKA_ID.
 */
CLI_MUST_CHECK int hsm_make(struct hsm *h, const char *kind, const char *label,
			    uint8_t id[static HSM_ID_SIZE]);
/* The key pair of that id; freed with sj_key_free(). `name` is for messages. */
CLI_MUST_CHECK int hsm_key(struct hsm *h, const char *kind, const char *name,
			   const uint8_t id[static HSM_ID_SIZE], struct sj_key **out);
/* AES-CMAC with the key of that id. */
CLI_MUST_CHECK int hsm_cmac(struct hsm *h, const char *name, const uint8_t id[static HSM_ID_SIZE],
			    struct sj_span message, uint8_t out[static HSM_CMAC_SIZE]);
/* Destroys all objects of that id, as far as possible: what came to nothing. */
void hsm_forget(struct hsm *h, const uint8_t id[static HSM_ID_SIZE]);

#endif
