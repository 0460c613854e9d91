/** Who has what there is at the beginning; its key is the number 1, which everybody knows. */
const richAccount = '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf'
const blobs = {
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
}

/** The genesis of a lab's EVM chain, as an execution client is given it: all forks up to Prague from the first block on. */
export const labGenesis = {
  config: {
    chainId: 1234,
    homesteadBlock: 0,
    eip150Block: 0,
    eip155Block: 0,
    eip158Block: 0,
    byzantiumBlock: 0,
    constantinopleBlock: 0,
    petersburgBlock: 0,
    istanbulBlock: 0,
    berlinBlock: 0,
    londonBlock: 0,
    mergeNetsplitBlock: 0,
    terminalTotalDifficulty: 0,
    shanghaiTime: 0,
    cancunTime: 0,
    pragueTime: 0,
    blobSchedule: blobs,
  },
  timestamp: '0x0',
  gasLimit: '0x1c9c380',
  difficulty: '0x0',
  alloc: { [richAccount]: { balance: '0x4a47e3c12448f4ad000000' } },
} as const
