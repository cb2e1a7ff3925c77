/* SPDX-License-Identifier: GPL-3.0-or-later */
/* db.c: the classes Db, DbRows and DbTransaction over the drivers of modules/loadable. */
#include "modules/library/library_data.h"
#include "modules/loadable/db_driver.h"
#include "modules/system/turn.h"

struct db {
    cp_object header;
    cp_value source, user, password; /* Strings, or () */
    const struct db_driver *driver;
    void *connection; /* NULL = not connected */
    struct turn turn; /* within the driver */
    int64_t changes;
};

struct db_rows {
    cp_object header;
    struct db *db;
    void *connection; /* the one it belongs to: after a disconnect it has ended */
    struct db_result *result;
    bool tables; /* rows are HashTables */
};

struct db_transaction {
    cp_object header;
    struct db *db;
    void *connection;
    bool over;
};

static inline struct db *db_of(cp_value v) { return (struct db *)cp_object_of(v); }
static inline struct db_rows *rows_of(cp_value v) { return (struct db_rows *)cp_object_of(v); }
static inline struct db_transaction *transaction_of(cp_value v) { return (struct db_transaction *)cp_object_of(v); }

/* CP_NIL, or CP_THROWN. */
static cp_value enter(cp_context *cp, struct db *db) {
    return turn_take(cp, &db->turn, "this Db is in the middle of a statement, which has called here");
}

static void leave(cp_context *cp, struct db *db) { turn_end(cp, &db->turn); }

/* ---- connecting ---- */

/* The driver of a source's scheme, loaded if need be. NULL after a throw. */
static const struct db_driver *find_driver(cp_context *cp, const char *source) {
    static const struct {
        const char *scheme, *name, *state;
    } schemes[] = {{"sqlite", "sqlite", "Db sqlite"},
                   {"postgresql", "postgresql", "Db postgresql"},
                   {"postgres", "postgresql", "Db postgresql"}};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t size = strlen(schemes[i].scheme);
        if (strncmp(source, schemes[i].scheme, size) != 0 || source[size] != ':') continue;
        const char *name = schemes[i].name;
        void **place = cp_module_state(cp, schemes[i].state);
        if (*place) return *place;
        cp_value file = cp_string_format(cp, "%s.so", name);
        if (cp_call(cp, cp_symbol_z(cp, "loadLibrary"), &file, 1) == CP_THROWN) return NULL;
        if (*place) return *place;
        cp_throw(cp, CP_ERROR_CARAPACE, CP_INTERNAL, "the module %s.so has no driver in it", name);
        return NULL;
    }
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
             "a Db's source is sqlite:FILE, sqlite::memory: or postgresql://HOST/DATABASE");
    return NULL;
}

static const char *text_or_null(cp_context *cp, cp_value text) { return text == CP_NIL ? NULL : cp_text_z(cp, text); }

static void disconnect(cp_context *cp, struct db *db) {
    void *connection = db->connection;
    db->connection = NULL;
    if (connection) db->driver->close(cp, connection);
}

static cp_value connect_now(cp_context *cp, struct db *db) {
    if (!cp_is_string(db->source)) return db_throw(cp, DB_OPEN, NULL, "the Db has no source to connect to");
    const char *source = cp_text_z(cp, db->source);
    if (strlen(source) != cp_string_size(db->source))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a Db's source has no NUL in it");
    const struct db_driver *driver = find_driver(cp, source);
    if (!driver || enter(cp, db) == CP_THROWN) return CP_THROWN;
    disconnect(cp, db);
    db->driver = driver;
    db->connection = driver->open(cp, source, text_or_null(cp, db->user), text_or_null(cp, db->password));
    leave(cp, db);
    return db->connection ? library_ok(cp) : CP_THROWN;
}

/* ---- statements ---- */

/* Makes `sql` the statement's text and starts it; to be called between enter and leave. */
static struct db_result *start(cp_context *cp, struct db *db, cp_value sql, const cp_value *parameters, int count) {
    if (!db->connection) {
        db_throw(cp, DB_OPEN, NULL, "the Db is not connected");
        return NULL;
    }
    struct db_result *result = db->driver->start(cp, db->connection, sql, parameters, count);
    if (result && result->ended) db->changes = result->changes;
    return result;
}

