#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The system's configuration, /etc/carapace/carapace.conf, is read behind the user's. In a mount namespace of its own,
# so that this machine's /etc stays as it is.
[ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null || { echo "skipped: not root, or no mount namespaces" >&2; exit 77; }
mkdir -p etc/carapace user/carapace
printf '[Shop]\nname = of the system\nplace = Rome\n' >etc/carapace/carapace.conf
printf '[Shop]\nname = of the user\n' >user/carapace/carapace.conf
export XDG_CONFIG_HOME="$PWD/user" ETC="$PWD/etc"
output=$(unshare --mount sh -c 'mount --bind "$ETC" /etc && exec "$CARAPACE" -e "(let ((r (create Registry \"Shop\"))) (join (list (r.get \"name\") \", \" (r.get \"place\"))))"' 2>&1)
if [ "$output" = '"of the user, Rome"' ]; then echo "ok 1 - the user's comes first, the system's fills in"
else printf 'not ok 1 - /etc/carapace\n# %s\n' "$output"; fi
rm user/carapace/carapace.conf
output=$(unshare --mount sh -c 'mount --bind "$ETC" /etc && exec "$CARAPACE" -e "((create Registry \"Shop\").get \"name\")"' 2>&1)
if [ "$output" = '"of the system"' ]; then echo "ok 2 - the system's alone"
else printf 'not ok 2 - the system alone\n# %s\n' "$output"; fi
echo 1..2
