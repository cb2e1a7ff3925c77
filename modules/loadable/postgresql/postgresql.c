/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * postgresql.c: the driver of Db for PostgreSQL, by libpq without blocking: every wait for the server gives way.
 *
 * A statement's rows come one by one (single-row mode), so the connection belongs to it until its end. A statement that
 * was left before its end, because its thread was cancelled, is stopped and drained before the next one.
 */
#include <errno.h>
#include <fcntl.h>
#include <fcntl.h>
#include <postgresql/libpq-fe.h>
#include <stdlib.h>
#include <unistd.h>

#include "modules/loadable/db_driver.h"
#include "modules/loadable/postgresql/placeholders.h"

bool carapace_module_open(cp_context *cp);
extern const int carapace_module_abi;
const int carapace_module_abi = CP_MODULE_ABI;

enum { CONNECT_MILLISECONDS = 30000 };

/* Types by their numbers in the server's catalogue (pg_type.dat), which never change. */
enum {
    TYPE_BOOL = 16,
    TYPE_BYTEA = 17,
    TYPE_INT8 = 20,
    TYPE_INT2 = 21,
    TYPE_INT4 = 23,
    TYPE_OID = 26,
    TYPE_FLOAT4 = 700,
    TYPE_FLOAT8 = 701,
    TYPE_NUMERIC = 1700
};

struct connection {
    cp_resource *handle;   /* PGconn */
    cp_fd *socket;         /* a second descriptor of libpq's socket: it is ours to wait on and close */
    struct result *active; /* whose rows are on the way */
    bool abandoned;        /* rows are on the way that nobody will read */
};

struct result {
    struct db_result common;
    cp_resource *first; /* PGresult read ahead, which told the columns */
};

/* ---- errors ---- */

static cp_value throw_words(cp_context *cp, int code, const char *state, const char *words) {
    size_t size = strlen(words);
    while (size && words[size - 1] == '\n') size--;
    cp_value text = cp_string_format(cp, "PostgreSQL: %.*s", (int)(size < 2000 ? size : 2000), words);
    return db_throw(cp, code, state, cp_text_z(cp, text));
}

static cp_value throw_result(cp_context *cp, const PGresult *result) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    int code = DB_STATEMENT;
    if (state && strncmp(state, "23", 2) == 0) code = DB_CONSTRAINT;
    if (state && (!strcmp(state, "40001") || !strcmp(state, "40P01") || !strcmp(state, "55P03"))) code = DB_BUSY;
    return throw_words(cp, code, state, PQresultErrorMessage(result));
}

static cp_value throw_lost(cp_context *cp, PGconn *pg) {
    const char *words = PQerrorMessage(pg);
    return throw_words(cp, DB_STATEMENT, NULL, *words ? words : "the connection is lost");
}

static void free_result(void *resource) { PQclear(resource); }
static void free_connection(void *resource) { PQfinish(resource); }
static void be_silent(void *argument, const PGresult *result) { (void)argument, (void)result; }

/* ---- connecting ---- */

struct open_job {
    char *source, *user, *password;
    PGconn *pg;
    bool bad_source;
};

static void open_in_worker(void *argument) {
    struct open_job *job = argument;
    PQconninfoOption *options = PQconninfoParse(job->source, NULL);
    job->bad_source = !options;
    PQconninfoFree(options);
    if (job->bad_source) return; /* libpq's own words would show the password */
    const char *keys[6] = {"dbname", "client_encoding", "fallback_application_name"};
    const char *values[6] = {job->source, "UTF8", "carapace"};
    int count = 3;
    if (job->user) keys[count] = "user", values[count++] = job->user;
    if (job->password) keys[count] = "password", values[count++] = job->password;
    job->pg = PQconnectStartParams(keys, values, 1);
}

