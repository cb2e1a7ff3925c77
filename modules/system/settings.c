/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings.c: where the configuration files lie, and reading them with Errors instead of codes.
 */
#include "settings.h"
#include "support.h"

#include <stdlib.h>

static const char system_path[] = "/etc/carapace/carapace.conf";

/* The variable's value when it is set and not empty. */
static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

const char *settings_path(cp_context *cp, enum hive hive) {
    const char *only = variable("CARAPACE_CONFIG");
    if (hive == HIVE_SYSTEM) return only ? NULL : system_path;
    if (only) return only;
    const char *folder = variable("XDG_CONFIG_HOME");
    if (folder && folder[0] == '/') /* XDG: relative ones are to be ignored */
        return cp_text_z(cp, cp_string_format(cp, "%s/carapace/carapace.conf", folder));
    folder = variable("HOME");
    return folder ? cp_text_z(cp, cp_string_format(cp, "%s/.config/carapace/carapace.conf", folder)) : NULL;
}

cp_value settings_load(cp_context *cp, enum hive hive, struct settings *settings) {
    *settings = (struct settings){0};
    for (enum hive one = HIVE_USER; one <= HIVE_SYSTEM; one++) {
        const char *path = hive == HIVE_BOTH || hive == one ? settings_path(cp, one) : NULL;
        if (!path) continue;
        struct configuration_error error;
        struct configuration *c = configuration_load(path, &error);
        if (c) {
            settings->files[settings->count++] = c;
            continue;
        }
        settings_free(settings);
        int code = error.problem == CONFIGURATION_BAD ? CP_CONFIGURATION_BAD : CP_CONFIGURATION_UNREADABLE;
        if (error.line) return cp_throw(cp, CP_ERROR_CONFIGURATION, code, "%s:%zu: %s", path, error.line, error.text);
        return cp_throw(cp, CP_ERROR_CONFIGURATION, code, "%s: %s", path, error.text);
    }
    return CP_NIL;
}

void settings_free(struct settings *settings) {
    for (int i = 0; i < settings->count; i++) configuration_free(settings->files[i]);
    settings->count = 0;
}

const char *settings_get(const struct settings *settings, const char *section, const char *name) {
    const char *value = NULL;
    for (int i = 0; i < settings->count && !value; i++) value = configuration_get(settings->files[i], section, name);
    return value;
}
