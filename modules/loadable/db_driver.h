/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * db_driver.h: what the class Db (modules/library/db.c) asks of a kind of database. Each is a module that is loaded
 * when a source of its scheme is first opened: it puts its driver into cp_module_state(cp, "Db SCHEME").
 *
 * Db sees to it that one thread at a time is within a connection's functions; they may wait. A failure throws class 7
 * with the database's own words.
 */
#ifndef LOADABLE_DB_DRIVER_H
#define LOADABLE_DB_DRIVER_H

#include "interp/carapace.h"

enum db_code { DB_OPEN = 1, DB_STATEMENT, DB_CONSTRAINT, DB_BUSY };

/* Throws class 7; `state` is the database's own code for err.sqlState, or NULL. */
static inline cp_value db_throw(cp_context *cp, int code, const char *state, const char *words) {
    cp_throw(cp, CP_ERROR_DATABASE, code, "%s", words);
    cp_value error = cp_take_error(cp);
    cp_error_set_detail(cp, error, "sqlState", state ? cp_string_z(cp, state) : CP_NIL);
    return cp_throw_value(cp, error);
}

/* The rows of a statement that has been started. A driver's own struct begins with this and lies in scanned memory. */
struct db_result {
    int columns;     /* 0: the statement gives no rows */
    cp_value names;  /* Array of Strings, one a column */
    int64_t changes; /* rows that were changed; known at the end */
    bool ended;      /* there are no more rows; it needs no db_finish any more */
};

struct db_driver {
    /* What is before the colon of a source is the scheme; `source` is the whole. user and password may be NULL. NULL
       after a throw. The connection lies in scanned memory. */
    void *(*open)(cp_context *cp, const char *source, const char *user, const char *password);
    void (*close)(cp_context *cp, void *connection);
    /* Runs one statement with its parameters up to its first rows. NULL after a throw. */
    struct db_result *(*start)(cp_context *cp, void *connection, cp_value sql, const cp_value *parameters, int count);
    /* The next row into values, one a column: 1; 0 at the end; -1 after a throw, which ends the result. */
    int (*next)(cp_context *cp, void *connection, struct db_result *result, cp_value *values);
    /* Lets go of a result before its end. CP_NIL, or CP_THROWN; it has ended all the same. */
    cp_value (*finish)(cp_context *cp, void *connection, struct db_result *result);
    const char *begin; /* the statement that begins a transaction */
};

#endif
