/* names.c -- algorithms and keys in words, for programs. */
#include <strings.h>

#include "piv/piv.h"

/* Keys with a certificate, the everyday ones first. */
static const uint8_t keys[] = {
	0x9A, 0x9C, 0x9D, 0x9E, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A,
	0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0xF9,
};

static const enum sj_piv_algorithm algorithms[] = {
	SJ_PIV_3DES,     SJ_PIV_RSA_3072, SJ_PIV_RSA_2048, SJ_PIV_AES_128,
	SJ_PIV_AES_192,  SJ_PIV_AES_256,  SJ_PIV_P256,     SJ_PIV_P384,
	SJ_PIV_RSA_4096, SJ_PIV_ED25519,  SJ_PIV_X25519,
};

const char *sj_piv_algorithm_text(enum sj_piv_algorithm algorithm)
{
	return sj_piv_algorithm_name((uint8_t)algorithm);
}

enum sj_piv_algorithm sj_piv_algorithm_find(const char *text)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (strcasecmp(text, sj_piv_algorithm_text(algorithms[i])) == 0)
			return algorithms[i];
	return SJ_PIV_ALGORITHM_NONE;
}

const char *sj_piv_key_text(uint8_t key)
{
	return sj_piv_key_name(key);
}

uint8_t sj_piv_key_at(size_t i)
{
	return i < sizeof(keys) ? keys[i] : 0;
}

uint32_t sj_piv_key_certificate(uint8_t key)
{
	return sj_piv_key_object(key);
}
