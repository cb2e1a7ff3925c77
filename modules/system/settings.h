/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings.h: where the configuration files lie, and reading them with Errors instead of codes.
 *
 * The user's file is $XDG_CONFIG_HOME/carapace/carapace.conf (by default below ~/.config), the system's is
 * /etc/carapace/carapace.conf. If CARAPACE_CONFIG is set it names the user's file and there is no system's.
 */
#ifndef SYSTEM_SETTINGS_H
#define SYSTEM_SETTINGS_H

#include "configuration.h"
#include "interp/carapace.h"

enum hive { HIVE_BOTH, HIVE_USER, HIVE_SYSTEM };

/* What the user's file says goes before what the system's says. */
struct settings {
    struct configuration *files[2];
    int count;
};

/* The path of that one file, or NULL when there is none (no HOME; or no system's). */
const char *settings_path(cp_context *cp, enum hive hive);
/* CP_NIL, or CP_THROWN (4.2 with the line, 4.3) with nothing to be freed. Nothing may be waited for until
   settings_free, because it is malloc'd memory. */
cp_value settings_load(cp_context *cp, enum hive hive, struct settings *settings);
void settings_free(struct settings *settings);
const char *settings_get(const struct settings *settings, const char *section, const char *name); /* or NULL */

#endif
