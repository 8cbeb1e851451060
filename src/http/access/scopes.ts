/** What a key may do, and what a route asks for. `admin` implies all. */
import type { FastifyContextConfig } from 'fastify';

export const scopes = ['read', 'tag', 'review', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** `none`: anybody may call. It is said at the route like any other scope, so that nothing is open by omission. */
export type RouteScope = Scope | 'none';

/** A key as the settings give it: never the secret, only the digest of it. */
export interface ApiKey {
  /** 1 to 32 of a-z, 0-9 and the hyphen. */
  readonly id: string;
  readonly scopes: readonly Scope[];
  /** sha256 of the secret, 64 lower-case hex digits. */
  readonly sha256: string;
}

/** Who calls, once the key has proved it. */
export interface Principal {
  readonly id: string;
  readonly scopes: ReadonlySet<Scope>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the caller's key must allow. Every route declares one; the start fails otherwise. */
    scope?: RouteScope;
  }
  interface FastifyRequest {
    /** Null without a valid key: on a route that needs none, or where the service is open on loopback. */
    principal: Principal | null;
  }
}

export function allows(principal: Principal | null, scope: Scope): boolean {
  return principal !== null && (principal.scopes.has(scope) || principal.scopes.has('admin'));
}

export function declaredScope(config: FastifyContextConfig | undefined): RouteScope | undefined {
  const scope = config?.scope;
  return scope === 'none' || scopes.some((known) => known === scope) ? scope : undefined;
}
