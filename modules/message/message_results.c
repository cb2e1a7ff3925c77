/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message_results.c: what became of each recipient of a message. Of most messages nobody asks: the List that the
 * property `results` reads is made when somebody does.
 */
#include "modules/message/smtp_message.h"

struct message_results {
    cp_value list; /* () until it is made */
    size_t count;
    struct message_result each[];
};

struct message_results *message_results_new(size_t count, size_t octets, struct message_result **each, char **text) {
    struct message_results *results = cp_alloc(sizeof *results + count * sizeof results->each[0] + octets);
    results->count = count;
    *each = results->each;
    *text = (char *)&results->each[count];
    return results;
}

cp_value message_results_list(cp_context *cp, struct message_results *results) {
    if (results == NULL || results->list != CP_NIL) return results == NULL ? CP_NIL : results->list;
    cp_list_builder list = {0};
    for (size_t i = 0; i < results->count; i++) {
        const struct message_result *result = &results->each[i];
        cp_value items[] = {cp_string_z(cp, result->address), result->state, cp_fixnum(result->code), result->enhanced,
                            result->words};
        cp_list_add(&list, cp_list_n(items, 5));
    }
    return results->list = list.list;
}

void message_set_results(cp_value message, struct message_results *results) {
    smtp_message_of(message)->results = results;
}
