/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The texts of stdlib/, embedded in the executable so that it runs without an installation.
 *
 * The table is generated at build time by stdlib/embed.c (see "The standard library as data" in the Makefile); it is
 * sorted by name in byte order, so it may be searched by bisection. */
#ifndef CARAPACE_RUN_STDLIB_DATA_H
#define CARAPACE_RUN_STDLIB_DATA_H

#include <stddef.h>

struct stdlib_file {
    const char *name;          /* path below stdlib/, with forward slashes and its .cpl: "comms/build.cpl" */
    const unsigned char *text; /* the file's bytes as they are; a NUL follows them that is not counted */
    size_t length;             /* in bytes */
};

extern const struct stdlib_file stdlib_files[];
extern const size_t stdlib_file_count;

#endif
