#!/bin/sh
# The public guide's migration, as a careful reader would script it: stop once, copy the data directory to every new
# node with rsync -avz, start all five. The guide stops the sequencer twice and copies only at the first stop; followed
# to the letter that forks the chain, so this leaves the first stop out. Everything before the stop is prepared already:
# units, configs with the guide's example timeouts, genesis, signer, passphrase.
#
# Runs on the workstation. NODES is the list of hosts, the sequencer first; ADDRESS_OF turns a name into an address;
# REMOTE is an ssh command that logs in as root. node-1 may log in to the others by itself.
set -eu
first=${NODES%% *}
others=${NODES#* }
on() {
  name=$1
  shift
  # shellcheck disable=SC2086
  $REMOTE "root@$("$ADDRESS_OF" "$name")" "$@"
}

on "$first" systemctl stop ev-node

for peer in $others; do
  on "$first" rsync -avz /var/lib/ev-node/data/ "root@$("$ADDRESS_OF" "$peer"):/var/lib/ev-node/data/" > /dev/null
done

# The old unit and config make way for the member's.
on "$first" cp /etc/ev-node/member.yaml /var/lib/ev-node/config/evnode.yaml
on "$first" cp /etc/ev-node/member.service /etc/systemd/system/ev-node.service
on "$first" systemctl daemon-reload

# As close together as five terminals.
for name in $NODES; do on "$name" systemctl start ev-node & done
wait
