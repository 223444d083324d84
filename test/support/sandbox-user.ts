// Runs the commands of its argument, JSON, in a busybox root as the user who calls it, inside a user namespace as the
// CLI does it, and prints how each ended. A program of its own, since entering the namespace executes it again.
import { insideUserNamespace, enterUserNamespace } from "../../src/linux/user-namespace.ts";
import { isFault } from "../../src/std/fault.ts";

export interface UserTrial {
  readonly runtime?: string;
  readonly folder: string;
  readonly runs: readonly { readonly command: string; readonly user?: string; readonly network?: "default" | "none" | "host" }[];
}

export interface UserTrialResult {
  readonly pid: number;
  readonly euid: number;
  readonly mapped: string | undefined;
  readonly ends: readonly ({ exitCode: number; stdout: string; stderr: string } | { fault: string })[];
}

enterUserNamespace();
const trial = JSON.parse(process.argv[2]!) as UserTrial;
const { SandboxRoot } = await import("./sandbox-root.ts");
await using root = await SandboxRoot.create({ runtime: trial.runtime, temporary: trial.folder });
const ends: UserTrialResult["ends"][number][] = [];
for (const { command, user = "", network = "default" } of trial.runs) {
  try {
    const { exitCode, stdout, stderr } = await root.run(command, { user, network });
    ends.push({ exitCode, stdout, stderr });
  } catch (error) {
    if (!isFault(error)) throw error;
    ends.push({ fault: error.code });
  }
}
const result: UserTrialResult = { pid: process.pid, euid: process.geteuid!(), mapped: insideUserNamespace()?.mapped, ends };
process.stdout.write(`${JSON.stringify(result)}\n`);
