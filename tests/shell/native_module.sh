#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The example of a native module builds against carapace.h alone and does what it says.
set -u
number=0
report() { # STATUS NAME
    number=$((number + 1))
    if [ "$1" = 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}
cp -r "$CARAPACE_ROOT/docs/examples/native-module" . && cd native-module && rm -f greeter.so
mkdir include && cp "$CARAPACE_ROOT/interp/carapace.h" include
make -s INCLUDE="$PWD/include" >make.log 2>&1 || cat make.log
[ -f greeter.so ]
report $? "it builds with carapace.h alone, without warnings"

cat >expected <<'END'
Good day, Carapace!
Good day, Ada!
Good day, Grace!
Moin, Hamburg!
4 greetings
a greeting must not be empty
Greeter
END
"$CARAPACE" greet.cpl >out 2>err
status=$?
cmp -s out expected && [ ! -s err ] && [ $status = 0 ]
result=$?
[ $result = 0 ] || cat out err
report $result "the script that uses it prints what it should"

cd .. # the module is found beside the script, wherever one stands
"$CARAPACE" native-module/greet.cpl 2>&1 | cmp -s - native-module/expected
report $? "it is found in the folder of the script"

"$CARAPACE" -e '(loadLibrary "native-module/greeter.so") (help Greeter.greet)' | grep -q '^(greet name)  gives String'
report $? "help knows it"

"$CARAPACE" -e '(loadLibrary "native-module/greeter.so") ((create Greeter 5).greet 1)' 2>err
[ $? = 1 ] && grep -q 'error 1.11' err
report $? "its arguments are checked"

sed 's/= CP_MODULE_ABI;/= 999;/' native-module/greeter.c >other.c
$CC -std=gnu11 -Inative-module/include -fPIC -shared -o other.so other.c
"$CARAPACE" -e '(loadLibrary "other.so")' 2>err
[ $? = 1 ] && grep -q 'error 1.1: .*version 999' err
report $? "a module of another version is refused"

echo 'int nothing;' >plain.c && $CC -fPIC -shared -o plain.so plain.c
"$CARAPACE" -e '(loadLibrary "plain.so")' 2>err
[ $? = 1 ] && grep -q 'error 1.1: .*no module' err
report $? "a library that is no module is refused"
echo text >text.so
"$CARAPACE" -e '(loadLibrary "text.so")' 2>err
[ $? = 1 ] && grep -q 'error 5.1' err
report $? "a file that is no library is refused"
echo "1..$number"
