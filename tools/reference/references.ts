/** The generated pages and what makes each. */
import { apiReference } from './api-reference.ts';
import { cliReference } from './cli-reference.ts';
import { errorReference } from './error-reference.ts';
import { layerReference } from './layer-reference.ts';

export interface ReferencePage {
  /** Below the project. */
  readonly path: string;
  text(): string | Promise<string>;
}

export const referencePages: readonly ReferencePage[] = [
  { path: 'docs/reference/api.md', text: apiReference },
  { path: 'docs/reference/cli.md', text: cliReference },
  { path: 'docs/reference/errors.md', text: errorReference },
  { path: 'docs/reference/layers.md', text: layerReference },
];
