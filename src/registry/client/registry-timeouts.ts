/** Time limits and bounds of talking to a registry. Every wait of this folder ends by one of them or by its signal. */
export interface RegistryTimeouts {
  /** Name look-up, TCP and TLS together. */
  readonly connectMs: number;
  /** As `connectMs`, where another endpoint can be asked instead. */
  readonly connectWithAlternativeMs: number;
  /** No byte in either direction while we wait. */
  readonly idleMs: number;
  /** A whole small document: manifest, token, list. */
  readonly documentMs: number;
  /** A blob that brings less than `slowMinBytes` in this time of waiting is given up: a peer may not drip for ever. */
  readonly slowWindowMs: number;
  readonly slowMinBytes: number;
  /** Tries in a row of a blob that bring next to nothing. */
  readonly fruitlessTries: number;
  /** First pause before a retry; doubles each time. */
  readonly retryPauseMs: number;
  /** Longest `Retry-After` that is waited out; a longer one is reported. */
  readonly retryAfterMaxMs: number;
  /** How long an endpoint that could not be reached is left out where there are others. */
  readonly unreachableMemoryMs: number;
}

export const defaultTimeouts: RegistryTimeouts = {
  connectMs: 15_000,
  connectWithAlternativeMs: 5_000,
  idleMs: 30_000,
  documentMs: 60_000,
  slowWindowMs: 60_000,
  slowMinBytes: 16 * 1024,
  fruitlessTries: 5,
  retryPauseMs: 250,
  retryAfterMaxMs: 10_000,
  unreachableMemoryMs: 20_000,
};
