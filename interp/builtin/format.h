/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * format.h: text by a printf spec that a script supplies, so that nothing in it can reach beyond the values given.
 */
#ifndef BUILTIN_FORMAT_H
#define BUILTIN_FORMAT_H

#include "interp/data/context.h"

/*
 * The String of a spec such as "%05d items, %.2f": text, %% and one conversion per value, in order.
 *     d i u x X o          an Integer of any size (negative ones with a minus sign in every base)
 *     e E f F g G a A      a Real or an Integer
 *     s                    any value, as `print` shows it; width and precision count characters
 * Flags - + space 0 #, width and precision as in C, up to 4096. Sizes (l, ll, h) are passed over.
 * CP_THROWN: 1.8 for a spec that is not so or whose conversions are not as many as the values, 1.11 for a value that
 * does not fit its conversion, 1.5 without the memory.
 */
cp_value format_text(cp_context *cp, const char *spec, size_t size, const cp_value *values, size_t count);

#endif
