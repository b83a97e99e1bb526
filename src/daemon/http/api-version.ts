/** API versions in paths: `/v1.43/containers/json`. Without one the newest counts. */
import { apiVersion, minApiVersion } from '../../contract/engine-routes.ts';
import { WharfError } from '../../contract/errors.ts';

export interface VersionedPath {
  readonly version: string;
  /** Without the version prefix. */
  readonly path: string;
}

/** @throws WharfError 'request.invalid' in Docker's words when the version is out of range */
export function splitVersion(path: string): VersionedPath {
  const found = /^\/v(\d[\d.]{0,15})(\/.*)$/.exec(path);
  if (found?.[1] === undefined || found[2] === undefined) return { version: apiVersion, path };
  const version = found[1];
  if (compareVersions(version, apiVersion) > 0) {
    throw new WharfError(
      'request.invalid',
      `client version ${version} is too new. Maximum supported API version is ${apiVersion}`,
      { hint: `Set DOCKER_API_VERSION=${apiVersion}.` },
    );
  }
  if (compareVersions(version, minApiVersion) < 0) {
    throw new WharfError(
      'request.invalid',
      `client version ${version} is too old. Minimum supported API version is ${minApiVersion}, please upgrade your client to a newer version`,
      { hint: '' },
    );
  }
  return { version, path: found[2] };
}

/** Negative when a is older than b. Compares part by part: 1.9 is older than 1.24. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let part = 0; part < Math.max(left.length, right.length); part += 1) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
