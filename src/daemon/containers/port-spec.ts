import { isIP } from 'node:net';
import type { HostConfig } from '../../contract/engine-types.ts';
import { invalidConfig } from './config-refusal.ts';

const maxPort = 65_535;

/** `80`, `80/tcp`. @throws WharfError 'container.config-invalid' with Docker's text */
export function checkPort(port: string): void {
  const slash = port.indexOf('/');
  const number = slash === -1 ? port : port.slice(0, slash);
  if (!/^\d{1,5}$/.test(number) || Number(number) > maxPort || Number(number) < 1) {
    throw invalidConfig(`invalid port specification: "${number}"`, 'A port looks like 80/tcp.');
  }
  const protocol = slash === -1 ? 'tcp' : port.slice(slash + 1);
  if (!/^(tcp|udp|sctp)$/i.test(protocol)) {
    throw invalidConfig(`invalid port specification: "${port}"`, 'The protocol is tcp, udp or sctp.');
  }
}

/** @throws WharfError 'container.config-invalid' with Docker's text */
export function validatePortBindings(bindings: HostConfig['PortBindings']): void {
  for (const [port, wanted] of Object.entries(bindings ?? {})) {
    checkPort(port);
    for (const { HostPort, HostIp } of wanted ?? []) {
      const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(HostPort ?? '');
      const first = Number(range?.[1]);
      const last = Number(range?.[2] ?? range?.[1]);
      if (HostPort && !(first <= last && last <= maxPort)) {
        throw invalidConfig(`invalid port specification: "${HostPort}"`);
      }
      if (HostIp && isIP(HostIp) === 0) throw invalidConfig(`invalid IP address: ${HostIp}`);
    }
  }
}
