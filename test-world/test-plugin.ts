/** A plugin of Docker's protocol for tests: an HTTP server on a socket where engines look for plugins. */
import { existsSync, mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';

export const pluginSocketFolder = '/run/docker/plugins';

export interface PluginCall {
  readonly method: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Answers by method: `VolumeDriver.Create`. What is thrown becomes the plugin's error. */
export type PluginAnswers = Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => unknown>>;

export interface TestPlugin extends AsyncDisposable {
  readonly name: string;
  readonly calls: readonly PluginCall[];
  /** Bodies of all calls of one method. */
  bodiesOf(method: string): readonly Readonly<Record<string, unknown>>[];
}

export async function startTestPlugin(
  name: string,
  capabilities: readonly string[],
  answers: PluginAnswers,
): Promise<TestPlugin> {
  const isNewFolder = !existsSync(pluginSocketFolder);
  mkdirSync(pluginSocketFolder, { recursive: true });
  const socket = path.join(pluginSocketFolder, `${name}.sock`);
  const calls: PluginCall[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const method = (request.url ?? '').slice(1);
    const body: Readonly<Record<string, unknown>> = text === '' ? {} : JSON.parse(text);
    calls.push({ method, body });
    const answer = method === 'Plugin.Activate' ? () => ({ Implements: capabilities }) : answers[method];
    response.setHeader('Content-Type', 'application/vnd.docker.plugins.v1.2+json');
    if (answer === undefined) response.statusCode = 404;
    response.end(JSON.stringify(answer === undefined ? { Err: `no ${method}` } : tried(() => answer(body))));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  return {
    name,
    calls,
    bodiesOf: (method) => calls.filter((call) => call.method === method).map(({ body }) => body),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(socket, { force: true });
      if (isNewFolder) removeIfEmpty(pluginSocketFolder);
    },
  };
}

function tried(answer: () => unknown): unknown {
  try {
    return answer() ?? {};
  } catch (error) {
    return { Err: error instanceof Error ? error.message : String(error) };
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody else's plugin is there by now.
  }
}
