/**
 * Every route of the engine: the one table (ADR 0001). The daemon binds it, the typed client is derived from it, the API
 * reference is generated from it. A route that is not here does not exist; one without a handler fails a test.
 */
import type { RouteSpec } from './route.ts';
import { containerRoutes } from './routes/containers.ts';
import { execRoutes } from './routes/exec.ts';
import { imageStoreRoutes } from './routes/image-store.ts';
import { imageRoutes } from './routes/images.ts';
import { networkRoutes } from './routes/networks.ts';
import { pluginRoutes } from './routes/plugins.ts';
import { swarmRoutes } from './routes/swarm.ts';
import { systemRoutes } from './routes/system.ts';
import { trustRoutes } from './routes/trust.ts';
import { volumeRoutes } from './routes/volumes.ts';
import { wharfRoutes } from './routes/wharf.ts';

/** Engine API versions this engine speaks. */
export const apiVersion = '1.51';
export const minApiVersion = '1.24';

export const engineRoutes = {
  ...containerRoutes,
  ...execRoutes,
  ...imageRoutes,
  ...networkRoutes,
  ...volumeRoutes,
  ...systemRoutes,
  ...pluginRoutes,
  ...swarmRoutes,
  ...wharfRoutes,
  ...trustRoutes,
  ...imageStoreRoutes,
} as const satisfies Readonly<Record<string, RouteSpec>>;

export type EngineRoutes = typeof engineRoutes;
export type OperationName = keyof EngineRoutes;
/** Operations whose answer comes in this way. */
export type OperationsOf<K extends RouteSpec['response']> = {
  [N in OperationName]: EngineRoutes[N]['response'] extends K ? N : never;
}[OperationName];
