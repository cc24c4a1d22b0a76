#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pkcs11/kept.h"
#include "tests/pkcs11/fakepiv.h"

static const uint8_t guid[SJ_PIV_GUID] = { 1 }, content[SJ_PIV_CONTENT] = { 2 };

/* A key, a certificate, an absence. */
static struct p11_kept *some(void)
{
	struct sj_piv_key_info key = { .size = sizeof(key),
				       .algorithm = SJ_PIV_P256,
				       .pin_always = true,
				       .spki = { 7, 8 },
				       .spki_len = 2 };
	struct p11_kept *list = NULL;

	assert_non_null(p11_kept_add(&list, P11_KEPT_KEY, 0x9A,
				     sj_span((const uint8_t *)&key, sizeof(key))));
	assert_non_null(p11_kept_add(&list, P11_KEPT_CERTIFICATE, 0x9A, SJ_SPAN_STR("cert")));
	assert_non_null(p11_kept_add(&list, P11_KEPT_OBJECT, 0x7E, sj_span(NULL, 0)));
	return list;
}

static void check_some(const struct p11_kept *list)
{
	const struct p11_kept *k = p11_kept_find(list, P11_KEPT_KEY, 0x9A);
	struct sj_piv_key_info key;

	assert_non_null(k);
	assert_int_equal(k->len, sizeof(key));
	memcpy(&key, k->bytes, sizeof(key));
	assert_true(key.algorithm == SJ_PIV_P256 && key.pin_always && !key.pin_never);
	assert_true(key.spki_len == 2 && key.spki[1] == 8);
	k = p11_kept_find(list, P11_KEPT_CERTIFICATE, 0x9A);
	assert_non_null(k);
	assert_memory_equal(k->bytes, "cert", 4);
	k = p11_kept_find(list, P11_KEPT_OBJECT, 0x7E);
	assert_non_null(k);
	assert_int_equal(k->len, 0);
	assert_null(p11_kept_find(list, P11_KEPT_OBJECT, 0x7F));
}

static struct sj_span written(struct sj_writer *w)
{
	struct p11_kept *list = some();

	p11_cache_put(w, guid, content, list);
	p11_kept_free(&list);
	assert_false(w->failed);
	return sj_written(w);
}

static void what_was_written_is_read(void **state)
{
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct p11_kept *list = NULL;

	(void)state;
	assert_true(p11_cache_read(written(&w), guid, content, &list));
	check_some(list);
	p11_kept_free(&list);
}

static void another_card_or_content_is_nothing(void **state)
{
	const uint8_t other[SJ_PIV_CONTENT] = { 9 };
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span file = written(&w);
	struct p11_kept *list = NULL;

	(void)state;
	assert_false(p11_cache_read(file, other, content, &list));
	assert_false(p11_cache_read(file, guid, other, &list));
	assert_null(list);
}

static void a_damaged_file_is_nothing(void **state)
{
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span file = written(&w);
	struct p11_kept *list = NULL;

	(void)state;
	for (size_t n = 0; n < file.len; n++) {
		assert_false(p11_cache_read(sj_span(file.ptr, n), guid, content, &list));
		bytes[n] ^= 1;
		assert_false(p11_cache_read(file, guid, content, &list));
		bytes[n] ^= 1;
		assert_null(list);
	}
}

/* --- on disk ------------------------------------------------------------------------------ */

static char folder[] = "/tmp/sojourn-p11-XXXXXX";

static size_t files(void)
{
	char command[96];
	FILE *f;
	size_t n = 0;
	int c;

	snprintf(command, sizeof(command), "ls -A %s/a/b", folder);
	f = popen(command, "r");
	assert_non_null(f);
	while ((c = fgetc(f)) != EOF)
		n += c == '\n';
	pclose(f);
	return n;
}

static struct p11_config in_folder(char path[static 96])
{
	struct p11_config c;

	p11_config_init(&c);
	snprintf(path, 96, "%s/a/b", folder);
	c.cache_folder = path;
	return c;
}

static void a_file_is_found_again(void **state)
{
	char path[96];
	struct p11_config c = in_folder(path);
	struct p11_kept *list = some();

	(void)state;
	assert_true(p11_cache_save(&c, guid, content, list));
	p11_kept_free(&list);
	p11_cache_load(&c, guid, content, &list);
	check_some(list);
	p11_kept_free(&list);
	assert_int_equal(files(), 1);
}

