/** What a case is: one piece of work that answers one number a run, in its unit; lower is better. */
import { createContainer, type EngineApi, engineApi, must } from './engine-api.ts';
import type { CommandLine, RegistrySubject, Subject } from './subject.ts';

interface CaseBase {
  readonly name: string;
  readonly unit: 'ms' | 'MiB';
  /** How often, of the number asked for. */
  readonly share: number;
  /** What the ratio to the peer (or to Wharf in another case) has to be at most, or in MiB what the value has to be. */
  readonly atMost?: { readonly ratio: number; readonly toCase?: string } | { readonly value: number };
}
/** Measured once for each command line. */
export interface CommandCase extends CaseBase {
  readonly kind: 'command';
  run(subject: Subject, command: CommandLine): Promise<number>;
}
/** Measured once for each engine. Undefined: this subject has no such thing. */
export interface EngineCase extends CaseBase {
  readonly kind: 'engine';
  run(subject: Subject, api: EngineApi): Promise<number | undefined>;
}
/** Measured once for each registry server. */
export interface RegistryCase extends CaseBase {
  readonly kind: 'registry';
  run(subject: RegistrySubject): Promise<number>;
}
export type BenchCase = CommandCase | EngineCase | RegistryCase;

/** podman asks with SIGTERM first, also where removal is forced; sleep as the first process does not listen. */
export const sleeper = (subject: Subject) => ({ Image: subject.image, Cmd: ['sleep', '600'], StopTimeout: 0 });
export const force = '?force=1&v=1';

export async function withRunning<T>(
  subject: Subject,
  work: (id: string, api: EngineApi) => Promise<T>,
  body: Readonly<Record<string, unknown>> = sleeper(subject),
): Promise<T> {
  using api = engineApi(subject.socket);
  const id = await createContainer(api, body);
  await must(api, 'POST', `/containers/${id}/start`);
  try {
    return await work(id, api);
  } finally {
    await must(api, 'DELETE', `/containers/${id}${force}`);
  }
}

export async function withCreated<T>(
  subject: Subject,
  count: number,
  work: (api: EngineApi, ids: readonly string[]) => Promise<T>,
): Promise<T> {
  const ids: string[] = [];
  try {
    {
      using api = engineApi(subject.socket);
      for (let made = 0; made < count; made += 1) ids.push(await createContainer(api, sleeper(subject)));
    }
    // A new connection for the work and for the end: the daemon may be another one by then.
    using api = engineApi(subject.socket);
    return await work(api, ids);
  } finally {
    using api = engineApi(subject.socket);
    for (const id of ids) await must(api, 'DELETE', `/containers/${id}${force}`);
  }
}