/* The next row: List or HashTable, CP_DONE or CP_THROWN. */
static cp_value next_row(cp_context *cp, struct db *db, struct db_result *result, bool tables) {
    if (result->ended) return CP_DONE;
    cp_value *values = cp_alloc(((size_t)result->columns + 1) * sizeof *values);
    int got = db->driver->next(cp, db->connection, result, values);
    if (got < 0) return CP_THROWN;
    if (got == 0) {
        db->changes = result->changes;
        return CP_DONE;
    }
    if (!tables) return cp_list_n(values, (size_t)result->columns);
    size_t count;
    const cp_value *names = cp_array_items(result->names, &count);
    cp_value table = cp_table(cp);
    for (size_t i = 0; i < count; i++)
        if (cp_table_set(cp, table, names[i], values[i]) == CP_THROWN) return CP_THROWN;
    return table;
}

static cp_value all_rows(cp_context *cp, struct db *db, cp_value sql, const cp_value *parameters, int count,
                         bool tables) {
    if (enter(cp, db) == CP_THROWN) return CP_THROWN;
    struct db_result *result = start(cp, db, sql, parameters, count);
    cp_list_builder rows = {0};
    cp_value row = result ? CP_NIL : CP_THROWN;
    while (result && (row = next_row(cp, db, result, tables)) != CP_DONE && row != CP_THROWN) cp_list_add(&rows, row);
    if (row == CP_THROWN && result && !result->ended) { /* a row was too large */
        cp_value error = cp_take_error(cp);
        if (db->driver->finish(cp, db->connection, result) == CP_THROWN) cp_take_error(cp);
        cp_throw_value(cp, error);
    }
    leave(cp, db);
    return row == CP_THROWN ? CP_THROWN : rows.list;
}

static cp_value query(cp_context *cp, cp_value self, const cp_value *arguments, int count, bool tables) {
    struct db *db = db_of(self);
    cp_class *rows_class = cp_find_class(cp, "DbRows");
    if (enter(cp, db) == CP_THROWN) return CP_THROWN;
    struct db_result *result = start(cp, db, arguments[0], arguments + 1, count - 1);
    leave(cp, db);
    if (!result || !rows_class) return CP_THROWN;
    cp_value made = cp_new(cp, rows_class);
    struct db_rows *rows = rows_of(made);
    rows->db = db;
    rows->connection = db->connection;
    rows->result = result;
    rows->tables = tables;
    return made;
}

static cp_value run(cp_context *cp, struct db *db, const char *sql) {
    return all_rows(cp, db, cp_string_z(cp, sql), NULL, 0, false) == CP_THROWN ? CP_THROWN : library_ok(cp);
}

/* ---- Db: properties ---- */

static cp_value get_source(cp_context *cp, cp_value self) { return (void)cp, db_of(self)->source; }
static cp_value set_source(cp_context *cp, cp_value self, cp_value value) {
    return (void)cp, db_of(self)->source = value;
}
static cp_value get_user(cp_context *cp, cp_value self) { return (void)cp, db_of(self)->user; }
static cp_value set_user(cp_context *cp, cp_value self, cp_value value) { return (void)cp, db_of(self)->user = value; }
static cp_value get_password(cp_context *cp, cp_value self) { return (void)cp, db_of(self)->password; }
static cp_value set_password(cp_context *cp, cp_value self, cp_value value) {
    return (void)cp, db_of(self)->password = value;
}
static cp_value get_changes(cp_context *cp, cp_value self) { return cp_integer(cp, db_of(self)->changes); }
static cp_value get_connected(cp_context *cp, cp_value self) {
    return library_truth(cp, db_of(self)->connection != NULL);
}
static cp_value get_error_class(cp_context *cp, cp_value self) {
    return (void)cp, (void)self, cp_fixnum(CP_ERROR_DATABASE);
}

static const cp_property_def db_properties[] = {
    {"source", "String", CP_READ_WRITE, NULL, get_source, set_source,
     "What to connect to: sqlite:FILE (made when it is not there), sqlite::memory:, or postgresql://HOST:PORT/DATABASE "
     "with all that libpq takes. Counts at the next `connect`."},
    {"user", "String", CP_READ_WRITE, NULL, get_user, set_user, "The user's name, if the source does not say it."},
    {"password", "String", CP_READ_WRITE, NULL, get_password, set_password, "The user's password."},
    {"changes", "Integer", CP_READ_ONLY, NULL, get_changes, NULL,
     "How many rows the last statement that was run to its end has inserted, updated or deleted."},
    {"isConnected", "Symbol", CP_READ_ONLY, NULL, get_connected, NULL, "true while connected, else ()."},
    {"errorClass", "Integer", CP_READ_ONLY, NULL, get_error_class, NULL,
     "The class of Errors of databases, 7: 1 cannot open, 2 statement failed, 3 a constraint would be broken, 4 busy, "
     "locked or in a deadlock: try again. err.sqlState is the database's own code."},
    {0},
};

