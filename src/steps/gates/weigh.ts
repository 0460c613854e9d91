import { EvhaError } from '../../base/errors.ts'
import { onEach, stuck } from '../ask.ts'
import { standsInWords, wrongIn } from '../chain/client-stand.ts'
import { headOf } from '../chain/head.ts'
import { measureAll, roundMaxMs } from '../commit/round.ts'
import type { ClientStands, LastPass, Weighed } from '../facts.ts'
import { lookAtGround } from '../host/look.ts'
import { hotPass } from '../prepare/seed-data.ts'
import { done, fact, looksOnly, type Step, type StepContext } from '../step.ts'
import { distances, distancesInWords, replayLeft } from '../warm-up/distances.ts'
import { hasClients, keepWarm } from '../warm-up/warm-up.ts'
import { notedBefore } from '../window/stop-source.ts'
import { boundDigest, planFields } from './digest.ts'
import { poolRows } from './pool.ts'
import { predictWindow, replayInWords, seconds, sumP50, sumP95, windowParts } from './prediction.ts'
import { refuseUnstartable } from './startable.ts'

/** A copy older than this is brought up to date before it is shown: the gate may be held for days, and the chain runs on. */
const copyFreshMs = 60_000

export const weighCutover: Step<'weighCutover'> = {
  name: 'weighCutover',
  plan: () => [
    'see that every peer has room and its ports free',
    'read the head, predict the window part by part, compare it with the budget',
  ],
  ...looksOnly,
  apply: async (context) => {
    const last = lastPassOf(context, undefined)
    const warmedUp = hasClients(context) ? { warmedUp: await keepWarm(context) } : {}
    // In a dry run there was no pass, so none is old.
    if (context.onPaper || context.now() - Date.parse(last.at) <= copyFreshMs)
      return { pass: last, ...warmedUp }
    context.tell('copying once more what changed while the gate was held; the chain runs')
    return { pass: await hotPass(context), ...warmedUp }
  },
  verify: async (context, measured) => {
    const { source, runbook, peers } = context
    const head = await headOf(context, source)
    if (head === null)
      throw stuck(`${source.spec.name}: its RPC tells no head`, 'see that the chain runs, then `evha resume`')
    const roundMs = await roundOf(context)
    const pass = lastPassOf(context, measured?.pass)
    const clients = hasClients(context) ? await distances(context) : null
    const replay = clients === null ? null : replayLeft(context, clients)
    const parts = predictWindow(context, { roundMs, pass, ...(replay === null ? {} : { replay }) })
    const p95 = sumP95(parts)
    const budgetMs = runbook.window.budgetSeconds * 1_000
    if (p95 > budgetMs) throw overBudget(p95, budgetMs)
    const { warmedUp } = measured ?? {}
    return done({
      pass,
      ...(warmedUp === undefined ? {} : { warmedUp }),
      digest: boundDigest({ ...planFields(context), predictionBoundMs: budgetMs }),
      predictedMs: sumP50(parts),
      predictedP95Ms: p95,
      parts,
      evidence: [
        ['head', `${head.height}  ${shortHash(head.hash)}  by ${source.spec.name}`],
        [
          'seeded',
          `${peers.length}/${peers.length}, ${ago(context.now() - Date.parse(pass.at))}; the last pass moved ${pass.lastPassBytes} bytes`,
        ],
        ...(clients === null ? [] : [['clients', distancesInWords(clients)] as const]),
        ['window', `predicted ${seconds(sumP50(parts))} (p95 ${seconds(p95)}), budget ${seconds(budgetMs)}`],
        ...parts.map(
          ({ name, p50Ms, p95Ms, source: from }) =>
            ['', `${windowParts[name]} ${seconds(p50Ms)}, p95 ${seconds(p95Ms)} (${from})`] as const,
        ),
        ...(await poolRows(context)),
        [
          'old batches',
          'transactions waiting in the old sequencer may be replayed by a later leader; pause intake if that matters',
        ],
        [
          'until commit',
          'every failure goes back to the single sequencer by itself; so does losing this workstation',
        ],
        ['after commit', 'no way back but a rollback'],
      ],
    })
  },
}

/** The newest pass over the peers: one that was just made, the one of an earlier weighing, or the last one of the seeding. */
function lastPassOf({ facts }: StepContext, fresh: LastPass | undefined): LastPass {
  const seeded = fact({ facts }, 'seedData')
  const weighed = facts.weighCutover?.pass
  return fresh ?? (weighed !== undefined && Date.parse(weighed.at) > Date.parse(seeded.at) ? weighed : seeded)
}

