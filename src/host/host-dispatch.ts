import { Value } from 'typebox/value';
import { isWharfError, WharfError } from '../contract/errors.ts';
import {
  type HostInput,
  type HostMethod,
  type HostOutput,
  type HostReply,
  hostMethods,
  isHostMethod,
  toWireError,
} from '../contract/host-api.ts';

/** Who calls: one window or one socket. What it opened ends with it. */
export interface HostCaller {
  readonly id: string;
}

export type HostHandlers = {
  readonly [M in HostMethod]: (input: HostInput<M>, caller: HostCaller) => Promise<HostOutput<M>> | HostOutput<M>;
};

export interface HostDispatch {
  /** Validates, calls, and answers in an envelope; never throws. */
  call(method: unknown, input: unknown, caller: HostCaller): Promise<HostReply>;
}

/** @param report told of errors nobody raised on purpose, with their stack */
export function createHostDispatch(handlers: HostHandlers, report: (error: unknown) => void): HostDispatch {
  return {
    async call(method, input, caller) {
      try {
        if (!isHostMethod(method)) throw new WharfError('request.not-found', 'the host has no such method');
        return { ok: true, value: await callHandler(handlers, method, input, caller) };
      } catch (error) {
        if (!isWharfError(error)) report(error);
        return { ok: false, error: toWireError(error) };
      }
    },
  };
}

async function callHandler<M extends HostMethod>(
  handlers: HostHandlers,
  method: M,
  input: unknown,
  caller: HostCaller,
): Promise<unknown> {
  const spec = hostMethods[method];
  if (!checkInput(method, input)) {
    const first = Value.Errors(spec.input, input)[0];
    const where = first === undefined || first.instancePath === '' ? 'input' : first.instancePath;
    throw new WharfError('request.invalid', `${method}: ${where} ${first?.message ?? 'is not valid'}`);
  }
  const value = (await handlers[method](input, caller)) ?? null;
  if (!Value.Check(spec.output, value)) {
    const first = Value.Errors(spec.output, value)[0];
    throw new Error(`${method} answered against its contract: ${first?.instancePath} ${first?.message}`);
  }
  return value;
}

function checkInput<M extends HostMethod>(method: M, input: unknown): input is HostInput<M> {
  return Value.Check(hostMethods[method].input, input);
}
