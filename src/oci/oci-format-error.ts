/**
 * Raised by the parsers of this folder. It has the shape of contract's WharfError (which this folder must not import), so
 * `isWharfError` accepts it and every mapper of errors treats it as one.
 */
export type OciFormatErrorCode =
  | 'reference.invalid'
  | 'digest.invalid'
  | 'manifest.invalid'
  | 'image.unsupported'
  | 'request.invalid';

export class OciFormatError extends Error {
  /** Same as WharfError's: the two are one kind of error to whoever reads them. */
  override readonly name = 'WharfError';
  readonly code: OciFormatErrorCode;
  readonly hint: string | undefined;
  /** Always the caller's or the image maker's fault: malformed input. */
  readonly status = 400;
  constructor(code: OciFormatErrorCode, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
