/* SPDX-License-Identifier: GPL-3.0-or-later */
/* watch.c: --profile and --count: opens the file before the script runs, so that a name that cannot be written is told
 * at once and not after hours, and writes the report when it has ended, however it ended. */
#include "interp/shell/shell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "interp/run/count.h"
#include "interp/run/profile.h"

struct watch {
    const struct shell *shell;
    struct profile *profile;
    struct counts *counts;
    FILE *file; /* NULL: standard error */
};

static bool refused(const char *what, const char *which) {
    fprintf(stderr, "carapace: %s %s: %s\n", what, which, strerror(errno));
    return false;
}

bool watch_begin(cp_context *cp, const struct shell *shell, struct watch **watch) {
    static const char *const names[] = {"", "--profile", "--count"};
    *watch = NULL;
    if (!shell->watch) return true;
    struct watch *w = calloc(1, sizeof *w);
    if (!w) return refused("cannot begin", names[shell->watch]);
    w->shell = shell;
    if (shell->watch_file && !(w->file = fopen(shell->watch_file, "we"))) {
        free(w);
        return refused("cannot write", shell->watch_file);
    }
    if (shell->watch == WATCH_PROFILE) w->profile = profile_start(cp);
    else w->counts = count_start(cp);
    *watch = w;
    return w->profile || w->counts || refused("cannot begin", names[shell->watch]);
}

static bool is_graph(const char *file) {
    size_t size = file ? strlen(file) : 0;
    return size > 4 && !strcmp(file + size - 4, ".svg");
}

static void write_profile(cp_context *cp, const struct watch *w) {
    const struct shell *shell = w->shell;
    if (!is_graph(shell->watch_file)) return profile_write_text(cp, w->profile, w->file ? w->file : stderr);
    const char *name = shell->action == SHELL_SCRIPT || shell->action == SHELL_COMMAND ? shell->subject : "carapace";
    profile_write_graph(cp, w->profile, name, w->file);
    profile_write_text(cp, w->profile, stderr);
}

int watch_end(cp_context *cp, struct watch *w) {
    int status = EX_OK;
    if (!w) return status;
    if (w->profile) {
        profile_stop(w->profile);
        write_profile(cp, w);
        profile_destroy(w->profile);
    } else {
        count_write(cp, w->counts, w->shell->opcodes, w->file ? w->file : stderr);
        count_destroy(w->counts);
    }
    if (w->file) {
        bool failed = ferror(w->file) != 0;
        if (fclose(w->file) != 0 || failed) {
            refused("cannot write", w->shell->watch_file);
            status = EX_IOERR;
        }
    }
    free(w);
    return status;
}
