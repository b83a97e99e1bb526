/** docs/reference/errors.md out of the closed set of error codes. */
import { type ErrorKind, errorKinds } from '../../src/contract/errors.ts';
import { generatedNote } from './api-reference.ts';

const intro = `# Errors

Everything Wharf refuses or fails at on purpose has one of these codes. On the wire an error is Docker's \`{"message"}\` with
\`code\` and, where there is something to do, \`hint\` beside it; Docker's own clients show the message and ignore the rest.

Where Docker's API answers another status at one place, that place does too; the status here is the code's own.
An empty hint means that the message says all there is to say, or that the place that raises it has a hint of its own.`;

export function errorReference(): string {
  const rows = Object.entries<ErrorKind>(errorKinds).map(
    ([code, { status, hint }]) => `| \`${code}\` | ${status} | ${hint ?? ''} |`,
  );
  const table = ['| Code | HTTP status | Hint |', '|---|---|---|', ...rows].join('\n');
  return `${[generatedNote('src/contract/errors.ts'), intro, table].join('\n\n')}\n`;
}
