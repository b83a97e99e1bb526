/** A `--format` template that can not be read or does not fit the data. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}