/* Somebody else may have written it, or written to it. */
static void a_file_of_somebody_else_is_nothing(void **state)
{
	char path[96], file[160];
	struct p11_config c = in_folder(path);
	struct p11_kept *list = some();

	(void)state;
	assert_true(p11_cache_save(&c, guid, content, list));
	p11_kept_free(&list);
	snprintf(file, sizeof(file), "%s/01%030d", path, 0);
	assert_int_equal(chmod(file, 0620), 0);
	p11_cache_load(&c, guid, content, &list);
	assert_null(list);
	assert_int_equal(chmod(file, 0600), 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(file, 65534, 0), 0);
	p11_cache_load(&c, guid, content, &list);
	assert_null(list);
}

static void the_oldest_go_first(void **state)
{
	char path[96];
	struct p11_config c = in_folder(path);
	struct p11_kept *list = some();

	(void)state;
	c.cache_max = 3;
	for (uint8_t i = 10; i < 16; i++) {
		const uint8_t each[SJ_PIV_GUID] = { i };

		assert_true(p11_cache_save(&c, each, content, list));
		usleep(10000);
	}
	p11_kept_free(&list);
	assert_int_equal(files(), 3);
	p11_cache_load(&c, (const uint8_t[SJ_PIV_GUID]){ 15 }, content, &list);
	check_some(list);
	p11_kept_free(&list);
}

static void without_a_cache_nothing_is_written(void **state)
{
	char path[96];
	struct p11_config c = in_folder(path);
	struct p11_kept *list = some();

	(void)state;
	c.no_cache = true;
	assert_false(p11_cache_save(&c, guid, content, list));
	p11_kept_free(&list);
	p11_cache_load(&c, guid, content, &list);
	assert_null(list);
}

/* --- in the module -------------------------------------------------------------------------- */

/* Calls that reading what is public takes, in a module's life. */
static unsigned reads_of_a_life(void)
{
	CK_BYTE template_id = 0x9E;

	assert_int_equal(C_Initialize(NULL), CKR_OK);
	fake.reads = 0;
	assert_int_equal(fake_sign(fake_session(RO), template_id), CKR_OK);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	return fake.reads;
}

static void a_known_card_is_not_read_again(void **state)
{
	(void)state;
	C_Finalize(NULL);
	setenv("XDG_CACHE_HOME", folder, 1);
	assert_true(reads_of_a_life() > 0);
	assert_int_equal(reads_of_a_life(), 0);
	fake.content[0]++;
	assert_true(reads_of_a_life() > 0);
	assert_int_equal(reads_of_a_life(), 0);
}

static void a_card_that_tells_no_content_is_read_each_time(void **state)
{
	(void)state;
	C_Finalize(NULL);
	setenv("XDG_CACHE_HOME", folder, 1);
	fake.no_content = true;
	assert_true(reads_of_a_life() > 0);
	assert_true(reads_of_a_life() > 0);
}

static void what_another_process_changed_is_seen_by_the_next_session(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);

	(void)state;
	assert_int_equal(fake_sign(s, 0x9E), CKR_OK);
	fake.reads = 0;
	assert_int_equal(fake_sign(s, 0x9E), CKR_OK);
	assert_int_equal(fake.reads, 0);
	assert_int_equal(C_CloseSession(s), CKR_OK);
	fake.content[0]++;
	assert_int_equal(fake_sign(fake_session(RO), 0x9E), CKR_OK);
	assert_true(fake.reads > 0);
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
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
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(another_card_or_content_is_nothing),
		cmocka_unit_test(a_damaged_file_is_nothing),
		cmocka_unit_test(a_file_is_found_again),
		cmocka_unit_test(a_file_of_somebody_else_is_nothing),
		cmocka_unit_test(the_oldest_go_first),
		cmocka_unit_test(without_a_cache_nothing_is_written),
		FAKE_CASE(a_known_card_is_not_read_again),
		FAKE_CASE(a_card_that_tells_no_content_is_read_each_time),
		FAKE_CASE(what_another_process_changed_is_seen_by_the_next_session),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
