/*
 * register_index.c -- indices of the status list: a counter for each extent of a partition,
 * and FF1 over the extent, so that they come once, look random and tell nothing of each other.
 */
#include "authority/register_private.h"

#include "crypt/ff1.h"

struct extent {
	int64_t number, first, size, next; /* next: after what was drawn */
	bool found;
};

static int take_extent(void *user, const struct db_value *columns, size_t n)
{
	struct extent *e = user;

	if (n == 4)
		*e = (struct extent){ columns[0].integer, columns[1].integer, columns[2].integer,
				      columns[3].integer, true };
	return 0;
}

/* Takes n numbers of the newest extent, or none. */
static int take_numbers(struct holder_register *r, uint16_t partition, size_t n, struct extent *e)
{
	const struct db_value values[] = { db_integer(partition), db_integer((int64_t)n) };

	e->found = false;
	return db_run(r->db,
		      "UPDATE extents SET next = next + $2 WHERE part = $1 AND next + $2 <= size"
		      " AND extent = (SELECT MAX(extent) FROM extents WHERE part = $1)"
		      " RETURNING extent, first, size, next",
		      values, 2, take_extent, e, NULL);
}

/* A new extent behind the others, when the partition has grown. */
static int add_extent(struct holder_register *r, uint16_t partition)
{
	const struct db_value part = db_integer(partition);
	struct extent last = { .found = false };
	struct db_value values[4];
	int rc = db_run(r->db,
			"SELECT extent, first, size, next FROM extents WHERE part = $1"
			" ORDER BY extent DESC LIMIT 1",
			&part, 1, take_extent, &last, NULL);
	const int64_t first = last.first + last.size;

	if (rc == 0 && last.next < last.size)
		return 0; /* another has added it, since none was found */
	if (rc == 0 && first >= (int64_t)r->indices)
		return cli_fail(r->cli, SJ_INPUT_REFUSED,
				"partition %04x of the status list is full; enlarge with "
				"`authority status build --indices`",
				partition);
	values[0] = part;
	values[1] = db_integer(last.found ? last.number + 1 : 0);
	values[2] = db_integer(first);
	values[3] = db_integer((int64_t)r->indices - first);
	return rc != 0 ? rc
		       : db_run(r->db,
				"INSERT INTO extents (part, extent, first, size, next)"
				" VALUES ($1, $2, $3, $4, 0) ON CONFLICT (part, extent) DO NOTHING",
				values, 4, NULL, NULL, NULL);
}

static unsigned bits_for(int64_t size)
{
	unsigned bits = 2; /* halves have a bit at least */

	while (INT64_C(1) << bits < size)
		bits++;
	return bits;
}

/* The place of these numbers in their extent: FF1, again while it lies behind the end. */
static bool permute(struct holder_register *r, uint16_t partition, const struct extent *e, size_t n,
		    uint32_t *out)
{
	const unsigned bits = bits_for(e->size), low = bits - bits / 2;
	struct sj_ff1 *f = sj_ff1_new(r->index, 2, bits);
	uint8_t tweak[4];
	struct sj_writer w = SJ_WRITER_OF(tweak);
	bool ok = f != NULL;

	sj_put_be(&w, 2, partition);
	sj_put_be(&w, 2, (uint32_t)e->number);
	for (size_t i = 0; ok && i < n; i++) {
		uint64_t x = (uint64_t)(e->next - (int64_t)n) + i;

		do {
			uint64_t first = x >> low, rest = x & ((UINT64_C(1) << low) - 1);

			ok = sj_ff1_encrypt(f, sj_written(&w), &first, &rest);
			x = first << low | rest;
		} while (ok && x >= (uint64_t)e->size);
		out[i] = (uint32_t)((uint64_t)e->first + x);
	}
	sj_ff1_free(f);
	return ok;
}

/* Near the end of an extent in smaller portions, so that none is left. */
int register_draw(struct holder_register *r, uint16_t partition, size_t n, uint32_t *out)
{
	size_t portion = n;
	struct extent e;
	int rc = 0;

	while (rc == 0 && n > 0) {
		if (portion > n)
			portion = n;
		rc = take_numbers(r, partition, portion, &e);
		if (rc == 0 && e.found) {
			if (!permute(r, partition, &e, portion, out))
				return cli_fail(r->cli, SJ_CRYPTO_FAILED, "index");
			out += portion;
			n -= portion;
		} else if (rc == 0 && portion > 1) {
			portion /= 2;
		} else if (rc == 0) {
			rc = add_extent(r, partition);
			portion = n;
		}
	}
	return rc;
}
