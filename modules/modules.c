/* SPDX-License-Identifier: GPL-3.0-or-later */
/* modules.c: the list of the rooms of native classes that are part of the program. A new room adds one line. */
#include "interp/carapace.h"

#include "modules/library/library.h"
#include "modules/message/message.h"
#include "modules/library/library_data.h"
#include "modules/comms/comms.h"
#include "modules/ffi/ffi_register.h"
#include "modules/layers/layers.h"
#include "modules/pop3/pop3.h"
#include "modules/smtp/smtp.h"
#include "modules/system/system.h"

void (*const carapace_modules[])(cp_context *cp) = {
    system_register, library_register, message_register, library_data_register, comms_register,
    layers_register, smtp_register,    pop3_register,    ffi_register,          NULL,
};
