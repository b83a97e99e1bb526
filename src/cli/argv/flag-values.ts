import type { FlagSpec } from '../command.ts';
import { parseGoDuration } from '../format/durations.ts';
import { parseByteSize } from '../format/sizes.ts';

/** Why a value does not fit its flag, in docker's words; undefined when the text is fine. */
export type ParsedValue =
  | { readonly ok: true; readonly value: boolean | string | number }
  | { readonly ok: false; readonly why: string };

const booleans: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  T: true,
  true: true,
  TRUE: true,
  True: true,
  '0': false,
  f: false,
  F: false,
  false: false,
  FALSE: false,
  False: false,
}; // the words Go's strconv.ParseBool takes

/** Parses the text of one flag value. List flags yield one element. */
export function parseFlagValue(spec: FlagSpec, text: string): ParsedValue {
  switch (spec.type) {
    case 'bool': {
      const value = Object.hasOwn(booleans, text) ? booleans[text] : undefined;
      return value === undefined
        ? bad(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
        : { ok: true, value };
    }
    case 'string':
      if (spec.choices !== undefined && !spec.choices.includes(text))
        return bad(`must be one of ${spec.choices.join(', ')}`);
      return { ok: true, value: text };
    case 'list':
      return { ok: true, value: text };
    case 'int':
      return /^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text))
        ? { ok: true, value: Number(text) }
        : bad(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    case 'decimal':
      return /^\d+(\.\d+)?$|^\.\d+$/.test(text)
        ? { ok: true, value: Number(text) }
        : bad(`failed to parse ${text} as a rational number`);
    case 'duration': {
      const value = parseGoDuration(text);
      return value === undefined ? bad(`time: invalid duration ${JSON.stringify(text)}`) : { ok: true, value };
    }
    case 'bytes': {
      if (spec.unlimited === true && text === '-1') return { ok: true, value: -1 };
      const value = parseByteSize(text);
      return value === undefined ? bad(`invalid size: '${text}'`) : { ok: true, value };
    }
  }
}

function bad(why: string): ParsedValue {
  return { ok: false, why };
}
