/** The Docker Engine API over one kept-alive connection, with nothing of ours in between: the same for every subject. */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';

/** The newest version that dockerd 20.10, podman 4 and Wharf all speak. */
const prefix = '/v1.40';

export interface EngineApi extends Disposable {
  call(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly text: string }>;
  /** PUTs a tar. @throws when the engine refuses */
  upload(path: string, archive: Buffer): Promise<void>;
  /** Starts an exec and reads its output to the end. */
  runExec(id: string): Promise<number>;
}

export function engineApi(socket: string): EngineApi {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    call: (method, path, body) =>
      new Promise((resolve, reject) => {
        const payload = body === undefined ? undefined : JSON.stringify(body);
        const headers = payload === undefined ? {} : { 'content-type': 'application/json' };
        const asked = request({ socketPath: socket, agent, method, path: `${prefix}${path}`, headers }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
          answer.on('error', reject);
        });
        asked.on('error', reject);
        asked.end(payload);
      }),
    upload: (path, archive) =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/x-tar', 'content-length': archive.length };
        const options = { socketPath: socket, agent, method: 'PUT', path: `${prefix}${path}`, headers };
        const asked = request(options, (answer) => {
          let text = '';
          answer.on('data', (chunk) => {
            text += String(chunk);
          });
          answer.on('end', () => {
            if (answer.statusCode === 200) resolve();
            else reject(new Error(`PUT ${path}: ${answer.statusCode} ${text}`));
          });
        });
        asked.on('error', reject);
        asked.end(archive);
      }),
    runExec: (id) =>
      new Promise((resolve, reject) => {
        const body = JSON.stringify({ Detach: false, Tty: false });
        const connection = connect(socket, () => {
          connection.write(
            `POST ${prefix}/exec/${id}/start HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n` +
              `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          );
        });
        let bytes = 0;
        connection.on('data', (chunk) => {
          bytes += chunk.length;
        });
        connection.on('end', () => connection.end());
        connection.on('close', () => resolve(bytes));
        connection.on('error', reject);
      }),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** @throws when the engine refuses */
export async function must(api: EngineApi, method: string, path: string, body?: unknown): Promise<string> {
  const { status, text } = await api.call(method, path, body);
  if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
  return text;
}

export async function createContainer(api: EngineApi, body: Readonly<Record<string, unknown>>): Promise<string> {
  const made: { readonly Id: string } = JSON.parse(await must(api, 'POST', '/containers/create', body));
  return made.Id;
}
