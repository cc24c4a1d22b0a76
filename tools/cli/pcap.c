/*
 * pcap.c -- LINKTYPE_ISO_14443 (264): version 0, event, big-endian length, frame.
 *
 * Sources: the link type's page at tcpdump.org; ISO/IEC 14443-3:2018, annex B
 * (CRC_A); ISO/IEC 14443-4:2018, 7.1 (blocks), 7.5.5 (chaining).
 */
#include "cli/pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

#define LINKTYPE_ISO_14443 264u
#define EVENT_FIELD_ON 0xFCu
#define EVENT_READER_TO_CARD 0xFEu
#define EVENT_CARD_TO_READER 0xFFu

#define PCB_I_BLOCK 0x02u
#define PCB_CHAINING 0x10u
#define PCB_R_ACK 0xA2u
#define INF_MAX 253u /* FSD 256 less PCB and CRC */

struct cli_pcap {
	FILE *file;
	unsigned number; /* block number of the next block: 0 or 1 */
};

static void put16(FILE *f, uint16_t v)
{
	fwrite(&v, sizeof(v), 1, f);
}

static void put32(FILE *f, uint32_t v)
{
	fwrite(&v, sizeof(v), 1, f);
}

struct cli_pcap *cli_pcap_open(const char *path)
{
	struct cli_pcap *p = calloc(1, sizeof(*p));
	int fd, why;

	if (p == NULL)
		return NULL;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0)
		p->file = fdopen(fd, "w");
	if (p->file == NULL) {
		why = errno;
		if (fd >= 0)
			close(fd);
		free(p);
		errno = why;
		return NULL;
	}
	put32(p->file, 0xA1B2C3D4u); /* microseconds, in this machine's byte order */
	put16(p->file, 2);
	put16(p->file, 4);
	put32(p->file, 0);
	put32(p->file, 0);
	put32(p->file, 0x40000);
	put32(p->file, LINKTYPE_ISO_14443);
	return p;
}

/* CRC_A: initial value 6363, sent low byte first. */
static uint16_t crc_a(uint16_t crc, uint8_t byte)
{
	byte = (uint8_t)(byte ^ (crc & 0xFF));
	byte = (uint8_t)(byte ^ (byte << 4));
	return (uint16_t)((crc >> 8) ^ (byte << 8) ^ (byte << 3) ^ (byte >> 4));
}

static void put_record(FILE *f, unsigned event, size_t frame_len)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	put32(f, (uint32_t)now.tv_sec);
	put32(f, (uint32_t)(now.tv_nsec / 1000));
	put32(f, (uint32_t)(4 + frame_len));
	put32(f, (uint32_t)(4 + frame_len));
	fputc(0, f);
	fputc((int)event, f);
	fputc((int)(frame_len >> 8 & 0xFF), f);
	fputc((int)(frame_len & 0xFF), f);
}

/* A block with its check: PCB, information, CRC_A. */
static void put_block(const struct cli_pcap *p, bool from_card, unsigned pcb, const uint8_t *inf,
		      size_t len)
{
	uint16_t crc = crc_a(0x6363, (uint8_t)pcb);

	put_record(p->file, from_card ? EVENT_CARD_TO_READER : EVENT_READER_TO_CARD, 1 + len + 2);
	fputc((int)pcb, p->file);
	for (size_t i = 0; i < len; i++) {
		fputc(inf[i], p->file);
		crc = crc_a(crc, inf[i]);
	}
	fputc(crc & 0xFF, p->file);
	fputc(crc >> 8, p->file);
}

void cli_pcap_field_on(struct cli_pcap *p)
{
	p->number = 0;
	put_record(p->file, EVENT_FIELD_ON, 0);
}

/*
 * Both sides number alike: the number changes with each pair of blocks, a
 * chained block being paired with its acknowledgement.
 */
void cli_pcap_apdu(struct cli_pcap *p, bool from_card, const uint8_t *bytes, size_t len)
{
	while (len > INF_MAX) {
		put_block(p, from_card, PCB_I_BLOCK | PCB_CHAINING | p->number, bytes, INF_MAX);
		if (from_card)
			p->number ^= 1;
		put_block(p, !from_card, PCB_R_ACK | p->number, NULL, 0);
		if (!from_card)
			p->number ^= 1;
		bytes += INF_MAX;
		len -= INF_MAX;
	}
	put_block(p, from_card, PCB_I_BLOCK | p->number, bytes, len);
	if (from_card)
		p->number ^= 1;
}

bool cli_pcap_close(struct cli_pcap *p)
{
	const bool good = cli_stream_close(p->file);

	free(p);
	return good;
}
