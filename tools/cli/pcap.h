/*
 * pcap.h -- writing what went over the wire as a capture of ISO/IEC 14443
 * frames, which tshark decodes to APDUs without a plug-in:
 * `tshark -r FILE -d iso14443.subdissector,iso7816`.
 */
#ifndef SOJOURN_TOOLS_CLI_PCAP_H
#define SOJOURN_TOOLS_CLI_PCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli_pcap;

/* Opens a new capture (0600: it may hold personal data). NULL: errno says why. */
struct cli_pcap *cli_pcap_open(const char *path);
/* The card got power. */
void cli_pcap_field_on(struct cli_pcap *p);
/* One APDU, either way; sent in I-blocks of at most 256 bytes as a card would. */
void cli_pcap_apdu(struct cli_pcap *p, bool from_card, const uint8_t *bytes, size_t len);
/* Closes and frees. False: something could not be written. */
bool cli_pcap_close(struct cli_pcap *p);

#endif
