/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_mail_date: parsing survives anything; a parsed date is written and parsed again to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/header/mail_date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int64_t seconds, seconds_again;
    int offset, offset_again;
    char text[MAIL_DATE_SIZE];
    if (mail_date_parse((const char *)data, size, &seconds, &offset, NULL) != MAIL_OK) return 0;
    if (mail_date_format(text, seconds, offset) != MAIL_OK) return 0; /* the offset led out of the years 1900 to 9999 */
    if (mail_date_parse(text, strlen(text), &seconds_again, &offset_again, NULL) != MAIL_OK) abort();
    if (seconds != seconds_again || offset != offset_again) abort();
    return 0;
}
