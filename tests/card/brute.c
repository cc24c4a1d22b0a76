#include "tests/card/brute.h"

#include "tests/card/eid_rig.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const uint32_t brute_piv_tags[BRUTE_PIV_OBJECTS] = {
	0x5FC101, 0x5FC102, 0x5FC103, 0x5FC105, 0x5FC106, 0x5FC107, 0x5FC108, 0x5FC109, 0x5FC10A,
	0x5FC10B, 0x5FC10C, 0x5FC10D, 0x5FC120, 0x5FC121, 0x5FC122, 0x5FC123, 0x5FFF00
};

void brute_item(struct brute *f, unsigned i, struct sj_span content)
{
	if (content.len == 0)
		return;
	assert_true(i < ITEMS && f->bytes[i] == NULL);
	f->bytes[i] = malloc(content.len);
	assert_non_null(f->bytes[i]);
	memcpy(f->bytes[i], content.ptr, content.len);
	f->len[i] = content.len;
}

void brute_end(struct brute *f)
{
	for (unsigned i = 0; i < ITEMS; i++)
		free(f->bytes[i]);
}

/* --- brute force ---------------------------------------------------------------------------- */

/* It is this item, whole; behind a group its file may have zeros, which GET DATA leaves out. */
static bool is_item(const struct brute *f, unsigned i, struct sj_span data)
{
	if (f->len[i] == 0 || data.len > f->len[i] || memcmp(data.ptr, f->bytes[i], data.len) != 0)
		return false;
	for (size_t k = data.len; k < f->len[i]; k++)
		if (f->bytes[i][k] != 0)
			return false;
	return true;
}

/* Data of a good answer must be one of the items. */
static void look(struct brute *f)
{
	const struct bench *b = f->b;

	assert_true(b->secured); /* a session that is lost would hide what follows */
	if (b->data.len == 0)
		return;
	for (unsigned i = 0; i < ITEMS; i++) {
		if (is_item(f, i, b->data)) {
			f->seen[i] = true;
			return;
		}
	}
	print_error("unknown data of %zu bytes\n", b->data.len);
	fail();
}

static void send(struct brute *f, uint8_t cla, uint8_t ins, uint8_t p1, uint8_t p2,
		 struct sj_span data)
{
	const struct sj_apdu apdu = {
		.cla = cla, .ins = ins, .p1 = p1, .p2 = p2, .data = data, .ne = 65536
	};

	bench_send(f->b, &apdu);
}

static void read_by_short(struct brute *f, uint8_t channel)
{
	for (uint8_t sfi = 0; sfi <= 30; sfi++) {
		send(f, channel, 0xB0, (uint8_t)(0x80 | sfi), 0, sj_span(NULL, 0));
		look(f);
	}
}

/* SELECT and READ BINARY, and READ BINARY of the odd instruction. */
static void read_by_fid(struct brute *f, uint8_t channel, uint8_t high, uint8_t low)
{
	const uint8_t fid[] = { high, low };
	struct bench *b = f->b;

	send(f, channel, 0xB1, high, low, HEX("540100"));
	if (b->data.len > 3 && b->data.ptr[0] == 0x53)
		assert_int_equal(sj_tlv_take(&b->data, 0x53, &b->data), SJ_TLV_FOUND);
	look(f);
	send(f, channel, 0xA4, 0x02, 0x0C, SJ_SPAN_OF(fid));
	look(f);
	if (b->sw != SJ_SW_OK)
		return;
	send(f, channel, 0xB0, 0, 0, sj_span(NULL, 0));
	look(f);
}

