/*
 * side.c -- under valgrind: whether the time that a secret takes, or the memory that it touches,
 * depends on it. tests/side/run says how it is started; allowed.supp and its kin list what is allowed, and why.
 */
#include <stdio.h>
#include <string.h>

#include "crypt/cipher.h"
#include "crypt/ec.h"
#include "crypt/internal.h"
#include "crypt/wipe.h"
#include "tests/side/secret.h"

/* Verdicts are for everybody: what is compared is not. */
__typeof__(sj_equal_secret) __real_sj_equal_secret, __wrap_sj_equal_secret;
bool __wrap_sj_equal_secret(struct sj_span a, struct sj_span b)
{
	bool equal = __real_sj_equal_secret(a, b);

	PUBLISHED(equal);
	return equal;
}

__typeof__(sj_unpad) __real_sj_unpad, __wrap_sj_unpad;
bool __wrap_sj_unpad(struct sj_span padded, size_t block, size_t *len)
{
	bool ok = __real_sj_unpad(padded, block, len);

	PUBLISHED(ok);
	published(len, sizeof(*len));
	return ok;
}

/* And so are signatures. */
__typeof__(sj_ecdsa_from_der) __real_sj_ecdsa_from_der, __wrap_sj_ecdsa_from_der;
bool __wrap_sj_ecdsa_from_der(struct sj_span der, size_t half, uint8_t *plain)
{
	PUBLISHED(der);
	published(der.ptr, der.len);
	return __real_sj_ecdsa_from_der(der, half, plain);
}

/* What has to be found: run when it is named, and not with the others. */
static void branch_by_a_secret(void)
{
	char key[2] = "k";

	SECRET(key);
	if (key[0] == 'k')
		puts("# it begins with k");
}

/* An inverse as OpenSSL computes it if it is not told that the number is a secret. */
static void inverse_of_a_secret(void)
{
	const EC_GROUP *group = sj_ec_group(SJ_P256);
	BIGNUM *k = BN_new();
	uint8_t bytes[32] = { 1, 2, 3 };

	SECRET(bytes);
	BN_free(BN_mod_inverse(NULL, BN_bin2bn(bytes, sizeof(bytes), k), EC_GROUP_get0_order(group),
			       NULL));
	BN_free(k);
}

static const struct side_case planted[] = {
	{ "a branch by a secret", branch_by_a_secret, false },
	{ "P-384 as if it were P-256", side_p384, true },
	{ "an inverse of a secret", inverse_of_a_secret, true },
	{ NULL, NULL, false },
};

struct run {
	bool p256; /* the cases on P-256, or the others */
	char **only; /* names, until NULL; none: all */
	unsigned cases, findings;
};

static bool wanted(const struct run *r, const char *name)
{
	for (char **only = r->only; *only != NULL; only++) {
		if (strcmp(*only, name) == 0)
			return true;
	}
	return *r->only == NULL;
}

static void run_all(const struct side_case *cases, struct run *r)
{
	for (; cases->name != NULL; cases++) {
		unsigned long before = VALGRIND_COUNT_ERRORS, found;

		if (cases->p256 != r->p256 || !wanted(r, cases->name))
			continue;
		cases->run();
		found = VALGRIND_COUNT_ERRORS - before;
		printf("# %-40s %s\n", cases->name, found == 0 ? "nothing" : "FOUND");
		r->cases++;
		r->findings += found != 0;
	}
}

int main(int argc, char **argv)
{
	struct run r = { .only = argv + 2 };

	if (argc < 2 || !RUNNING_ON_VALGRIND) {
		fprintf(stderr, "side: run it with tests/side/run, under valgrind\n");
		return 2;
	}
	r.p256 = strcmp(argv[1], "p256") == 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	run_all(side_crypt, &r);
	run_all(side_secure, &r);
	run_all(side_card, &r);
	run_all(side_whole, &r);
	if (*r.only != NULL)
		run_all(planted, &r);
	printf("cases %u findings %u\n", r.cases, r.findings);
	return r.findings != 0;
}
