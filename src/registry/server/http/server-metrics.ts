/** What the registry counts, in Prometheus' text format at `/metrics`. */

const bucketSeconds = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];

export class ServerMetrics {
  readonly #requests = new Map<string, number>();
  readonly #buckets = bucketSeconds.map(() => 0);
  #seconds = 0;
  #ended = 0;
  #underWay = 0;

  begun(): void {
    this.#underWay++;
  }

  /** @param method as sent; those HTTP does not know are counted together */
  ended(method: string, status: number, seconds: number): void {
    this.#underWay--;
    this.#ended++;
    this.#seconds += seconds;
    const known = /^(GET|HEAD|PUT|POST|PATCH|DELETE)$/.test(method) ? method : 'other';
    const key = `method="${known}",code="${status}"`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    for (const [at, bound] of bucketSeconds.entries())
      if (seconds <= bound) this.#buckets[at] = (this.#buckets[at] ?? 0) + 1;
  }

  text(): string {
    const lines = ['# TYPE wharf_registry_requests_total counter'];
    for (const [labels, count] of this.#requests) lines.push(`wharf_registry_requests_total{${labels}} ${count}`);
    lines.push('# TYPE wharf_registry_request_seconds histogram');
    for (const [at, bound] of bucketSeconds.entries())
      lines.push(`wharf_registry_request_seconds_bucket{le="${bound}"} ${this.#buckets[at]}`);
    lines.push(
      `wharf_registry_request_seconds_bucket{le="+Inf"} ${this.#ended}`,
      `wharf_registry_request_seconds_sum ${this.#seconds}`,
      `wharf_registry_request_seconds_count ${this.#ended}`,
      '# TYPE wharf_registry_requests_under_way gauge',
      `wharf_registry_requests_under_way ${this.#underWay}`,
      '# TYPE process_resident_memory_bytes gauge',
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    );
    return `${lines.join('\n')}\n`;
  }
}
