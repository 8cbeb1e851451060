/**
 * Connections to addresses that somebody else chose. The address that is checked is the one that is connected to, so a
 * name that answers differently the second time gains nothing. Proxies of the environment are not used: they would resolve
 * the name themselves. TLS is always verified, whatever the environment says.
 */
import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { isPublicAddress } from './addresses.ts';

export type Lookup = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** What stands below the guard: makes a connector of undici's options. */
export type Dial = (
  options: buildConnector.BuildOptions & { readonly lookup: LookupFunction },
) => buildConnector.connector;

export interface ConnectOptions {
  /** The system's unless told. */
  readonly lookup?: Lookup;
  /** undici's own unless told; for tests. */
  readonly dial?: Dial;
  /** Milliseconds until a connection stands, its name resolved and TLS agreed on; 5 s unless told. */
  readonly connectMs?: number;
}

export interface Agents {
  /** For the public internet alone: fails with `AddressRefused` elsewhere. */
  readonly guarded: Dispatcher;
  /** For the origins that the service's owner named. */
  readonly open: Dispatcher;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** The name leads into this machine or network. Nothing was sent. */
export class AddressRefused extends Error {
  constructor() {
    super('not a public address');
    this.name = 'AddressRefused';
  }
}

const usualConnectMs = 5_000;

export function createAgents({
  lookup = systemLookup,
  dial = buildConnector,
  connectMs = usualConnectMs,
}: ConnectOptions): Agents {
  const base = { timeout: connectMs, rejectUnauthorized: true };
  const anywhere = dial({ ...base, lookup: checkedLookup(lookup, () => true) });
  const guarded = createAgent(guard(dial({ ...base, lookup: checkedLookup(lookup, isPublicAddress) })));
  const open = createAgent(anywhere);
  return {
    guarded,
    open,
    async close() {
      await Promise.all([guarded.destroy(), open.destroy()]);
    },
  };
}

function createAgent(connect: buildConnector.connector): Agent {
  return new Agent({ connect, keepAliveTimeout: 4_000, keepAliveMaxTimeout: 15_000, maxHeaderSize: 16_384 });
}

/** A literal address never comes by a lookup, so it is looked at before; and where we are in the end, after. */
function guard(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    if (isIP(options.hostname) !== 0 && !isPublicAddress(options.hostname)) {
      callback(new AddressRefused(), null);
      return;
    }
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      const address = socket.remoteAddress;
      if (address !== undefined && isPublicAddress(address)) return callback(null, socket);
      socket.on('error', () => {}).destroy();
      callback(address === undefined ? cutShort() : new AddressRefused(), null);
    });
  };
}

/** All addresses of a name must do: one that leads inside makes the others suspect. */
export function checkedLookup(lookup: Lookup, allowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const [first] = addresses;
      if (first === undefined) return callback(unknownName(), []);
      if (!addresses.every(({ address }) => allowed(address))) return callback(new AddressRefused(), []);
      if (options.all) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

function cutShort(): NodeJS.ErrnoException {
  return Object.assign(new Error('the connection was cut'), { code: 'ECONNRESET' });
}

function unknownName(): NodeJS.ErrnoException {
  return Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' });
}
