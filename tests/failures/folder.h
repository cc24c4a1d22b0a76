/* folder.h -- folders of tests, emptied and put back without a shell. */
#ifndef TESTS_FAILURES_FOLDER_H
#define TESTS_FAILURES_FOLDER_H

#include <stdbool.h>

/* Removes all that is in it, and itself if `whole`; it may be missing. */
void folder_empty(const char *path, bool whole);
/* Copies all that is in it into another one, which is made. */
void folder_copy(const char *from, const char *to);

#endif
