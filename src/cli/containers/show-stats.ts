import { setTimeout as delay } from "node:timers/promises";
import { measureContainer, type ContainerUse } from "../../container/container-use.ts";
import { isUp, type ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import type { Io } from "../io.ts";
import { formatRows } from "../template/format.ts";
import { statsHeaders, statsRow, statsTable } from "./stats-rows.ts";

/** Milliseconds between two measurements. */
const PERIOD = 1000;
const [TO_TOP, CLEAR_LINE, CLEAR_REST] = ["\u001b[H", "\u001b[K", "\u001b[J"];

/** Shows what containers use, once or until the signal. @throws CONTAINER_NOT_FOUND, TEMPLATE_INVALID */
export async function showStats(
  store: Store, words: readonly string[], options: { all: boolean; format: string | undefined; stream: boolean; truncate: boolean; io: Io; signal: AbortSignal },
): Promise<void> {
  const { io, signal, stream, truncate } = options;
  const chosen = (): { record: ContainerRecord; asked: string }[] => words.length > 0
    ? words.map((asked) => ({ record: store.containers.find(asked), asked }))
    : store.containers.list().filter(({ state }) => options.all || isUp(state)).map((record) => ({ record, asked: truncate ? record.id.slice(0, 12) : record.id }));
  let before = new Map<string, ContainerUse>(chosen().map(({ record }) => [record.id, measureContainer(record)]));
  do {
    if (!(await delay(PERIOD, true, { signal }).catch(() => false))) return;
    const now = chosen().map(({ record, asked }) => ({ record, asked, use: measureContainer(record) }));
    const rows = now.map(({ record, asked, use }) => statsRow(record, before.get(record.id) ?? use, use, { truncate, asked }));
    const text = formatRows(rows, { ...(options.format === undefined ? {} : { format: options.format }), defaultTable: statsTable, headers: statsHeaders });
    io.stdout.write(stream && io.stdout.isTTY && options.format === undefined ? `${TO_TOP}${text.replaceAll("\n", `${CLEAR_LINE}\n`)}${CLEAR_REST}` : text);
    before = new Map(now.map(({ record, use }) => [record.id, use]));
  } while (stream);
}
