#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every script of examples/ does what its first lines say (the echo pair: tests/modules/comms/echo_examples.sh).
examples=$CARAPACE_ROOT/examples
number=0 status=0
check() { # NAME CONDITION...: one line of TAP
    number=$((number + 1)); name=$1; shift
    if "$@"; then echo "ok $number - $name"; else echo "not ok $number - $name"; sed 's/^/# /' out; status=1; fi
}
has() { grep -qF -- "$1" out; }

TMPDIR=$PWD "$CARAPACE" "$examples/demo.cpl" > out 2>&1
check "the demo ends well" test $? = 0
check "all 200 messages were accepted" has "200 messages accepted"
check "the hostile row was skipped and told" has 'skipped: Mallory Injector: recipient must not have a newline'
check "the sink kept them" has "The sink kept 200 messages"
folder=$(sed -n 's/^The sink kept 200 messages in \(.*\)\. The first.*/\1/p' out)
check "one file a message" test "$(ls "$folder/new" | wc -l)" = 200
check "nobody was added by the hostile row" sh -c '! grep -rqi "everybody@example.org" "$1"' - "$folder"
cat > judge.py <<'P'
import email, email.policy, pathlib, sys
picture = pathlib.Path(sys.argv[2]).read_bytes()
seen = set()
for path in pathlib.Path(sys.argv[1]).iterdir():
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    attachment, = message.iter_attachments()
    name = message["Subject"].removeprefix("Your balance, ")
    assert attachment.get_content() == picture and attachment.get_filename() == "turtle.png"
    assert message.get_body().get_content().replace("\r\n", "\n").startswith(f"Dear {name},\n"), name
    assert message["To"] == message["Delivered-To"] and message["Message-ID"] and message["Date"]
    seen.add(message["To"])
assert len(seen) == 200
P
check "each has its own text and the picture whole" sh -c 'python3 judge.py "$1" "$2" >> out 2>&1' - "$folder/new" "$examples/turtle.png"

"$CARAPACE" sink --port 0 --maildir mail > sink.out 2>&1 &
sink=$!
for turn in 1 2 3 4 5 6 7 8 9 10; do grep -q listening sink.out && break; sleep 0.2; done
port=$(sed -n 's/.* port \([0-9]*\),.*/\1/p' sink.out)
"$CARAPACE" "$examples/hello.cpl" "$port" "$examples/turtle.png" > out 2>&1
check "hello sends a mail" has "sent:"
kill -INT $sink; wait $sink
check "Ctrl-C ends the sink well" test $? = 0
cp sink.out out
check "the sink told what came" has "<me@example.org> to joerg@example.org: mail/new/"
check "and how many" has "1 messages kept"

printf 'city,amount\nRome,1.5\nOslo,2\nRome,3.25\n' > data.csv
"$CARAPACE" "$examples/csv-summary.cpl" data.csv city amount > out 2>&1
check "csv-summary sums by group" has "Rome               4.75"
"$CARAPACE" "$examples/workers.cpl" 12 > out 2>&1
check "workers do all jobs" has "12 jobs done, the sum of their squares is 650"
"$CARAPACE" "$examples/library.cpl" > out 2>&1
check "library sorts by a callback, reads a struct and formats" sh -c 'printf "%s\n" 1.4142135623730951 "48 = 0.75 * 2^6" "(1 3 5 9)" "1970-1-2 GMT" "12 items, 3.5 kg" "No such file or directory" | cmp -s - out'
mkdir box
fetch='"$CARAPACE" "$0" "$SMTP_HOST" "$SMTP_PORT" bob "echo secret" box --delete; "$CARAPACE" "$0" "$SMTP_HOST" "$SMTP_PORT" bob "echo secret" box'
/usr/bin/python3 "$CARAPACE_ROOT/tests/servers/servers.py" pop3hostile ok -- sh -c "$fetch" "$examples/fetch-mail.cpl" > out 2>&1
check "fetch-mail keeps what is new" has "3 new messages"
check "and no more" has "0 new messages"
check "each in a file of its own" grep -q "^Subject: 2" box/uid2.eml
echo "1..$number"
exit $status
