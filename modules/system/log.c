/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log.c: the class Log: records of what happened, for modules and scripts.
 */
#include "log_record.h"
#include "settings.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum target { TARGET_FILE, TARGET_STANDARD_ERROR, TARGET_SYSLOG };

struct log {
    cp_object header;
    cp_value name;      /* as given to the constructor */
    cp_value directory; /* () = the default one */
    unsigned levels;    /* bit i: level_names[i] */
    int64_t max_size;   /* KB, 0 = no limit */
    bool json;
    cp_value path; /* String of the open file */
    cp_fd *file;
    int64_t size; /* of the open file, bytes */
};

static inline struct log *log_of(cp_value self) { return (struct log *)cp_object_of(self); }

static const char *const level_names[] = {"debug", "trace", "com", "db", "pdus", "script", "production"};
enum { LEVEL_COUNT = sizeof level_names / sizeof *level_names };
static const unsigned all_levels = (1u << LEVEL_COUNT) - 1;
static const unsigned default_levels = 1u << 5 | 1u << 6; /* script production */

enum { DEFAULT_MAX_SIZE = 1024, MAX_MAX_SIZE = 1 << 30 };

/* ---- levels ---- */

/* The number of a level, or -1. */
static int level_number(const char *name, size_t size) {
    for (int i = 0; i < LEVEL_COUNT; i++)
        if (strlen(level_names[i]) == size && memcmp(level_names[i], name, size) == 0) return i;
    return -1;
}

/* Reads "com, script": false, with *bad and its size, at a name that is none. */
static bool parse_levels(const char *text, unsigned *levels, const char **bad, size_t *bad_size) {
    static const char separators[] = ", \t\n";
    *levels = 0;
    for (;;) {
        text += strspn(text, separators);
        size_t size = strcspn(text, separators);
        if (size == 0) return true;
        int level = level_number(text, size);
        if (level >= 0) *levels |= 1u << level;
        else if (size == 3 && memcmp(text, "all", 3) == 0) *levels = all_levels;
        else if (size != 4 || memcmp(text, "none", 4) != 0) {
            *bad = text;
            *bad_size = size;
            return false;
        }
        text += size;
    }
}

static cp_value unknown_level(cp_context *cp, int error_class, int code, const char *name, size_t size) {
    char text[64];
    snprintf(text, sizeof text, "%.*s", size < sizeof text ? (int)size : (int)sizeof text - 1, name);
    const char *nearest = configuration_nearest(text, level_names, LEVEL_COUNT);
    return cp_throw(
        cp, error_class, code,
        "there is no log level \"%s\"%s%s: they are debug trace com db pdus script production, all and none", text,
        nearest ? ", near is " : "", nearest ? nearest : "");
}

/* The number of the level in an argument, or -1 after a throw. */
static int level_argument(cp_context *cp, cp_value level) {
    const char *name;
    size_t size;
    cp_bytes_of(level, &name, &size);
    int number = level_number(name, size);
    if (number < 0) unknown_level(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, name, size);
    return number;
}

/* ---- where it goes ---- */

static enum target target_of(const struct log *log) {
    if (text_is(log->name, "-")) return TARGET_STANDARD_ERROR;
    return text_is(log->name, "syslog") ? TARGET_SYSLOG : TARGET_FILE;
}

static void close_file(cp_context *cp, struct log *log) {
    if (log->file) cp_fd_close(cp, log->file);
    log->file = NULL;
}

/* The path of the log's file, CP_THROWN when there is no place for it. */
static cp_value path_of(cp_context *cp, const struct log *log) {
    const char *name = cp_text_z(cp, log->name);
    if (strchr(name, '/')) return log->name;
    if (log->directory != CP_NIL) return cp_string_format(cp, "%s/%s.log", cp_text_z(cp, log->directory), name);
    const char *folder = getenv("XDG_STATE_HOME");
    if (folder && folder[0] == '/') return cp_string_format(cp, "%s/carapace/%s.log", folder, name);
    folder = getenv("HOME");
    if (folder && *folder) return cp_string_format(cp, "%s/.local/state/carapace/%s.log", folder, name);
    return cp_throw(cp, CP_ERROR_CONFIGURATION, CP_CONFIGURATION_BAD,
                    "there is no place for the log %s: set its directory, or HOME", name);
}

