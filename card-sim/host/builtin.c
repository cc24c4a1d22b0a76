/* builtin.c -- the applets of a card of ours, in the order of selection. */
#include "applets/eid/eid.h"
#include "applets/emrtd/emrtd.h"
#include "applets/gate/gate.h"
#include "applets/manager/manager.h"
#include "applets/piv/piv.h"

const struct card_applet *const *card_applets_builtin(void)
{
	static const struct card_applet *const applets[] = {
		&card_applet_manager, /* first: an empty SELECT means it (GP 2.3.1, 11.9.2.3) */
		&card_applet_emrtd, /* LDS1 */
		&card_applet_eid,
		&card_applet_gate,
		&card_applet_piv,
		&card_applet_mf, /* never by name */
		NULL,
	};

	return applets;
}

bool card_key_read(const char *text, size_t len, struct sj_writer *out)
{
	return manager_key_read(text, len, out);
}

bool card_be_born(struct card_store *store, const struct card_birth *birth)
{
	return manager_be_born(store, birth);
}

bool card_serial(const struct card_store *store, struct sj_span *out)
{
	return manager_serial_of(store, out);
}

bool card_key_at(const struct card_store *store, size_t i, struct card_key_info *out)
{
	return manager_key_at(store, i, out);
}
