import { commandAliases } from "../command-names.ts";
import { commandTable } from "../command-table.ts";
import { columns } from "./columns.ts";

/** What `sampan` and `sampan help` print: every command with its line. */
export function overview(): string {
  const groups = new Map<string, [string, string][]>();
  for (const [name, { group, summary }] of Object.entries(commandTable)) {
    const rows = groups.get(group) ?? [];
    rows.push([name, summary]);
    groups.set(group, rows);
  }
  // The one command of four words makes a wider column in its own group only.
  const width = Math.max(...Object.keys(commandTable).filter((name) => name.split(" ").length < 4).map((name) => name.length));
  const lists = [...groups].map(([group, rows]) => `${group}:\n${columns(rows.map(([name, text]) => [name.padEnd(width), text]))}`);
  return [
    "Usage:  sampan COMMAND [OPTIONS]",
    "Sampan packs an application into an OCI image and carries it to a registry.",
    ...lists,
    "Environment:\n" + columns([
      ["SAMPAN_ROOT", "Folder of the store: images, layers and the build cache"],
      ["SAMPAN_REGISTRY_MIRRORS", "Pull mirrors, host=url,…: docker.io=http://127.0.0.1:15001"],
      ["SAMPAN_DEBUG", "1 shows where in the program an unexpected error happened"],
      ["DOCKER_CONFIG", "Folder of config.json with the registry credentials"],
      ["NO_COLOR", "Anything but nothing turns colours off"],
    ]),
    "Run 'sampan COMMAND --help' for what a command takes. Docker's spellings such as 'sampan image ls' work too.",
  ].join("\n\n") + "\n";
}

/** What a group word alone prints: `sampan image`. */
export function groupOverview(word: string): string {
  const rows: [string, string][] = [];
  for (const [name, { summary }] of Object.entries(commandTable)) if (name.startsWith(`${word} `)) rows.push([name, summary]);
  for (const [alias, name] of Object.entries(commandAliases)) {
    if (alias.startsWith(`${word} `)) rows.push([alias, `${commandTable[name]!.summary} (sampan ${name})`]);
  }
  return `Usage:  sampan ${word} COMMAND\n\n${columns(rows)}\n`;
}
