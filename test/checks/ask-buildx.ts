import { spawnSync } from "node:child_process";
import type { Answer, CheckCase, Method } from "./cases.ts";

/** Asks a real buildx; BUILDX_CONFIG and BUILDX_BUILDER say which builder it uses. */
export function askBuildx(program: string, { folder, options }: CheckCase, method: Method, contexts: readonly string[]): Answer {
  const { target, buildArgs = {} } = options;
  const ask = (format: string): { status: number; stdout: string; stderr: string } => {
    const { status, stdout, stderr } = spawnSync(program, [
      "build", "--call", `${method}${format}`, "--progress", "quiet",
      ...(target ? ["--target", target] : []),
      ...Object.entries(buildArgs).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
      ...contexts.flatMap((context) => ["--build-context", context]), ".",
    ], { cwd: folder, encoding: "utf8", timeout: 60_000 });
    return { status: status ?? -1, stdout, stderr };
  };
  const text = ask("");
  const { stdout } = ask(",format=json");
  const error = errorOf(text.stderr);
  return {
    status: text.status, text: text.stdout,
    ...(stdout.trim() === "" ? {} : { json: withoutDefinitions(JSON.parse(stdout)) }),
    ...(error === undefined ? {} : { error }),
  };
}

function errorOf(stderr: string): string | undefined {
  const line = stderr.split("\n").find((text) => text.startsWith("ERROR: "));
  return line?.slice("ERROR: ".length).replace(/^failed to build: failed to solve: /, "");
}

/** BuildKit's description of how it read the file differs from run to run. */
function withoutDefinitions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefinitions);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== "definition").map(([key, item]) => [key, withoutDefinitions(item)]));
}
