/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs one command and reports what it cost, from a process so small that it does not show in the figures: the peak
 * memory of a child counts from what its parent had when it was started, which for Python would be 15 MB.
 *
 *     measure REPORT SECONDS COMMAND ARGUMENTS...
 *
 * REPORT gets one line: wall, user and system seconds, peak memory in kB, exit status (128 + signal if killed, which it
 * is after SECONDS). The exit status of measure itself is 0 when there is a report. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

/* Waits until the child has ended or time is over, when it is killed. SIGCHLD is blocked, so it cannot be missed. */
static void wait_limited(pid_t child, int limit) {
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    struct timespec patience = {.tv_sec = limit};
    while (sigtimedwait(&child_signal, NULL, &patience) < 0) {
        if (errno == EINTR) continue;
        kill(child, SIGKILL);
        return;
    }
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: measure REPORT SECONDS COMMAND ARGUMENTS...\n");
        return 2;
    }
    sigset_t child_signal, nothing;
    sigemptyset(&nothing);
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_signal, NULL);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &nothing);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

    pid_t child;
    double began = now();
    int error = posix_spawnp(&child, argv[3], NULL, &attributes, argv + 3, environ);
    if (error) {
        fprintf(stderr, "measure: %s: %s\n", argv[3], strerror(error));
        return 2;
    }
    wait_limited(child, atoi(argv[2]));
    int status;
    struct rusage usage;
    while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) continue;
    double wall = now() - began;

    FILE *report = fopen(argv[1], "w");
    if (!report) {
        perror(argv[1]);
        return 2;
    }
    fprintf(report, "%.6f %.6f %.6f %ld %d\n", wall, seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return fclose(report) == 0 ? 0 : 2;
}
