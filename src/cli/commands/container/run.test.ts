import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InterruptedError } from '../../terminal/signals.ts';
import { type FakeEngine, fakeEngine, frame } from '../../test-support/fake-engine.ts';
import { runWharf } from '../../test-support/run-wharf.ts';

const id = 'c'.repeat(64);

/** An engine with one image; its container prints a line to each stream and ends with a code. */
function scriptRun(engine: FakeEngine, exitCode: number): void {
  const ended = Promise.withResolvers<void>();
  engine.on('POST /containers/create', { status: 201, body: { Id: id, Warnings: ['be careful'] } });
  engine.on(`POST /containers/${id}/start`, () => {
    started.resolve();
    return { status: 204 };
  });
  const started = Promise.withResolvers<void>();
  engine.on(`POST /containers/${id}/attach`, {
    hijack: async (socket) => {
      await started.promise;
      socket.write(frame(1, 'out\n'));
      socket.write(frame(2, 'err\n'));
      ended.resolve();
    },
  });
  engine.on(`POST /containers/${id}/wait`, {
    stream: async (response) => {
      await ended.promise;
      response.write(JSON.stringify({ StatusCode: exitCode }));
    },
  });
}

describe('wharf run', () => {
  it('attaches and waits before it starts, splits the streams and exits with the code of the container', async () => {
    await using engine = await fakeEngine();
    scriptRun(engine, 42);
    const run = await runWharf(['-H', engine.host, 'run', '--rm', 'img', 'true']);
    expect(run).toEqual({ code: 42, stdout: 'out\n', stderr: 'WARNING: be careful\nerr\n' });
    const order = engine.requests.map(({ path }) => path.split('/').at(-1));
    expect(order).toEqual(['create', 'attach', 'wait', 'start']);
    expect(engine.requests[2]?.query.get('condition')).toBe('removed');
  });

  it('prints the ID of a detached container and writes it to the cidfile', async () => {
    await using engine = await fakeEngine();
    scriptRun(engine, 0);
    const cidfile = join(engine.dir, 'cid');
    const run = await runWharf(['-H', engine.host, 'run', '-d', '--name', 'web', '--cidfile', cidfile, 'img']);
    expect(run).toMatchObject({ code: 0, stdout: `${id}\n` });
    expect(readFileSync(cidfile, 'utf8')).toBe(id);
    expect(engine.requests[0]?.query.get('name')).toBe('web');
  });

  it('pulls a missing image with progress on stderr and goes on', async () => {
    await using engine = await fakeEngine();
    scriptRun(engine, 0);
    let created = 0;
    engine.on('POST /containers/create', () => {
      created += 1;
      return created === 1
        ? { status: 404, body: { message: 'No such image: img:latest', code: 'image.not-found' } }
        : { status: 201, body: { Id: id, Warnings: [] } };
    });
    engine.on('POST /images/create', {
      stream: (response) => {
        response.write('{"status":"Pulling from library/img","id":"latest"}\r\n');
        response.write('{"status":"Downloading","progressDetail":{"current":10,"total":100},"id":"abc"}\r\n');
        response.write('{"status":"Pull complete","progressDetail":{},"id":"abc"}\r\n');
      },
    });
    const run = await runWharf(['-H', engine.host, 'run', '--rm', 'img']);
    expect(run.code).toBe(0);
    expect(run.stdout).toBe('out\n');
    expect(run.stderr).toBe(
      "Unable to find image 'img:latest' locally\nlatest: Pulling from library/img\nabc: Pull complete\nerr\n",
    );
    const pull = engine.requests.find(({ path }) => path === '/images/create');
    expect(Object.fromEntries(pull?.query ?? [])).toEqual({ fromImage: 'img', tag: 'latest' });
  });

  it('fails with 125 and the words of the registry when the pull fails', async () => {
    await using engine = await fakeEngine();
    engine.on('POST /containers/create', { status: 404, body: { message: 'No such image', code: 'image.not-found' } });
    engine.on('POST /images/create', {
      status: 404,
      body: { message: 'manifest unknown', code: 'manifest.unknown', hint: 'Check the name.' },
    });
    const run = await runWharf(['-H', engine.host, 'run', 'nosuch']);
    expect(run.code).toBe(125);
    expect(run.stderr).toBe(
      "Unable to find image 'nosuch:latest' locally\nwharf: run: manifest unknown\nCheck the name.\n",
    );
  });

  it('ends with 130 and without a container when interrupted in the middle of a pull', async () => {
    await using engine = await fakeEngine();
    const abort = new AbortController();
    const closed = Promise.withResolvers<void>();
    engine.on('POST /containers/create', { status: 404, body: { message: 'No such image', code: 'image.not-found' } });
    engine.on('POST /images/create', {
      stream: (response) => {
        response.write('{"status":"Downloading","id":"abc"}\n');
        return new Promise<void>((resolve) => {
          response.on('close', () => {
            closed.resolve();
            resolve();
          });
        });
      },
    });
    const run = runWharf(['-H', engine.host, 'run', 'img'], {
      signal: abort.signal,
      onOutput: (text) => {
        if (text.includes('Downloading')) abort.abort(new InterruptedError(130));
      },
    });
    expect((await run).code).toBe(130);
    await closed.promise;
    expect(engine.requests.filter(({ path }) => path === '/containers/create')).toHaveLength(1);
  });

  it.each([
    ['container.command-not-found', 127],
    ['container.command-not-executable', 126],
    ['port.in-use', 125],
  ])('a start that fails with %s exits with %i and removes what --rm promised', async (code, exitCode) => {
    await using engine = await fakeEngine();
    scriptRun(engine, 0);
    engine.on(`POST /containers/${id}/start`, { status: 400, body: { message: 'could not start', code } });
    engine.on(`DELETE /containers/${id}`, { status: 204 });
    const run = await runWharf(['-H', engine.host, 'run', '--rm', 'img']);
    expect(run.code).toBe(exitCode);
    expect(run.stderr).toContain('wharf: run: could not start\n');
    expect(engine.requests.at(-1)).toMatchObject({ method: 'DELETE' });
  });

  it('reads the message of engines that send no codes', async () => {
    await using engine = await fakeEngine();
    scriptRun(engine, 0);
    engine.on(`POST /containers/${id}/start`, {
      status: 400,
      body: { message: 'exec: "x": executable file not found in $PATH' },
    });
    expect((await runWharf(['-H', engine.host, 'run', 'img', 'x'])).code).toBe(127);
  });

  it('passes standard input on and its end', async () => {
    await using engine = await fakeEngine();
    const ended = Promise.withResolvers<void>();
    engine.on('POST /containers/create', { status: 201, body: { Id: id, Warnings: [] } });
    engine.on(`POST /containers/${id}/start`, { status: 204 });
    engine.on(`POST /containers/${id}/attach`, {
      hijack: async (socket) => {
        const chunks: Buffer[] = [];
        for await (const chunk of socket) chunks.push(Buffer.from(chunk));
        socket.write(frame(1, Buffer.concat(chunks).toString().toUpperCase()));
        ended.resolve();
      },
    });
    engine.on(`POST /containers/${id}/wait`, {
      stream: async (response) => {
        await ended.promise;
        response.write('{"StatusCode":0}');
      },
    });
    const run = await runWharf(['-H', engine.host, 'run', '-i', 'img', 'tr'], { stdin: 'hello' });
    expect(run).toMatchObject({ code: 0, stdout: 'HELLO' });
  });

  it('passes signals on to the container', async () => {
    await using engine = await fakeEngine();
    scriptRun(engine, 0);
    const killed = Promise.withResolvers<string | null>();
    engine.on(`POST /containers/${id}/kill`, ({ query }) => {
      killed.resolve(query.get('signal'));
      return { status: 204 };
    });
    await runWharf(['-H', engine.host, 'run', 'img'], { onCapture: (send) => send('SIGUSR1') });
    expect(await killed.promise).toBe('USR1');
  });

  it('refuses a terminal whose input is none', async () => {
    const run = await runWharf(['-H', 'unix:///nonexistent', 'run', '-it', 'img']);
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('the input device is not a TTY') });
  });

  it('leaves an existing cidfile alone', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'wharf-cid-'));
    try {
      const run = await runWharf(['-H', 'unix:///nonexistent', 'run', '--cidfile', dir, 'img']);
      expect(run).toMatchObject({ code: 125, stderr: expect.stringContaining('container ID file found') });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
