/* scenes.c -- cards in every state of their lives, and how they came there. */
#include "tests/hostile/stage.h"

#define LIFE "{mgr}=9000 @scp=9000 s:"
const struct scene scenes[SCENES] = {
	{ "blank", BASE_BLANK, CARD_CONTACT, NULL },
	{ "blank-air", BASE_BLANK, CARD_CONTACTLESS, NULL },
	{ "perso", BASE_PERSO, CARD_CONTACT, NULL },
	{ "perso-air", BASE_PERSO, CARD_CONTACTLESS, NULL },
	{ "initialized", BASE_PERSO, CARD_CONTACT, LIFE "80F08007=9000 @power" },
	{ "plain", BASE_PLAIN, CARD_CONTACTLESS, NULL },
	{ "plain-c", BASE_PLAIN, CARD_CONTACT, NULL },
	{ "open", BASE_OPEN, CARD_CONTACTLESS, NULL },
	{ "open-c", BASE_OPEN, CARD_CONTACT, NULL },
	{ "eid", BASE_EID, CARD_CONTACTLESS, NULL },
	{ "eid-c", BASE_EID, CARD_CONTACT, NULL },
	{ "locked", BASE_PLAIN, CARD_CONTACT, LIFE "80F0807F=9000 @power" },
	{ "locked-air", BASE_OPEN, CARD_CONTACTLESS, LIFE "80F0807F=9000 @power" },
	{ "dead", BASE_PLAIN, CARD_CONTACT, LIFE "80F080FF=9000 @power" },
	{ "dead-air", BASE_OPEN, CARD_CONTACTLESS, LIFE "80F080FF=9000 @power" },
	{ "no-keys", BASE_PLAIN, CARD_CONTACT,
	  LIFE "80F040800BA000000308000010000100=9000 @power" },
	{ "no-lds", BASE_PLAIN, CARD_CONTACT, LIFE "80F0408007A0000002471001=9000 @power" },
	{ "no-gate", BASE_PLAIN, CARD_CONTACT, LIFE "80F0408009F0534F4A4F55524E01=9000 @power" },
	{ "eid-perso", BASE_EID_PERSO, CARD_CONTACT, NULL },
	{ "eid-perso-air", BASE_EID_PERSO, CARD_CONTACTLESS, NULL },
	{ "eid-initialized", BASE_EID_PERSO, CARD_CONTACT, LIFE "80F08007=9000 @power" },
	{ "eid-locked", BASE_EID, CARD_CONTACT, LIFE "80F0807F=9000 @power" },
	{ "eid-locked-air", BASE_EID, CARD_CONTACT, LIFE "80F0807F=9000 @air" },
	{ "eid-dead", BASE_EID, CARD_CONTACT, LIFE "80F080FF=9000 @power" },
	{ "eid-dead-air", BASE_EID, CARD_CONTACT, LIFE "80F080FF=9000 @air" },
	{ "no-eid", BASE_EID, CARD_CONTACT, LIFE "80F0408009" EID_AID "=9000 @air" },
	{ "suspended", BASE_EID, CARD_CONTACTLESS, "@pin!=63C2 @power @pin!=63C1 @power" },
	{ "pin-blocked", BASE_EID, CARD_CONTACTLESS,
	  "@pin!=63C2 @power @pin!=63C1 @power @can=9000 @pin!=63C0 @power" },
	{ "inactive", BASE_EID, CARD_CONTACTLESS, "@at=9000 s:{mf} s:00041003=9000 @power" },
	{ "keys-blocked", BASE_PLAIN, CARD_CONTACT, "{piv}=9000 5*{vwrong}=63C0 @power" },
	{ "both-blocked", BASE_PLAIN, CARD_CONTACT,
	  "{piv}=9000 5*{vwrong}=63C0 3*002C008010{wrong}{new}=63C0 @power" },
	{ "air-blocked", BASE_OPEN, CARD_CONTACTLESS,
	  "{piv}=9000 @msg=9000 s:{vcode}=9000 4*s:{vwrong}=63C0 @power" },
};

const struct scene *scene_named(const char *name)
{
	for (size_t i = 0; i < SCENES; i++)
		if (strcmp(scenes[i].name, name) == 0)
			return &scenes[i];
	return NULL;
}
