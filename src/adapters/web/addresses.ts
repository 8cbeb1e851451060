/**
 * Which IP addresses belong to the public internet. Everything else (this machine, this network, what clouds answer about
 * themselves, and every way to write one of these inside an IPv6 address) is never spoken to on a stranger's word.
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Public by their range, but a cloud answers there about itself: Azure's platform address. */
const cloudsOwn = ['168.63.129.16'];
/** All that is handed out of IPv6 lies here; so `::/96` (IPv4-compatible) and whatever is thought up next do not. */
const handedOut = ipaddr.parseCIDR('2000::/3');

/** `address`: as `node:net` writes it, IPv4 or IPv6. Anything that is not an address is not public. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv6' ? parsed.match(handedOut) : !cloudsOwn.includes(parsed.toString());
}
