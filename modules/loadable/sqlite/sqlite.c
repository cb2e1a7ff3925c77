/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sqlite.c: the driver of Db for SQLite.
 *
 * SQLite blocks: on the disk, and while another process has the file locked. So everything is done by a worker, which
 * knows no values: parameters go to it and rows come back as bytes (struct packed), many rows at a time.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "modules/loadable/db_driver.h"
#include "modules/loadable/sqlite/packed.h"

bool carapace_module_open(cp_context *cp);
extern const int carapace_module_abi;
const int carapace_module_abi = CP_MODULE_ABI;

enum {
    BUSY_MILLISECONDS = 5000,
    FIRST_BATCH = 16 * 1024, /* bytes of rows that the worker gathers at a time, at first and later */
    LATER_BATCH = 256 * 1024,
    MESSAGE_SIZE = 512,
};

struct connection {
    cp_resource *handle; /* sqlite3 */
};

/* A statement in the worker's hands; malloc'd, so that no collection looks at it. */
struct job {
    sqlite3 *database;
    sqlite3_stmt *statement;
    char *sql;
    size_t sql_size, batch;
    struct packed parameters, rows;
    int parameter_count;
    bool done;     /* the statement has come to its end */
    bool ran;      /* the worker was there at all */
    int code;      /* SQLite's, extended; SQLITE_OK */
    bool bad_call; /* what is wrong is the script's: error 1.8 */
    int64_t changes;
    char message[MESSAGE_SIZE];
};

struct result {
    struct db_result common;
    cp_resource *job;
    size_t at; /* in job->rows */
};

/* ---- in the worker ---- */

static void fail(struct job *job, int code) {
    job->code = code;
    job->done = true;
    snprintf(job->message, sizeof job->message, "%s", sqlite3_errmsg(job->database));
}

static void fail_call(struct job *job, const char *message) {
    job->code = SQLITE_MISUSE;
    job->done = job->bad_call = true;
    snprintf(job->message, sizeof job->message, "%s", message);
}

static bool is_blank(const char *text) {
    for (; *text; text++)
        if (!strchr(" \t\r\n;", *text)) return false;
    return true;
}

static int bind_parameters(struct job *job) {
    size_t at = 0;
    int code = SQLITE_OK;
    for (int i = 1; i <= job->parameter_count && code == SQLITE_OK; i++) {
        struct packed_value value = packed_next(&job->parameters, &at);
        switch (value.kind) {
        case PACKED_NULL: code = sqlite3_bind_null(job->statement, i); break;
        case PACKED_INTEGER: code = sqlite3_bind_int64(job->statement, i, value.integer); break;
        case PACKED_REAL: code = sqlite3_bind_double(job->statement, i, value.real); break;
        case PACKED_TEXT:
            code = sqlite3_bind_text64(job->statement, i, value.bytes, value.size, SQLITE_STATIC, SQLITE_UTF8);
            break;
        case PACKED_BYTES: code = sqlite3_bind_blob64(job->statement, i, value.bytes, value.size, SQLITE_STATIC); break;
        }
    }
    return code;
}

static bool pack_row(struct job *job) {
    int columns = sqlite3_column_count(job->statement);
    bool done = true;
    for (int i = 0; i < columns && done; i++) {
        switch (sqlite3_column_type(job->statement, i)) {
        case SQLITE_INTEGER: done = packed_add_integer(&job->rows, sqlite3_column_int64(job->statement, i)); break;
        case SQLITE_FLOAT: done = packed_add_real(&job->rows, sqlite3_column_double(job->statement, i)); break;
        case SQLITE_NULL: done = packed_add_null(&job->rows); break;
        case SQLITE_BLOB: {
            const void *bytes = sqlite3_column_blob(job->statement, i);
            done = packed_add_bytes(&job->rows, PACKED_BYTES, bytes, (size_t)sqlite3_column_bytes(job->statement, i));
            break;
        }
        default: {
            const void *text = sqlite3_column_text(job->statement, i);
            done = packed_add_bytes(&job->rows, PACKED_TEXT, text, (size_t)sqlite3_column_bytes(job->statement, i));
        }
        }
    }
    return done;
}

/* Gathers rows until there are enough for now. */
static void step_in_worker(void *argument) {
    struct job *job = argument;
    job->ran = true;
    packed_clear(&job->rows);
    while (!job->done && job->rows.size < job->batch) {
        int code = sqlite3_step(job->statement);
        if (code == SQLITE_ROW) {
            if (!pack_row(job)) fail(job, SQLITE_NOMEM);
        } else if (code == SQLITE_DONE) job->done = true;
        else fail(job, sqlite3_extended_errcode(job->database));
    }
    job->batch = LATER_BATCH;
    if (!job->done) return;
    if (!sqlite3_stmt_readonly(job->statement)) job->changes = sqlite3_changes64(job->database);
    /* Locks are let go as soon as possible; the columns' names stay with the statement. */
    sqlite3_reset(job->statement);
}

