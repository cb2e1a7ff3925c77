#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# make install puts everything below PREFIX, where the executable runs and finds it, and make uninstall takes all of it
# away again.
# needs: plain
# timeout: 60
set -u
number=0
report() { # STATUS NAME
    number=$((number + 1))
    if [ "$1" = 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}
run_make() { make -s -C "$CARAPACE_ROOT" PREFIX=/opt/carapace DESTDIR="$PWD/stage" "$@" >make.log 2>&1 || { cat make.log; false; }; }

run_make install
report $? "make install"
[ -x stage/opt/carapace/bin/carapace ] && cmp -s stage/opt/carapace/include/carapace.h "$CARAPACE_ROOT/interp/carapace.h"
report $? "executable and header are there"
(cd "$CARAPACE_ROOT" && find stdlib -name '*.cpl') >scripts
while read -r file; do
    cmp -s "$CARAPACE_ROOT/$file" "stage/opt/carapace/lib/carapace/$file" || echo "# $file differs"
done <scripts | grep . && status=1 || status=0
report $status "the standard library is there to read"
echo '(print (+ 1 2))' >sum.cpl
[ "$(stage/opt/carapace/bin/carapace sum.cpl)" = 3 ]
report $? "the installed executable runs"
run_make uninstall
report $? "make uninstall"
[ -z "$(find stage -type f)" ]
report $? "nothing is left"
echo "1..$number"
