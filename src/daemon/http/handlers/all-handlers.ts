/** Every handler by its operation's name: one for each row of the route table, or this does not compile. */
import type { Handlers } from '../handler.ts';
import { swarmHandlers } from './absent-handlers.ts';
import { containerHandlers } from './container-handlers.ts';
import type { EngineServices } from './engine-services.ts';
import { imageHandlers } from './image-handlers.ts';
import { imageStoreHandlers } from './image-store-handlers.ts';
import { networkHandlers } from './network-handlers.ts';
import { pluginHandlers } from './plugin-handlers.ts';
import { systemHandlers, wharfHandlers } from './system-handlers.ts';
import { trustHandlers } from './trust-handlers.ts';
import { volumeHandlers } from './volume-handlers.ts';

export function createHandlers(services: EngineServices): Handlers {
  return {
    ...containerHandlers(services),
    ...imageHandlers(services),
    ...networkHandlers(services),
    ...volumeHandlers(services),
    ...systemHandlers(services),
    ...pluginHandlers(services),
    ...swarmHandlers(),
    ...wharfHandlers(services),
    ...trustHandlers(services),
    ...imageStoreHandlers(services),
  };
}
