/** docs/reference/api.md out of the route table: one section an operation, one table a type. */
import { apiVersion, engineRoutes, minApiVersion } from '../../src/contract/engine-routes.ts';
import type { ResponseKind, RouteSpec } from '../../src/contract/route.ts';
import { containerRoutes } from '../../src/contract/routes/containers.ts';
import { execRoutes } from '../../src/contract/routes/exec.ts';
import { imageStoreRoutes } from '../../src/contract/routes/image-store.ts';
import { imageRoutes } from '../../src/contract/routes/images.ts';
import { networkRoutes } from '../../src/contract/routes/networks.ts';
import { pluginRoutes } from '../../src/contract/routes/plugins.ts';
import { swarmRoutes } from '../../src/contract/routes/swarm.ts';
import { systemRoutes } from '../../src/contract/routes/system.ts';
import { trustRoutes } from '../../src/contract/routes/trust.ts';
import { volumeRoutes } from '../../src/contract/routes/volumes.ts';
import { wharfRoutes } from '../../src/contract/routes/wharf.ts';
import type { AnySchema } from '../../src/contract/schema.ts';
import { collectTypes, fieldTable, schemaText } from './schema-text.ts';

type Routes = Readonly<Record<string, RouteSpec>>;

interface Group {
  readonly title: string;
  readonly routes: Routes;
  readonly note?: string;
  /** One table for all instead of a section each: rows without fields. */
  readonly brief?: true;
}

export const groups: readonly Group[] = [
  { title: 'Containers', routes: containerRoutes },
  { title: 'Processes in containers', routes: execRoutes },
  { title: 'Images', routes: imageRoutes },
  { title: 'Networks', routes: networkRoutes },
  { title: 'Volumes', routes: volumeRoutes },
  { title: 'System', routes: systemRoutes },
  {
    title: "Wharf's own",
    routes: wharfRoutes,
    note: 'Not in the Docker Engine API. Docker clients do not call them.',
  },
  {
    title: 'Image store',
    routes: imageStoreRoutes,
    note: "Wharf's own too: whether what is stored is whole, and lists of manifests.",
  },
  {
    title: 'Trust',
    routes: trustRoutes,
    note: "Wharf's own too: who signed an image, and what the policy makes of it (ADR 0014).",
  },
  {
    title: 'Engine plugins',
    routes: pluginRoutes,
    note: 'Plugins of `wharf plugin` are containers and have nothing to do with these.',
  },
  {
    title: 'Swarm',
    routes: swarmRoutes,
    brief: true,
    note: 'There is no swarm mode: each of these answers 503 with `swarm.inactive`, as an engine outside a swarm does.',
  },
];

const intro = `# Engine API

The routes of \`wharfd\`: the Docker Engine API ${apiVersion}, and ${Object.keys({ ...wharfRoutes, ...imageStoreRoutes, ...trustRoutes }).length} routes of Wharf's own.
Versions from ${minApiVersion} on are accepted, as \`/v1.43/...\` in front of the path; without one the newest is meant.
Names of operations are those of Docker's own reference, which explains their fields at length.

- A request's body is JSON. Field names match in any case, unknown fields are ignored, null counts as absent.
- A failure is \`{"message", "code", "hint"}\`; [errors.md](errors.md) lists the codes with their HTTP status.
- A query parameter of type list is given several times; one of type JSON or filters carries JSON.
- A route says since which version it is there; under an older one it answers 404.`;

export function apiReference(): string {
  const types = new Map<string, AnySchema>();
  for (const spec of Object.values<RouteSpec>(engineRoutes)) {
    for (const schema of [spec.body, spec.result]) if (schema) collectTypes(schema, types);
  }
  const parts = [generatedNote('src/contract/engine-routes.ts'), intro];
  for (const group of groups) parts.push(groupText(group));
  parts.push('## Types');
  for (const name of [...types.keys()].sort()) {
    const schema = types.get(name);
    if (schema) parts.push(`### ${name}`, fieldTable(schema, 'Field'));
  }
  return `${parts.join('\n\n')}\n`;
}

export function generatedNote(source: string): string {
  return `<!-- Made by \`npx node tools/reference/main.ts\` from ${source}. Do not edit. -->`;
}

function groupText({ title, routes, note, brief }: Group): string {
  const parts = [`## ${title}`];
  if (note) parts.push(note);
  if (brief) {
    const rows = Object.entries(routes).map(
      ([name, spec]) => `| ${name} | \`${spec.method} ${shownPath(spec.path)}\` | ${spec.since} | ${spec.summary} |`,
    );
    parts.push(['| Operation | Request | Since | |', '|---|---|---|---|', ...rows].join('\n'));
  } else for (const [name, spec] of Object.entries(routes)) parts.push(operationText(name, spec));
  return parts.join('\n\n');
}

function operationText(name: string, spec: RouteSpec): string {
  const parts = [`### ${name}`, `\`${spec.method} ${shownPath(spec.path)}\` (since ${spec.since})`, `${spec.summary}.`];
  if (spec.query) parts.push(fieldTable(spec.query, 'Query'));
  const body = bodyText(spec);
  parts.push(body === undefined ? answerText(spec) : `${body}\n\n${answerText(spec)}`);
  return parts.join('\n\n');
}

/** `{name:.*}` is how the table says that a parameter may hold slashes; readers need the name only. */
function shownPath(path: string): string {
  return path.replaceAll(/\{(\w+):[^}]*\}/g, '{$1}');
}

function bodyText(spec: RouteSpec): string | undefined {
  const may = spec.bodyOptional ? ', may be left out' : '';
  if (spec.bodyBytes) return `Body: bytes${may}.`;
  return spec.body && `Body: ${schemaText(spec.body)}${may}.`;
}

const kindTexts: Readonly<Record<ResponseKind, string>> = {
  json: 'JSON',
  empty: 'no body',
  text: 'plain text',
  'json-stream': 'JSON documents, one after the other',
  bytes: 'bytes',
  'raw-stream': "container output; in Docker's frames of 8-byte headers unless the container has a terminal",
  hijack: 'the connection itself, in both directions',
};

function answerText(spec: RouteSpec): string {
  const status = spec.status ?? 200;
  const shape = spec.result ? `: ${schemaText(spec.result)}` : '';
  return `Answers ${status}, ${kindTexts[spec.response]}${shape}.`;
}
