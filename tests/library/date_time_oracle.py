#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""DateTime against Python's zoneinfo: random moments in many zones, from moment to clock and from clock to moment."""
import datetime
import os
import random
import subprocess
import sys
import zoneinfo

ZONES = ["Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca",
         "Pacific/Apia", "America/St_Johns", "Europe/Dublin", "Asia/Tehran", "Pacific/Chatham", "Antarctica/Troll", "UTC"]
ROUNDS = 1500
try:
    for zone in ZONES:
        zoneinfo.ZoneInfo(zone)
except zoneinfo.ZoneInfoNotFoundError as error:
    print(f"no time zone database here: {error}")
    sys.exit(77)

seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
random.seed(seed)
script, expected = [], []
for _ in range(ROUNDS):
    zone = random.choice(ZONES)
    seconds = random.randrange(-2**31, 2**32 + 2**31)
    if random.random() < 0.5:  # near a change of the clocks
        year = random.randrange(1970, 2090)
        base = datetime.datetime(year, random.choice([3, 4, 9, 10, 11]), 1, tzinfo=datetime.timezone.utc)
        seconds = int(base.timestamp()) + random.randrange(31 * 48) * 1800
    local = datetime.datetime.fromtimestamp(seconds, zoneinfo.ZoneInfo(zone))
    offset = int(local.utcoffset().total_seconds())
    script.append(f'(set d (create DateTime seconds: {seconds} zone: "{zone}"))'
                  f'(print (join (list (d.format "%F %T %a %j %V %G") " " d.offset " " (d.format "%Z"))))')
    expected.append(local.strftime(f"%Y-%m-%d %H:%M:%S %a %j %V %G {offset} %Z"))
    # and back, from what the clock shows an arbitrary while later, which may be a time that is left out or comes twice
    clock = (local.replace(tzinfo=None) + datetime.timedelta(minutes=random.randrange(0, 4000, 30)))
    back = int(clock.replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp())
    script.append(f'(print ((create DateTime {clock.year} {clock.month} {clock.day} {clock.hour} {clock.minute} '
                  f'{clock.second} zone: "{zone}").time))')
    expected.append(str(back))
run = subprocess.run([os.environ["CARAPACE"], "-"], input="\n".join(script), capture_output=True, text=True)
printed = run.stdout.splitlines()
wrong = [(s, e, p) for s, e, p in zip(script, expected, printed) if e != p]
for source, want, got in wrong[:10]:
    print(f"{source}\n  Python: {want}\n  printed: {got}")
if wrong or len(printed) != len(expected) or run.returncode:
    print(f"SEED={seed}: {len(wrong)} of {len(expected)} differ; status {run.returncode} {run.stderr[:300]}")
    sys.exit(1)
