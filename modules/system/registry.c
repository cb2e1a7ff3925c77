/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * registry.c: the class Registry: sections of the configuration files as objects.
 *
 * Each call reads the files anew, so a change by another process is seen and nothing needs to be kept.
 */
#include "settings.h"
#include "support.h"

#include <errno.h>
#include <stdlib.h>

struct registry {
    cp_object header;
    cp_value section; /* String; "" is the root */
    cp_value hive;    /* (), or a String as given */
};

static inline struct registry *registry_of(cp_value self) { return (struct registry *)cp_object_of(self); }

/* ---- helpers ---- */

/* The section's name as the file has it: parts joined by `/`, none at the ends; `\` is taken for `/`. */
static cp_value normal_section(cp_context *cp, cp_value given) {
    if (given == CP_NIL) return cp_string_z(cp, "");
    const char *from;
    size_t size;
    cp_bytes_of(given, &from, &size);
    char *text = cp_alloc_atomic(size + 1), *to = text;
    for (size_t i = 0; i < size; i++) {
        char c = from[i] == '\\' ? '/' : from[i];
        if (c != '/' || (to > text && to[-1] != '/')) *to++ = c;
    }
    if (to > text && to[-1] == '/') to--;
    *to = 0;
    if (*text && (memchr(from, 0, size) || !configuration_section_name_valid(text)))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "this cannot be a section's name: %s", text);
    return cp_string_n(cp, text, (size_t)(to - text));
}

/* False after a throw. */
static bool hive_of(cp_context *cp, cp_value hive, enum hive *result) {
    if (hive == CP_NIL) *result = HIVE_BOTH;
    else if (text_is(hive, "user") || text_is(hive, "HKEY_CURRENT_USER")) *result = HIVE_USER;
    else if (text_is(hive, "system") || text_is(hive, "HKEY_LOCAL_MACHINE")) *result = HIVE_SYSTEM;
    else {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a Registry's hive is \"user\", \"system\" or ()");
        return false;
    }
    return true;
}

static const char *section_text(cp_context *cp, cp_value self) { return cp_text_z(cp, registry_of(self)->section); }

static cp_value load(cp_context *cp, cp_value self, struct settings *settings) {
    enum hive hive;
    if (!hive_of(cp, registry_of(self)->hive, &hive)) return CP_THROWN;
    return settings_load(cp, hive, settings);
}

/* Changes one file: value NULL removes, name NULL makes the section only. */
static cp_value change(cp_context *cp, cp_value self, const char *section, const char *name, const char *value) {
    enum hive hive;
    if (!hive_of(cp, registry_of(self)->hive, &hive)) return CP_THROWN;
    if (hive == HIVE_BOTH) hive = HIVE_USER;
    const char *path = settings_path(cp, hive);
    if (!path)
        return cp_throw(cp, CP_ERROR_CONFIGURATION, CP_CONFIGURATION_UNREADABLE,
                        hive == HIVE_USER ? "there is no place for the configuration: set HOME or CARAPACE_CONFIG"
                                          : "there is no system's configuration while CARAPACE_CONFIG is set");
    struct settings settings;
    if (settings_load(cp, hive, &settings) == CP_THROWN) return CP_THROWN;
    bool changed = configuration_set(settings.files[0], section, name, value);
    int error = changed ? configuration_save(settings.files[0], path) : ENOMEM;
    settings_free(&settings);
    if (error) return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_WRITE, error, "cannot change %s", path);
    return success(cp);
}

static const char *entry_name(cp_context *cp, cp_value name) {
    const char *text = system_text(cp, "name of a value", name);
    if (!text || configuration_name_valid(text)) return text;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "this cannot be the name of a value: %s", text);
    return NULL;
}

/* ---- properties ---- */

static cp_value get_section(cp_context *cp, cp_value self) {
    (void)cp;
    return registry_of(self)->section;
}
static cp_value set_section(cp_context *cp, cp_value self, cp_value value) {
    cp_value section = normal_section(cp, value);
    if (section != CP_THROWN) registry_of(self)->section = section;
    return section;
}
static cp_value get_hive(cp_context *cp, cp_value self) {
    (void)cp;
    return registry_of(self)->hive;
}
static cp_value set_hive(cp_context *cp, cp_value self, cp_value value) {
    enum hive hive;
    if (!hive_of(cp, value, &hive)) return CP_THROWN;
    return registry_of(self)->hive = value;
}

static const cp_property_def properties[] = {
    {"hive", "String|Symbol", CP_READ_WRITE, NULL, get_hive, set_hive,
     "Which file: \"user\", \"system\", or () for both: then the user's goes before the system's, and changes go to "
     "the user's. Errors: 1.8 another name."},
    {"section", "String", CP_READ_WRITE, NULL, get_section, set_section,
     "The section, its parts joined by `/`; \"\" is the root, which has sections only. Errors: 1.8 no such name can "
     "be."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    if (set_section(cp, self, arguments[0]) == CP_THROWN) return CP_THROWN;
    return set_hive(cp, self, arguments[1]);
}

static cp_value method_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const char *name = entry_name(cp, arguments[0]);
    struct settings settings;
    if (!name || load(cp, self, &settings) == CP_THROWN) return CP_THROWN;
    const char *value = settings_get(&settings, section_text(cp, self), name);
    cp_value result = value ? cp_string_z(cp, value) : arguments[1];
    settings_free(&settings);
    return result;
}

