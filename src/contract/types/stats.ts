/** One reading of a container's counters (`docker stats`). Engine API 1.51. */
import * as s from '../schema.ts';

const CpuStats = s.object({
  cpu_usage: s.object({
    /** Nanoseconds. */
    total_usage: s.integer,
    percpu_usage: s.maybe(s.list(s.integer)),
    usage_in_kernelmode: s.integer,
    usage_in_usermode: s.integer,
  }),
  /** Nanoseconds of all CPUs of the host; absent before the first reading. */
  system_cpu_usage: s.optional(s.integer),
  online_cpus: s.optional(s.integer),
  throttling_data: s.object({ periods: s.integer, throttled_periods: s.integer, throttled_time: s.integer }),
});

const BlkioEntry = s.object({ major: s.integer, minor: s.integer, op: s.string, value: s.integer });
const blkioList = s.maybe(s.list(BlkioEntry));

export const ContainerStats = s.object({
  name: s.optional(s.string),
  id: s.optional(s.string),
  /** RFC 3339 with nanoseconds. */
  read: s.string,
  preread: s.string,
  pids_stats: s.partial({ current: s.integer, limit: s.integer }),
  blkio_stats: s.object({
    io_service_bytes_recursive: blkioList,
    io_serviced_recursive: blkioList,
    io_queue_recursive: blkioList,
    io_service_time_recursive: blkioList,
    io_wait_time_recursive: blkioList,
    io_merged_recursive: blkioList,
    io_time_recursive: blkioList,
    sectors_recursive: blkioList,
  }),
  num_procs: s.integer,
  storage_stats: s.partial({ read_count_normalized: s.integer, read_size_bytes: s.integer }),
  cpu_stats: CpuStats,
  precpu_stats: CpuStats,
  memory_stats: s.object({
    /** Bytes. */
    usage: s.optional(s.integer),
    max_usage: s.optional(s.integer),
    stats: s.optional(s.map(s.integer)),
    failcnt: s.optional(s.integer),
    limit: s.optional(s.integer),
  }),
  networks: s.optional(
    s.map(
      s.object({
        rx_bytes: s.integer,
        rx_packets: s.integer,
        rx_errors: s.integer,
        rx_dropped: s.integer,
        tx_bytes: s.integer,
        tx_packets: s.integer,
        tx_errors: s.integer,
        tx_dropped: s.integer,
      }),
    ),
  ),
});
export type ContainerStats = s.Static<typeof ContainerStats>;