static cp_value open_file(cp_context *cp, struct log *log) {
    cp_value place = path_of(cp, log);
    if (place == CP_THROWN) return CP_THROWN;
    log->path = place;
    const char *path = cp_text_z(cp, place);
    int error = configuration_make_folders(path);
    /* A FIFO without a reader is an error, not a wait; for regular files O_NONBLOCK means nothing. */
    int fd = error ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    if (fd < 0)
        return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, error ? error : errno, "cannot open the log %s", path);
    struct stat status;
    log->size = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : -1;
    log->file = cp_fd_new(cp, fd);
    return CP_NIL;
}

/* Starts the file again when `more` bytes would make it too large. The last one stays as .1. When another process has
   done so, only the new file is opened. */
static cp_value limit_file(cp_context *cp, struct log *log, size_t more) {
    if (log->size <= 0 || log->max_size == 0 || log->size + (int64_t)more <= log->max_size * 1024) return CP_NIL;
    const char *path = cp_text_z(cp, log->path);
    struct stat ours, there;
    bool same = fstat(log->file->fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
                ours.st_dev == there.st_dev;
    if (same && ours.st_size + (int64_t)more <= log->max_size * 1024) { /* another process has emptied it */
        log->size = ours.st_size;
        return CP_NIL;
    }
    if (same && rename(path, cp_text_z(cp, cp_string_format(cp, "%s.1", path))) < 0)
        return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_WRITE, errno, "cannot start the log %s again", path);
    close_file(cp, log);
    return open_file(cp, log);
}

/* Writes a record: to a regular file with one call, so that those of several processes do not mix. */
static cp_value write_fd(cp_context *cp, int fd, cp_fd *owner, const char *bytes, size_t size, const char *where) {
    struct stat status;
    bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    while (size > 0) {
        if (!regular) {
            enum cp_wait wait = cp_wait_fd(cp, fd, CP_WRITABLE, -1);
            if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
            if (owner && owner->fd != fd) return CP_NIL; /* closed meanwhile by another thread */
            if (wait == CP_WAIT_FAILED)
                return cp_throw(cp, CP_ERROR_FILE, CP_FILE_WRITE, "cannot wait for the log %s", where);
        }
        ssize_t written = write(fd, bytes, !regular && size > PIPE_BUF ? PIPE_BUF : size);
        if (written < 0 && (errno == EINTR || (errno == EAGAIN && !regular))) continue;
        if (written < 0)
            return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_WRITE, errno, "cannot write to the log %s", where);
        bytes += written;
        size -= (size_t)written;
    }
    return CP_NIL;
}

/* ---- records ---- */

static cp_value store(cp_context *cp, struct log *log, enum target target, const char *bytes, size_t size) {
    if (target == TARGET_STANDARD_ERROR) return write_fd(cp, STDERR_FILENO, NULL, bytes, size, "-");
    if (!log->file && open_file(cp, log) == CP_THROWN) return CP_THROWN;
    if (limit_file(cp, log, size) == CP_THROWN) return CP_THROWN;
    if (log->size >= 0) log->size += (int64_t)size;
    return write_fd(cp, log->file->fd, log->file, bytes, size, cp_text_z(cp, log->path));
}

/* Writes what the arguments say as one text. The Symbol ok, or CP_THROWN. */
static cp_value record(cp_context *cp, struct log *log, char mark, int level, const cp_value *arguments, int count) {
    enum target target = target_of(log);
    size_t size = 0;
    cp_list_builder parts = {0};
    for (int i = 0; i < count; i++) {
        cp_value part = cp_to_string(cp, arguments[i]);
        if (part == CP_THROWN) return CP_THROWN;
        size += cp_string_size(part);
        cp_list_add(&parts, part);
    }
    char *text = cp_try_alloc_atomic(cp, size + 1), *end = text;
    if (!text) return CP_THROWN;
    for (cp_value rest = parts.list; cp_is_cell(rest); rest = cp_tail(rest))
        end = mempcpy(end, cp_string_text(cp_head(rest)), cp_string_size(cp_head(rest)));
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct log_record made = {
        .seconds = now.tv_sec,
        .milliseconds = (int)(now.tv_nsec / 1000000),
        .mark = mark,
        .level = level < 0 ? NULL : level_names[level],
        .log = cp_text_z(cp, log->name),
        .date = target != TARGET_SYSLOG,
        .text = text,
        .size = size,
    };
    char *bytes = log->json ? log_record_json(&made, &size) : log_record_text(&made, &size);
    if (!bytes) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "there is not enough memory for a log record");
    cp_value result = CP_NIL;
    if (target == TARGET_SYSLOG) {
        int priority = mark == '*' ? LOG_ERR : mark == '!' ? LOG_WARNING : LOG_INFO;
        syslog(LOG_USER | priority, "%.*s", size > 8192 ? 8192 : (int)size - 1, bytes);
    } else result = store(cp, log, target, bytes, size);
    free(bytes);
    return result == CP_THROWN ? CP_THROWN : success(cp);
}

