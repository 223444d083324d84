import type { RunJob, RunOptions, RunResult } from "../exec/run-job.ts";

/** A RUN that failed, while its file system, its mounts and its environment are still there. */
export interface FailedRun {
  /** `[builder 2/4] RUN pip install …` */
  readonly name: string;
  readonly error: Error;
  /** The words of the command that failed. */
  readonly args: readonly string[];
  /** Runs another command in its place. What that leaves is thrown away with the step. */
  run(job: Pick<RunJob, "args" | "stdin" | "terminal"> & { readonly env?: readonly string[] }, options: RunOptions): Promise<RunResult>;
}

/** Called for each RUN that fails; the build fails when it is done. */
export type OnFailedRun = (failed: FailedRun) => Promise<void>;
