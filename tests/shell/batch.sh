#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# carapace without a prompt: scripts, -e, standard input, -load, statuses, what an uncaught Error prints.
set -u
number=0
# check NAME STATUS [ARGUMENT...]: runs carapace; out and err hold what it printed
check() {
    number=$((number + 1)) name=$1 wanted=$2
    shift 2
    "$CARAPACE" "$@" >out 2>err </dev/null
    status=$?
    verdict "$status" "$wanted"
}
verdict() { # IS WANTED
    if [ "$1" = "$2" ]; then echo "ok $number - $name"; else
        echo "not ok $number - $name: $1 instead of $2"; sed 's/^/# /' out err; fi
}
# same FILE TEXT: whether the file is this text
same() { number=$((number + 1)) && verdict "$(cat "$1")" "$2"; }

cat >arguments.cpl <<'END'
#!/usr/bin/env carapace
(for a ::Arguments (print a))
(print (length ::CommandLine))
END
check "a script and its arguments" 0 arguments.cpl one "two three" -e --check
same out "one
two three
-e
--check
6"
chmod +x arguments.cpl
mkdir bin && ln -s "$CARAPACE" bin/carapace
number=$((number + 1)) name="a script by its first line"
verdict "$(PATH="$PWD/bin:$PATH" ./arguments.cpl x | tr '\n' ' ')" "x 3 "

check "-e prints the value as it reads back" 0 -e '(list 1 "two")'
same out '(1 "two")'
check "-e with arguments" 0 -e '::Arguments' a b
same out '("a" "b")'
check "-e prints nothing for ()" 0 -e '()'
same out ""
number=$((number + 1)) name="a script on standard input"
verdict "$(echo '(print (+ 1 2) ::Arguments)' | "$CARAPACE" - a | tr '\n' ' ')" '3 ("a") '
number=$((number + 1)) name="no arguments and no terminal: the same"
verdict "$(echo '(print 5)' | "$CARAPACE")" 5

echo '(defun twice (n) (* 2 n))' >package.cpl
echo '(defun thrice (n) (* 3 n))' >other.cpl
check "-load" 0 -load package -load other.cpl -e '(+ (twice 1) (thrice 1))'
same out 5
check "-load of what is not there" 1 -load nowhere -e 1
check "a script that is not there" 1 nowhere.cpl
same err "error 5.1: cannot open nowhere.cpl: No such file or directory"
check "a folder is no script" 1 bin

check "--version" 0 --version
number=$((number + 1)) && verdict "$(grep -c '^carapace [0-9]' out)" 1
check "--help" 0 --help
number=$((number + 1)) && verdict "$(grep -c -e ' --check FILE ' -e ' sink ' out)" 2
check "an unknown option" 64 --nonsense
check "an option without its argument" 64 -e
check "--json without --check" 64 --json -e 1

# sysexits.h
for pair in 8.1:65 6.2:69 6.10:69 1.10:70 2.1:70 6.1:75 4.2:78 10.450:75 10.550:69 1.5:1 3.2:1 7.1:1; do
    error=${pair%:*}
    check "status of error $error" "${pair#*:}" -e "(throw (create Error ${error%.*} ${error#*.} \"x\"))"
done
check "status of an Error marked temporary" 1 -e '(throw 5)'

# what is printed
printf '%s\n' '(defun inner (n)' '	(list "ä" n (throw (create Error 1 5 "own words"))))' '(defun outer (n) (+ 1 (inner n)))' '(print "before")' '(outer 0)' >place.cpl
check "an uncaught Error" 1 place.cpl
same out before
same err 'place.cpl:2:14: error 1.5: own words
    	(list "ä" n (throw (create Error 1 5 "own words"))))
    	            ^
  in inner at place.cpl:2
  in outer at place.cpl:3
  in top level at place.cpl:5'
