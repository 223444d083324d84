/** A time as Go writes it: without a fraction that is nothing. */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(".000Z", "Z");
}

/** The time, or that of the epoch (in seconds) where it is later. */
export function noLater(time: string, epoch: number | undefined): string {
  return epoch === undefined || !(Date.parse(time) > epoch * 1000) ? time : formatTime(epoch * 1000);
}

/** A time in another's words as Go would write it: no zeros at the end of a fraction. */
export function goTime(time: string): string {
  return time.replace(/\.(\d*?)0*(Z|[+-]\d\d:\d\d)$/i, (_, fraction: string, zone: string) => (fraction === "" ? zone : `.${fraction}${zone}`));
}