static cp_value leveled(cp_context *cp, cp_value self, const cp_value *arguments, int count, char mark) {
    int level = level_argument(cp, arguments[0]);
    if (level < 0) return CP_THROWN;
    struct log *log = log_of(self);
    if (!(log->levels & 1u << level)) return CP_NIL;
    return record(cp, log, mark, level, arguments + 1, count - 1);
}

/* ---- properties ---- */

static cp_value get_name(cp_context *cp, cp_value self) {
    (void)cp;
    return log_of(self)->name;
}
static cp_value set_name(cp_context *cp, cp_value self, cp_value value) {
    if (!system_text(cp, "name of the log", value)) return CP_THROWN;
    close_file(cp, log_of(self));
    return log_of(self)->name = value;
}
static cp_value get_directory(cp_context *cp, cp_value self) {
    (void)cp;
    return log_of(self)->directory;
}
static cp_value set_directory(cp_context *cp, cp_value self, cp_value value) {
    if (value != CP_NIL && !system_text(cp, "log's directory", value)) return CP_THROWN;
    close_file(cp, log_of(self));
    return log_of(self)->directory = value;
}

static cp_value get_levels(cp_context *cp, cp_value self) {
    char text[128] = "";
    for (int i = 0; i < LEVEL_COUNT; i++)
        if (log_of(self)->levels & 1u << i) {
            if (*text) strcat(text, " ");
            strcat(text, level_names[i]);
        }
    return cp_string_z(cp, *text ? text : "none");
}
static cp_value set_levels(cp_context *cp, cp_value self, cp_value value) {
    const char *bad;
    size_t size;
    unsigned levels = 0;
    if (value != CP_NIL && !parse_levels(cp_text_z(cp, value), &levels, &bad, &size))
        return unknown_level(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, bad, size);
    log_of(self)->levels = levels;
    return value;
}

static cp_value get_max_size(cp_context *cp, cp_value self) { return cp_integer(cp, log_of(self)->max_size); }
static cp_value set_max_size(cp_context *cp, cp_value self, cp_value value) {
    int64_t size = 0;
    if (value != CP_NIL && (!cp_to_int64(value, &size) || size < 0 || size > MAX_MAX_SIZE))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a log's maxSize is 0 to %d KB", MAX_MAX_SIZE);
    log_of(self)->max_size = size;
    return value;
}

static cp_value get_format(cp_context *cp, cp_value self) {
    return cp_string_z(cp, log_of(self)->json ? "json" : "text");
}
static cp_value set_format(cp_context *cp, cp_value self, cp_value value) {
    if (!text_is(value, "json") && !text_is(value, "text"))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a log's format is \"text\" or \"json\"");
    log_of(self)->json = text_is(value, "json");
    return value;
}

static const cp_property_def properties[] = {
    {"name", "String", CP_READ_WRITE, NULL, get_name, set_name,
     "Name of the log. Its file is NAME.log in `directory`; a name with a `/` is a path itself, \"-\" is standard "
     "error, "
     "\"syslog\" the system's log."},
    {"directory", "String", CP_READ_WRITE, NULL, get_directory, set_directory,
     "Folder of the file, made when it is missing. () is $XDG_STATE_HOME/carapace, by default "
     "~/.local/state/carapace."},
    {"levels", "String", CP_READ_WRITE, NULL, get_levels, set_levels,
     "The levels that are written, with spaces or commas between: debug trace com db pdus script production; also all "
     "and none. By default script and production. Errors: 1.8 unknown level."},
    {"maxSize", "Integer", CP_READ_WRITE, NULL, get_max_size, set_max_size,
     "Size in KB (1024 bytes) at which the file starts again; the last one stays as NAME.log.1. 0 is no limit, 1024 "
     "the "
     "default. Errors: 1.8 out of range."},
    {"format", "String", CP_READ_WRITE, NULL, get_format, set_format,
     "\"text\": the date, a mark (space information, ! warning, * error), the level, the text; further lines begin "
     "with "
     "a tab. \"json\": an object on one line."},
    {0},
};

/* ---- methods ---- */

