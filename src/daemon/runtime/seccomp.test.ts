import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readDefaultSeccompProfile } from './host-facts.ts';
import { compileSeccomp, type OciSeccomp, parseKernelVersion, parseSeccompProfile } from './seccomp.ts';
import { defaultCapabilities } from './spec-defaults.ts';

const profile = readDefaultSeccompProfile(
  fileURLToPath(new URL('../../../resources/seccomp/default.json', import.meta.url)),
);
const amd64 = { architecture: 'amd64', kernel: { major: 6, minor: 1 } };
const plain = compileSeccomp(profile, defaultCapabilities, amd64);

function rulesFor(seccomp: OciSeccomp, name: string) {
  return seccomp.syscalls.filter((rule) => rule.names.includes(name));
}

function allows(seccomp: OciSeccomp, name: string): boolean {
  return rulesFor(seccomp, name).some((rule) => rule.action === 'SCMP_ACT_ALLOW' && rule.args === undefined);
}

describe('the default seccomp profile', () => {
  it('refuses with EPERM what it does not name, on the machine and its 32-bit sides', () => {
    expect(plain).toMatchObject({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1 });
    expect(plain.architectures).toEqual(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
  });
  it('blocks what Docker documents as blocked', () => {
    const blocked =
      'acct add_key bpf clock_settime create_module delete_module finit_module get_kernel_syms get_mempolicy init_module ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind mount move_pages nfsservctl open_by_handle_at perf_event_open pivot_root query_module quotactl reboot request_key set_mempolicy setns settimeofday stime swapon swapoff sysfs _sysctl umount umount2 unshare uselib userfaultfd ustat vm86 vm86old io_uring_setup';
    expect(blocked.split(' ').filter((name) => allows(plain, name))).toEqual([]);
  });
  it('lets the daily calls through, old and new', () => {
    const daily =
      'read write openat execve futex epoll_wait statx rseq close_range faccessat2 fchmodat2 futex_waitv chroot';
    expect(daily.split(' ').filter((name) => !allows(plain, name))).toEqual([]);
  });
  it('lets clone make processes but no namespaces, and answers clone3 with ENOSYS so that libc falls back', () => {
    expect(rulesFor(plain, 'clone')).toMatchObject([
      { args: [{ index: 0, value: 0x7e020000, op: 'SCMP_CMP_MASKED_EQ' }] },
    ]);
    expect(rulesFor(plain, 'clone3')).toMatchObject([{ action: 'SCMP_ACT_ERRNO', errnoRet: 38 }]);
    const admin = compileSeccomp(profile, [...defaultCapabilities, 'CAP_SYS_ADMIN'], amd64);
    expect(allows(admin, 'clone')).toBe(true);
    expect(rulesFor(admin, 'clone3').map((rule) => rule.action)).toEqual(['SCMP_ACT_ALLOW']);
    expect(allows(admin, 'mount')).toBe(true);
  });
  it('opens calls with their capability, and ptrace from the kernel on that made it safe', () => {
    expect(allows(compileSeccomp(profile, ['CAP_SYS_TIME'], amd64), 'settimeofday')).toBe(true);
    expect(allows(compileSeccomp(profile, ['CAP_BPF'], amd64), 'bpf')).toBe(true);
    expect(allows(plain, 'ptrace')).toBe(true);
    expect(allows(compileSeccomp(profile, [], { ...amd64, kernel: { major: 4, minor: 7 } }), 'ptrace')).toBe(false);
  });
  it('follows the architecture', () => {
    const arm64 = compileSeccomp(profile, defaultCapabilities, { ...amd64, architecture: 'arm64' });
    expect(arm64.architectures).toEqual(['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
    expect([allows(plain, 'arch_prctl'), allows(arm64, 'arch_prctl')]).toEqual([true, false]);
    expect([allows(plain, 'cacheflush'), allows(arm64, 'cacheflush')]).toEqual([false, true]);
  });
});

describe('a profile of the user', () => {
  it('may be of the oldest form, one name a rule', () => {
    const text = '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"mkdir","action":"SCMP_ACT_ERRNO"}]}';
    const compiled = compileSeccomp(parseSeccompProfile(text), [], amd64);
    expect(compiled.syscalls).toEqual([{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' }]);
  });
  it('is refused when it is broken', () => {
    for (const text of [
      '{',
      '[]',
      '{"defaultAction":1}',
      '{"defaultAction":"x","syscalls":{}}',
      '{"defaultAction":"x","syscalls":[{"names":["a"],"name":"b","action":"y"}]}',
    ]) {
      expect(() => parseSeccompProfile(text)).toThrow('Decoding seccomp profile failed');
    }
  });
  it('reads kernel versions', () => {
    expect(parseKernelVersion('6.18.44-fc-v769')).toEqual({ major: 6, minor: 18 });
    expect(parseKernelVersion('x')).toBeUndefined();
  });
});
