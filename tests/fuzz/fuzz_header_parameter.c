/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_header_parameter: reading survives anything; what we write is read back unchanged. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/header/header_parameter.h"
#include "modules/coding/utf8_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int fine) {
    if (!fine) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    struct mail_buffer value = {0}, header = {0}, repaired = {0};
    if (header_read_parameter(&value, text, size, "filename")) {
        require(utf8_text_is_valid(value.data, value.size));
        require(value.size == 0 || (!memchr(value.data, 0, value.size) && !memchr(value.data, 10, value.size) &&
                                    !memchr(value.data, 13, value.size)));
    }
    size_t column = 31;
    mail_buffer_append_string(&header, "attachment");
    if (header_write_parameter(&header, &column, "filename", text, size, NULL) == MAIL_OK) {
        utf8_text_repair(&repaired, text, size);
        mail_buffer_clear(&value);
        require(header_read_parameter(&value, header.data, header.size, "filename"));
        require(value.size == repaired.size && (value.size == 0 || memcmp(value.data, repaired.data, value.size) == 0));
        require(utf8_text_is_ascii(header.data, header.size));
    }
    mail_buffer_free(&value);
    mail_buffer_free(&header);
    mail_buffer_free(&repaired);
    return 0;
}