/* Takes one value of the configuration's section [Log]. */
static cp_value configure(cp_context *cp, struct log *log, const char *name, const char *value) {
    static const char *const names[] = {"directory", "levels", "maxSize", "format"};
    if (strcmp(name, "directory") == 0) {
        if (*value) log->directory = cp_string_z(cp, value);
    } else if (strcmp(name, "levels") == 0) {
        const char *bad;
        size_t size;
        if (!parse_levels(value, &log->levels, &bad, &size))
            return unknown_level(cp, CP_ERROR_CONFIGURATION, CP_CONFIGURATION_BAD, bad, size);
    } else if (strcmp(name, "maxSize") == 0) {
        char *end;
        errno = 0;
        long long size = strtoll(value, &end, 10);
        if (errno || end == value || *end || size < 0 || size > MAX_MAX_SIZE)
            return cp_throw(cp, CP_ERROR_CONFIGURATION, CP_CONFIGURATION_BAD,
                            "maxSize in [Log] is 0 to %d KB, not \"%.40s\"", MAX_MAX_SIZE, value);
        log->max_size = size;
    } else if (strcmp(name, "format") == 0) {
        if (strcmp(value, "json") != 0 && strcmp(value, "text") != 0)
            return cp_throw(cp, CP_ERROR_CONFIGURATION, CP_CONFIGURATION_BAD,
                            "format in [Log] is text or json, not \"%.40s\"", value);
        log->json = value[0] == 'j';
    } else {
        const char *nearest = configuration_nearest(name, names, sizeof names / sizeof *names);
        return cp_throw(cp, CP_ERROR_CONFIGURATION, CP_CONFIGURATION_UNKNOWN, "[Log] knows no %.80s%s%s%s", name,
                        nearest ? ": did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    }
    return CP_NIL;
}

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct log *log = log_of(self);
    log->levels = default_levels;
    log->max_size = DEFAULT_MAX_SIZE;
    log->name = arguments[0] == CP_NIL ? cp_string_z(cp, "carapace") : arguments[0];
    if (!system_text(cp, "name of the log", log->name)) return CP_THROWN;
    struct settings settings;
    if (settings_load(cp, HIVE_BOTH, &settings) == CP_THROWN) return CP_THROWN;
    cp_value result = CP_NIL;
    for (int i = settings.count - 1; i >= 0 && result != CP_THROWN; i--) { /* the user's last */
        size_t position = 0;
        const char *name, *value;
        while (result != CP_THROWN && configuration_next_entry(settings.files[i], "Log", &position, &name, &value))
            result = configure(cp, log, name, value);
    }
    settings_free(&settings);
    return result;
}

static cp_value method_info(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return leveled(cp, self, arguments, count, ' ');
}
static cp_value method_warn(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return leveled(cp, self, arguments, count, '!');
}
static cp_value method_error(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return leveled(cp, self, arguments, count, '*');
}
static cp_value method_write(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return record(cp, log_of(self), ' ', -1, arguments, count);
}

static cp_value method_is_on(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int level = level_argument(cp, arguments[0]);
    return level < 0 ? CP_THROWN : truth(cp, log_of(self)->levels & 1u << level);
}

static cp_value method_close(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    close_file(cp, log_of(self));
    return CP_NIL;
}

static const cp_method_def methods[] = {
    {"Log", "NIL", "((name String ()))", construct,
     "Makes a log, \"carapace\" without a name (see `name`), with the values of the configuration's section Log: "
     "directory levels maxSize format. The file is opened at the first record. Errors: 4.1 unknown name there, 4.2 bad "
     "value, 4.3 the configuration cannot be read."},
    {"info", "Symbol", "((level String|Symbol) ...)", method_info,
     "Writes a record of the further arguments, joined as text, if the level is on. ok, or () when it is off. Errors: "
     "1.8 unknown level, 5.1 cannot open, 5.4 cannot write."},
    {"warn", "Symbol", "((level String|Symbol) ...)", method_warn, "As `info`, marked ! for a warning."},
    {"error", "Symbol", "((level String|Symbol) ...)", method_error, "As `info`, marked * for an error."},
    {"write", "Symbol", "(...)", method_write, "Writes a record without a level, whatever levels are on."},
    {"isOn", "Symbol", "((level String|Symbol))", method_is_on,
     "true when records of this level are written, else (). Errors: 1.8 unknown level."},
    {"close", "NIL", "()", method_close, "Closes the file; a further record opens it again."},
    {0},
};

const cp_class_def log_class = {
    .name = "Log",
    .doc =
        "Writes dated records of what happened to a file that starts again at its maximum size, to standard error or "
        "to the system's log.",
    .size = sizeof(struct log),
    .major = 1,
    .properties = properties,
    .methods = methods,
};
