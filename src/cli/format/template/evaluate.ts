import { goPrint, type TemplateFunction, templateFunctions, truthy } from './functions.ts';
import { type Command, type Node, type Operand, type Pipe, parseTemplate } from './parse.ts';
import { TemplateError } from './template-error.ts';

export interface TemplateOptions {
  /** Functions that replace the standard ones of the same name (the header row of a table). */
  readonly functions?: Readonly<Record<string, TemplateFunction>>;
  /** A field that is missing is an error instead of `<no value>`. */
  readonly strict?: boolean;
}

/**
 * A Go text/template with the parts docker's users write: fields, variables, pipes, if / else / with / range, and the
 * functions of functions.ts. Data are JSON values; a function among them is a method and is called with the arguments.
 * @throws TemplateError
 */
export function compileTemplate(source: string, options: TemplateOptions = {}): (data: unknown) => string {
  const nodes = parseTemplate(source);
  const functions = { ...templateFunctions, ...options.functions };
  return (data) => {
    const run = new Run(functions, options.strict === true);
    run.variables.set('$', data);
    return run.block(nodes, data);
  };
}

class Run {
  readonly variables = new Map<string, unknown>();
  readonly #functions: Readonly<Record<string, TemplateFunction>>;
  readonly #strict: boolean;

  constructor(functions: Readonly<Record<string, TemplateFunction>>, strict: boolean) {
    this.#functions = functions;
    this.#strict = strict;
  }

  block(nodes: readonly Node[], dot: unknown): string {
    return nodes.map((node) => this.#node(node, dot)).join('');
  }

  #node(node: Node, dot: unknown): string {
    switch (node.kind) {
      case 'text':
        return node.text;
      case 'print': {
        const value = this.#pipe(node.pipe, dot);
        this.#assign(node.pipe.variables, [value]);
        return node.pipe.variables.length > 0 ? '' : goPrint(value);
      }
      case 'if': {
        const value = this.#pipe(node.pipe, dot);
        this.#assign(node.pipe.variables, [value]);
        return this.block(truthy(value) ? node.body : node.otherwise, dot);
      }
      case 'with': {
        const value = this.#pipe(node.pipe, dot);
        this.#assign(node.pipe.variables, [value]);
        return truthy(value) ? this.block(node.body, value) : this.block(node.otherwise, dot);
      }
      case 'range':
        return this.#range(node, dot);
    }
  }

  #range(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: unknown): string {
    const entries = rangeEntries(this.#pipe(node.pipe, dot));
    if (entries.length === 0) return this.block(node.otherwise, dot);
    return entries
      .map(([key, value]) => {
        this.#assign(node.pipe.variables, node.pipe.variables.length > 1 ? [key, value] : [value]);
        return this.block(node.body, value);
      })
      .join('');
  }

  #assign(names: readonly string[], values: readonly unknown[]): void {
    names.forEach((name, index) => {
      this.variables.set(name, values[index]);
    });
  }

  #pipe(pipe: Pipe, dot: unknown): unknown {
    let piped: readonly unknown[] = [];
    for (const command of pipe.commands) piped = [this.#command(command, dot, piped)];
    return piped[0];
  }

  #command(command: Command, dot: unknown, piped: readonly unknown[]): unknown {
    const [first, ...rest] = command;
    if (first === undefined) throw new TemplateError('missing value for command');
    if (first.kind === 'function') return this.#call(first.name, rest, dot, piped);
    const args = (): unknown[] => [...rest.map((operand) => this.#operand(operand, dot)), ...piped];
    if (first.kind === 'field') {
      const owner = this.#walk(dot, first.path.slice(0, -1));
      const name = first.path.at(-1) ?? '';
      const member = this.#member(owner, name);
      if (typeof member === 'function') return call(member, args());
      if (rest.length + piped.length > 0)
        throw new TemplateError(`${name} has arguments but cannot be invoked as function`);
      return member;
    }
    if (rest.length + piped.length > 0) throw new TemplateError("can't give argument to non-function");
    return this.#operand(first, dot);
  }

  #call(name: string, rest: Command, dot: unknown, piped: readonly unknown[]): unknown {
    // `and` and `or` stop at the first value that decides.
    if (name === 'and' || name === 'or') {
      let value: unknown;
      for (const operand of rest) {
        value = this.#operand(operand, dot);
        if (truthy(value) === (name === 'or')) return value;
      }
      return piped.length > 0 ? piped[0] : value;
    }
    const called = Object.hasOwn(this.#functions, name) ? this.#functions[name] : undefined;
    if (called === undefined) throw new TemplateError(`function ${JSON.stringify(name)} not defined`);
    return called(...rest.map((operand) => this.#operand(operand, dot)), ...piped);
  }

  #operand(operand: Operand, dot: unknown): unknown {
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'literal':
        return operand.value;
      case 'field': {
        const value = this.#walk(dot, operand.path);
        return typeof value === 'function' ? call(value, []) : value;
      }
      case 'variable': {
        if (!this.variables.has(operand.name))
          throw new TemplateError(`undefined variable ${JSON.stringify(operand.name)}`);
        return this.#walk(this.variables.get(operand.name), operand.path);
      }
      case 'pipe':
        return this.#walk(this.#pipe(operand.pipe, dot), operand.path);
      case 'function':
        return this.#call(operand.name, [], dot, []);
    }
  }

  #walk(from: unknown, path: readonly string[]): unknown {
    return path.reduce((value, name) => this.#member(value, name), from);
  }

  #member(owner: unknown, name: string): unknown {
    if (owner === undefined || owner === null) {
      if (this.#strict) throw new TemplateError(`nil data; no entry for key ${JSON.stringify(name)}`);
      return undefined;
    }
    if (typeof owner !== 'object' || Array.isArray(owner)) {
      throw new TemplateError(
        `can't evaluate field ${name} in type ${Array.isArray(owner) ? '[]interface {}' : typeof owner}`,
      );
    }
    const found = Object.getOwnPropertyDescriptor(owner, name);
    if (found === undefined) {
      if (this.#strict) throw new TemplateError(`map has no entry for key ${JSON.stringify(name)}`);
      return undefined;
    }
    const value: unknown = found.get === undefined ? found.value : found.get.call(owner);
    return value;
  }
}

function call(member: object, args: readonly unknown[]): unknown {
  return typeof member === 'function' ? Reflect.apply(member, undefined, [...args]) : member;
}

function rangeEntries(value: unknown): (readonly [unknown, unknown])[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((element: unknown, index) => [index, element] as const);
  if (typeof value === 'number') return Array.from({ length: value }, (_, index) => [index, index] as const);
  if (typeof value === 'object') return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  throw new TemplateError(`range can't iterate over ${String(value)}`);
}
