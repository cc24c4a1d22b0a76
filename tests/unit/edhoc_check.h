/* edhoc_check.h -- one step of EDHOC against printed values; all texts are hexadecimal. */
#ifndef TESTS_UNIT_EDHOC_CHECK_H
#define TESTS_UNIT_EDHOC_CHECK_H

#include "secure/edhoc.h"
#include "tests/vectors/hexbytes.h"

/* Ended with sj_edhoc_prk_end(). */
struct sj_edhoc_prk edhoc_prk(const char *text);

void assert_public(const struct sj_edhoc_suite *suite, const char *key, const char *want);
void assert_agreement(const struct sj_edhoc_suite *suite, const char *key, const char *peer,
		      const char *want);
void assert_kdf(const char *prk_text, uint32_t label, const char *context, const char *want);
/* The salt and the next PRK; in place too. */
void assert_next_prk(const char *from, enum sj_edhoc_label label, const char *salt, const char *th,
		     const char *ikm, const char *to);
/* TH_3 or TH_4 of the one before and the parts. */
void assert_th(const char *before, struct sj_span a, struct sj_span b, struct sj_span c,
	       const char *want);
/* The text under the keystream, both ways; and of zeros the keystream itself. */
void assert_stream(const char *prk_text, enum sj_edhoc_label label, const char *th,
		   const char *keystream, const char *plain, const char *cipher);
/* COSE_Encrypt0, both ways; a forged one is refused. */
void assert_encrypt0(const struct sj_edhoc_suite *suite, const char *prk_text,
		     enum sj_edhoc_label label, const char *th, struct sj_span aad,
		     const char *plain, const char *sealed);

#endif