/* GET DATA of both kinds, lists, serial numbers, what a key would prove. */
static void read_objects(struct brute *f, uint8_t channel)
{
	static const char *const commands[] = {
		"80CA9F7F00",       "80CA004200",
		"80CA004500",       "80CA006600",
		"80CA006700",       "80CA00CF00",
		"80CA00E000",       "80CA00C100",
		"80F28002024F0000", "80F24002024F0000",
		"80F21002024F0000", "00F8000000",
		"00FD000000",       "00F7009A00",
		"00F99A0000",       "0088000008010203040506070800",
		"00870000027C0000", "0020008000",
		"0020009800",       "00860000027C0000",
		"8020800000",
	};
	uint8_t bytes[64];

	for (size_t i = 0; i < COUNT(commands); i++) {
		struct sj_apdu apdu;

		assert_true(sj_apdu_parse(hex(commands[i], bytes, sizeof(bytes)), &apdu));
		apdu.cla |= channel;
		bench_send(f->b, &apdu);
		look(f);
	}
	for (size_t i = 0; i < BRUTE_PIV_OBJECTS; i++) {
		struct sj_writer w = SJ_WRITER_OF(bytes);

		sj_put(&w, HEX("5C03"));
		sj_put_be(&w, 3, brute_piv_tags[i]);
		send(f, channel, 0xCB, 0x3F, 0xFF, sj_written(&w));
		look(f);
	}
}

/* GET DATA of groups by their tags, each alone and all at once. */
static void read_groups(struct brute *f, uint8_t channel)
{
	uint8_t list[2 + EID_GROUPS] = { 0x5C, EID_GROUPS }, one[] = { 0x5C, 0x01, 0x00 };

	for (uint8_t i = 0; i < EID_GROUPS; i++) {
		one[2] = list[2 + i] = (uint8_t)(0x61 + i);
		send(f, channel, 0xCB, 0x3F, 0xFF, SJ_SPAN_OF(one));
		look(f);
	}
	send(f, channel, 0xCB, 0x3F, 0xFF, SJ_SPAN_OF(list));
	/* Only an inspection system may read all; it has seen each before. */
	if (card_terminal(f->b->card)->rights.terminal != SJ_CVC_INSPECTION)
		look(f);
}

void brute_read(struct brute *f, uint8_t channel)
{
	read_groups(f, channel);
	read_by_short(f, channel);
	for (uint8_t low = 0x01; low <= 0x1F; low++)
		read_by_fid(f, channel, 0x01, low);
	for (uint8_t sector = 0; sector < EAC_SECTORS; sector++)
		read_by_fid(f, channel, 0x1D, sector);
	read_by_fid(f, channel, 0x2F, 0x00);
	read_by_fid(f, channel, 0x2F, 0x01);
	read_objects(f, channel);
}

void brute_select(struct brute *f, uint8_t channel, unsigned app)
{
	static const char *const names[APPS] = { "",
						 "A0000002471001",
						 EID_AID,
						 "F0534F4A4F55524E01",
						 "A000000308000010000100",
						 "A000000151000000" };
	struct bench *b = f->b;

	if (app == APP_MF)
		send(f, channel, 0xA4, 0x00, 0x0C, sj_span(NULL, 0));
	else
		send(f, channel, 0xA4, 0x04, 0x0C, HEX(names[app]));
	assert_int_equal(b->data.len, 0);
	if (app == APP_PIV || app == APP_MANAGER)
		assert_int_equal(b->sw, SJ_SW_NOT_FOUND);
}

void brute_pairs(struct brute *f)
{
	for (unsigned first = 0; first < APPS; first++) {
		for (unsigned second = first; second < APPS; second++) {
			brute_select(f, 0, first);
			brute_read(f, 0);
			if (second == first)
				continue;
			brute_select(f, 0, second);
			brute_read(f, 0);
		}
	}
}

void brute_check(struct brute *f, const char *who, const bool expected[static ITEMS])
{
	for (unsigned i = 0; i < ITEMS; i++) {
		if (f->seen[i] == expected[i])
			continue;
		print_error("%s: item %u %s\n", who, i, f->seen[i] ? "was told" : "is missing");
		fail();
	}
	memset(f->seen, 0, sizeof(f->seen));
}
