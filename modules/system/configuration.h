/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * configuration.h: the configuration file: sections of `name = value`, read, asked, changed and written back with its
 * comments and its order. Pure C: knows no interpreter, and only configuration_load and configuration_save do I/O.
 *
 *     # a comment, also with ;
 *     [Communications/Services/MasterMailer]
 *     host  = mail.example.org
 *     title = "  spaces and \"quotes\" are kept\n"
 *
 * Names are case-sensitive; the parts of a section's name are joined by `/`. Space around a name and a value does not
 * count. A value that begins with `"` ends with `"` and knows \n \t \r \\ \"; any other goes to the end of the line,
 * `#` and `;` included. A section may be opened again; a name may be given once in it. Lines end with LF or CR LF,
 * and are written with LF.
 */
#ifndef SYSTEM_CONFIGURATION_H
#define SYSTEM_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>

struct configuration; /* malloc'd */

enum configuration_problem {
    CONFIGURATION_OK,
    CONFIGURATION_BAD,        /* syntax, or a secret that others can read */
    CONFIGURATION_UNREADABLE, /* the system refuses: `number` is the errno */
};
struct configuration_error {
    enum configuration_problem problem;
    int number;
    size_t line;    /* 0 = not about a line */
    char text[400]; /* without the file's name; holds names, never values */
};

enum { CONFIGURATION_LIMIT = 1024 * 1024 }; /* bytes of the largest file */

/* NULL with *error filled in. An empty text is an empty configuration. */
struct configuration *configuration_parse(const char *text, size_t size, struct configuration_error *error);
/* Reads a file; one that is not there is an empty configuration. A file with a secret in it (configuration_is_secret)
   must not be readable by its group or others. */
struct configuration *configuration_load(const char *path, struct configuration_error *error);
void configuration_free(struct configuration *configuration); /* NULL is allowed */

/* The value, or NULL. It stays valid until that entry is changed. */
const char *configuration_get(const struct configuration *configuration, const char *section, const char *name);
bool configuration_has_section(const struct configuration *configuration, const char *section);
/* The entries of a section, in order: *position starts at 0; false at the end. */
bool configuration_next_entry(const struct configuration *configuration, const char *section, size_t *position,
                              const char **name, const char **value);
/* The sections in order of the file, each as often as it is opened: its whole name. */
bool configuration_next_section(const struct configuration *configuration, size_t *position, const char **name);

/* Whether these can stand as a section's name, or an entry's. */
bool configuration_section_name_valid(const char *section);
bool configuration_name_valid(const char *name);
/* Changes, adds, or with a NULL value removes an entry; the section is made when it is missing. A NULL name only makes
   the section. False when memory ran out or a name is not valid; nothing has changed then. */
bool configuration_set(struct configuration *configuration, const char *section, const char *name, const char *value);

/* The text of the file, malloc'd and NUL-terminated; what was not changed stands as it was read. NULL without memory.
 */
char *configuration_text(const struct configuration *configuration, size_t *size);
/* Writes the file in one step: a reader sees all of the old or all of the new. Mode 600; missing folders are made, mode
   700. 0 or an errno. */
int configuration_save(const struct configuration *configuration, const char *path);

/* Makes the folders above this file that are not there, mode 700. 0 or an errno. */
int configuration_make_folders(const char *file);

/* Whether a name says that its value is a secret: it ends with password, token or secret, in whatever case. */
bool configuration_is_secret(const char *name);

/* The name nearest to `name` among the `count` candidates, or NULL when none is near (at most a third of it differs).
 */
const char *configuration_nearest(const char *name, const char *const candidates[], size_t count);

#endif
