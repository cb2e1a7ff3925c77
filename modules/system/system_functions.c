/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * system_functions.c: functions of time, processes, the environment and the machine.
 */
#include "child_process.h"
#include "support.h"
#include "system.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* ---- time ---- */

static cp_value function_sleep(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    int64_t milliseconds;
    if (!system_timeout(cp, arguments[0], &milliseconds)) return CP_THROWN;
    return cp_sleep(cp, milliseconds) == CP_WAIT_CANCELLED ? CP_THROWN : CP_NIL;
}

static cp_value function_time(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    cp_value unit = arguments[0];
    if (unit == CP_NIL || text_is(unit, "s")) return cp_integer(cp, now.tv_sec);
    if (text_is(unit, "ms")) return cp_integer(cp, now.tv_sec * 1000 + now.tv_nsec / 1000000);
    if (text_is(unit, "us")) return cp_integer(cp, now.tv_sec * 1000000 + now.tv_nsec / 1000);
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the unit of time is \"s\", \"ms\" or \"us\"");
}

static cp_value function_formatted_time(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    int64_t seconds = time(NULL);
    if (arguments[1] != CP_NIL && !cp_to_int64(arguments[1], &seconds))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the time is out of range");
    time_t when = seconds;
    struct tm tm;
    if (!localtime_r(&when, &tm))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the time %lld has no date", (long long)seconds);
    const char *format = "%Y-%m-%d %H:%M:%S";
    if (arguments[0] != CP_NIL) {
        if (cp_string_size(arguments[0]) == 0) return arguments[0];
        format = system_text(cp, "format", arguments[0]);
        if (!format) return CP_THROWN;
    }
    size_t format_size = strlen(format);
    enum { LONGEST = 4096 };
    if (format_size > LONGEST)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a time's format has at most %d bytes", LONGEST);
    /* strftime's 0 means either "" or too little room: a last character that is always there tells them apart. */
    char *marked = cp_alloc_atomic(format_size + 2);
    memcpy(marked, format, format_size);
    memcpy(marked + format_size, ".", 2);
    for (size_t room = format_size + 256; room <= 256 * LONGEST; room *= 2) {
        char *text = cp_alloc_atomic(room);
        size_t size = strftime(text, room, marked, &tm);
        if (size) return cp_string_n(cp, text, size - 1);
    }
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "this format makes too long a text");
}

/* ---- identities ---- */

static cp_value function_process_id(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)arguments, (void)count;
    return cp_integer(cp, getpid());
}

static cp_value function_unique_id(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)arguments, (void)count;
    unsigned char b[16];
    while (getrandom(b, sizeof b, 0) != sizeof b)
        if (errno != EINTR)
            return cp_throw_errno(cp, CP_ERROR_SYSTEM, errno, errno, "the system gives no random bytes");
    b[6] = (b[6] & 0x0f) | 0x40; /* RFC 9562 5.4: version 4 */
    b[8] = (b[8] & 0x3f) | 0x80; /* its variant */
    return cp_string_format(cp, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
                            b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static cp_value function_host_name(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)arguments, (void)count;
    char name[256];
    if (gethostname(name, sizeof name) < 0)
        return cp_throw_errno(cp, CP_ERROR_SYSTEM, errno, errno, "the host's name is not known");
    name[sizeof name - 1] = 0;
    return cp_string_z(cp, name);
}

/* ---- environment ---- */

static cp_value function_getenv(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *name = system_text(cp, "name of the variable", arguments[0]);
    if (!name) return CP_THROWN;
    const char *value = getenv(name);
    return value ? cp_string_z(cp, value) : arguments[1];
}

static cp_value function_putenv(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *name = system_text(cp, "name of the variable", arguments[0]), *value = NULL;
    if (!name) return CP_THROWN;
    const char *equals = strchr(name, '=');
    if (arguments[1] != CP_NIL) {
        value = cp_string_size(arguments[1]) ? system_text(cp, "variable's value", arguments[1]) : "";
        if (!value) return CP_THROWN;
    } else if (equals) { /* the C library's way */
        value = equals + 1;
        name = cp_text_z(cp, cp_string_n(cp, name, (size_t)(equals - name)));
        equals = NULL;
    }
    if (equals || !*name)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "this cannot be a variable's name: %s", name);
    int failed = value ? setenv(name, value, 1) : unsetenv(name);
    if (failed) return cp_throw_errno(cp, CP_ERROR_SYSTEM, errno, errno, "cannot set the variable %s", name);
    return success(cp);
}

/* ---- the machine ---- */

static cp_value function_system_info(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct utsname names;
    if (uname(&names) < 0) return cp_throw_errno(cp, CP_ERROR_SYSTEM, errno, errno, "the system does not tell");
    struct passwd user, *found = NULL;
    char text[4096];
    getpwuid_r(geteuid(), &user, text, sizeof text, &found);
    long page = sysconf(_SC_PAGESIZE), pages = sysconf(_SC_PHYS_PAGES);
    const struct {
        const char *key;
        cp_value value;
    } items[] = {
        {"system", cp_string_z(cp, names.sysname)},
        {"release", cp_string_z(cp, names.release)},
        {"version", cp_string_z(cp, names.version)},
        {"machine", cp_string_z(cp, names.machine)},
        {"hostName", cp_string_z(cp, names.nodename)},
        {"processors", cp_integer(cp, sysconf(_SC_NPROCESSORS_ONLN))},
        {"memory", cp_integer(cp, page > 0 && pages > 0 ? (int64_t)page * pages : 0)},
        {"pageSize", cp_integer(cp, page)},
        {"userId", cp_integer(cp, geteuid())},
        {"userName", found ? cp_string_z(cp, found->pw_name) : CP_NIL},
    };
    enum { ITEM_COUNT = sizeof items / sizeof *items };
    if (arguments[0] != CP_NIL) {
        for (int i = 0; i < ITEM_COUNT; i++)
            if (text_is(arguments[0], items[i].key)) return items[i].value;
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "systemInfo knows system release version machine hostName processors memory pageSize userId "
                        "userName");
    }
    cp_value table = cp_table(cp);
    for (int i = 0; i < ITEM_COUNT; i++)
        if (cp_table_set(cp, table, cp_string_z(cp, items[i].key), items[i].value) == CP_THROWN) return CP_THROWN;
    return table;
}

