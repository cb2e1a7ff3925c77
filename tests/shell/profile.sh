#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# --profile and --count: what they find of a script whose hot function is known, their files, their errors.
set -u
number=0
ok() { # NAME: whether the command before succeeded
    result=$?
    number=$((number + 1))
    if [ "$result" = 0 ]; then echo "ok $number - $1"; else
        echo "not ok $number - $1"; sed 's/^/# /' out err; fi
}
# share COLUMN TEXT: the percentage, without decimals, of the row of the report in err that ends with TEXT; 0 without one
share() {
    found=$(awk -v column="$1" -v text="$2" 'index($0, text) && $column ~ /%$/ { print int($column); exit }' err)
    echo "${found:-0}"
}

cat >script.cpl <<'END'
(defun Integer hot ((n Integer))
    (local (sum Integer 0) (i Integer 0))
    (while (< i n)
        (set sum (+ sum (* i 3)))
        (set i (+ i 1)))
    sum)
(defun Integer cold ((n Integer)) (+ n 1))
(defun run ((turns Integer))
    (dotimes (i turns) (hot 20000) (cold i))
    (print "done"))
(run ((headOf ::Arguments).integer))
END

"$CARAPACE" --profile script.cpl 4000 >out 2>err && [ "$(cat out)" = done ]; ok "the script runs as ever"
grep -q '^profile: .* s of processor time in [1-9][0-9]* samples' err; ok "there are samples"
[ "$(share 2 "hot (script.cpl:1)")" -ge 90 ]; ok "the hot function has the time to itself"
[ "$(share 1 "run (script.cpl:8)")" -ge 90 ] && [ "$(share 2 "run (script.cpl:8)")" -le 5 ]; ok "its caller has it in all"
[ "$(share 2 "cold (script.cpl:7)")" -le 5 ]; ok "the cold function has nearly none"
lines=0
for line in 3 4 5; do lines=$((lines + $(share 1 "script.cpl:$line "))); done
[ "$lines" -ge 85 ]; ok "the lines of its loop have the time"

# natives, by name, with the scripted function that one calls above it
cat >natives.cpl <<'END'
(defun smaller (a b) (< a b))
(defun run ()
    (local (items Array (create Array 20000)))
    (dotimes (turn 40)
        (dotimes (i 20000) (items.set i (% (* (+ i turn) 7919) 10007)))
        (items.sort smaller)))
(run)
END
"$CARAPACE" --profile natives.cpl >out 2>err && grep -q "  Array::sort$" err; ok "a native function is named"
[ "$(share 1 "Array::sort")" -ge "$(share 1 "smaller (natives.cpl:1)")" ] && [ "$(share 1 "Array::sort")" -ge 30 ]
ok "what it calls is within it"

# threads: each has its own calls
cat >threads.cpl <<'END'
(defun Integer spin ((n Integer)) (local (i Integer 0)) (while (< i n) (set i (+ i 1))) i)
(defun one () (+ (spin 100000000) 1)) # no tail call, which would take its place
(defun two () (+ (spin 100000000) 1))
(set a (create Thread "one" one))
(set b (create Thread "two" two))
(a.wait) (b.wait)
END
"$CARAPACE" --profile threads.cpl >out 2>err
[ "$(share 1 "one (threads.cpl:2)")" -ge 20 ] && [ "$(share 1 "two (threads.cpl:3)")" -ge 20 ] &&
    [ "$(share 1 "spin (threads.cpl:1)")" -ge 85 ]; ok "threads that take turns are told apart"

cat >deep.cpl <<'END'
(defun Integer deep ((n Integer)) (if (== n 0) (return 0)) (+ 1 (deep (- n 1))))
(dotimes (i 300) (deep 50000))
(try (throw (create Error 9 1 "x")) (catch 9 ()))
(exit 3)
END
"$CARAPACE" --profile deep.cpl >out 2>err; [ $? = 3 ] && [ "$(share 1 "deep (deep.cpl:1)")" -ge 90 ]
ok "a deep recursion counts once; exit and its status are as ever"
grep -q "(calls left out)" err; ok "of a deep recursion the ends are kept"
"$CARAPACE" --profile -e '(throw (create Error 9 1 "wrong"))' >out 2>err; [ $? = 1 ] && grep -q wrong err && grep -q ^profile: err
ok "after an Error that nobody caught there is a report"

