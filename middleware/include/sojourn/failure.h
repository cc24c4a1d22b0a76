/*
 * failure.h -- every way something fails, with one stable number each.
 *
 * The number divided by 100 is the exit code of the command line; printed it
 * is the failure id: SJ_WRONG_CAN is 1201 and "SJ-1201". One table carries
 * cause, remedy and whom to call, and makes the manual sojourn-failures(7).
 */
#ifndef SOJOURN_FAILURE_H
#define SOJOURN_FAILURE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum sj_rc {
	SJ_OK = 0,

	SJ_INTERNAL = 101,
	SJ_NO_MEMORY = 102,
	SJ_CRYPTO_FAILED = 103,
	SJ_CANCELLED = 104,
	SJ_OUTPUT_FAILED = 105, /* a file could not be written */

	SJ_USAGE = 201,

	SJ_NO_PCSCD = 301, /* the PC/SC service does not answer */
	SJ_NO_READER = 302, /* no reader is connected */
	SJ_READER_UNKNOWN = 303, /* no reader of that name */
	SJ_READER_AMBIGUOUS = 304, /* the name fits more than one reader */
	SJ_READER_LOST = 305, /* the reader was unplugged */

	SJ_NO_CARD = 401,

	SJ_CARD_LOST = 501, /* taken away while reading */
	SJ_CARD_RESET = 502, /* reset by another process, and again after recovery */
	SJ_CARD_MUTE = 503, /* does not answer to power-up */

	SJ_NOT_A_DOCUMENT = 601, /* no identity application: not a card of ours */
	SJ_CARD_ANSWER = 602, /* an answer that the standard does not allow */
	SJ_ACCESS_UNSUPPORTED = 604, /* no access protocol in common */
	SJ_CARD_SM_BROKEN = 605, /* secure messaging: wrong MAC or missing object */
	SJ_CARD_REFUSED = 606, /* a status word where success was due */
	SJ_FILE_TOO_LARGE = 607,
	SJ_NO_GATE_APPLICATION = 608, /* no gate application: not a card of ours */
	SJ_GATE_REFUSED = 609, /* the card refused this gate (EDHOC error) */
	SJ_NO_KEY_APPLICATION =
		610, /* no key application (PIV), or one that hides: not a card of ours */
	SJ_KEY_ABSENT = 611, /* the card has no such key, certificate or data object */
	SJ_SIGNED_UNREAD = 612, /* the process that takes signed data apart gave no answer */

	SJ_SOD_SIGNATURE = 701, /* the security object's signature is wrong */
	SJ_HASH_MISMATCH = 702, /* a data group differs from what was signed */
	SJ_GROUP_WITHHELD = 703, /* listed by the SOD, missing on the card or in EF.COM */
	SJ_AA_FAILED = 704, /* Active Authentication: the key is not in this card */
	SJ_CA_FAILED = 705, /* Chip Authentication: the key is not in this card */
	SJ_ACCESS_FILE_MISMATCH = 706, /* EF.CardAccess disagrees with what is signed */
	SJ_SIGNER_INVALID = 707, /* the signer's certificate may not sign this, or not then */
	SJ_CAM_FAILED = 708, /* PACE chip-authentication mapping: the key is not in this card */
	SJ_MRZ_MISMATCH = 709, /* the MRZ that opened the chip is not the one in DG1 */
	SJ_CHAIN_SIGNATURE =
		710, /* a certificate's signature does not hold under its issuer's key */
	SJ_GATE_PROOF = 711, /* EDHOC: the card has not the key of its credential */
	SJ_CARD_CVC = 712, /* the card's own certificate (CVC) is not signed by a known key CA */
	SJ_CARD_CVC_PROOF = 713, /* PIV secure messaging: the card has not the key of its CVC */
	SJ_CARD_CHANNEL = 714, /* SCP03: the card has not the keys that it should have */
	SJ_CARD_SECURITY = 715, /* EF.CardSecurity is missing, or is not what its issuer signed */
	SJ_JOURNAL_BROKEN = 720, /* a journal whose chain or signed heads do not hold */
	SJ_EVIDENCE_BROKEN = 721, /* not evidence, or not as it was exported */
	SJ_EVIDENCE_TERMINAL = 722, /* nobody who is believed vouches for who wrote the evidence */
	SJ_EVIDENCE_CARD = 723, /* evidence whose chip has not signed what it should have */

	SJ_DOCUMENT_EXPIRED = 801,
	SJ_SIGNER_REVOKED = 802, /* the signer's certificate is on its CSCA's CRL */
	SJ_SIGNER_EXPIRED = 803, /* the certificate of signer or CSCA is out of its time */
	SJ_CREDENTIAL_EXPIRED = 804, /* the card's credential is out of its time */
	SJ_CARD_REVOKED = 805, /* on its issuer's status list */
	SJ_CLASS_NOT_ADMITTED = 806, /* a holder class that does not pass here */
	SJ_NOT_AT_THIS_TIME = 807, /* outside the time windows */
	SJ_PASSED_ALREADY = 808, /* anti-passback */
	SJ_TOO_YOUNG = 809,
	SJ_GATE_CREDENTIAL_EXPIRED = 810, /* the gate's own is out of its time */
	SJ_DOCUMENT_REVOKED = 811, /* on its issuer's status list */
	SJ_PSEUDONYM_REVOKED = 812, /* on its sector's list of revoked pseudonyms */

	SJ_READER_BUSY = 901, /* another process holds the card */
	SJ_TIMED_OUT = 902,
	SJ_PORT_TAKEN = 903, /* the counter's port: another program has it */

	SJ_NOT_ALLOWED = 1001, /* polkit or permissions */
	SJ_FILE_PERMISSION = 1002,
	SJ_TERMINAL_REFUSED = 1003, /* the card does not believe the terminal */
	SJ_TERMINAL_EXPIRED = 1004, /* a certificate of the terminal is out of its time */
	SJ_RIGHT_REFUSED = 1005, /* the terminal's certificate is not for this service */

	SJ_TRUST_MISSING = 1101, /* no trust store, or an empty one */
	SJ_TRUST_UNREADABLE = 1102, /* the trust store holds something that cannot be read */
	SJ_CRL_STALE = 1103, /* a CRL is past its next update */
	SJ_CLOCK_BEHIND = 1104, /* the clock is behind evidence of the time */
	SJ_STATUS_STALE = 1105, /* the status list is older than it may be */
	SJ_STATUS_MISSING = 1106, /* no status list of the issuer */
	SJ_STATUS_BEHIND = 1107, /* a newer status list than the one in use exists */
	SJ_BUNDLE_EXPIRED = 1108, /* the trust bundle's time is over */
	SJ_BUNDLE_OLDER = 1109, /* older than the one in use, or another of its version */
	SJ_BUNDLE_SIGNER = 1110, /* no bundle signer of the store signed it */

	SJ_WRONG_CAN = 1201,
	SJ_WRONG_MRZ = 1202,
	SJ_SECRET_NEEDED = 1203, /* neither CAN nor MRZ was given */
	SJ_SECRET_MALFORMED = 1204, /* not a CAN, an MRZ or a PIN: length or check digit */
	SJ_WRONG_PIN = 1205,
	SJ_PIN_BLOCKED = 1206,
	SJ_WRONG_PUK = 1207,
	SJ_PUK_BLOCKED = 1208,
	SJ_WRONG_PAIRING_CODE = 1209,
	SJ_WRONG_ADMIN_KEY = 1210, /* management key of the key application */
	SJ_PIN_NEEDED = 1211, /* the card wants a PIN first, or again */
	SJ_PIN_SUSPENDED = 1212, /* one try is left, and it wants the CAN first */
	SJ_PIN_INACTIVE = 1213, /* the holder's PIN was switched off */

	SJ_INPUT_UNREADABLE = 1301, /* a file that is not there or cannot be read */
	SJ_INPUT_MALFORMED = 1302, /* a file that is not what it should be */
	SJ_INPUT_REFUSED = 1303, /* well-formed, but not acceptable: says why */
	SJ_MASTERLIST_SIGNER = 1304, /* not signed by the given CSCA's list signer */
	SJ_CARD_FILE_CORRUPT = 1305, /* a card file whose checks do not hold */
	SJ_CARD_FILE_BUSY = 1306, /* another process runs this card */
	SJ_CARD_STATE = 1307, /* the card is not in the state this needs (already issued, blank) */
	SJ_REGISTER_UNREACHABLE = 1308, /* the holder register's database does not answer */
	SJ_REGISTER_BROKEN = 1309, /* its history or its schema does not hold */
	SJ_KEY_STORE = 1310, /* an HSM or key file that is not there, locked, or lacks the key */
	SJ_TERMINAL_FILES = 1311, /* no terminal, or files of one that do not belong together */
	SJ_SERVICE_UNKNOWN = 1312, /* no such row in the service registry */
	SJ_TARGET_UNREACHABLE = 1313, /* the system that registrations go to does not answer */
	SJ_TARGET_REFUSED = 1314, /* it answers, and does not take this registration */
	SJ_TARGET_DIFFERS = 1315, /* it knows the person by other data */
	SJ_IMAGE_REFUSED = 1316, /* a portrait that is no picture, or one too large */

	SJ_COPY_NOT_EXCLUDED = 1401, /* authentic data, no proof that the chip is the original */
	SJ_ISSUER_UNKNOWN = 1402, /* no CSCA of the trust store signed this */
	SJ_UNDECIDED = 1403, /* a check that the verdict needs was not possible */
	SJ_STATUS_NOT_COVERED = 1404, /* the status list does not say anything about this card */
	SJ_NOT_TOLD = 1405, /* the gate's rights do not cover what its policy asks */
	SJ_TERMINAL_NEEDED = 1406, /* an eID card tells only services with a terminal */
};

struct sj_failure {
	enum sj_rc rc;
	const char *name; /* "wrong-can" */
	const char *text; /* one sentence: what happened */
	const char *cause; /* why that may be */
	const char *action; /* what to do */
	const char *contact; /* whom to call: "nobody", "your administrator", "the issuer" */
};

/* One sentence for rc; never NULL. */
__attribute__((visibility("default"))) const char *sj_strerror(enum sj_rc rc);
/* The row for rc; NULL: no such number (or SJ_OK). */
__attribute__((visibility("default"))) const struct sj_failure *sj_failure_find(enum sj_rc rc);
/* The i-th row in order of number; NULL: past the end. */
__attribute__((visibility("default"))) const struct sj_failure *sj_failure_at(size_t i);
/* The exit code for rc: rc / 100 (0 for SJ_OK). */
__attribute__((visibility("default"))) int sj_exit_code(enum sj_rc rc);

#ifdef __cplusplus
}
#endif

#endif
