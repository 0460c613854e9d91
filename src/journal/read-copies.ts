import { EvhaError, failureOf } from '../base/errors.ts'
import { answersOf, type Enough, lateWhy } from './answers.ts'
import type { CopyPlace } from './copies.ts'
import { readCopy } from './copy-commands.ts'
import { type JournalContent, journalName, parseJournal } from './read-journal.ts'

/** What a host said of its copy. */
export type ReadCopy =
  | { readonly host: string; readonly kind: 'whole'; readonly content: JournalContent }
  | { readonly host: string; readonly kind: 'none' }
  /** It answered, and what it has can not be believed. */
  | { readonly host: string; readonly kind: 'damaged'; readonly why: string }
  | { readonly host: string; readonly kind: 'silent'; readonly why: string }

/** Asks every host for its copy of the run's journal, all at once. Waits for all where nobody says what is enough. */
export function readCopies(
  run: string,
  places: readonly CopyPlace[],
  enough?: Enough<ReadCopy>,
): Promise<ReadCopy[]> {
  const asked = places.map((place) => readOne(run, place))
  if (enough === undefined) return Promise.all(asked)
  const late = (i: number): ReadCopy => silent(places[i]?.remote.name ?? '')
  return answersOf(asked, late, enough)
}

const silent = (host: string): ReadCopy => ({
  host,
  kind: 'silent',
  why: lateWhy(host),
})

async function readOne(run: string, { remote, dir }: CopyPlace): Promise<ReadCopy> {
  const host = remote.name
  try {
    const outcome = await remote.run(readCopy(dir))
    if (outcome.kind === 'unknown') return { host, kind: 'silent', why: outcome.message }
    if (outcome.exitCode !== 0 || outcome.truncated)
      return { host, kind: 'damaged', why: `${host}: ${outcome.stderr.trim() || 'it is too long'}` }
    if (outcome.stdout === '') return { host, kind: 'none' }
    const content = parseJournal(Buffer.from(outcome.stdout), `${host}:${dir}/${journalName}`)
    if (content.header.run === run) return { host, kind: 'whole', content }
    return { host, kind: 'damaged', why: `${content.path} is the journal of the run ${content.header.run}` }
  } catch (thrown) {
    if (!(thrown instanceof EvhaError)) throw thrown
    const { kind, message } = failureOf(thrown)
    // A journal that holds no record says 'usage': a host went down while the first copy was laid.
    const believed = kind !== 'contradiction' && kind !== 'usage'
    return { host, kind: believed ? 'silent' : 'damaged', why: message }
  }
}

/**
 * Throws EvhaError when fewer than a majority answered, or when one of the hosts that `must` answer did not:
 * 'contradiction' when damaged copies are why, else 'unreachable'.
 */
export function mustBeMajority(copies: readonly ReadCopy[], quorum: number, must: readonly string[]): void {
  const answered = copies.filter((copy) => copy.kind === 'whole' || copy.kind === 'none')
  const missed = must.filter((name) => !answered.some(({ host }) => host === name))
  if (answered.length >= quorum && missed.length === 0) return
  const whys = copies.flatMap((copy) => ('why' in copy ? [copy.why] : []))
  const damaged = copies.some((copy) => copy.kind === 'damaged')
  const needed =
    missed.length === 0
      ? `${quorum} of ${copies.length} hosts must tell what they keep of the journal, ${answered.length} do`
      : `${missed.join(', ')} must tell what it keeps of the journal, and does not`
  throw new EvhaError({
    kind: damaged ? 'contradiction' : 'unreachable',
    message: `${needed}: ${whys.join('; ')}`,
    changedAnything: 'unknown',
    retryable: !damaged,
    hint: damaged
      ? 'start and stop nothing; keep the named files as they are, and compare them with those of the other hosts'
      : 'bring the named hosts back, then type the command again',
  })
}
