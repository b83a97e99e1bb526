/** Runs an app under the stand-in: starts Chromium, then the app's main file, as Electron's own start-up does. */
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { app } from './app.ts';
import { BrowserProcess } from './browser-process.ts';
import { manageWindows } from './browser-window.ts';

interface Package {
  readonly name?: string;
  readonly productName?: string;
  readonly version?: string;
  readonly main?: string;
  readonly type?: string;
}

const given: string[] = JSON.parse(process.env.ELECTRON_STANDIN_REST ?? '[]');
delete process.env.ELECTRON_STANDIN_REST;

const target = path.resolve(given.find((arg) => !arg.startsWith('-')) ?? '.');
const isFolder = statSync(target).isDirectory();
const description: Package = isFolder ? JSON.parse(readFileSync(path.join(target, 'package.json'), 'utf8')) : {};
const mainFile = isFolder ? path.join(target, description.main ?? 'index.js') : target;

app.standinPath = isFolder ? target : path.dirname(target);
app.name = description.productName ?? description.name ?? 'Electron';
app.standinVersion = description.version ?? '0.0.0';
for (const arg of given) {
  const match = /^--([^=]+)=?(.*)$/.exec(arg);
  if (match?.[1] !== undefined) app.commandLine.appendSwitch(match[1], match[2]);
}

async function launchBrowser(): Promise<void> {
  // After the main file's first statements, which may still set switches.
  await new Promise((resolve) => setImmediate(resolve));
  const { commandLine } = app;
  const browser = await BrowserProcess.launch(
    commandLine.getSwitchValue('user-data-dir'),
    commandLine.getSwitchValue('remote-debugging-port'),
  );
  app.standinEnd = () => browser.end();
  await manageWindows(browser);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => app.quit());
  app.standinBecomeReady();
}

const launched = launchBrowser();
const isCommonJs = mainFile.endsWith('.cjs') || (description.type !== 'module' && !mainFile.endsWith('.mjs'));
if (isCommonJs) createRequire(mainFile)(mainFile);
else await import(pathToFileURL(mainFile).href);
await launched;
