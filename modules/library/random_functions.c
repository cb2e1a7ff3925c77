/* SPDX-License-Identifier: GPL-3.0-or-later */
/* random_functions.c: random bytes, files and folders of a name that nobody has, and names by pattern. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "modules/library/library_data.h"
#include "modules/system/support.h"

/* ---- random bytes ---- */

static cp_value function_random_bytes(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    int64_t wanted;
    enum { MOST = 1 << 28 };
    if (!cp_to_int64(arguments[0], &wanted) || wanted < 0 || wanted > MOST)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "randomBytes gives 0 to %d bytes", MOST);
    cp_value binary = cp_binary_n(cp, NULL, (size_t)wanted);
    if (binary == CP_THROWN) return binary;
    unsigned char *at = cp_binary_of(binary)->data;
    while (wanted > 0) {
        ssize_t got = getrandom(at, (size_t)wanted, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cp_throw_errno(cp, CP_ERROR_SYSTEM, errno, errno, "the system gives no random bytes");
        at += got;
        wanted -= got;
    }
    library_keep(binary);
    return binary;
}

/* ---- temporary files ---- */

/* FOLDER/PREFIXxxxxxxSUFFIX in malloc'd memory; NULL after a throw. */
static char *template_of(cp_context *cp, cp_value prefix, cp_value suffix, int *suffix_size) {
    const char *folder = getenv("TMPDIR"), *parts[2] = {"carapace-", ""};
    const cp_value given[2] = {prefix, suffix};
    for (int i = 0; i < 2; i++) {
        if (given[i] == CP_NIL || cp_string_size(given[i]) == 0) {
            if (given[i] != CP_NIL) parts[i] = "";
            continue;
        }
        parts[i] = system_text(cp, "name of the file", given[i]);
        if (!parts[i]) return NULL;
        if (strchr(parts[i], '/') || strlen(parts[i]) > 200) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                     "a part of a file's name has no / in it and at most 200 bytes");
            return NULL;
        }
    }
    char *path = NULL;
    if (!folder || !*folder) folder = "/tmp";
    *suffix_size = (int)strlen(parts[1]);
    if (asprintf(&path, "%s/%sXXXXXX%s", folder, parts[0], parts[1]) >= 0) return path;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "there is not enough memory");
    return NULL;
}

static cp_value made(cp_context *cp, char *path, bool done, const char *what) {
    int error = errno;
    cp_value result = cp_string_z(cp, path);
    free(path);
    if (done) return result;
    return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, error, "cannot make a temporary %s %s", what,
                          cp_text_z(cp, result));
}

static cp_value function_temp_file(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    int suffix_size;
    char *path = template_of(cp, arguments[0], arguments[1], &suffix_size);
    if (!path) return CP_THROWN;
    int fd = mkostemps(path, suffix_size, O_CLOEXEC);
    int error = errno;
    if (fd >= 0) close(fd);
    errno = error;
    return made(cp, path, fd >= 0, "file");
}

static cp_value function_temp_folder(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    int suffix_size;
    char *path = template_of(cp, arguments[0], CP_NIL, &suffix_size);
    return path ? made(cp, path, mkdtemp(path) != NULL, "folder") : CP_THROWN;
}

/* ---- names by pattern ---- */

struct glob_job {
    glob_t found;
    int result, error;
    char pattern[];
};

/* In a worker: many folders may have to be read. */
static void glob_in_worker(void *argument) {
    struct glob_job *job = argument;
    job->result = glob(job->pattern, GLOB_BRACE | GLOB_TILDE, NULL, &job->found);
    job->error = errno;
}

static cp_value function_glob(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *pattern = system_text(cp, "pattern", arguments[0]);
    if (!pattern) return CP_THROWN;
    size_t size = strlen(pattern) + 1;
    struct glob_job *job = calloc(1, sizeof *job + size);
    if (!job) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "there is not enough memory");
    memcpy(job->pattern, pattern, size);
    enum cp_wait wait = cp_work(cp, glob_in_worker, job);
    cp_list_builder names = {0};
    cp_value result = CP_NIL;
    if (wait == CP_WAIT_CANCELLED) result = CP_THROWN;
    else if (wait == CP_WAIT_FAILED || (job->result != 0 && job->result != GLOB_NOMATCH))
        result = cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_READ, job->error, "cannot look for %s", pattern);
    else
        for (size_t i = 0; i < job->found.gl_pathc; i++) cp_list_add(&names, cp_string_z(cp, job->found.gl_pathv[i]));
    globfree(&job->found);
    free(job);
    return result == CP_THROWN ? CP_THROWN : names.list;
}

const cp_function_def random_functions[] = {
    {"randomBytes", "Binary", "((count Integer))", function_random_bytes,
     "Random bytes of the system, good enough for keys. Errors: 1.8 below 0 or above 2^28."},
    {"tempFile", "String", "((prefix String ()) (suffix String ()))", function_temp_file,
     "Makes an empty file that only this user can read, of a name that no file has, in TMPDIR or /tmp, and gives its "
     "path. `prefix` and `suffix` are parts of its name. Removing it is the script's. Errors: 5.1 cannot, 1.8 bad "
     "part."},
    {"tempFolder", "String", "((prefix String ()))", function_temp_folder,
     "Makes a folder in the same way and gives its path. Errors: 5.1 cannot, 1.8 bad part."},
    {"glob", "List", "((pattern String))", function_glob,
     "The paths of what matches a pattern of the shell: * ? [a-z] {a,b} and ~ in any part of the path; in order, () "
     "when "
     "there is none. Names that begin with a dot need a dot in the pattern. Errors: 5.3, 1.8 empty."},
    {0},
};
