/*
 * confine.h -- a daemon that shuts doors behind itself. It opens what it must, confines itself,
 * and only then looks at what strangers send: who takes over a parser finds no file but those
 * named here, no program to start, no other kind of socket, and no other process.
 *
 * Threads that run already are left out by cli_confine_files(): call it before the first.
 */
#ifndef SOJOURN_TOOLS_CLI_CONFINE_H
#define SOJOURN_TOOLS_CLI_CONFINE_H

#include "cli/cli.h"

enum cli_room_use { CLI_ROOM_READ, CLI_ROOM_WRITE, CLI_ROOM_RUN };

/* A place in the file system with all below it. NULL as path: nothing. */
struct cli_room {
	enum cli_room_use use;
	/*
	 * Of a file its directory counts, as files are replaced; of a link to be read besides what
	 * it leads to now; of what is not there yet the directory above (to be read: the nearest
	 * that is there). RUN: that program alone; but its
	 * loader comes with it, which loads whatever can be read.
	 */
	const char *path;
};

/*
 * From now on this thread, those it starts, and their programs reach these places, the system's own
 * (/usr, /lib, /etc, where resolv.conf is, to be read) and /dev/null. A kernel without Landlock: nothing
 * changes, which is told with SOJOURN_LOG=debug. What is already open stays so.
 */
CLI_MUST_CHECK int cli_confine_files(struct cli *cli, const struct cli_room *rooms, size_t n);

enum cli_calls {
	CLI_CALLS_RUN = 1, /* programs may be started */
	CLI_CALLS_NETWORK = 2, /* sockets of the network may be made, not only local ones */
};

/*
 * From now on all threads are refused what no daemon of ours needs: other processes' memory, new
 * name spaces, mounts, kernel modules and keys, code that is made at run time; and, unless
 * `allowed` has them, execve() and sockets of the network.
 */
CLI_MUST_CHECK int cli_confine_calls(struct cli *cli, unsigned allowed);

#endif
