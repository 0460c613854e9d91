import { expect, test } from 'vitest'
import { nodeProcessesIn, nodeUnits, pathOn, readHost } from '../../../src/steps/init/look.ts'

// As systemd 252 prints them.
const shown = `MainPID=0
ExecStart={ path=/usr/sbin/sshd ; argv[]=/usr/sbin/sshd -D $SSHD_OPTS ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
User=
Id=ssh.service
LoadState=loaded
ActiveState=active
FragmentPath=/lib/systemd/system/ssh.service
DropInPaths=

MainPID=0
ExecStart={ path=/usr/local/bin/testapp ; argv[]=/usr/local/bin/testapp start --home /srv/old --rollkit.node.aggregator ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
User=
Id=old.service
LoadState=loaded
ActiveState=inactive
FragmentPath=/etc/systemd/system/old.service
DropInPaths=

MainPID=812
ExecStart={ path=/usr/local/bin/testapp ; argv[]=/usr/local/bin/testapp start --home=/var/lib/ev-node ; ignore_errors=no ; start_time=[Wed 2026-11-25 15:00:00 UTC] ; stop_time=[n/a] ; pid=812 ; code=(null) ; status=0/0 }
User=ev-node
Id=ev-node.service
LoadState=loaded
ActiveState=active
FragmentPath=/etc/systemd/system/ev-node.service
DropInPaths=/etc/systemd/system/ev-node.service.d/10-limits.conf
`

test('of all services only those that start a node are taken, the running one first', () => {
  expect(nodeUnits(shown)).toMatchObject([
    {
      name: 'ev-node.service',
      active: 'active',
      mainPid: 812,
      user: 'ev-node',
      dropIns: ['/etc/systemd/system/ev-node.service.d/10-limits.conf'],
    },
    { name: 'old.service', active: 'inactive', user: '' },
  ])
  expect(nodeUnits('')).toEqual([])
})

test('a launcher that waits for the node is not a second one', () => {
  const row = (pid: number, parent: number, ...argv: string[]) =>
    [pid, parent, 'ops', '0::/', '/usr/bin/sudo', '/', ...argv, ''].join('\t')
  const text = [
    row(5, 1, 'sudo', 'testapp', 'start', '--home', '/x'),
    row(6, 5, 'testapp', 'start', '--home', '/x'),
    row(7, 1, 'npm', 'start'),
  ].join('\n')
  expect(nodeProcessesIn(text).map(({ pid }) => pid)).toEqual([6])
})

test('a host says where its units are laid, and what stands before it is its root', () => {
  const real = readHost(
    'hostname a\nboot 1\nunitpath /run/systemd/system /etc/systemd/system /lib/systemd/system\naddresses 10.0.0.1 192.0.2.1\n',
  )
  expect(real).toEqual({ hostname: 'a', bootId: '1', root: '', addresses: ['10.0.0.1', '192.0.2.1'] })
  const lab = readHost('hostname a\nboot 1\nunitpath /tmp/l/node-1/etc/systemd/system\naddresses \n')
  expect(lab.root).toBe('/tmp/l/node-1')
  const other = { ...lab, root: '/tmp/l/node-2' }
  expect(pathOn('/tmp/l/node-1/var/lib/ev-node', lab, other)).toBe('/tmp/l/node-2/var/lib/ev-node')
  expect(pathOn('/tmp/l/node-10/x', lab, other)).toBe('/tmp/l/node-10/x')
  expect(pathOn('/var/lib/ev-node', real, real)).toBe('/var/lib/ev-node')
})
