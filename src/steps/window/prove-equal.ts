import { createHash } from 'node:crypto'
import { EvhaError } from '../../base/errors.ts'
import { ask, must, stuck } from '../ask.ts'
import type { Facts } from '../facts.ts'
import { difference, type Manifest } from '../host/manifest.ts'
import { readUnit, showUnit, startUnit } from '../host/systemd.ts'
import { manifestsOf } from '../prepare/store-pass.ts'
import { done, fact, notYet, type Step, type StepContext } from '../step.ts'
import { whyNotFenced } from './fence.ts'

/** The same content on every node to be started, and the fence tried once under the guard's lock. */
export const proveEqual: Step<'proveEqual'> = {
  name: 'proveEqual',
  plan: ({ source, quorum }) => [
    `compare the content of every store with ${source.spec.name}; at least ${quorum} peers or as many as there are must be equal`,
    `try to start ${source.spec.unit} on ${source.spec.name}: systemd must refuse`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const [refusal, compared] = await Promise.all([tryTheFence(context), compareStores(context)])
    return { refusal, ...compared }
  },
  verify: (context, measured) => {
    const { refusal, equal, different, manifestSha256 } = measured ?? {}
    if (
      refusal === undefined ||
      equal === undefined ||
      different === undefined ||
      manifestSha256 === undefined
    )
      return Promise.resolve(notYet('fence and content were not compared yet'))
    if (equal.length >= peersNeeded(context))
      return Promise.resolve(done({ equal, different, manifestSha256, refusal }))
    const which = Object.entries(different).map(([name, why]) => `${name}: ${why}`)
    return Promise.resolve(
      notYet(
        `only ${equal.length} of ${context.peers.length} peers have the content of ${context.source.spec.name}: ${which.join('; ')}`,
      ),
    )
  },
  undo: () => Promise.resolve(),
}

/** The quorum is started from peers alone, so that many must be equal: q, or all of them in a three-node cluster. */
export const peersNeeded = (context: Pick<StepContext, 'quorum' | 'peers'>) =>
  Math.min(context.quorum, context.peers.length)

/**
 * Starts the fenced unit and wants to be refused; judged by the invocation id, not by what systemctl says. Where the
 * fence is seen not to stand, nothing is started.
 */
async function tryTheFence(context: StepContext): Promise<string> {
  const { source } = context
  const { invocation } = fact(context, 'fence')
  const open = context.onPaper ? null : await whyNotFenced(context, source)
  if (open !== null) throw stuck(open)
  const tried = await ask(context, source, startUnit(source.spec.unit))
  if (context.onPaper) return ''
  const after = readUnit(await must(context, source, showUnit(source.spec.unit)))
  if (tried.exitCode !== 0 && after.invocation === invocation && after.active !== 'active')
    return tried.stderr.trim().split('\n')[0] ?? 'refused'
  throw new EvhaError({
    kind: 'failed',
    message: `${source.spec.name}: the fence does not hold: ${source.spec.unit} could be started without its permit`,
    changedAnything: 'yes',
    retryable: false,
    hint: `look at \`systemctl cat ${source.spec.unit}\` on ${source.spec.name}: the drop-in must assert the permit`,
  })
}

/** Which peers hold the very content of the source, and what differs on the others. */
async function compareStores(context: StepContext): Promise<Omit<Facts['proveEqual'], 'refusal'>> {
  const manifests = await equalise(context)
  const here = manifests[context.source.spec.name] ?? new Map()
  if (here.size === 0 && !context.onPaper)
    throw stuck(
      `${context.source.spec.name}: its store holds no file; nothing can be proved equal to nothing`,
    )
  const different: Record<string, string> = {}
  for (const { spec } of context.peers) {
    const { toCopy, toRemove } = difference(here, manifests[spec.name] ?? new Map())
    const first = toCopy[0] ?? toRemove[0]
    if (first !== undefined)
      different[spec.name] = `${toCopy.length + toRemove.length} files differ, the first is ${first}`
  }
  const equal = context.peers.map((peer) => peer.spec.name).filter((name) => different[name] === undefined)
  return { equal, different, manifestSha256: digestOf(here) }
}

/** Manifests of all nodes; when they differ only in how files are laid out in holes, the holes are dug alike first. */
async function equalise(context: StepContext): Promise<Record<string, Manifest>> {
  const options = { source: 'still', invocation: fact(context, 'fence').invocation } as const
  const asis = await manifestsOf(context, context.nodes, options)
  const here = asis[context.source.spec.name] ?? new Map()
  const onlyHoles = context.peers.some((peer) => {
    const there = asis[peer.spec.name] ?? new Map()
    const { toCopy, toRemove } = difference(here, there)
    return (
      toCopy.length > 0 &&
      toRemove.length === 0 &&
      toCopy.every((path) => here.get(path)?.size === there.get(path)?.size)
    )
  })
  return onlyHoles ? manifestsOf(context, context.nodes, { ...options, dug: true }) : asis
}

function digestOf(manifest: Manifest): string {
  const hash = createHash('sha256')
  for (const [path, entry] of manifest) hash.update(`${entry.size} ${entry.digest} ${path}\n`)
  return hash.digest('hex')
}
