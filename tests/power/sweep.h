/*
 * sweep.h -- power goes before, in the middle of and after every system call of every command.
 *
 * Whatever a test sends to a swept card (tests/card/..._rig.h) is one command. Its calls are
 * written down (disk.h); when it is done, every file that a disk may hold after a cut is opened, the
 * card in it switched on, and its content compared with the states before and after the command.
 *
 * What must hold, at each of them:
 *   the file opens, and the card in it answers;
 *   its content is that from before the command, or after it, or that from before with something
 *   spent that the command has to spend first: a try, a key or a ticket for one tap;
 *   after the answer it is that from after; so it is for what runs once the answer has left;
 *   no key or ticket for one tap is there again that an answer has shown;
 *   of a guess, the try was safe when secrets were compared (sweep_guess());
 *   the card goes on: another cut in its next change leaves that one done or not done.
 *
 * The program is linked with --wrap around the host's functions (tests.mk).
 */
#ifndef TESTS_POWER_SWEEP_H
#define TESTS_POWER_SWEEP_H

#include "tests/card/emrtd_reader.h"
#include "tests/power/disk.h"
#include "tests/power/picture.h"

#define SWEEP_STATES 8u
#define SWEEP_SHOWN 64u
#define SWEEP_ROWS 128u

/* Of all cards; over the whole run. */
struct sweep_count {
	unsigned long cuts, commands, violations;
	const struct card_command *rows[SWEEP_ROWS]; /* that changed something */
	size_t row_count;
	bool select; /* SELECT by name did */
	/* Calls that failed inside of a card; commands of a row, 0: SELECT, 1: none, that were tried. */
	unsigned long failures;
	struct sweep_tried {
		const struct card_command *row;
		bool is_select;
		unsigned times;
		bool done;
	} tried[SWEEP_ROWS];
	size_t tried_count;
	unsigned turn; /* of the ways to fail */
};

/* Failing calls: one of each row, in one way; each of every command, in every way. */
enum sweep_failing { FAIL_NONE, FAIL_FEW, FAIL_ALL };

struct sweep {
	struct sweep_count *count;
	enum disk_care care;
	enum sweep_failing failing; /* all: nothing is cut */
	bool quiet; /* commands are not swept for now */
	char folder[64], path[96], cut_path[96], again_path[96], fail_path[96];
	struct disk disk;
	struct bench *b; /* the card */
	/* The command that runs. */
	bool open;
	char label[80];
	const struct card_command *row;
	bool is_select;
	struct picture states[SWEEP_STATES]; /* the first: before it */
	unsigned state_count;
	uint16_t inner; /* the last status word inside of secure messaging */
	bool failed; /* a call has; tries may stay spent that time would give back */
	bool answered; /* while outcomes are looked at: it had been */
	/* A guess that runs. */
	bool guessing, paid;
	bool aside; /* what is compared now is no guess */
	unsigned compared;
	struct picture before_guess;
	/* What gates have seen: halves of keys, tickets. */
	uint8_t shown[SWEEP_SHOWN][32], burnt[SWEEP_SHOWN][128];
	size_t shown_count, burnt_count;
	uint32_t asked; /* the operator that the present SELECT names */
	/* The second cut, after the one that is looked at. */
	struct disk again;
	struct card_store *again_store;
	struct picture found;
};

/* A blank card in a file of its own; the bench is s->b. */
struct sweep *sweep_new(struct sweep_count *count, enum disk_care care, enum sweep_failing failing);
/* Ends card, file and folder; asserts that nothing was violated. */
void sweep_free(struct sweep *s);

/* Between these the commands are not swept. */
void sweep_pause(struct sweep *s);
void sweep_go_on(struct sweep *s);

/* The commands up to sweep_guessed() try one secret; a try is spent before anything is compared. */
void sweep_guess(struct sweep *s);
void sweep_guessed(struct sweep *s);

/* A card is born: there is no file, or one of a card with its own transport key. */
void sweep_birth(struct sweep_count *count, enum disk_care care);

/* Rows of the applets' tables that were neither swept nor are among those that change nothing. */
unsigned sweep_missing(const struct sweep_count *count);
/* It changes nothing. */
bool sweep_is_reader(const char *applet, const struct card_command *row);

/* --- inside: sweep.c, sweep_fail.c ------------------------------------------------------------ */

#define SWEEP_PROBE 0x7F000000u /* an object of nobody's */

/* The number of the state that the store is in, a new one if need be; self: struct sweep. */
unsigned sweep_state_now(void *self);
/* One outcome of a cut is opened and judged; self: struct sweep. */
void sweep_look(void *self, const struct disk_outcome *o);
void sweep_violated(struct sweep *s, size_t position, const char *what);
/*
 * A command is coming (none: work that was put off): copies of the whole card run it, each with a
 * call that fails, and are judged; this one has it before itself still.
 */
void sweep_fail(struct sweep *s, struct card *card, struct sj_span command);

#endif
