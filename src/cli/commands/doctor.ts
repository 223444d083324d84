import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";

export const doctorCommand = command({
  name: "doctor",
  summary: "Show what this machine allows, and how to mend what it does not",
  description: "Tries what building and running need: kernel, namespaces, overlay, runtimes, space. The exit status is 1 when nothing can be built here.",
  usage: "[OPTIONS]",
  flags: flagTable({
    format: { kind: "text", value: "TEMPLATE", help: "Write each row with a Go template, or `json`" },
    ...jsonWord,
  }),
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const [{ doctorProbes }, { emulationRow }, { storeRoot }, { doctorText }] = await Promise.all([
      import("../../linux/doctor-probes.ts"), import("../../exec/emulation/emulation-row.ts"),
      import("../../store/store-root.ts"), import("../doctor-text.ts"),
    ]);
    const rows = [...(await doctorProbes({ root: storeRoot(io.env) })), emulationRow()];
    if (flags.format === undefined) io.stdout.write(doctorText(rows));
    else {
      const { formatOne } = await import("../template/format.ts");
      for (const row of rows) io.stdout.write(`${formatOne(flags.format, { ...row })}\n`);
    }
    return rows.some((row) => row.needed && !row.ok) ? 1 : 0;
  },
});