/** How long it takes to look at every host once, ms: what the decision is made of. Throws when a peer could not start. */
async function roundOf(context: StepContext): Promise<number> {
  const startedMs = context.now()
  const seen = await onEach(context.nodes, (host) => lookAtGround(context, host))
  const tookMs = context.now() - startedMs
  refuseUnstartable(context, seen)
  return tookMs
}

function overBudget(p95Ms: number, budgetMs: number): EvhaError {
  return new EvhaError({
    kind: 'blocked',
    message: `the window is predicted to take up to ${seconds(p95Ms)} (p95), more than its budget of ${seconds(budgetMs)}`,
    changedAnything: 'no',
    retryable: true,
    hint: 'raise window.budgetSeconds in the runbook and start a new run, or make the slow part faster',
  })
}

export const weighCommit: Step<'weighCommit'> = {
  name: 'weighCommit',
  plan: () => ['measure fence, guard, boot ids, warm nodes, room and ports'],
  ...looksOnly,
  verify: async (context) => {
    const roundAtMs = roundWhenWarm(context) ?? (await measureAll(context))
    const stop = fact(context, 'stopSource')
    const noted = notedBefore(context)
    const { warm } = fact(context, 'warmPeers')
    const { equal, manifestSha256, refusal, clients, replay } = fact(context, 'proveEqual')
    return done({
      roundAtMs,
      digest: boundDigest({
        ...planFields(context),
        run: context.run,
        attempt: context.attempt,
        lastHeight: stop.height,
        notedHash: noted.hash,
        manifest: manifestSha256,
        warm,
      }),
      evidence: [
        ['last block', `${stop.height}; the last hash read was ${shortHash(noted.hash)} at ${noted.height}`],
        ['same content', `${equal.length} of ${context.peers.length} peers (${manifestSha256.slice(0, 12)})`],
        ...(clients === undefined
          ? []
          : [['clients', standsInWords(clients, stop.height)] satisfies Weighed['evidence'][number]]),
        ...(replay === undefined ? [] : [['left to replay', replayInWords(replay)] as const]),
        ['fence', `a start of the old unit was refused: ${refusal}`],
        ['warm', `${warm.join(', ')}: ${warm.length} of the ${context.quorum} a quorum needs`],
        ['stands still', seconds(context.now() - stop.stopAtMs)],
      ],
    })
  },
}

/** When the round began that was made while the warm nodes came up; null when it is too old to be shown, or was not made. */
function roundWhenWarm({ fresh, attempt, now }: StepContext): number | null {
  if (fresh.warm?.attempt !== attempt) return null
  const ageMs = now() - fresh.warm.roundAtMs
  return ageMs >= 0 && ageMs <= roundMaxMs / 2 ? fresh.warm.roundAtMs : null
}

export const weighFinish: Step<'weighFinish'> = {
  name: 'weighFinish',
  plan: () => ['show what the soak saw'],
  ...looksOnly,
  verify: (context) => {
    const soak = fact(context, 'soak')
    return Promise.resolve(
      done({
        digest: boundDigest({
          ...planFields(context),
          run: context.run,
          firstClusterHeight: soak.firstClusterHeight,
        }),
        evidence: [
          ['voting', `${soak.voting.length} of ${context.nodes.length}, ${soak.leader} leads`],
          ...Object.entries(soak.notVoting).map(([name, why]) => ['', `${name} does not: ${why}`] as const),
          [
            'hash link',
            soak.hashContinuity
              ? `unbroken from ${soak.firstClusterHeight - 1} to ${soak.firstClusterHeight}`
              : 'broken',
          ],
          ...clientRows(soak.clients),
          ['signed twice', `none on the nodes${soak.daChecked ? ' and on DA' : '; DA did not answer'}`],
          ['finish', 'the drop-ins become part of the units, staged files go away'],
        ],
      }),
    )
  },
}

/** How the execution clients follow the cluster, and each that does not. */
function clientRows(clients: ClientStands | undefined): Weighed['evidence'] {
  if (clients === undefined) return []
  const wrong = wrongIn(clients)
  const all = Object.keys(clients).length
  return [
    ['clients', `${all - wrong.length} of ${all} have the cluster's first block and advance`],
    ...wrong.map(([name, why]) => ['', `${name}: ${why}`] as const),
  ]
}

export const shortHash = (base64: string) => {
  const hex = Buffer.from(base64, 'base64').toString('hex')
  return `0x${hex.slice(0, 4)}…${hex.slice(-2)}`
}

const ago = (ms: number) =>
  ms < 90_000 ? `${Math.max(0, Math.round(ms / 1000))} s ago` : `${Math.round(ms / 60_000)} min ago`
