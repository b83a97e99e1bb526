import { templateProblem, unescapeFormat } from './list-view.ts';
import { compileTemplate } from './template/evaluate.ts';
import { TemplateError } from './template/template-error.ts';

/**
 * Prints objects as `docker inspect` does: a JSON array indented by four, `json` for a document a line, or a template per
 * object.
 * @throws UsageError for a template that does not fit
 */
export function renderInspect(objects: readonly unknown[], format: string | undefined): string {
  if (format === undefined || format === '') return `${JSON.stringify(objects, null, 4)}\n`;
  if (format === 'json') return objects.map((object) => `${JSON.stringify(object)}\n`).join('');
  return renderObjects(objects, format);
}

/** One object by template; missing fields are errors, as in docker. */
export function renderObjects(objects: readonly unknown[], format: string): string {
  try {
    const render = compileTemplate(unescapeFormat(format), { strict: true });
    return objects.map((object) => `${render(object)}\n`).join('');
  } catch (error) {
    throw error instanceof TemplateError ? templateProblem(error) : error;
  }
}
