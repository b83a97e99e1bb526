/** One setting of the daemon: a flag, a key of the configuration file, or both. Named as dockerd's, of which this is the list. */
export interface DaemonFlag {
  /**
   * `map` is `--flag key=value` and an object of texts in the file; `bytes` takes units (64m) and plain numbers; `json` is
   * kept as the file has it, and given as a flag it is text that `options/` parses.
   */
  readonly kind: 'text' | 'list' | 'switch' | 'number' | 'bytes' | 'map' | 'json';
  readonly short?: string;
  /** Key in the configuration file; lists have their plural there, as in dockerd's daemon.json. Absent: a flag only. */
  readonly key?: string;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
  /** Why Wharf can not do it. Asking for it is an error with this text; saying no to it is fine. */
  readonly refused?: string;
}

export type FlagTable = Readonly<Record<string, DaemonFlag>>;
