/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_address: parsing survives anything; what was parsed can be written and parsed again to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/header/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int fine) {
    if (!fine) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct address_list list, again;
    struct mail_error error;
    if (address_list_parse(&list, (const char *)data, size, &error) != MAIL_OK) {
        require(list.count == 0 && error.text[0] != 0 && error.position <= size);
        return 0;
    }
    struct mail_buffer field = {0}, flat = {0};
    require(address_write_header(&field, "To", &list, 1, &error) == MAIL_OK);
    for (size_t i = 4; i + 2 < field.size; i++) {
        if (field.data[i] != 13 && field.data[i] != 10) mail_buffer_append_char(&flat, field.data[i]);
        if (field.data[i] == 10) require(field.data[i + 1] == 32);
    }
    require(address_list_parse(&again, flat.data ? flat.data : "", flat.size, &error) == MAIL_OK);
    require(again.count == list.count);
    for (size_t i = 0; i < list.count; i++) {
        const struct address *a = &list.items[i], *b = &again.items[i];
        require(address_equal(a, b) && strcmp(a->spec, b->spec) == 0);
        require(strcmp(a->display_name, b->display_name) == 0);
        require(strlen(a->spec) <= ADDRESS_SPEC_LIMIT && strlen(a->domain) <= ADDRESS_DOMAIN_LIMIT);
        require((a->group == NULL) == (b->group == NULL));
        struct address_list one;
        require(address_parse(&one, a->spec, strlen(a->spec), &error) == MAIL_OK && address_equal(&one.items[0], a));
        address_list_free(&one);
    }
    address_list_free(&list);
    address_list_free(&again);
    mail_buffer_free(&field);
    mail_buffer_free(&flat);
    return 0;
}
