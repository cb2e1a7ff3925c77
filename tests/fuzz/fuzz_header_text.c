/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_header_text: decoding survives anything and gives valid UTF-8; what we write can be read back unchanged. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/header/header_text.h"
#include "modules/coding/utf8_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int fine) {
    if (!fine) abort();
}

/* Folded lines of at most `most` characters, none blank, the field ending with its one CRLF that no white space
 * follows. */
static void check_field(const char *field, size_t size, size_t most) {
    size_t start = 0, visible = 0;
    require(size >= 2 && field[size - 2] == 13);
    for (size_t i = 0; i < size; i++) {
        require(field[i] != 0 && field[i] != 10);
        if (field[i] > 32 || field[i] < 0) visible = 1;
        if (field[i] != 13) continue;
        require(field[i + 1] == 10 && i - start <= most && visible);
        require(i + 2 == size || field[i + 2] == 32 || field[i + 2] == 9);
        start = i + 2;
        visible = 0;
        i++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    struct mail_buffer decoded = {0}, field = {0}, repaired = {0}, back = {0};
    require(header_text_decode(&decoded, text, size) == MAIL_OK);
    require(utf8_text_is_valid(decoded.data, decoded.size));
    require(decoded.size == 0 || (!memchr(decoded.data, 0, decoded.size) && !memchr(decoded.data, 13, decoded.size) &&
                                  !memchr(decoded.data, 10, decoded.size)));

    int breaks = size > 0 && (memchr(text, 0, size) || memchr(text, 13, size) || memchr(text, 10, size));
    enum mail_status status = header_write_text(&field, "Subject", text, size, NULL);
    require(status == (breaks ? MAIL_CONTROL_CHARACTER : MAIL_OK));
    if (!breaks) {
        check_field(field.data, field.size, HEADER_LINE_HARD);
        utf8_text_repair(&repaired, text, size);
        size_t skip = size > 0 ? 9 : 8;
        require(header_text_decode(&back, field.data + skip, field.size - skip) == MAIL_OK);
        require(back.size == repaired.size && (size == 0 || memcmp(back.data, repaired.data, back.size) == 0));
    }
    mail_buffer_clear(&field);
    if (header_write_structured(&field, "References", text, size, NULL) == MAIL_OK)
        check_field(field.data, field.size, HEADER_LINE_HARD);
    mail_buffer_clear(&field);
    size_t column = 4;
    mail_buffer_append_string(&field, "To: ");
    if (header_write_phrase(&field, &column, text, size, NULL) == MAIL_OK) {
        mail_buffer_append_string(&field, " <x>\r\n");
        check_field(field.data, field.size, HEADER_LINE_HARD);
    }
    mail_buffer_free(&decoded);
    mail_buffer_free(&field);
    mail_buffer_free(&repaired);
    mail_buffer_free(&back);
    return 0;
}
