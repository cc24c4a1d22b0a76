/* builtin.c -- the applets of a card of ours, in the order of selection. */
#include "host/applet.h"

const struct card_applet *const *card_applets_builtin(void)
{
	static const struct card_applet *const applets[] = { NULL };

	return applets;
}
