#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What is installed is enough to work with: to run scripts, to load them from the scripts folder, to read, to build and
# load a native module; and all of it goes again.
# needs: plain native
# timeout: 60
set -u
number=0
report() { # STATUS NAME
    number=$((number + 1))
    if [ "$1" = 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}
prefix=$PWD/place
run_make() { make -s -C "$CARAPACE_ROOT" PREFIX="$prefix" "$@" >make.log 2>&1 || { sed 's/^/# /' make.log; false; }; }

run_make install
report $? "make install"
carapace=$prefix/bin/carapace
[ "$("$carapace" -e '::InstallDir')" = "\"$prefix/lib/carapace\"" ]
report $? "InstallDir is where it was installed"
[ -d "$prefix/lib/carapace/scripts" ] && echo '(defun shared () "from the scripts folder")' >"$prefix/lib/carapace/scripts/shared.cpl" &&
    [ "$("$carapace" -e '(load "shared") (shared)')" = '"from the scripts folder"' ]
report $? "load finds the scripts folder"
[ -s "$prefix/share/doc/carapace/docs/classes.md" ]
report $? "the documents are there"

cp -r "$CARAPACE_ROOT/docs/examples/native-module" module && rm -f module/greeter.so
make -s -C module INCLUDE="$prefix/include" >make.log 2>&1 && "$carapace" module/greet.cpl | grep -q '^4 greetings$'
report $? "a native module is built and loaded"
mkdir -p "$prefix/lib/carapace/modules" && mv module/greeter.so "$prefix/lib/carapace/modules" &&
    [ "$("$carapace" -e '(loadLibrary "greeter.so") ((create Greeter).greet "x")')" = '"Hello, x!"' ]
report $? "and found in the folder of the modules"

run_make uninstall
report $? "make uninstall"
left=$(find "$prefix" ! -type d)
[ -z "$left" ]
report $? "nothing is left $left"
echo "1..$number"
