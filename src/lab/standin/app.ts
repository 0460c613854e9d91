/** The two applications of the node: the test application's key-value chain, and the one that drives an execution client (evnode.md A7). */
export type App = 'testapp' | 'evm'

/** The database below `db_path` (evnode.md B 6.1). */
export const databaseOf: Readonly<Record<App, string>> = { testapp: 'testapp', evm: 'evm-single' }
