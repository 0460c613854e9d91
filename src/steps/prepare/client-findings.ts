import { clientFlags, replayMsPerBlock } from '../../evnode/execution.ts'
import { urlTarget, withoutLogin } from '../../evnode/json-rpc.ts'
import { silence } from '../chain/client-stand.ts'
import type { ExecutionLook } from './execution-look.ts'
import { blocks, type Finding, warns } from './finding.ts'

/** What is wrong with one host's client. `here` is the look at the source's; null when there was none. */
export function clientFindings(look: ExecutionLook, here: ExecutionLook | null, head: number): Finding[] {
  const { host, client } = look
  if (look.head.kind !== 'ok')
    // The source's own silence is told already.
    return look === here
      ? []
      : [
          blocks(
            host,
            `its execution client at ${withoutLogin(client.ethUrl)} ${silence(look.head)}`,
            'a node without its execution client does not start',
            isTls(client.ethUrl)
              ? `see that its certificate is one that is trusted and names ${hostOf(client.ethUrl)}, or name a plain address in the runbook: nodes[].execution.ethUrl`
              : 'start it, and see that it listens: ss -ltn; or name it in the runbook: nodes[].execution.ethUrl',
            `eth_blockNumber at ${withoutLogin(client.ethUrl)} through the SSH connection of ${host}`,
          ),
          ...diskFindings(look),
          ...jwtFindings(look),
        ]
  return [
    ...chainFindings(look, here),
    ...versionFindings(look, here),
    ...stateFindings(look),
    ...(look === here ? ownFeeFindings(look) : blockFindings(look, here)),
    ...lostFindings(look, here),
    ...(look === here ? [] : distance(look, look.head.value, head)),
    ...diskFindings(look),
    ...jwtFindings(look),
  ]
}

/** Chain id and genesis: against the source's client, and against the flag that names the genesis. */
function chainFindings(look: ExecutionLook, here: ExecutionLook | null): Finding[] {
  const { host, client, chainId, genesis } = look
  const evidence = `eth_chainId and block 0 of ${withoutLogin(client.ethUrl)}`
  const cure = 'initialize it with the genesis file of the chain: the one of the client beside the sequencer'
  const found: Finding[] = []
  if (genesis.kind === 'ok' && client.genesisHash !== '' && genesis.value.hash !== client.genesisHash)
    found.push(
      blocks(
        host,
        `its execution client has the genesis ${genesis.value.hash}, the flags of the node say ${client.genesisHash}`,
        'the node compares nothing and fails at its first block',
        cure,
        evidence,
      ),
    )
  if (here === null || look === here) return found
  if (chainId.kind === 'ok' && here.chainId.kind === 'ok' && chainId.value !== here.chainId.value)
    found.push(
      blocks(
        host,
        `its execution client is of chain ${chainId.value}, that of ${here.host} of chain ${here.chainId.value}`,
        'transactions are signed for one chain id',
        cure,
        evidence,
      ),
    )
  if (genesis.kind === 'ok' && here.genesis.kind === 'ok' && genesis.value.hash !== here.genesis.value.hash)
    found.push(
      blocks(
        host,
        `its execution client has another genesis (${genesis.value.hash}) than that of ${here.host}`,
        'every state after it is another one: the node stops with `prevStateRoot mismatch at height 0`',
        cure,
        evidence,
      ),
    )
  return found
}

function versionFindings({ host, client, version }: ExecutionLook, here: ExecutionLook | null): Finding[] {
  if (version.kind !== 'ok' || here?.version.kind !== 'ok' || version.value === here.version.value) return []
  return [
    warns(
      host,
      `its execution client is ${version.value}, that of ${here.host} ${here.version.value}`,
      'versions may compute another state from the same block, or lack the methods that the node asks for',
      `install the version of ${here.host}`,
      `web3_clientVersion of ${withoutLogin(client.ethUrl)}`,
    ),
  ]
}

