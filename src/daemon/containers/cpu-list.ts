/** Lists of processors or memory nodes as the kernel writes them: `0-3,8`. */

/** Numbers beyond are no processor on any machine. */
const maxNumber = 8192;

export type CpuList =
  | { readonly ok: true; readonly numbers: ReadonlySet<number> }
  | { readonly ok: false; readonly problem: string };

/** '' is the empty list. `problem` is in Docker's words. */
export function parseCpuList(text: string): CpuList {
  const numbers = new Set<number>();
  if (text === '') return { ok: true, numbers };
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) return { ok: false, problem: `invalid format: ${text}` };
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last > maxNumber || first > maxNumber) {
      return { ok: false, problem: `value of out range, maximum is ${maxNumber}` };
    }
    if (last < first) return { ok: false, problem: `invalid format: ${text}` };
    for (let number = first; number <= last; number += 1) numbers.add(number);
  }
  return { ok: true, numbers };
}
