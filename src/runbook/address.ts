import { isIPv6 } from 'node:net'

/** An address others can dial, and one form of it under which equal addresses are equal. */
export interface Address {
  /** As the runbook has it, without the brackets of an IPv6 address. */
  readonly host: string
  /** Lower case, shortest IPv6 form: for comparing only. */
  readonly canonical: string
}

export type AddressProblem = 'empty' | 'unspecified' | 'malformed'

const hostname =
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?\.?$/i
const ipv4 = /^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/

/**
 * Reads a concrete IPv4, IPv6 or host name. The node refuses 0.0.0.0, `::` and an empty host for Raft
 * (`local bind address is not advertisable`, evnode.md B 1.1 a), so they are told apart here.
 */
export function parseAddress(text: string): Address | AddressProblem {
  const host = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  if (host.trim() === '') return 'empty'
  if (host === '*') return 'unspecified'
  if (host.includes(':')) return host === text.replace(/^\[|\]$/g, '') ? ipv6Address(host) : 'malformed'
  return namedOrIpv4(host)
}

function ipv6Address(host: string): Address | AddressProblem {
  if (!isIPv6(host) || host.includes('%')) return 'malformed'
  const canonical = new URL(`http://[${host}]/`).hostname.slice(1, -1)
  const mapped = canonical === '::' || canonical === '::ffff:0:0'
  return mapped ? 'unspecified' : { host, canonical }
}

function namedOrIpv4(host: string): Address | AddressProblem {
  // A name that ends in a number is an address to a resolver, though nobody means `0`, `10.1` or `0x7f.1`.
  if (/(^|\.)(\d+|0x[\da-f]*)\.?$/i.test(host)) {
    if (/^[0.]+$/.test(host)) return 'unspecified'
    const plain = ipv4.test(host) && host.split('.').every((part) => Number(part) <= 255)
    return plain ? { host, canonical: host } : 'malformed'
  }
  if (!hostname.test(host)) return 'malformed'
  return { host, canonical: host.toLowerCase().replace(/\.$/, '') }
}

/** `host:port` with an IPv6 host in brackets: how the node and URLs want it. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
