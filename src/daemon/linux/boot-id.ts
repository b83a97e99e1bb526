import { readFileSync } from 'node:fs';

let known: string | undefined;

/** Another one after each boot of the machine: what was true of the kernel before is not any more. */
export function bootId(): string {
  known ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return known;
}
