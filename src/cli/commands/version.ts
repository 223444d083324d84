import { release } from "node:os";
import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { packageVersion } from "../../std/package-version.ts";

export const versionCommand = command({
  name: "version",
  summary: "Show the version",
  description: "Shows the version of Sampan, of the Node that runs it, and the platform that it builds for.",
  usage: "[OPTIONS]",
  flags: flagTable({
    format: { kind: "text", short: "f", value: "TEMPLATE", help: "Write with a Go template, or `json`" },
    ...jsonWord,
    short: { kind: "switch", help: "One line: `sampan version 1.2.3`" },
  }),
  examples: [
    { title: "The number alone", line: "sampan version --format '{{.Client.Version}}'" },
  ],
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const platform = `linux/${{ x64: "amd64", ia32: "386" }[process.arch as string] ?? process.arch}`;
    const client = { Version: packageVersion(), NodeVersion: process.version, Os: "linux", Arch: platform.slice("linux/".length), KernelVersion: release() };
    if (flags.format !== undefined) {
      const { formatOne } = await import("../template/format.ts");
      io.stdout.write(`${formatOne(flags.format, { Client: client })}\n`);
      return;
    }
    if (flags.short) {
      io.stdout.write(`sampan version ${client.Version}\n`);
      return;
    }
    io.stdout.write(
      ["Client: Sampan", ` Version:     ${client.Version}`, ` Node:        ${client.NodeVersion}`, ` OS/Arch:     ${platform}`, ` Kernel:      ${client.KernelVersion}`, ""].join("\n"),
    );
  },
});
