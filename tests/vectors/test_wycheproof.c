/*
 * test_wycheproof.c -- Project Wycheproof's vectors (github.com/C2SP/wycheproof) through our verbs.
 *
 * SOJOURN_WYCHEPROOF names the folder of its test vectors; the vectors are not ours to keep. What we
 * answer otherwise than they expect stands in `differences`, with the reason.
 */
#include "tests/skip.h"
#include "tests/vectors/hexbytes.h"
#include "tests/vectors/wycheproof.h"

#include <glob.h>

/* Files of an algorithm, and how many of their vectors are run: fewer, and a verb of ours was not asked. */
static const struct algorithm {
	const char *pattern, *name;
	unsigned least;
} algorithms[] = {
	{ "ecdsa_secp224r1_sha[25]*", "ecdsa", 2297 },
	{ "ecdsa_secp256r1_sha[25]*", "ecdsa", 1632 },
	{ "ecdsa_secp384r1_sha[235]*", "ecdsa", 2116 },
	{ "ecdsa_secp521r1_sha[25]*", "ecdsa", 860 },
	{ "ecdsa_brainpoolP*r1_sha[235]*", "ecdsa", 3886 },
	{ "ecdh_secp224r1*", "ecdh", 1172 },
	{ "ecdh_secp256r1*", "ecdh", 967 },
	{ "ecdh_secp384r1*", "ecdh", 1837 },
	{ "ecdh_secp521r1*", "ecdh", 1577 },
	{ "ecdh_brainpoolP*r1*", "ecdh", 4092 },
	{ "rsa_signature_*", "rsa.signature", 3364 },
	{ "rsa_pss_*", "rsa.pss", 2502 },
	{ "rsa_oaep_*", "rsa.oaep", 918 },
	{ "rsa_pkcs1_*", "rsa.pkcs1", 359 },
	{ "aes_cbc_pkcs5*", "aes.cbc", 72 },
	{ "aes_cmac*", "aes.cmac", 311 },
	{ "aes_ccm*", "aes.ccm", 6 },
	{ "aes_gcm_test*", "aes.gcm", 66 },
	{ "hmac_sha256*", "hmac", 174 },
	{ "hkdf_sha256*", "hkdf", 86 },
	{ "ed25519_test*", "ed25519", 151 },
	{ "x25519_test*", "x25519", 518 },
	{ "aes_ff1_radix*", "aes.ff1", 7388 },
};
#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

/* What we answer otherwise, by a test's flag, and why that is right. */
static const struct {
	const char *algorithm, *flag;
	enum wycheproof_answer answer;
} differences[] = {
	/*
	 * RFC 3279, 2.3.5, wants the cofactor in explicit parameters; SEC 1, C.2,
	 * leaves it out at will. Parameters are a known curve's or refused, so it says nothing.
	 */
	{ "ECDH", "NoCofactor", WYCHEPROOF_TAKEN },
};

struct count {
	unsigned run, different, wrong, not_ours;
};

static void add(struct count *to, const struct count *more)
{
	to->run += more->run;
	to->different += more->different;
	to->wrong += more->wrong;
}

static bool has_flag(json_t *test, const char *flag)
{
	json_t *each;
	size_t i;

	json_array_foreach(json_object_get(test, "flags"), i,
			   each) if (strcmp(json_string_value(each), flag) == 0) return true;
	return false;
}

static bool is_explained(json_t *group, json_t *test, enum wycheproof_answer answer)
{
	const char *algorithm = json_string_value(json_object_get(group, "algorithm"));

	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		if (strcmp(differences[i].algorithm, algorithm) == 0 &&
		    differences[i].answer == answer && has_flag(test, differences[i].flag))
			return true;
	return false;
}

static void judge(const char *name, json_t *group, json_t *test, struct count *count)
{
	const char *type = json_string_value(json_object_get(group, "type"));
	const char *want = json_string_value(json_object_get(test, "result"));
	wycheproof_ask ask = wycheproof_asks(type);
	enum wycheproof_answer answer = ask != NULL ? ask(group, test) : WYCHEPROOF_NOT_OURS;

	if (answer == WYCHEPROOF_NOT_OURS) {
		count->not_ours++;
		return;
	}
	count->run++;
	if (answer != WYCHEPROOF_OTHER &&
	    (strcmp(want, "acceptable") == 0 ||
	     (strcmp(want, "valid") == 0) == (answer == WYCHEPROOF_TAKEN)))
		return;
	if (is_explained(group, test, answer)) {
		count->different++;
		return;
	}
	count->wrong++;
	printf("# %s: %d: %s, and we say %d: %s\n", name,
	       (int)json_integer_value(json_object_get(test, "tcId")), want, (int)answer,
	       json_string_value(json_object_get(test, "comment")));
}

static void judge_file(const char *path, struct count *all)
{
	const char *name = strrchr(path, '/') + 1;
	json_error_t error;
	json_t *file = json_load_file(path, 0, &error), *group, *test;
	struct count count = { 0 };
	size_t i, j;

	assert_non_null(file);
	json_array_foreach(json_object_get(file, "testGroups"), i, group)
	{
		json_object_set(group, "algorithm", json_object_get(file, "algorithm"));
		json_array_foreach(json_object_get(group, "tests"), j, test)
			judge(name, group, test, &count);
	}
	json_decref(file);
	printf("# %s: %u run, %u explained, %u wrong, %u not of our sizes\n", name, count.run,
	       count.different, count.wrong, count.not_ours);
	add(all, &count);
}

static void judge_algorithm(const char *folder, const struct algorithm *a, struct count *count)
{
	char pattern[512];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/%s.json", folder, a->pattern);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		judge_file(found.gl_pathv[i], count);
	globfree(&found);
	if (count->run < a->least)
		printf("# %s: %u run, and not %u\n", a->pattern, count->run, a->least);
}

/* Algorithms of a name stand together, and are a figure. */
static void wycheproof_finds_nothing(void **state)
{
	const char *folder = getenv("SOJOURN_WYCHEPROOF");
	struct count all = { 0 }, named = { 0 };
	unsigned names = 0, few = 0;

	(void)state;
	if (folder == NULL)
		SKIP_BECAUSE("SOJOURN_WYCHEPROOF names no folder of test vectors");
	for (const struct algorithm *a = algorithms; a < algorithms + ALGORITHMS; a++) {
		struct count count = { 0 };

		judge_algorithm(folder, a, &count);
		few += count.run < a->least;
		add(&named, &count);
		if (a + 1 < algorithms + ALGORITHMS && strcmp(a->name, a[1].name) == 0)
			continue;
		printf("# figure: vectors.%s %u\n", a->name, named.run);
		names += named.run > 0;
		add(&all, &named);
		named = (struct count){ 0 };
	}
	printf("# figure: vectors.algorithms %u\n# figure: vectors.run %u\n"
	       "# figure: vectors.explained %u\n# figure: vectors.wrong %u\n",
	       names, all.run, all.different, all.wrong);
	assert_int_equal(all.wrong, 0);
	assert_int_equal(few, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wycheproof_finds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
