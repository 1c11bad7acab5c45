/** MS-DOS date and time (APPNOTE 4.4.6): local time, two seconds fine, 1980 to 2107. Pure, but for the time zone. */

/** A date and a time as two fields of 16 bits. */
export interface DosTime {
  /** Bits 9 to 15: years since 1980; 5 to 8: month; 0 to 4: day. */
  readonly date: number;
  /** Bits 11 to 15: hours; 5 to 10: minutes; 0 to 4: half seconds. */
  readonly time: number;
}

const EARLIEST: DosTime = { date: 0x0021, time: 0 };
const LATEST: DosTime = { date: 0xff9f, time: 0xbf7d };

let lastTicks = 0n;
let lastTime: DosTime | undefined;

/** @param mtimeTicks 100 ns ticks since 1970-01-01 UTC */
export function toDosTime(mtimeTicks: bigint): DosTime {
  // Both headers of an entry ask for the same time.
  if (lastTime === undefined || mtimeTicks !== lastTicks) {
    lastTime = localTime(mtimeTicks);
    lastTicks = mtimeTicks;
  }

  return lastTime;
}

function localTime(mtimeTicks: bigint): DosTime {
  const local = new Date(Number(mtimeTicks / 10_000n));
  const year = local.getFullYear();
  if (!(year >= 1980)) return EARLIEST;
  if (year > 2107) return LATEST;

  const month = local.getMonth() + 1;
  const halfSeconds = local.getSeconds() >> 1;

  return {
    date: ((year - 1980) << 9) | (month << 5) | local.getDate(),
    time: (local.getHours() << 11) | (local.getMinutes() << 5) | halfSeconds,
  };
}

/** Year, month, day, hour, minute, second; local time. */
export function fromDosTime({
  date,
  time,
}: DosTime): [number, number, number, number, number, number] {
  return [
    (date >> 9) + 1980,
    (date >> 5) & 15,
    date & 31,
    time >> 11,
    (time >> 5) & 63,
    (time & 31) * 2,
  ];
}
