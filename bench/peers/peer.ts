import type { Command } from "../measure/run-measured.ts";

/** A build that is pushed when it is done. */
export interface BuildJob {
  /** Folder with a Dockerfile. */
  readonly context: string;
  /** `host/repository:tag` */
  readonly image: string;
  /** Whether results of earlier builds may be used. */
  readonly cache: boolean;
}

/** Something that the bench runs: this project or one that it is compared with. Each call gives what to type. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  readonly version: string;
  /** Daemons that work for it while its commands run. */
  readonly daemons: readonly number[];
  start?(): Command[];
  buildAndPush?(job: BuildJob): Command[];
  /** Brings an image into the peer's own storage, from a context (one COPY of everything) or from a `docker save` archive. */
  take?(source: { context: string; archive: string }, image: string): Command[];
  push?(image: string, source: { context: string; archive: string }): Command[];
  /** Removes the image from the peer's own storage. */
  forget?(image: string): Command[];
  pull?(image: string): Command[];
}
