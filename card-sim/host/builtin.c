/* builtin.c -- the applets of a card of ours, in the order of selection. */
#include "applets/emrtd/emrtd.h"
#include "applets/gate/gate.h"
#include "applets/manager/manager.h"
#include "applets/piv/piv.h"

const struct card_applet *const *card_applets_builtin(void)
{
	static const struct card_applet *const applets[] = {
		&card_applet_manager, /* first: an empty SELECT means it (GP 2.3.1, 11.9.2.3) */
		&card_applet_emrtd, /* LDS1 */
		&card_applet_gate,
		&card_applet_piv,
		&card_applet_mf, /* never by name */
		NULL,
	};

	return applets;
}
