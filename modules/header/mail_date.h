/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_date: the date-time of RFC 5322 3.3, written and read. */
#ifndef CARAPACE_MAIL_DATE_H
#define CARAPACE_MAIL_DATE_H

#include <stddef.h>
#include <stdint.h>

#include "modules/coding/mail_error.h"

#define MAIL_DATE_SIZE 48 /* room for any date, NUL included */

/* Minutes east of UTC of the process's time zone at that moment (seconds since 1970). */
int mail_date_local_offset(int64_t seconds);
/* "Fri, 21 Nov 1997 09:55:06 -0600". seconds: since 1970, years 1900-9999; offset: minutes, -99*60-59 to +99*60+59.
 * MAIL_SYNTAX when outside. */
enum mail_status mail_date_format(char out[MAIL_DATE_SIZE], int64_t seconds, int offset_minutes);
/* Reads also comments, missing week day or seconds, two- and three-digit years and obsolete zones (4.3). The offset of
   "-0000" and of unknown zones is 0. A wrong day of the week is passed over. */
enum mail_status mail_date_parse(const char *text, size_t size, int64_t *seconds, int *offset_minutes,
                                 struct mail_error *error);

#endif
