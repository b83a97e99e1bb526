/**
 * What an OCI runtime said, in Docker's words and with a code. crun and runc word the same failure differently; clients
 * (docker's own among them) look for runc's wording to pick the exit codes 126 and 127.
 */
import { WharfError } from '../../contract/errors.ts';

/** `create`: the container's first process; `exec`: one more process in it. */
export type FailedOperation = 'create' | 'exec';

/**
 * The last error a runtime logged. Reads both log forms: JSON lines (--log-format json) and, from a runtime that died
 * before it opened its log, whatever it wrote to stderr.
 */
export function runtimeMessage(log: string, stderr: string): string {
  let message: string | undefined;
  for (const line of log.split('\n')) {
    if (!line.startsWith('{')) continue;
    try {
      const entry: unknown = JSON.parse(line);
      if (typeof entry === 'object' && entry !== null && 'msg' in entry && typeof entry.msg === 'string') {
        // Warnings come with "level":"warning"; crun's own lines always carry "error".
        if (!('level' in entry) || entry.level === 'error' || entry.level === 'fatal') message = entry.msg;
      }
    } catch {
      // A line cut short by a dying runtime: the next source speaks.
    }
  }
  return message ?? stderr.trim();
}

const notFound = [
  /executable file .*not found in \$PATH/,
  /exec: ".*": stat .*: no such file or directory/,
  // crun of an empty command.
  /executable path not specified/,
];
const notExecutable = [
  /exec: ".*": permission denied/,
  /exec: ".*": is a directory/,
  /^open executable: /m,
  /exec format error/i,
];

/** The process's folder: crun's words, and runc's. */
const noFolder = [/^chdir `(.*)`: No such file or directory/m, /chdir to cwd \("(.*)"\) .*: no such file or directory/];

/** Turns a runtime's message into the error of the API. `command` is the first word of the command that failed. */
export function runtimeFailure(operation: FailedOperation, message: string, command: string): WharfError {
  if (notFound.some((pattern) => pattern.test(message))) {
    const why = command.includes('/')
      ? `exec: ${JSON.stringify(command)}: stat ${command}: no such file or directory`
      : `exec: ${JSON.stringify(command)}: executable file not found in $PATH`;
    return new WharfError('container.command-not-found', wording(operation, startFailure(operation, why)));
  }
  if (command === '') {
    const why = 'exec: "": executable file not found in $PATH';
    return new WharfError('container.command-not-found', wording(operation, startFailure(operation, why)));
  }
  const folder = noFolder.map((pattern) => pattern.exec(message)?.[1]).find((found) => found !== undefined);
  if (folder !== undefined) {
    const why = `chdir to cwd (${JSON.stringify(folder)}) set in config.json failed: no such file or directory`;
    return new WharfError('container.command-not-found', wording(operation, startFailure(operation, why)));
  }
  if (notExecutable.some((pattern) => pattern.test(message))) {
    const why = `exec: ${JSON.stringify(command)}: ${refusalReason(message)}`;
    return new WharfError('container.command-not-executable', wording(operation, startFailure(operation, why)));
  }
  return new WharfError(
    'runtime.failed',
    wording(operation, message === '' ? 'the runtime ended without a word' : message),
  );
}

function refusalReason(message: string): string {
  if (/exec format error/i.test(message)) return 'exec format error';
  return /is a directory|not a regular file/i.test(message) ? 'is a directory: permission denied' : 'permission denied';
}

const createPrefix = 'failed to create task for container: failed to create shim task: OCI runtime create failed: ';
const execPrefix = 'OCI runtime exec failed: exec failed: ';

function startFailure(operation: FailedOperation, why: string): string {
  const reason = `unable to start container process: ${why}`;
  return operation === 'create'
    ? `runc create failed: ${reason.replace(': exec:', ': error during container init: exec:')}`
    : reason;
}

/**
 * What runc refuses before it makes anything, said before any runtime is asked, so that both say the same.
 * @param reason as runc has it, such as `sysctl "x" is not in a separate kernel namespace`
 */
export function refusedSpec(reason: string): WharfError {
  return new WharfError('runtime.failed', wording('create', `runc create failed: ${reason}`));
}

/** The frame Docker puts around a runtime's words. runc names the operation itself; it is not said twice. */
function wording(operation: FailedOperation, text: string): string {
  return operation === 'create' ? `${createPrefix}${text}` : `${execPrefix}${text.replace(/^exec failed: /, '')}`;
}
