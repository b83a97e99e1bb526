// Loaded before everything else: makes `electron` mean the stand-in, and the process look like Electron's main process.
const { registerHooks } = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const url = pathToFileURL(path.join(__dirname, 'electron.ts')).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' || specifier === 'electron/main'
      ? { url, format: 'module-typescript', shortCircuit: true }
      : next(specifier, context),
});
process.argv = JSON.parse(process.env.ELECTRON_STANDIN_ARGV);
delete process.env.ELECTRON_STANDIN_ARGV;
Object.assign(process.versions, { electron: '45.4.1', chrome: '156.0.0.0' });
process.type = 'browser';
process.resourcesPath = path.join(__dirname, 'dist/resources');