static void start_in_worker(void *argument) {
    struct job *job = argument;
    const char *tail = NULL;
    job->ran = true;
    int code = sqlite3_prepare_v2(job->database, job->sql, (int)job->sql_size + 1, &job->statement, &tail);
    if (code != SQLITE_OK) fail(job, sqlite3_extended_errcode(job->database));
    else if (!job->statement) fail_call(job, "there is no SQL statement");
    else if (!is_blank(tail)) fail_call(job, "there is more than one SQL statement: run them one by one");
    else if (sqlite3_bind_parameter_count(job->statement) != job->parameter_count) {
        char message[100];
        snprintf(message, sizeof message, "the SQL statement takes %d values, %d were given",
                 sqlite3_bind_parameter_count(job->statement), job->parameter_count);
        fail_call(job, message);
    } else if ((code = bind_parameters(job)) != SQLITE_OK) fail(job, code);
    else step_in_worker(job);
}

/* ---- errors and memory ---- */

static cp_value throw_code(cp_context *cp, int extended, const char *message) {
    int code = DB_STATEMENT;
    switch (extended & 0xff) {
    case SQLITE_CONSTRAINT: code = DB_CONSTRAINT; break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: code = DB_BUSY; break;
    case SQLITE_CANTOPEN:
    case SQLITE_NOTADB: code = DB_OPEN; break;
    }
    char state[16];
    snprintf(state, sizeof state, "%d", extended);
    return db_throw(cp, code, state, cp_text_z(cp, cp_string_format(cp, "SQLite: %s", message)));
}

static cp_value no_memory(cp_context *cp) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "there is not enough memory");
}

static void free_job(void *resource) {
    struct job *job = resource;
    sqlite3_finalize(job->statement);
    packed_free(&job->parameters);
    packed_free(&job->rows);
    free(job->sql);
    free(job);
}

static void free_database(void *resource) { sqlite3_close_v2(resource); }

/* Has the worker do something with the job. CP_NIL or CP_THROWN. */
static cp_value work(cp_context *cp, struct job *job, void (*function)(void *)) {
    job->ran = false;
    enum cp_wait wait = cp_work(cp, function, job);
    if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
    if (!job->ran) return db_throw(cp, DB_STATEMENT, NULL, "no worker could be started");
    if (job->bad_call) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s", job->message);
    return job->code == SQLITE_OK ? CP_NIL : throw_code(cp, job->code, job->message);
}

/* ---- connections ---- */

struct open_job {
    sqlite3 *database;
    int code;
    char path[];
};

static void open_in_worker(void *argument) {
    struct open_job *job = argument;
    job->code = sqlite3_open_v2(job->path, &job->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (job->code != SQLITE_OK) return;
    sqlite3_extended_result_codes(job->database, 1);
    sqlite3_busy_timeout(job->database, BUSY_MILLISECONDS);
    /* Only now is the file looked at: it may be no database at all. */
    job->code = sqlite3_exec(job->database, "PRAGMA schema_version", NULL, NULL, NULL);
}

static void *driver_open(cp_context *cp, const char *source, const char *user, const char *password) {
    (void)user, (void)password;
    const char *path = source + strlen("sqlite:");
    size_t size = strlen(path) + 1;
    if (size == 1) {
        db_throw(cp, DB_OPEN, NULL, "the source sqlite: needs a file, or is sqlite::memory:");
        return NULL;
    }
    struct open_job *job = calloc(1, sizeof *job + size);
    if (!job) return no_memory(cp), NULL;
    job->code = SQLITE_NOMEM;
    memcpy(job->path, path, size);
    enum cp_wait wait = cp_work(cp, open_in_worker, job);
    struct connection *connection = NULL;
    if (wait == CP_WAIT_READY && job->code == SQLITE_OK) {
        connection = cp_alloc(sizeof *connection);
        connection->handle = cp_resource_new(cp, job->database, free_database);
    } else {
        if (wait != CP_WAIT_CANCELLED) {
            const char *words = job->database ? sqlite3_errmsg(job->database) : sqlite3_errstr(job->code);
            char state[16];
            snprintf(state, sizeof state, "%d", job->code);
            db_throw(cp, (job->code & 0xff) == SQLITE_BUSY ? DB_BUSY : DB_OPEN, state,
                     cp_text_z(cp, cp_string_format(cp, "SQLite: cannot open %s: %s", path, words)));
        }
        sqlite3_close_v2(job->database);
    }
    free(job);
    return connection;
}

static void driver_close(cp_context *cp, void *connection) {
    cp_resource_release(cp, ((struct connection *)connection)->handle);
}

/* ---- statements ---- */

/* One parameter as bytes. False after a throw. */
static bool pack_parameter(cp_context *cp, struct packed *packed, cp_value value, int number) {
    const char *bytes;
    size_t size;
    int64_t integer;
    bool done;
    if (value == CP_NIL) done = packed_add_null(packed);
    else if (cp_is_real(value)) done = packed_add_real(packed, cp_real_value(value));
    else if (cp_is_integer(value)) {
        if (!cp_to_int64(value, &integer)) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "value %d has more than the 64 bits of SQLite's integers",
                     number);
            return false;
        }
        done = packed_add_integer(packed, integer);
    } else if (cp_is_symbol(value) && strcmp(cp_symbol_of(value)->text, "true") == 0)
        done = packed_add_integer(packed, 1);
    else if (cp_bytes_of(value, &bytes, &size)) {
        bool text = cp_is_string(value) || cp_is_symbol(value);
        done = packed_add_bytes(packed, text ? PACKED_TEXT : PACKED_BYTES, bytes, size);
    } else if (cp_is_object(value) && strcmp(cp_class_name(cp_class_of(cp, value)), "DateTime") == 0) {
        cp_value text = cp_to_string(cp, value);
        return text != CP_THROWN && pack_parameter(cp, packed, text, number);
    } else {
        char what[40];
        snprintf(what, sizeof what, "value %d of the statement", number);
        cp_throw_type(cp, what, "(), Integer, Real, String, Symbol, Binary, Buffer or DateTime", value);
        return false;
    }
    if (!done) no_memory(cp);
    return done;
}

