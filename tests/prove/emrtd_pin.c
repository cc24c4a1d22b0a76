/*
 * emrtd_pin.c -- the retry counter of the eID's PIN, in card-sim/applets/emrtd/pin.c: a try that is granted has
 * committed a lower counter, no try raises what is committed, and a PIN without tries is not usable.
 *
 * Assumed: what is in the store comes back (emrtd_pin_load() and store_pin(), which are codecs); a commit
 * keeps all of what was set or nothing, and one that fails leaves the store in memory as it was before,
 * whichever of the two is on the disk. That PACE asks for a try before it compares is held by tests alone.
 *
 * refused: emrtd_password_try: pin.tries - 1)) => pin.tries))
 * refused: emrtd_password_try: - 1)) && card_commit(card) => - 1))
 * refused: emrtd_password_usable: pin.tries == 0) => false)
 * only: set_tries emrtd_password_warning emrtd_password_usable emrtd_password_try emrtd_password_wrong are_digits
 */
#include "tests/prove/spans.h"

#undef memcpy
#undef memset
#include "applets/emrtd/state.h"
#include "crypt/wipe.h"
#define memcpy prove_copy
#define sj_wipe prove_forget

/* The counter that was set last; that the store goes back to; that is on the disk. */
//@ ghost int prove_set;
//@ ghost int prove_known;
//@ ghost int prove_kept;

/*@ requires \valid(p);
    assigns *p; */
void prove_forget(struct emrtd_pin *p, size_t n);

/*@ requires \valid(out);
    assigns *out;
    ensures \result ==> out->tries == prove_set; */
bool emrtd_pin_load(struct card *card, struct emrtd_pin *out);

/*@ requires \valid_read(pin);
    assigns prove_set;
    ensures \result ==> prove_set == pin->tries;
    ensures !\result ==> prove_set == \old(prove_set); */
static bool store_pin(struct card *card, const struct emrtd_pin *pin);

/*@ assigns prove_set, prove_known, prove_kept;
    ensures \result ==> prove_kept == prove_known == prove_set == \old(prove_set);
    ensures !\result ==> prove_set == prove_known == \old(prove_known);
    ensures !\result ==> prove_kept == \old(prove_set) || prove_kept == \old(prove_kept); */
bool card_commit(struct card *card);

/*@ assigns \nothing; */
struct card_store *card_store_of(struct card *card);
/* It commits. */
/*@ assigns prove_set, prove_known, prove_kept; */
bool card_delay_raise(struct card *card, uint8_t kind);
/*@ assigns \nothing; */
static uint8_t puk_uses(struct card *card);

/*@ assigns prove_set;
    ensures \result ==> prove_set == tries;
    ensures !\result ==> prove_set == \old(prove_set); */
static bool set_tries(struct card *card, uint8_t tries);

/*@ assigns \nothing; */
uint16_t emrtd_password_warning(struct card *card, enum sj_pace_password kind);

/*@ assigns \nothing;
    ensures kind == SJ_PACE_PIN && \result == SJ_SW_OK ==> prove_set > 0; */
uint16_t emrtd_password_usable(struct card *card, enum sj_pace_password kind, bool resumed);

/*@ requires prove_set == prove_known && (prove_kept == prove_known || prove_kept == prove_known - 1);
    assigns prove_set, prove_known, prove_kept;
    ensures kind == SJ_PACE_PIN && \result ==> 0 <= prove_kept == prove_set < \old(prove_set);
    ensures kind == SJ_PACE_PIN ==> prove_kept <= \old(prove_kept);
    ensures kind == SJ_PACE_PIN ==> prove_set == prove_known;
    ensures kind == SJ_PACE_PIN ==> prove_kept == prove_known || prove_kept == prove_known - 1; */
bool emrtd_password_try(struct card *card, enum sj_pace_password kind);

/*@ assigns \nothing; */
uint16_t emrtd_password_wrong(struct card *card, enum sj_pace_password kind);

/*@ requires span_ok(in);
    assigns \nothing; */
static bool are_digits(struct sj_span in);

#include "applets/emrtd/pin.c"
