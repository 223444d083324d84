import type { BuildOptions } from "../../build/build-options.ts";
import type { Io } from "../io.ts";
import type { BuildCall } from "./call-flag.ts";

/**
 * Answers what a Dockerfile has to say, without building it. Exit status 1 where checks found something.
 * @throws the fault that keeps the Dockerfile from being built
 */
export async function runCall(call: BuildCall, options: BuildOptions, io: Io): Promise<number> {
  const { inspectDockerfile } = await import("../../build/inspect-dockerfile.ts");
  const print = (json: () => unknown, text: () => string): void =>
    void io.stdout.write(call.json ? `${JSON.stringify(json(), null, 2)}\n` : text());
  const found = await inspectDockerfile(options, { depth: call.method === "check" ? "all" : call.method === "outline" ? "target" : "text" });
  if (call.method === "check") {
    const { checkJson, checkText } = await import("../../check/check-report.ts");
    print(() => checkJson(found), () => checkText(found));
  }
  if (found.error) throw found.error;
  if (call.method === "targets") {
    const { targetsJson, targetsText } = await import("../../check/list-targets.ts");
    print(() => targetsJson(found.dockerfile!), () => targetsText(found.dockerfile!));
  }
  if (call.method === "outline") {
    const [{ outline }, { outlineJson, outlineText }] = await Promise.all([import("../../check/outline.ts"), import("../../check/outline-text.ts")]);
    const result = outline(found.outline!);
    print(() => outlineJson(result, found.source), () => outlineText(result));
  }
  return found.warnings.length > 0 && call.method === "check" && !call.ignoreStatus ? 1 : 0;
}
