import { logFiles, type LogEntry } from "../../container/log-entry.ts";
import { readLog } from "../../container/read-log.ts";
import { fault } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import { readMoment } from "../flags/read-moment.ts";
import type { Io } from "../io.ts";
import { writeTo } from "../run/write-to.ts";

export interface ShowLogsOptions {
  readonly follow: boolean;
  readonly tail: string;
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly timestamps: boolean;
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** Writes a container's log by docker's rules. @throws USAGE */
export async function showLogs(store: Store, record: ContainerRecord, options: ShowLogsOptions): Promise<void> {
  const { follow, io, signal } = options;
  const { spec, id } = record;
  if (spec.log === undefined) throw fault("NOT_SUPPORTED", { feature: "reading logs of a container with --log-driver none" });
  const now = Date.now();
  const since = options.since === undefined ? -Infinity : moment(options.since, "--since", now);
  const until = options.until === undefined ? Infinity : moment(options.until, "--until", now);
  const count = options.tail === "all" || /^-\d+$/.test(options.tail) ? Infinity : /^\d+$/.test(options.tail) ? Number(options.tail) : NaN;
  if (Number.isNaN(count)) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(options.tail)} for -n, --tail`, hint: "it is a number of lines, or all" });
  const write = ({ log, stream, time }: LogEntry): Promise<void> | void => {
    return writeTo(stream === "stdout" ? io.stdout : io.stderr, options.timestamps ? `${time} ${log}` : log);
  };
  const wanted = ({ time }: LogEntry): boolean => {
    const milliseconds = Date.parse(time);
    return milliseconds >= since && milliseconds <= until;
  };
  const follows = follow && now < until;
  // With --tail the lines so far are gathered, and the last ones written when there are no more for now.
  let gathered: LogEntry[] | undefined = count === Infinity ? undefined : [];
  const flush = async (): Promise<void> => {
    const last = gathered?.slice(Math.max(0, gathered.length - count)) ?? [];
    gathered = undefined;
    for (const entry of last) await write(entry);
  };
  const mayGrow = (): boolean => follows && store.containers.isSupervised(id) && Date.now() < until;
  for await (const entry of readLog(logFiles(store.containers.folder(id), id, spec.log.files), { signal, mayGrow, onCaughtUp: flush })) {
    if (!wanted(entry)) continue;
    if (gathered === undefined) await write(entry);
    else if (gathered.push(entry) > 2 * count + 1000) gathered.splice(0, gathered.length - count);
  }
}

function moment(text: string, shown: string, now: number): number {
  const value = readMoment(text, now);
  if (value === undefined) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for ${shown}`, hint: "it is a date (2024-05-01T12:00:00), seconds since 1970, or a duration back from now (10m)" });
  return value;
}
