/** Entry of the web host's process: reads arguments, starts it, prints the sign-in link, ends in order. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { isWharfError } from '../contract/errors.ts';
import { gatewayUsage, parseGatewayArguments } from './gateway-options.ts';
import { type Installation, newLinkOfRunningHost, startWebHost } from './start-web-host.ts';

/** The folder with package.json above this file, whether it runs from src/ or from out/. */
function installationRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json')) && path.dirname(folder) !== folder)
    folder = path.dirname(folder);
  return folder;
}

function installation(): Installation {
  const root = installationRoot();
  const { version }: { version: string } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return {
    version,
    renderer: path.join(root, 'out/renderer'),
    registryBin: path.join(root, 'bin/wharf-registry'),
    wharfCommand: [path.join(root, 'bin/wharf')],
  };
}

async function run(): Promise<void> {
  const args = parseGatewayArguments(process.argv.slice(2));
  if (args.help) return void process.stdout.write(gatewayUsage);
  if (args.newLink) return void console.log(`Wharf is at ${await newLinkOfRunningHost()}`);
  const web = await startWebHost(args, installation());
  const printLink = async () => console.log(`Wharf is at ${await web.gateway.newLink()}`);
  await printLink();
  if (process.stdin.isTTY) {
    console.log('The link works once. Press Enter for a fresh one, Ctrl-C to end.');
    createInterface({ input: process.stdin }).on('line', () => void printLink());
  }
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    web[Symbol.asyncDispose]().then(
      () => process.exit(0),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}

run().catch((error: unknown) => {
  if (isWharfError(error)) {
    console.error(`wharf: ${error.message}${error.hint === undefined ? '' : `\n  ${error.hint}`}`);
  } else console.error(error);
  process.exit(1);
});