/* Waits on libpq's socket as it is just now: it may be another one after each step. */
static enum cp_wait wait_connecting(cp_context *cp, PGconn *pg, int events, int64_t timeout) {
    int fd = fcntl(PQsocket(pg), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return CP_WAIT_FAILED;
    cp_fd *handle = cp_fd_new(cp, fd);
    enum cp_wait wait = cp_wait_fd(cp, fd, events, timeout);
    cp_fd_close(cp, handle);
    return wait;
}

/* CP_NIL or CP_THROWN. */
static cp_value finish_connecting(cp_context *cp, PGconn *pg) {
    int64_t deadline = cp_now(cp) + CONNECT_MILLISECONDS;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (PQstatus(pg) != CONNECTION_BAD && status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
        int64_t left = deadline - cp_now(cp);
        int events = status == PGRES_POLLING_READING ? CP_READABLE : CP_WRITABLE;
        enum cp_wait wait = wait_connecting(cp, pg, events, left > 0 ? left : 0);
        if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
        if (wait == CP_WAIT_TIMEOUT) return throw_words(cp, DB_OPEN, NULL, "the server does not answer");
        if (wait == CP_WAIT_FAILED) break;
        status = PQconnectPoll(pg);
    }
    return status == PGRES_POLLING_OK ? CP_NIL : throw_words(cp, DB_OPEN, NULL, PQerrorMessage(pg));
}

static char *copy_or_null(const char *text) { return text ? strdup(text) : NULL; }

static void *driver_open(cp_context *cp, const char *source, const char *user, const char *password) {
    struct open_job job = {strdup(source), copy_or_null(user), copy_or_null(password), NULL, false};
    struct open_job *shared = malloc(sizeof *shared); /* the worker looks at no fiber's stack */
    if (!job.source || !shared || (user && !job.user) || (password && !job.password)) {
        free(shared);
        shared = NULL;
    }
    enum cp_wait wait = CP_WAIT_FAILED;
    if (shared) {
        *shared = job;
        wait = cp_work(cp, open_in_worker, shared);
        job = *shared;
        free(shared);
    }
    free(job.source);
    free(job.user);
    if (job.password) explicit_bzero(job.password, strlen(job.password));
    free(job.password);
    if (job.bad_source) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                 "the Db's source is no connection URI: it is as postgresql://HOST:PORT/DATABASE");
        return NULL;
    }
    if (!job.pg) {
        if (wait != CP_WAIT_CANCELLED) cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "libpq could not be started");
        return NULL;
    }
    struct connection *connection = cp_alloc(sizeof *connection);
    connection->handle = cp_resource_new(cp, job.pg, free_connection);
    PQsetNoticeReceiver(job.pg, be_silent, NULL);
    if (wait == CP_WAIT_CANCELLED || finish_connecting(cp, job.pg) == CP_THROWN) {
        cp_resource_release(cp, connection->handle);
        return NULL;
    }
    int fd = fcntl(PQsocket(job.pg), F_DUPFD_CLOEXEC, 0);
    if (fd < 0 || PQsetnonblocking(job.pg, 1) != 0) {
        cp_throw_errno(cp, CP_ERROR_DATABASE, DB_OPEN, errno, "cannot use the connection");
        if (fd >= 0) close(fd);
        cp_resource_release(cp, connection->handle);
        return NULL;
    }
    connection->socket = cp_fd_new(cp, fd);
    return connection;
}

struct cancel_job {
    PGcancel *cancel;
    char words[256];
};

static void cancel_in_worker(void *argument) {
    struct cancel_job *job = argument;
    PQcancel(job->cancel, job->words, sizeof job->words); /* failing is no harm: the answers are read all the same */
}

/* Tells the server to give up what it is doing. CP_NIL, or CP_THROWN when the thread was stopped. */
static cp_value stop_server(cp_context *cp, struct connection *connection) {
    struct cancel_job *job = calloc(1, sizeof *job);
    enum cp_wait wait = CP_WAIT_READY;
    if (job && (job->cancel = PQgetCancel(connection->handle->resource))) {
        wait = cp_work(cp, cancel_in_worker, job);
        PQfreeCancel(job->cancel);
    }
    free(job);
    return wait == CP_WAIT_CANCELLED ? CP_THROWN : CP_NIL;
}

static void driver_close(cp_context *cp, void *argument) {
    struct connection *connection = argument;
    bool running = connection->active || connection->abandoned;
    if (connection->active) connection->active->common.ended = true;
    if (running && stop_server(cp, connection) == CP_THROWN) cp_take_error(cp); /* closing goes on all the same */
    cp_fd_close(cp, connection->socket);
    cp_resource_release(cp, connection->handle);
}

/* ---- the server's answers ---- */

static PGconn *pg_of(const struct connection *connection) { return connection->handle->resource; }

