/*
 * side.c -- under valgrind: whether the time that a secret takes, or the memory that it touches,
 * depends on it. tests/side/run says how it is started; allowed.supp lists what is allowed, and why.
 */
#include <stdio.h>
#include <string.h>

#include "crypt/cipher.h"
#include "crypt/ec.h"
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

static const struct side_case planted[] = {
	{ "a branch by a secret", branch_by_a_secret },
	{ NULL, NULL },
};

struct run {
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

		if (!wanted(r, cases->name))
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
	struct run r = { .only = argv + (argc > 0) };

	if (!RUNNING_ON_VALGRIND) {
		fprintf(stderr, "side: run it with tests/side/run, under valgrind\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	run_all(side_crypt, &r);
	run_all(side_secure, &r);
	run_all(side_card, &r);
	if (*r.only != NULL)
		run_all(planted, &r);
	printf("# figure: sidechannel.cases %u\n# figure: sidechannel.findings %u\n", r.cases,
	       r.findings);
	return r.findings != 0;
}
