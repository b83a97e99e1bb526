import type { DeviceRequest } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';

/**
 * GPUs and devices by the Container Device Interface: this engine has no driver for either.
 * @throws WharfError 'container.config-invalid' in dockerd's words, as dockerd at the start
 */
export function refuseDeviceRequests(requests: readonly DeviceRequest[]): void {
  const [request] = requests;
  if (!request) return;
  const { Driver: driver = '', DeviceIDs: ids, Capabilities: capabilities } = request;
  const message =
    driver === 'cdi'
      ? `CDI device injection failed: unresolvable CDI devices ${(ids ?? []).join(', ')}`
      : `could not select device driver ${JSON.stringify(driver)} with capabilities: ${goList(capabilities ?? [])}`;
  throw new WharfError('container.config-invalid', message, {
    status: 500,
    hint: 'Give the device itself with --device.',
  });
}

/** As Go prints lists of lists: [[gpu compute]]. */
function goList(lists: readonly (readonly string[])[]): string {
  return `[${lists.map((list) => `[${list.join(' ')}]`).join(' ')}]`;
}
