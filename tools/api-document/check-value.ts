/**
 * A JSON value against a schema of a Swagger 2.0 document. Findings are texts with the path to the value; none when it conforms.
 *
 * Beside what the schema says two things are told that it allows: a field it does not name, and null where it does not say
 * `x-nullable`. Real engines do both, which is why findings are compared with those of another engine.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Finds what a `$ref` names. */
export type Resolve = (reference: string) => JsonObject;

/** The schema with its `$ref` followed and its `allOf` parts laid over each other. */
export function wholeSchema(schema: JsonObject, resolve: Resolve): JsonObject {
  if (typeof schema.$ref === 'string') return wholeSchema(resolve(schema.$ref), resolve);
  if (!Array.isArray(schema.allOf)) return schema;
  const parts = schema.allOf.filter(isObject).map((part) => wholeSchema(part, resolve));
  const properties = Object.assign({}, ...[...parts, schema].map((part) => part.properties ?? {}));
  const required = [...parts, schema].flatMap((part) => (Array.isArray(part.required) ? part.required : []));
  return { type: 'object', ...Object.assign({}, ...parts), ...schema, allOf: null, properties, required };
}

export function checkValue(value: Json, schema: JsonObject, resolve: Resolve, at = ''): readonly string[] {
  const whole = wholeSchema(schema, resolve);
  const here = at === '' ? '(body)' : at;
  if (value === null)
    return whole['x-nullable'] === true || schema['x-nullable'] === true || whole.type === undefined
      ? []
      : [`${here}: null, not ${String(whole.type)}`];
  const wrong = wrongType(value, whole.type);
  if (wrong !== undefined) return [`${here}: ${wrong}`];
  if (Array.isArray(whole.enum) && !whole.enum.includes(value))
    return [`${here}: ${JSON.stringify(value)} is none of ${JSON.stringify(whole.enum)}`];
  if (Array.isArray(value)) return checkItems(value, whole, resolve, at);
  if (isObject(value)) return checkFields(value, whole, resolve, at);
  return [];
}

function wrongType(value: Json, type: Json | undefined): string | undefined {
  const is = Array.isArray(value) ? 'array' : typeof value;
  switch (type) {
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value) ? undefined : `${is}, not integer`;
    case 'string':
    case 'boolean':
    case 'number':
    case 'object':
    case 'array':
      return is === type ? undefined : `${is}, not ${type}`;
    default:
      return undefined;
  }
}

function checkItems(value: readonly Json[], schema: JsonObject, resolve: Resolve, at: string): readonly string[] {
  const { items } = schema;
  if (!isObject(items)) return [];
  return [...new Set(value.flatMap((item) => checkValue(item, items, resolve, `${at}[]`)))];
}

function checkFields(value: JsonObject, schema: JsonObject, resolve: Resolve, at: string): readonly string[] {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  const missing = required.filter((name) => typeof name === 'string' && !(name in value));
  const findings = missing.map((name) => `${at}.${String(name)}: missing`);
  for (const [name, field] of Object.entries(value)) {
    const known = properties[name];
    if (isObject(known)) findings.push(...checkValue(field, known, resolve, `${at}.${name}`));
    else if (isObject(schema.additionalProperties))
      findings.push(...checkValue(field, schema.additionalProperties, resolve, `${at}.*`));
    else if (Object.keys(properties).length > 0 && schema.additionalProperties !== true)
      findings.push(`${at}.${name}: not in the document`);
  }
  return [...new Set(findings)];
}
