/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * collections.h: the class tables and functions of the collections, for whoever defines them in a context.
 */
#ifndef DATA_COLLECTIONS_H
#define DATA_COLLECTIONS_H

#include "interp/carapace.h"

extern const cp_class_def list_class, array_class, hash_table_class, reference_class, enumerator_class, range_class;

/* length reverse isEmpty cons headOf tailOf list join scramble unscramble range; ends with a NULL name. */
extern const cp_function_def collection_functions[];

#endif
