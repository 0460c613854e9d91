import { type Place, rpcOf, until } from './stand.ts'

/** The one member that says it leads, once exactly one does. */
export async function leaderOf(places: readonly Place[]): Promise<Place> {
  return until('one leader', async () => {
    const roles = await Promise.all(places.map((place) => rpcOf(place).raftNode()))
    const leaders = places.filter((_, k) => {
      const role = roles[k]
      return role?.kind === 'ok' && role.value.isLeader
    })
    return leaders.length === 1 ? leaders[0] : undefined
  })
}
