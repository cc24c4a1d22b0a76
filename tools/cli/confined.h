/*
 * confined.h -- for programs that take apart what nobody vouches for, each time in a process of its
 * own that can do nothing else: sojourn-portrait, sojourn-signed. Of ours they link little more.
 */
#ifndef SOJOURN_TOOLS_CLI_CONFINED_H
#define SOJOURN_TOOLS_CLI_CONFINED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * All of standard input, before the doors are closed; free it. *len 0: nothing, or more than `most`
 * bytes. NULL: no memory.
 */
uint8_t *cli_confined_input(size_t most, size_t *len);

/*
 * From here on the process can compute, ask for memory (so many bytes in all) and write to what is
 * open, for so many seconds of a processor: no files, no network, no programs, whatever a parser is
 * talked into (seccomp, Landlock where the kernel has it, limits). False: not to be trusted.
 */
bool cli_confine_self(size_t memory, unsigned seconds);

#endif
