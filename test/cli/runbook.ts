/** A sound runbook of three hosts; nothing listens on the loopback addresses it names. */
export function runbookOn(port: number, directory: string): string {
  const node = (number: number) => `  - name: node-${number}
    ssh:
      host: 127.0.0.1${number}
      port: ${port}
      user: operator
      identityFile: ${directory}/operator_key
      knownHostsFile: ${directory}/known_hosts
    address: 127.0.0.1${number}
`
  return `version: 1
chain: lab-chain
node:
  binary: /usr/local/bin/testapp
  db: testapp
source: node-1
nodes:
${[1, 2, 3].map(node).join('')}staging: true
`
}
