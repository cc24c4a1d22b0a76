/* Captures: what tshark makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/pcap.h"
#include "tests/skip.h"

static const uint8_t select_df[] = { 0x00, 0xA4, 0x04, 0x0C, 0x07, 0xA0,
				     0x00, 0x00, 0x02, 0x47, 0x10, 0x01 };
static const uint8_t read_binary[] = { 0x00, 0xB0, 0x00, 0x00, 0x00, 0x02, 0x58 };
static const uint8_t ok[] = { 0x90, 0x00 };

struct fixture {
	char path[64];
	char text[8192];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint8_t data[602] = { 0x61 };
	struct cli_pcap *p;
	int fd;

	assert_non_null(f);
	strcpy(f->path, "/tmp/sojourn-pcap-XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	close(fd);
	data[600] = 0x90;
	p = cli_pcap_open(f->path);
	assert_non_null(p);
	cli_pcap_field_on(p);
	cli_pcap_apdu(p, false, select_df, sizeof(select_df));
	cli_pcap_apdu(p, true, ok, sizeof(ok));
	cli_pcap_apdu(p, false, read_binary, sizeof(read_binary));
	cli_pcap_apdu(p, true, data, sizeof(data));
	assert_true(cli_pcap_close(p));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	free(f);
	return 0;
}

/* Runs tshark over the capture; false: there is none. */
static bool decode(struct fixture *f, const char *arguments)
{
	char command[256];
	size_t n;
	FILE *p;

	snprintf(command, sizeof(command),
		 "tshark -r %s -d iso14443.subdissector,iso7816 %s 2>/dev/null", f->path,
		 arguments);
	p = popen(command, "r");
	assert_non_null(p);
	n = fread(f->text, 1, sizeof(f->text) - 1, p);
	f->text[n] = '\0';
	return pclose(p) == 0;
}

static void test_tshark_sees_the_commands(void **state)
{
	struct fixture *f = *state;

	if (!decode(f, "-Y iso7816.apdu.ins -T fields -e iso7816.apdu.ins"))
		SKIP_BECAUSE("tshark is not installed");
	assert_string_equal(f->text, "0xa4\n0xb0\n");
}

static void test_tshark_sees_the_status_words(void **state)
{
	struct fixture *f = *state;

	if (!decode(f, "-Y iso7816.apdu.sw1 -T fields -e iso7816.apdu.sw1"))
		SKIP_BECAUSE("tshark is not installed");
	assert_string_equal(f->text, "0x90\n0x90\n");
}

/* CRC_A bit by bit, as ISO/IEC 14443-3 describes the register. */
static uint16_t crc_a(const uint8_t *bytes, size_t len)
{
	uint16_t crc = 0x6363;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1);
	}
	return crc;
}

static void test_the_check_is_that_of_the_standard(void **state)
{
	static const uint8_t example[] = { 0x12, 0x34 };
	struct fixture *f = *state;
	uint8_t bytes[2048];
	size_t n, block;
	FILE *file = fopen(f->path, "r");

	/* ISO/IEC 14443-3:2018, annex B.1: 12 34 is followed by 26 CF. */
	assert_int_equal(crc_a(example, 2), 0xCF26);
	assert_non_null(file);
	n = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	block = 24 + (16 + 4) + 16 + 4; /* file header, field on, header of the first block */
	assert_true(n > block + 15);
	assert_memory_equal(bytes + block + 1, select_df, sizeof(select_df));
	assert_int_equal(bytes[block + 13] | bytes[block + 14] << 8, crc_a(bytes + block, 13));
}

static void test_only_the_owner_may_read_it(void **state)
{
	char path[64];
	struct cli_pcap *p;
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/sojourn-pcap-mode-%d", (int)getpid());
	p = cli_pcap_open(path);
	assert_non_null(p);
	assert_true(cli_pcap_close(p));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	unlink(path);
}

static void test_a_full_disk_is_told(void **state)
{
	struct cli_pcap *p = cli_pcap_open("/dev/full");

	(void)state;
	assert_non_null(p);
	assert_false(cli_pcap_close(p));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tshark_sees_the_commands, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tshark_sees_the_status_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_check_is_that_of_the_standard, setup,
						teardown),
		cmocka_unit_test(test_only_the_owner_may_read_it),
		cmocka_unit_test(test_a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
