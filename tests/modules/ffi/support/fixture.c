/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A library to call: one function for each way in which values pass, and some that call back in odd ways. */
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAME(name, type)                                                                                               \
    type same_##name(type x);                                                                                          \
    type same_##name(type x) { return x; }                                                                             \
    type call_##name(type (*f)(type), type x);                                                                         \
    type call_##name(type (*f)(type), type x) { return f(x); }
SAME(bool, bool)
bool char_is_signed(void);
bool char_is_signed(void) { return (char)-1 < 0; }
SAME(char, char)
SAME(schar, signed char)
SAME(uchar, unsigned char)
SAME(short, short)
SAME(ushort, unsigned short)
SAME(int, int)
SAME(uint, unsigned)
SAME(long, long)
SAME(ulong, unsigned long)
SAME(llong, long long)
SAME(ullong, unsigned long long)
SAME(int8, int8_t)
SAME(uint8, uint8_t)
SAME(int16, int16_t)
SAME(uint16, uint16_t)
SAME(int32, int32_t)
SAME(uint32, uint32_t)
SAME(int64, int64_t)
SAME(uint64, uint64_t)
SAME(size, size_t)
SAME(float, float)
SAME(double, double)
SAME(pointer, void *)

struct point {
    double x, y;
};
struct line {
    struct point from, to;
    char name[8];
    short tags[3];
};
struct tiny {
    char c;
};
struct mixed {
    float f;
    int i;
    double d;
    uint8_t bytes[5];
};
struct node {
    int value;
    struct node *next;
    const char *text;
    int (*twice)(int);
};
struct tagged {
    int kind;
    union {
        int i;
        float f;
        struct {
            short low, high;
        };
    };
    int after;
};
SAME(point, struct point)
SAME(line, struct line)
SAME(tiny, struct tiny)
SAME(mixed, struct mixed)

struct line line_between(struct point a, struct point b, const char *name);
struct line line_between(struct point a, struct point b, const char *name) {
    struct line line = {a, b, "", {1, 2, 3}};
    strncpy(line.name, name, sizeof line.name - 1);
    return line;
}
void move_line(struct line *line, double by);
void move_line(struct line *line, double by) {
    line->from.x += by;
    line->to.x += by;
    line->tags[2]++;
}
size_t line_size(void);
size_t line_size(void) { return sizeof(struct line); }
size_t tagged_after(void);
size_t tagged_after(void) { return offsetof(struct tagged, after); }
int sum_nodes(const struct node *node);
int sum_nodes(const struct node *node) {
    int sum = 0;
    for (; node; node = node->next)
        sum += node->twice ? node->twice(node->value) : node->value + (int)strlen(node->text);
    return sum;
}
static int twice(int n) { return 2 * n; }
int (*get_twice(void))(int);
int (*get_twice(void))(int) { return twice; }

double average(const int *numbers, size_t count);
double average(const int *numbers, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += numbers[i];
    return sum / (double)count;
}
void doubled(int numbers[4]);
void doubled(int numbers[4]) {
    for (int i = 0; i < 4; i++) numbers[i] *= 2;
}
int count_texts(const char *const *texts);
int count_texts(const char *const *texts) {
    int count = 0;
    while (texts[count]) count++;
    return count;
}
/* kinds: i int, l long, d double, s text, p pointer */
int describe(char *out, size_t size, const char *kinds, ...);
int describe(char *out, size_t size, const char *kinds, ...) {
    va_list list;
    size_t used = 0;
    va_start(list, kinds);
    for (; *kinds; kinds++) switch (*kinds) {
        case 'i': used += (size_t)snprintf(out + used, size - used, "%d ", va_arg(list, int)); break;
        case 'l': used += (size_t)snprintf(out + used, size - used, "%ld ", va_arg(list, long)); break;
        case 'd': used += (size_t)snprintf(out + used, size - used, "%g ", va_arg(list, double)); break;
        case 's': used += (size_t)snprintf(out + used, size - used, "%s ", va_arg(list, const char *)); break;
        case 'P': {
            struct point p = va_arg(list, struct point);
            used += (size_t)snprintf(out + used, size - used, "%g/%g ", p.x, p.y);
            break;
        }
        default: used += (size_t)snprintf(out + used, size - used, "%s ", va_arg(list, void *) ? "set" : "null");
        }
    va_end(list);
    return (int)used;
}

int counter = 7;
const int fixed = 42;
struct point origin = {1, 2};
int matrix[2][3] = {{1, 2, 3}, {4, 5, 6}};

/* ---- calling back ---- */

typedef int (*int_function)(int);
static int_function kept;
void keep(int_function f);
void keep(int_function f) { kept = f; }
int call_kept(int n);
int call_kept(int n) { return kept ? kept(n) : -1; }
int call_many(int_function f, int times);
int call_many(int_function f, int times) {
    int sum = 0;
    for (int i = 0; i < times; i++) sum += f(i);
    return sum;
}
struct request {
    int_function f;
    int given, result;
};
static void *run_request(void *data) {
    struct request *request = data;
    request->result = request->f(request->given);
    return NULL;
}
int call_on_thread(int_function f, int n);
int call_on_thread(int_function f, int n) {
    struct request request = {f, n, -1};
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_request, &request)) return -2;
    pthread_join(thread, NULL);
    return request.result;
}
static void at_end(void) {
    if (kept) printf("at the end %d\n", kept(5));
}
void call_at_end(int_function f);
void call_at_end(int_function f) {
    kept = f;
    atexit(at_end);
}
void each_point(const struct point *points, int count, double (*f)(struct point, void *), void *data, double *out);
void each_point(const struct point *points, int count, double (*f)(struct point, void *), void *data, double *out) {
    for (int i = 0; i < count; i++) out[i] = f(points[i], data);
}
unsigned slow(unsigned milliseconds);
unsigned slow(unsigned milliseconds) {
    usleep(milliseconds * 1000);
    return milliseconds;
}
