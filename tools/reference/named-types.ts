/** The contract's schemas by the name they are exported under, so that the reference can name a type instead of repeating it. */
import type { AnySchema } from '../../src/contract/schema.ts';
import * as containerConfig from '../../src/contract/types/container-config.ts';
import * as containers from '../../src/contract/types/containers.ts';
import * as exec from '../../src/contract/types/exec.ts';
import * as images from '../../src/contract/types/images.ts';
import * as networks from '../../src/contract/types/networks.ts';
import * as registries from '../../src/contract/types/registries.ts';
import * as stats from '../../src/contract/types/stats.ts';
import * as system from '../../src/contract/types/system.ts';
import * as volumes from '../../src/contract/types/volumes.ts';

export type Properties = Readonly<Record<string, AnySchema>>;

const modules: readonly Readonly<Record<string, AnySchema>>[] = [
  containerConfig,
  containers,
  exec,
  images,
  networks,
  registries,
  stats,
  system,
  volumes,
];

/**
 * By the object's properties: `optional(X)` and `nullable(X)` are other schemas than X, but hold its very properties.
 * The first name wins, so that a later alias of a type does not rename it.
 */
const namesByProperties = new Map<Properties, string>();
for (const module of modules) {
  for (const [name, schema] of Object.entries(module)) {
    if (schema.properties && !namesByProperties.has(schema.properties)) namesByProperties.set(schema.properties, name);
  }
}

/** The name of an object schema; undefined for one written in place, and for everything that is no object. */
export function typeName(schema: AnySchema): string | undefined {
  return schema.properties && namesByProperties.get(schema.properties);
}
