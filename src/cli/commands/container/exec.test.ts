import { describe, expect, it } from 'vitest';
import { fakeEngine, frame } from '../../test-support/fake-engine.ts';
import { runWharf } from '../../test-support/run-wharf.ts';

describe('wharf exec', () => {
  it('shows the output and exits with the code of the command', async () => {
    await using engine = await fakeEngine();
    engine.on('POST /containers/web/exec', { status: 201, body: { Id: 'e1' } });
    engine.on('POST /exec/e1/start', { hijack: (socket) => void socket.write(frame(1, 'hi\n')) });
    engine.on('GET /exec/e1/json', { body: { ExitCode: 3, Running: false } });
    const run = await runWharf(['-H', engine.host, 'exec', '-e', 'A=1', '-w', '/tmp', 'web', 'sh', '-c', 'exit 3']);
    expect(run).toEqual({ code: 3, stdout: 'hi\n', stderr: '' });
    expect(JSON.parse(engine.requests[0]?.body.toString() ?? '')).toMatchObject({
      Cmd: ['sh', '-c', 'exit 3'],
      Env: ['A=1'],
      WorkingDir: '/tmp',
      AttachStdin: false,
    });
  });

  it('exits with 1 for a container that is not there', async () => {
    await using engine = await fakeEngine();
    engine.on('POST /containers/nope/exec', {
      status: 404,
      body: { message: 'No such container: nope', code: 'container.not-found', hint: 'h' },
    });
    expect(await runWharf(['-H', engine.host, 'exec', 'nope', 'ls'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'wharf: exec: No such container: nope\nh\n',
    });
  });
});
