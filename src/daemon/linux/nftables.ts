/**
 * nftables in-process through libnftables (0.06 ms a command here; a spawned `nft` takes 5 ms and more), or through the
 * `nft` program where the library is missing. Each command text is one transaction: all of it applies, or nothing.
 */
import { execFileSync } from 'node:child_process';
import koffi from 'koffi';
import { WharfError } from '../../contract/errors.ts';

export interface Nftables extends Disposable {
  /** Runs commands in nft's language and answers what they print; listings have handles. @throws WharfError 'kernel.failed' with nft's message */
  run(commands: string): string;
}

interface Library {
  create(flags: number): unknown;
  free(context: unknown): void;
  bufferOutput(context: unknown): number;
  bufferError(context: unknown): number;
  outputFlags(context: unknown, flags: number): void;
  run(context: unknown, commands: string): number;
  output(context: unknown): string;
  error(context: unknown): string;
}

/** NFT_CTX_OUTPUT_HANDLE: rules are listed with the number they are deleted by. */
const outputHandles = 1 << 3;

let library: Library | 'missing' | undefined;

function loadLibrary(): Library | 'missing' {
  try {
    const lib = koffi.load('libnftables.so.1');
    return {
      create: lib.func('void *nft_ctx_new(uint32_t)'),
      free: lib.func('void nft_ctx_free(void*)'),
      bufferOutput: lib.func('int nft_ctx_buffer_output(void*)'),
      bufferError: lib.func('int nft_ctx_buffer_error(void*)'),
      outputFlags: lib.func('void nft_ctx_output_set_flags(void*, unsigned int)'),
      run: lib.func('int nft_run_cmd_from_buffer(void*, const char*)'),
      output: lib.func('const char *nft_ctx_get_output_buffer(void*)'),
      error: lib.func('const char *nft_ctx_get_error_buffer(void*)'),
    };
  } catch {
    // koffi tells nothing apart; the `nft` program is tried next and reports its own absence.
    return 'missing';
  }
}

/** Opens nftables of the network namespace the thread is in; with the library it stays there. */
export function openNftables(): Nftables {
  library ??= loadLibrary();
  return library === 'missing' ? nftProgram() : nftLibrary(library);
}

function nftLibrary(lib: Library): Nftables {
  const context = lib.create(0);
  lib.bufferOutput(context);
  lib.bufferError(context);
  lib.outputFlags(context, outputHandles);
  let open = true;
  return {
    run(commands) {
      if (!open) throw new WharfError('kernel.failed', 'nftables was closed');
      const status = lib.run(context, commands);
      const output = lib.output(context);
      const message = lib.error(context);
      if (status !== 0) throw failure(commands, message);
      return output;
    },
    [Symbol.dispose]() {
      if (open) lib.free(context);
      open = false;
    },
  };
}

function nftProgram(): Nftables {
  return {
    run(commands) {
      try {
        return execFileSync('nft', ['-a', '-f', '-'], {
          input: commands,
          encoding: 'utf8',
          stdio: ['pipe', 'pipe', 'pipe'],
        });
      } catch (cause) {
        const message = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause);
        throw failure(commands, message, cause);
      }
    },
    [Symbol.dispose]() {},
  };
}

function failure(commands: string, message: string, cause?: unknown): WharfError {
  const denied = message.includes('Operation not permitted');
  const first = message.split('\n')[0] ?? '';
  return new WharfError(
    denied ? 'kernel.denied' : 'kernel.failed',
    `apply nftables rules: ${first} (${commands.slice(0, 200)})`,
    {
      cause,
    },
  );
}
