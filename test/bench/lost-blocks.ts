import { did, ethUrlOf, type Hosts } from '../hosts/hosts.ts'

/** evha's full node on a peer may run while this stands, and is killed in the window. */
const permit = '/run/evha/permits/warm-up'
const fullNode = 'evha-warm-up-ev-node.service'
const program = '/opt/evha/take-blocks.mjs'

/** Runs on a peer until the full node has ended in the window, and sets the client's head back at once. */
const taking = `import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
const [ethUrl, lost] = process.argv.slice(2)
const ask = async (method, params) => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const answer = await fetch(ethUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const { result, error } = await answer.json()
  if (error !== undefined) throw new Error(error.message)
  return result
}
const pause = (ms) => new Promise((wake) => setTimeout(wake, ms))
const shown = promisify(execFile)
const mainPid = async () =>
  (await shown('systemctl', ['show', '--property=MainPID', '--value', '${fullNode}'])).stdout.trim()
while (!existsSync('${permit}')) await pause(200)
let pid = '0'
let ends = false
const follow = async () => {
  // The connection stays open, and the program warm: in the window every millisecond counts.
  for (; !ends; await pause(700)) {
    pid = await mainPid()
    await ask('eth_blockNumber', [])
  }
}
const following = follow()
while (existsSync('${permit}')) await pause(3)
ends = true
while (pid !== '0' && existsSync('/proc/' + pid)) await pause(2)
const head = Number(await ask('eth_blockNumber', []))
await ask('debug_setHead', ['0x' + (head - Number(lost)).toString(16)])
await following
console.log('from ' + head + ' to ' + Number(await ask('eth_blockNumber', [])))
`

/**
 * In the coming window the client of this peer loses so many blocks, once its full node has ended, before it is asked where
 * it stands. As a client loses what it had not written when it went down.
 */
export async function takeBlocks(hosts: Hosts, peer: string, lost: number): Promise<void> {
  await did(hosts, peer, `cat > ${program}`, taking)
  const words = `/opt/evha/node ${program} ${ethUrlOf(peer)} ${lost}`
  await did(hosts, peer, `systemd-run -q --unit=take-blocks ${words}`)
}
