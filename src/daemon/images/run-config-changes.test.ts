import { describe, expect, test } from 'vitest';
import { applyChanges } from './run-config-changes.ts';

describe('changes of commit and import', () => {
  test('changes the config as a Dockerfile would', () => {
    const config = applyChanges({ Env: ['A=1', 'B=2'], WorkingDir: '/srv', ExposedPorts: { '80/tcp': {} } }, [
      'CMD ["run", "it"]',
      'ENTRYPOINT start here',
      'ENV A=3 C="four five"',
      'ENV D six seven',
      'LABEL x=y',
      'EXPOSE 443 53/udp',
      'USER boat',
      'WORKDIR app',
    ]);
    expect(config).toMatchObject({
      Cmd: ['run', 'it'],
      Entrypoint: ['/bin/sh', '-c', 'start here'],
      Env: ['A=3', 'B=2', 'C=four five', 'D=six seven'],
      Labels: { x: 'y' },
      ExposedPorts: { '80/tcp': {}, '443/tcp': {}, '53/udp': {} },
      User: 'boat',
      WorkingDir: '/srv/app',
    });
  });

  test('variables of the image stand for their values', () => {
    const config = applyChanges({ Env: ['PATH=/bin', 'HOME=/root'] }, [
      `ENV PATH=/usr/bin:$PATH A="\${HOME}/a" B='$HOME' C=\\$HOME D=\${NONE:-none} E=\${HOME:+some}`,
      'WORKDIR $HOME/work',
      'CMD echo $HOME',
    ]);
    expect(config).toMatchObject({
      Env: ['PATH=/usr/bin:/bin', 'HOME=/root', 'A=/root/a', 'B=$HOME', 'C=$HOME', 'D=none', 'E=some'],
      WorkingDir: '/root/work',
      Cmd: ['/bin/sh', '-c', 'echo $HOME'],
    });
  });

  test('refuses what builds', () => {
    expect(() => applyChanges({}, ['RUN make'])).toThrow('RUN is not a valid change command');
  });
});
