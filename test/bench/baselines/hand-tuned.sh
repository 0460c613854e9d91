#!/bin/sh
# What somebody who knows the node well would write for the shortest window: connections opened before; Raft directories
# bootstrapped before, each node in a network of its own; tar that skips holes, to all peers at once; q-1 peers up and
# waiting; then the third; the rest once the cluster makes blocks. It proves nothing and fences nothing: an error in the
# window is the operator's to undo.
#
#   hand-tuned.sh prepare     before the window, while the chain runs
#   hand-tuned.sh cutover
#   hand-tuned.sh close       ends the connections that were kept open
#
# NODES, ADDRESS_OF and REMOTE as in guide.sh.
set -eu
first=${NODES%% *}
others=${NODES#* }
control=${TMPDIR:-/tmp}/hand-tuned-%C
on() {
  name=$1
  shift
  # shellcheck disable=SC2086
  $REMOTE -o ControlMaster=auto -o "ControlPath=$control" -o ControlPersist=120 "root@$("$ADDRESS_OF" "$name")" "$@"
}

# From the sequencer straight to a peer, over a connection that is open already.
from_first='ssh -o BatchMode=yes -o ControlMaster=auto -o ControlPath=/run/hand-tuned-%C -o ControlPersist=300'

# Starts the node as a member on an empty scratch home, alone in a network that has nothing but its own address, until
# it has written the membership into the Raft directory that will be used.
bootstrap() {
  on "$1" "sh -s $("$ADDRESS_OF" "$1")" <<'HOST'
set -eu
scratch=$(mktemp -d)
# A name that no earlier run has written a log under.
unit=bootstrap-raft-$(date +%s%N)
cp -r /var/lib/ev-node/config "$scratch/config"
cp /etc/ev-node/member.yaml "$scratch/config/evnode.yaml"
sed -i "s#/var/lib/ev-node/config#$scratch/config#" "$scratch/config/evnode.yaml"
chown -R ev-node:ev-node "$scratch"
systemd-run -q --unit="$unit" --uid=ev-node -p PrivateNetwork=yes -p RuntimeMaxSec=20 \
  -p "ExecStartPre=+/bin/sh -c 'ip link set lo up; ip addr add $1/32 dev lo'" \
  /usr/local/bin/testapp start --home "$scratch" --evnode.node.aggregator=true \
  --evnode.signer.passphrase_file /etc/ev-node/passphrase --evnode.log.format json
for _ in $(seq 150); do
  if journalctl -q -u "$unit" | grep -q 'bootstrapped raft cluster'; then break; fi
  sleep 0.1
done
systemctl stop "$unit" || true
rm -rf "$scratch"
HOST
}

# The node's log from its start on: nobody waits longer than it has to.
await() { on "$1" "timeout 60 sh -c 'journalctl -q -f -n 200 -u ev-node --since -30s | grep -q -m 1 -E \"$2\"'"; }

case ${1:-} in
  prepare)
    for name in $NODES; do on "$name" true; done
    for peer in $others; do on "$first" "$from_first root@$("$ADDRESS_OF" "$peer") true"; done
    for name in $NODES; do bootstrap "$name" & done
    wait
    ;;
  cutover)
    copies=
    for peer in $others; do
      copies="$copies tar --sparse -cf - data | $from_first root@$("$ADDRESS_OF" "$peer") 'tar -C /var/lib/ev-node --sparse -xpf -' &"
    done
    on "$first" "systemctl stop ev-node && cd /var/lib/ev-node && { $copies wait; }"

    # shellcheck disable=SC2086
    set -- $others
    for name in "$1" "$2"; do on "$name" systemctl start ev-node & done
    wait
    for name in "$1" "$2"; do await "$name" 'raft node started with existing local state' & done
    wait
    on "$3" systemctl start ev-node

    await "$3" 'produced block|syncing block'
    on "$first" 'cp /etc/ev-node/member.yaml /var/lib/ev-node/config/evnode.yaml &&
      cp /etc/ev-node/member.service /etc/systemd/system/ev-node.service && systemctl daemon-reload'
    for name in "$first" "$4"; do on "$name" systemctl start ev-node & done
    wait
    ;;
  close)
    for peer in $others; do on "$first" "$from_first -O exit root@$("$ADDRESS_OF" "$peer")" || true; done
    # shellcheck disable=SC2086
    for name in $NODES; do $REMOTE -o "ControlPath=$control" -O exit "root@$("$ADDRESS_OF" "$name")" || true; done
    ;;
  *) echo 'hand-tuned.sh prepare | cutover | close' >&2; exit 2 ;;
esac
