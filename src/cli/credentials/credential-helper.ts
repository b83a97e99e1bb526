import { spawn } from 'node:child_process';
import { UsageError } from '../argv/usage-error.ts';
import { isRecord } from '../settings/config-home.ts';
import { type Credential, tokenUsername } from './credential.ts';

/**
 * Programs named `docker-credential-<name>` that keep secrets in the system's own store. Protocol: one verb as argument, a
 * document on stdin, a document on stdout; see docker/docker-credential-helpers.
 */
const helperTimeoutMs = 30_000;
/** Of one credential; far more than any has. */
const maxAnswerBytes = 1 << 20;
const notFoundText = 'credentials not found';

/** @throws UsageError when the helper fails for another reason than having nothing */
export async function helperGet(name: string, key: string, signal: AbortSignal): Promise<Credential | undefined> {
  const { code, stdout } = await runHelper(name, 'get', key, signal);
  if (code !== 0) {
    if (stdout.trim().startsWith(notFoundText)) return undefined;
    throw helperError(name, 'get', stdout);
  }
  const answer = parsedOrUndefined(stdout);
  if (!isRecord(answer) || typeof answer.Username !== 'string' || typeof answer.Secret !== 'string') {
    throw helperError(name, 'get', 'it answered something else than credentials');
  }
  const secret = answer.Secret;
  return answer.Username === tokenUsername
    ? { username: '', password: '', identityToken: secret }
    : { username: answer.Username, password: secret, identityToken: '' };
}

function parsedOrUndefined(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

export async function helperStore(
  name: string,
  key: string,
  credential: Credential,
  signal: AbortSignal,
): Promise<void> {
  const token = credential.identityToken !== '';
  const document = JSON.stringify({
    ServerURL: key,
    Username: token ? tokenUsername : credential.username,
    Secret: token ? credential.identityToken : credential.password,
  });
  const { code, stdout } = await runHelper(name, 'store', document, signal);
  if (code !== 0) throw helperError(name, 'store', stdout);
}

export async function helperErase(name: string, key: string, signal: AbortSignal): Promise<void> {
  const { code, stdout } = await runHelper(name, 'erase', key, signal);
  if (code !== 0 && !stdout.trim().startsWith(notFoundText)) throw helperError(name, 'erase', stdout);
}

function helperError(name: string, verb: string, why: string): UsageError {
  return new UsageError(`docker-credential-${name} ${verb} failed: ${why.trim()}`, {
    exitCode: 1,
    hint: 'Check credsStore and credHelpers in the configuration.',
  });
}

function spawnProblem(error: Error): string {
  return 'code' in error && error.code === 'ENOENT' ? 'there is no such program in PATH' : error.message;
}

function runHelper(
  name: string,
  verb: string,
  input: string,
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly stdout: string }> {
  if (!/^[\w.-]+$/.test(name)) throw helperError(name, verb, 'the name is not one of a program');
  return new Promise((resolve, reject) => {
    const child = spawn(`docker-credential-${name}`, [verb], {
      stdio: ['pipe', 'pipe', 'inherit'],
      signal: AbortSignal.any([signal, AbortSignal.timeout(helperTimeoutMs)]),
    });
    const chunks: Buffer[] = [];
    let length = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length <= maxAnswerBytes) return;
      child.kill('SIGKILL');
      reject(helperError(name, verb, `it answered more than ${maxAnswerBytes} bytes`));
    });
    child.on('error', (error) => reject(signal.aborted ? signal.reason : helperError(name, verb, spawnProblem(error))));
    child.on('close', (code) => resolve({ code: code ?? 1, stdout: Buffer.concat(chunks).toString('utf8') }));
    // A helper that reads nothing closes its input early; its exit code says whether that was wrong.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
