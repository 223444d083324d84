import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const exportCommand = command({
  name: "export",
  summary: "Write the files of a container as an archive",
  description: "Writes the whole file system of a container, whether it runs or not, as a tar archive to standard output or a file; `sampan import` makes an image of it.",
  usage: "[OPTIONS] CONTAINER",
  flags: flagTable({ output: { kind: "text", short: "o", value: "FILE", help: "Write to a file instead of standard output" } }),
  examples: [{ title: "Make an image with one layer of it", line: "sampan export web | sampan import - flat:1.0" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const { exportContainer } = await import("../containers/export-container.ts");
    await withStore((store) => exportContainer(store, store.containers.find(positionals[0]!), { output: flags.output, io, signal }));
  },
});
