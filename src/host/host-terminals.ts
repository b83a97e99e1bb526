import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { type IPty, spawn } from 'node-pty';
import { WharfError } from '../contract/errors.ts';
import type { HostEvents } from './host-events.ts';

const maxSessions = 16;

interface Session {
  readonly pty: IPty;
  readonly owner: string;
}

/** Shells on this machine. A session belongs to the window or socket that opened it and ends with it. */
export class HostTerminals implements Disposable {
  readonly #sessions = new Map<string, Session>();
  readonly #events: HostEvents;

  constructor(events: HostEvents) {
    this.#events = events;
  }

  open(size: { cols: number; rows: number; cwd?: string }, shell: string, owner: string): { sessionId: string } {
    if (this.#sessions.size >= maxSessions) {
      throw new WharfError('request.conflict', `${maxSessions} host terminals are open already`, {
        hint: 'Close one of them first.',
      });
    }
    const cwd = size.cwd ?? homedir();
    if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new WharfError('request.not-found', `no such folder: ${cwd}`);
    }
    const sessionId = `t${randomBytes(9).toString('base64url')}`;
    const pty = this.#spawn(shell, { cols: size.cols, rows: size.rows, cwd });
    this.#sessions.set(sessionId, { pty, owner });
    pty.onData((data) => this.#events.emit('terminal.data', { sessionId, data }, owner));
    pty.onExit(({ exitCode }) => {
      this.#sessions.delete(sessionId);
      this.#events.emit('terminal.exit', { sessionId, exitCode }, owner);
    });
    return { sessionId };
  }

  write(sessionId: string, data: string, owner: string): void {
    this.#get(sessionId, owner).pty.write(data);
  }

  resize(sessionId: string, cols: number, rows: number, owner: string): void {
    this.#get(sessionId, owner).pty.resize(cols, rows);
  }

  close(sessionId: string, owner: string): void {
    this.#get(sessionId, owner).pty.kill();
  }

  closeAllOf(owner: string): void {
    for (const session of this.#sessions.values()) if (session.owner === owner) session.pty.kill();
  }

  [Symbol.dispose](): void {
    for (const { pty } of this.#sessions.values()) pty.kill();
    this.#sessions.clear();
  }

  #get(sessionId: string, owner: string): Session {
    const session = this.#sessions.get(sessionId);
    if (session === undefined || session.owner !== owner) {
      throw new WharfError('request.not-found', 'this terminal has ended');
    }
    return session;
  }

  #spawn(shell: string, size: { cols: number; rows: number; cwd: string }): IPty {
    const program = shell === '' ? (process.env.SHELL ?? '/bin/sh') : shell;
    try {
      return spawn(program, [], { ...size, name: 'xterm-256color', env: process.env });
    } catch (cause) {
      throw new WharfError('request.not-found', `could not start the shell ${program}`, {
        hint: 'Choose another shell in Settings.',
        cause,
      });
    }
  }
}
