/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file_functions.c: functions of files and folders.
 */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- helpers ---- */

static const char *path_argument(cp_context *cp, cp_value path) { return system_text(cp, "path", path); }

/* ok, or the Error of a system call that gave -1. */
static cp_value outcome(cp_context *cp, int result, int code, const char *what, const char *path) {
    if (result >= 0) return success(cp);
    return cp_throw_errno(cp, CP_ERROR_FILE, code, errno, "cannot %s %s", what, path);
}

/* ---- folders ---- */

static cp_value function_current_dir(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)arguments, (void)count;
    char *path = getcwd(NULL, 0);
    if (!path) return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_STATUS, errno, "the current folder is not known");
    cp_value result = cp_string_z(cp, path);
    free(path);
    return result;
}

static cp_value function_change_dir(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *path = path_argument(cp, arguments[0]);
    return path ? outcome(cp, chdir(path), CP_FILE_OPEN, "go to the folder", path) : CP_THROWN;
}

/* Makes the folder and those above it; all may be there already. */
static int make_all(const char *path) {
    char part[PATH_MAX];
    size_t size = strlen(path);
    if (size >= sizeof part) return errno = ENAMETOOLONG, -1;
    memcpy(part, path, size + 1);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(part, 0777) < 0 && errno != EEXIST) return -1;
        *slash = '/';
    }
    struct stat status;
    if (mkdir(path, 0777) == 0) return 0;
    if (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) return 0;
    return -1;
}

static cp_value function_make_dir(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *path = path_argument(cp, arguments[0]);
    if (!path) return CP_THROWN;
    return outcome(cp, arguments[1] == CP_NIL ? mkdir(path, 0777) : make_all(path), CP_FILE_WRITE, "make the folder",
                   path);
}

static cp_value function_remove_dir(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *path = path_argument(cp, arguments[0]);
    return path ? outcome(cp, rmdir(path), CP_FILE_WRITE, "remove the folder", path) : CP_THROWN;
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool is_folder(DIR *folder, const struct dirent *entry) {
    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK) return entry->d_type == DT_DIR;
    struct stat status;
    return fstatat(dirfd(folder), entry->d_name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

struct names {
    char **items; /* malloc'd, each item too */
    size_t count, room;
};

static void names_free(struct names *names) {
    for (size_t i = 0; i < names->count; i++) free(names->items[i]);
    free(names->items);
}

static bool names_add(struct names *names, const char *name) {
    if (names->count == names->room) {
        size_t room = names->room ? names->room * 2 : 64;
        char **items = realloc(names->items, room * sizeof(char *));
        if (!items) return false;
        names->items = items;
        names->room = room;
    }
    char *copy = strdup(name);
    if (copy) names->items[names->count++] = copy;
    return copy != NULL;
}

/* Collects the names of the folders (or of all else) in a folder. 0 or an errno. */
static int read_names(const char *path, const char *pattern, bool folders, struct names *names) {
    DIR *folder = opendir(path);
    if (!folder) return errno;
    int error = 0;
    while (!error) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry) {
            error = errno;
            break;
        }
        const char *name = entry->d_name;
        if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]))) continue;
        if (pattern && fnmatch(pattern, name, FNM_PERIOD) != 0) continue;
        if (is_folder(folder, entry) == folders && !names_add(names, name)) error = ENOMEM;
    }
    closedir(folder);
    return error;
}

static cp_value list_names(cp_context *cp, const cp_value *arguments, bool folders) {
    const char *path = arguments[0] == CP_NIL ? "." : path_argument(cp, arguments[0]);
    const char *pattern = arguments[1] == CP_NIL ? NULL : system_text(cp, "pattern", arguments[1]);
    if (!path || (arguments[1] != CP_NIL && !pattern)) return CP_THROWN;
    struct names names = {0};
    int error = read_names(path, pattern, folders, &names);
    cp_list_builder result = {0};
    if (!error && names.count) qsort(names.items, names.count, sizeof *names.items, by_bytes);
    for (size_t i = 0; i < names.count && !error; i++) cp_list_add(&result, cp_string_z(cp, names.items[i]));
    names_free(&names);
    return error ? cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_READ, error, "cannot list %s", path) : result.list;
}

static cp_value function_list_files(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return list_names(cp, arguments, false);
}

static cp_value function_list_directories(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return list_names(cp, arguments, true);
}

/* ---- status ---- */

static const char *const status_keys[] = {"size",    "mode",     "accessTime", "modifiedTime", "ownerId",
                                          "groupId", "readable", "writable",   "executable",   "exists"};
