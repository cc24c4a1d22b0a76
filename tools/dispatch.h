/* dispatch.h -- what the files of the dispatcher share. */
#ifndef SOJOURN_TOOLS_DISPATCH_H
#define SOJOURN_TOOLS_DISPATCH_H

/*
 * Prints the completion script for the shell "bash", "zsh" or "fish", made from the
 * option tables of all programs. Returns the exit code.
 */
int completion_print(const char *name);

#endif
