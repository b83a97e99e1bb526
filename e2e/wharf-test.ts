/** The specs' view of one running Wharf: the app as a user has it, the engine below it, and the command line beside it. */
import path from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { createEngineClient, type EngineClient } from '../src/client/engine-client.ts';
import { createSocketTransport, parseEngineAddress } from '../src/client/node/socket-transport.ts';
import { runProgram } from '../test-world/run-program.ts';
import { test as base, expect } from './fixture.ts';
import { projectRoot } from './hosts.ts';

interface SpecFixtures {
  /** The engine itself, for arranging a scene and for seeing what the app did to it. */
  readonly engine: EngineClient;
  /** `wharf ARGS` in another terminal; answers its output and fails when it fails. */
  readonly wharf: (...args: string[]) => Promise<string>;
  /** Goes after each spec: every container, network and volume. Images stay, for pulling them again takes long. */
  readonly tidy: undefined;
}

export const test = base.extend<SpecFixtures>({
  // What is not there within this will not come; the whole spec need not be waited for.
  actionTimeout: 15_000,
  engine: async ({ world }, use) => {
    base.skip(world.registryUrl === undefined, 'needs the real engine, and so root');
    await use(createEngineClient(createSocketTransport(parseEngineAddress(`unix://${world.socket}`))));
  },
  wharf: async ({ world, home }, use) => {
    const env = { PATH: process.env.PATH ?? '', HOME: home, WHARF_HOME: home, WHARF_HOST: `unix://${world.socket}` };
    await use(async (...args) => {
      const { code, stdout, stderr } = await runProgram(path.join(projectRoot, 'bin/wharf'), args, {
        env,
        timeoutMs: 40_000,
      });
      if (code !== 0) throw new Error(`wharf ${args.join(' ')} ended with ${code}: ${stderr}`);
      return stdout;
    });
  },
  tidy: [
    async ({ engine }, use) => {
      await use(undefined);
      await clearEngine(engine);
    },
    { auto: true },
  ],
});
export { expect };

async function clearEngine(engine: EngineClient): Promise<void> {
  const signal = AbortSignal.timeout(40_000);
  const containers = await engine.call('ContainerList', { query: { all: true }, signal });
  await Promise.all(
    containers.map(({ Id }) =>
      engine.call('ContainerDelete', { params: { id: Id }, query: { force: true, v: true }, signal }),
    ),
  );
  for (const { Name, Id } of await engine.call('NetworkList', { signal }))
    if (!['bridge', 'host', 'none'].includes(Name)) await engine.call('NetworkDelete', { params: { id: Id }, signal });
  const { Volumes } = await engine.call('VolumeList', { signal });
  for (const { Name } of Volumes ?? []) await engine.call('VolumeDelete', { params: { name: Name }, signal });
}

type PageName =
  | 'Home'
  | 'Containers'
  | 'Images'
  | 'Registry'
  | 'Volumes'
  | 'Networks'
  | 'Extensions'
  | 'Plugins'
  | 'Settings';

/** Goes to a page by the sidebar and waits for its heading. */
export async function openPage(ui: Page, name: PageName): Promise<void> {
  await ui
    .getByRole('navigation', { name: 'Pages' })
    .getByRole('link', { name: new RegExp(`^${name}`) })
    .click();
  await expect(ui.getByRole('heading', { level: 1, name })).toBeVisible();
}

/** Has the images here without the app doing it. */
export async function havingImages(engine: EngineClient, ...names: readonly string[]): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  const here = (await engine.call('ImageList', { signal })).flatMap(({ RepoTags }) => RepoTags);
  for (const name of names) {
    if (here.includes(`${name}:latest`)) continue;
    for await (const { error } of engine.jsonStream('ImageCreate', {
      query: { fromImage: name, tag: 'latest' },
      signal,
    }))
      if (error !== undefined) throw new Error(`${name} could not be pulled: ${error}`);
  }
}

/** Takes an image away with all its tags, so that a spec can pull it as if for the first time. */
export async function withoutImage(engine: EngineClient, repository: string): Promise<void> {
  for (const { RepoTags } of await engine.call('ImageList'))
    for (const tag of RepoTags)
      if (tag.startsWith(`${repository}:`))
        await engine.call('ImageDelete', { params: { name: tag }, query: { force: true } });
}

/** Starts a busybox that lives until it is ended; answers its ID. */
export async function runningBusybox(
  engine: EngineClient,
  name: string,
  command: readonly string[] = ['sleep', '3600'],
): Promise<string> {
  await havingImages(engine, 'busybox');
  const { Id } = await engine.call('ContainerCreate', {
    query: { name },
    body: { Image: 'busybox', Cmd: [...command], StopTimeout: 0 },
  });
  await engine.call('ContainerStart', { params: { id: Id } });
  return Id;
}

export const dialog = (ui: Page): Locator => ui.getByRole('dialog');

/** Answers the question of a confirmation: presses the button with this verb and waits until it is gone. */
export async function confirm(ui: Page, verb: string): Promise<void> {
  await dialog(ui).getByRole('button', { name: verb, exact: true }).click();
  await expect(dialog(ui)).toHaveCount(0);
}

/** Body of an HTTP answer once one comes; a page behind a port just published may take a moment. */
export async function answerAt(url: string): Promise<string> {
  let text = '';
  await expect
    .poll(
      async () => {
        const response = await fetch(url).catch(() => undefined);
        text = (await response?.text()) ?? '';
        return response?.status;
      },
      { timeout: 20_000, message: `${url} answers` },
    )
    .toBe(200);
  return text;
}