/* ---- processes ---- */

static cp_value start(cp_context *cp, const char *const words[], struct child *child) {
    /* The child may share our outputs: what was written before comes first. */
    fflush(stdout);
    stream_flush_all(cp);
    int error = child_start(words, (const int[]){-1, -1, -1}, child);
    return error ? cp_throw_errno(cp, CP_ERROR_SYSTEM, error, error, "cannot start %s", words[0]) : CP_NIL;
}

static cp_value function_system(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *command = system_text(cp, "command", arguments[0]);
    if (!command) return CP_THROWN;
    struct child child;
    int status;
    if (start(cp, (const char *const[]){"/bin/sh", "-c", command, NULL}, &child) == CP_THROWN) return CP_THROWN;
    cp_value result = child_wait(cp, child.id, cp_fd_new(cp, child.status_fd), &status);
    return result == CP_THROWN ? CP_THROWN : cp_fixnum(status);
}

static cp_value function_spawn(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    const char **words = cp_alloc(((size_t)count + 1) * sizeof *words);
    for (int i = 0; i < count; i++) {
        cp_value text = cp_to_string(cp, arguments[i]);
        if (text == CP_THROWN) return CP_THROWN;
        words[i] = system_text_block(cp, i ? "argument" : "command", text, i > 0);
        if (!words[i]) return CP_THROWN;
    }
    struct child child;
    if (start(cp, words, &child) == CP_THROWN) return CP_THROWN;
    close(child.status_fd);
    return cp_integer(cp, child.id);
}

/* ---- what only Windows has ---- */

static cp_value function_not_here(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)arguments, (void)count;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "this exists on Windows only");
}

static const cp_method_def shortcut_methods[] = {
    {"Shortcut", "NIL", "(...)", function_not_here, "Throws 1.12: not supported."},
    {0},
};

const cp_class_def shortcut_class = {
    .name = "Shortcut",
    .doc = "A Windows shortcut. Exists on Windows only: create throws 1.12.",
    .major = 1,
    .methods = shortcut_methods,
};

/* ---- table ---- */

const cp_function_def system_function_table[] = {
    {"sleep", "NIL", "((milliseconds Integer))", function_sleep,
     "Waits so many milliseconds; other threads run meanwhile. 0 only lets them run. Errors: 1.8 below 0."},
    {"wait", "NIL", "((milliseconds Integer))", function_sleep, "The same as `sleep`."},
    {"time", "Integer", "((unit String|Symbol ()))", function_time,
     "The seconds since 1970-01-01 00:00 UTC; with a unit \"ms\" or \"us\" milliseconds or microseconds."},
    {"formattedTime", "String", "((format String ()) (time Integer ()))", function_formatted_time,
     "A time as text in local time: by default now, as \"2024-05-01 12:00:00\". `format` is strftime's, `time` seconds "
     "since 1970. Errors: 1.8 out of range."},
    {"processId", "Integer", "()", function_process_id, "The number of this process."},
    {"uniqueId", "String", "()", function_unique_id, "A new random UUID (RFC 9562, version 4), 36 characters."},
    {"hostName", "String", "()", function_host_name, "The name of this machine."},
    {"getenv", "Object", "((name String|Symbol) (otherwise Object ()))", function_getenv,
     "The environment variable as a String, or `otherwise` when there is none."},
    {"putenv", "Symbol", "((name String|Symbol) (value String ()))", function_putenv,
     "Sets an environment variable for this process and those it starts; without a value removes it. "
     "(putenv \"NAME=value\") sets it, too. Gives ok. Errors: 1.8 bad name."},
    {"systemInfo", "Object", "((key String|Symbol ()))", function_system_info,
     "What is known of the machine: system release version machine hostName processors memory (bytes) pageSize (bytes) "
     "userId userName. With a key that value, without one a HashTable of all. Errors: 1.8 unknown key."},
    {"system", "Integer", "((command String))", function_system,
     "Runs a command by /bin/sh and waits for its end; other threads run meanwhile. Gives the exit status, 128 + n "
     "when "
     "signal n ended it. A thread that is cancelled meanwhile ends the shell (SIGTERM). Errors: class 3 cannot start."},
    {"spawn", "Integer", "((command String) ...)", function_spawn,
     "Starts a program, looked for in PATH, with the further arguments as its own, and does not wait. No shell is "
     "between. Gives its process number. Errors: class 3 cannot start."},
    {"messageBox", "Object", "(...)", function_not_here, "Throws 1.12: Windows only."},
    {"comCreate", "Object", "(...)", function_not_here, "Throws 1.12: Windows only."},
    {"listDrives", "Object", "(...)", function_not_here, "Throws 1.12: Windows only."},
    {"driveInfo", "Object", "(...)", function_not_here, "Throws 1.12: Windows only."},
    {0},
};
