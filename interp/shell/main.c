/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c: the door. Options are read in options.c; run.c does what they ask for; a script goes from there through
 * run/load.c to the reader, the binder and the generator (lang/), and then to the virtual machine (run/vm.c).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "interp/builtin/builtin.h"
#include "interp/base/memory.h"
#include "interp/lang/compile.h"
#include "interp/run/load.h"
#include "interp/run/runtime.h"
#include "interp/shell/shell.h"

static void find_executable(char *path, size_t size, const char *name) {
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length > 0) path[length] = 0;
    else snprintf(path, size, "%s", name);
}

int main(int argc, char **argv) {
    struct shell shell;
    struct watch *watch;
    char executable[4096];
    shell_read_options(&shell, argc, argv);
    if (shell.action == SHELL_HELP) return shell_print_help(), EX_OK;
    if (shell.action == SHELL_VERSION) return puts("carapace " CARAPACE_VERSION), EX_OK;
    if (shell.action == SHELL_WRONG) {
        fprintf(stderr, "carapace: %s: %s (carapace --help lists the options)\n", shell.subject, shell.problem);
        return EX_USAGE;
    }
    find_executable(executable, sizeof executable, argv[0]);
    signal(SIGPIPE, SIG_IGN);
    mem_init();
    cp_context *cp = builtin_context();
    language_init(cp);
    runtime_init(cp);
    load_init(cp, executable);
    for (size_t i = 0; carapace_modules[i]; i++) carapace_modules[i](cp);
    help_register(cp);
    runtime_catch_interrupts(cp);
    if (!watch_begin(cp, &shell, &watch)) return EX_CANTCREAT;
    int status = runtime_finish(cp, runtime_run_main(cp, shell_run, &shell));
    int failed = watch_end(cp, watch);
    return status != EX_OK ? status : failed;
}
