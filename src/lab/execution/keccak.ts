/** The lanes' rotations and places in the order in which rho and pi walk over them (Keccak's reference). */
const rotations = [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44]
const places = [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1]
const rateBytes = 136
const roundConstants = constants()

/** Keccak-256 as Ethereum hashes with it: SHA-3's permutation with the padding of before the standard, which Node does not have. */
export function keccak256(data: Uint8Array): Buffer {
  const padded = Buffer.alloc(Math.floor(data.length / rateBytes) * rateBytes + rateBytes)
  padded.set(data)
  padded[data.length] = 0x01
  padded[padded.length - 1] = (padded[padded.length - 1] ?? 0) | 0x80
  // 25 lanes of 64 bits: low word, high word.
  const state = new Int32Array(50)
  for (let at = 0; at < padded.length; at += rateBytes) {
    for (let word = 0; word < rateBytes / 4; word += 1)
      state[word] = (state[word] ?? 0) ^ padded.readInt32LE(at + word * 4)
    permute(state)
  }
  const digest = Buffer.alloc(32)
  for (let word = 0; word < 8; word += 1) digest.writeInt32LE(state[word] ?? 0, word * 4)
  return digest
}

function permute(state: Int32Array): void {
  const word = (index: number) => state[index] ?? 0
  const columns = new Int32Array(10)
  for (const [low, high] of roundConstants) {
    for (let x = 0; x < 10; x += 1)
      columns[x] = word(x) ^ word(x + 10) ^ word(x + 20) ^ word(x + 30) ^ word(x + 40)
    for (let x = 0; x < 5; x += 1) {
      const left = ((x + 4) % 5) * 2
      const right = ((x + 1) % 5) * 2
      const [rotatedLow, rotatedHigh] = rotated(columns[right] ?? 0, columns[right + 1] ?? 0, 1)
      const mixLow = (columns[left] ?? 0) ^ rotatedLow
      const mixHigh = (columns[left + 1] ?? 0) ^ rotatedHigh
      for (let y = 0; y < 50; y += 10) {
        state[y + x * 2] = word(y + x * 2) ^ mixLow
        state[y + x * 2 + 1] = word(y + x * 2 + 1) ^ mixHigh
      }
    }
    let [carriedLow, carriedHigh] = [word(2), word(3)]
    for (let step = 0; step < 24; step += 1) {
      const place = (places[step] ?? 0) * 2
      const [nextLow, nextHigh] = [word(place), word(place + 1)]
      const [turnedLow, turnedHigh] = rotated(carriedLow, carriedHigh, rotations[step] ?? 0)
      state[place] = turnedLow
      state[place + 1] = turnedHigh
      carriedLow = nextLow
      carriedHigh = nextHigh
    }
    for (let y = 0; y < 50; y += 10) {
      const row = state.slice(y, y + 10)
      for (let x = 0; x < 10; x += 1)
        state[y + x] = (row[x] ?? 0) ^ (~(row[(x + 2) % 10] ?? 0) & (row[(x + 4) % 10] ?? 0))
    }
    state[0] = word(0) ^ low
    state[1] = word(1) ^ high
  }
}

function rotated(low: number, high: number, by: number): [low: number, high: number] {
  return by < 32
    ? [(low << by) | (high >>> (32 - by)), (high << by) | (low >>> (32 - by))]
    : [(high << (by - 32)) | (low >>> (64 - by)), (low << (by - 32)) | (high >>> (64 - by))]
}

/** One constant a round, low and high word, from the register that Keccak's reference draws them from. */
function constants(): readonly (readonly [low: number, high: number])[] {
  let register = 1
  const bit = () => {
    const out = register & 1
    register = register & 0x80 ? (register << 1) ^ 0x171 : register << 1
    return out
  }
  return Array.from({ length: 24 }, () => {
    let [low, high] = [0, 0]
    for (let power = 0; power <= 6; power += 1) {
      if (bit() === 0) continue
      const at = 2 ** power - 1
      if (at < 32) low |= 1 << at
      else high |= 1 << (at - 32)
    }
    return [low, high] as const
  })
}