/** The state at the newest block that client and chain have in common. */
function stateFindings({ host, client, shared }: ExecutionLook): Finding[] {
  if (shared === null || shared.stateRoot === shared.chainStateRoot) return []
  const { number, stateRoot, chainStateRoot } = shared
  return [
    blocks(
      host,
      stateRoot === ''
        ? `its execution client does not have block ${number}`
        : `its execution client has another state after block ${number} than the chain`,
      'a node goes on from what its client holds: `app hash mismatch`, and the chain stands still when it leads',
      'take its data away, initialize it with the genesis file and let it follow the chain anew',
      `stateRoot of block ${number} of ${withoutLogin(client.ethUrl)}: ${stateRoot || 'no such block'}; appHash of the header at ${number + 1}: ${chainStateRoot}`,
    ),
  ]
}

const isTls = (url: string) => urlTarget(url)?.tls === true
const hostOf = (url: string) => urlTarget(url)?.host ?? url

/** The very block: its state may be the same, and the block another one. */
function blockFindings({ host, shared }: ExecutionLook, here: ExecutionLook | null): Finding[] {
  const { number, stateRoot, chainStateRoot, blocks: both } = shared ?? {}
  // Another genesis and another state are told already, and their blocks are others.
  if (both === undefined || both === null || here === null) return []
  if (number === 0 || stateRoot !== chainStateRoot) return []
  const { own, source } = both
  if (own.hash === source.hash) return []
  const isFee = own.feeRecipient !== source.feeRecipient
  return [
    blocks(
      host,
      isFee
        ? `the blocks of its execution client pay their fees to ${own.feeRecipient || 'nobody'}, those of ${here.host} to ${source.feeRecipient || 'nobody'}`
        : `its execution client has another block ${number} than that of ${here.host}`,
      isFee
        ? 'the fee recipient is part of each block: with the first transaction that pays a fee the states part, `app hash mismatch`'
        : 'the state is the same and the block another one: another version, or another setting of the node that drove it',
      `take its data away and let it follow the chain anew, driven by a node with ${clientFlags.feeRecipient} ${here.client.feeRecipient} and the version of ${here.host}`,
      `hash of block ${number}: ${own.hash} there, ${source.hash} on ${here.host}`,
    ),
  ]
}

/** A full node replays old blocks with the flags of today. */
function ownFeeFindings({ host, client, shared }: ExecutionLook): Finding[] {
  const paid = shared?.blocks?.own.feeRecipient ?? ''
  if (paid === '' || paid === client.feeRecipient || shared?.number === 0) return []
  return [
    warns(
      host,
      `its blocks pay their fees to ${paid}, its unit says ${clientFlags.feeRecipient} ${client.feeRecipient}`,
      'the members are started with what the unit says, and a node that replays older blocks makes other ones of them',
      "put the address into the unit that the running sequencer was started with; if it was changed on purpose, have a client's data copied to the peers instead of replayed: execution.warmUp: copy",
      `miner of block ${shared?.number} of ${withoutLogin(client.ethUrl)}`,
    ),
  ]
}

/** A node replays from the source's store what its client lacks; what is pruned there can not be replayed. */
function lostFindings({ host, lost }: ExecutionLook, here: ExecutionLook | null): Finding[] {
  if (lost === null) return []
  const source = here?.host ?? 'the sequencer'
  return [
    blocks(
      host,
      `the store of ${source} no longer has block ${lost}, the first one that its execution client lacks`,
      'a node replays to its client from its own store, which is a copy of that one; a block that was pruned can not be replayed',
      `have the data of a client copied there (execution.warmUp: copy in the runbook), or let a full node follow the chain from DA there first`,
      `block ${lost} asked of ${source}: not found`,
    ),
  ]
}

/** A client that can not write stops its node. */
const roomBlocksBytes = 1024 ** 3
const roomWarnsBytes = 10 * 1024 ** 3

