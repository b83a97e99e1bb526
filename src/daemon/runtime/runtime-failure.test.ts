import { describe, expect, it } from 'vitest';
import { parseReport } from './conmon.ts';
import { runtimeFailure, runtimeMessage } from './runtime-failure.ts';

describe('what a runtime says', () => {
  it('is the last error of its log, not its warnings, and else its stderr', () => {
    const log =
      '{"level":"warning","msg":"old"}\n{"level":"error","msg":"bad"}\n{"level":"warning","msg":"late"}\n{"lev';
    expect(runtimeMessage(log, 'stderr')).toBe('bad');
    expect(runtimeMessage('', ' stderr \n')).toBe('stderr');
  });
  it('gets the same words and code from both runtimes', () => {
    const crun = runtimeFailure(
      'create',
      'executable file `nope` not found in $PATH: No such file or directory',
      'nope',
    );
    const text =
      'runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH';
    const runc = runtimeFailure('create', text, 'nope');
    expect(crun.message).toBe(runc.message);
    expect([crun.code, runc.code]).toEqual(['container.command-not-found', 'container.command-not-found']);
    const exec = [
      'open executable: Permission denied',
      'exec failed: unable to start container process: exec: "/x": permission denied',
    ];
    for (const message of exec) {
      expect(runtimeFailure('exec', message, '/x')).toMatchObject({
        code: 'container.command-not-executable',
        message:
          'OCI runtime exec failed: exec failed: unable to start container process: exec: "/x": permission denied',
      });
    }
  });
  it('of a folder that is not there ends with 127 under both runtimes', () => {
    const crun = runtimeFailure('exec', 'chdir `/nope`: No such file or directory', 'pwd');
    const text = 'chdir to cwd ("/nope") set in config.json failed: no such file or directory';
    const runc = runtimeFailure('exec', `exec failed: unable to start container process: ${text}`, 'pwd');
    expect(crun.message).toBe(`OCI runtime exec failed: exec failed: unable to start container process: ${text}`);
    expect([runc.message, runc.code]).toEqual([crun.message, 'container.command-not-found']);
  });
  it('is passed on when it is something else', () => {
    expect(runtimeFailure('exec', 'exec failed: cannot join', 'x')).toMatchObject({
      code: 'runtime.failed',
      message: 'OCI runtime exec failed: exec failed: cannot join',
    });
  });
});

describe("conmon's report", () => {
  it('is a PID or a failure', () => {
    expect(parseReport('{"data":42}\n', '')).toEqual({ kind: 'created', pid: 42 });
    expect(parseReport('{"data":-1,"message":"why\\n"}\n', '')).toEqual({ kind: 'failed', message: 'why' });
    expect(parseReport('', 'conmon died')).toEqual({ kind: 'failed', message: 'conmon died' });
  });
});
