import type { ContainerConfig } from '../../contract/engine-types.ts';
import { isWharfError } from '../../contract/errors.ts';
import { familiar, parseReference } from '../../oci/reference.ts';
import type { ImageRunConfig } from '../images/image-service.ts';
import { applyChanges } from '../images/run-config-changes.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import type { CommitQuery } from './container-service.ts';
import { mergeConfig } from './merge-config.ts';

/** POST /commit: an image of the container's changes. It stands still meanwhile, if asked. */
export async function commitContainer(context: ContainerContext, query: CommitQuery): Promise<{ readonly Id: string }> {
  const handle = context.find(query.container);
  return handle.queue.run(async () => {
    const { record, id } = handle;
    const freeze =
      query.pause &&
      handle.state.kind === 'running' &&
      (await ifPossible(context, id, () => context.runtime.pause(id)));
    if (freeze) context.announce(handle, 'pause');
    try {
      const own = runConfigOf(record.config);
      const base = query.config ? runConfigOf(mergeConfig(query.config, own).config) : own;
      // One parameter may carry several lines, as a Dockerfile has them.
      const changes = query.changes.flatMap((change) => change.split('\n')).filter((line) => line.trim() !== '');
      const config = applyChanges(base, changes);
      const imageId = await context.images.commit({
        baseImageId: record.imageId,
        snapshotKey: id,
        reference: query.reference,
        config,
        author: query.author,
        comment: query.comment,
        signal: query.signal,
      });
      context.announce(handle, 'commit', {
        comment: query.comment,
        imageID: imageId,
        imageRef: shownReference(query.reference),
      });
      return { Id: imageId };
    } finally {
      if (freeze && (await ifPossible(context, id, () => context.runtime.resume(id))))
        context.announce(handle, 'unpause');
    }
  });
}

/**
 * Pauses or resumes. An engine without control groups commits all the same, as dockerd does: the container goes on meanwhile.
 * One that ends in this moment stands still by itself.
 */
async function ifPossible(
  context: ContainerContext,
  id: ContainerHandle['id'],
  act: () => Promise<void>,
): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (isWharfError(error, 'host.unsupported') || isWharfError(error, 'container.not-running')) return false;
    const status = await context.runtime.status(id);
    if (status === 'stopped' || status === 'unknown') return false;
    throw error;
  }
}

function shownReference(reference: string | undefined): string {
  return reference === undefined ? '' : familiar(parseReference(reference));
}

/** What of a container's config an image keeps. */
function runConfigOf(config: ContainerConfig): ImageRunConfig {
  return {
    User: config.User,
    ExposedPorts: config.ExposedPorts ?? undefined,
    Env: config.Env ?? undefined,
    Entrypoint: config.Entrypoint,
    Cmd: config.Cmd,
    Volumes: config.Volumes,
    WorkingDir: config.WorkingDir,
    Labels: config.Labels,
    StopSignal: config.StopSignal,
    Shell: config.Shell ?? undefined,
    OnBuild: config.OnBuild,
    Healthcheck: config.Healthcheck ?? undefined,
  };
}