/* ---- Db: methods ---- */

static cp_value db_construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct db *db = db_of(self);
    db->source = arguments[0];
    db->user = arguments[1];
    db->password = arguments[2];
    return db->source == CP_NIL ? CP_NIL : connect_now(cp, db);
}

static cp_value db_connect(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct db *db = db_of(self);
    if (arguments[0] != CP_NIL) db->source = arguments[0];
    if (arguments[1] != CP_NIL) db->user = arguments[1];
    if (arguments[2] != CP_NIL) db->password = arguments[2];
    return connect_now(cp, db);
}

static cp_value db_disconnect(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct db *db = db_of(self);
    if (enter(cp, db) == CP_THROWN) return CP_THROWN;
    bool was = db->connection != NULL;
    disconnect(cp, db);
    leave(cp, db);
    return was ? library_ok(cp) : CP_NIL;
}

static cp_value db_sql(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return all_rows(cp, db_of(self), arguments[0], arguments + 1, count - 1, false);
}

static cp_value db_sql_aux(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return all_rows(cp, db_of(self), arguments[0], arguments + 1, count - 1, true);
}

static cp_value db_query(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return query(cp, self, arguments, count, false);
}

static cp_value db_query_aux(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return query(cp, self, arguments, count, true);
}

static cp_value db_begin(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct db *db = db_of(self);
    return run(cp, db, db->connection ? db->driver->begin : "");
}

static cp_value db_commit(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return run(cp, db_of(self), "COMMIT");
}

static cp_value db_rollback(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return run(cp, db_of(self), "ROLLBACK");
}

static cp_value db_transaction(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    cp_class *class = cp_find_class(cp, "DbTransaction");
    if (!class || db_begin(cp, self, arguments, count) == CP_THROWN) return CP_THROWN;
    cp_value made = cp_new(cp, class);
    transaction_of(made)->db = db_of(self);
    transaction_of(made)->connection = db_of(self)->connection;
    return made;
}

static cp_value db_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count; /* the source may have a password in it */
    return cp_string_z(cp, db_of(self)->connection ? "<Db connected>" : "<Db>");
}

static const cp_method_def db_methods[] = {
    {"Db", "NIL", "((source String ()) (user String ()) (password String ()))", db_construct,
     "A database; with a source it is connected at once. Errors: as `connect`."},
    {"connect", "Symbol", "((source String ()) (user String ()) (password String ()))", db_connect,
     "Connects, anew if it was connected, and gives ok. What is not given is what the properties say. Errors: 7.1 "
     "cannot "
     "open, 1.8 no source of a known kind, 5.1 the database's module is not installed."},
    {"sql", "List", "((statement String) ...)", db_sql,
     "Runs one SQL statement and gives its rows as Lists, () when there are none. (db.sql \"... ? ...\" v...): each ? "
     "takes a value, which is bound and never becomes part of the SQL: () is NULL; Integer, Real, String, Binary, "
     "true, "
     "DateTime. What comes back: NULL and SQL's false are (), numbers Integer or Real, bytes Binary, all else String. "
     "Other threads run meanwhile. Errors: class 7, 1.8 wrong number or kind of values."},
    {"sqlAux", "List", "((statement String) ...)", db_sql_aux, "As sql, with each row as a HashTable by column name."},
    {"query", "DbRows", "((statement String) ...)", db_query,
     "As sql, but gives the rows one by one, so that large results need little memory: (for row (db.query \"...\") "
     "...)."},
    {"queryAux", "DbRows", "((statement String) ...)", db_query_aux, "As query, with HashTables."},
    {"beginTransaction", "Symbol", "()", db_begin, "Begins a transaction and gives ok. Errors: class 7."},
    {"commit", "Symbol", "()", db_commit, "Makes what the transaction did last, and gives ok. Errors: class 7."},
    {"rollback", "Symbol", "()", db_rollback, "Undoes what the transaction did, and gives ok. Errors: class 7."},
    {"transaction", "DbTransaction", "()", db_transaction,
     "Begins a transaction that is undone unless it is committed: (with (t (db.transaction)) (db.sql ...) (t.commit)). "
     "Errors: class 7."},
    {"disconnect", "Symbol", "()", db_disconnect, "Disconnects: ok, or () when it was not connected."},
    {"close", "Symbol", "()", db_disconnect, "The same, for `with`."},
    {"string", "String", "()", db_string, "<Db connected> or <Db>."},
    {0},
};

const cp_class_def db_class = {
    .name = "Db",
    .doc = "A connection to an SQLite or PostgreSQL database. Threads may share it: each statement waits for the one "
           "before. A transaction is the connection's, so threads that each need their own use a Db each.",
    .size = sizeof(struct db),
    .major = 1,
    .properties = db_properties,
    .methods = db_methods,
};

