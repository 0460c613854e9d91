import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { hostsDir, run, script } from './hosts.ts'
import { hostsTest } from './hosts-test.ts'

/** What machines of ours leave when they are not taken down whole. */
function traces(): Record<string, string> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
  const processes = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).split('\n')
  return {
    mounts: mounts
      .split('\n')
      .filter((line) => line.includes(hostsDir))
      .join('\n'),
    processes: processes.filter((line) => line.includes(`${hostsDir}/m/`)).join('\n'),
    network: existsSync('/run/netns/evha-hosts') ? 'evha-hosts' : '',
    directory: existsSync(hostsDir) ? hostsDir : '',
    groups: ['', ...readdirSync('/sys/fs/cgroup')]
      .map((hierarchy) => join('/sys/fs/cgroup', hierarchy, 'evha-hosts'))
      .filter((group) => existsSync(group))
      .join(' '),
    nspawn: existsSync('/run/systemd/nspawn/locks') ? readdirSync('/run/systemd/nspawn/locks').join(' ') : '',
  }
}

const none = { mounts: '', processes: '', network: '', directory: '', groups: '', nspawn: '' }

hostsTest('script/hosts: an `up` that is killed midway leaves nothing behind `down`', async () => {
  for (const afterMs of [300, 1_500, 4_000]) {
    const up = run(script, ['up', '3'])
    await sleep(afterMs)
    up.kill('SIGKILL')
    await up.ended
    expect((await run(script, ['down']).ended).code).toBe(0)
    expect(traces()).toEqual(none)
  }
})

hostsTest('script/hosts: without root it says so, and does nothing', async () => {
  const refused = await run('setpriv', ['--reuid=65534', '--clear-groups', script, 'up', '3']).ended
  expect(refused.code).toBe(77)
  expect(refused.stderr.trim().split('\n').at(-1)).toBe(
    'no hosts here: root is needed for network namespaces and systemd-nspawn',
  )
  expect(traces()).toEqual(none)
})
