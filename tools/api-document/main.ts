/**
 * Asks an engine every operation of the published API document and checks the answers against it.
 *
 *   node tools/api-document/main.ts --document swagger.yaml --engine SOCKET [--beside SOCKET] [--messages]
 *
 * The document is the Docker project's and no part of this one. With `--beside`, the same walk is made on another engine
 * (dockerd); then only what differs from it counts: what it too does against the document is the document's mistake.
 */
import { parseArgs } from 'node:util';
import { checkValue, isObject, type Json } from './check-value.ts';
import { type ApiDocument, readDocument } from './document.ts';
import type { Exchange } from './exchange.ts';
import { shapeOf } from './shape.ts';
import { parsed, walkEngine } from './walk.ts';

/** Maps whose keys are data. */
const openMaps =
  /Labels|Options|DriverOpts|\.Ports|PortBindings|ExposedPorts|Sysctls|Networks|EndpointsConfig|\.Data|Containers|IPAMOptions|Runtimes|LogOpts|IndexConfigs|\.stats|networks|Annotations|Volumes|SystemStatus|Details$/;

/** What this engine's errors carry beside the message, for clients that ask. */
const additions = /^\.(code|hint|details): not in the document$/;

function findings(answer: Exchange, document: ApiDocument): readonly string[] {
  const operation = document.find(answer.method, answer.path);
  if (operation === undefined) return answer.status === 404 ? [] : [`no such operation, yet ${answer.status}`];
  const response = operation.responses.get(answer.status);
  if (response === undefined) return [`status ${answer.status} is not in the document`];
  const list: string[] = [];
  const json = answer.contentType.includes('json');
  const { schema } = response;
  if (!isObject(schema)) return answer.body.length > 0 && json ? ['has a body, the document none'] : [];
  if (!json) return schema.type === 'string' || answer.method === 'HEAD' ? [] : [`content type ${answer.contentType}`];
  if (!operation.produces.some((type) => answer.contentType.startsWith(type)))
    list.push(`content type ${answer.contentType} is not in the document`);
  const wrong = checkValue(parsed(answer), schema, document.resolve);
  return [...list, ...(answer.status < 400 ? wrong : wrong.filter((line) => !additions.test(line)))];
}

function differences(ours: Exchange, theirs: Exchange, messages: boolean): readonly string[] {
  const list: string[] = [];
  if (ours.status !== theirs.status)
    list.push(`status ${ours.status}, beside ${theirs.status}: ${short(ours)} | ${short(theirs)}`);
  else {
    if (ours.contentType !== theirs.contentType)
      list.push(`content type '${ours.contentType}', beside '${theirs.contentType}'`);
    if (messages && ours.status >= 400 && message(ours) !== message(theirs))
      list.push(`says '${message(ours)}', beside '${message(theirs)}'`);
    if (ours.status < 400) {
      const [a, b] = [shapeOf(parsed(ours), openMaps), shapeOf(parsed(theirs), openMaps)];
      for (const line of a) if (!b.has(line)) list.push(`only here:   ${line}`);
      for (const line of b) if (!a.has(line)) list.push(`only beside: ${line}`);
    }
  }
  return list;
}

const short = (answer: Exchange) => answer.body.toString('utf8', 0, 160).trim();

function message(answer: Exchange): string {
  const body: Json = parsed(answer);
  const text = isObject(body) ? String(body.message) : short(answer);
  return text.replace(/[0-9a-f]{12,64}/g, '<id>');
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      document: { type: 'string' },
      engine: { type: 'string' },
      beside: { type: 'string' },
      messages: { type: 'boolean', default: false },
    },
  });
  if (values.document === undefined || values.engine === undefined)
    throw new Error('--document and --engine are needed');
  const document = readDocument(values.document);
  const ours = await walkEngine(values.engine);
  const theirs = values.beside === undefined ? [] : await walkEngine(values.beside);
  let conforming = 0;
  let same = 0;
  for (const [at, answer] of ours.entries()) {
    const other = theirs[at];
    const known = new Set(other === undefined ? [] : findings(other, document));
    const against = findings(answer, document).filter((line) => !known.has(line));
    const differing = other === undefined ? [] : differences(answer, other, values.messages);
    if (against.length === 0) conforming += 1;
    if (differing.length === 0) same += 1;
    if (against.length + differing.length === 0) continue;
    console.log(
      `${answer.method} ${answer.path}${answer.query === '' ? '' : `?${decodeURIComponent(answer.query)}`} ${answer.status}`,
    );
    for (const line of against) console.log(`    document: ${line}`);
    for (const line of differing) console.log(`    ${line}`);
  }
  const asked = new Set(ours.map(({ method, path }) => document.find(method, path)?.name));
  const missed = document.operations.filter(({ name }) => !asked.has(name)).map(({ name }) => name);
  console.log(
    `${ours.length} requests, ${conforming} answered as the document says${missed.length > 0 ? `; not asked: ${missed.join(', ')}` : ''}`,
  );
  if (theirs.length > 0) console.log(`${same} answered as by the engine beside`);
  return conforming === ours.length && (theirs.length === 0 || same === ours.length) ? 0 : 1;
}

process.exitCode = await main();
