import { dispatch } from './dispatch.ts';
import { processTerminal } from './terminal/process-terminal.ts';
import { ProcessSignals } from './terminal/signals.ts';

/** Entry of `bin/wharf`. */
async function main(): Promise<void> {
  const signals = new ProcessSignals();
  const code = await dispatch(process.argv.slice(2), {
    terminal: processTerminal(),
    env: process.env,
    signals,
    signal: signals.signal,
    connect: async (address, tls) => (await import('./engine/connect.ts')).connectEngine(address, tls),
  });
  // Standard streams are written synchronously on Linux; open sockets and stdin must not keep the process.
  process.exit(code);
}

void main();
