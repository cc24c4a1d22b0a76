/* ifd.h -- what replug.c knows of its driver. */
#ifndef TESTS_WORLD_IFD_H
#define TESTS_WORLD_IFD_H

#define IFD_PATH_MAX 128

#endif