/* What is to be sent goes out, and what comes meanwhile in. CP_NIL or CP_THROWN. */
static cp_value flush(cp_context *cp, struct connection *connection) {
    for (;;) {
        int more = PQflush(pg_of(connection));
        if (more == 0) return CP_NIL;
        if (more < 0) return throw_lost(cp, pg_of(connection));
        enum cp_wait wait = cp_wait_fd(cp, connection->socket->fd, CP_READABLE | CP_WRITABLE, -1);
        if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
        if (wait == CP_WAIT_FAILED || !PQconsumeInput(pg_of(connection))) return throw_lost(cp, pg_of(connection));
    }
}

/* The server's next answer in *result, NULL when it has answered all. CP_NIL or CP_THROWN. */
static cp_value next_answer(cp_context *cp, struct connection *connection, PGresult **result) {
    while (PQisBusy(pg_of(connection))) {
        enum cp_wait wait = cp_wait_fd(cp, connection->socket->fd, CP_READABLE, -1);
        if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
        if (wait == CP_WAIT_FAILED || !PQconsumeInput(pg_of(connection))) return throw_lost(cp, pg_of(connection));
    }
    *result = PQgetResult(pg_of(connection));
    return CP_NIL;
}

/* Reads away what COPY sends. CP_NIL or CP_THROWN. */
static cp_value drain_copy(cp_context *cp, struct connection *connection) {
    for (;;) {
        char *data = NULL;
        int got = PQgetCopyData(pg_of(connection), &data, 1);
        PQfreemem(data);
        if (got < 0) return CP_NIL;
        if (got > 0) continue;
        enum cp_wait wait = cp_wait_fd(cp, connection->socket->fd, CP_READABLE, -1);
        if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
        if (wait == CP_WAIT_FAILED || !PQconsumeInput(pg_of(connection))) return throw_lost(cp, pg_of(connection));
    }
}

/*
 * Reads the answers away that are still to come; with `stop` the server is told first to give up. When it has finished
 * meanwhile it passes over that, for the request has reached it by the time PQcancel returns. CP_NIL or CP_THROWN.
 */
static cp_value drain(cp_context *cp, struct connection *connection, bool stop) {
    connection->abandoned = true;
    PGresult *result;
    if (stop && stop_server(cp, connection) == CP_THROWN) return CP_THROWN;
    do {
        result = NULL;
        if (next_answer(cp, connection, &result) == CP_THROWN) return CP_THROWN;
        ExecStatusType status = result ? PQresultStatus(result) : PGRES_COMMAND_OK;
        if ((status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) && drain_copy(cp, connection) == CP_THROWN) {
            PQclear(result);
            return CP_THROWN;
        }
        if (status == PGRES_COPY_IN) PQputCopyEnd(pg_of(connection), "not supported");
        PQclear(result);
    } while (result);
    connection->abandoned = false;
    return CP_NIL;
}

/* ---- parameters ---- */

struct parameters {
    Oid *types;
    const char **values;
    int *sizes, *formats;
};

/* False after a throw. */
static bool set_parameter(cp_context *cp, struct parameters *p, int i, cp_value value) {
    const char *bytes;
    size_t size;
    p->types[i] = 0; /* what the place in the statement asks for */
    p->formats[i] = 0;
    if (value == CP_NIL) {
        p->values[i] = NULL;
        return true;
    }
    if (cp_is_binary(value) || cp_is_buffer(value)) {
        cp_bytes_of(value, &bytes, &size);
        p->values[i] = size ? bytes : ""; /* the argument keeps them alive */
        p->sizes[i] = (int)size;
        p->formats[i] = 1;
        p->types[i] = TYPE_BYTEA;
        if (size <= INT32_MAX) return true;
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "value %d is too large", i + 1);
        return false;
    }
    bool date = cp_is_object(value) && strcmp(cp_class_name(cp_class_of(cp, value)), "DateTime") == 0;
    if (!date && !cp_is_number(value) && !cp_is_string(value) && !cp_is_symbol(value)) {
        cp_throw_type(cp, "a value of the statement", "(), Integer, Real, String, Symbol, Binary, Buffer or DateTime",
                      value);
        return false;
    }
    cp_value text = cp_to_string(cp, value);
    if (text == CP_THROWN) return false;
    if (memchr(cp_string_text(text), 0, cp_string_size(text))) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                 "value %d has a NUL in it, which PostgreSQL's texts cannot have", i + 1);
        return false;
    }
    /* a block of its own: within the array, a pointer into a String would not keep it alive */
    size = cp_string_size(text);
    char *copy = cp_try_alloc_atomic(cp, size + 1);
    if (!copy) return false;
    memcpy(copy, cp_string_text(text), size);
    copy[size] = 0;
    p->values[i] = copy;
    return true;
}

