/*
 * piv_pin.c -- the retry counter of the key applet, in card-sim/applets/piv/pin.c: besides the
 * absence of run-time errors, that nothing is compared before a lower counter is committed, that
 * what comparing commits never rises, and that 9000 says that a comparison held.
 *
 * Assumed: what is in the store comes back (piv_password_get() and _set(), which are codecs), and a
 * commit keeps all of what was set or nothing.
 *
 * refused: compare: p.left--; =>
 * only: piv_password_left counter_sw store_now compare piv_password_well_formed take_both
 */
#include "tests/prove/spans.h"

#undef memcpy
#undef memset
#include "applets/piv/state.h"
#include "crypt/wipe.h"
#define memcpy prove_copy
#define sj_wipe prove_forget
#define sj_equal_secret prove_equal

/* The counter that was set last; that is committed; that was read. Whether a comparison held. */
//@ ghost int prove_set;
//@ ghost int prove_kept;
//@ ghost int prove_before;
//@ ghost int prove_right;

/*@ requires \valid(p);
    assigns *p; */
void prove_forget(struct piv_password *p, size_t n);

/*@ requires span_ok(a) && span_ok(b);
    requires prove_kept < prove_before;
    assigns prove_right;
    ensures prove_right == (\result ? 1 : 0); */
bool prove_equal(struct sj_span a, struct sj_span b);

/*@ requires \valid(out);
    assigns *out, prove_before;
    ensures \result ==> out->left == prove_kept && prove_before == prove_kept; */
bool piv_password_get(const struct card_store *store, uint8_t ref, struct piv_password *out);

/*@ requires \valid_read(password);
    assigns prove_set;
    ensures prove_set == password->left; */
bool piv_password_set(struct card_store *store, uint8_t ref, const struct piv_password *password);

/*@ assigns prove_kept;
    ensures \result ==> prove_kept == prove_set;
    ensures !\result ==> prove_kept == prove_set || prove_kept == \old(prove_kept); */
bool card_commit(struct card *card);

/*@ assigns \nothing; */
struct card_store *card_store_of(struct card *card);
/*@ assigns \nothing; */
enum card_interface card_interface(const struct card *card);

/*@ requires span_ok(value);
    assigns \nothing; */
bool piv_password_well_formed(uint8_t ref, struct sj_span value);

/*@ requires \valid_read(password);
    assigns \nothing;
    ensures \result <= password->left; */
uint8_t piv_password_left(const struct card *card, const struct piv_password *password);

/*@ requires \valid_read(password);
    assigns \nothing;
    ensures SJ_SW_COUNTER <= \result <= SJ_SW_COUNTER + 15; */
static uint16_t counter_sw(const struct card *card, const struct piv_password *password);

/*@ requires \valid_read(password);
    assigns prove_set, prove_kept;
    ensures \result ==> prove_kept == password->left;
    ensures !\result ==> prove_kept == password->left || prove_kept == \old(prove_kept); */
static bool store_now(struct card *card, uint8_t ref, const struct piv_password *password);

/*@ requires span_ok(value) && prove_right == 0;
    assigns prove_set, prove_kept, prove_before, prove_right;
    ensures \result == SJ_SW_OK ==> prove_right == 1;
    ensures prove_kept <= \old(prove_kept); */
static uint16_t compare(struct card *card, uint8_t ref, bool formed, struct sj_span value);

/*@ requires \valid(old) && \valid(new) && \separated(old, new) && span_ok(in);
    assigns *old, *new;
    ensures \result ==> span_ok(*old) && span_ok(*new); */
static bool take_both(struct sj_span in, struct sj_span *old, struct sj_span *new);

#include "applets/piv/pin.c"
