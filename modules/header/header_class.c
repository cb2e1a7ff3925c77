/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header_class: the table of the classes of characters. */
#include "modules/header/header_class.h"

#define A HEADER_ATEXT
#define D HEADER_DOMAIN
#define T (HEADER_TOKEN | HEADER_ATTRIBUTE)
#define W HEADER_TOKEN

const unsigned char header_classes[256] = {
    ['0' ... '9'] = A | D | T,
    ['A' ... 'Z'] = A | D | T,
    ['a' ... 'z'] = A | D | T,
    ['-'] = A | D | T,
    ['_'] = A | D | T,
    ['!'] = A | T,
    ['#'] = A | T,
    ['$'] = A | T,
    ['&'] = A | T,
    ['+'] = A | T,
    ['^'] = A | T,
    ['`'] = A | T,
    ['{'] = A | T,
    ['|'] = A | T,
    ['}'] = A | T,
    ['~'] = A | T,
    ['%'] = A | W,
    ['\''] = A | W,
    ['*'] = A | W,
    ['/'] = A,
    ['='] = A,
    ['?'] = A,
    ['.'] = T,
};
