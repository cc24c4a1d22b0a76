/* The whole module over cards whose objects are not all as they should be. */
#include <stdlib.h>

#include "tests/pkcs11/plug.h"
#include "tests/reader/piv_stage.h"

#include "pkcs11/p11.h"

/* The rig's card without secure messaging: a key and a good certificate in 9A, patterns in all other certificates. */
static struct piv_stage *begin(enum card_interface interface)
{
	struct piv_stage *s =
		piv_stage_new(&(struct piv_plan){ .suite = 0xFF, .policy = PIV_POLICY_PIN << 8 });

	assert_int_equal(piv_stage_open(s), SJ_OK);
	piv_stage_fill(s);
	piv_stage_close(s);
	bench_insert(s->b, interface);
	plug = (struct plug){ &s->head, 1 };
	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
	setenv("XDG_CACHE_HOME", "/dev/null", 1);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	return s;
}

static void end(struct piv_stage *s)
{
	C_Finalize(NULL);
	piv_stage_free(s);
}

static size_t count(CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE t = { CKA_CLASS, &class, sizeof(class) };
	CK_OBJECT_HANDLE found[64];
	CK_SESSION_HANDLE s = 0;
	CK_ULONG n = 0;

	assert_int_equal(C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
	assert_int_equal(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_OK);
	assert_int_equal(C_FindObjectsInit(s, &t, 1), CKR_OK);
	assert_int_equal(C_FindObjects(s, found, 64, &n), CKR_OK);
	assert_int_equal(C_CloseSession(s), CKR_OK);
	return n;
}

static void what_is_no_certificate_hides_no_other(void **state)
{
	struct piv_stage *s = begin(CARD_CONTACT);

	(void)state;
	assert_int_equal(count(CKO_CERTIFICATE), 1);
	assert_in_range(count(CKO_PUBLIC_KEY), 4, 8);
	end(s);
}

/* SP 800-73-5, part 1, table 3: some certificates want the virtual contact interface. */
static void over_the_air_what_wants_more_hides_nothing(void **state)
{
	struct piv_stage *s = begin(CARD_CONTACTLESS);

	(void)state;
	assert_int_equal(count(CKO_CERTIFICATE), 0);
	end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_certificate_hides_no_other),
		cmocka_unit_test(over_the_air_what_wants_more_hides_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
