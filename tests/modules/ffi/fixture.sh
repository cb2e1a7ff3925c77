#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Compiles a library of functions for each way values pass, and runs the scripts of support/ on it. They print a line
# "ok ..." or "not ok ..." for each thing shown.
here=$CARAPACE_ROOT/tests/modules/ffi/support
$CC -shared -fPIC -O1 -o fixture.so "$here/fixture.c" -pthread || exit 1
for script in "$here"/*.cpl; do
    case $script in */at_end.cpl) continue ;; esac
    "$CARAPACE" "$script" ./fixture.so 2>&1 || echo "not ok $(basename "$script") ended with status $?"
done >results
# A Callback that C calls when the program ends: no script can run any more, C gets 0, and nothing breaks.
if [ "$("$CARAPACE" "$here/at_end.cpl" ./fixture.so 2>&1)" = "script
at the end 0" ]; then echo "ok a Callback at the end of the program gives 0"
else echo "not ok a Callback at the end of the program"; fi >>results
cat results
echo "1..$(grep -cE '^(not )?ok' results)"
! grep -q '^not ok' results
