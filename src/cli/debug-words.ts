import { fault } from "../std/fault.ts";

/**
 * `buildx debug [--on=error] build …` and `buildx debug build [--on=error] …` in our words: `build --on-error shell …`.
 * @throws USAGE, NOT_SUPPORTED
 */
export function debugWords(words: readonly string[]): string[] {
  const rest = [...words];
  const at = rest.findIndex((word) => word === "--on" || word.startsWith("--on="));
  if (at >= 0) {
    const [word] = rest.splice(at, 1);
    const when = word === "--on" ? rest.splice(at, 1)[0] : word!.slice("--on=".length);
    if (when !== "error") throw fault("NOT_SUPPORTED", { feature: `--on=${when ?? ""} of buildx debug`, hint: "--on=error opens a shell where a RUN failed" });
  }
  const [command, ...more] = rest;
  if (command === "build") return ["--on-error", "shell", ...more];
  if (command?.startsWith("-")) throw fault("NOT_SUPPORTED", { feature: `the flag ${command} of buildx debug` });
  throw fault("USAGE", { problem: "after buildx debug comes build", hint: "`sampan build --on-error shell .` does the same" });
}
