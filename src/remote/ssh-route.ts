import { existsSync } from 'node:fs'
import { EvhaError } from '../base/errors.ts'
import { expandHome } from './ssh-login.ts'
import { type AskedLogin, sshSettings } from './ssh-settings.ts'
import type { PassphraseOf, SshTarget } from './ssh-target.ts'

/** What the runbook says of a login; it stands above the operator's ssh configuration. */
export interface WrittenLogin extends AskedLogin {
  readonly identityFile?: string
  readonly knownHostsFile?: string
}

interface Route {
  /** The host's name in the runbook. */
  readonly name: string
  readonly passphraseOf?: PassphraseOf
  readonly configFile?: string
}

/** More hops than anybody has; a configuration may also jump in a circle. */
const hopsMax = 5

/**
 * Where and how to log in: the runbook's own words first, then what the operator's ssh would do, jump hosts included,
 * each with settings of its own and its key checked.
 */
export async function sshRoute(login: WrittenLogin, route: Route): Promise<SshTarget> {
  return targetOf(login, route, hopsMax)
}

async function targetOf(login: WrittenLogin, route: Route, hopsLeft: number): Promise<SshTarget> {
  if (hopsLeft === 0)
    throw new EvhaError({
      kind: 'usage',
      message: `${route.name}: the ssh configuration jumps over more than ${hopsMax - 1} hosts, or in a circle`,
      changedAnything: 'no',
      retryable: false,
      hint: `look at ProxyJump in: ssh -G ${login.host}`,
    })
  const settings = await sshSettings(login, route.configFile)
  const { identityFile, knownHostsFile } = login
  const through = await throughHops(settings.jumps, route, hopsLeft)
  const { agent, hostKeyAlias } = settings
  return {
    name: route.name,
    host: settings.host,
    port: settings.port,
    user: settings.user,
    identityFiles: identityFile === undefined ? thereAre(settings.identityFiles) : [identityFile],
    certificateFiles: settings.certificateFiles,
    knownHostsFiles: knownHostsFile === undefined ? settings.knownHostsFiles : [knownHostsFile],
    identitiesOnly: identityFile !== undefined || settings.identitiesOnly,
    ...(agent === undefined ? {} : { agent }),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    ...(route.passphraseOf === undefined ? {} : { passphraseOf: route.passphraseOf }),
    ...(through === undefined ? {} : { through }),
  }
}

/** The last hop with the ones before it behind it. Only the first may have jumps of its own, as with ssh. */
async function throughHops(
  jumps: readonly AskedLogin[],
  route: Route,
  hopsLeft: number,
): Promise<SshTarget | undefined> {
  let through: SshTarget | undefined
  for (const jump of jumps) {
    const hop = await targetOf(
      jump,
      { ...route, name: `${jump.host}, the way to ${route.name}` },
      hopsLeft - 1,
    )
    through = through === undefined ? hop : { ...hop, through }
  }
  return through
}

/** ssh names its usual files whether they are there or not. */
function thereAre(files: readonly string[]): readonly string[] {
  return files.filter((file) => existsSync(expandHome(file)))
}
