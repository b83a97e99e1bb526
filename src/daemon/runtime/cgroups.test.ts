import { describe, expect, it } from 'vitest';
import { parseCgroupFile, parseKeyedCounters } from '../linux/cgroup.ts';
import { ownCgroups } from './cgroup-removal.ts';
import { parseBlkio, parseIoStat } from './cgroup-stats.ts';

describe('control groups', () => {
  it('of a process on v2 are one folder', () => {
    expect(parseCgroupFile('0::/wharf/c1\n', 'v2')).toEqual({ unified: '/sys/fs/cgroup/wharf/c1' });
  });
  it('of a process on a hybrid host are one a controller, the v2 one for removal only', () => {
    const text = '9:name=systemd:/a\n4:memory:/wharf/c1\n0::/wharf/c1\n';
    const paths = parseCgroupFile(text, 'hybrid');
    expect(paths).toMatchObject({
      memory: '/sys/fs/cgroup/memory/wharf/c1',
      hybrid: '/sys/fs/cgroup/unified/wharf/c1',
    });
    expect(paths.unified).toBeUndefined();
    expect(parseCgroupFile(text, 'v1').hybrid).toBeUndefined();
  });
  it('of a container are those up to its ID, never a shared one', () => {
    const paths = {
      memory: '/sys/fs/cgroup/memory/wharf/c1/container',
      pids: '/sys/fs/cgroup/pids/other',
      cpu: '/sys/fs/cgroup/cpu',
    };
    expect(ownCgroups(paths, 'c1')).toEqual(['/sys/fs/cgroup/memory/wharf/c1']);
  });
  it('count', () => {
    expect(parseKeyedCounters('oom 1\noom_kill 2')).toEqual({ oom: 1, oom_kill: 2 });
    const read = { major: 8, minor: 0, op: 'read', value: 5 };
    expect(parseIoStat('8:0 rbytes=5 wbytes=7 rios=1 wios=1')).toEqual([read, { ...read, op: 'write', value: 7 }]);
    expect(parseBlkio('8:0 Read 5\n8:0 Sync 3\nTotal 8')).toEqual([
      { ...read, op: 'Read' },
      { ...read, op: 'Sync', value: 3 },
    ]);
  });
});