echo '(defun f (n) (+ 1 (f n))) (f 1)' >deep.cpl
check "an endless recursion" 1 deep.cpl
number=$((number + 1)) && verdict "$(grep -c -e '^deep.cpl:1:19: error 1.5: ' -e '^  in f at deep.cpl:1, 24 times$' -e '^  \.\.\. [0-9]* more calls \.\.\.$' err)" 3
number=$((number + 1)) && verdict "$([ "$(wc -l <err)" -lt 12 ] && echo short)" short
check "no control characters of an Error's text" 1 -e '(throw (create Error 1 1 "a\e[31mb\x9bc"))'
same err '<-e>:1:1: error 1.1: a?[31mb?c
    (throw (create Error 1 1 "a\e[31mb\x9bc"))
    ^'
echo '(print (' >open.cpl
check "a script that ends too early" 65 open.cpl
number=$((number + 1)) && verdict "$(head -c 24 err)" "open.cpl:1:8: error 8.1:"

# colours: only on a terminal, never with NO_COLOR
cat >colours.py <<'END'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(os.environ["CARAPACE"], ["carapace", "-e", "(headOf ())"])
out = b""
try:
    while data := os.read(fd, 4096):
        out += data
except OSError:
    pass
os.waitpid(pid, 0)
print(out.count(b"\x1b["))
END
number=$((number + 1)) name="colours on a terminal" && verdict "$(python3 colours.py)" 4
number=$((number + 1)) name="none with NO_COLOR" && verdict "$(NO_COLOR=1 python3 colours.py)" 0
number=$((number + 1)) name="none elsewhere" && verdict "$("$CARAPACE" -e '(headOf ())' 2>&1 | grep -c "$(printf '\033')")" 0

# standard output that cannot be written
number=$((number + 1)) name="a full disk is told"
"$CARAPACE" -e '(print "x")' >/dev/full 2>err
verdict $? 74

# --check
cat >wrong.cpl <<'END'
(print "must not run")
(defun f ((n Integer)) (+ n 1))
(f 1 2)
(f "x")
(prnt 3)
(defun g () (set undeclared 1))
(defun h () (f unknownName))
(defmacro double (form) (twoOf form))
(defun twoOf (form) (list 'do form form))
(double (f 1))
(set later 1)
(print later (if))
END
check "--check tells all it finds" 65 --check wrong.cpl
same out ""
number=$((number + 1)) && verdict "$(grep -o '^wrong.cpl[^ ]* error [0-9.]*' err | tr '\n' ' ')" \
    "wrong.cpl:3:1: error 1.8 wrong.cpl:4:4: error 1.11 wrong.cpl:5:1: error 1.4 wrong.cpl:6:18: error 1.4 wrong.cpl:7:16: error 1.4 wrong.cpl:12:14: error 8.4 "
check "--check --json" 65 --check wrong.cpl --json
same err ""
number=$((number + 1)) && verdict "$(python3 -c '
import json
for line in open("out"):
    d = json.loads(line)
    assert d["file"] == "wrong.cpl" and d["severity"] == "error" and d["text"]
    print(d["line"], d["column"], d["class"], d["code"], sep=".", end=" ")')" \
    "3.1.1.8 4.4.1.11 5.1.1.4 6.18.1.4 7.16.1.4 12.14.8.4 "
check "--json may come first" 65 --json --check wrong.cpl
number=$((number + 1)) && verdict "$(wc -l <out)" 6
printf '(load "package")\n(twice 1)\n(unknown 2)\n' >loads.cpl
check "names are not judged in a file that loads others" 0 --check loads.cpl
printf '(print (twice 1))\n' >uses.cpl
check "-load before --check" 0 -load package --check uses.cpl
check "without it the name is unknown" 65 --check uses.cpl
check "--check of what is not there" 65 --check nowhere.cpl
check "--check of nothing" 64 --check
check "--check of two" 64 --check uses.cpl loads.cpl
number=$((number + 1)) name="--check -" && verdict "$(echo '(+ 1' | "$CARAPACE" --check - 2>&1 | head -1 | cut -c1-22)" "<stdin>:1:1: error 8.1"
echo "1..$number"
