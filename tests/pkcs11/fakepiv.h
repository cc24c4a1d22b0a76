/*
 * fakepiv.h -- readers and cards for the module without any: the calls of
 * sojourn/reader.h and sojourn/piv.h that it makes, answered from this struct.
 */
#ifndef TESTS_PKCS11_FAKEPIV_H
#define TESTS_PKCS11_FAKEPIV_H

#include <pthread.h>
#include <stdatomic.h>

#include <sojourn/piv.h>

#include "pkcs11/p11.h"

#define FAKE_READERS 2u
#define FAKE_ADMIN "010203040506070801020304050607080102030405060708"

struct fake_reader {
	char name[SJ_READER_NAME_MAX];
	bool there, present, foreign;
	uint32_t events;
};

struct fake {
	pthread_mutex_t lock;
	struct fake_reader readers[FAKE_READERS];
	/* One card's state, in whichever reader it is. */
	char pin[16];
	int tries, tries_left; /* tries 0: the card does not tell how many in all */
	bool verified, admin, extensions, is_default, keypad;
	bool no_guid, no_content;
	bool keypad_cancelled; /* the user's next answer on the keypad */
	uint8_t guid[SJ_PIV_GUID], content[SJ_PIV_CONTENT];
	unsigned calls; /* of sj_piv_* that talk to the card */
	unsigned fail_at; /* the call with this number, and all after it, fail so */
	enum sj_rc fail_rc;
	unsigned reads; /* of keys, certificates, objects */
	unsigned opens;
	bool slow; /* a signature takes until it is cancelled */
	unsigned patience_ms; /* of who last waited for a card */
	enum sj_rc cancelled_rc; /* what a cancelled call says */
	bool no_service, hangs; /* the service */
	atomic_int blocked; /* in a wait or a slow call now */
};

extern struct fake fake;

/* One reader with a card of ours: PIN 123456, 5 tries. */
void fake_reset(void);
/* Another card in reader i, or none. */
void fake_insert(unsigned i, bool present);

/* A case begins with fake_reset() and C_Initialize, with no configuration and no cache. */
int fake_setup(void **state);
int fake_teardown(void **state);
#define FAKE_CASE(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

#define RO CKF_SERIAL_SESSION
#define RW (CKF_SERIAL_SESSION | CKF_RW_SESSION)
/* A session in slot 0, after the list was asked for. */
CK_SESSION_HANDLE fake_session(CK_FLAGS flags);
CK_RV fake_login(CK_SESSION_HANDLE s, CK_USER_TYPE type, const char *pin);
/* SignInit and Sign with a digest, ECDSA, key reference `ref`. */
CK_RV fake_sign(CK_SESSION_HANDLE s, CK_BYTE ref);
/* The same with the PIN given for this use (CKU_CONTEXT_SPECIFIC). */
CK_RV fake_sign_with(CK_SESSION_HANDLE s, CK_BYTE ref, const char *pin);

#endif
