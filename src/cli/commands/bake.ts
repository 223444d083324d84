import { bakeFlags } from "../bake/bake-flags.ts";
import { command } from "../command.ts";

export const bakeCommand = command({
  name: "bake",
  summary: "Build several targets that a file describes",
  description:
    "Reads docker-bake.hcl, docker-bake.json or compose files and builds the targets that are named, or the group or target `default`, in " +
    "one go: what they have in common is built once. Names may be groups and patterns.\n\n" +
    "A git repository or a URL in front of the names is where the files are, and where relative contexts begin.\n\n" +
    "--print shows what would be built, with variables, matrix, inheritance and --set worked in.",
  usage: "[OPTIONS] [URL [CONTEXT-URL]] [TARGET...]",
  flags: bakeFlags,
  examples: [
    { title: "Build the default group", line: "sampan bake" },
    { title: "Push two targets, with a variable", line: "sampan bake --var TAG=1.2.0 --push app worker" },
    { title: "Build what a repository describes", line: "sampan bake https://git.example.com/team/app.git#v1.2 app" },
    { title: "Look for mistakes in all Dockerfiles", line: "sampan bake --check" },
    { title: "See what a change of a key does", line: "sampan bake --set '*.args.VERSION=2' --print" },
  ],
  positionals: { min: 0, max: Infinity },
  async run(call) {
    const { flags, io } = call;
    const { chosenTargets, readDefinition } = await import("../bake/read-definition.ts");
    if (flags.print && flags.list !== undefined) throw (await import("../../std/fault.ts")).fault("USAGE", { problem: "--print and --list are mutually exclusive" });
    const definition = await readDefinition(call);
    for (const warning of definition.warnings) io.stderr.write(`WARNING: ${warning}\n`);
    if (flags.list !== undefined) {
      const { listDefinition } = await import("../bake/list-definition.ts");
      return void io.stdout.write(listDefinition(definition, flags.list));
    }
    const resolved = chosenTargets(definition, call);
    if (flags.print) {
      (await import("../bake/require-consent.ts")).refuseUnknown(flags.allow);
      const { printTargets } = await import("../../bake/print.ts");
      return void io.stdout.write(`${printTargets(resolved.groups, resolved.targets)}\n`);
    }
    if (resolved.targets.length === 0) return await (await import("../bake/nothing-to-bake.ts")).nothingToBake(call);
    const { bakeCalls } = await import("../bake/bake-calls.ts");
    const { rest, answer } = bakeCalls(resolved, call);
    if (answer !== undefined && rest === undefined) return await answer();
    const builder = flags.builder ?? io.env["SAMPAN_BUILDER"] ?? "";
    if (builder !== "" && builder !== "default") {
      await (await import("../bake/bake-on-worker.ts")).bakeOnWorker(builder, rest ?? resolved, call);
    } else {
      await (await import("../bake/bake-targets.ts")).bakeTargets(rest ?? resolved, call);
    }
    return await answer?.();
  },
});
