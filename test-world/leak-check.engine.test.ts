import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LeakCheck, watchForLeaks } from './leak-check.ts';
import { runProgram } from './run-program.ts';

let root: string;
let check: LeakCheck;
const undo: (() => unknown)[] = [];

beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'ww-leak-')));
  mkdirSync(path.join(root, 'x'));
  check = watchForLeaks({ root, execRoot: path.join(root, 'x'), empty: [path.join(root, 't')] });
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  expect(check.leftovers()).toEqual([]);
  rmSync(root, { recursive: true });
});

async function run(command: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await runProgram(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

/** Does something now, and takes it back after the test. */
async function plant(now: readonly [string, ...string[]], back: readonly [string, ...string[]]): Promise<void> {
  await run(...now);
  undo.push(() => run(...back));
}

describe('the leak check', () => {
  it('finds nothing where nothing was left', async () => {
    mkdirSync(path.join(root, 'x/containers'));
    expect(await check.settled()).toEqual([]);
  });

  it('finds a mount', async () => {
    const point = path.join(root, 'merged');
    mkdirSync(point);
    await plant(['mount', '-t', 'tmpfs', 'planted', point], ['umount', point]);
    expect(check.leftovers()).toContain(`mount: ${point}`);
  });

  it('finds a mount that only another process still has', async () => {
    const point = path.join(root, 'hidden');
    mkdirSync(point);
    const child = spawn('unshare', ['-m', 'sh', '-c', `mount -t tmpfs planted ${point} && cd / && exec sleep 60`]);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    undo.push(async () => {
      child.kill('SIGKILL');
      await gone;
    });
    await expect.poll(() => check.leftovers()).toContain(`mount: ${point} in process ${child.pid} (sleep)`);
    // Which tells that it is not this process that has it.
    expect(check.leftovers()).not.toContain(`mount: ${point}`);
  });

  it('finds a network namespace', async () => {
    const point = path.join(root, 'x/netns');
    writeFileSync(point, '');
    undo.push(() => rmSync(point));
    await plant(['unshare', `--net=${point}`, 'true'], ['umount', point]);
    expect(check.leftovers()).toContain(`network namespace: ${point}`);
  });

  it('finds a process by its folder and by its command line', async () => {
    mkdirSync(path.join(root, 'd/rootfs'), { recursive: true });
    const child = spawn('sleep', ['60'], { cwd: path.join(root, 'd/rootfs') });
    const named = spawn('sh', ['-c', 'sleep 60; true', `${root}/x/conmon`]);
    const gone = [child, named].map((each) => new Promise((resolve) => each.once('exit', resolve)));
    undo.push(async () => {
      await run('pkill', '-KILL', '-P', `${named.pid}`);
      for (const each of [child, named]) each.kill('SIGKILL');
      await Promise.all(gone);
    });
    await expect.poll(() => check.leftovers().join('\n')).toContain(`process: ${child.pid} sleep 60`);
    expect(check.leftovers().join('\n')).toContain(`process: ${named.pid} sh -c`);
  });

  it('finds a bridge by its name, and new links that belong to nobody', async () => {
    const bridge = `wharf-${check.instance}`;
    await plant(['ip', 'link', 'add', bridge, 'type', 'bridge'], ['ip', 'link', 'del', bridge]);
    const [ours, dockers] = [`veth${randomBytes(4).toString('hex')}`, `veth${randomBytes(4).toString('hex').slice(1)}`];
    const veth = (name: string, peer: string) =>
      plant(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', peer], ['ip', 'link', 'del', name]);
    await veth(ours, `p1${check.instance}`);
    await veth(dockers, `p2${check.instance}`);
    expect(check.leftovers()).toEqual(expect.arrayContaining([`link: ${bridge}`, `link: ${ours}`]));
    expect(check.leftovers()).not.toContain(`link: ${dockers}`);
  });

  it("leaves another engine's links alone", async () => {
    await plant(['ip', 'link', 'add', 'br-00facade0000', 'type', 'bridge'], ['ip', 'link', 'del', 'br-00facade0000']);
    await plant(['nft', 'add table inet wharf_0ther0'], ['nft', 'delete table inet wharf_0ther0']);
    expect(check.leftovers()).toContain('link: br-00facade0000');
    await run('nft', 'add set inet wharf_0ther0 bridges { type ifname; elements = { "br-00facade0000" }; }');
    expect(check.leftovers()).toEqual([]);
  });

  it('finds a table, and a rule in a table of somebody else', async () => {
    const table = `inet wharf_${check.instance}`;
    await plant(['nft', `add table ${table}`], ['nft', `delete table ${table}`]);
    await plant(['nft', 'add table ip wharfleakcheck'], ['nft', 'delete table ip wharfleakcheck']);
    await run('nft', 'add chain ip wharfleakcheck forward');
    await run('nft', `add rule ip wharfleakcheck forward iifname "wharf-${check.instance}" accept`);
    expect(check.leftovers()).toEqual([
      `nftables table: ${table}`,
      `nftables rule: wharf-${check.instance} in table ip wharfleakcheck`,
    ]);
  });

  it('finds a control group', () => {
    // Of the one tree of v2, or of one of v1.
    const folder = [`/sys/fs/cgroup/pids/wharf-${check.instance}`, `/sys/fs/cgroup/wharf-${check.instance}`].find(
      (each) => {
        try {
          mkdirSync(each);
          return true;
        } catch {
          return false;
        }
      },
    );
    if (folder === undefined) throw new Error('no control group could be made');
    undo.push(() => rmdirSync(folder));
    expect(check.leftovers()).toEqual([`cgroup: ${folder}`]);
  });

  it('finds files in the exec root and temporary ones', () => {
    mkdirSync(path.join(root, 't'));
    const files = [path.join(root, 'x/wharfd.pid'), path.join(root, 't/wharf-tmp-1')];
    for (const file of files) writeFileSync(file, '');
    undo.push(() => {
      for (const file of files) rmSync(file);
    });
    expect(check.leftovers()).toEqual(files.map((file) => `file: ${file}`));
  });
});
