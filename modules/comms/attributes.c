/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * attributes.c: which properties a module has, so that a stack finds the one to read or set. It asks classInfo, as a
 * script would, once per class.
 */
#include "comms_private.h"
#include "modules/system/configuration.h"

enum { NAME_LIMIT = 256 };

/* The item whose head is that Symbol, or (). */
static cp_value part_named(cp_value list, cp_value symbol) {
    for (; cp_is_cell(list); list = cp_tail(list))
        if (cp_is_cell(cp_head(list)) && cp_head(cp_head(list)) == symbol) return cp_head(list);
    return CP_NIL;
}

cp_value comms_attributes(cp_context *cp, cp_value object) {
    struct comms_state *state = comms_state(cp);
    cp_class *c = cp_class_of(cp, object);
    cp_value key = cp_fixnum(cp_class_number(c)), table = cp_table_get(cp, state->attributes, key);
    if (table != CP_UNSET) return table;
    table = cp_table(cp);
    cp_value class_name = cp_symbol_z(cp, cp_class_name(c));
    cp_value info = cp_call(cp, cp_symbol_of(cp_symbol_z(cp, "classInfo"))->function, &class_name, 1);
    if (info == CP_THROWN) return CP_THROWN;
    cp_value primary = part_named(info, cp_symbol_z(cp, "interface"));
    cp_value properties = part_named(primary, cp_symbol_z(cp, "properties"));
    if (properties != CP_NIL) properties = cp_tail(properties);
    for (; cp_is_cell(properties); properties = cp_tail(properties)) {
        cp_value property = cp_head(properties), rest = cp_tail(property); /* (name class access doc) */
        if (cp_table_set(cp, table, cp_head(property), cp_cons(cp_head(rest), cp_head(cp_tail(rest)))) == CP_THROWN)
            return CP_THROWN;
    }
    return cp_table_set(cp, state->attributes, key, table) == CP_THROWN ? CP_THROWN : table;
}

/* ---- finding ---- */

static cp_value behind(struct comms_module *m) { return m->kind->behind ? m->kind->behind(m) : CP_NIL; }

cp_value comms_attribute_owner(cp_context *cp, struct comms_module *m, cp_value name) {
    for (; m; m = comms_below(m)) {
        cp_value objects[] = {behind(m), comms_value(m)};
        for (int i = 0; i < 2; i++) {
            if (objects[i] == CP_NIL) continue;
            cp_value table = comms_attributes(cp, objects[i]);
            if (table == CP_THROWN) return CP_THROWN;
            if (cp_table_get(cp, table, name) != CP_UNSET) return objects[i];
        }
    }
    return CP_UNSET;
}

cp_value comms_member_owner(cp_context *cp, struct comms_module *m, cp_value name) {
    const char *text = cp_text_z(cp, name);
    for (; m; m = comms_below(m)) {
        if (behind(m) != CP_NIL && cp_responds_to(cp, behind(m), text)) return behind(m);
        if (cp_responds_to(cp, comms_value(m), text)) return comms_value(m);
    }
    return CP_UNSET;
}

cp_value comms_attribute_names(cp_context *cp, struct comms_module *m) {
    cp_value seen = cp_table(cp);
    cp_list_builder names = {0};
    for (; m; m = comms_below(m)) {
        cp_value objects[] = {behind(m), comms_value(m)};
        for (int i = 0; i < 2; i++) {
            if (objects[i] == CP_NIL) continue;
            cp_value table = comms_attributes(cp, objects[i]), name, value;
            if (table == CP_THROWN) return CP_THROWN;
            for (size_t position = 0; cp_table_next(table, &position, &name, &value);) {
                if (cp_table_get(cp, seen, name) != CP_UNSET) continue;
                if (cp_table_set(cp, seen, name, name) == CP_THROWN) return CP_THROWN;
                cp_list_add(&names, name);
            }
        }
    }
    return names.list;
}

