/*
 * class.c -- what the bits of CLA mean (ISO/IEC 7816-4:2020, 5.4.1, tables 2
 * and 3; GlobalPlatform 2.3.1, 11.1.4, codes 80 to 9F the same way).
 */
#include "host/card_internal.h"

#define CLA_CHAINED 0x10u
#define CLA_SM 0x0Cu
#define CLA_SM_HEADER 0x0Cu /* secure messaging that authenticates the header */
#define CLA_SM_SCP 0x04u /* that of GlobalPlatform (2.3.1, table 11-11) ... */
#define CLA_SCP 0x84u /* ... which is spoken on the basic channel alone */
#define CLA_CHANNEL 0x03u

uint16_t card_class_parse(uint8_t cla, struct card_class *out)
{
	unsigned sm = cla & CLA_SM;

	/* 4x to 7x: channels 4 to 19, which this card does not have. */
	if ((cla & 0xC0u) == 0x40u)
		return SJ_SW_CHANNEL_NOT_SUPPORTED;
	if ((cla & 0xE0u) != 0x00u && (cla & 0xE0u) != 0x80u)
		return SJ_SW_WRONG_CLA;
	/* Any other proprietary secure messaging (04), and one that leaves the header open (08). */
	if (sm != 0 && sm != CLA_SM_HEADER && (cla & (0x80u | CLA_SM | CLA_CHANNEL)) != CLA_SCP)
		return SJ_SW_SM_NOT_SUPPORTED;
	*out = (struct card_class){
		.base = cla & 0x80u,
		.channel = cla & CLA_CHANNEL,
		.secured = sm == CLA_SM_HEADER,
		.scp = sm == CLA_SM_SCP,
		.chained = (cla & CLA_CHAINED) != 0,
	};
	return SJ_SW_OK;
}
