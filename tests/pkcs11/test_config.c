#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pkcs11/state.h"

static char folder[] = "/tmp/sojourn-p11-XXXXXX";

static void write_to(const char *name, const char *text)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* "": it was read. */
static const char *load(const char *text, struct p11_config *c)
{
	static char problem[P11_CONFIG_PROBLEM];

	write_to("conf", text);
	p11_config_init(c);
	if (p11_config_load(c, problem))
		return "";
	return problem + strlen(folder) + strlen("/conf"); /* what comes after the file's name */
}

static void nothing_said_is_the_default(void **state)
{
	struct p11_config c;

	(void)state;
	assert_string_equal(load("# nothing\n", &c), "");
	assert_int_equal(c.timeout_ms, 10000);
	assert_true(p11_config_reader(&c, "Any") && p11_config_piv(&c));
	assert_false(c.no_cache || c.remember || c.some_keys);
	p11_config_free(&c);
}

static void every_key_is_understood(void **state)
{
	struct p11_config c;

	(void)state;
	assert_string_equal(load("[pkcs11]\nreaders = Front, Gate 2\napplets = piv\nkeys = 9A, 82\n"
				 "objects = certificates, public-keys\ntimeout = 3\n"
				 "pinentry = /bin/p\ncan-file = /c\npairing-code-file = /p\n"
				 "remember = yes\ntrust = /t\ncache = no\ncache-folder = /f\n"
				 "cache-cards = 2\n",
				 &c),
			    "");
	assert_int_equal(c.timeout_ms, 3000);
	assert_int_equal(c.n_keys, 2);
	assert_true(c.no_cache && c.remember && c.hide_data && c.hide_private_keys);
	assert_false(c.hide_certificates || c.hide_public_keys);
	assert_string_equal(c.can_file, "/c");
	assert_string_equal(c.pairing_code_file, "/p");
	assert_string_equal(c.trust, "/t");
	assert_string_equal(c.cache_folder, "/f");
	assert_int_equal(c.cache_max, 2);
	p11_config_free(&c);
}

static void readers_are_parts_of_names(void **state)
{
	struct p11_config c;

	(void)state;
	assert_string_equal(load("[pkcs11]\nreaders = Front,  Gate 2\n", &c), "");
	assert_true(p11_config_reader(&c, "ACS Front 00 00"));
	assert_true(p11_config_reader(&c, "Gate 2"));
	assert_false(p11_config_reader(&c, "Gate 1"));
	p11_config_free(&c);
}

static void no_applet_means_none(void **state)
{
	struct p11_config c;

	(void)state;
	assert_string_equal(load("[pkcs11]\napplets =\n", &c), "");
	assert_false(p11_config_piv(&c));
	p11_config_free(&c);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text, *problem;
	} bad[] = {
		{ "[pkcs11]\n\ncolour = red\n", ", line 3: unknown key 'colour'" },
		{ "[sojourn]\ncache = no\n", ", line 2: 'cache' is not in [pkcs11]" },
		{ "[pkcs11]\ncache = perhaps\n", ", line 2: cache cannot be 'perhaps'" },
		{ "[pkcs11]\nkeys = 9A, 9F\n", ", line 2: keys cannot be '9A, 9F'" },
		{ "[pkcs11]\nkeys = 9Ax\n", ", line 2: keys cannot be '9Ax'" },
		{ "[pkcs11]\nobjects = secrets\n", ", line 2: objects cannot be 'secrets'" },
		{ "[pkcs11]\napplets = openpgp\n", ", line 2: applets cannot be 'openpgp'" },
		{ "[pkcs11]\ntimeout = 0\n", ", line 2: timeout cannot be '0'" },
		{ "[pkcs11]\ntimeout = -1\n", ", line 2: timeout cannot be '-1'" },
		{ "[pkcs11]\ntimeout = 1x\n", ", line 2: timeout cannot be '1x'" },
		{ "[pkcs11]\nno setting\n", ", line 2: not a setting" },
	};
	struct p11_config c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_string_equal(load(bad[i].text, &c), bad[i].problem);
		p11_config_free(&c);
	}
}

