import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { readIfThere, writeAtomic } from '../machine/atomic-file.ts';

const lifeMs = 30 * 24 * 3600_000;
const maxSessions = 32;
const Stored = Type.Array(Type.Object({ hash: Type.String({ pattern: '^[0-9a-f]{64}$' }), untilMs: Type.Number() }));

/** Signed-in browsers. Secrets are kept as hashes, so the file alone signs nobody in; they survive a restart. */
export class WebSessions {
  readonly #file: string;
  readonly #now: () => number;
  #sessions: Static<typeof Stored>;

  private constructor(file: string, sessions: Static<typeof Stored>, now: () => number) {
    this.#file = file;
    this.#sessions = sessions;
    this.#now = now;
  }

  static async open(file: string, now: () => number = Date.now): Promise<WebSessions> {
    let stored: unknown = [];
    try {
      stored = JSON.parse((await readIfThere(file)) ?? '[]');
    } catch {
      // A damaged file costs a new sign-in, nothing else.
    }
    return new WebSessions(file, Value.Check(Stored, stored) ? stored : [], now);
  }

  /** @returns the secret of a new session, for its cookie */
  async create(): Promise<string> {
    const secret = randomBytes(32).toString('base64url');
    const live = this.#sessions.filter((session) => session.untilMs > this.#now()).slice(1 - maxSessions);
    this.#sessions = [...live, { hash: digest(secret).toString('hex'), untilMs: this.#now() + lifeMs }];
    await writeAtomic(this.#file, JSON.stringify(this.#sessions));
    return secret;
  }

  /** Compares with every session in the same time whether or not one matches. */
  has(secret: string): boolean {
    const given = digest(secret);
    let found = false;
    for (const { hash, untilMs } of this.#sessions) {
      const same = timingSafeEqual(given, Buffer.from(hash, 'hex'));
      found = (same && untilMs > this.#now()) || found;
    }
    return found;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
