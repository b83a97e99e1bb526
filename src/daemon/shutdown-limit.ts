/** How long the daemon's end may take when containers end with it. */
import type { ContainerService } from './containers/container-service.ts';

/** Between a container's own stop timeout and the daemon's end, as in dockerd. */
const graceSeconds = 5;
const defaultStopSeconds = 10;

/**
 * The longer of `--shutdown-timeout` and the longest stop timeout of a running container; undefined when either has no limit.
 * @param timeoutSeconds negative: no limit
 */
export async function shutdownLimitMs(
  containers: ContainerService,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (timeoutSeconds < 0) return undefined;
  let seconds = timeoutSeconds;
  for (const { Id } of await containers.list({ all: false, size: false, filters: new Map() }, { signal })) {
    const { Config } = await containers.inspect(Id, { size: false, signal });
    const own = Config.StopTimeout ?? defaultStopSeconds;
    if (own < 0) return undefined;
    seconds = Math.max(seconds, own + graceSeconds);
  }
  return seconds * 1000;
}
