import { isIP } from 'node:net';
import { optionError } from './option-error.ts';

/** Values of `run` and `create` that name hosts, devices and rules; each parser throws UsageError (125) in docker's words. */

/** `name:ip` or `name=ip`; brackets around an IPv6 address go. */
export function parseExtraHost(text: string): string {
  const match = /^([^:=]+)[:=](.+)$/.exec(text);
  if (match === null) throw flagError('--add-host', text, `bad format for add-host: ${JSON.stringify(text)}`);
  const address = (match[2] ?? '').replace(/^\[(.*)\]$/, '$1');
  if (address !== 'host-gateway' && isIP(address) === 0)
    throw flagError('--add-host', text, `invalid IP address in add-host: ${JSON.stringify(address)}`);
  return `${match[1]}:${address}`;
}

export function parseDnsServer(text: string): string {
  const address = text.trim();
  if (isIP(address) === 0) throw flagError('--dns', text, `IP address is not correctly formatted: ${text}`);
  return address;
}

/** `c 1:3 rwm`, with `*` for any number. */
export function parseDeviceCgroupRule(text: string): string {
  if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(text))
    throw flagError('--device-cgroup-rule', text, `invalid device cgroup format '${text}'`);
  return text;
}

export function parseMacAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  if (!/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$|^([0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}$/.test(text.trim()))
    throw optionError(`${text} is not a valid mac address`);
  return text;
}

function flagError(flag: string, text: string, why: string): Error {
  return optionError(`invalid argument ${JSON.stringify(text)} for "${flag}" flag: ${why}`);
}
