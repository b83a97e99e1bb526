/** Schemas in words, for Markdown tables. */
import type { AnySchema } from '../../src/contract/schema.ts';
import { type Properties, typeName } from './named-types.ts';

/** How a schema reads in a table's cell, such as `list of [Port](#port)`; null and absence are said separately. */
export function schemaText(schema: AnySchema): string {
  if (schema.format === 'filters') return 'filters (JSON)';
  if (schema.format === 'json') return 'JSON';
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  switch (schema.type) {
    case 'string':
    case 'number':
    case 'boolean':
      return schema.type;
    case 'integer':
      return integerText(schema);
    case 'any':
      return 'any JSON';
    case 'array': {
      const items = schema.items ? schemaText(schema.items) : 'any JSON';
      return schema.format === 'string-or-list' ? `list of ${items}, or one ${items}` : `list of ${items}`;
    }
    case 'object':
      return objectText(schema);
  }
}

function integerText({ minimum, maximum }: AnySchema): string {
  if (minimum !== undefined && maximum !== undefined) return `integer, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `integer, at least ${minimum}`;
  return 'integer';
}

function objectText(schema: AnySchema): string {
  const name = typeName(schema);
  if (name) return `[${name}](#${name.toLowerCase()})`;
  if (schema.additionalProperties) return `map of ${schemaText(schema.additionalProperties)}`;
  if (!schema.properties) return 'object';
  const fields = Object.entries(schema.properties).map(([field, each]) => `${field}: ${schemaText(each)}`);
  return fields.length === 0 ? 'object' : `{ ${fields.join(', ')} }`;
}

/** Rows `name | type | required | meaning`. Requests say what must be there; answers, what may be missing. */
export function fieldTable(schema: AnySchema, heading: string): string {
  const rows = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const absence = absenceText(field, schema.required?.includes(name) === true);
    return `| \`${name}\` | ${cell(schemaText(field))} | ${absence} | ${cell(field.description ?? '')} |`;
  });
  return [`| ${heading} | Type | | |`, '|---|---|---|---|', ...rows].join('\n');
}

function absenceText(field: AnySchema, required: boolean): string {
  if (required) return field.nullable ? 'may be null' : 'required';
  return field.nullable ? 'optional, may be null' : 'optional';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** Every named object a schema leads to, itself included, in the order they are met. */
export function collectTypes(schema: AnySchema, found: Map<string, AnySchema>): void {
  const name = typeName(schema);
  if (name) {
    if (found.has(name)) return;
    found.set(name, schema);
  }
  const properties: Properties = schema.properties ?? {};
  for (const field of Object.values(properties)) collectTypes(field, found);
  if (schema.items) collectTypes(schema.items, found);
  if (schema.additionalProperties) collectTypes(schema.additionalProperties, found);
}
