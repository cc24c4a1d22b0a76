/*
 * peers.c -- other protocols for the same purpose, as steps of the model.
 *
 * Byte counts are of whole APDUs, from traces (m), from the specifications' field
 * sizes (s), or estimated (e). The rows A to C are designs that were not taken:
 * they are nobody's standard.
 */
#include "bench/bench.h"

#define STEPS_MAX 16

/* The same step so many times, bytes of command and response, operations. */
struct step {
	unsigned times;
	size_t command, response;
	struct card_rf_work work;
};

struct peer {
	const char *name, *properties;
	char source;
	bool logic;
	unsigned reader; /* elliptic curve operations of the reader on the critical path */
	struct step steps[STEPS_MAX]; /* times 0 ends */
};

#define WORK(...) \
	{ \
		{ \
			__VA_ARGS__ \
		} \
	}
#define NOTHING WORK(0)
#define N(op, times) [CARD_RF_##op] = (times)
#define SELECT N(SELECT, 1)
#define AES(calls, bytes) N(CIPHER, calls), N(CIPHER_BYTES, bytes)
#define SHA(calls, blocks) N(HASH, calls), N(HASH_BLOCKS, blocks)

static const struct peer peers[] = {
	{ "DESFire EV3 AES (AuthEV2First + 32B read)",
	  "MA=y ID=y(randUID) PKI=no(shared keys) FS=no RR=opt.PC",
	  's',
	  true,
	  0,
	  {
		  { 1, 18, 2, NOTHING },
		  { 1, 10, 19, WORK(AES(1, 16)) },
		  { 1, 39, 35, WORK(AES(2, 64)) },
		  { 1, 14, 50, WORK(AES(1, 64)) },
	  } },
	{ "CIPURSE AES mutual auth + 32B read",
	  "MA=y ID=y PKI=no FS=no RR=no",
	  's',
	  true,
	  0,
	  {
		  { 1, 12, 2, NOTHING },
		  { 1, 5, 24, WORK(AES(1, 16)) },
		  { 1, 43, 18, WORK(AES(1, 48)) },
		  { 1, 10, 50, WORK(AES(1, 64)) },
	  } },
	{ "PLAID (RSA-2048 + AES)",
	  "MA=y ID=BROKEN PKI=no(master keys in reader) FS=no RR=no",
	  's',
	  false,
	  1,
	  {
		  { 1, 15, 25, WORK(SELECT) },
		  { 1, 20, 258, WORK(N(RSA_PUBLIC, 1)) },
		  { 1, 58, 90, WORK(AES(2, 128)) },
	  } },
	{ "PKOC 1.1",
	  "MA=no ID=LEAKS pubkey PKI=no(enrolled) FS=n/a RR=no",
	  's',
	  false,
	  1,
	  {
		  { 1, 14, 8, WORK(SELECT) },
		  { 1, 62, 135, WORK(N(SIGN, 1)) },
	  } },
	{ "EMV RRP exchange only",
	  "timing only",
	  's',
	  false,
	  0,
	  {
		  { 1, 10, 14, NOTHING },
	  } },
	{ "EMV ODA fDDA/CDA RSA",
	  "MA=no ID=LEAKS PAN PKI=y FS=no RR=opt.RRP",
	  'e',
	  false,
	  1,
	  {
		  { 1, 20, 60, WORK(SELECT) },
		  { 1, 13, 80, WORK(SELECT) },
		  { 1, 45, 40, NOTHING },
		  { 1, 5, 190, NOTHING },
		  { 2, 5, 250, NOTHING },
		  { 1, 40, 190, WORK(N(RSA, 1)) },
	  } },
	{ "ICAO AA ECDSA (EF.DG15 + SOD 1.8 kB)",
	  "MA=no ID=LEAKS SOD PKI=y FS=no RR=no",
	  'e',
	  false,
	  3,
	  {
		  { 1, 13, 2, WORK(SELECT) },
		  { 1, 7, 2, NOTHING },
		  { 1, 7, 130, NOTHING },
		  { 1, 7, 2, NOTHING },
		  { 7, 5, 256, NOTHING },
		  { 1, 14, 66, WORK(N(SIGN, 1)) },
	  } },
	{ "EAC Chip Auth only (CardSecurity 1.2 kB)",
	  "MA=no ID=LEAKS PKI=y FS=no(static card key) RR=no",
	  'e',
	  false,
	  3,
	  {
		  { 1, 15, 25, WORK(SELECT) },
		  { 5, 5, 256, NOTHING },
		  { 1, 20, 2, NOTHING },
		  { 1, 77, 2, WORK(N(ECDH, 1), SHA(1, 4)) },
		  { 1, 30, 40, WORK(AES(2, 96)) },
	  } },
	{ "TR-03110 PACE+TA(3 certs)+CA v2",
	  "MA=y ID=y(after PACE) PKI=y FS=y RR=no",
	  'e',
	  false,
	  3,
	  {
		  { 1, 13, 2, WORK(SELECT) },
		  { 1, 5, 160, NOTHING },
		  { 1, 30, 2, NOTHING },
		  { 1, 10, 24, WORK(AES(1, 16)) },
		  { 1, 77, 73, WORK(N(ECDH, 2), N(KEYGEN, 1)) },
		  { 1, 77, 73, WORK(N(ECDH, 1), N(KEYGEN, 1)) },
		  { 1, 19, 14, WORK(AES(1, 80), SHA(1, 4)) },
		  { 3, 330, 30, WORK(N(VERIFY, 1), AES(2, 320)) },
		  { 1, 120, 30, WORK(AES(1, 128)) },
		  { 1, 25, 40, WORK(AES(1, 64)) },
		  { 1, 100, 30, WORK(N(VERIFY, 1), AES(1, 96)) },
		  { 5, 15, 256, WORK(AES(2, 320)) },
		  { 1, 60, 30, WORK(AES(1, 64)) },
		  { 1, 110, 60, WORK(N(ECDH, 1), AES(1, 64), SHA(1, 4)) },
	  } },
	{ "PIV PKI-CAK P-256 (cert 900 B)",
	  "MA=no ID=LEAKS cert+UUID PKI=y FS=n/a RR=no",
	  's',
	  false,
	  2,
	  {
		  { 1, 14, 70, WORK(SELECT) },
		  { 1, 11, 258, NOTHING },
		  { 2, 5, 258, NOTHING },
		  { 1, 5, 140, NOTHING },
		  { 1, 44, 82, WORK(N(SIGN, 1)) },
	  } },
	{ "PIV PKI-CAK RSA-2048 (cert 1500 B)",
	  "MA=no ID=LEAKS cert+UUID PKI=y FS=n/a RR=no",
	  's',
	  false,
	  1,
	  {
		  { 1, 14, 70, WORK(SELECT) },
		  { 6, 5, 258, NOTHING },
		  { 1, 261, 2, NOTHING },
		  { 1, 16, 258, WORK(N(RSA, 1)) },
		  { 1, 5, 10, NOTHING },
	  } },
	{ "PIV SM-AUTH OPACITY-ZKM CS2 (CVC 212 B)",
	  "MA=no ID=LEAKS GUID in CVC PKI=y FS=no(card key) RR=no",
	  's',
	  false,
	  3,
	  {
		  { 1, 14, 70, WORK(SELECT) },
		  { 1, 87, 256, WORK(N(ECDH, 1), AES(1, 64), SHA(2, 6)) },
	  } },
	{ "OPACITY-FS P-256",
	  "MA=y ID=y(if no persistent binding) PKI=y FS=partial RR=no",
	  'e',
	  false,
	  3,
	  {
		  { 1, 14, 70, WORK(SELECT) },
		  { 1, 310, 330,
		    WORK(N(VERIFY, 1), N(ECDH, 2), N(KEYGEN, 1), AES(2, 320), SHA(4, 10)) },
	  } },
	{ "Apple Home Key FAST",
	  "MA=weak(sym, enrolled) ID=y PKI=no FS=no RR=no",
	  'm',
	  false,
	  0,
	  {
		  { 1, 18, 8, WORK(SELECT) },
		  { 1, 113, 87, WORK(N(KEYGEN, 1), SHA(3, 12)) },
	  } },
	{ "Aliro 1.0 expedited FAST",
	  "MA=sym(after enrol., per-reader key) ID=y PKI=no FS=no RR=no(UWB only)",
	  'm',
	  false,
	  0,
	  {
		  { 1, 15, 25, WORK(SELECT) },
		  { 1, 135, 135, WORK(N(KEYGEN, 1), AES(1, 64), SHA(8, 33)) },
	  } },
	{ "Aliro 1.0 expedited STANDARD",
	  "MA=y ID=y PKI=no(key list) FS=y RR=no",
	  'm',
	  false,
	  3,
	  {
		  { 1, 15, 25, WORK(SELECT) },
		  { 1, 135, 69, WORK(N(KEYGEN, 1)) },
		  { 1, 75, 155,
		    WORK(N(SIGN, 1), N(VERIFY, 1), N(ECDH, 1), AES(1, 160), SHA(12, 48)) },
	  } },
	{ "Aliro STANDARD + LOAD CERT + step-up doc",
	  "MA=y ID=y PKI=y FS=y RR=no",
	  'e',
	  false,
	  4,
	  {
		  { 1, 15, 25, WORK(SELECT) },
		  { 1, 135, 69, WORK(N(KEYGEN, 1)) },
		  { 1, 210, 2, WORK(N(VERIFY, 1)) },
		  { 1, 75, 155,
		    WORK(N(SIGN, 1), N(VERIFY, 1), N(ECDH, 1), AES(1, 160), SHA(12, 48)) },
		  { 1, 15, 25, WORK(SELECT) },
		  { 1, 110, 258, WORK(AES(1, 600), SHA(5, 20)) },
		  { 1, 5, 258, NOTHING },
		  { 1, 5, 140, NOTHING },
	  } },
	{ "mdoc 18013-5 NFC (no portrait, ~1.3 kB)",
	  "MA=opt ID=y(if reader auth enforced) PKI=y FS=y RR=no",
	  'e',
	  false,
	  4,
	  {
		  { 1, 18, 2, WORK(SELECT) },
		  { 1, 12, 2, NOTHING },
		  { 1, 5, 60, NOTHING },
		  { 1, 5, 250, NOTHING },
		  { 1, 18, 2, WORK(SELECT) },
		  { 2, 255, 2, NOTHING },
		  { 1, 200, 258,
		    WORK(N(SIGN, 1), N(VERIFY, 2), N(ECDH, 1), N(KEYGEN, 1), AES(1, 1400),
			 SHA(15, 60)) },
		  { 5, 5, 258, NOTHING },
	  } },
	{ "A  EDHOC m3/suite2, 1st message in SELECT",
	  "MA=y ID=y(active-secure) PKI=y FS=y RR=opt",
	  's',
	  false,
	  4,
	  {
		  { 1, 15, 64, WORK(SELECT, N(KEYGEN, 1)) },
		  { 1, 205, 180, WORK(N(VERIFY, 1), N(ECDH, 3), AES(1, 256), SHA(20, 86)) },
	  } },
	{ "A+ EDHOC, cached reader CVC, creds by ref, ephemeral pre-generated",
	  "MA=y ID=y PKI=y FS=y RR=opt",
	  's',
	  false,
	  4,
	  {
		  { 1, 15, 64, WORK(SELECT) },
		  { 1, 75, 170, WORK(N(ECDH, 3), AES(1, 200), SHA(14, 52)) },
	  } },
	{ "B  Sojourn-Gate 1-RT (CVC_R + e_R -> e_C + sealed CVC_C)",
	  "MA=y(reader implicit) ID=y PKI=y FS=y RR=opt",
	  's',
	  false,
	  4,
	  {
		  { 1, 15, 40, WORK(SELECT) },
		  { 1, 225, 230,
		    WORK(N(VERIFY, 1), N(ECDH, 3), N(KEYGEN, 1), AES(2, 272), SHA(4, 10)) },
	  } },
	{ "B+ same, reader CVC cached + ephemeral pre-generated",
	  "MA=y ID=y PKI=y FS=y RR=opt",
	  's',
	  false,
	  4,
	  {
		  { 1, 15, 40, WORK(SELECT) },
		  { 1, 95, 230, WORK(N(ECDH, 3), AES(2, 272), SHA(4, 10)) },
	  } },
	{ "B++ hourly reader key epoch (no e_R), 2 DH",
	  "MA=y ID=y PKI=y FS=after epoch key erased RR=opt",
	  's',
	  false,
	  3,
	  {
		  { 1, 15, 40, WORK(SELECT) },
		  { 1, 60, 230, WORK(N(ECDH, 2), AES(2, 272), SHA(3, 8)) },
	  } },
	{ "C  resumption ticket (PSK + 1 ECDHE) for repeat gate/door",
	  "MA=y ID=y PKI=via ticket FS=y RR=opt",
	  's',
	  false,
	  1,
	  {
		  { 1, 15, 40, WORK(SELECT) },
		  { 1, 75, 75, WORK(N(ECDH, 1), AES(1, 48), SHA(3, 6)) },
	  } },
};

bool bench_peer(size_t i, struct bench_row *out)
{
	const struct peer *p = &peers[i];

	if (i >= sizeof(peers) / sizeof(peers[0]))
		return false;
	*out = (struct bench_row){ .name = p->name,
				   .properties = p->properties,
				   .source = p->source,
				   .logic = p->logic,
				   .reader = { { N(VERIFY, p->reader) } } };
	for (const struct step *s = p->steps; s->times > 0; s++)
		for (unsigned k = 0; k < s->times; k++)
			out->steps[out->n++] =
				(struct card_rf_step){ s->command, s->response, s->work };
	return true;
}
