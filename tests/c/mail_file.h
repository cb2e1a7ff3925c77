/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_file: the one file that a group of mail tests writes and reads, gone with it. */
#ifndef CARAPACE_MAIL_FILE_H
#define CARAPACE_MAIL_FILE_H

#include "mail_test.h"

#include <unistd.h>

static char path[64];

/* For cmocka_run_group_tests. The name tells its type to who looks at that. */
static int name_file(void **state) {
    (void)state;
    snprintf(path, sizeof path, "/tmp/carapace_test.%d.pdf", (int)getpid());
    return 0;
}

static int remove_file(void **state) {
    (void)state;
    unlink(path);
    return 0;
}

#endif
