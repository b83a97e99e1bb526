/** The variables Docker's old links put into a container, about each container that it is linked to. Pure. */
export interface LinkedContainer {
  /** `/<own name>/<alias>` */
  readonly linkName: string;
  /** On the default bridge. */
  readonly address: string;
  readonly env: readonly string[];
  /** `80/tcp` */
  readonly exposedPorts: readonly string[];
}

interface ExposedPort {
  readonly number: number;
  readonly protocol: string;
}

/** `DB_PORT`, `DB_PORT_80_TCP`, …, `DB_NAME`, `DB_ENV_…`, in dockerd's order: TCP first, ports that follow each other as ranges. */
export function linkEnv({ linkName, address, env, exposedPorts }: LinkedContainer): readonly string[] {
  const alias = (linkName.split('/').pop() ?? '').toUpperCase().replaceAll('-', '_');
  const ports = exposedPorts.map(parsePort).sort(byProtocolAndNumber);
  const url = ({ number, protocol }: ExposedPort) => `${protocol}://${address}:${number}`;
  const prefixOf = ({ number, protocol }: ExposedPort) => `${alias}_PORT_${number}_${protocol.toUpperCase()}`;
  const [first] = ports;
  const lines = first === undefined ? [] : [`${alias}_PORT=${url(first)}`];
  for (const range of rangesOf(ports)) {
    for (const port of range) {
      const prefix = prefixOf(port);
      lines.push(`${prefix}=${url(port)}`, `${prefix}_ADDR=${address}`);
      lines.push(`${prefix}_PORT=${port.number}`, `${prefix}_PROTO=${port.protocol}`);
    }
    const [start, end] = [range[0], range.at(-1)];
    if (start === undefined || end === undefined || start === end) continue;
    const prefix = prefixOf(start);
    lines.push(`${prefix}_START=${url(start)}`, `${prefix}_PORT_START=${start.number}`);
    lines.push(`${prefix}_END=${url(end)}`, `${prefix}_PORT_END=${end.number}`);
  }
  // The image's own, which say nothing about the linked container.
  const told = env.filter((line) => line.includes('=') && !line.startsWith('HOME=') && !line.startsWith('PATH='));
  return [...lines, `${alias}_NAME=${linkName}`, ...told.map((line) => `${alias}_ENV_${line}`)];
}

function parsePort(text: string): ExposedPort {
  const [number = '', protocol = 'tcp'] = text.split('/');
  return { number: Number(number), protocol };
}

function byProtocolAndNumber(a: ExposedPort, b: ExposedPort): number {
  if (a.protocol === b.protocol) return a.number - b.number;
  if (a.protocol === 'tcp' || b.protocol === 'tcp') return a.protocol === 'tcp' ? -1 : 1;
  return a.protocol < b.protocol ? -1 : 1;
}

function rangesOf(ports: readonly ExposedPort[]): readonly (readonly ExposedPort[])[] {
  const ranges: ExposedPort[][] = [];
  for (const port of ports) {
    const last = ranges.at(-1)?.at(-1);
    if (last?.protocol === port.protocol && last.number + 1 === port.number) ranges.at(-1)?.push(port);
    else ranges.push([port]);
  }
  return ranges;
}