/* The column names as an Array; CP_THROWN. */
static cp_value column_names(cp_context *cp, sqlite3_stmt *statement, int columns) {
    cp_value names = cp_array_n(cp, (size_t)columns, CP_NIL);
    if (names == CP_THROWN) return names;
    size_t count;
    cp_value *places = cp_array_items(names, &count);
    for (int i = 0; i < columns; i++) {
        const char *name = sqlite3_column_name(statement, i);
        places[i] = cp_string_z(cp, name ? name : "");
    }
    return names;
}

static struct db_result *driver_start(cp_context *cp, void *connection, cp_value sql, const cp_value *parameters,
                                      int count) {
    struct job *job = calloc(1, sizeof *job);
    size_t size = cp_string_size(sql);
    if (!job) return no_memory(cp), NULL;
    cp_resource *handle = cp_resource_new(cp, job, free_job);
    job->database = ((struct connection *)connection)->handle->resource;
    job->batch = FIRST_BATCH;
    job->parameter_count = count;
    if (size > INT32_MAX - 1 || memchr(cp_string_text(sql), 0, size)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "an SQL statement has no NUL in it and less than 2 GB");
        cp_resource_release(cp, handle);
        return NULL;
    }
    job->sql = strndup(cp_string_text(sql), size);
    job->sql_size = size;
    bool ready = job->sql != NULL;
    if (!ready) no_memory(cp);
    for (int i = 0; i < count && ready; i++) ready = pack_parameter(cp, &job->parameters, parameters[i], i + 1);
    if (!ready || work(cp, job, start_in_worker) == CP_THROWN) {
        cp_resource_release(cp, handle);
        return NULL;
    }
    struct result *result = cp_alloc(sizeof *result);
    result->job = handle;
    result->common.columns = sqlite3_column_count(job->statement);
    result->common.names = column_names(cp, job->statement, result->common.columns);
    result->common.changes = job->changes;
    result->common.ended = job->done && job->rows.size == 0;
    if (result->common.ended || result->common.names == CP_THROWN) cp_resource_release(cp, handle);
    return result->common.names == CP_THROWN ? NULL : &result->common;
}

static cp_value unpack(cp_context *cp, const struct packed_value *value) {
    switch (value->kind) {
    case PACKED_INTEGER: return cp_integer(cp, value->integer);
    case PACKED_REAL: return cp_real(value->real);
    case PACKED_TEXT: return cp_string_n(cp, value->size ? value->bytes : "", value->size);
    case PACKED_BYTES: return cp_binary_n(cp, value->size ? value->bytes : "", value->size);
    case PACKED_NULL: break;
    }
    return CP_NIL;
}

static cp_value driver_finish(cp_context *cp, void *connection, struct db_result *common) {
    (void)connection;
    struct result *result = (struct result *)common;
    common->ended = true;
    cp_resource_release(cp, result->job);
    return CP_NIL;
}

static int driver_next(cp_context *cp, void *connection, struct db_result *common, cp_value *values) {
    struct result *result = (struct result *)common;
    struct job *job = result->job->resource;
    if (result->at == job->rows.size) {
        result->at = 0;
        if (!job->done && work(cp, job, step_in_worker) == CP_THROWN) {
            driver_finish(cp, connection, common);
            return -1;
        }
        if (job->done && (result->at == job->rows.size || job->code != SQLITE_OK)) {
            common->changes = job->changes;
            driver_finish(cp, connection, common);
            return 0;
        }
    }
    for (int i = 0; i < common->columns; i++) {
        struct packed_value value = packed_next(&job->rows, &result->at);
        values[i] = unpack(cp, &value);
    }
    if (job->done && result->at == job->rows.size) packed_clear(&job->rows), result->at = 0;
    return 1;
}

static const struct db_driver driver = {driver_open, driver_close,  driver_start,
                                        driver_next, driver_finish, "BEGIN IMMEDIATE"};

bool carapace_module_open(cp_context *cp) {
    union {
        const struct db_driver *from;
        void *to;
    } pointer = {&driver};
    *cp_module_state(cp, "Db sqlite") = pointer.to;
    return true;
}
