import type { Socket } from "node:net";

/** Hears what a child says on its channel, a line of JSON each. */
export function onReports<Report>(channel: Socket, hear: (report: Report) => void): void {
  let rest = "";
  channel.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) hear(JSON.parse(line) as Report);
  });
}