/* The attribute that is spelled nearly like that, NULL when none is or after a throw. */
static const char *nearest_attribute(cp_context *cp, struct comms_module *m, cp_value name) {
    cp_value names = comms_attribute_names(cp, m);
    if (names == CP_THROWN) return NULL;
    const char *candidates[NAME_LIMIT];
    size_t count = 0;
    for (; cp_is_cell(names) && count < NAME_LIMIT; names = cp_tail(names))
        candidates[count++] = cp_text_z(cp, cp_head(names));
    return configuration_nearest(cp_text_z(cp, name), candidates, count);
}

/* 1.4 with the nearest name; `what` says what was looked for. */
static cp_value unknown(cp_context *cp, struct comms_module *m, cp_value name, const char *what) {
    const char *nearest = nearest_attribute(cp, m, name);
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "neither %s nor a module beneath it has the %s %.80s%s%s%s",
                    comms_name(m), what, cp_text_z(cp, name), nearest ? "; did you mean " : "", nearest ? nearest : "",
                    nearest ? "?" : "");
}

cp_value comms_attribute_hint(cp_context *cp, struct comms_module *m, cp_value name) {
    const char *nearest = nearest_attribute(cp, m, name);
    if (!nearest) return CP_UNSET;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "neither CommsStack nor a module in it has a member %.80s; did you mean %s?",
                    cp_text_z(cp, name), nearest);
}

/* Names may be given as Strings. */
static cp_value symbol_of(cp_context *cp, cp_value name) {
    const char *bytes;
    size_t size;
    return cp_is_symbol(name) || !cp_bytes_of(name, &bytes, &size) ? name : cp_symbol_n(cp, bytes, size);
}

/* ---- using ---- */

cp_value comms_attribute_get(cp_context *cp, struct comms_module *m, cp_value name) {
    name = symbol_of(cp, name);
    cp_value owner = comms_attribute_owner(cp, m, name);
    if (owner == CP_UNSET) return unknown(cp, m, name, "attribute");
    return owner == CP_THROWN ? CP_THROWN : cp_send(cp, owner, name, NULL, 0);
}

cp_value comms_attribute_set(cp_context *cp, struct comms_module *m, cp_value name, cp_value value) {
    name = symbol_of(cp, name);
    cp_value owner = comms_attribute_owner(cp, m, name);
    if (owner == CP_UNSET) return unknown(cp, m, name, "attribute");
    return owner == CP_THROWN ? CP_THROWN : cp_send(cp, owner, name, &value, 1);
}

cp_value comms_call_member(cp_context *cp, struct comms_module *m, cp_value name, const cp_value *arguments, int count) {
    name = symbol_of(cp, name);
    cp_value owner = comms_member_owner(cp, m, name);
    return owner == CP_UNSET ? unknown(cp, m, name, "method") : cp_send(cp, owner, name, arguments, count);
}

cp_value comms_attributes_copy(cp_context *cp, cp_value from, cp_value to) {
    cp_value table = comms_attributes(cp, from), name, description, stack = cp_symbol_z(cp, "stack"),
             read_only = cp_symbol_z(cp, "readOnly");
    if (table == CP_THROWN) return CP_THROWN;
    for (size_t position = 0; cp_table_next(table, &position, &name, &description);) {
        if (cp_tail(description) == read_only || name == stack) continue;
        cp_value value = cp_send(cp, from, name, NULL, 0);
        if (value == CP_THROWN) return CP_THROWN;
        if (value != CP_NIL && cp_send(cp, to, name, &value, 1) == CP_THROWN) return CP_THROWN;
        if (value == CP_NIL) {
            cp_value now = cp_send(cp, to, name, NULL, 0);
            if (now == CP_THROWN || (now != CP_NIL && cp_send(cp, to, name, &value, 1) == CP_THROWN)) return CP_THROWN;
        }
    }
    return CP_NIL;
}
