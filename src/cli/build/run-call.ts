import { statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { BuildOptions } from "../../build/build-options.ts";
import type { InspectTarget } from "../../build/inspect-dockerfile.ts";
import { Fault } from "../../std/fault.ts";
import type { Io } from "../io.ts";
import type { BuildCall } from "./call-flag.ts";

/** What a Dockerfile has to say, to be printed. */
export interface CallAnswer {
  /** Undefined where an error leaves nothing to say. */
  readonly json?: unknown;
  readonly text: string;
  /** The same for a terminal, where it names files in another way. */
  readonly shown?: string;
  /** What keeps the Dockerfile from being built. */
  readonly error?: Fault;
  readonly status: number;
}

/**
 * Answers what a Dockerfile has to say, without building it. Exit status 1 where checks found something.
 * @param metadata the file that gets the answer as `--metadata-file` of buildx does
 * @throws the fault that keeps the Dockerfile from being built
 */
export async function runCall(call: BuildCall, options: BuildOptions, io: Io, metadata?: string): Promise<number> {
  const { json, text, shown = text, error, status } = await answerCall(call, { options });
  if (json !== undefined) io.stdout.write(call.json ? `${JSON.stringify(json, null, 2)}\n` : shown);
  if (metadata !== undefined && json !== undefined) {
    const answer = { "result.json": json, ...(call.method === "check" ? { "result.statuscode": String(error ? 1 : status) } : {}), "result.txt": text.replace(/^Check complete.*\n/, ""), version: "1.0.0" };
    writeFileSync(resolve(io.cwd, metadata), `${JSON.stringify(answer, null, 2)}\n`);
  }
  if (error) throw error;
  return status;
}

export async function answerCall(call: BuildCall, target: InspectTarget): Promise<CallAnswer> {
  const { inspectDockerfile } = await import("../../build/inspect-dockerfile.ts");
  const found = await inspectDockerfile(target, { depth: call.method === "check" ? "all" : call.method === "outline" ? "target" : "text" });
  if (call.method === "check") {
    const { checkJson, checkText } = await import("../../check/check-report.ts");
    const file = shownFile(found.file, target.options);
    const shown = checkText({ ...found, warnings: found.warnings.map((warning) => ({ ...warning, location: { ...warning.location, file } })) });
    return { json: checkJson(found), text: checkText(found), shown, ...(found.error ? { error: inFile(found.error, file) } : {}), status: found.warnings.length > 0 && !call.ignoreStatus ? 1 : 0 };
  }
  if (found.error) return { text: "", error: found.error, status: 1 };
  if (call.method === "targets") {
    const { targetsJson, targetsText } = await import("../../check/list-targets.ts");
    return { json: targetsJson(found.dockerfile!), text: targetsText(found.dockerfile!), status: 0 };
  }
  const [{ outline }, { outlineJson, outlineText }] = await Promise.all([import("../../check/outline.ts"), import("../../check/outline-text.ts")]);
  const result = outline(found.outline!);
  return { json: outlineJson(result, found.source), text: outlineText(result), status: 0 };
}

/** A file that nobody named is told with the folder of the context, so that whoever reads the lines, an editor too, finds it. */
function shownFile(file: string, options: BuildOptions): string {
  if (options.file === "-") return "stdin";
  const isFolder = statSync(resolve(options.cwd ?? ".", options.context), { throwIfNoEntry: false })?.isDirectory();
  return options.file === undefined && isFolder ? join(options.context, file) : file;
}

function inFile({ code, details, cause, location }: Fault, file: string): Fault {
  return new Fault(code, details, { cause, ...(location ? { location: { ...location, file } } : {}) });
}
