/* folder.h -- a folder for files that come and go by thousands. */
#ifndef TESTS_POWER_FOLDER_H
#define TESTS_POWER_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* In memory where there is such a file system; "": none could be made. */
static inline void folder_make(char out[static 64])
{
	snprintf(out, 64, "%s/sojourn-test-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(out) == NULL)
		out[0] = '\0';
}

#endif
