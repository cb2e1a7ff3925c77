/* SPDX-License-Identifier: GPL-3.0-or-later */
/* text.h: the functions on text, for whoever defines them in a context. */
#ifndef DATA_TEXT_H
#define DATA_TEXT_H

#include "interp/carapace.h"

/* split trim upper lower replace startsWith endsWith indexOf format parseInteger parseReal normalise foldCase graphemes
   width; ends with a NULL name. */
extern const cp_function_def text_functions[];

#endif
