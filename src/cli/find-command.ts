import { suggest } from "../dockerfile/suggest.ts";
import { fault } from "../std/fault.ts";
import { commandAliases, commandGroups, commandSubgroups, laterCommands } from "./command-names.ts";
import { debugWords } from "./debug-words.ts";
import { commandTable } from "./command-table.ts";

/**
 * The command that the first words name, and the words after it. A group word that stands alone is given back as `group`.
 * @throws USAGE for an unknown command, NOT_SUPPORTED for one that belongs to a later version
 */
export function findCommand(words: readonly string[]): { name: string; rest: readonly string[] } | { group: string } {
  const [first = "", second, third] = words;
  if (isHistory(words)) {
    if (third === undefined || third === "--help" || third === "-h" || third === "help") return { group: "build history" };
    const attachment = third === "inspect" && words[3] === "attachment";
    return { name: resolve(`build history ${attachment ? "inspect attachment" : third}`), rest: words.slice(attachment ? 4 : 3) };
  }
  if (first === "buildx" && second === "debug") return { name: "build", rest: debugWords(words.slice(2)) };
  if ((commandSubgroups as readonly string[]).includes(`${first} ${second}`)) {
    if (third === undefined || third === "--help" || third === "-h" || third === "help") return { group: `${first} ${second}` };
    return { name: resolve(`${first} ${second} ${third}`), rest: words.slice(3) };
  }
  if ((commandGroups as readonly string[]).includes(first)) {
    if (second === undefined || second === "--help" || second === "-h" || second === "help") return { group: first };
    return { name: resolve(`${first} ${second}`), rest: words.slice(2) };
  }
  return { name: resolve(first), rest: words.slice(1) };
}

/**
 * `build history ls` and its siblings, also below buildx and builder. `build history` alone builds a folder of that name.
 */
function isHistory([first = "", second, third]: readonly string[]): boolean {
  return second === "history" && (first === "buildx" || first === "builder" || (first === "build" && third !== undefined && !third.startsWith("-")));
}

function resolve(spoken: string): string {
  const name = commandAliases[spoken] ?? spoken;
  if (Object.hasOwn(commandTable, name)) return name;
  if (spoken.startsWith("-")) throw fault("USAGE", { problem: `unknown flag: ${spoken}`, hint: "before the command stand only -D, --config DIR, --help and --version" });
  if (laterCommands.has(spoken)) throw fault("NOT_SUPPORTED", { feature: `the command \`sampan ${spoken}\`` });
  const near = suggest(spoken, [...Object.keys(commandTable), ...Object.keys(commandAliases)]);
  throw fault("USAGE", {
    problem: `unknown command: sampan ${spoken}`,
    hint: near ? `did you mean \`sampan ${near}\`?` : "`sampan help` lists the commands",
  });
}
