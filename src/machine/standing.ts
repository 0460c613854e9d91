/** What runs on the hosts while a run is in a state, as far as it matters when a machine is lost there. */
export interface Standing {
  /** What is running now. */
  readonly runs: string
  /** What follows when this machine is gone this second. */
  readonly workstation: string
  readonly source: string
  /** Any one host but the source. */
  readonly peer: string
}

const sourceGoesOn =
  'the chain stops with {source}, as it would without evha, and goes on when its host is up again'
const chainGoesOn = 'the chain goes on; nothing on the hosts waits for the workstation'
const deadManReturns =
  'a few seconds after the last heartbeat the dead-man of {source} writes "returned" and starts it as the single sequencer'
const sourceAfterBoot =
  'nobody produces until its host is up again: a reboot counts as an expired dead-man, which then starts {source} as the single sequencer; if the host never comes back, a human has to look'
const untilResumed = 'until a resume or an adopt goes on'

/** Each state names one of these in its meta; a test walks the machine and holds them against what its steps do. */
export const standings = {
  alone: {
    runs: '{source} produces alone; no node runs Raft',
    workstation: chainGoesOn,
    source: sourceGoesOn,
    peer: 'the chain goes on; the run stops at that host, and a resume tries it again',
  },
  fencing: {
    runs: '{source} still produces alone; its unit is being kept from starting again',
    workstation: 'the chain goes on; the dead-man of {source}, once it is set, gives the permit back',
    source: sourceAfterBoot,
    peer: 'the run goes back by itself; the chain goes on',
  },
  stopped: {
    runs: 'nobody produces: {source} is stopped or about to be, fenced, and its store is locked; no node runs Raft',
    workstation: deadManReturns,
    source: sourceAfterBoot,
    peer: 'the run goes back by itself',
  },
  warm: {
    runs: 'nobody produces: fewer than a quorum of peers wait in Raft mode, too few to elect a leader',
    workstation: `${deadManReturns}; those of the peers end their Raft processes`,
    source: sourceAfterBoot,
    peer: 'the run goes back by itself',
  },
  deciding: {
    runs: 'nobody produces: the warm peers wait, and the decision file on {source} says which way it goes',
    workstation:
      'while the file says "open", the dead-men bring {source} back as the single sequencer; once it says "committed" the chain stands still until a resume or an adopt starts the cluster',
    source:
      'nobody produces until its host is up again, because the decision lies on its disk; a resume or an adopt then reads it',
    peer: 'before the decision the run goes back by itself; after it another peer with the same content is started',
  },
  starting: {
    runs: 'the warm peers wait for the one that makes the quorum; the cluster may produce at any moment',
    workstation: `the cluster produces if that peer was started already; otherwise the chain stands still ${untilResumed}`,
    source: 'the cluster starts without it; {source} can not come back as a single sequencer',
    peer: 'another peer with the same content is started in its place; with none left the chain stands still until that host is back',
  },
  joining: {
    runs: 'the cluster produces; the remaining nodes are joining',
    workstation: `the cluster goes on with the nodes that are in, and the others stay out ${untilResumed}`,
    source: 'the cluster goes on; {source} can not come back as a single sequencer',
    peer: 'with no more than a quorum up the chain stands still until that host is back or another node has joined',
  },
  cluster: {
    runs: 'the cluster produces; {source} is one of its members',
    workstation: chainGoesOn,
    source:
      'the chain goes on as long as a quorum is up; if {source} leads, another node is elected within seconds',
    peer: 'the chain goes on as long as a quorum is up; if that node leads, another one is elected within seconds',
  },
  goingBack: {
    runs: '{source} produces alone if it was not stopped yet, otherwise nobody does; Raft processes are being ended',
    workstation: 'the dead-man of {source} brings it back, unless it produces already',
    source: sourceAfterBoot,
    peer: 'that host counts as one that runs Raft: the way back goes on while fewer than a quorum of them are silent',
  },
  backAlone: {
    runs: '{source} was started as the single sequencer; fewer than a quorum could run Raft',
    workstation: chainGoesOn,
    source: sourceGoesOn,
    peer: 'the chain goes on; what is left on that host is dealt with by a resume once it is back',
  },
  asked: {
    runs: 'the cluster as it was left when the rollback was asked for: what was started of it still runs',
    workstation: 'what runs goes on; the question is asked again by a resume',
    source: 'the chain goes on as long as a quorum is up',
    peer: 'the chain goes on as long as a quorum is up',
  },
  rollingBack: {
    runs: 'nobody produces once the cluster is stopped; so many members are being forbidden that no quorum can form',
    workstation: `the chain stands still ${untilResumed}: no dead-man acts after the point of no return`,
    source: `the chain stands still until its host is up again, and then ${untilResumed}`,
    peer: 'a host that could hold a higher block than the others must be back first; without it a human has to look',
  },
  halting: {
    runs: 'a height was signed twice: every node is losing its permits and is being killed, so that nobody signs',
    workstation: 'what was not stopped yet goes on until a resume or an adopt stops it',
    source: 'its permits are taken or go with the next resume; a reboot starts nothing without one',
    peer: 'its permits are taken or go with the next resume; a reboot starts nothing without one',
  },
  unknown: {
    runs: 'what was found contradicts itself, so nothing is claimed here: the report says what is known',
    workstation: 'nothing changes: evha starts nothing until a human has looked',
    source: 'nothing is started in its place',
    peer: 'nothing is started in its place',
  },
} as const satisfies Record<string, Standing>

export type StandingName = keyof typeof standings

/** The sentences of a standing with the source's name in them. */
export function standingIn(name: StandingName, source: string): Standing {
  const filled = (text: string) => text.replaceAll('{source}', () => source)
  const { runs, workstation, source: ofSource, peer } = standings[name]
  return {
    runs: filled(runs),
    workstation: filled(workstation),
    source: filled(ofSource),
    peer: filled(peer),
  }
}
