import { isFault } from "../../std/fault.ts";
import type { Checked } from "../../store/check/check-store.ts";
import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const storeCheckCommand = command({
  name: "store check",
  summary: "Compare what the store says with what is on the disk, and repair it",
  description:
    "Reads every blob and compares it with its digest, and looks at every layer folder, cache record, image and name. Each problem is shown " +
    "with what a repair does and what is lost by it; --repair does that. It may run beside builds and pulls: what they use is left alone. Where the store's database is lost or damaged, --repair makes it again of what can " +
    "be read of it and of the manifests among the blobs; end all else that uses the store before.\n\n" +
    "The exit status is 1 when something is wrong and was not repaired.",
  usage: "[OPTIONS]",
  flags: flagTable({
    repair: { kind: "switch", help: "Repair what is wrong" },
    deep: { kind: "switch", help: "Compare every layer folder with its layer's content, not only those that were touched after they were made" },
    quiet: { kind: "switch", short: "q", help: "Show problems only" },
  }),
  examples: [{ title: "After trouble with the disk", line: "sampan store check --repair" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io, signal }) {
    const { counted } = await import("../../std/counted.ts");
    const { humanSize } = await import("../../std/human-size.ts");
    const check = (): Promise<Checked> => withStore((store) => store.check({
      repair: flags.repair,
      deep: flags.deep,
      signal,
      onProblem: ({ what, repair, loses, repaired }) => {
        io.stdout.write(`${repaired ? "repaired" : "problem"}: ${what}\n`);
        if (repair !== undefined) io.stdout.write(`  ${repaired ? "what was done" : "what a repair does"}: ${repair}\n`);
        io.stdout.write(`  ${repair === undefined ? "why it is not repaired" : "what is lost"}: ${loses}\n`);
      },
    }));
    const checked = await check().catch(async (error: unknown) => {
      if (!flags.repair || !(isFault(error, "STORE_RECORDS_LOST") || isFault(error, "STORE_CORRUPT"))) throw error;
      io.stdout.write(`problem: ${error.message}\n`);
      const [{ rebuildRecords }, { storeRoot }] = await Promise.all([import("../../store/check/rebuild-records.ts"), import("../../store/store-root.ts")]);
      await rebuildRecords(storeRoot(process.env), { damaged: error.code === "STORE_CORRUPT", signal, onDone: (what) => io.stdout.write(`  what was done: ${what}\n`) });
      return check();
    });
    const { blobs, bytes, snapshots, records, images, problems, repaired } = checked;
    const result = problems === 0 ? "all is well" : `${counted(problems, "problem")}, ${repaired} repaired`;
    if (!flags.quiet) io.stdout.write(`Checked ${counted(blobs, "blob")} (${humanSize(bytes)}), ${counted(snapshots, "layer folder")}, ${counted(records, "cache record")}, ${counted(images, "image")}: ${result}.\n`);
    if (problems > repaired && !flags.repair) io.stderr.write("hint: `sampan store check --repair` repairs what can be repaired\n");
    return problems > repaired ? 1 : 0;
  },
});