static cp_value method_set(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const char *section = section_text(cp, self), *name = entry_name(cp, arguments[0]), *value = NULL;
    if (!name) return CP_THROWN;
    if (!*section) return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the root has no values, only sections");
    if (arguments[1] != CP_NIL) {
        cp_value text = cp_to_string(cp, arguments[1]);
        if (text == CP_THROWN) return CP_THROWN;
        if (memchr(cp_string_text(text), 0, cp_string_size(text)))
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the value has a NUL character in it");
        value = cp_text_z(cp, text);
    }
    return change(cp, self, section, name, value);
}

/* The names or the values of the section, each name once. */
static cp_value entries(cp_context *cp, cp_value self, bool names) {
    struct settings settings;
    if (load(cp, self, &settings) == CP_THROWN) return CP_THROWN;
    const char *section = section_text(cp, self), *name, *value;
    cp_list_builder result = {0};
    for (int i = 0; i < settings.count; i++) {
        size_t position = 0;
        while (configuration_next_entry(settings.files[i], section, &position, &name, &value)) {
            if (i == 1 && configuration_get(settings.files[0], section, name)) continue;
            cp_list_add(&result, cp_string_z(cp, names ? name : value));
        }
    }
    settings_free(&settings);
    return result.list;
}

static cp_value method_attributes(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return entries(cp, self, true);
}

static cp_value method_values(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return entries(cp, self, false);
}

static cp_value method_sections(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct settings settings;
    if (load(cp, self, &settings) == CP_THROWN) return CP_THROWN;
    const char *section = section_text(cp, self), *name;
    size_t size = strlen(section);
    cp_value seen = cp_table(cp);
    cp_list_builder result = {0};
    for (int i = 0; i < settings.count; i++) {
        size_t position = 0;
        while (configuration_next_section(settings.files[i], &position, &name)) {
            if (size && (strncmp(name, section, size) != 0 || name[size] != '/')) continue;
            const char *part = size ? name + size + 1 : name;
            cp_value text = cp_string_n(cp, part, strcspn(part, "/"));
            if (cp_table_get(cp, seen, text) != CP_UNSET) continue;
            if (cp_table_set(cp, seen, text, text) == CP_THROWN) {
                settings_free(&settings);
                return CP_THROWN;
            }
            cp_list_add(&result, text);
        }
    }
    settings_free(&settings);
    return result.list;
}

static cp_value method_create_section(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const char *section = section_text(cp, self), *name = system_text(cp, "section's name", arguments[0]);
    if (!name) return CP_THROWN;
    cp_value whole = normal_section(cp, cp_string_format(cp, "%s/%s", section, name));
    if (whole == CP_THROWN) return CP_THROWN;
    if (cp_string_size(whole) <= strlen(section))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "this cannot be a section's name: %s", name);
    if (change(cp, self, cp_text_z(cp, whole), NULL, NULL) == CP_THROWN) return CP_THROWN;
    cp_value made = cp_new(cp, cp_class_of(cp, self));
    registry_of(made)->section = whole;
    registry_of(made)->hive = registry_of(self)->hive;
    return made;
}

static const cp_method_def methods[] = {
    {"Registry", "NIL", "((section String ()) (hive String|Symbol ()))", construct,
     "Makes a view of one section of the configuration, which need not exist. Errors: 1.8 bad name."},
    {"get", "Object", "((name String|Symbol) (otherwise Object ()))", method_get,
     "The value as a String, or `otherwise` when there is none. Errors: 4.2 the file is wrong at a line, or holds a "
     "secret and is readable by others; 4.3 it cannot be read."},
    {"set", "Symbol", "((name String|Symbol) value)", method_set,
     "Stores a value as the text that `print` shows, or removes it with (). The file keeps its comments and order, is "
     "replaced in one step, and gets mode 600. Gives ok. Errors: as `get`; 5.4 cannot write."},
    {"attributes", "List", "()", method_attributes, "The names of the section's values. Errors: as `get`."},
    {"values", "List", "()", method_values, "The section's values, in the order of `attributes`. Errors: as `get`."},
    {"sections", "List", "()", method_sections,
     "The names of the sections directly below, without this section's own name before them. Errors: as `get`."},
    {"createSection", "Registry", "((name String|Symbol))", method_create_section,
     "Makes a section below this one if it is not there, and gives a Registry of it. Errors: as `set`."},
    {0},
};

const cp_class_def registry_class = {
    .name = "Registry",
    .doc =
        "The configuration: sections of names and values in the user's file ~/.config/carapace/carapace.conf and the "
        "system's /etc/carapace/carapace.conf. The environment's CARAPACE_CONFIG names another file in their place.",
    .size = sizeof(struct registry),
    .major = 1,
    .properties = properties,
    .methods = methods,
};