static void drop_ins_come_after(void **state)
{
	char path[96];
	struct p11_config c;

	(void)state;
	snprintf(path, sizeof(path), "%s/conf.d", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	write_to("conf.d/10.conf", "[pkcs11]\ntimeout = 4\n");
	write_to("conf.d/20.conf", "[pkcs11]\ntimeout = 5\n");
	write_to("conf.d/30.other", "nonsense");
	write_to("conf.d/.40.conf", "nonsense");
	assert_string_equal(load("[pkcs11]\ntimeout = 3\n", &c), "");
	assert_int_equal(c.timeout_ms, 5000);
	p11_config_free(&c);
	write_to("conf.d/10.conf", "nonsense"); /* those behind it are not read */
	assert_string_equal(load("[pkcs11]\ntimeout = 3\n", &c),
			    ".d/10.conf, line 1: not a setting");
	assert_int_equal(c.timeout_ms, 3000);
	p11_config_free(&c);
	snprintf(path, sizeof(path), "rm -r %s/conf.d", folder);
	assert_int_equal(system(path), 0);
}

/* What may stand in drop-ins that cannot be listed is not left out. */
static void a_folder_that_cannot_be_read_is_an_error(void **state)
{
	struct p11_config c;
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/conf.d", folder);
	assert_int_equal(symlink(path, path), 0);
	assert_non_null(strstr(load("[pkcs11]\ntimeout = 3\n", &c), ".d: "));
	p11_config_free(&c);
	assert_int_equal(unlink(path), 0);
}

static void variables_go_before_the_file(void **state)
{
	struct p11_config c;

	(void)state;
	setenv("SOJOURN_PKCS11_CAN_FILE", "/elsewhere", 1);
	assert_string_equal(load("[pkcs11]\ncan-file = /c\n", &c), "");
	assert_string_equal(c.can_file, "/elsewhere");
	p11_config_free(&c);
	unsetenv("SOJOURN_PKCS11_CAN_FILE");
}

static void what_is_hidden_is_not_seen(void **state)
{
	struct p11_module m;
	struct p11_slot slot = { .module = &m };
	struct p11_token t = { .slot = &slot };

	(void)state;
	assert_string_equal(load("[pkcs11]\nkeys = 9A\nobjects = certificates\n", &m.config), "");
	assert_true(p11_visible_key(&t, 0x9A) && !p11_visible_key(&t, 0x9C));
	assert_true(p11_visible_class(&t, CKO_CERTIFICATE) && p11_visible_class(&t, CKO_PROFILE));
	assert_false(p11_visible_class(&t, CKO_DATA) || p11_visible_class(&t, CKO_PRIVATE_KEY) ||
		     p11_visible_class(&t, CKO_PUBLIC_KEY));
	p11_config_free(&m.config);
}

static void a_file_that_was_asked_for_is_there(void **state)
{
	char problem[P11_CONFIG_PROBLEM], *only = strdup(getenv("SOJOURN_PKCS11_CONF"));
	const char *const wrong[] = { "/tmp/sojourn-no-such-file", folder };
	struct p11_config c;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		setenv("SOJOURN_PKCS11_CONF", wrong[i], 1);
		p11_config_init(&c);
		assert_false(p11_config_load(&c, problem));
		assert_non_null(strstr(problem, i == 0 ? "No such file" : "Is a directory"));
		p11_config_free(&c);
	}
	setenv("SOJOURN_PKCS11_CONF", only, 1);
	free(only);
}

static void load_own(const char *xdg, const char *home)
{
	char problem[P11_CONFIG_PROBLEM];
	struct p11_config c;

	setenv("XDG_CONFIG_HOME", xdg, 1);
	setenv("HOME", home, 1);
	p11_config_init(&c);
	assert_true(p11_config_load(&c, problem));
	p11_config_free(&c);
}

/* HOME of some users of the system. */
static void a_home_that_is_no_folder_holds_no_file(void **state)
{
	char *only = strdup(getenv("SOJOURN_PKCS11_CONF"));
	char *home = getenv("HOME") != NULL ? strdup(getenv("HOME")) : NULL;

	(void)state;
	unsetenv("SOJOURN_PKCS11_CONF");
	load_own("/dev/null", "/");
	load_own("relative", "/dev/null");
	load_own("", "relative");
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("HOME");
	assert_true(home == NULL || setenv("HOME", home, 1) == 0);
	setenv("SOJOURN_PKCS11_CONF", only, 1);
	free(home);
	free(only);
}

/* A file that may hide things and cannot be understood must not show them. */
static void initialize_fails_with_a_bad_file(void **state)
{
	struct p11_config c;

	(void)state;
	assert_string_not_equal(load("[pkcs11]\ncolour = red\n", &c), "");
	assert_int_equal(C_Initialize(NULL), CKR_GENERAL_ERROR);
	assert_int_equal(C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	p11_config_free(&c);
}

static int begin(void **state)
{
	char path[96];

	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/conf", folder);
	return setenv("SOJOURN_PKCS11_CONF", path, 1);
}

static int end(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_is_the_default),
		cmocka_unit_test(every_key_is_understood),
		cmocka_unit_test(readers_are_parts_of_names),
		cmocka_unit_test(no_applet_means_none),
		cmocka_unit_test(what_is_wrong_is_told_with_its_line),
		cmocka_unit_test(drop_ins_come_after),
		cmocka_unit_test(a_folder_that_cannot_be_read_is_an_error),
		cmocka_unit_test(variables_go_before_the_file),
		cmocka_unit_test(what_is_hidden_is_not_seen),
		cmocka_unit_test(a_file_that_was_asked_for_is_there),
		cmocka_unit_test(a_home_that_is_no_folder_holds_no_file),
		cmocka_unit_test(initialize_fails_with_a_bad_file),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
