/* SPDX-License-Identifier: GPL-3.0-or-later */
/* options.c: the command line (language.md 1). */
#include "interp/shell/shell.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* One table for reading and for --help. */
static const struct option_entry {
    const char *name, *argument;
    enum shell_action action;
    const char *doc;
} options[] = {
    {"-e", "EXPRESSION", SHELL_EXPRESSION, "evaluate the expression and print its value"},
    {"-", NULL, SHELL_SCRIPT, "run the script on standard input"},
    {"--check", "FILE", SHELL_CHECK, "read and compile the file, run nothing, tell all that is wrong; status 0 or 65"},
    {"--json", NULL, SHELL_CHECK, "with --check: one JSON object a line on standard output"},
    {"--profile", "[=FILE]", SHELL_PROMPT,
     "tell where the time went, on standard error or in FILE; FILE.svg: a flame graph"},
    {"--count", "[=FILE]", SHELL_PROMPT, "count the virtual machine's instructions by function"},
    {"--opcodes", NULL, SHELL_PROMPT, "with --count: also by instruction"},
    {"-load", "NAME", SHELL_PROMPT, "load a package first; may be given several times"},
    {"--version", NULL, SHELL_VERSION, "print the version"},
    {"--help", NULL, SHELL_HELP, "print this"},
};

/* Subcommands are files of the stdlib: stdlib/commands/NAME.cpl. */
static const struct {
    const char *name, *doc;
} commands[] = {
    {"send", "send one message (carapace send --help)"},
    {"sendmail", "as sendmail, for cron and other programs (carapace sendmail --help)"},
    {"sink", "an SMTP server that delivers nowhere: it keeps what it gets in a Maildir (carapace sink --help)"},
    {"test", "runs the tests of files and folders that are written with test and expect (carapace test --help)"},
};

void shell_print_help(void) {
    puts("carapace: a scripting language for talking to other machines, above all for sending mail\n\n"
         "usage: carapace [options] [script.cpl argument ...]\n"
         "       carapace command argument ...\n\n"
         "Without a script and with a terminal on standard input: a prompt.\n");
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        char left[64];
        const char *argument = options[i].argument ? options[i].argument : "";
        snprintf(left, sizeof left, "%s%s%s", options[i].name, *argument == '[' ? "" : " ", argument);
        printf("  %-20s %s\n", left, options[i].doc);
    }
    puts("\ncommands:");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        printf("  %-20s %s\n", commands[i].name, commands[i].doc);
    puts("\nStatus: 0 done; 65 wrong script or data, 69 unavailable, 70 internal, 75 try again later, 78 "
         "configuration,\n"
         "130 interrupted, 1 any other Error that was not caught.");
}

static const struct option_entry *find_option(const char *text) {
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (!strcmp(text, options[i].name)) return &options[i];
    return NULL;
}

static bool is_command(const char *text) {
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (!strcmp(text, commands[i].name)) return true;
    return false;
}

/* A script that is there goes before a command of its name; a folder is no script. */
static bool is_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

static void wrong(struct shell *shell, const char *problem, const char *subject) {
    shell->action = SHELL_WRONG;
    shell->problem = problem;
    shell->subject = subject;
}

/* --profile, --profile=FILE and the like, which stand before what is run. False: another option. */
static bool read_watch(struct shell *shell, const char *text) {
    static const struct {
        const char *name;
        enum shell_watch watch;
    } watches[] = {{"--profile", WATCH_PROFILE}, {"--count", WATCH_COUNT}};
    for (size_t i = 0; i < sizeof watches / sizeof watches[0]; i++) {
        size_t size = strlen(watches[i].name);
        if (strncmp(text, watches[i].name, size) || (text[size] && text[size] != '=')) continue;
        if (shell->watch && shell->watch != watches[i].watch) wrong(shell, "not together with the other", text);
        else if (text[size] && !text[size + 1]) wrong(shell, "the name of a file must follow the =", text);
        shell->watch = watches[i].watch;
        shell->watch_file = text[size] ? text + size + 1 : NULL;
        return true;
    }
    if (strcmp(text, "--opcodes")) return false;
    shell->opcodes = true;
    return true;
}

static void check_watch(struct shell *shell) {
    if (shell->action == SHELL_WRONG) return;
    if (shell->opcodes && shell->watch != WATCH_COUNT) wrong(shell, "only with --count", "--opcodes");
    else if (shell->watch && shell->action == SHELL_CHECK)
        wrong(shell, "not with --check, which runs nothing", shell->watch == WATCH_COUNT ? "--count" : "--profile");
}

static void read_options(struct shell *shell, int count, char **arguments) {
    *shell = (struct shell){.argument_count = count, .arguments = arguments, .action = SHELL_PROMPT, .rest = count};
    const char *slash = count > 0 ? strrchr(arguments[0], '/') : NULL;
    if (count > 0 && !strcmp(slash ? slash + 1 : arguments[0], "sendmail")) { /* installed under that name, or a link */
        shell->action = SHELL_COMMAND;
        shell->subject = "sendmail";
        shell->rest = 1;
        return;
    }
    for (int i = 1; i < count; i++) {
        const char *text = arguments[i];
        if (read_watch(shell, text)) {
            if (shell->action == SHELL_WRONG) return;
            continue;
        }
        const struct option_entry *option = find_option(text);
        if (!option) {
            if (text[0] == '-') {
                wrong(shell, "unknown option", text);
                return;
            }
            shell->action = is_command(text) && !is_file(text) ? SHELL_COMMAND : SHELL_SCRIPT;
            shell->subject = text;
            shell->rest = i + 1;
            return;
        }
        if (option->argument && i + 1 >= count) {
            wrong(shell, "an argument must follow", text);
            return;
        }
        if (!strcmp(text, "--json")) {
            shell->json = true;
            continue;
        }
        if (!strcmp(text, "-load")) {
            if (shell->package_count == 32) {
                wrong(shell, "too many", text);
                return;
            }
            shell->packages[shell->package_count++] = arguments[++i];
            continue;
        }
        shell->action = option->action;
        shell->subject = option->argument ? arguments[++i] : text;
        shell->rest = i + 1;
        if (shell->action == SHELL_CHECK && shell->rest < count && !strcmp(arguments[shell->rest], "--json"))
            shell->json = true;
        else if (shell->action == SHELL_CHECK && shell->rest < count)
            wrong(shell, "--check takes one file", arguments[shell->rest]);
        if (shell->json && shell->action != SHELL_CHECK) wrong(shell, "only with --check", "--json");
        return;
    }
    if (shell->json) {
        wrong(shell, "only with --check", "--json");
        return;
    }
    if (!isatty(STDIN_FILENO)) { /* carapace < script */
        shell->action = SHELL_SCRIPT;
        shell->subject = "-";
    }
}

void shell_read_options(struct shell *shell, int count, char **arguments) {
    read_options(shell, count, arguments);
    check_watch(shell);
}
