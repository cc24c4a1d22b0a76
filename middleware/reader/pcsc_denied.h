/* pcsc_denied.h -- telling a refusal of the PC/SC service from its absence. */
#ifndef SJ_READER_PCSC_DENIED_H
#define SJ_READER_PCSC_DENIED_H

#include <stdbool.h>

/*
 * Is there a service that does not want us? pcscd hangs up on clients that
 * polkit denies, without a word, and libpcsclite reports that as a service
 * that is not there. Waits 550 ms at most.
 */
bool sj_pcsc_denied(void);

#endif
