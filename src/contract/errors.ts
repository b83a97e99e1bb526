/**
 * Every error Wharf raises on purpose: a closed set of codes, each with its HTTP status and default hint, in one record.
 * The daemon maps a code to a status here and nowhere else; clients show `hint` under the message.
 *
 * On the wire an error is Docker's `{message}` plus `code` and `hint`, which Docker's own clients ignore.
 */
import { OciFormatError } from '../oci/oci-format-error.ts';

export interface ErrorKind {
  readonly status: number;
  readonly hint?: string;
}

const kinds = {
  'request.invalid': { status: 400, hint: 'Check the request against the API reference.' },
  'request.malformed-json': { status: 400, hint: 'The request body must be valid JSON.' },
  'request.too-large': { status: 413 },
  'request.conflict': { status: 409 },
  'request.not-found': { status: 404 },
  'request.not-implemented': { status: 501 },
  'request.cancelled': { status: 499 },
  'auth.required': { status: 401, hint: 'Sign in with `wharf login`.' },
  'auth.denied': { status: 403, hint: 'Check that this account may use the repository.' },
  'reference.invalid': {
    status: 400,
    hint: 'A reference looks like [registry/]name[:tag][@digest], name in lower case.',
  },
  'digest.invalid': { status: 400 },
  'manifest.invalid': { status: 400, hint: 'The image is malformed; pull it again or tell its maker.' },
  'digest.mismatch': {
    status: 502,
    hint: 'The registry sent other bytes than it announced; nothing was kept. Try again.',
  },
  'size.mismatch': { status: 502, hint: 'The registry sent another number of bytes than it announced. Try again.' },
  'image.not-found': { status: 404, hint: 'List local images with `wharf images`, or pull it with `wharf pull`.' },
  'image.in-use': { status: 409, hint: 'Remove the containers that use it first, or force the removal.' },
  'image.ambiguous': { status: 409, hint: 'Give more characters of the image ID.' },
  'image.unsupported': { status: 400 },
  'image.no-platform': { status: 404, hint: 'Pick another platform with --platform.' },
  'layer.unsafe': { status: 400, hint: 'The layer holds an entry that would leave its root; do not trust this image.' },
  'layer.corrupt': { status: 400, hint: 'The layer can not be unpacked; pull it again or tell its maker.' },
  'layer.damaged': { status: 500, hint: 'Let `wharf image verify --repair` make it anew.' },
  'layer.too-large': { status: 400 },
  'manifest.unknown': { status: 404, hint: 'Check the name and the tag; a private repository needs `wharf login`.' },
  'registry.unreachable': { status: 500, hint: 'Check the network, the proxy and the registry address.' },
  'registry.timeout': { status: 504, hint: 'The registry answered too slowly. Try again later.' },
  'registry.protocol': {
    status: 502,
    hint: 'The address answers, but not as a registry does. Check it for typing errors.',
  },
  'registry.rate-limited': { status: 429, hint: 'Wait, or sign in for a higher limit.' },
  'registry.failed': { status: 502 },
  /** The trust policy refuses the repository, whoever signed. */
  'trust.rejected': { status: 403, hint: 'See the rules with `wharf trust policy show`.' },
  /** The trust policy asks for signatures or attestations that are not there or do not count. */
  'trust.unverified': { status: 403, hint: 'See what was found with `wharf trust inspect IMAGE`.' },
  /** The trust policy can not be used, so nothing is let in. */
  'trust.policy-broken': {
    status: 500,
    hint: 'Repair the policy file; `wharf trust policy check` says what is wrong.',
  },
  'container.not-found': { status: 404, hint: 'List containers with `wharf ps -a`.' },
  'container.ambiguous': { status: 409, hint: 'Give more characters of the container ID.' },
  'container.name-taken': { status: 409, hint: 'Pick another name, or remove the container that has it.' },
  'container.name-invalid': { status: 400, hint: 'Names use letters, digits, _ . - and start with a letter or digit.' },
  'container.not-running': { status: 409, hint: 'Start it with `wharf start`.' },
  'container.running': { status: 409, hint: 'Stop it first, or force.' },
  'container.paused': { status: 409, hint: 'Unpause it first.' },
  'container.not-paused': { status: 409 },
  'container.busy': { status: 409, hint: 'Another operation on this container is under way. Try again.' },
  'container.config-invalid': { status: 400 },
  'container.command-not-found': {
    status: 400,
    hint: 'The image has no such program; check the command or the entrypoint.',
  },
  'container.command-not-executable': { status: 400, hint: 'The file exists but can not be executed.' },
  'container.path-not-found': { status: 404 },
  'exec.not-found': { status: 404 },
  'exec.not-running': { status: 409 },
  'network.not-found': { status: 404, hint: 'List networks with `wharf network ls`.' },
  'network.ambiguous': { status: 409 },
  'network.name-taken': { status: 409 },
  'network.in-use': { status: 403, hint: 'Disconnect its containers first.' },
  'network.predefined': { status: 403 },
  'network.no-addresses': { status: 400, hint: 'Free addresses or create a network with a larger subnet.' },
  'network.address-taken': { status: 403 },
  'network.already-connected': { status: 403 },
  'network.not-connected': { status: 403 },
  'network.config-invalid': { status: 400 },
  'port.in-use': { status: 500, hint: 'Stop the process that holds the port, or publish another one.' },
  'volume.not-found': { status: 404, hint: 'List volumes with `wharf volume ls`.' },
  'volume.in-use': { status: 409, hint: 'Remove the containers that use it first.' },
  'volume.conflict': { status: 409 },
  'volume.invalid': { status: 400 },
  'volume.subpath-not-found': { status: 404, hint: 'Make the folder in the volume first.' },
  'plugin.not-found': { status: 404 },
  'plugin.ambiguous': { status: 400, hint: 'Give more characters of the plugin ID.' },
  'plugin.disabled': { status: 409, hint: 'Enable it with `docker plugin enable`.' },
  'plugin.conflict': { status: 409 },
  'plugin.invalid': { status: 400 },
  /** A plugin answered with an error, or not at all. */
  'plugin.failed': { status: 500 },
  'swarm.inactive': { status: 503 },
  'runtime.missing': { status: 500, hint: 'Install crun or runc, and conmon.' },
  'runtime.failed': { status: 500 },
  'disk.full': { status: 507, hint: 'Free space with `wharf system prune`.' },
  'kernel.denied': { status: 500, hint: 'The daemon needs root, or the kernel lacks this feature.' },
  'kernel.failed': { status: 500 },
  'daemon.unreachable': { status: 503, hint: 'Start it with `npm start` or `wharfd`.' },
  'daemon.shutting-down': { status: 503 },
  /** What an engine reported without a code Wharf knows: another engine, or a newer one. */
  'engine.failed': { status: 500 },
  'engine.unavailable': { status: 503 },
  'engine.protocol': {
    status: 502,
    hint: 'The address answers, but not as an engine does. Check it for typing errors.',
  },
  'host.unsupported': { status: 501 },
  'extension.not-found': { status: 404 },
  'extension.invalid': { status: 400 },
  internal: { status: 500, hint: 'This is a bug in Wharf; the daemon log has the details.' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof kinds;
export const errorKinds: Readonly<Record<ErrorCode, ErrorKind>> = kinds;

export interface WharfErrorOptions {
  /** One sentence that says what to do; replaces the code's default hint. Empty: no hint at all. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** HTTP status to answer instead of the code's own; only where Docker's API answers another one at this place. */
  readonly status?: number;
}

/** An error raised on purpose. `message` says what was attempted and why it failed, in Docker's words where it has some. */
export class WharfError extends Error {
  override readonly name = 'WharfError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly status: number;
  constructor(code: ErrorCode, message: string, options: WharfErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    const kind = errorKinds[code];
    this.hint = options.hint === '' ? undefined : (options.hint ?? kind.hint);
    this.status = options.status ?? kind.status;
  }
}

/** For expressions: `images.get(ref) ?? raise(noSuchImage(ref))`. */
export function raise(error: Error): never {
  throw error;
}

/**
 * Narrows an unknown to a WharfError, optionally of one code. Format errors of oci/, which may not import this file, have
 * the same shape and count as WharfErrors; so ask this function, not `instanceof`.
 */
export function isWharfError(error: unknown, code?: ErrorCode): error is WharfError {
  if (!(error instanceof WharfError) && !(error instanceof OciFormatError)) return false;
  return code === undefined || error.code === code;
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(kinds, value);
}