enum { STATUS_KEY_COUNT = sizeof status_keys / sizeof *status_keys };

static cp_value status_value(cp_context *cp, const char *path, const struct stat *status, int key) {
    switch (key) {
    case 0: return cp_integer(cp, status->st_size);
    case 1: return cp_integer(cp, status->st_mode & 07777);
    case 2: return cp_integer(cp, status->st_atime);
    case 3: return cp_integer(cp, status->st_mtime);
    case 4: return cp_integer(cp, status->st_uid);
    case 5: return cp_integer(cp, status->st_gid);
    case 6: return truth(cp, access(path, R_OK) == 0);
    case 7: return truth(cp, access(path, W_OK) == 0);
    case 8: return truth(cp, access(path, X_OK) == 0);
    default: return truth(cp, true);
    }
}

static cp_value function_file_status(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *path = path_argument(cp, arguments[0]);
    if (!path) return CP_THROWN;
    int key = 0;
    while (key < STATUS_KEY_COUNT && !text_is(arguments[1], status_keys[key])) key++;
    if (arguments[1] != CP_NIL && key == STATUS_KEY_COUNT)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "fileStatus knows size mode accessTime modifiedTime ownerId groupId readable writable "
                        "executable exists");
    struct stat status;
    if (stat(path, &status) < 0) {
        if (key == STATUS_KEY_COUNT - 1 && (errno == ENOENT || errno == ENOTDIR)) return CP_NIL;
        return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_STATUS, errno, "cannot learn the status of %s", path);
    }
    if (arguments[1] != CP_NIL) return status_value(cp, path, &status, key);
    cp_value table = cp_table(cp);
    for (int i = 0; i < STATUS_KEY_COUNT; i++) {
        cp_value value = status_value(cp, path, &status, i);
        if (cp_table_set(cp, table, cp_string_z(cp, status_keys[i]), value) == CP_THROWN) return CP_THROWN;
    }
    return table;
}

static cp_value function_chmod(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *path = path_argument(cp, arguments[0]);
    if (!path) return CP_THROWN;
    int64_t mode = -1;
    if (cp_is_string(arguments[1])) {
        const char *text = cp_text_z(cp, arguments[1]);
        size_t size = cp_string_size(arguments[1]);
        if (size >= 1 && size <= 5 && strspn(text, "01234567") == size) mode = strtol(text, NULL, 8);
        if (mode > 07777) mode = -1;
    } else if (cp_to_int64(arguments[1], &mode) && mode > 0777) mode = -1;
    if (mode < 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "a mode is octal digits in a String, \"640\", or an Integer up to 511, 0b110100000");
    return outcome(cp, chmod(path, (mode_t)mode), CP_FILE_STATUS, "change the mode of", path);
}

/* ---- files ---- */

static cp_value function_rename(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *from = path_argument(cp, arguments[0]), *to = from ? path_argument(cp, arguments[1]) : NULL;
    if (!to) return CP_THROWN;
    if (rename(from, to) == 0) return success(cp);
    return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_WRITE, errno, "cannot rename %s to %s", from, to);
}

static cp_value function_remove_file(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *path = path_argument(cp, arguments[0]);
    return path ? outcome(cp, unlink(path), CP_FILE_WRITE, "remove", path) : CP_THROWN;
}

/* A copy, done by a worker: it may take long. */
struct copy_job {
    const char *from, *to; /* behind the struct */
    int error, code;
    char text[];
};

static void copy_failed(struct copy_job *job, int code) {
    job->error = errno;
    job->code = code;
}

static int write_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -1;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

/* Copies by read and write. */
static void copy_by_buffer(struct copy_job *job, int from, int to) {
    enum { BUFFER_SIZE = 128 * 1024 };
    char *buffer = malloc(BUFFER_SIZE);
    if (!buffer) {
        copy_failed(job, CP_FILE_READ);
        return;
    }
    for (;;) {
        ssize_t size = read(from, buffer, BUFFER_SIZE);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) copy_failed(job, CP_FILE_READ);
        if (size <= 0) break;
        if (write_all(to, buffer, (size_t)size) < 0) {
            copy_failed(job, CP_FILE_WRITE);
            break;
        }
    }
    free(buffer);
}

static void copy_bytes(struct copy_job *job, int from, int to) {
    for (;;) { /* inside the kernel, where the file systems can */
        ssize_t size = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) break;
    }
    copy_by_buffer(job, from, to); /* what is left: everything, or nothing */
}

