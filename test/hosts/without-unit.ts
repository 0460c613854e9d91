import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { unit } from './found-chain.ts'
import { did, type Hosts, until } from './hosts.ts'
import { home } from './worlds.ts'

/** The guide's own way: a process in a shell. Refused with what to do; a unit is written from it, laid, and check is content. */
export async function adoptByUnit(hosts: Hosts): Promise<void> {
  await did(
    hosts,
    'node-1',
    `set -e
systemctl disable -q --now ev-node
mv ${unit} ${unit}.d /root/
systemctl daemon-reload
cd /
setsid runuser -u ev-node -- /usr/local/bin/testapp start --home ${home} --evnode.node.aggregator=true \\
  --evnode.signer.passphrase_file /etc/ev-node/passphrase > /dev/null 2>&1 < /dev/null &
sleep 3`,
  )
  const refused = await checked(hosts)
  expect(refused.code).toBe(3)
  expect(refused.text).toMatch(
    /systemd has no unit ev-node\.service; process \d+ of ev-node runs the node without one/,
  )
  const file = `${hosts.runbook}.service`
  const written = await hosts.evha('check', hosts.runbook, '--unit-file', file)
  expect(written.code, written.stderr).toBe(0)
  // The stand-in is a script: its interpreter is what runs. An operator would see that, too.
  const laid = readFileSync(file, 'utf8').replace(/\/opt\/evha\/node \S+/, '/usr/local/bin/testapp')
  const pid = /kill -INT (\d+)/.exec(written.stderr)?.[1] ?? ''
  await did(hosts, 'node-1', `cat > ${unit} && systemctl daemon-reload && kill -INT ${pid}`, laid)
  await until('the end of the process', async () =>
    (await hosts.on('node-1', `test -e /proc/${pid}`)).code === 0 ? undefined : true,
  )
  await did(hosts, 'node-1', 'systemctl enable -q --now ev-node')
  await until('the chain under its new unit', async () =>
    (await checked(hosts)).code === 0 ? true : undefined,
  )
}

/** What `evha check` says of the hosts, both outputs together. */
export async function checked(hosts: Hosts): Promise<{ code: number | null; text: string }> {
  const ended = await hosts.evha('check', hosts.runbook)
  return { code: ended.code, text: `${ended.stdout}\n${ended.stderr}` }
}
