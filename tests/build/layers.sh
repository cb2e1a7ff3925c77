#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Tests the layer check on small trees: what is allowed passes, each kind of breach is told.
set -u
: "${CARAPACE_ROOT:?is set by tests/run-tests}"
cd "$(mktemp -d)" || exit 1
number=0
mkdir -p interp/base interp/data interp/builtin interp/lang interp/run interp/shell modules/mime modules/comms
touch interp/carapace.h interp/base/mem.h interp/data/list.h interp/shell/repl.h modules/mime/mime.h modules/comms/tcp.h

check() { # NAME FILE INCLUDED EXPECTED-WORDS ("" = allowed)
    number=$((number + 1))
    echo "#include \"$3\"" >"$2"
    output=$("$CARAPACE_ROOT/tests/layers" "$PWD") && status=0 || status=$?
    rm "$2"
    case $status:$4:$output in
    0::) echo "ok $number - $1" ;;
    1:?*:"$2:1: includes \"$3\": "*"$4"*) echo "ok $number - $1" ;;
    *) printf 'not ok %s - %s\n# %s\n' "$number" "$1" "$output" ;;
    esac
}

check "a room below" interp/data/a.c interp/base/mem.h ""
check "the same room" interp/data/a.c list.h ""
check "the public face" interp/base/a.c interp/carapace.h ""
check "the public face from a module" modules/comms/a.c interp/carapace.h ""
check "another module" modules/comms/a.c modules/mime/mime.h ""
check "a relative path upwards" interp/base/a.c ../data/list.h "base is below data"
check "a room above" interp/run/a.c interp/shell/repl.h "run is below shell"
check "a module reaching in" modules/comms/a.c interp/base/mem.h "only through carapace.h"
check "the interpreter knowing a module" interp/shell/a.c modules/comms/tcp.h "knows no module"
check "the list of modules" modules/modules.c modules/comms/tcp.h ""
check "an engine and the interpreter" modules/mime/a.c interp/carapace.h "nothing but engines"
check "an engine and another module" modules/mime/a.c modules/comms/tcp.h "nothing but engines"
check "a file that is nowhere" interp/base/a.c moon.h "no such file"
mv interp/carapace.h saved.h
check "the public face including" interp/carapace.h interp/base/mem.h "stands alone"
mv saved.h interp/carapace.h
mkdir interp/cellar
output=$(echo 'int x;' >interp/cellar/a.c && "$CARAPACE_ROOT/tests/layers" "$PWD")
number=$((number + 1))
case $output in
*"interp/cellar/a.c: interp/ has the rooms base data builtin code lang run shell"*) echo "ok $number - an unknown room" ;;
*) echo "not ok $number - an unknown room" ;;
esac
echo "1..$number"
cd / && rm -rf "$OLDPWD"
