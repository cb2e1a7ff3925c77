/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * configuration_file.c: the configuration's file: reading it with the rule about secrets, writing it in one step.
 */
#include "configuration.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct configuration *unreadable(struct configuration_error *error, int number) {
    memset(error, 0, sizeof *error);
    error->problem = CONFIGURATION_UNREADABLE;
    error->number = number;
    snprintf(error->text, sizeof error->text, "cannot be read: %s", strerror(number));
    return NULL;
}

/* Reads all of the descriptor into malloc'd memory. NULL with errno set. */
static char *read_all(int fd, size_t *size) {
    char *text = malloc(CONFIGURATION_LIMIT + 1);
    if (!text) return NULL;
    *size = 0;
    for (;;) {
        ssize_t got = read(fd, text + *size, CONFIGURATION_LIMIT + 1 - *size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            int number = errno;
            free(text);
            errno = number;
            return NULL;
        }
        *size += (size_t)got;
        if (got == 0 || *size > CONFIGURATION_LIMIT) return text;
    }
}

/* The name of the first secret in the file, or NULL. */
static const char *find_secret(const struct configuration *c, const char **section_name) {
    size_t i = 0;
    const char *section;
    while (configuration_next_section(c, &i, &section)) {
        size_t k = 0;
        const char *name, *value;
        while (configuration_next_entry(c, section, &k, &name, &value))
            if (*value && configuration_is_secret(name)) {
                *section_name = section;
                return name;
            }
    }
    return NULL;
}

struct configuration *configuration_load(const char *path, struct configuration_error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a FIFO must not hold us up */
    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR) return configuration_parse("", 0, error);
        return unreadable(error, errno);
    }
    struct stat status;
    int problem = fstat(fd, &status) < 0    ? errno
                  : S_ISREG(status.st_mode) ? 0
                  : S_ISDIR(status.st_mode) ? EISDIR
                                            : EINVAL;
    if (problem) {
        close(fd);
        return unreadable(error, problem);
    }
    size_t size;
    char *text = read_all(fd, &size);
    int number = errno;
    close(fd);
    if (!text) return unreadable(error, number);
    struct configuration *c = configuration_parse(text, size, error);
    explicit_bzero(text, size);
    free(text);
    const char *section, *name;
    if (!c || !(status.st_mode & (S_IRGRP | S_IROTH)) || !(name = find_secret(c, &section))) return c;
    error->problem = CONFIGURATION_BAD;
    error->line = 0;
    snprintf(error->text, sizeof error->text,
             "[%.80s] holds `%.80s`, and others can read the file: chmod 600 it, or use %.80sEval with a command",
             section, name, name);
    configuration_free(c);
    return NULL;
}

/* ---- writing ---- */

int configuration_make_folders(const char *file) {
    char path[PATH_MAX];
    size_t size = strlen(file);
    if (size == 0) return ENOENT;
    if (size >= sizeof path) return ENAMETOOLONG;
    memcpy(path, file, size + 1);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        int error = mkdir(path, 0700) < 0 && errno != EEXIST ? errno : 0;
        *slash = '/';
        if (error) return error;
    }
    return 0;
}

static int write_file(int fd, const char *text, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, text, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        text += written;
        size -= (size_t)written;
    }
    return fsync(fd) < 0 ? errno : 0;
}

int configuration_save(const struct configuration *c, const char *path) {
    /* A symbolic link stays one: what it points to is replaced. */
    char *target = realpath(path, NULL);
    if (!target) target = strdup(path);
    size_t size = 0;
    char *text = configuration_text(c, &size), *temporary = NULL;
    int error = 0, fd = -1;
    if (!target || !text || asprintf(&temporary, "%s.XXXXXX", target) < 0) {
        temporary = NULL;
        error = ENOMEM;
    }
    if (!error) error = configuration_make_folders(temporary);
    if (!error && (fd = mkostemp(temporary, O_CLOEXEC)) < 0) error = errno; /* mode 600 */
    if (fd >= 0) {
        error = write_file(fd, text, size);
        if (close(fd) < 0 && !error) error = errno;
        if (!error && rename(temporary, target) < 0) error = errno;
        if (error) unlink(temporary);
    }
    if (text) explicit_bzero(text, size);
    free(temporary);
    free(text);
    free(target);
    return error;
}
