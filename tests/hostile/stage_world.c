/* stage_world.c -- the cards that scenes begin with. */
#include "tests/hostile/stage.h"

#include "applets/eid/state.h"
#include "applets/emrtd/state.h"
#include "applets/piv/state.h"
#include "tests/card/stores.h"

/* --- content that can be found again -------------------------------------------------------- */

#define FILE_SIZE 96u
#define PORTRAIT_SIZE 600u

static void give_file(struct bench *b, uint16_t parent, uint16_t fid, size_t size)
{
	uint8_t bytes[PORTRAIT_SIZE];
	const uint32_t owner = parent == 0x3F00 ? EMRTD_OBJECT_FILES_MF : EMRTD_OBJECT_FILES_LDS;

	assert_int_equal(bench_file(b, parent, fid, marks_fill(owner + fid, bytes, size)),
			 SJ_SW_OK);
}

static void give_files(struct bench *b, bool eid)
{
	static const uint16_t lds[] = { 0x011D, 0x0101, 0x0103, 0x0104, 0x010B, 0x010E, 0x010F };

	/* These are everybody's, but may not look like a key of tests, which counts upwards. */
	static const uint16_t mf[] = { 0x011C, 0x2F00, 0x2F01 };

	for (size_t i = 0; i < sizeof(lds) / sizeof(lds[0]); i++)
		give_file(b, 0x0101, lds[i], FILE_SIZE);
	for (size_t i = 0; i < sizeof(mf) / sizeof(mf[0]); i++)
		give_file(b, 0x3F00, mf[i], FILE_SIZE);
	give_file(b, 0x0101, 0x0102, PORTRAIT_SIZE);
	if (!eid)
		give_file(b, 0x3F00, 0x011D, FILE_SIZE);
	for (uint16_t sector = 0; eid && sector < EAC_SECTORS; sector++)
		give_file(b, 0x3F00, 0x1D00 + sector, FILE_SIZE);
}

/* The card's final lock wants groups that are well-formed; marks take their place after it. */
static void mark_groups(struct card_store *store)
{
	uint8_t bytes[2 + 40];

	for (unsigned n = 1; n <= EID_GROUPS; n++)
		for (uint8_t sector = 0; sector < EAC_SECTORS; sector++) {
			const uint32_t id = EID_OBJECT_GROUP + 0x100u * sector + n;

			if (n == EID_ABSENT || (sector != 0) != (n == EID_STATUS))
				continue;
			bytes[0] = (uint8_t)(0x60 + n);
			bytes[1] = 40;
			(void)marks_fill(id, bytes + 2, 40);
			assert_true(card_store_set(store, id, SJ_SPAN_OF(bytes)));
		}
	assert_int_equal(card_store_commit(store), CARD_STORE_OK);
}

static void give_objects(struct bench *b)
{
	static const uint32_t tags[] = { 0x5FC101, 0x5FC102, 0x5FC103, 0x5FC105, 0x5FC106, 0x5FC107,
					 0x5FC108, 0x5FC109, 0x5FC10A, 0x5FC10B, 0x5FC10C, 0x5FC10D,
					 0x5FC120, 0x5FC121, 0x5FC123, 0x007F61, 0x5FFF00 };
	uint8_t value[3 + 60];
	struct sj_writer w;

	piv_personalise_all(b, &(struct piv_plan){ .policy = 0 });
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		w = SJ_WRITER_OF(value);
		sj_put_be(&w, 3, tags[i]);
		(void)marks_fill(PIV_STORE_DATA + (tags[i] & 0xFFFF), value + 3, 60);
		assert_int_equal(bench_dgi(b, 0x0010, SJ_SPAN_OF(value)), SJ_SW_OK);
	}
}

/* --- cards ----------------------------------------------------------------------------------------- */

struct card_store *world_copy(const struct world *w, enum base base)
{
	return stores_copy(w->stores[base]);
}

static struct card_store *born(void)
{
	static const struct card_birth birth = { .scp_i = 0x70 };
	const struct sj_random random = sj_random_system();
	struct card_birth plan = birth;
	struct card_store *s = NULL;

	plan.random = &random;
	assert_int_equal(card_store_memory(&s), CARD_STORE_OK);
	assert_true(card_be_born(s, &plan));
	return s;
}

/* Everything but profile and lock. */
static struct bench *personalise(struct world *w, enum base base)
{
	const bool eid = base_is_eid(base);
	const struct eac_plan plan = {
		.flags = eid ? CARD_EAC_EID : CARD_EAC_TA1,
		.date = EAC_2026,
		.access = eid ? NULL : ACCESS_BOTH,
		.anchors = { eac_made(&w->is.cvca),
			     eid ? eac_made(&w->at.cvca) : sj_span(NULL, 0) },
		.keys = eid,
		.ca1 = !eid,
	};
	struct bench *b = bench_new_in(born());

	bench_install(b);
	eac_personalise(&w->cards[base], b, &plan);
	assert_int_equal(bench_dgi_hex(b, 0x0012, "0C03"), SJ_SW_OK);
	give_files(b, eid);
	if (eid)
		eid_personalise_all(b, NULL);
	gate_personalise_all(b, &w->gates);
	give_objects(b);
	return b;
}

static void finish(struct world *w, enum base base, struct bench *b, const char *profile)
{
	if (profile != NULL) {
		bench_profile(b, profile);
		bench_lock(b);
	}
	if (base == BASE_EID)
		mark_groups(b->store);
	w->stores[base] = stores_copy(b->store);
	w->marks[base] = calloc(1, sizeof(*w->marks[base]));
	assert_non_null(w->marks[base]);
	marks_learn(w->marks[base], w->stores[base]);
	bench_free(b);
}

struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	eac_chain(&w->at, "P-256", SJ_CVC_AUTHENTICATION);
	eac_chain(&w->is, "P-256", SJ_CVC_INSPECTION);
	eid_sector_make(&w->sector);
	issuer_make(&w->gates);
	reader_make(&w->reader, &w->gates);
	finish(w, BASE_BLANK, bench_new_in(born()), NULL);
	finish(w, BASE_PERSO, personalise(w, BASE_PERSO), NULL);
	w->cards[BASE_PLAIN] = w->cards[BASE_OPEN] = w->cards[BASE_PERSO];
	finish(w, BASE_PLAIN, bench_new_in(stores_copy(w->stores[BASE_PERSO])), PROFILE_PRIVATE);
	finish(w, BASE_OPEN, bench_new_in(stores_copy(w->stores[BASE_PERSO])), PROFILE_OPEN);
	finish(w, BASE_EID_PERSO, personalise(w, BASE_EID_PERSO), NULL);
	w->cards[BASE_EID] = w->cards[BASE_EID_PERSO];
	finish(w, BASE_EID, bench_new_in(stores_copy(w->stores[BASE_EID_PERSO])), PROFILE_PRIVATE);
	return w;
}

void world_free(struct world *w)
{
	for (size_t i = 0; i < BASES; i++) {
		card_store_close(w->stores[i]);
		free(w->marks[i]);
	}
	eac_chain_forget(&w->at);
	eac_chain_forget(&w->is);
	free(w);
}
