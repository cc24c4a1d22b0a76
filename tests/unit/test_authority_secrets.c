/* An authority's symmetric keys: what is derived, and where they lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "authority/secrets.h"
#include "cli/frame.h"
#include "wire/hex.h"

struct fixture {
	struct cli cli;
	struct authority a;
	char *err;
	size_t err_len;
	char dir[40];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/sojourn-secrets-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->cli.out = stdout;
	f->cli.err = open_memstream(&f->err, &f->err_len);
	f->a = (struct authority){
		.cli = &f->cli, .directory = f->dir, .lock = -1, .state = json_object()
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fclose(f->cli.err);
	free(f->err);
	json_decref(f->a.state);
	cli_tree_remove(f->dir);
	free(f);
	return 0;
}

/* Puts a key of so many bytes 00 01 02 ... where "card-master-1" lies. */
static void put_key(struct fixture *f, size_t n)
{
	uint8_t key[64];

	for (size_t i = 0; i < n; i++)
		key[i] = (uint8_t)i;
	assert_int_equal(
		authority_file_write(&f->a, "card-master-1", ".secret", sj_span(key, n), 0600), 0);
}

/* The expected value is of KBKDFCMAC in Python's cryptography (rlen 1, llen 2, no label). */
static void what_is_derived_is_sp_800_108(void **state)
{
	struct fixture *f = *state;
	uint8_t out[SECRETS_SIZE];
	char text[2 * SECRETS_SIZE + 1];

	put_key(f, 32);
	assert_int_equal(secrets_derive(&f->a, "card-master-1", SJ_SPAN_STR("card 1"), out), 0);
	assert_true(sj_hex_text(SJ_SPAN_OF(out), SJ_HEX_LOWER, text, sizeof(text)));
	assert_string_equal(text,
			    "9dfe9d17e79a12fa93cb665cd20b5799212be9480ca59ef208372e99ba8f0b0d");
}

static void a_new_key_is_its_owner_s_alone_and_noted(void **state)
{
	struct fixture *f = *state;
	uint8_t one[SECRETS_SIZE], two[SECRETS_SIZE];
	char path[80];
	struct stat st;

	assert_int_equal(secrets_make(&f->a, "register-1"), 0);
	snprintf(path, sizeof(path), "%s/register-1.secret", f->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(json_array_size(json_object_get(f->a.state, "keys")), 1);
	assert_int_equal(secrets_derive(&f->a, "register-1", SJ_SPAN_STR("a"), one), 0);
	assert_int_equal(secrets_derive(&f->a, "register-1", SJ_SPAN_STR("b"), two), 0);
	assert_memory_not_equal(one, two, sizeof(one));
}

static void a_key_cut_short_is_named(void **state)
{
	struct fixture *f = *state;
	uint8_t out[SECRETS_SIZE];

	put_key(f, 31);
	assert_int_not_equal(secrets_derive(&f->a, "card-master-1", SJ_SPAN_STR("a"), out), 0);
	fflush(f->cli.err);
	assert_non_null(strstr(f->err, "card-master-1"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_derived_is_sp_800_108, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_key_is_its_owner_s_alone_and_noted, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_key_cut_short_is_named, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
