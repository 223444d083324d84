import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const statsCommand = command({
  name: "stats",
  summary: "Show what containers use of the machine",
  description:
    "Shows what containers that run, or those that are named, use of processors, memory, network and disks, again every second until Ctrl-C, " +
    "or once with --no-stream. Bytes of the network are only known of a container that has a network of its own.\n\n" +
    "Fields of --format: .Container .Name .ID .CPUPerc .MemUsage .MemPerc .NetIO .BlockIO .PIDs.",
  usage: "[OPTIONS] [CONTAINER...]",
  flags: flagTable({
    all: { kind: "switch", short: "a", help: "Show containers that do not run, too" },
    format: { kind: "text", value: "TEMPLATE", help: "Write with a Go template, `table TEMPLATE`, or `json`" },
    ...jsonWord,
    "no-stream": { kind: "switch", help: "Only show the first result" },
    "no-trunc": { kind: "switch", help: "Show whole ids" },
  }),
  examples: [{ title: "What a server needs", line: "sampan stats --no-stream --format '{{.MemUsage}}' web" }],
  positionals: { min: 0, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ showStats }, { enterBeside }, { storeRoot }, { fault }] = await Promise.all([
      import("../containers/show-stats.ts"), import("../../container/enter-beside.ts"), import("../../store/store-root.ts"), import("../../std/fault.ts"),
    ]);
    // Each container of an ordinary user has a user namespace of its own, and only from inside it can it be measured.
    if (process.geteuid!() !== 0 && positionals.length !== 1) throw fault("NOT_SUPPORTED", { feature: "stats of several containers as an ordinary user", hint: "name one container" });
    if (positionals.length === 1) enterBeside(storeRoot(io.env), positionals[0]!);
    await withStore((store) => showStats(store, positionals, { all: flags.all, format: flags.format, stream: !flags["no-stream"], truncate: !flags["no-trunc"], io, signal }));
  },
});