static bool set_parameters(cp_context *cp, struct parameters *p, const cp_value *values, int count) {
    size_t room = (size_t)count + 1;
    /* scanned: the texts are collected memory */
    *p = (struct parameters){cp_alloc(room * sizeof(Oid)), cp_alloc(room * sizeof(char *)),
                             cp_alloc(room * sizeof(int)), cp_alloc(room * sizeof(int))};
    for (int i = 0; i < count; i++)
        if (!set_parameter(cp, p, i, values[i])) return false;
    return true;
}

/* ---- statements ---- */

/* The statement with $1 $2 ... ; NULL after a throw. */
static const char *numbered(cp_context *cp, cp_value sql, int count) {
    const char *text = cp_string_text(sql);
    size_t size = cp_string_size(sql);
    int found;
    if (memchr(text, 0, size)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "an SQL statement has no NUL in it");
        return NULL;
    }
    char *out = cp_try_alloc_atomic(cp, placeholders_room(text, size));
    if (!out) return NULL;
    out[placeholders_number(text, size, out, &found)] = 0;
    if (found == count || found == 0) return out; /* without any ?, the script may have written $1 itself */
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the SQL statement takes %d values, %d were given", found, count);
    return NULL;
}

static cp_value column_names(cp_context *cp, const PGresult *pg, int columns) {
    cp_value names = cp_array_n(cp, (size_t)columns, CP_NIL);
    if (names == CP_THROWN) return names;
    size_t count;
    cp_value *places = cp_array_items(names, &count);
    for (int i = 0; i < columns; i++) places[i] = cp_string_z(cp, PQfname(pg, i));
    return names;
}

static void end(struct connection *connection, struct result *result) {
    result->common.ended = true;
    if (connection->active == result) connection->active = NULL;
}

/* The Error that has been thrown, after the server has come to rest; that of a thread's end goes before it. */
static int failed(cp_context *cp, struct connection *connection, struct result *result) {
    end(connection, result);
    cp_value error = cp_take_error(cp);
    if (drain(cp, connection, false) == CP_THROWN) {
        cp_value other = cp_take_error(cp);
        if (cp_error_class_of(other) != CP_ERROR_DATABASE) error = other;
    }
    cp_throw_value(cp, error);
    return -1;
}

/* Takes an answer. 1: it has a row, and is kept in *pg; 0: the end has come; -1: thrown. */
static int take_answer(cp_context *cp, struct connection *connection, struct result *result, PGresult **pg) {
    for (;;) {
        if (next_answer(cp, connection, pg) == CP_THROWN) {
            end(connection, result);
            connection->abandoned = true;
            return -1;
        }
        if (!*pg) {
            end(connection, result);
            return 0;
        }
        switch (PQresultStatus(*pg)) {
        case PGRES_SINGLE_TUPLE: return 1;
        case PGRES_TUPLES_OK: /* the end of the rows, or a result without any */
        case PGRES_COMMAND_OK:
            result->common.changes = strtoll(PQcmdTuples(*pg), NULL, 10);
            if (strncmp(PQcmdStatus(*pg), "SELECT", 6) == 0) result->common.changes = 0;
            if (result->common.names == CP_NIL) {
                result->common.columns = PQnfields(*pg);
                result->common.names = column_names(cp, *pg, result->common.columns);
            }
            break;
        case PGRES_EMPTY_QUERY:
            PQclear(*pg);
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "there is no SQL statement");
            return failed(cp, connection, result);
        case PGRES_FATAL_ERROR:
            throw_result(cp, *pg);
            PQclear(*pg);
            return failed(cp, connection, result);
        default: /* COPY, replication */
            PQclear(*pg);
            end(connection, result);
            connection->abandoned = true;
            throw_words(cp, DB_STATEMENT, NULL, "this statement gives no rows that could be read (COPY?)");
            return -1;
        }
        PQclear(*pg);
    }
}

