import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";

export const manifestGetCommand = command({
  name: "manifest get",
  summary: "Print the manifest, index or config of an image as it is",
  description: "Prints the bytes as the registry, layout or archive holds them, so that their digest is that of the image. --format reads them.",
  usage: "[OPTIONS] PLACE",
  flags: flagTable({
    platform: { kind: "text", value: "OS/ARCH", help: "The manifest of that platform's image instead of the index" },
    config: { kind: "switch", help: "The config of the image, of this machine's platform unless another is given" },
    format: { kind: "text", short: "f", value: "TEMPLATE", help: "Write with a Go template, or `json` for indented JSON" },
    ...jsonWord,
    verbose: { kind: "switch", short: "v", help: "", refused: "--config and --platform show the rest" },
    ...registryFlags,
  }),
  examples: [
    { title: "The platforms of an image", line: "sampan manifest get -f '{{range .manifests}}{{.platform.os}}/{{.platform.architecture}} {{.digest}}{{println}}{{end}}' alpine:3.20" },
    { title: "Its config", line: "sampan manifest get --config alpine:3.20" },
  ],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ withPlace }, { documentBytes }, { formatDocument }] = await Promise.all([
      import("../remote/with-place.ts"), import("../remote/document-bytes.ts"), import("../remote/format-document.ts"),
    ]);
    await withPlace(positionals[0]!, { flags, io, signal }, async (source) => {
      const bytes = await documentBytes(source, { platform: flags.platform, config: flags.config, signal });
      io.stdout.write(flags.format === undefined ? bytes : `${formatDocument(bytes, flags.format)}\n`);
    });
  },
});
