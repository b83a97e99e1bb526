import { WharfError } from '../contract/errors.ts';
import type { InstallProgress } from '../contract/host-schemas.ts';

const maxJobs = 8;
const progressEveryMs = 100;

/** One preview or install under way. */
export interface PackageJob {
  readonly signal: AbortSignal;
  progress(phase: InstallProgress['phase'], message: string, current?: number, total?: number): void;
}

/** Preview and install jobs by the id their caller chose, so that they can be watched and cancelled. */
export class PackageJobs {
  readonly #running = new Map<string, AbortController>();
  readonly #report: (progress: InstallProgress) => void;

  constructor(report: (progress: InstallProgress) => void) {
    this.#report = report;
  }

  /** @throws WharfError 'request.conflict' when the id is taken or too many jobs run; else whatever `work` throws */
  async run<T>(jobId: string, subject: string, work: (job: PackageJob) => Promise<T>): Promise<T> {
    if (this.#running.has(jobId) || this.#running.size >= maxJobs) {
      throw new WharfError('request.conflict', 'too many installs are under way', { hint: 'Wait for one to end.' });
    }
    const abort = new AbortController();
    this.#running.set(jobId, abort);
    let last = { atMs: 0, phase: '' };
    const progress: PackageJob['progress'] = (phase, message, current, total) => {
      const nowMs = Date.now();
      const complete = current !== undefined && current === total;
      if (phase === last.phase && nowMs - last.atMs < progressEveryMs && !complete) return;
      last = { atMs: nowMs, phase };
      this.#report({ jobId, subject, phase, message, ...(current === undefined ? {} : { current, total }) });
    };
    try {
      const result = await work({ signal: abort.signal, progress });
      progress('done', '');
      return result;
    } catch (error) {
      progress('failed', error instanceof Error ? error.message : String(error));
      if (abort.signal.aborted) throw new WharfError('request.cancelled', 'cancelled', { cause: error, hint: '' });
      throw error;
    } finally {
      this.#running.delete(jobId);
    }
  }

  cancel(jobId: string): void {
    this.#running.get(jobId)?.abort();
  }
}