static struct db_result *driver_start(cp_context *cp, void *argument, cp_value sql, const cp_value *values, int count) {
    struct connection *connection = argument;
    struct parameters p;
    if (connection->active) {
        db_throw(cp, DB_BUSY, NULL,
                 "the rows of an earlier query have not all been read: read them to the end or close them");
        return NULL;
    }
    const char *text = numbered(cp, sql, count);
    if (!text || !set_parameters(cp, &p, values, count)) return NULL;
    if (connection->abandoned && drain(cp, connection, true) == CP_THROWN) return NULL;
    if (!PQsendQueryParams(pg_of(connection), text, count, p.types, p.values, p.sizes, p.formats, 0)) {
        throw_lost(cp, pg_of(connection));
        return NULL;
    }
    PQsetSingleRowMode(pg_of(connection));
    struct result *result = cp_alloc(sizeof *result);
    connection->active = result;
    if (flush(cp, connection) == CP_THROWN) {
        end(connection, result);
        connection->abandoned = true;
        return NULL;
    }
    PGresult *pg = NULL;
    int got = take_answer(cp, connection, result, &pg);
    if (got < 0 || result->common.names == CP_THROWN) return NULL;
    if (got == 0) return &result->common;
    result->first = cp_resource_new(cp, pg, free_result);
    result->common.columns = PQnfields(pg);
    result->common.names = column_names(cp, pg, result->common.columns);
    return result->common.names == CP_THROWN ? NULL : &result->common;
}

static int hex_digit(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

/* \x and pairs of digits, the server's form since version 9. */
static cp_value bytes_value(cp_context *cp, const char *text, size_t size) {
    if (size < 2 || text[0] != '\\' || text[1] != 'x') return cp_string_n(cp, text, size);
    cp_value binary = cp_binary_n(cp, NULL, (size - 2) / 2);
    if (binary == CP_THROWN) return binary;
    unsigned char *to = cp_binary_of(binary)->data;
    for (size_t i = 2; i + 1 < size; i += 2) *to++ = (unsigned char)(hex_digit(text[i]) << 4 | hex_digit(text[i + 1]));
    return binary;
}

static cp_value field_value(cp_context *cp, const PGresult *pg, int column) {
    if (PQgetisnull(pg, 0, column)) return CP_NIL;
    const char *text = PQgetvalue(pg, 0, column);
    size_t size = (size_t)PQgetlength(pg, 0, column);
    switch (PQftype(pg, column)) {
    case TYPE_BOOL: return *text == 't' ? cp_symbol_z(cp, "true") : CP_NIL;
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
    case TYPE_OID: return cp_integer(cp, strtoll(text, NULL, 10));
    case TYPE_FLOAT4:
    case TYPE_FLOAT8: return cp_real(strtod(text, NULL)); /* also Infinity and NaN */
    case TYPE_NUMERIC: {
        bool whole = strspn(text, "-0123456789") == size;
        if (!whole) return cp_real(strtod(text, NULL));
        return cp_send_z(cp, cp_string_n(cp, text, size), "integer", NULL, 0);
    }
    case TYPE_BYTEA: return bytes_value(cp, text, size);
    default: return cp_string_n(cp, text, size);
    }
}

static int driver_next(cp_context *cp, void *argument, struct db_result *common, cp_value *values) {
    struct connection *connection = argument;
    struct result *result = (struct result *)common;
    PGresult *pg = NULL;
    if (result->first) {
        pg = result->first->resource;
        for (int i = 0; i < common->columns; i++)
            if ((values[i] = field_value(cp, pg, i)) == CP_THROWN) return -1;
        cp_resource_release(cp, result->first);
        result->first = NULL;
        return 1;
    }
    int got = take_answer(cp, connection, result, &pg);
    if (got <= 0) return got;
    for (int i = 0; i < common->columns; i++)
        if ((values[i] = field_value(cp, pg, i)) == CP_THROWN) break;
    PQclear(pg);
    for (int i = 0; i < common->columns; i++)
        if (values[i] == CP_THROWN) return -1;
    return 1;
}

static cp_value driver_finish(cp_context *cp, void *argument, struct db_result *common) {
    struct connection *connection = argument;
    struct result *result = (struct result *)common;
    cp_resource_release(cp, result->first);
    result->first = NULL;
    end(connection, result);
    return drain(cp, connection, true);
}

static const struct db_driver driver = {driver_open, driver_close, driver_start, driver_next, driver_finish, "BEGIN"};

bool carapace_module_open(cp_context *cp) {
    union {
        const struct db_driver *from;
        void *to;
    } pointer = {&driver};
    *cp_module_state(cp, "Db postgresql") = pointer.to;
    return true;
}
