/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_mailbox: what is in the mailbox, and marking messages as deleted. */
#include "modules/pop3/pop3.h"

bool pop3_message_number(cp_context *cp, cp_value value, uint64_t *number) {
    int64_t n;
    if (!cp_to_int64(value, &n) || n < 1) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "messages are counted from 1, so there is none of number %s",
                 cp_text_z(cp, cp_to_source(cp, value)));
        return false;
    }
    *number = (uint64_t)n;
    return true;
}

/* A command without a body, as a whole method. */
static cp_value simple(cp_context *cp, cp_value self, pop3_command command, uint64_t message, const char *what) {
    struct pop3 *pop3 = pop3_of(cp, self);
    if (pop3_enter_mailbox(cp, pop3) == CP_THROWN) return CP_THROWN;
    cp_value result = pop3_run(cp, pop3, command, message, 0, NULL, NULL);
    if (result != CP_THROWN && !pop3->ok) result = pop3_throw_reply(cp, pop3, what);
    return pop3_finish(cp, pop3, result);
}

cp_value pop3_method_reset(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return simple(cp, self, POP3_RSET, 0, "the marks for deletion were not taken off");
}

cp_value pop3_method_noop(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return simple(cp, self, POP3_NOOP, 0, "NOOP was refused");
}

cp_value pop3_method_delete(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    uint64_t number;
    if (!pop3_message_number(cp, arguments[0], &number)) return CP_THROWN;
    if (pop3_delete_later(cp, pop3_of(cp, self), number)) return CP_NIL;
    cp_value what = cp_string_format(cp, "message %llu was not deleted", (unsigned long long)number);
    return simple(cp, self, POP3_DELE, number, cp_text_z(cp, what));
}

cp_value pop3_method_status(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct pop3 *pop3 = pop3_of(cp, self);
    if (pop3_enter_mailbox(cp, pop3) == CP_THROWN) return CP_THROWN;
    cp_value result = pop3_run(cp, pop3, POP3_STAT, 0, 0, NULL, NULL);
    if (result != CP_THROWN && !pop3->ok) result = pop3_throw_reply(cp, pop3, "the mailbox cannot be looked at");
    if (result != CP_THROWN) {
        cp_value pair[] = {cp_integer_unsigned(cp, pop3->number), cp_integer_unsigned(cp, pop3->octets)};
        result = cp_list_n(pair, 2);
    }
    return pop3_finish(cp, pop3, result);
}

/* ---- lists ---- */

static cp_value add_size(cp_context *cp, void *context, const pop3_event *event) {
    cp_value pair[] = {cp_integer_unsigned(cp, event->number), cp_integer_unsigned(cp, event->octets)};
    cp_list_add(context, cp_list_n(pair, 2));
    return CP_NIL;
}

static cp_value add_uid(cp_context *cp, void *context, const pop3_event *event) {
    cp_value pair[] = {cp_integer_unsigned(cp, event->number), cp_string_z(cp, event->uid)};
    cp_list_add(context, cp_list_n(pair, 2));
    return CP_NIL;
}

cp_value pop3_method_uidl(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct pop3 *pop3 = pop3_of(cp, self);
    cp_list_builder list = {0};
    if (pop3_enter_mailbox(cp, pop3) == CP_THROWN) return CP_THROWN;
    cp_value result = pop3_run(cp, pop3, POP3_UIDL, 0, 0, add_uid, &list);
    if (result != CP_THROWN && !pop3->ok) result = pop3_throw_reply(cp, pop3, "the unique ids cannot be listed");
    return pop3_finish(cp, pop3, result == CP_THROWN ? CP_THROWN : list.list);
}

/* The lists of LIST and UIDL are in the same order with any sane server, but nothing says so. */
static cp_value join(cp_context *cp, cp_value sizes, cp_value uids) {
    cp_list_builder joined = {0};
    cp_value table = CP_UNSET, rest = uids;
    for (; cp_is_cell(sizes); sizes = cp_tail(sizes)) {
        cp_value number = cp_head(cp_head(sizes)), uid = CP_NIL;
        if (cp_is_cell(rest) && cp_head(cp_head(rest)) == number) {
            uid = cp_head(cp_tail(cp_head(rest)));
            rest = cp_tail(rest);
        } else {
            if (table == CP_UNSET) {
                table = cp_table(cp);
                for (cp_value at = uids; cp_is_cell(at); at = cp_tail(at))
                    if (cp_table_set(cp, table, cp_head(cp_head(at)), cp_head(cp_tail(cp_head(at)))) == CP_THROWN)
                        return CP_THROWN;
            }
            cp_value found = cp_table_get(cp, table, number);
            if (found != CP_UNSET) uid = found;
        }
        cp_value row[] = {number, cp_head(cp_tail(cp_head(sizes))), uid};
        cp_list_add(&joined, cp_list_n(row, 3));
    }
    return joined.list;
}

static cp_value list(cp_context *cp, struct pop3 *pop3) {
    cp_list_builder sizes = {0}, uids = {0};
    if (pop3_run(cp, pop3, POP3_LIST, 0, 0, add_size, &sizes) == CP_THROWN) return CP_THROWN;
    if (!pop3->ok) return pop3_throw_reply(cp, pop3, "the mailbox cannot be listed");
    /* A server without CAPA may know UIDL all the same. */
    bool may_know = pop3_client_capability_count(pop3->client) == 0 || pop3_client_offers(pop3->client, "UIDL") != NULL;
    if (!may_know || sizes.list == CP_NIL) return sizes.list;
    if (pop3_run(cp, pop3, POP3_UIDL, 0, 0, add_uid, &uids) == CP_THROWN) return CP_THROWN;
    return pop3->ok ? join(cp, sizes.list, uids.list) : sizes.list;
}

cp_value pop3_method_list(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct pop3 *pop3 = pop3_of(cp, self);
    if (pop3_enter_mailbox(cp, pop3) == CP_THROWN) return CP_THROWN;
    return pop3_finish(cp, pop3, list(cp, pop3));
}
