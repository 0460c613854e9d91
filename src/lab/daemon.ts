// The lab's own process: SSH servers, service managers and DA of all hosts. Outlives the evha that started it.
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type Answer, fails, ok } from './answer.ts'
import { type LabRequest, listenOn } from './control.ts'
import { startDa } from './da/da.ts'
import { startClients } from './execution-clients.ts'
import { foundChain, layHosts } from './found-chain.ts'
import { Host } from './host.ts'
import { journalctl } from './journalctl.ts'
import { hostEnvironment, type LabInfo, labFiles } from './layout.ts'
import { daNamespace, type LabPlan, labRunbook } from './plan.ts'
import { answerShims } from './shim-calls.ts'
import { writeShims } from './shims.ts'
import { type LabSshServer, startSshServer } from './ssh-server.ts'
import { systemctl } from './systemctl.ts'
import { systemdRun } from './systemd-run.ts'

const [planFile = ''] = process.argv.slice(2)
const plan = JSON.parse(readFileSync(planFile, 'utf8')) as LabPlan
const files = labFiles(plan.stateDir)
const log = (text: string) => appendFileSync(files.log, `${new Date().toISOString()} ${text}\n`)

let up = false
process.on('uncaughtException', (error) => {
  log(`unexpected: ${error.message}`)
  // A lab that can not come up must say so at once; one that is up goes on for the other hosts' sake.
  if (!up) process.exit(1)
})

const extraEnv = { EVHA_STANDIN_SPEED: plan.fast ? '10' : '1' }
const hosts = new Map(
  plan.hosts.map((one) => [one.name, new Host(one.name, one.dir, files.socket, extraEnv)]),
)
const servers = new Map<string, LabSshServer>()

for (const host of plan.hosts) writeShims(host, files.socket, plan)
layHosts(plan)
const evm = plan.evm ? await startClients(plan, hosts) : undefined
await foundChain(plan, evm)
const control = await listenOn(files.socket, answer)
const shims = answerShims(files.socket, answerSafely)
const da = await startDa({
  host: '127.0.0.1',
  port: plan.daPort,
  blockTimeMs: plan.fast ? 200 : 1_000,
  logFile: files.daLog,
})
for (const { name, dir, ssh } of plan.hosts) {
  const server = await startSshServer({
    host: ssh.host,
    port: ssh.port,
    hostKey: plan.hostKeys[name] ?? '',
    operatorKey: plan.operatorKey,
    env: hostEnvironment(name, dir, files.socket),
    cwd: dir,
    rttMs: plan.rttMs,
  })
  servers.set(name, server)
}
const [source] = plan.hosts
const sequencer = hosts.get(source?.name ?? '')
if (sequencer !== undefined) {
  await systemctl(sequencer, ['enable', 'ev-node.service'])
  await systemctl(sequencer, ['start', 'ev-node.service'])
}
writeFileSync(files.runbook, labRunbook(plan))
writeFileSync(files.info, `${JSON.stringify(infoOf(), null, 2)}\n`)
up = true
log(`up: ${plan.hosts.length} hosts, chain ${plan.chain}`)

function infoOf(): LabInfo {
  return {
    runbook: files.runbook,
    chain: plan.chain,
    root: files.root,
    hosts: plan.hosts,
    stateDir: plan.stateDir,
    fast: plan.fast,
    rttMs: plan.rttMs,
    pid: process.pid,
    da: { address: `http://127.0.0.1:${plan.daPort}`, namespace: daNamespace },
    ...(evm === undefined ? {} : { evm }),
    standIn: plan.nodeBinary === undefined,
  }
}

async function answerSafely(request: LabRequest): Promise<Answer> {
  try {
    return await answer(request)
  } catch (error) {
    return fails(1, `the lab failed: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}

async function answer(request: LabRequest): Promise<Answer> {
  if (request.host === '') return answerLab(request.name)
  const host = hosts.get(request.host)
  if (host === undefined) return fails(1, `there is no host ${request.host}\n`)
  switch (request.name) {
    case 'systemctl':
      return systemctl(host, request.argv)
    case 'systemd-run':
      return systemdRun(host, request.argv)
    case 'journalctl':
      return journalctl(host, request.argv)
    case 'systemd-id128':
      return ok(`${host.bootId}\n`)
    case 'reboot':
      servers.get(request.host)?.dropLinks()
      await host.reboot()
      return ok()
    default:
      return answerLink(request)
  }
}

function answerLink({ host, name, argv }: LabRequest): Answer {
  const server = servers.get(host)
  if (server === undefined) return fails(1, `there is no SSH server for ${host}\n`)
  if (name === 'rtt') server.rttMs = Number(argv[0] ?? 0)
  else if (name === 'accept-links') server.accepting = true
  else if (name === 'drop-links') server.dropLinks()
  else if (name === 'refuse-links') {
    server.accepting = false
    server.dropLinks()
  } else return fails(1, `the lab does not know "${name}"\n`)
  return ok()
}

async function answerLab(name: string): Promise<Answer> {
  if (name === 'status') return ok(JSON.stringify(infoOf()))
  if (name !== 'down') return fails(1, `the lab does not know "${name}"\n`)
  await Promise.all([...hosts.values()].map((host) => host.powerOff()))
  await Promise.all([...servers.values()].map((server) => server.close()))
  await da.close()
  control.close()
  shims.close()
  rmSync(files.socket, { force: true })
  setTimeout(() => process.exit(0), 50)
  return ok()
}
