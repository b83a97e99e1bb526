/** What clients do, for the engine tests. */
import type { ContainerCreateRequest } from '../../contract/engine-types.ts';
import type { LogsQuery } from './container-service.ts';
import type { TestDaemon } from './container-test-world.ts';
import { testConnection, unframe } from './test-connection.ts';

export const testSignal = AbortSignal.timeout(300_000);
const signal = testSignal;

/** As `docker run`: attach, wait, start. */
export async function run({ containers }: TestDaemon, create: ContainerCreateRequest) {
  const { Id } = await containers.create(create, { signal });
  const session = await containers.attach(Id, { stdin: true, stdout: true, stderr: true, logs: false, stream: true });
  const connection = testConnection();
  const served = session.serve(connection.server);
  const condition = create.HostConfig?.AutoRemove ? 'removed' : 'next-exit';
  const { result } = await containers.wait(Id, { condition, signal });
  return { id: Id, connection, served, result };
}

export async function runToEnd(daemon: TestDaemon, create: ContainerCreateRequest, stdin?: string) {
  const running = await run(daemon, create);
  await daemon.containers.start(running.id, { signal });
  if (stdin !== undefined) {
    running.connection.send(stdin);
    running.connection.endInput();
  }
  const { StatusCode } = await running.result;
  await running.served;
  const bytes = running.connection.received();
  return {
    id: running.id,
    code: StatusCode,
    ...(create.Tty ? { stdout: bytes.toString(), stderr: '' } : unframe(bytes)),
  };
}

/** The code of the error it fails with. */
export async function code(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}

export async function logText(daemon: TestDaemon, id: string, query: Partial<LogsQuery> = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  const { body } = await daemon.containers.logs(id, {
    follow: false,
    stdout: true,
    stderr: true,
    timestamps: false,
    signal,
    ...query,
  });
  for await (const chunk of body) chunks.push(chunk);
  return unframe(Buffer.concat(chunks)).stdout;
}
