#include "tests/power/flows.h"

#define AID_LDS "07A0000002471001"
#define INSTALLED "80E604001E09F0534F4A4F55524EFF" AID_LDS AID_LDS "01000000"
#define SELECTABLE "80E608000D0000" AID_LDS "000000"
#define BOTH "80E60C001E09F0534F4A4F55524EFF" AID_LDS AID_LDS "01000000"
#define DELETE_LDS "80E40000094F" AID_LDS
#define LOCK_LDS "80F0408007A0000002471001"
#define UNLOCK_LDS "80F0400007A0000002471001"

static void done(struct bench *b, const char *command)
{
	assert_int_equal(bench_do(b, command), SJ_SW_OK);
}

static void wrong_channel(struct bench *b)
{
	done(b, SELECT_MANAGER);
	assert_int_equal(bench_hex(b, "80500000081032547698BADCFE00"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "8482330010000102030405060708090A0B0C0D0E0F00"),
			 SJ_SW_SECURITY_STATUS);
}

static void channels(struct sweep *s)
{
	struct bench *b = s->b;

	assert_int_equal(bench_do(b, SELECT_MANAGER), SJ_SW_OK);
	done(b, "80CA9F7F00");
	done(b, "80CA00E000");
	for (unsigned i = 0; i < 5; i++) { /* the fourth costs time */
		sweep_guess(s);
		wrong_channel(b);
		sweep_guessed(s);
	}
	done(b, SELECT_MANAGER);
	sweep_guess(s);
	bench_manage(b);
	sweep_guessed(s);
}

static void put_keys(struct bench *b, uint8_t old, uint8_t version, uint8_t seed)
{
	const struct sj_scp03_keys present = rig_well_known();
	struct sj_scp03_keys fresh = { .cipher = SJ_CIPHER_AES256 };
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0xD8, .p1 = old, .p2 = 0x81, .ne = 256 };
	uint8_t bytes[160];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	memset(fresh.enc, seed, sizeof(fresh.enc));
	memset(fresh.mac, seed + 1, sizeof(fresh.mac));
	memset(fresh.dek, seed + 2, sizeof(fresh.dek));
	assert_true(sj_scp03_put_keys(&w, version, &fresh, present.cipher, present.dek));
	apdu.data = sj_written(&w);
	assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
}

/* What powered time takes away, with the command that comes next. */
static void time_passes(struct sweep *s)
{
	struct bench *b = s->b;

	bench_power(b);
	for (unsigned i = 0; i < 2; i++)
		wrong_channel(b);
	b->now_ms += 61000;
	assert_int_equal(bench_hex(b, "0070000001"), SJ_SW_OK);
	b->now_ms += 61000;
	assert_int_equal(bench_hex(b, "00708001"), SJ_SW_OK);
	bench_manage(b);
}

static void lives(struct sweep *s)
{
	struct bench *b = s->b;

	done(b, "80F08007");
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BAC), SJ_SW_OK);
	sweep_pause(s);
	bench_perso_files(b);
	sweep_go_on(s);
	bench_profile(b, PROFILE_OPEN);
	bench_manage(b);
	done(b, "80F0800F");
	done(b, LOCK_LDS);
	done(b, UNLOCK_LDS);
	done(b, "80F0807F");
	done(b, "80F0800F");
	done(b, "80F080FF");
}

void flow_manager(struct sweep *s)
{
	struct bench *b = s->b;

	channels(s);
	done(b, DELETE_LDS);
	done(b, INSTALLED);
	done(b, SELECTABLE);
	done(b, DELETE_LDS);
	done(b, BOTH);
	done(b, LOCK_LDS);
	done(b, UNLOCK_LDS);
	put_keys(b, 0x00, 0x31, 0x10); /* one more */
	put_keys(b, 0x31, 0x32, 0x20); /* in its place */
	time_passes(s);
	lives(s);
}
