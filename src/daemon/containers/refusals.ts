import { WharfError } from '../../contract/errors.ts';
import type { ContainerHandle } from './container-context.ts';
import type { Refusal } from './container-state.ts';

/** The error for an event a state does not take, in Docker's words where it has some. */
export function refusalError({ id }: Pick<ContainerHandle, 'id'>, refused: Refusal): WharfError {
  switch (refused) {
    case 'already-paused':
      return new WharfError('container.paused', `Container ${id} is already paused`);
    case 'not-paused':
      return new WharfError('container.not-paused', `Container ${id} is not paused`);
    case 'paused':
      return new WharfError('container.paused', `container ${id} is paused`);
    case 'not-running':
    case 'already-stopped':
      return new WharfError('container.not-running', `container ${id} is not running`);
    case 'running':
    case 'already-running':
      return new WharfError('container.running', `container ${id} is running`);
    case 'restarting':
      return new WharfError(
        'container.not-running',
        `Container ${id} is restarting, wait until the container is running`,
        { hint: 'Wait until it runs, or stop it.' },
      );
    case 'starting':
      return new WharfError('container.busy', `container ${id} is starting`);
    case 'removing':
      return new WharfError('container.busy', `removal of container ${id} is already in progress`);
    case 'dead':
      return new WharfError('container.busy', `container ${id} is marked for removal and cannot be started`, {
        hint: 'Its removal failed; remove it again.',
      });
  }
}
