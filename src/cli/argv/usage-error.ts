/**
 * The command line itself is wrong. `exitCode` follows docker: 125 for a bad flag, 1 for a wrong number of arguments or
 * an unknown command.
 */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly exitCode: number;
  readonly hint: string | undefined;
  constructor(message: string, options: { readonly exitCode: number; readonly hint?: string }) {
    super(message);
    this.exitCode = options.exitCode;
    this.hint = options.hint;
  }
}
