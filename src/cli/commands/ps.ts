import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const psCommand = command({
  name: "ps",
  summary: "List containers",
  description:
    "Lists the containers that run, the newest first; with -a those that have ended too.\n\n" +
    "Filters: id, name, label=NAME[=VALUE], status=created|running|paused|restarting|exited, exited=STATUS, ancestor=IMAGE, before=CONTAINER, " +
    "since=CONTAINER, restart-policy=NAME, publish=PORT, expose=PORT, volume=PATH, network=MODE, health=none, is-task=false.\n\n" +
    "Fields of --format: .ID .Image .Command .CreatedAt .RunningFor .Ports .State .Status .Size .Names .Labels .Mounts .Networks .Platform, and .Label \"NAME\".",
  usage: "[OPTIONS]",
  flags: flagTable({
    all: { kind: "switch", short: "a", help: "Show containers that have ended, too" },
    filter: { kind: "list", short: "f", value: "KEY=VALUE", help: "Show only containers that pass; may be given several times" },
    format: { kind: "text", value: "TEMPLATE", help: "Write with a Go template, `table TEMPLATE`, or `json`" },
    ...jsonWord,
    last: { kind: "text", short: "n", value: "COUNT", help: "Show the last ones that were created, whether they run or not" },
    latest: { kind: "switch", short: "l", help: "Show the one that was created last, whether it runs or not" },
    "no-trunc": { kind: "switch", help: "Show whole ids and commands" },
    quiet: { kind: "switch", short: "q", help: "Show the ids only" },
    size: { kind: "switch", short: "s", help: "Show how much each has written" },
  }),
  examples: [
    { title: "Names and how they are", line: "sampan ps -a --format 'table {{.Names}}\\t{{.Status}}'" },
    { title: "Remove all that have ended", line: "sampan rm $(sampan ps -aq -f status=exited)" },
  ],
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const [{ asksForAll, filterContainers }, { containerColumns, containerRow }, { formatRows }, { fault }, { isUp }] = await Promise.all([
      import("../containers/filter-containers.ts"), import("../containers/container-rows.ts"), import("../template/format.ts"), import("../../std/fault.ts"),
      import("../../store/container-record.ts"),
    ]);
    const last = flags.latest ? "1" : flags.last;
    if (last !== undefined && !/^(?:-1|\d+)$/.test(last)) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(last)} for -n, --last` });
    const count = last === undefined || last === "-1" ? Infinity : Number(last);
    const now = Date.now();
    const size = flags.size || (flags.format?.includes(".Size") ?? false);
    const rows = await withStore(async (store) => {
      const all = flags.all || count !== Infinity || asksForAll(flags.filter);
      const passed = filterContainers(store.containers.list(), flags.filter, store).filter(({ state }) => all || isUp(state));
      return passed.slice(0, count).map((record) => containerRow(record, store, { truncate: !flags["no-trunc"], ...(size ? { size: "whole" } : {}), now }));
    });
    const withSize = flags.size ? "\\t{{.Size}}" : "";
    const defaultTable = `{{.ID}}\\t{{.Image}}\\t{{.Command}}\\t{{.RunningFor}}\\t{{.Status}}\\t{{.Ports}}\\t{{.Names}}${withSize}`;
    io.stdout.write(flags.quiet && flags.format === undefined
      ? rows.map(({ ID }) => `${ID}\n`).join("")
      : formatRows(rows, { format: flags.format, defaultTable, headers: containerColumns }));
  },
});
