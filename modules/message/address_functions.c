/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * address_functions.c: lists of addresses (RFC 5322 3.4) as values of a script.
 */
#include "modules/message/address_functions.h"

#include "modules/header/address.h"
#include "modules/message/message_support.h"

static cp_value parse_addresses(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct address_list list;
    struct mail_error error;
    cp_list_builder result = {0};
    cp_value text = arguments[0];
    if (address_list_parse(&list, cp_string_text(text), cp_string_size(text), &error) != MAIL_OK)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is no list of addresses: %s",
                        message_quoted(cp, text), error.text);
    for (size_t i = 0; i < list.count; i++) {
        const struct address *a = &list.items[i];
        cp_value parts[] = {cp_string_z(cp, a->spec), *a->display_name ? cp_string_z(cp, a->display_name) : CP_NIL,
                            a->group ? cp_string_z(cp, a->group) : CP_NIL};
        cp_list_add(&result, cp_list_n(parts, 3));
    }
    address_list_free(&list);
    return result.list;
}

const cp_function_def address_functions[] = {
    {"parseAddresses", "List", "((text String))", parse_addresses,
     "The mailboxes of a list as headers have it, commas between, with groups and comments (RFC 5322 3.4): for each a "
     "List (address name group) of Strings; name is decoded, and () where there is none, as is group. Errors: 1.8 with "
     "what is wrong and where."},
    {0},
};