static void copy_in_worker(void *argument) {
    struct copy_job *job = argument;
    int from = open(job->from, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat source, target;
    if (from < 0 || fstat(from, &source) < 0) {
        copy_failed(job, CP_FILE_OPEN);
        if (from >= 0) close(from);
        return;
    }
    if (!S_ISREG(source.st_mode)) errno = S_ISDIR(source.st_mode) ? EISDIR : EINVAL;
    else if (stat(job->to, &target) == 0 && target.st_dev == source.st_dev && target.st_ino == source.st_ino)
        errno = EEXIST; /* emptying the target would empty the source */
    else errno = 0;
    if (errno) {
        copy_failed(job, CP_FILE_OPEN);
        close(from);
        return;
    }
    int to = open(job->to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, source.st_mode & 0777);
    bool made = to >= 0;
    if (!made && errno == EEXIST) to = open(job->to, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (to < 0) copy_failed(job, CP_FILE_WRITE);
    else {
        copy_bytes(job, from, to);
        if (close(to) < 0 && !job->error) copy_failed(job, CP_FILE_CLOSE);
        if (job->error && made) unlink(job->to);
    }
    close(from);
}

static cp_value function_copy_file(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *from = path_argument(cp, arguments[0]), *to = from ? path_argument(cp, arguments[1]) : NULL;
    if (!to) return CP_THROWN;
    size_t from_size = strlen(from) + 1, to_size = strlen(to) + 1;
    struct copy_job *job = malloc(sizeof *job + from_size + to_size);
    if (!job) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "there is not enough memory");
    job->error = job->code = 0;
    job->from = memcpy(job->text, from, from_size);
    job->to = memcpy(job->text + from_size, to, to_size);
    enum cp_wait wait = cp_work(cp, copy_in_worker, job);
    int error = job->error, code = job->code;
    free(job);
    if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
    if (wait == CP_WAIT_FAILED) error = EAGAIN, code = CP_FILE_READ;
    if (error) return cp_throw_errno(cp, CP_ERROR_FILE, code, error, "cannot copy %s to %s", from, to);
    return success(cp);
}

/* ---- table ---- */

const cp_function_def file_function_table[] = {
    {"currentDir", "String", "()", function_current_dir, "The current folder's path."},
    {"changeDir", "Symbol", "((path String))", function_change_dir,
     "Makes another folder the current one, for all threads. Gives ok. Errors: 5.1."},
    {"makeDir", "Symbol", "((path String) (all Object ()))", function_make_dir,
     "Makes a folder; with `all` also those above it, and it may be there already. Gives ok. Errors: 5.4."},
    {"removeDir", "Symbol", "((path String))", function_remove_dir, "Removes an empty folder. Gives ok. Errors: 5.4."},
    {"listFiles", "List", "((path String ()) (pattern String ()))", function_list_files,
     "The names of what is in a folder, by default the current one, and is no folder itself; in order of their bytes. "
     "`pattern` is the shell's: * ? [a-z]. Errors: 5.3."},
    {"listDirectories", "List", "((path String ()) (pattern String ()))", function_list_directories,
     "The names of the folders in a folder, but . and .., in order. Errors: 5.3."},
    {"fileStatus", "Object", "((path String) (key String|Symbol ()))", function_file_status,
     "One thing about a file: size (bytes), mode (permission bits), accessTime modifiedTime (seconds since 1970), "
     "ownerId groupId, readable writable executable exists (true or ()). Without a key a HashTable of all. Errors: 5.5 "
     "it is not there (but for exists), 1.8 unknown key."},
    {"chmod", "Symbol", "((path String) (mode String|Integer))", function_chmod,
     "Sets the permissions of a file: octal digits in a String, \"640\", or the bits as an Integer up to 511. Gives "
     "ok. "
     "Errors: 5.5, 1.8."},
    {"rename", "Symbol", "((from String) (to String))", function_rename,
     "Renames a file or folder, within one file system, in one step; a file `to` is replaced. Gives ok. Errors: 5.4."},
    {"copyFile", "Symbol", "((from String) (to String))", function_copy_file,
     "Copies a regular file with its permissions; a file `to` is overwritten and keeps its own. Other threads run "
     "meanwhile. Gives ok. Errors: 5.1, 5.3, 5.4."},
    {"removeFile", "Symbol", "((path String))", function_remove_file, "Removes a file. Gives ok. Errors: 5.4."},
    {0},
};