function diskFindings({ host, disk }: ExecutionLook): Finding[] {
  if (disk.kind === 'unnamed') return []
  if (disk.kind === 'missing')
    return [
      blocks(
        host,
        `there is no directory ${disk.dir}, where the runbook says that its execution client keeps its data`,
        'evha looks at the room where it is said that the client writes',
        'name the right one in the runbook: nodes[].execution.dataDir',
        `test -d ${disk.dir} fails`,
      ),
    ]
  if (disk.freeBytes >= roomWarnsBytes) return []
  return [
    (disk.freeBytes < roomBlocksBytes ? blocks : warns)(
      host,
      `only ${disk.freeBytes} bytes are free at ${disk.dir}, where its execution client keeps its data`,
      'a client whose disk is full stops, and its node with it',
      `make room: df -h ${disk.dir}`,
      `df -P ${disk.dir}`,
    ),
  ]
}

/** One note for all hosts whose disk can not be judged. */
export function unnamedDisks(looks: readonly ExecutionLook[]): Finding[] {
  const names = looks.filter(({ disk }) => disk.kind === 'unnamed').map(({ host }) => host)
  const [first] = names
  if (first === undefined) return []
  return [
    {
      level: 'notes',
      host: first,
      what: `where the execution clients keep their data is not said: their disks were not looked at (${names.join(', ')})`,
      evidence: 'no execution.dataDir in the runbook',
      why: 'a client whose disk is full stops, and its node with it',
      cure: 'name it in the runbook: execution.dataDir, or nodes[].execution.dataDir',
    },
  ]
}

/** Fewer are made up in a moment, and more have been made since the look. */
const behindMax = 20

function distance({ host, client }: ExecutionLook, at: number, head: number): Finding[] {
  if (head - at <= behindMax) return []
  const behind = head - at
  const seconds = Math.ceil((behind * replayMsPerBlock) / 1_000)
  return [
    warns(
      host,
      `its execution client is at block ${at}, ${behind} behind the chain`,
      `a leader replays what its client lacks before it makes a block: about ${seconds} s of standstill`,
      'nothing to do: before the cutover evha lets a full node follow the chain there, until its client stands at the head',
      `eth_blockNumber of ${withoutLogin(client.ethUrl)}: ${at}; the chain is at ${head}`,
    ),
  ]
}

/** Whether the node of this host would be let in by its client. */
function jwtFindings({ host, client, jwt }: ExecutionLook): Finding[] {
  const { jwtSecretFile: file, engineUrl } = client
  const url = withoutLogin(engineUrl)
  const found = (what: string, cure: string, evidence: string) => [
    blocks(
      host,
      what,
      'the node drives its client by the Engine API, with a token of this secret',
      cure,
      evidence,
    ),
  ]
  const lay = `lay the secret there with which the client of ${host} was started (--authrpc.jwtsecret), mode 0600, owned by the service user`
  switch (jwt.kind) {
    case 'missing':
      // That no file is named at all is a finding of the flags.
      return file === '' ? [] : found(`there is no JWT file ${file}`, lay, `test -f ${file} fails`)
    case 'closed':
      return found(
        `the service user can not read ${file}`,
        `chown it to that user and chmod 600 ${file}; its directories need the right to pass: namei -l ${file}`,
        `test -r ${file} as the service user fails`,
      )
    case 'noSecret':
      return found(
        `${file} holds no secret of 32 bytes in hex`,
        lay,
        'the content of the file, which is not shown',
      )
    case 'asked': {
      const { answer } = jwt
      if (answer.kind === 'ok') return []
      const evidence = `engine_exchangeCapabilities at ${url} with a token of ${file}`
      if (answer.kind === 'refused' && (answer.status === 401 || answer.status === 403))
        return found(
          `its execution client does not accept the secret in ${file}`,
          lay,
          `${evidence}: HTTP ${answer.status}`,
        )
      return found(
        `the Engine API at ${url} ${silence(answer)}`,
        `start the client with its Engine API at ${url} (--authrpc.addr, --authrpc.port), or name it in the runbook: nodes[].execution.engineUrl`,
        evidence,
      )
    }
  }
}
