/* SPDX-License-Identifier: GPL-3.0-or-later */
/* roster.c: numbers for functions. A table of fixed size, because a signal handler fills it. */
#include "interp/run/roster.h"

#include <stdlib.h>

#include "interp/base/memory.h"

struct roster *roster_create(void) {
    struct roster *roster = calloc(1, sizeof *roster);
    if (!roster) return NULL;
    roster->members = mem_alloc_uncollectable(ROSTER_ROOM * sizeof *roster->members);
    roster->count = ROSTER_FIRST;
    return roster;
}

void roster_destroy(struct roster *roster) {
    mem_free_uncollectable(roster->members);
    free(roster);
}

uint32_t roster_number(struct roster *roster, const void *member, enum roster_kind kind) {
    const uint32_t mask = 2 * ROSTER_ROOM - 1;
    uint32_t at = (uint32_t)(((uintptr_t)member >> 4) * 0x9E3779B1u >> 7) + kind;
    for (;; at++) {
        uint16_t number = roster->slots[at & mask];
        if (number == 0) break;
        if (roster->members[number] == member && roster->kinds[number] == kind) return number;
    }
    if (roster->count == ROSTER_ROOM) return ROSTER_OTHERS;
    uint32_t number = roster->count++;
    roster->members[number] = member;
    roster->kinds[number] = (uint8_t)kind;
    roster->slots[at & mask] = (uint16_t)number;
    return number;
}

uint32_t roster_number_of_proto(struct roster *roster, const struct proto *proto) {
    return proto->is_top_level ? roster_number(roster, proto->source, ROSTER_TOP_LEVEL)
                               : roster_number(roster, proto, ROSTER_FUNCTION);
}

static const char *proto_title(cp_context *cp, const struct proto *proto) {
    if (!proto->name) return "lambda";
    if (!proto->owner) return proto->name->text;
    return cp_text_z(cp, cp_string_format(cp, "%s::%s", cp_class_name(proto->owner), proto->name->text));
}

const char *roster_title(cp_context *cp, const struct roster *roster, uint32_t number) {
    const void *member = roster->members[number];
    switch ((enum roster_kind)roster->kinds[number]) {
    case ROSTER_FUNCTION: return proto_title(cp, member);
    case ROSTER_TOP_LEVEL: return "top level";
    case ROSTER_NATIVE: return cp_text_z(cp, function_title(cp, member));
    case ROSTER_CREATE: return cp_text_z(cp, cp_string_format(cp, "create %s", ((const cp_symbol *)member)->text));
    case ROSTER_SOURCE: return cp_text_z(cp, ((const struct source *)member)->name);
    case ROSTER_NONE: break;
    }
    switch (number) {
    case ROSTER_COLLECTING: return "(collecting garbage)";
    case ROSTER_BETWEEN: return "(between threads)";
    case ROSTER_LEFT_OUT: return "(calls left out)";
    case ROSTER_LOADING: return "(reading and compiling)";
    default: return "(other functions)";
    }
}

const char *roster_place(cp_context *cp, const struct roster *roster, uint32_t number) {
    int line, column;
    if (roster->kinds[number] == ROSTER_TOP_LEVEL)
        return cp_text_z(cp, ((const struct source *)roster->members[number])->name);
    if (roster->kinds[number] != ROSTER_FUNCTION) return "";
    const struct proto *proto = roster->members[number];
    source_place(proto->source, proto->position, &line, &column);
    return cp_text_z(cp, cp_string_format(cp, "%s:%d", cp_text_z(cp, proto->source->name), line));
}

bool roster_is_scripted(const struct roster *roster, uint32_t number) {
    return roster->kinds[number] == ROSTER_FUNCTION || roster->kinds[number] == ROSTER_TOP_LEVEL;
}
