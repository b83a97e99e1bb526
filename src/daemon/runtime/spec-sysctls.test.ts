import { expect, test } from 'vitest';
import { checkSysctls } from './spec-sysctls.ts';

const own = { network: true, ipc: true, uts: true };

test.each([
  [{ 'foo.bar': '1' }, own, 'sysctl "foo.bar" is not in a separate kernel namespace'],
  [{ 'vm.swappiness': '1' }, own, 'sysctl "vm.swappiness" is not in a separate kernel namespace'],
  [{ 'kernel.hostname': 'x' }, own, 'conflicts with the OCI "hostname" field'],
  [{ 'net.ipv4.ip_forward': '1' }, { ...own, network: false }, 'not allowed in host network namespace'],
  [{ 'net/ipv4/ip_forward': '1' }, { ...own, network: false }, 'sysctl "net.ipv4.ip_forward" not allowed'],
  [{ 'fs.mqueue.msg_max': '1' }, { ...own, ipc: false }, 'is not allowed in the hosts ipc namespace'],
  [{ 'kernel.domainname': 'x' }, { ...own, uts: false }, 'is not allowed in the hosts UTS namespace'],
])('%j is refused', (sysctls, separate, message) => {
  expect(() => checkSysctls(sysctls, separate)).toThrow(message);
});

test('what a namespace keeps apart may be set', () => {
  checkSysctls({ 'net.ipv4.ip_forward': '1', 'kernel.shmmax': '1', 'fs.mqueue.msg_max': '1' }, own);
  checkSysctls({ 'kernel.domainname': 'x', 'net/ipv4/conf/eth0.1/forwarding': '1' }, own);
});