/* ---- DbRows ---- */

static cp_value rows_next(cp_context *cp, struct db_rows *rows) {
    struct db *db = rows->db;
    if (rows->result->ended) return CP_DONE;
    if (enter(cp, db) == CP_THROWN) return CP_THROWN;
    cp_value row;
    if (rows->result->ended) row = CP_DONE; /* by another thread meanwhile */
    else if (db->connection == rows->connection) row = next_row(cp, db, rows->result, rows->tables);
    else row = db_throw(cp, DB_STATEMENT, NULL, "the Db was disconnected before all rows were read");
    leave(cp, db);
    return row;
}

static cp_value rows_method_next(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    cp_value row = rows_next(cp, rows_of(self));
    return row == CP_DONE ? CP_NIL : row;
}

static cp_value rows_method_each(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    for (;;) {
        cp_value row = rows_next(cp, rows_of(self));
        if (row == CP_DONE) return CP_NIL;
        if (row == CP_THROWN || cp_call(cp, arguments[0], &row, 1) == CP_THROWN) return CP_THROWN;
    }
}

static cp_value rows_method_close(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct db_rows *rows = rows_of(self);
    struct db *db = rows->db;
    if (rows->result->ended) return CP_NIL;
    if (enter(cp, db) == CP_THROWN) return CP_THROWN;
    cp_value done = CP_NIL;
    if (db->connection == rows->connection && !rows->result->ended)
        done = db->driver->finish(cp, db->connection, rows->result);
    rows->result->ended = true;
    leave(cp, db);
    return done;
}

static cp_value rows_get_columns(cp_context *cp, cp_value self) {
    size_t count = 0;
    if (rows_of(self)->result->columns == 0) return CP_NIL;
    const cp_value *names = cp_array_items(rows_of(self)->result->names, &count);
    return (void)cp, cp_list_n(names, count);
}

static const cp_property_def rows_properties[] = {
    {"columns", "List", CP_READ_ONLY, NULL, rows_get_columns, NULL, "The names of the columns."},
    {0},
};

static const cp_method_def rows_methods[] = {
    {"next", "Object", "()", rows_method_next,
     "The next row, a List or HashTable; () at the end. Other threads run meanwhile. Errors: class 7."},
    {"each", "NIL", "(function)", rows_method_each, "Calls a function with each row that is left. Errors: class 7."},
    {"close", "NIL", "()", rows_method_close,
     "Lets go of the rows that are left; at the end that has happened by itself. On PostgreSQL the next statement "
     "needs "
     "it."},
    {0},
};

const cp_class_def db_rows_class = {
    .name = "DbRows",
    .doc = "The rows of a query, one by one. Made by Db.query.",
    .size = sizeof(struct db_rows),
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .properties = rows_properties,
    .methods = rows_methods,
};

/* ---- DbTransaction ---- */

static cp_value end_transaction(cp_context *cp, cp_value self, const char *sql) {
    struct db_transaction *transaction = transaction_of(self);
    if (transaction->over || transaction->db->connection != transaction->connection)
        return db_throw(cp, DB_STATEMENT, NULL, "the transaction has ended before");
    if (run(cp, transaction->db, sql) == CP_THROWN) return CP_THROWN;
    transaction->over = true;
    return library_ok(cp);
}

static cp_value transaction_commit(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return end_transaction(cp, self, "COMMIT");
}

static cp_value transaction_rollback(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return end_transaction(cp, self, "ROLLBACK");
}

static cp_value transaction_close(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct db_transaction *transaction = transaction_of(self);
    if (transaction->over || transaction->db->connection != transaction->connection) return CP_NIL;
    return end_transaction(cp, self, "ROLLBACK") == CP_THROWN ? CP_THROWN : CP_NIL;
}

static const cp_method_def transaction_methods[] = {
    {"commit", "Symbol", "()", transaction_commit, "Makes what it did last, and gives ok. Errors: class 7."},
    {"rollback", "Symbol", "()", transaction_rollback, "Undoes what it did, and gives ok. Errors: class 7."},
    {"close", "NIL", "()", transaction_close, "Undoes what it did, unless it was committed or undone before."},
    {0},
};

const cp_class_def db_transaction_class = {
    .name = "DbTransaction",
    .doc = "A transaction for `with`: whatever way out is taken, it is undone unless `commit` was called. Made by "
           "Db.transaction.",
    .size = sizeof(struct db_transaction),
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .methods = transaction_methods,
};