# the flame graph
mkdir '<a & "b">' && cp script.cpl '<a & "b">/'
"$CARAPACE" --profile=graph.svg '<a & "b">/script.cpl' 3000 >out 2>err && grep -q ^profile: err; ok "a graph and a report"
python3 - >out 2>err <<'END'
import sys, xml.etree.ElementTree as tree
svg = "{http://www.w3.org/2000/svg}"
root = tree.parse("graph.svg").getroot()
bars = {}
for group in root.findall(f"{svg}g"):
    bars[group.find(f"{svg}title").text.split(": ")[0]] = {k: int(group.get(f"data-{k}")) for k in "xwr"}
assert root.tag == svg + "svg", root.tag
hot = next(bar for title, bar in bars.items() if title.startswith("hot ("))
run = next(bar for title, bar in bars.items() if title.startswith("run ("))
assert hot["r"] == run["r"] + 1 and hot["x"] >= run["x"] and hot["w"] > 400000, (hot, run)
assert hot["x"] + hot["w"] <= run["x"] + run["w"] <= 1000000, (hot, run)
assert any('<a & "b">/script.cpl' in title for title in bars), bars
assert bars["all"]["w"] == 1000000 and not any("http" in (e.get("href") or "") for e in root.iter())
END
ok "the graph is whole and shows who called whom"
"$CARAPACE" --profile=report.txt script.cpl 100 >out 2>err && [ ! -s err ] && grep -q ^profile: report.txt
ok "a report into a file"

# counts are exact
cat >count.cpl <<'END'
(defun cold (n) n)
(defun Integer hot ((n Integer)) (local (i Integer 0)) (while (< i n) (set i (+ i 1))) i)
(dotimes (i 10) (cold i) (hot 1000))
(dotimes (i 7) ("text".upper))
END
"$CARAPACE" --count count.cpl >out 2>err && "$CARAPACE" --count=again.txt count.cpl >out && cmp -s err again.txt
ok "counts are the same in every run"
[ "$(share 1 "hot (count.cpl:2)")" -ge 90 ] && [ "$(share 1 "cold (count.cpl:1)")" -le 2 ]; ok "by function"
grep -q ' 7  String::upper$' err; ok "calls of natives"
! grep -q '  RETURN$' err && "$CARAPACE" --count --opcodes count.cpl >out 2>err && grep -q '  RETURN$' err &&
    grep -q '^in hot (count.cpl:2)$' err; ok "by instruction when asked"

# errors
"$CARAPACE" --profile=/nonexistent/x script.cpl 1 >out 2>err; [ $? = 73 ] && [ ! -s out ] &&
    [ "$(cat err)" = "carapace: cannot write /nonexistent/x: No such file or directory" ]
ok "a file that cannot be written is told before the script runs"
if [ -e /dev/full ]; then
    "$CARAPACE" --count=/dev/full count.cpl >out 2>err; [ $? = 74 ] && grep -q "cannot write /dev/full: No space" err
    ok "a report that cannot be written is told at the end"
fi
for arguments in "--profile --count count.cpl" "--opcodes count.cpl" "--profile= count.cpl" "--profile --check count.cpl" \
    "--profiler count.cpl" "--count=x --profile=y count.cpl"; do
    "$CARAPACE" $arguments >out 2>err; [ $? = 64 ] && [ ! -s out ] && [ ! -e x ] && [ ! -e y ]
    ok "wrong: $arguments"
done
"$CARAPACE" --help >out && grep -q -e '--profile\[=FILE\]' out && grep -q -e '--count\[=FILE\]' out; ok "the options are in --help"
echo "1..$number"
