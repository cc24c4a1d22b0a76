/*
 * state.h -- the manager's volatile state, what it stores, and its files' functions.
 *
 * GP.md has the bytes, STATES.md the states.
 */
#ifndef CARD_APPLETS_MANAGER_STATE_H
#define CARD_APPLETS_MANAGER_STATE_H

#include "host/applet.h"

#define MANAGER_AID_MAX 16u
#define MANAGER_KEYS_MAX 4u /* key versions at once */
#define MANAGER_VERSION_TRANSPORT 0x30u

enum manager_object {
	MANAGER_OBJECT_SERIAL = CARD_OBJECT_MANAGER + 1, /* CARD_SERIAL_SIZE bytes */
	MANAGER_OBJECT_I = CARD_OBJECT_MANAGER + 2, /* parameter i, one byte; absent: 70 */
	/* + version: size of a key (1), ENC, MAC, DEK. */
	MANAGER_OBJECT_KEYS = CARD_OBJECT_MANAGER + 0x100,
	/* + version: sequence counter (3); absent: zero. */
	MANAGER_OBJECT_SEQUENCE = CARD_OBJECT_MANAGER + 0x200,
};

/* From INITIALIZE UPDATE to EXTERNAL AUTHENTICATE; wiped with the answer to that. */
struct manager_challenge {
	bool open;
	struct sj_scp03 session;
	uint8_t expected[SJ_SCP03_FULL]; /* the host's cryptogram */
};

/* The sequence of STORE DATA. */
struct manager_sequence {
	bool open;
	uint8_t aid[MANAGER_AID_MAX]; /* whose personalisation it is */
	size_t aid_size;
	unsigned next_block;
};

/* A GET STATUS that has more to tell. */
struct manager_list {
	bool open;
	uint8_t p1;
	size_t next;
};

/* Of the basic channel: nothing here is reached from another. */
struct manager {
	struct manager_challenge challenge;
	enum sj_cipher dek_cipher; /* of the channel, though its key set be replaced */
	uint8_t dek[SJ_CIPHER_KEY_MAX];
	struct manager_sequence sequence;
	struct manager_list list;
};

extern const uint8_t manager_aid[8];
/* The executable load file of everything built in. */
extern const uint8_t manager_load_file[9];

/* Bytes with their length in one byte in front; false: too few. */
SJ_MUST_CHECK bool manager_take_lv(struct sj_span *in, struct sj_span *out);

/* --- channel.c --- */
uint16_t manager_initialize_update(struct card_call *call);
uint16_t manager_external_authenticate(struct card_call *call);

/* --- keys.c --- */
/* The set of this version, 00 for the first; 9000, 6A88. */
uint16_t manager_keys_find(struct card *card, uint8_t version, uint8_t *found,
			   struct sj_scp03_keys *out);
/* A card that has never had keys and is not issued gets the well-known transport keys. */
SJ_MUST_CHECK bool manager_keys_ensure(struct card *card);
void manager_sequence_get(const struct card_store *store, uint8_t version,
			  uint8_t out[static SJ_SCP03_SEQUENCE]);
uint16_t manager_put_key(struct card_call *call);

/* --- data.c --- */
/* CARD_SERIAL_SIZE bytes; made if there are none. False: the store or randomness failed. */
SJ_MUST_CHECK bool manager_serial(struct card *card, struct sj_span *out);
uint8_t manager_scp_i(const struct card_store *store);
uint16_t manager_get_data(struct card_call *call);
uint16_t manager_store_data(struct card_call *call);

/* --- install.c --- */
uint16_t manager_install_personalise(struct card_call *call);
uint16_t manager_install(struct card_call *call);
uint16_t manager_install_update(struct card_call *call);
uint16_t manager_delete(struct card_call *call);

/* --- status.c --- */
uint16_t manager_get_status(struct card_call *call);
uint16_t manager_set_card_status(struct card_call *call);
uint16_t manager_set_application_status(struct card_call *call);

#endif
