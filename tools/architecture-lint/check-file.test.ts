import { expect, test } from 'vitest';
import { checkFile } from './check-file.ts';

const messages = (file: string, text: string) => checkFile(file, text).map((finding) => finding.message);

test('a file in no layer fails', () => {
  expect(messages('src/somewhere/new.ts', '')).toEqual([expect.stringContaining('in no layer')]);
});

test.each([
  [
    'a lower daemon folder importing an upper one',
    'src/daemon/snapshots/x.ts',
    `import { a } from '../images/image-service.ts';`,
  ],
  ['networks reaching into containers', 'src/daemon/networks/x.ts', `import { a } from '../containers/start.ts';`],
  ['the registry server using its client', 'src/registry/server/x.ts', `import { a } from '../client/x.ts';`],
  ['pure rules using Node', 'src/oci/x.ts', `import fs from 'node:fs';`],
  ['the contract using Node', 'src/contract/x.ts', `import { readFile } from 'node:fs/promises';`],
  ['the renderer using Node', 'src/renderer/ui/x.tsx', `import path from 'node:path';`],
  ['the renderer using Electron', 'src/renderer/host/x.ts', `import { ipcRenderer } from 'electron';`],
  ['the renderer reaching into the daemon', 'src/renderer/engine/x.ts', `import { a } from '../../daemon/main.ts';`],
  ['the daemon using Electron', 'src/daemon/http/x.ts', `import { app } from 'electron';`],
  [
    'one feature importing another',
    'src/renderer/features/run/x.tsx',
    `import { a } from '../images/images-page.tsx';`,
  ],
  ['the design system importing ours', 'src/renderer/ui/x.tsx', `import { a } from '../engine/queries.ts';`],
  ['a dynamic import', 'src/oci/x.ts', `const a = await import('../daemon/main.ts');`],
  ['a re-export', 'src/oci/x.ts', `export * from '../daemon/main.ts';`],
  ['a package outside the list', 'src/cli/x.ts', `import _ from 'lodash';`],
  ['the CLI reaching into the daemon', 'src/cli/x.ts', `import { a } from '../daemon/logger.ts';`],
  [
    'HTTP handlers importing more than types of a service',
    'src/daemon/http/x.ts',
    `import { a } from '../containers/container-service.ts';`,
  ],
])('%s is refused', (_title, file, text) => {
  expect(messages(file, text)).toEqual([expect.stringMatching(/may not/)]);
});

test.each([
  ['containers on images', 'src/daemon/containers/x.ts', `import type { A } from '../images/image-service.ts';`],
  [
    'HTTP handlers on the interface of a service',
    'src/daemon/http/handlers/x.ts',
    `import type { A } from '../../containers/container-service.ts';`,
  ],
  ['a feature on the engine layer', 'src/renderer/features/run/x.tsx', `import { a } from '../../engine/queries.ts';`],
  [
    'main.ts on everything in the daemon',
    'src/daemon/main.ts',
    `import { a } from './containers/create-container-service.ts';`,
  ],
  ['a test on the test world', 'src/daemon/containers/x.test.ts', `import { a } from '../../../test-world/world.ts';`],
])('%s is allowed', (_title, file, text) => {
  expect(messages(file, text)).toEqual([]);
});

test('a file name that says nothing fails', () => {
  expect(messages('src/oci/string-utils.ts', '')).toEqual([expect.stringContaining('does not say what it holds')]);
});

test('asking for the operating system is left to machine and the terminal', () => {
  expect(messages('src/renderer/app/x.ts', `if (process.platform === 'darwin') run();`)).toEqual([
    expect.stringContaining('process.platform'),
  ]);
  expect(messages('src/machine/x.ts', `if (process.platform === 'darwin') run();`)).toEqual([]);
});

test('a built-in without node: is refused', () => {
  expect(messages('src/cli/x.ts', `import fs from 'fs';`)).toEqual(['write node:fs']);
});
