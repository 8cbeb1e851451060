/** Every route says what it asks of a key; one that does not stops the start. A forgotten scope would be an open door. */
import type { FastifyInstance, RouteOptions } from 'fastify';
import { declaredScope, scopes } from './scopes.ts';

/** To be called before the first route is registered: Fastify shows only what comes after. */
declare module 'fastify' {
  interface FastifyInstance {
    /** Every route, with the scope it declares. Complete once the app is ready. */
    readonly declaredRoutes: readonly {
      readonly method: string;
      readonly url: string;
      readonly scope: string;
    }[];
  }
}

export function requireDeclaredScopes(app: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  app.decorate('declaredRoutes', {
    getter: () =>
      routes.flatMap(({ method, url, config }) =>
        [method].flat().map((name) => ({ method: name, url, scope: declaredScope(config) ?? 'undeclared' })),
      ),
  });
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  // Only now, so that a plugin around a vendor's routes can still declare for them.
  app.addHook('onReady', async () => {
    const silent = routes.filter(({ config }) => declaredScope(config) === undefined);
    if (silent.length === 0) return;
    const named = silent.map(({ method, url }) => `${[method].flat().join('|')} ${url}`);
    throw new Error(
      `These routes do not declare a scope (config: { scope: '${[...scopes, 'none'].join("' | '")}' }): ${named.join(', ')}`,
    );
  });
}
